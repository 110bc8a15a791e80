//! An event with three fields, tracked to implementations that read them: what the peers are compared with.

use std::hint::black_box;

use event_core::prelude::*;

use crate::numbered::numbered;

#[derive(Event)]
struct OrderPlaced {
    order: u64,
    customer: &'static str,
    express: bool,
}

/// Tracks so many events to `count` implementations.
pub(crate) fn track(count: usize) -> impl FnMut(u64) {
    let app = with(App::builder().without_linked().event::<OrderPlaced>(), count);
    let app = app.start().wait().expect("nothing is wrong with it");
    move |times| {
        for order in 0..times {
            let event = OrderPlaced { order: black_box(order), customer: "mallory", express: true };
            match app.track(event).wait() {
                Ok(receipt) => drop(receipt),
                Err(error) => panic!("{error}"),
            }
        }
    }
}

macro_rules! implementations {
    ($($name:ident $number:literal)*) => {
        $(#[hookimpl(track_event)]
        fn $name(event: &OrderPlaced) {
            black_box((event.order + $number, event.customer, event.express));
        })*

        fn with(mut builder: event_core::AppBuilder, count: usize) -> event_core::AppBuilder {
            $(if $number <= count {
                builder = builder.hook($name);
            })*
            builder
        }
    };
}

numbered!(implementations);
