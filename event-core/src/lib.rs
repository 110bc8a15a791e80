//! Typed events and hooks that register themselves.

// The macros write `::event_core::…`, also for the hooks that this crate defines itself.
extern crate self as event_core;

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
mod actor;
mod answer;
mod app;
mod argument;
mod builder;
mod builtin;
mod call;
mod checked;
mod dispatch;
mod error;
mod event;
mod failure;
mod gate;
mod hook;
mod id;
mod implementation;
mod inside;
mod order;
mod plan;
mod plugin;
pub mod prelude;
mod properties;
mod receipt;
mod record;
mod registry;
mod start;
mod state;
mod track;
mod tracked;
mod wait;
mod wrapper;

pub use actor::Actor;
pub use app::App;
pub use builder::AppBuilder;
pub use builtin::{register_events, shutdown, startup, track_event};
pub use error::{Error, Problem, Result};
pub use event::{Event, EventType, Field};
pub use event_derive::{Event, hookimpl, hookspec};
pub use failure::{BoxError, Failure};
pub use hook::{HookCall, HookInfo, HookSpec};
pub use implementation::{Class, Implementation};
pub use plugin::Plugin;
pub use properties::{Properties, PropertiesError};
pub use receipt::{Promise, Receipt};
pub use record::Record;
pub use track::Track;
pub use tracked::{AnyEvent, AnyTracked, Tracked, TrackedOf};
pub use wait::Waiting;
pub use wrapper::{Next, Outcome};
