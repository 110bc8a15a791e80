//! How an app is put together.

use std::any::TypeId;
use std::panic::Location;
use std::path::PathBuf;
use std::sync::Arc;

use serde::Serialize;

use crate::app::lifecycle;
use crate::config::problem::StartProblem;
use crate::config::{Layer, Layers};
use crate::dispatch::blocking::Deferred;
use crate::dispatch::builtin::track_event;
use crate::dispatch::call_depth;
use crate::dispatch::failure::{self, Failure, Handler};
use crate::dispatch::host::App;
use crate::dispatch::implementation::Implementation;
use crate::dispatch::observe::Observer;
use crate::dispatch::parameter::Hearable;
use crate::dispatch::return_value::{IntoCause, IntoClosureValue};
use crate::dispatch::state::StateMap;
use crate::event::event_type::{Event, EventType};
use crate::event::test_clock::TestClock;

/// Puts an app together; made by [`App::builder`].
///
/// By default it starts what [`App::start`] starts: everything that is linked. For tests, and for programs that choose for
/// themselves, [`without_linked`](Self::without_linked) leaves all of that out:
///
/// ```
/// use event_core::prelude::*;
///
/// #[derive(Event)]
/// struct BanUser {
///     user: String,
/// }
///
/// #[hookimpl(track_event)]
/// fn tell_the_moderators(event: &BanUser) {
///     println!("{} was banned", event.user);
/// }
///
/// let app = App::builder()
///     .without_linked()
///     .event::<BanUser>()
///     .hook(tell_the_moderators)
///     .on(|event: &Tracked| println!("{} by {:?}", event.name(), event.actor()))
///     .start()
///     .wait()?;
/// # Ok::<_, event_core::Error>(())
/// ```
#[must_use = "a builder does nothing until it is started"]
pub struct AppBuilder {
    pub(crate) linked: bool,
    pub(crate) events: Vec<EventType>,
    pub(crate) hooks: Vec<ExplicitHook>,
    pub(crate) closures: Vec<Arc<Implementation>>,
    pub(crate) required: Vec<(String, &'static Location<'static>)>,
    pub(crate) state: StateMap,
    pub(crate) config: Layers,
    /// The problems that the methods below have found.
    pub(crate) problems: Vec<StartProblem>,
    pub(crate) test_clock: Option<Box<TestClock>>,
    pub(crate) observers: Vec<Box<dyn Observer>>,
    pub(crate) failure_handler: Handler,
    pub(crate) call_depth_limit: usize,
}

/// A function that was given to [`AppBuilder::hook`].
pub(crate) struct ExplicitHook {
    pub(crate) function_id: TypeId,
    pub(crate) function: &'static str,
    pub(crate) location: &'static Location<'static>,
}

impl Default for AppBuilder {
    fn default() -> Self {
        Self {
            linked: true,
            events: Vec::new(),
            hooks: Vec::new(),
            closures: Vec::new(),
            required: Vec::new(),
            state: StateMap::default(),
            config: Layers::default(),
            problems: Vec::new(),
            test_clock: None,
            observers: Vec::new(),
            failure_handler: Box::new(failure::print),
            call_depth_limit: call_depth::LIMIT,
        }
    }
}

impl AppBuilder {
    /// Leaves out everything that registered itself: the app knows what the builder is given, and nothing else.
    pub fn without_linked(mut self) -> Self {
        self.linked = false;
        self.config.variables.get_or_insert_default();
        self
    }

    /// Makes an event type known. One that is known already is no problem.
    pub fn event<E: Event>(mut self) -> Self {
        self.events.extend(E::TYPES.iter().map(EventType::declared));
        self
    }

