//! Typed events and hooks that register themselves: derive an event, annotate a function, track.
//!
//! A program says "this happened" in one line, and every interested part of it, and every plugin crate that is
//! linked in, reacts. Nobody keeps a list of handlers.
//!
//! ```standalone_crate
//! use event_core::prelude::*;
//!
//! /// A moderator banned a user.
//! #[derive(Event)]
//! struct BanUser {
//!     /// Who was banned.
//!     user: String,
//! }
//!
//! /// Every event, as one line of JSON.
//! #[hookimpl]
//! fn track_event(event: &Tracked) -> event_core::Result<()> {
//!     println!("{} {}", event.name(), event.properties_json()?);
//!     Ok(())
//! }
//!
//! /// Bans only: the event arrives typed.
//! #[hookimpl(track_event)]
//! async fn tell_the_banned(event: &Tracked<BanUser>) {
//!     println!("to {}: you were banned by {:?}", event.user, event.actor());
//! }
//!
//! fn main() -> event_core::Result<()> {
//!     let app = App::start().wait()?;
//!     app.track(BanUser { user: "mallory".into() }).by(Actor::new("root")).wait()?;
//!     app.shutdown().wait()
//! }
//! ```
//!
//! # Events
//!
//! An event is a struct with [`#[derive(Event)]`](macro@Event). It has a stable name, and its fields are its
//! properties, a JSON object. A tracked event, [`Tracked`], is an event with its envelope: an id, who caused it and
//! when.
//!
//! ```
//! use event_core::prelude::*;
//!
//! #[derive(Event)]
//! #[event(name = "order-placed", version = 2)]
//! struct Placed {
//!     items: u32,
//!     #[serde(rename = "total")]
//!     cents: u64,
//! }
//!
//! let app = App::builder()
//!     .without_linked()
//!     .on(|event: &Tracked<Placed>| {
//!         assert_eq!((event.name(), event.version()), ("order-placed", 2));
//!         assert_eq!(event.properties_json()?, r#"{"items":3,"total":4200}"#);
//!         assert_eq!(event.items, 3);
//!         Ok::<_, event_core::Error>(())
//!     })
//!     .event::<Placed>()
//!     .start()
//!     .wait()?;
//! app.track(Placed { items: 3, cents: 4200 }).wait()?.strict()?;
//! # Ok::<_, event_core::Error>(())
//! ```
//!
//! # Hooks
//!
//! A hook is a named point where others can join in, and an implementation is a function that answers one. The app
//! calls four hooks itself: [`startup`], [`register_events`], [`track_event`] and [`shutdown`]. Any crate can
//! define its own with [`#[hookspec]`](macro@hookspec) and call it; [`#[hookimpl]`](macro@hookimpl) makes a
//! function an implementation.
//!
//! ```
//! use event_core::prelude::*;
//!
//! /// May this actor do this? The first answer counts.
//! #[hookspec(firstresult)]
//! pub fn permission_allowed(app: &App, actor: Option<&Actor>, action: &str) -> bool;
//!
//! /// Any of the arguments, by name. `None` is no answer.
//! #[hookimpl(permission_allowed)]
//! fn root_may_do_everything(actor: Option<&Actor>) -> Option<bool> {
//!     (actor?.id() == Some("root")).then_some(true)
//! }
//!
//! let app = App::builder().without_linked().hook(root_may_do_everything).start().wait()?;
//! let root = Actor::new("root");
//! assert_eq!(permission_allowed::call(&app, Some(&root), "ban-user").wait()?, Some(true));
//! assert_eq!(permission_allowed::call(&app, None, "ban-user").wait()?, None);
//! # Ok::<_, event_core::Error>(())
//! ```
//!
//! # Order
//!
//! Implementations run one after another, in an order that never depends on the linker: wrappers around
//! everything, then the `essential` ones, then the ordinary ones; in each `tryfirst`, normal, `trylast`; inside a class `before` and `after`, then plugin, module, line,
//! column and function. [`#[hookimpl]`](macro@hookimpl) lists the options.
//!
//! # Failures
//!
//! An error or a panic of an ordinary implementation stops nobody else. It is in the [`Receipt`], and goes to the
//! app's failure handler, which is one line on standard error unless
//! [another](AppBuilder::failure_handler) is given. `track` gives an [`Error`] only when the event is *not
//! tracked*, for one because an `essential` implementation failed.
//!
//! ```
//! use event_core::prelude::*;
//!
//! #[derive(Event)]
//! struct BanUser {
//!     user: String,
//! }
//!
//! #[hookimpl(track_event)]
//! fn send_mail(event: &BanUser) -> Result<(), String> {
//!     Err(format!("{}'s mailbox is full", event.user))
//! }
//!
//! let app = App::builder().without_linked().event::<BanUser>().hook(send_mail).start().wait()?;
//! let receipt = app.track(BanUser { user: "mallory".into() }).wait()?;
//! assert_eq!(receipt.failures()[0].cause().to_string(), "mallory's mailbox is full");
//! assert!(receipt.strict().is_err());
//! # Ok::<_, event_core::Error>(())
//! ```
//!
//! # With and without an async runtime
//!
//! What the app does can be awaited in any runtime: `app.track(event).await`. This crate spawns nothing. Code
//! without a runtime writes `.wait()` instead, as here.
//!
//! # Configuration
//!
//! A plugin reads its section of a TOML file, of any other value or of environment variables with
//! [`App::plugin_config`]; [`AppBuilder::config_file`] says how they are written. A mistake in it keeps the app from
//! starting, and so does a key that nobody reads.
//!
//! # Looking inside
//!
//! [`App::describe`] says who is called for what, from which crate and in which order. An [`Observer`](observe::Observer) is told of
//! each call, for metrics. For tests there are [`App::recorder`], [`AppBuilder::clock`] and [`AppBuilder::ids`].
//!
//! # Features
//!
//! `tracing`: a span for each tracked event and for each call of an implementation, and an error for each failure.
//! Off by default; nothing of it is compiled in then.
//!
//! # Several crates
//!
//! A plugin crate writes [`plugin!()`](plugin!) in its root, the application names the plugins that it links:
//! [`plugins![event_stderr, house_rules]`](plugins!). That is all the wiring there is. A crate that stands only in
//! `Cargo.toml` isn't linked, and nothing in it registers itself.

