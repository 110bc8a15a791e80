//! What an id and a time of creation cost when an implementation asks for them.

use std::hint::black_box;
use std::time::SystemTime;

use event_core::prelude::*;

use crate::row::Row;
use crate::stopwatch::{median, time};

const REPETITIONS: u32 = 20_000;

pub(crate) fn rows() -> Vec<Row> {
    let asking = start(App::builder().hook(ask));
    let not_asking = start(App::builder().hook(do_not_ask));
    let mut clocks = Vec::new();
    // The difference of two like events is what asking costs. The clock, which both read, is added: without it there
    // would be no time to ask for.
    let ratio = median(|| {
        let clock = time(|| repeat(|_| _ = black_box(SystemTime::now())));
        let asked = time(|| repeat(|number| track(&asking, number)));
        let unasked = time(|| repeat(|number| track(&not_asking, number)));
        clocks.push(clock / REPETITIONS);
        (asked.as_secs_f64() - unasked.as_secs_f64() + clock.as_secs_f64()) / clock.as_secs_f64()
    });
    clocks.sort_unstable();
    vec![Row {
        work: "id and created, asked for".to_owned(),
        against: format!("one `SystemTime::now`: {} ns", clocks[clocks.len() / 2].as_nanos()),
        measured: format!("{ratio:.2} × the time"),
        target: "≤ 1.5 ×".to_owned(),
        reached: Some(ratio <= 1.5),
    }]
}

#[derive(Event)]
struct Subprocess {
    number: u64,
}

#[hookimpl(track_event)]
fn ask(event: &Tracked<Subprocess>) {
    black_box((event.number, event.id(), event.created()));
}

#[hookimpl(track_event)]
fn do_not_ask(event: &Tracked<Subprocess>) {
    black_box((event.number, event));
}

fn start(builder: event_core::AppBuilder) -> App {
    builder.without_linked().event::<Subprocess>().start().wait().expect("nothing is wrong with it")
}

fn repeat(work: impl FnMut(u64)) {
    (0..REPETITIONS.into()).for_each(work);
}

fn track(app: &App, number: u64) {
    black_box(app.track(Subprocess { number: black_box(number) }).wait().expect("it is tracked"));
}
