//! What the macros of event-derive do, and their options.
//!
//! The tables of options are those of the guide's reference; a test compares them.

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
/// | `name = "ban-user"` | the event's name: words of `a`-`z` and `0`-`9`, joined by `-`, `_` or `.` | the type's name in kebab case, without a trailing `Event`: `BanUserEvent` is `ban-user` |
/// | `version = 2` | the version of the event's fields, a whole number from 1 on | 1 |
/// | `serialize` | the type's own `Serialize` writes the properties, as one JSON object | the derive writes the fields, as serde's derive would |
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
/// | `#[hookimpl(…)]` | meaning | without it |
/// |---|---|---|
/// | a path: `track_event`, `house_rules::permission_allowed` | the hook | the hook of the function's name |
/// | `tryfirst` | before the normal ones: wrappers among wrappers, essential ones among essential ones, ordinary ones among ordinary ones | normal |
/// | `trylast` | after the normal ones, likewise | normal |
/// | `before = "event-stderr"` | before the implementations of this plugin (package) in the same class; can be given several times | by name |
/// | `after = "event-stderr"` | after them; can be given several times | by name |
/// | `wrapper` | around the others | among the others |
/// | `essential` | before the ordinary ones; a failure ends the call and is the caller's error: the event is refused | a failure is reported, and the others run |
/// | `explicit` | called only in apps whose builder is given it: `.hook(tell_the_moderators)`; for what tests or some programs use | called in every app that it is linked into |
/// | `durable` | not called inside `track`: once the event is kept, it is called until it succeeds | called inside `track` |
/// | `durable(name = "…")` | the consumer's name after the plugin's | the function's name |
/// | `durable(renamed_from = "…")` | the name that the consumer had, with its plugin's if that was another one; its position is taken over | it had no other |
/// | `durable(from = "start")` | a new consumer hears all events that are kept; `"now"`: those from then on | `"now"` |
/// | `durable(give_up_after = "24h")` | how long an event is tried that fails with any error; then it is a dead letter | `"24h"` |
/// | `durable(max_attempts = 20)` | how often, beside that | without limit |
/// | `durable(timeout_s = 30)` | an asynchronous call that takes longer is dropped, and fails | without limit |
/// | `durable(key = "user.id")` | events with the same key are called in their order, and different keys side by side; a property, or `actor` for the actor's id | all are called one after the other |
/// | `durable(unordered)` | events are called side by side, in any order | as above |
/// | `durable(concurrency = 8)` | how many at once, with `key` or `unordered` | 8 |
/// | `durable(batch = 100)` | up to so many events come in one call, as `events: &[&Tracked]`; one that fails is halved until the culprit is alone | one event in each call, as `event` |
/// | `crate = path` | where event-core is, for a crate that re-exports it | `::event_core` |
///
/// A word that is one or two letters from an option is taken for a typo of it; a hook of such a name is written
/// `self::wraper`. Compile errors are `tryfirst` with `trylast`, `wrapper` with `essential`, and `durable` with any of these four,
/// `before` or `after`. A plugin that `before` or `after` name needn't be linked; a contradiction or a circle is a problem that the
/// start reports.
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
/// an [`Outcome`](crate::Outcome), or a `Result` of one: what came out, or something else.
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
/// | `firstresult` | a call ends at the first result, and gives an `Option<T>`; it also ends at the first failure, which is its error, so that a check can't fail open | every implementation is called; a call gives an `Outcome` with all values and failures |
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
/// `call`, which takes the arguments and gives a [`HookCall`](crate::future::HookCall) to `.await` or `.wait()` for. The hook's visibility is
/// the function's.
pub use event_derive::hookspec;
