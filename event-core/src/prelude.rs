//! What a file that defines events or hooks needs in scope: `use event_core::prelude::*;`.

pub use crate::observe::Observer;
/// For its methods on a [`Record`](crate::Record), without its name.
pub use crate::plugin::AnyTracked as _;
pub use crate::{
    Actor, App, AppBuilder, Event, EventType, Next, Outcome, Receipt, Tracked, hookimpl, hookspec,
    register_events, register_observers, shutdown, started, startup, stopping, track_event,
};
pub use serde_json::json;