#![forbid(unsafe_code)]

// The macros write `::event_core::…`, also for the hooks that this crate defines itself.
extern crate self as event_core;

mod app;
mod config;
pub mod describe;
mod dispatch;
mod event;
mod generated;
// Its code is compiled and run in `examples`.
#[cfg(all(doc, not(doctest)))]
pub mod guide;
pub mod prelude;
pub mod testing;

pub use app::builder::AppBuilder;
pub use app::default_app::track;
pub use app::scope::Scope;
pub use app::track::Track;
pub use dispatch::builtin::{register_events, shutdown, startup, track_event};
pub use dispatch::error::{Error, Result};
pub use dispatch::failure::Failure;
pub use dispatch::host::App;
pub use dispatch::receipt::Receipt;
pub use dispatch::wrapper::{Next, Outcome};
pub use event::actor::{Actor, IntoActor};
pub use event::context::Context;
pub use event::durability::Durability;
pub use event::event_type::{Event, EventType};
pub use event::json::Properties;
pub use event::record::Record;
pub use event::tracked::Tracked;

/// What an [`Error`] or a [`Properties`] reports in detail.
pub mod error {
    pub use crate::config::ConfigError;
    pub use crate::config::problem::StartProblem;
    pub use crate::dispatch::call_depth::TooDeep;
    pub use crate::event::json::PropertiesError;
}

/// What methods return to be awaited.
pub mod future {
    pub use crate::app::scope::InScope;
    pub use crate::dispatch::blocking::Deferred;
    pub use crate::dispatch::hook::HookCall;
}

/// What watches an app's calls, for metrics.
pub mod observe {
    pub use crate::dispatch::observe::{CallEnd, ObservedCall, Observer};
}

/// What plugins use beyond the words of an application: threads of their own, events that are delivered later, names
/// and times as text.
pub mod plugin {
    pub use crate::app::prepared::Prepared;
    pub use crate::dispatch::blocking::{OwnThread, own_thread};
    pub use crate::dispatch::hook::HookSpec;
    pub use crate::event::escape::escape_controls;
    pub use crate::event::json::depth::MAX_DEPTH;
    pub use crate::event::name_pattern::{NamePattern, NamePatternError};
    pub use crate::event::rfc3339::write_rfc3339;
    pub use crate::event::tracked::{AnyTracked, TrackedOf};
}

/// Not public API. Used by generated code.
#[doc(hidden)]
pub mod __private {
    pub use crate::generated::*;
}

