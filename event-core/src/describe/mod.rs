//! The description of an app: where does this come from, and what runs when?

mod section;

use std::fmt;

use serde::Serialize;

pub use crate::dispatch::hook::HookInfo;
pub use crate::dispatch::implementation::{Implementation, Precedence};
pub use crate::event::event_type::Field;
pub use crate::event::plugin_identity::Plugin;

use self::section::Section;
use crate::dispatch::builtin::track_event;
use crate::dispatch::hook::HookSpec;
use crate::dispatch::host::App;
use crate::event::event_type::EventType;

/// What an app is made of: plugins, events, hooks, and each hook's implementations in call order. Made by
/// [`App::describe`].
///
/// `Display` gives a table for a terminal, [`to_markdown`](Self::to_markdown) the same for a page, and through
/// serde it is JSON. No value of the configuration is in it.
///
/// ```
/// use event_core::prelude::*;
///
/// #[derive(Event)]
/// struct BanUser {
///     user: String,
/// }
///
/// #[hookimpl(track_event, tryfirst)]
/// fn write_an_audit_row(event: &BanUser) {
///     let _ = &event.user;
/// }
///
/// let app = App::builder().without_linked().event::<BanUser>().hook(write_an_audit_row).start().wait()?;
/// let described = app.describe();
/// println!("{described}");
/// let calls = described.event("ban-user").expect("the app knows it");
/// assert!(calls.implementations[0].path.ends_with("write_an_audit_row"));
/// # Ok::<_, event_core::Error>(())
/// ```
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Description {
    /// The plugins by name.
    pub plugins: Vec<DescribedPlugin>,
    /// The events by name.
    pub events: Vec<DescribedEvent>,
    /// The hooks by name.
    pub hooks: Vec<DescribedHook>,
}

/// A plugin.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct DescribedPlugin {
    /// The package's name.
    pub name: &'static str,
    /// The package's version.
    pub version: &'static str,
    /// Whether its implementations are called; `enabled = false` in its section blocks them.
    pub enabled: bool,
}

/// An event.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct DescribedEvent {
    /// The stable name.
    pub name: &'static str,
    /// The version of the fields.
    pub version: u32,
    /// The type, as Rust names it.
    pub rust_type: &'static str,
    /// The doc comment.
    pub doc: &'static str,
    /// The fields in the order of their declaration.
    pub fields: Vec<DescribedField>,
    /// The package that defines it.
    pub plugin: &'static str,
    /// `file:line`.
    pub location: String,
}

/// A field of an event.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct DescribedField {
    /// The field's name in Rust.
    pub name: &'static str,
    /// The field's type as it is written in the source.
    pub rust_type: &'static str,
    /// The doc comment.
    pub doc: &'static str,
}

/// A hook with its implementations.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct DescribedHook {
    /// The hook's name.
    pub name: &'static str,
    /// The hook as it was written.
    pub signature: &'static str,
    /// The doc comment.
    pub doc: &'static str,
    /// Whether a call ends at the first result.
    pub firstresult: bool,
    /// The package that defines it.
    pub plugin: &'static str,
    /// `file:line`.
    pub location: String,
    /// Who is called, in order: the wrappers from the outside in, then the others.
    pub implementations: Vec<DescribedImplementation>,
}

/// An implementation.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct DescribedImplementation {
    /// The function with its module.
    pub path: String,
    /// The package that it is in.
    pub plugin: &'static str,
    /// `tryfirst`, `normal` or `trylast`.
    pub class: &'static str,
    /// Whether it is around the others.
    pub wrapper: bool,
    /// Whether its failure ends the call.
    pub essential: bool,
    /// The plugins that it comes before.
    pub before: Vec<&'static str>,
    /// The plugins that it comes after.
    pub after: Vec<&'static str>,
    /// Those of `before` and `after` that have no implementation of this hook: linked or misspelt, they change nothing.
    pub without_effect: Vec<&'static str>,
    /// The one event type that it hears, as Rust names it.
    pub only_event: Option<&'static str>,
    /// Whether it is an `async fn`.
    pub is_async: bool,
    /// `file:line`.
    pub location: String,
}

