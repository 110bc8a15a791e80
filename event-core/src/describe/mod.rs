//! The description of an app: where does this come from, and what runs when?

mod section;

use std::fmt;
use std::sync::Arc;

use serde::{Serialize, Serializer};

pub use crate::dispatch::hook::HookInfo;
pub use crate::dispatch::implementation::{Implementation, Precedence};
pub use crate::event::event_type::Field;
pub use crate::event::plugin_identity::Plugin;

use self::section::Section;
use crate::app::builder::AppBuilder;
use crate::app::lifecycle;
use crate::config::problem::StartProblem;
use crate::dispatch::blocking::Deferred;
use crate::dispatch::builtin::track_event;
use crate::dispatch::hook::HookSpec;
use crate::dispatch::host::App;
use crate::event::event_type::EventType;
use crate::event::plugin_identity::Place;

/// What an app is made of: plugins, events, hooks, and each hook's implementations in call order. Made by
/// [`App::describe`], and without starting anything by [`AppBuilder::describe`].
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
/// assert!(calls.implementations[0].path().ends_with("write_an_audit_row"));
/// # Ok::<_, event_core::Error>(())
/// ```
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Description {
    /// The plugins by name.
    pub plugins: Vec<LinkedPlugin>,
    /// The events by name.
    pub events: Vec<EventType>,
    /// The hooks by name.
    pub hooks: Vec<HookCalls>,
    /// What keeps the app from starting, as far as that is known without starting it. None of an app that runs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<StartProblem>,
}

/// A plugin of an app.
#[derive(Clone, Copy, Debug, Serialize)]
#[non_exhaustive]
pub struct LinkedPlugin {
    /// The package.
    #[serde(flatten)]
    pub plugin: Plugin,
    /// Whether its implementations are called; `enabled = false` in its section blocks them.
    pub enabled: bool,
}

/// What runs when a hook is called.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct HookCalls {
    /// The hook.
    #[serde(flatten)]
    pub hook: &'static HookInfo,
    /// Its implementations in call order: the wrappers from the outside in, then the others.
    #[serde(serialize_with = "each")]
    pub implementations: Vec<Arc<Implementation>>,
    /// Those that are called later, from the journal: the durable ones of `track_event`, in no order among each other.
    #[serde(serialize_with = "each", skip_serializing_if = "Vec::is_empty")]
    pub durable: Vec<Arc<Implementation>>,
    /// Those that aren't called, because their plugin is disabled: [`Implementation::not_called`] has the reason.
    #[serde(serialize_with = "each", skip_serializing_if = "Vec::is_empty")]
    pub not_called: Vec<Arc<Implementation>>,
}

/// What runs when an event is tracked.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct EventCalls {
    /// The event.
    pub event: EventType,
    /// The implementations that hear it in call order: the wrappers from the outside in, then the others.
    #[serde(serialize_with = "each")]
    pub implementations: Vec<Arc<Implementation>>,
    /// The durable implementations that hear it later, from the journal.
    #[serde(serialize_with = "each", skip_serializing_if = "Vec::is_empty")]
    pub durable: Vec<Arc<Implementation>>,
    /// Those that would hear it if their plugin weren't disabled.
    #[serde(serialize_with = "each", skip_serializing_if = "Vec::is_empty")]
    pub not_called: Vec<Arc<Implementation>>,
}

fn each<S: Serializer>(them: &[Arc<Implementation>], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(them.iter().map(|it| &**it))
}

impl App {
    /// What the app is made of: plugins, events, hooks, and who is called when. Printed, it is tables;
    /// `app.describe().event("ban-user")` is the part about one event.
    pub fn describe(&self) -> Description {
        Description::of(self, Vec::new())
    }
}

impl AppBuilder {
    /// What the app would be made of, without starting it; `.await` it, or `.wait()`.
    ///
    /// `register_events` is called, and nothing else: no other hook, no observer. The configuration is read, since it says
    /// which plugins are disabled, but no `$env` and no `$file` in it is looked at. What is wrong is in
    /// [`Description::problems`]. A command-line tool and a test of what a program has can stand on it:
    ///
    /// ```
    /// use event_core::prelude::*;
    ///
    /// #[derive(Event)]
    /// struct BanUser;
    ///
    /// #[hookimpl(startup)]
    /// fn open_the_pool() {
    ///     unreachable!("nothing is started");
    /// }
    ///
    /// let described = App::builder().without_linked().event::<BanUser>().hook(open_the_pool).describe().wait()?;
    /// assert_eq!(described.events[0].name(), "ban-user");
    /// assert!(described.problems.is_empty());
    /// # Ok::<_, event_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// Only when `register_events` can't be called here: [`Error::TooDeep`](crate::Error::TooDeep), or for `.wait()`
    /// [`Error::WouldBlock`](crate::Error::WouldBlock).
    pub fn describe(self) -> Deferred<'static, Description> {
        Deferred::new(async move {
            let (app, problems) = lifecycle::describe(self).await?;
            Ok(Description::of(&app, problems))
        })
    }
}