/// Makes a struct an event: gives it a stable name, writes its fields as properties, and registers it.
///
/// Each field needs serde's `Serialize`; the struct itself needs no other derive. A struct without fields has the
/// properties `{}`.
///
/// ```
/// use event_core::prelude::*;
///
/// /// A moderator banned a user.
/// #[derive(Event)]
/// #[event(name = "ban-user", version = 2)]
/// struct BanUser {
///     /// Who was banned.
///     user: String,
///     #[serde(skip_serializing_if = "Option::is_none")]
///     reason: Option<String>,
/// }
///
/// let known = EventType::of::<BanUser>();
/// assert_eq!((known.name(), known.version()), ("ban-user", 2));
/// assert_eq!(known.fields()[0].doc(), "Who was banned.");
/// ```
///
/// # Options
///
/// | `#[event(…)]` | meaning | without it |
/// |---|---|---|
/// | `name = "ban-user"` | the event's name: words of `a`-`z` and `0`-`9`, joined by `-`, `_` or `.` | the type's name in kebab case, less a trailing `Event`: `BanUserEvent` is `ban-user` |
/// | `version = 2` | the version of the event's fields, a whole number from 1 on | 1 |
/// | `serialize` | the type's own `Serialize` writes the properties, as one JSON object | the fields are written, as serde's derive would |
/// | `crate = path` | where event-core is, for a crate that re-exports it | `::event_core` |
///
/// # Serde attributes
///
/// `#[serde(…)]` on the struct or a field means in the properties what it means to serde: `rename`, `rename_all`,
/// `skip`, `skip_serializing_if`, `flatten`, `with`, `serialize_with`, `tag` and so on. `transparent` and
/// `untagged` are errors, since properties are an object.
///
/// An event that writes itself says `serialize`:
///
/// ```
/// use event_core::prelude::*;
/// use serde::Serialize;
///
/// #[derive(Event, Clone, Serialize)]
/// #[event(serialize)]
/// #[serde(into = "Flat")]
/// struct Moved {
///     to: (f64, f64),
/// }
///
/// #[derive(Serialize)]
/// struct Flat {
///     x: f64,
///     y: f64,
/// }
///
/// impl From<Moved> for Flat {
///     fn from(moved: Moved) -> Self {
///         Self { x: moved.to.0, y: moved.to.1 }
///     }
/// }
///
/// let app = App::builder()
///     .without_linked()
///     .event::<Moved>()
///     .on(|event: &Tracked<Moved>| assert_eq!(event.properties_json().unwrap(), r#"{"x":1.0,"y":2.0}"#))
///     .start()
///     .wait()?;
/// app.track(Moved { to: (1.0, 2.0) }).wait()?.strict()?;
/// # Ok::<_, event_core::Error>(())
/// ```
///
/// # Generic events
///
/// There is no one type that a generic event could register, so a `register_events` implementation returns the
/// concrete ones:
///
/// ```
/// use event_core::prelude::*;
///
/// #[derive(Event)]
/// struct Imported<T> {
///     item: T,
/// }
///
/// #[hookimpl]
/// fn register_events() -> Vec<EventType> {
///     vec![EventType::of::<Imported<u64>>()]
/// }
/// ```
///
/// The type parameters in written fields must be `Serialize`, and so must associated types such as `T::Id`.
/// `#[serde(bound = "…")]` on the type or a field takes the place of that, as in serde.
///
/// Two of them have one name, so an app can know only one; a second needs a struct of its own.
///
/// # What can't be an event
///
/// A tuple struct (its fields have no names), an enum or a union, and a type with a lifetime (an event may outlive
/// the call). The type must be `Send + Sync + 'static`.
#[doc(inline)]
pub use event_derive::Event;

