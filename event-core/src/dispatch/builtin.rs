//! The hooks that an app calls itself. The macros treat them like any other hook.

use crate::dispatch::host::App;
use crate::dispatch::observe::Observer;
use crate::event::event_type::EventType;
use crate::event::tracked::Tracked;
use event_derive::hookspec;

/// The app starts: open what the plugin needs and put it into the app with [`App::insert`].
///
/// A failure ends the start: later implementations don't run, and the plugins that had started are shut down.
#[hookspec]
pub fn startup(app: &App);

/// The app has started: every [`startup`] has succeeded, and `start` is about to return. What works in the background
/// begins here.
///
/// A failure is reported, and doesn't end the start.
#[hookspec]
pub fn started(app: &App);

/// Which event types does the plugin add that can't register themselves? The concrete types of generic
/// events: `vec![EventType::of::<Imported<Csv>>()]`.
///
/// Called once, before [`startup`]; tracking isn't possible yet. [`AppBuilder::describe`](crate::AppBuilder::describe)
/// calls it, too, without starting the app: so it opens no file and no connection, and needs nothing that the configuration
/// refers to.
#[hookspec]
pub fn register_events(app: &App) -> Vec<EventType>;

/// Who watches this app's calls? A plugin that counts or measures returns its observers here, so that it needs no line in
/// the application; [`AppBuilder::observer`](crate::AppBuilder::observer) adds one by hand.
///
/// Called once, before [`register_events`] and [`startup`], and itself watched by no observer. What an observer needs of
/// the configuration, it reads here: `app.plugin_config(…)`.
#[hookspec]
pub fn register_observers(app: &App) -> Vec<Box<dyn Observer>>;

/// Something happened. Called for every tracked event; an implementation that takes `&BanUser` or
/// `&Tracked<BanUser>` instead of `&Tracked` hears bans only.
#[hookspec]
pub fn track_event(app: &App, event: &Tracked);

/// The app is about to stop: end what works in the background. Tracking is possible while this runs.
///
/// Called once, before running calls are waited for and [`shutdown`] is called; whatever fails, the app stops.
#[hookspec]
pub fn stopping(app: &App);

/// The app stops: write what is left and close what [`startup`] opened.
///
/// Called once, when no call runs any more; in reverse start-up order, whatever fails. Tracking isn't possible
/// any more.
#[hookspec]
pub fn shutdown(app: &App);