/// What runs when an event is tracked.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct EventCalls {
    /// The event.
    pub event: DescribedEvent,
    /// Who is called, in order: the wrappers from the outside in, then the others.
    pub implementations: Vec<DescribedImplementation>,
}

impl App {
    /// What the app is made of: plugins, events, hooks, and who is called when. Printed, it is tables;
    /// `app.describe().event("ban-user")` is the part about one event.
    pub fn describe(&self) -> Description {
        Description::of(self)
    }
}

impl Description {
    pub(crate) fn of(app: &App) -> Self {
        let parts = &app.inner.parts;
        let plugin = |(name, version): (&&'static str, &&'static str)| DescribedPlugin {
            name,
            version,
            enabled: parts.config.is_enabled(name),
        };
        let hook = |hook: &&'static HookInfo| {
            // Not by address: each crate has a copy of a constant.
            let is_of_hook =
                |it: &HookInfo| (it.name(), it.module_path()) == (hook.name(), hook.module_path());
            let implementations = parts.implementations.values().find(|them| is_of_hook(them[0].hook()));
            let implementations = implementations.map_or(&[][..], Vec::as_slice);
            DescribedHook {
                name: hook.name(),
                signature: hook.signature(),
                doc: hook.doc(),
                firstresult: hook.is_first_result(),
                plugin: hook.plugin(),
                location: place(hook.location()),
                implementations: implementations
                    .iter()
                    .map(|it| {
                        described(it, |name| implementations.iter().any(|other| other.plugin() == name))
                    })
                    .collect(),
            }
        };
        Self {
            plugins: parts.plugins.iter().map(plugin).collect(),
            events: app.inner.events.get().into_iter().flatten().copied().map(event).collect(),
            hooks: parts.hooks.iter().map(hook).collect(),
        }
    }

    /// What would run for events of this name, in order; `None` if the app knows no such event.
    pub fn event(&self, name: &str) -> Option<EventCalls> {
        let event = self.events.iter().find(|event| event.name == name)?.clone();
        let hook = self.hooks.iter().find(|hook| hook.location == place(track_event::INFO.location()));
        let implementations = hook.into_iter().flat_map(|hook| &hook.implementations);
        let heard = implementations.filter(|it| it.only_event.is_none_or(|only| only == event.rust_type));
        Some(EventCalls { implementations: heard.cloned().collect(), event })
    }

    /// The same as a page of Markdown.
    pub fn to_markdown(&self) -> String {
        let mut page = String::new();
        for section in self.sections() {
            section.write_markdown(&mut page);
        }
        page
    }

    fn sections(&self) -> Vec<Section> {
        let mut sections = vec![Section {
            depth: 1,
            title: "Plugins".to_owned(),
            text: Vec::new(),
            columns: &["plugin", "version", "enabled"],
            rows: self
                .plugins
                .iter()
                .map(|it| vec![it.name.into(), it.version.into(), yes_or_no(it.enabled)])
                .collect(),
        }];
        sections.push(Section::heading("Events"));
        sections.extend(self.events.iter().map(DescribedEvent::section));
        sections.push(Section::heading("Hooks"));
        sections.extend(self.hooks.iter().map(|hook| {
            let answers = if hook.firstresult { "the first result counts" } else { "all are called" };
            let text = vec![
                first_sentence(hook.doc),
                format!("`{}` ({answers}; {}, {})", hook.signature, hook.plugin, hook.location),
            ];
            calls(2, hook.name.to_owned(), text, &hook.implementations)
        }));
        sections
    }
}

impl fmt::Display for Description {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.sections().iter().try_for_each(|section| section.fmt(f))
    }
}

impl fmt::Display for EventCalls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        calls(1, self.event.name.to_owned(), self.event.text(), &self.implementations).fmt(f)
    }
}

impl DescribedEvent {
    fn section(&self) -> Section {
        let row = |field: &DescribedField| {
            vec![field.name.into(), field.rust_type.into(), first_sentence(field.doc)]
        };
        Section {
            depth: 2,
            title: self.name.to_owned(),
            text: self.text(),
            columns: &["field", "type", "what"],
            rows: self.fields.iter().map(row).collect(),
        }
    }