impl Description {
    fn of(app: &App, problems: Vec<StartProblem>) -> Self {
        let parts = &app.inner.parts;
        let plugin = |(name, version): (&&'static str, &&'static str)| LinkedPlugin {
            plugin: Plugin::new(name, version),
            enabled: parts.config.is_enabled(name),
        };
        let hook = |hook: &&'static HookInfo| {
            let implementations = parts.implementations.values().find(|them| is_same(them[0].hook(), hook));
            let is_track_event = is_same(hook, track_event::INFO);
            let not_called = parts
                .not_called
                .iter()
                .filter(|it| if it.is_durable() { is_track_event } else { is_same(it.hook(), hook) });
            let durable = parts.consumers.iter().filter(|_| is_track_event);
            HookCalls {
                hook,
                implementations: implementations.cloned().unwrap_or_default(),
                durable: durable.map(|consumer| consumer.implementation().clone()).collect(),
                not_called: not_called.cloned().collect(),
            }
        };
        Self {
            plugins: parts.plugins.iter().map(plugin).collect(),
            events: app.event_types().to_vec(),
            hooks: parts.hooks.iter().map(hook).collect(),
            problems,
        }
    }

    /// What would run for events of this name, in order; `None` if the app knows no such event.
    pub fn event(&self, name: &str) -> Option<EventCalls> {
        let event = *self.events.iter().find(|event| event.name() == name)?;
        let hook = self.hooks.iter().find(|it| is_same(it.hook, track_event::INFO));
        let heard = |them: &[Arc<Implementation>]| {
            let heard =
                them.iter().filter(|it| it.tracked_type().is_none_or(|only| only == event.tracked_type()));
            heard.cloned().collect()
        };
        Some(EventCalls {
            event,
            implementations: hook.map(|it| heard(&it.implementations)).unwrap_or_default(),
            durable: hook.map(|it| heard(&it.durable)).unwrap_or_default(),
            not_called: hook.map(|it| heard(&it.not_called)).unwrap_or_default(),
        })
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
        let mut sections = Vec::new();
        if !self.problems.is_empty() {
            let text = self.problems.iter().map(ToString::to_string).collect();
            sections.push(Section { text, ..Section::heading("Problems") });
        }
        let row = |it: &LinkedPlugin| {
            vec![it.plugin.name().into(), it.plugin.version().into(), yes_or_no(it.enabled)]
        };
        sections.push(Section {
            columns: &["plugin", "version", "enabled"],
            rows: self.plugins.iter().map(row).collect(),
            ..Section::heading("Plugins")
        });
        sections.push(Section::heading("Events"));
        sections.extend(self.events.iter().copied().map(fields));
        sections.push(Section::heading("Hooks"));
        sections.extend(self.hooks.iter().map(|HookCalls { hook, implementations, durable, not_called }| {
            let answers = if hook.is_first_result() { "the first result counts" } else { "all are called" };
            let (signature, plugin, place) = (hook.signature(), hook.plugin(), Place(hook.location()));
            let text =
                vec![first_sentence(hook.doc()), format!("`{signature}` ({answers}; {plugin}, {place})")];
            calls(2, hook.name(), text, implementations, &[&durable[..], not_called].concat())
        }));
        sections
    }
}

/// Not by address: each crate has a copy of a constant.
fn is_same(hook: &HookInfo, other: &HookInfo) -> bool {
    (hook.name(), hook.module_path()) == (other.name(), other.module_path())
}

impl fmt::Display for Description {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.sections().iter().try_for_each(|section| section.fmt(f))
    }
}

impl fmt::Display for EventCalls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { event, implementations, durable, not_called } = self;
        calls(1, event.name(), about(*event), implementations, &[&durable[..], not_called].concat()).fmt(f)
    }
}

fn fields(event: EventType) -> Section {
    let row =
        |field: &Field| vec![field.name().into(), field.rust_type().into(), first_sentence(field.doc())];
    Section {
        depth: 2,
        title: event.name().to_owned(),
        text: about(event),
        columns: &["field", "type", "what"],
        rows: event.fields().iter().map(row).collect(),
    }
}

fn about(event: EventType) -> Vec<String> {
    let version = if event.version() == 1 { String::new() } else { format!("version {}; ", event.version()) };
    let (rust_type, plugin, place) = (event.rust_type(), event.plugin(), Place(event.location()));
    vec![first_sentence(event.doc()), format!("`{rust_type}` ({version}{plugin}, {place})")]
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

fn calls(
    depth: usize,
    title: &str,
    text: Vec<String>,
    called: &[Arc<Implementation>],
    not_in_order: &[Arc<Implementation>],
) -> Section {
    let row = |number: String, it: &Implementation| {
        vec![
            number,
            it.path().to_owned(),
            it.plugin().into(),
            when(it),
            it.only_event().unwrap_or("all").into(),
            if it.is_async() { "async fn" } else { "fn" }.into(),
            Place(it.location()).to_string(),
        ]
    };
    let called = called.iter().zip(1..).map(|(it, number)| row(number.to_string(), it));
    let rows = called.chain(not_in_order.iter().map(|it| row("-".to_owned(), it))).collect();
    let columns = &["#", "implementation", "plugin", "when", "hears", "kind", "where"];
    Section { depth, title: title.to_owned(), text, columns, rows }
}

fn when(it: &Implementation) -> String {
    if let Some(reason) = it.not_called() {
        return format!("not called: {reason}");
    }
    let mut when = Vec::new();
    when.extend(it.is_durable().then(|| "durable".to_owned()));
    when.extend(it.is_wrapper().then(|| "wrapper".to_owned()));
    when.extend(match it.precedence() {
        Precedence::TryFirst => Some("tryfirst".to_owned()),
        Precedence::Normal => None,
        Precedence::TryLast => Some("trylast".to_owned()),
    });
    when.extend(it.is_essential().then(|| "essential".to_owned()));
    let constraint = |word, name: &&str| {
        let effect = if it.without_effect().contains(name) { " (not there)" } else { "" };
        format!("{word} {name}{effect}")
    };
    when.extend(it.before().iter().map(|name| constraint("before", name)));
    when.extend(it.after().iter().map(|name| constraint("after", name)));
    when.join(", ")
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
