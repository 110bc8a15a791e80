//! A library that its author keeps as strictly as the compiler can: what the macros write must pass too.

#![forbid(unsafe_code)]
#![deny(missing_docs, warnings)]
#![warn(
    let_underscore_drop,
    missing_copy_implementations,
    missing_debug_implementations,
    non_ascii_idents,
    redundant_lifetimes,
    single_use_lifetimes,
    trivial_casts,
    trivial_numeric_casts,
    unreachable_pub,
    unsafe_op_in_unsafe_fn,
    unused_crate_dependencies,
    unused_extern_crates,
    unused_import_braces,
    unused_lifetimes,
    unused_macro_rules,
    unused_qualifications,
    unused_results,
    variant_size_differences
)]

use event_core::prelude::*;

event_core::plugin!();

/// An author.
#[derive(Debug)]
pub struct User {
    /// The name.
    pub name: String,
}

/// A moderator banned a user.
#[derive(Debug, Event)]
#[event(name = "ban-user", version = 2)]
pub struct BanUser {
    /// Who was banned.
    pub user: String,
    /// For how long.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub days: Option<u32>,
    /// No longer used.
    #[deprecated = "say `days`"]
    pub hours: u8,
}

/// The service was made read-only.
#[derive(Clone, Copy, Debug, Event)]
pub struct ReadOnly;

/// Something was imported.
#[derive(Debug, Event)]
pub struct Imported<T: Clone, const N: usize>
where
    T: std::fmt::Debug,
{
    /// The items.
    pub items: Vec<T>,
    /// What isn't written.
    #[serde(skip)]
    pub more: [u8; N],
}

#[derive(Debug, Event)]
struct Private {
    secret: u8,
}

/// May this user do this?
#[hookspec(firstresult)]
pub fn permission_allowed(app: &App, user: Option<&User>, action: &str, at: u64) -> bool;

/// A hook with more arguments than a function should have.
#[hookspec]
pub fn many(app: &App, a: u8, b: u8, c: u8, d: u8, e: u8, f: u8, g: &[u8]) -> Vec<String>;

#[hookspec]
fn own_use(app: &App);

/// Root may do everything.
#[hookimpl(permission_allowed, tryfirst, before = "other")]
#[must_use]
pub fn root(user: Option<&User>) -> Option<bool> {
    user.filter(|user| user.name == "root").map(|_| true)
}

#[hookimpl]
async fn permission_allowed(app: &App, at: u64, action: &str) -> Result<Option<bool>, std::io::Error> {
    let _answers = own_use::call(app).await.map_err(std::io::Error::other)?;
    Ok((at > 5).then_some(action == "write"))
}

#[hookimpl]
fn many(a: u8, g: &[u8]) -> Vec<String> {
    vec![a.to_string(), g.len().to_string()]
}

#[hookimpl(own_use)]
async fn nothing_to_do() {}

/// Hears bans.
///
/// # Errors
/// Those of tracking.
#[hookimpl(track_event, trylast)]
pub async fn tell(app: &App, event: &Tracked<BanUser>) -> event_core::Result<()> {
    let _receipt = app.track(Private { secret: u8::try_from(event.user.len()).unwrap_or(u8::MAX) }).await?;
    Ok(())
}

#[hookimpl]
fn track_event(event: &Tracked) {
    assert!(!event.name().is_empty());
}

#[hookimpl(track_event, essential)]
fn keep(event: &Private) -> Result<(), String> {
    if event.secret == 0 { Err("a user needs a name".to_owned()) } else { Ok(()) }
}

/// Lets everything through.
#[hookimpl(track_event, wrapper)]
pub async fn around(next: Next<'_>) -> Outcome {
    next.run().await
}

#[hookimpl(permission_allowed, wrapper)]
async fn ask_twice(
    action: &str,
    next: Next<'_, permission_allowed>,
) -> Result<Outcome<permission_allowed>, std::fmt::Error> {
    if action.is_empty() { Err(std::fmt::Error) } else { Ok(next.run().await) }
}

#[hookimpl]
fn register_events() -> Vec<EventType> {
    vec![EventType::of::<Imported<u8, 3>>()]
}