    fn text(&self) -> Vec<String> {
        let version = if self.version == 1 { String::new() } else { format!("version {}; ", self.version) };
        vec![
            first_sentence(self.doc),
            format!("`{}` ({version}{}, {})", self.rust_type, self.plugin, self.location),
        ]
    }
}

fn event(event: EventType) -> DescribedEvent {
    let field = |field: &crate::event::event_type::Field| DescribedField {
        name: field.name(),
        rust_type: field.rust_type(),
        doc: field.doc(),
    };
    DescribedEvent {
        name: event.name(),
        version: event.version(),
        rust_type: event.rust_type(),
        doc: event.doc(),
        fields: event.fields().iter().map(field).collect(),
        plugin: event.plugin(),
        location: place(event.location()),
    }
}

fn described(it: &Implementation, has_effect: impl Fn(&str) -> bool) -> DescribedImplementation {
    let named = it.before().iter().chain(it.after());
    DescribedImplementation {
        path: it.path().to_owned(),
        plugin: it.plugin(),
        class: match it.precedence() {
            Precedence::TryFirst => "tryfirst",
            Precedence::Normal => "normal",
            Precedence::TryLast => "trylast",
        },
        wrapper: it.is_wrapper(),
        essential: it.is_essential(),
        before: it.before().to_vec(),
        after: it.after().to_vec(),
        without_effect: named.copied().filter(|name| !has_effect(name)).collect(),
        only_event: it.only_event(),
        is_async: it.is_async(),
        location: place(it.location()),
    }
}

fn place(location: &std::panic::Location<'_>) -> String {
    format!("{}:{}", location.file(), location.line())
}

fn yes_or_no(truth: bool) -> String {
    if truth { "yes" } else { "no" }.to_owned()
}

/// A doc comment's lines end where its author's editor had them end, a sentence where it makes sense.
fn first_sentence(doc: &str) -> String {
    let paragraph: Vec<_> = doc.lines().map(str::trim).take_while(|line| !line.is_empty()).collect();
    let paragraph = paragraph.join(" ");
    let end = [". ", "? ", "! "].iter().filter_map(|end| paragraph.find(end)).min();
    end.map_or(paragraph.clone(), |end| paragraph[..=end].to_owned())
}

fn calls(depth: usize, title: String, text: Vec<String>, them: &[DescribedImplementation]) -> Section {
    let row = |(it, number): (&DescribedImplementation, usize)| {
        let mut when = Vec::new();
        when.extend(it.wrapper.then(|| "wrapper".to_owned()));
        when.extend((it.class != "normal").then(|| it.class.to_owned()));
        when.extend(it.essential.then(|| "essential".to_owned()));
        let constraint = |word, name: &&str| {
            let effect = if it.without_effect.contains(name) { " (not there)" } else { "" };
            format!("{word} {name}{effect}")
        };
        when.extend(it.before.iter().map(|name| constraint("before", name)));
        when.extend(it.after.iter().map(|name| constraint("after", name)));
        vec![
            number.to_string(),
            it.path.clone(),
            it.plugin.into(),
            when.join(", "),
            it.only_event.unwrap_or("all").into(),
            if it.is_async { "async fn" } else { "fn" }.into(),
            it.location.clone(),
        ]
    };
    let columns = &["#", "implementation", "plugin", "when", "hears", "kind", "where"];
    Section { depth, title, text, columns, rows: them.iter().zip(1..).map(row).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_has_the_first_sentence_of_a_doc_comment_wherever_its_lines_end() {
        for (doc, first) in [
            ("", ""),
            ("A user signed in", "A user signed in"),
            ("A user\nsigned in. Again.", "A user signed in."),
            ("May they?\nThe first answer counts.", "May they?"),
            ("Version 1.5 of\nit\n\nMore.", "Version 1.5 of it"),
        ] {
            assert_eq!(first_sentence(doc), first);
        }
    }
}
