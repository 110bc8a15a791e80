//! A framework that has event-core inside, and whose users name the framework only.

pub use event_core;
pub use event_core::{App, Next, Outcome, Tracked};

/// Where the framework keeps its hooks.
pub mod hooks {
    use event_core::prelude::*;

    pub use event_core::{startup, track_event};

    /// A page is asked for.
    #[hookspec(firstresult)]
    pub fn page(app: &App, path: &str) -> String;
}
