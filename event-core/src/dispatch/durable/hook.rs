//! The hook whose implementations are durable.

use crate::dispatch::builtin;
use crate::dispatch::durable::batch;
use crate::dispatch::durable::words::Delivery;
use crate::dispatch::hook::HookSpec;
use crate::dispatch::host::App;
use crate::event::tracked::Tracked;
use event_derive::hookspec;

/// Something happened, and is kept: called for every event that is in the journal, until it succeeds.
#[hookspec]
pub fn track_event(app: &App, event: &Tracked, delivery: &Delivery);

/// A hook whose implementations can be durable.
#[diagnostic::on_unimplemented(
    message = "an implementation of `{Self}` can't be durable",
    label = "not a hook whose calls are kept",
    note = "only implementations of `track_event` can be durable: leave the option out"
)]
pub trait DurableHook {
    /// The hook that a durable implementation answers instead.
    #[doc(hidden)]
    type Durable: HookSpec;

    /// The same for one with a `batch`.
    #[doc(hidden)]
    type Batched: HookSpec;
}

#[diagnostic::do_not_recommend]
impl DurableHook for builtin::track_event {
    type Durable = track_event;
    type Batched = batch::track_event;
}
