//! A thousand implementations, each for an event type of its own, which the event that is tracked isn't.

use std::hint::black_box;

use event_core::AppBuilder;
use event_core::prelude::*;

/// Adds all of them.
pub(crate) use hundreds::add;

#[derive(Event)]
struct Other<const NUMBER: usize>;

/// Does something for each of the ten digits.
macro_rules! digits {
    ($each:ident $from:expr) => {
        $each! { $from; d0 0 d1 1 d2 2 d3 3 d4 4 d5 5 d6 6 d7 7 d8 8 d9 9 }
    };
}

macro_rules! hundreds {
    ($from:expr; $($name:ident $digit:literal)*) => {
        $(mod $name {
            use super::*;
            digits! { tens $from * 10 + $digit }
        })*

        pub(crate) fn add(builder: AppBuilder) -> AppBuilder {
            $(let builder = $name::add(builder);)*
            builder
        }
    };
}

macro_rules! tens {
    ($from:expr; $($name:ident $digit:literal)*) => {
        $(mod $name {
            use super::*;
            digits! { ones $from * 10 + $digit }
        })*

        pub(crate) fn add(builder: AppBuilder) -> AppBuilder {
            $(let builder = $name::add(builder);)*
            builder
        }
    };
}

macro_rules! ones {
    ($from:expr; $($name:ident $digit:literal)*) => {
        $(#[hookimpl(track_event)]
        fn $name(event: &Other<{ $from * 10 + $digit }>) {
            black_box((event, $digit));
        })*

        pub(crate) fn add(builder: AppBuilder) -> AppBuilder {
            builder$(.hook($name))*
        }
    };
}

mod hundreds {
    use super::{AppBuilder, Other, black_box, hookimpl, track_event};

    digits! { hundreds 0 }
}
