//! What it costs to bring an event to its implementations.

use std::future::{IntoFuture, ready};
use std::hint::black_box;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::SystemTime;

use event_core::AppBuilder;
use event_core::prelude::*;

use crate::callgrind::{Valgrind, Work};
use crate::numbered::numbered;
use crate::row::Row;
use crate::thousand;

/// How many implementations an event is tracked to.
const COUNTS: [usize; 4] = [1, 4, 16, 64];

pub(crate) fn works() -> Vec<Work> {
    let mut works = vec![
        Work::new(CLOCK, || clock),
        Work::new(UNHEARD, || track(app())),
        Work::new(AMONG_64, || track(others(typed(1)))),
        Work::new(AMONG_1000, || track(thousand::add(typed(1)))),
        Work::new(LARGE, || track(app().hook(large))),
        Work::new(AWAITED, || track_awaiting(later(1))),
    ];
    for count in COUNTS {
        works.extend([
            Work::new(slice_of(count), move || slice(count)),
            Work::new(to_untyped(count), move || track(untyped(count))),
            Work::new(to_typed(count), move || track(typed(count))),
            Work::new(to_async(count), move || track(later(count))),
        ]);
    }
    works
}

const CLOCK: &str = "the clock alone";
const UNHEARD: &str = "an event without implementations";
const AMONG_64: &str = "an event to 1 typed, among 64 of another type";
const AMONG_1000: &str = "an event to 1 typed, among 1,000 of as many other types";
const LARGE: &str = "an event to 1 async of more than 256 bytes";
const AWAITED: &str = "an event to 1 async, awaited";

fn slice_of(count: usize) -> String {
    format!("a slice of {count} function pointers")
}

fn to_untyped(count: usize) -> String {
    format!("an event to {count} untyped")
}

fn to_typed(count: usize) -> String {
    format!("an event to {count} typed")
}

fn to_async(count: usize) -> String {
    format!("an event to {count} async")
}

pub(crate) fn rows() -> Vec<Row> {
    let Some(valgrind) = Valgrind::find() else {
        return vec![Row::skipped("all of dispatch", "valgrind isn't installed")];
    };
    let mut rows = vec![unheard(&valgrind)];
    rows.extend(sync(&valgrind));
    rows.extend([among(&valgrind, AMONG_64), among(&valgrind, AMONG_1000)]);
    rows.extend(asynchronous(&valgrind));
    rows
}

fn unheard(valgrind: &Valgrind) -> Row {
    let (instructions, allocations) = (valgrind.instructions(UNHEARD), valgrind.allocations(UNHEARD));
    Row {
        work: UNHEARD.to_owned(),
        against: "`log` and `tracing` disabled: see peers".to_owned(),
        measured: format!("{instructions} instructions, {allocations} allocations"),
        target: "≤ 60, 0 allocations".to_owned(),
        reached: Some(instructions <= 60 && allocations == 0),
    }
}

/// An event to 1, 4, 16 and 64 implementations, and what that is made of.
fn sync(valgrind: &Valgrind) -> Vec<Row> {
    let clock = valgrind.instructions(CLOCK);
    let mut rows = Vec::new();
    let [untyped, typed] =
        [("untyped", to_untyped as fn(usize) -> String), ("typed", to_typed)].map(|(kind, work)| {
            let instructions = COUNTS.map(|count| valgrind.instructions(&work(count)));
            let allocations = COUNTS.map(|count| valgrind.allocations(&work(count)));
            for (index, count) in COUNTS.into_iter().enumerate() {
                let limit = valgrind.instructions(&slice_of(count)) + clock;
                rows.push(Row {
                    work: format!("an event to {count} {kind} `fn`s"),
                    against: format!(
                        "the clock and a slice of {count} function pointers: {limit} instructions"
                    ),
                    measured: format!(
                        "{} instructions, {} allocations",
                        instructions[index], allocations[index]
                    ),
                    target: "0 allocations".to_owned(),
                    reached: Some(allocations[index] == 0),
                });
            }
            each_further(instructions)
        });
    let fixed = valgrind.instructions(&to_untyped(1)).saturating_sub(untyped + clock);
    let limit = each_further(COUNTS.map(|count| valgrind.instructions(&slice_of(count))));
    rows.push(Row {
        work: "of that, the fixed part".to_owned(),
        against: format!("the clock: {clock} instructions"),
        measured: format!("{fixed} instructions beyond it"),
        target: "≤ 200".to_owned(),
        reached: Some(fixed <= 200),
    });
    for (kind, each, target) in [("untyped", untyped, 20), ("typed", typed, 30)] {
        rows.push(Row {
            work: format!("of that, each further {kind} implementation"),
            against: format!("each further function pointer: {limit} instructions"),
            measured: format!("{each} instructions"),
            target: format!("≤ {target}"),
            reached: Some(each <= target),
        });
    }
    rows
}

