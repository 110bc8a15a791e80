//! Typed events and hooks that register themselves: derive an event, annotate a function, track.
//!
//! A program says "this happened" in one line. Every function that wants to know is called, also those of plugin crates
//! that are linked in. There is no list of handlers to maintain.
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
//! In async code, write `.await` instead of `.wait()`. This crate spawns nothing and works with any runtime.
//!
//! | you want to | see |
//! |---|---|
//! | define an event | [`#[derive(Event)]`](macro@Event), [`Tracked`] |
//! | react to it | [`#[hookimpl]`](macro@hookimpl) of the hooks [`track_event`], [`startup`], [`started`], [`stopping`], [`shutdown`], [`register_events`], [`register_observers`] |
//! | let other crates join in elsewhere | [`#[hookspec]`](macro@hookspec) |
//! | say that an event happened, and what its implementations did | [`App::track`], [`Receipt`], [`Error`] |
//! | say who caused it, and in which request | [`Actor`], [`Context`], [`Scope`] |
//! | put an app together, configure it, stop it | [`App::builder`], [`AppBuilder::config_file`], [`App::shutdown`] |
//! | write a plugin crate, or use one | [`plugin!`], [`plugins!`], [`App::plugin_config`], the module [`plugin`](mod@plugin) |
//! | know which functions are called, in which order | [`App::describe`] |
//! | measure calls | the module [`observe`] |
//! | test implementations | the module [`testing`], [`AppBuilder::without_linked`] |
//!
//! The guide explains all of this with examples; it is the module `guide` of this documentation. A hook that is never
//! called is usually in a crate that isn't linked: the guide begins with the list of causes.
//!
//! # Features
//!
//! `tracing`: a span for each tracked event and for each call of an implementation, and an error for each failure. Off by
//! default; nothing of it is compiled in then.

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
mod macros;
pub mod prelude;
pub mod testing;

pub use app::builder::AppBuilder;
pub use app::default_app::track;
pub use app::scope::Scope;
pub use app::track::Track;
pub use dispatch::builtin::{
    register_events, register_observers, shutdown, started, startup, stopping, track_event,
};
pub use dispatch::error::{Error, Result};
pub use dispatch::failure::Failure;
pub use dispatch::host::{App, WeakApp};
pub use dispatch::receipt::Receipt;
pub use dispatch::wrapper::{Next, Outcome};
pub use event::actor::{Actor, IntoActor};
pub use event::cause::IntoCause;
pub use event::context::Context;
pub use event::durability::Durability;
pub use event::event_type::{Event, EventType};
pub use event::json::Properties;
pub use event::record::Record;
pub use event::tracked::Tracked;
#[doc(inline)]
pub use macros::{Event, hookimpl, hookspec};

/// What durable implementations say and are told.
pub mod durable {
    pub use crate::dispatch::durable::words::{Delivery, Rejected, Retry, Stop};
}

/// What an [`Error`] or a [`Properties`] reports in detail.
pub mod error {
    pub use crate::config::ConfigError;
    pub use crate::config::problem::StartProblem;
    pub use crate::dispatch::call_depth::TooDeep;
    pub use crate::dispatch::foreign_error::Foreign;
    pub use crate::dispatch::pending::WouldBlock;
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

/// What plugins use beyond the words of an application: threads of their own, events that are delivered later; names,
/// times, errors and panics as text.
pub mod plugin {
    pub use crate::app::prepared::Prepared;
    pub use crate::dispatch::blocking::{OwnThread, own_thread};
    pub use crate::dispatch::durable::consumer::{Consumer, DeliveryError, claim_consumers};
    pub use crate::dispatch::durable::options::{Order, StartsFrom};
    pub use crate::dispatch::durable::words::FailureClass;
    pub use crate::dispatch::failure::{log_line, report};
    pub use crate::dispatch::hook::HookSpec;
    pub use crate::dispatch::pending::{Pending, watch_pending};
    pub use crate::event::escape::escape_controls;
    pub use crate::event::foreign::{error_line, error_lines, panic_text};
    pub use crate::event::json::depth::MAX_DEPTH;
    pub use crate::event::name_pattern::{NamePattern, NamePatternError};
    pub use crate::event::record::RecordTexts;
    pub use crate::event::rfc3339::write_rfc3339;
    pub use crate::event::tracked::{AnyTracked, TrackedOf};
}

/// Not public API. Used by generated code.
#[doc(hidden)]
pub mod __private {
    pub use crate::generated::*;
}
