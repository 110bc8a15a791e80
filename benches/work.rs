//! What is measured, and what it is measured against.

use std::hint::black_box;
use std::time::SystemTime;

use event_core::AppBuilder;
use event_core::prelude::*;

/// Does the work so many times.
type Work = fn(u64);

/// Each work by its name, which says what one repetition is.
pub(crate) const ALL: &[(&str, Work)] = &[
    ("the clock alone", clock),
    ("a slice of 1 function pointers", |times| slice(times, 1)),
    ("a slice of 4 function pointers", |times| slice(times, 4)),
    ("a slice of 16 function pointers", |times| slice(times, 16)),
    ("a slice of 64 function pointers", |times| slice(times, 64)),
    ("an event that nobody hears", |times| track(times, app())),
    ("an event to 1 implementations of all events", |times| track(times, untyped(1))),
    ("an event to 4 implementations of all events", |times| track(times, untyped(4))),
    ("an event to 16 implementations of all events", |times| track(times, untyped(16))),
    ("an event to 64 implementations of all events", |times| track(times, untyped(64))),
    ("an event to 1 implementations of its type", |times| track(times, typed(1))),
    ("an event to 4 implementations of its type", |times| track(times, typed(4))),
    ("an event to 16 implementations of its type", |times| track(times, typed(16))),
    ("an event to 64 implementations of its type", |times| track(times, typed(64))),
    ("an event to 1 of its type among 64 of another", |times| track(times, others(typed(1)))),
    ("an event to 1 asynchronous implementations, ready at once", |times| track(times, later(1))),
    ("an event to 4 asynchronous implementations, ready at once", |times| track(times, later(4))),
];

pub(crate) fn named(name: &str) -> Option<Work> {
    ALL.iter().find(|(known, _)| *known == name).map(|(_, work)| *work)
}

#[derive(Event)]
struct Small {
    number: u64,
}

#[derive(Event)]
struct Other;

fn app() -> AppBuilder {
    App::builder().without_linked().event::<Small>().event::<Other>()
}

fn track(times: u64, builder: AppBuilder) {
    let app = builder.start().wait().expect("nothing is wrong with it");
    for number in 0..times {
        match app.track(Small { number: black_box(number) }).wait() {
            Ok(receipt) => drop(receipt),
            Err(error) => panic!("{error}"),
        }
    }
}

fn clock(times: u64) {
    for _ in 0..times {
        black_box(SystemTime::now());
    }
}

/// The limit: what calling so many functions costs when everything about them is known.
fn slice(times: u64, functions: usize) {
    let functions = black_box(&FUNCTIONS[..functions]);
    for number in 0..times {
        for function in functions {
            function(black_box(number));
        }
    }
}

/// Makes 64 functions of each kind that differ, so that no two share their code.
macro_rules! implementations {
    ($($name:ident $number:literal)*) => {
        const FUNCTIONS: [fn(u64); 64] = [$(|number| { black_box(number + $number); }),*];

        mod of_all {
            use super::*;
            $(#[hookimpl(track_event)]
            pub(super) fn $name(event: &Tracked) {
                black_box((event, $number));
            })*
        }

        mod of_small {
            use super::*;
            $(#[hookimpl(track_event)]
            pub(super) fn $name(event: &Small) {
                black_box(event.number + $number);
            })*
        }

        mod of_other {
            use super::*;
            $(#[hookimpl(track_event)]
            pub(super) fn $name(event: &Other) {
                black_box((event, $number));
            })*
        }

        fn untyped(count: usize) -> AppBuilder {
            let mut builder = app();
            $(if $number <= count {
                builder = builder.hook(of_all::$name);
            })*
            builder
        }

        fn typed(count: usize) -> AppBuilder {
            let mut builder = app();
            $(if $number <= count {
                builder = builder.hook(of_small::$name);
            })*
            builder
        }

        fn others(builder: AppBuilder) -> AppBuilder {
            builder$(.hook(of_other::$name))*
        }
    };
}

implementations! {
    a1 1 a2 2 a3 3 a4 4 a5 5 a6 6 a7 7 a8 8 a9 9 a10 10 a11 11 a12 12 a13 13 a14 14 a15 15 a16 16
    a17 17 a18 18 a19 19 a20 20 a21 21 a22 22 a23 23 a24 24 a25 25 a26 26 a27 27 a28 28 a29 29 a30 30 a31 31 a32 32
    a33 33 a34 34 a35 35 a36 36 a37 37 a38 38 a39 39 a40 40 a41 41 a42 42 a43 43 a44 44 a45 45 a46 46 a47 47 a48 48
    a49 49 a50 50 a51 51 a52 52 a53 53 a54 54 a55 55 a56 56 a57 57 a58 58 a59 59 a60 60 a61 61 a62 62 a63 63 a64 64
}

macro_rules! asynchronous {
    ($($name:ident $number:literal)*) => {
        $(#[hookimpl(track_event)]
        async fn $name(event: &Tracked<Small>) {
            black_box(event.number + $number);
        })*

        fn later(count: usize) -> AppBuilder {
            let mut builder = app();
            $(if $number <= count {
                builder = builder.hook($name);
            })*
            builder
        }
    };
}

asynchronous! { later1 1 later2 2 later3 3 later4 4 }