/// What each further implementation costs, of what [`COUNTS`] of them cost; rounded up.
fn each_further(instructions: [u64; 4]) -> u64 {
    let [first, .., last] = instructions;
    (last - first).div_ceil(COUNTS[3] as u64 - COUNTS[0] as u64)
}

fn among(valgrind: &Valgrind, work: &str) -> Row {
    let (alone, among) = (valgrind.instructions(&to_typed(1)), valgrind.instructions(work));
    Row {
        work: work.to_owned(),
        against: format!("the same one alone: {alone} instructions"),
        measured: format!("{among} instructions, {} %", among * 100 / alone),
        target: "≤ 105 %".to_owned(),
        reached: Some(among * 100 <= alone * 105),
    }
}

/// Implementations that are `async`, and ready when they are first polled.
fn asynchronous(valgrind: &Valgrind) -> Vec<Row> {
    let mut rows = Vec::new();
    for count in COUNTS {
        let sync = valgrind.instructions(&to_typed(count));
        let (instructions, allocations) =
            (valgrind.instructions(&to_async(count)), valgrind.allocations(&to_async(count)));
        let more = instructions.saturating_sub(sync).div_ceil(count as u64);
        rows.push(Row {
            work: format!("{}, ready at once", to_async(count)),
            against: format!("{}: {sync} instructions", to_typed(count)),
            measured: format!("{instructions} instructions, {more} more each, {allocations} allocations"),
            target: "≤ 60 more each, 0 allocations".to_owned(),
            reached: Some(more <= 60 && allocations == 0),
        });
    }
    let (large, small) = (valgrind.allocations(LARGE), valgrind.allocations(&to_async(1)));
    rows.push(Row {
        work: LARGE.to_owned(),
        against: format!("one of less: {small} allocations"),
        measured: format!("{} instructions, {large} allocations", valgrind.instructions(LARGE)),
        target: "1 allocation".to_owned(),
        reached: Some(large == 1),
    });
    rows.push(Row {
        work: AWAITED.to_owned(),
        against: "waited for without a runtime".to_owned(),
        measured: format!(
            "{} instructions, {} allocations",
            valgrind.instructions(AWAITED),
            valgrind.allocations(AWAITED)
        ),
        target: String::new(),
        reached: None,
    });
    rows
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

fn track(builder: AppBuilder) -> impl FnMut(u64) {
    let app = builder.start().wait().expect("nothing is wrong with it");
    move |times| {
        for number in 0..times {
            match app.track(Small { number: black_box(number) }).wait() {
                Ok(receipt) => drop(receipt),
                Err(error) => panic!("{error}"),
            }
        }
    }
}

/// As an executor does it whose task is ready at the first poll.
fn track_awaiting(builder: AppBuilder) -> impl FnMut(u64) {
    let app = builder.start().wait().expect("nothing is wrong with it");
    move |times| {
        for number in 0..times {
            let mut tracked = pin!(app.track(Small { number: black_box(number) }).into_future());
            match tracked.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                Poll::Ready(receipt) => _ = black_box(receipt.expect("it is tracked")),
                Poll::Pending => unreachable!("its implementations are ready at once"),
            }
        }
    }
}

fn clock(times: u64) {
    for _ in 0..times {
        black_box(SystemTime::now());
    }
}

/// The limit: what calling so many functions costs when everything about them is known.
fn slice(functions: usize) -> impl FnMut(u64) {
    let functions = black_box(&FUNCTIONS[..functions]);
    move |times| {
        for number in 0..times {
            for function in functions {
                function(black_box(number));
            }
        }
    }
}

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

        mod later_of_small {
            use super::*;
            $(#[hookimpl(track_event)]
            pub(super) async fn $name(event: &Small) {
                black_box(event.number + $number);
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

        fn later(count: usize) -> AppBuilder {
            let mut builder = app();
            $(if $number <= count {
                builder = builder.hook(later_of_small::$name);
            })*
            builder
        }
    };
}

numbered!(implementations);

/// Its future holds a kilobyte while it is polled.
#[hookimpl(track_event)]
async fn large(event: &Small) {
    let held = black_box([event.number; 128]);
    ready(()).await;
    black_box(&held);
}