/// Makes a function an implementation of a hook, and registers it. The function itself stays as it is.
///
/// The hook is found by the function's name, which must be in scope, or by a path in the attribute:
///
/// ```
/// use event_core::prelude::*;
///
/// /// The prelude has the built-in hooks in scope.
/// #[hookimpl]
/// fn startup(app: &App) -> event_core::Result<()> {
///     app.insert(Vec::<String>::new())
/// }
///
/// /// A second implementation in the same module has another name.
/// #[hookimpl(track_event, trylast)]
/// async fn remember(event: &Tracked) {
///     println!("{event:?}");
/// }
/// ```
///
/// # Options
///
/// | `#[hookimpl(…)]` | meaning |
/// |---|---|
/// | a path: `track_event`, `my_app::hooks::permission_allowed` | the hook; without one, the function's name is the hook's |
/// | `tryfirst` | before the normal ones, among wrappers, essential and ordinary ones each |
/// | `trylast` | after the normal ones, likewise |
/// | `before = "event-stderr"` | before the implementations of this plugin (package) that are of the same class; can be given several times |
/// | `after = "event-stderr"` | after them; can be given several times |
/// | `essential` | before the ordinary ones; a failure ends the call, and is the caller's error: the event is refused |
/// | `wrapper` | around the others instead of among them |
/// | `crate = path` | where event-core is, for a crate that re-exports it; without it `::event_core` |
///
/// A word that is one or two letters from an option is taken for a typo of it; a hook of such a name is written
/// `self::wraper`. `tryfirst` with `trylast`, and `wrapper` with `essential`, are compile errors. A plugin that
/// `before` or `after` name needn't be linked; a contradiction or a circle is a problem that the start reports.
///
/// # Arguments
///
/// Any of the hook's arguments, by name and in any order. Where the hook's argument is a `&Tracked`, the
/// implementation chooses what it hears:
///
/// | parameter | hears |
/// |---|---|
/// | `event: &Tracked` | every event |
/// | `event: &Tracked<BanUser>` | bans, with id, actor and time |
/// | `event: &BanUser` | bans |
/// | no event parameter | every event |
///
/// # What it returns
///
/// `fn` and `async fn` are both fine. For a hook that returns `T` (for one that returns nothing, `()`):
///
/// | return type | meaning |
/// |---|---|
/// | `T` | a result |
/// | `Option<T>` | `None` is no result; every `Some` is one, `0`, `""` and `false` included |
/// | `Result<T, E>` | an `Err` is a failure |
/// | `Result<Option<T>, E>` | both |
///
/// `E` is whatever becomes a `Box<dyn Error + Send + Sync>`: any error that is `Send + Sync + 'static`, `String`,
/// `&str`, `Box<dyn Error + Send + Sync>`.
///
/// # Wrappers
///
/// A wrapper is an `async fn` with a parameter `next`. It calls `next.run().await` once or not at all, and returns
/// an [`Outcome`], or a `Result` of one: what came out, or something else.
///
/// ```
/// use event_core::prelude::*;
/// use std::time::Instant;
///
/// #[hookimpl(track_event, wrapper)]
/// async fn measure(event: &Tracked, next: Next<'_>) -> Outcome {
///     let start = Instant::now();
///     let outcome = next.run().await;
///     println!("{} took {:?}, {} failed", event.name(), start.elapsed(), outcome.failures.len());
///     outcome
/// }
/// ```
///
/// For another hook than `track_event`, they are `Next<'_, permission_allowed>` and `Outcome<permission_allowed>`.
/// With options for its place a wrapper is further out (`tryfirst`) or further in (`trylast`).
#[doc(inline)]
pub use event_derive::hookimpl;

/// Makes a function without a body a hook: a named point where others can join in.
///
/// ```standalone_crate
/// use event_core::prelude::*;
///
/// /// Lines for the page's footer.
/// #[hookspec]
/// pub fn footer_lines(app: &App, path: &str) -> String;
///
/// #[hookimpl]
/// fn footer_lines() -> String {
///     "made by hand".to_owned()
/// }
///
/// #[hookimpl(footer_lines, trylast)]
/// async fn where_we_are(path: &str) -> Option<String> {
///     (path != "/").then(|| format!("you are at {path}"))
/// }
///
/// fn main() -> event_core::Result<()> {
///     let app = App::start().wait()?;
///     let lines = footer_lines::call(&app, "/about").wait()?;
///     assert_eq!(lines.values, ["made by hand", "you are at /about"]);
///     assert!(lines.failures.is_empty());
///     app.shutdown().wait()
/// }
/// ```
///
/// # Options
///
/// | `#[hookspec(…)]` | meaning | without it |
/// |---|---|---|
/// | `firstresult` | a call ends at the first result, and gives `Option<T>`; it also ends at the first failure, which is its error, so that a check can't fail open | every implementation is called; a call gives an [`Outcome`] with all values and failures |
/// | `crate = path` | where event-core is, for a crate that re-exports it | `::event_core` |
///
/// # The function
///
/// - Its first argument is `app: &App`.
/// - The others are `Copy + Send + Sync`: references, numbers, an `Option` of a reference. Every implementation
///   gets the same ones, so there is no `&mut`. Lifetimes are left out.
/// - It returns the type of one result, or nothing. Whether an implementation gives an `Option` or a `Result` of it
///   is the implementation's choice.
/// - It has no body, no generics and no `async`.
///
/// It becomes an empty enum of the same name, so that a function of that name can stand beside it, with one function:
/// `call`, which takes the arguments and gives a [`HookCall`](future::HookCall) to `.await` or `.wait()` for. The hook's visibility is
/// the function's.
#[doc(inline)]
pub use event_derive::hookspec;
