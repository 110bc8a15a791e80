//! How one app's events become lines: the app's settings, put to use.

use std::borrow::Cow;
use std::io::IsTerminal;
use std::sync::Arc;

use event_core::prelude::*;
use event_core::{Properties, Tracked};

use crate::error::Error;
use crate::redact::{self, Path};
use crate::settings::{Pretty, Settings};
use crate::{line, pretty};

/// An app's settings, and values derived from them.
pub(crate) struct Writer {
    settings: Settings,
    form: Form,
    /// The longest name of the events that are written.
    width: usize,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Form {
    Json,
    Pretty { coloured: bool },
}

/// Longer names don't move the columns of other lines.
const WIDEST: usize = 28;

impl Writer {
    /// The app's writer; made at its first use. That needn't be in the `startup` implementation: there may be
    /// none, and another plugin's may track events before. They are redacted all the same.
    pub(crate) fn of(app: &App) -> Result<Arc<Self>, Error> {
        app.state_or_try_init(|| Self::new(app))
    }

    fn new(app: &App) -> Result<Self, Error> {
        let settings: Settings = app.plugin_config(env!("CARGO_PKG_NAME")).map_err(Error::Settings)?;
        let events = app.event_types();
        for (path, index) in settings.redact.iter().zip(0..) {
            let concerns_none = !events.iter().any(|event| path.concerns(event.name()));
            if let (true, Some(pattern)) = (concerns_none, &path.events) {
                return Err(Error::NoSuchEvent { index, pattern: pattern.to_string() });
            }
        }
        let written = events.iter().map(EventType::name).filter(|name| settings.includes(name));
        let width = written.map(str::len).filter(|width| *width <= WIDEST).max().unwrap_or(0);
        let stderr_is_a_terminal = std::io::stderr().is_terminal();
        let colours_are_unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
            || std::env::var_os("TERM").is_some_and(|value| value == "dumb");
        let form = form(settings.pretty, stderr_is_a_terminal, colours_are_unwanted);
        Ok(Self { settings, form, width })
    }

    /// Whether the settings include the event.
    pub(crate) fn includes(&self, event: &Tracked) -> bool {
        self.settings.includes(event.name())
    }

    /// Appends the line, with its line break.
    ///
    /// # Errors
    /// When the properties can't be written as JSON, or a path of `redact` can't be applied. The buffer may then
    /// have half a line.
    pub(crate) fn line(&self, event: &Tracked, line: &mut Vec<u8>) -> Result<(), Error> {
        match self.form {
            Form::Json if self.settings.redact.is_empty() => Ok(line::write(event, None, line)?),
            Form::Json => Ok(line::write(event, self.redacted(event)?.as_ref(), line)?),
            Form::Pretty { coloured } => self.pretty_line(event, coloured, line),
        }
    }

    fn pretty_line(&self, event: &Tracked, coloured: bool, line: &mut Vec<u8>) -> Result<(), Error> {
        let properties = match self.redacted(event)? {
            Some(redacted) => Cow::Owned(redacted),
            None => Cow::Borrowed(event.properties()?),
        };
        let text = pretty::of(event, &properties, self.width, coloured);
        line.extend_from_slice(text.as_bytes());
        Ok(())
    }

    /// The redacted properties; `None` if there is nothing to redact.
    fn redacted(&self, event: &Tracked) -> Result<Option<Properties>, Error> {
        let paths: Vec<&Path> = self.settings.redact.iter().filter(|it| it.concerns(event.name())).collect();
        if paths.is_empty() {
            return Ok(None);
        }
        let mut properties = event.properties()?.clone();
        match redact::apply(&paths, &mut properties) {
            Ok(()) => Ok(Some(properties)),
            Err(cant) => Err(Error::Redact { path: cant.path, why: cant.why }),
        }
    }
}

fn form(pretty: Pretty, stderr_is_a_terminal: bool, colours_are_unwanted: bool) -> Form {
    let coloured = stderr_is_a_terminal && !colours_are_unwanted;
    match pretty {
        Pretty::Never => Form::Json,
        Pretty::Auto if !stderr_is_a_terminal => Form::Json,
        Pretty::Always | Pretty::Auto => Form::Pretty { coloured },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_for_terminals_where_nobody_objects_and_auto_is_json_elsewhere() {
        let pretty = |coloured| Form::Pretty { coloured };
        for (setting, terminal, unwanted, expected) in [
            (Pretty::Never, true, false, Form::Json),
            (Pretty::Never, false, false, Form::Json),
            (Pretty::Always, true, false, pretty(true)),
            (Pretty::Always, true, true, pretty(false)),
            (Pretty::Always, false, false, pretty(false)),
            (Pretty::Auto, true, false, pretty(true)),
            (Pretty::Auto, true, true, pretty(false)),
            (Pretty::Auto, false, false, Form::Json),
        ] {
            assert_eq!(form(setting, terminal, unwanted), expected, "{setting:?} {terminal} {unwanted}");
        }
    }
}