    /// Adds a function that has `#[hookimpl]`, by itself: `.hook(tell_the_moderators)`. One that is linked already
    /// is called once all the same.
    ///
    /// A function without `#[hookimpl]` is a problem that the start reports.
    #[track_caller]
    #[expect(
        clippy::needless_pass_by_value,
        reason = "`.hook(function)` reads better than `.hook(&function)`"
    )]
    pub fn hook<F: 'static>(mut self, function: F) -> Self {
        let _ = function;
        self.hooks.push(ExplicitHook {
            function_id: TypeId::of::<F>(),
            function: std::any::type_name::<F>(),
            location: Location::caller(),
        });
        self
    }

    /// Adds a closure that hears what its argument's type says: `|event: &Tracked|` every event, `|event: &Tracked<BanUser>|`
    /// and `|event: &BanUser|` bans. It can't be async; an `async fn` with `#[hookimpl]` is for [`hook`](Self::hook). It comes after the normal implementations of plugins whose names sort before
    /// "app".
    #[track_caller]
    pub fn on<H: Hearable + ?Sized, R: IntoClosureValue<Error: IntoCause>>(
        mut self,
        closure: impl Fn(&H) -> R + Send + Sync + 'static,
    ) -> Self {
        let closure = Implementation::closure::<track_event>(Location::caller(), H::FILTER, move |args| {
            match H::of(args.event) {
                Some(event) => closure(event).into_closure_value().map_err(IntoCause::into_cause),
                None => Ok(None),
            }
        });
        self.closures.push(Arc::new(closure));
        self
    }

    /// Puts a value into the app before anything runs, as [`App::insert`] does later.
    ///
    /// A type that comes twice is a problem that the start reports.
    #[track_caller]
    pub fn insert<T: Send + Sync + 'static>(mut self, value: T) -> Self {
        if let Err(error) = self.state.insert(value) {
            let place = Location::caller();
            self.problems.push(StartProblem::new(format!("{}:{}: {error}", place.file(), place.line())));
        }
        self
    }

    /// Configures the plugins from a TOML file, with a table `[plugins.NAME]` for each:
    ///
    /// ```toml
    /// [plugins.event-stderr]
    /// exclude = ["user-seen"]
    ///
    /// [plugins.event-forward]
    /// url = "https://events.example.org"
    /// token = { "$env" = "EVENTS_TOKEN" }
    /// enabled = false
    /// ```
    ///
    /// A table `{ "$env" = "NAME" }` stands for the value of an environment variable, `{ "$file" = "PATH" }` for the
    /// content of a file, anywhere in it; a relative path is relative to the configuration file. `enabled = false`
    /// blocks a plugin's implementations; its events stay known. Of several configurations the later wins, key by
    /// key; environment variables such as `EVENT__PLUGINS__EVENT_STDERR__PRETTY=true` win over all.
    ///
    /// A file that can't be read or isn't TOML, a reference to something that isn't there, an unknown key
    /// and a section for a plugin that isn't linked are problems that the start reports.
    pub fn config_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.config.layers.push(Layer::File(path.into()));
        self
    }

    /// Configures the plugins from any value that serializes to what [a file](Self::config_file) would say.
    ///
    /// ```
    /// use event_core::App;
    /// use serde_json::json;
    ///
    /// let builder = App::builder().config(json!({ "plugins": { "event-stderr": { "enabled": false } } }));
    /// ```
    pub fn config(mut self, value: impl Serialize) -> Self {
        self.config.layers.push(Layer::Value(serde_json::to_value(value)));
        self
    }

    /// Takes these as environment variables of the configuration, instead of those of the process; of a builder that
    /// is [`without_linked`](Self::without_linked), the process's aren't taken in any case.
    pub fn config_variables<N: Into<String>, V: Into<String>>(
        mut self,
        variables: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        let variables = variables.into_iter().map(|(name, value)| (name.into(), value.into()));
        self.config.variables = Some(variables.collect());
        self
    }

    /// Makes it a problem if no plugin of this name is linked.
    #[track_caller]
    pub fn require_plugin(mut self, name: impl Into<String>) -> Self {
        self.required.push((name.into(), Location::caller()));
        self
    }

    /// Gets each failure of an implementation, beside the receipt. Without it, a failure is a line on standard error.
    pub fn failure_handler(mut self, handler: impl Fn(&Failure) + Send + Sync + 'static) -> Self {
        self.failure_handler = Box::new(handler);
        self
    }

    /// How many calls may run within each other on one thread; the default is 64. What an implementation tracks or calls is
    /// within the call that it answers. One more is [`Error::TooDeep`](crate::Error::TooDeep), instead of a stack overflow
    /// of implementations that cause themselves.
    ///
    /// A limit of 0 is a problem that the start reports.
    #[track_caller]
    pub fn call_depth_limit(mut self, limit: usize) -> Self {
        if limit == 0 {
            let place = Location::caller();
            self.problems.push(StartProblem::new(format!(
                "`.call_depth_limit(0)` at {}:{} would let no call in: give at least 1",
                place.file(),
                place.line()
            )));
        }
        self.call_depth_limit = limit.max(1);
        self
    }

    /// An observer is told before and after each call of an implementation, of every hook. Can be given several
    /// times.
    pub fn observer(mut self, observer: impl Observer) -> Self {
        self.observers.push(Box::new(observer));
        self
    }

    /// Starts the app; `.await` it, or `.wait()`.
    ///
    /// # Errors
    /// Those of [`App::start`].
    pub fn start(self) -> Deferred<'static, App> {
        Deferred::new(lifecycle::start(self))
    }
}

impl std::fmt::Debug for AppBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AppBuilder")
            .field("linked", &self.linked)
            .field("events", &self.events.len())
            .field("hooks", &self.hooks.len())
            .finish_non_exhaustive()
    }
}
