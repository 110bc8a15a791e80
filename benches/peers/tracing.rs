//! `tracing`: an event to a registry's layers, as tracing-subscriber's pages show it: composed by type, which is the
//! fastest, and set as the process's subscriber. There are no spans, no filter and no formatting.

use std::fmt;
use std::hint::black_box;

use tracing::field::{Field, Visit};
use tracing::{Dispatch, Event, Subscriber, dispatcher};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry;

use crate::numbered::numbered;

/// The process's subscriber, as a program has it. There can be one.
pub(crate) fn layers_that_visit_fields(count: usize) -> impl FnMut(u64) {
    dispatcher::set_global_default(visiting(count)).expect("a process does one work");
    repeat
}

pub(crate) fn layers_that_look_at_nothing(count: usize) -> impl FnMut(u64) {
    dispatcher::set_global_default(ignoring(count)).expect("a process does one work");
    repeat
}

/// Without a subscriber.
pub(crate) fn disabled() -> impl FnMut(u64) {
    repeat
}

fn repeat(times: u64) {
    for order in 0..times {
        tracing::info!(name: "order-placed", order = black_box(order), customer = "mallory", express = true);
    }
}

struct VisitsFields<const NUMBER: u64>;

impl<S: Subscriber, const NUMBER: u64> Layer<S> for VisitsFields<NUMBER> {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        event.record(&mut Fields::<NUMBER>);
    }
}

struct Fields<const NUMBER: u64>;

impl<const NUMBER: u64> Visit for Fields<NUMBER> {
    fn record_u64(&mut self, _: &Field, value: u64) {
        black_box(value + NUMBER);
    }

    fn record_str(&mut self, _: &Field, value: &str) {
        black_box(value);
    }

    fn record_bool(&mut self, _: &Field, value: bool) {
        black_box(value);
    }

    fn record_debug(&mut self, _: &Field, value: &dyn fmt::Debug) {
        black_box(value);
    }
}

struct LooksAtNothing<const NUMBER: u64>;

impl<S: Subscriber, const NUMBER: u64> Layer<S> for LooksAtNothing<NUMBER> {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        black_box((event, NUMBER));
    }
}

/// The layers with `and_then`: with a `with` each, the type would double with each, and 64 wouldn't compile.
fn visiting(count: usize) -> Dispatch {
    macro_rules! layers {
        ($first:ident $one:literal $($name:ident $number:literal)*) => {
            Dispatch::new(registry().with(VisitsFields::<$one>$(.and_then(VisitsFields::<$number>))*))
        };
    }
    match count {
        4 => numbered!(layers 4),
        16 => numbered!(layers 16),
        64 => numbered!(layers 64),
        _ => unreachable!("the table has 4, 16 and 64"),
    }
}

fn ignoring(count: usize) -> Dispatch {
    macro_rules! layers {
        ($first:ident $one:literal $($name:ident $number:literal)*) => {
            Dispatch::new(registry().with(LooksAtNothing::<$one>$(.and_then(LooksAtNothing::<$number>))*))
        };
    }
    match count {
        4 => numbered!(layers 4),
        16 => numbered!(layers 16),
        64 => numbered!(layers 64),
        _ => unreachable!("the table has 4, 16 and 64"),
    }
}
