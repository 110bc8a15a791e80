//! Several events in one call of a durable implementation: `durable(batch = 100)`.

use std::sync::Arc;

use crate::dispatch::durable::words::Delivery;
use crate::dispatch::host::App;
use crate::dispatch::parameter::Probe;
use crate::event::tracked::{AnyTracked, Tracked};
use event_derive::hookspec;

/// Several things happened, and are kept: the hook of implementations with a `batch`.
#[hookspec]
pub fn track_event(app: &App, events: Batch<'_>, delivery: &Delivery);

/// The events of one call, which an implementation takes as a slice of the type that it names.
#[doc(hidden)]
#[derive(Clone, Copy)]
pub struct Batch<'a>(&'a [Arc<dyn AnyTracked>]);

impl<'a> Batch<'a> {
    pub(crate) fn new(events: &'a [Arc<dyn AnyTracked>]) -> Self {
        Self(events)
    }
}

/// The events, each as the parameter's type takes it; `None` if one of them can't be taken so.
#[doc(hidden)]
pub fn each<'a, P>(events: Batch<'a>, fill: fn(&'a Tracked) -> Option<P>) -> Option<Vec<P>> {
    let mut filled = Vec::with_capacity(events.0.len());
    for event in events.0 {
        filled.push(fill(&**event)?);
    }
    Some(filled)
}

impl Probe<Batch<'static>> {
    pub const IS_EVENT: bool = true;
}

impl<'a> Probe<Batch<'a>> {
    /// The first one: failures and observers name it.
    pub fn event(self) -> Option<&'a Tracked> {
        self.into_inner().0.first().map(|event| &**event)
    }
}
