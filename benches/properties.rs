//! What it costs to write an event's fields as JSON, as text and as a map.
//!
//! Compared with serde's own derive on a struct of the same fields. Both write the text into a buffer that is used
//! again. The map is made at most once for an event, so there every repetition makes an event, and making it alone is
//! taken off.

use std::hint::black_box;

use event_core::plugin::Prepared;
use event_core::prelude::*;
use serde::Serialize;

use crate::callgrind::{Valgrind, Work};
use crate::row::Row;

const TEXT: &str = "properties as text";
const TEXT_OF_SERDE: &str = "serde_json::to_writer";
const EVENT_AND_MAP: &str = "an event and its properties as a map";
const EVENT: &str = "an event without a use of its properties";
const MAP_OF_SERDE: &str = "serde_json::to_value";

pub(crate) fn works() -> Vec<Work> {
    vec![
        Work::new(TEXT, || {
            let prepared = prepared(&app(), 17);
            let mut buffer = Vec::with_capacity(1024);
            move |times| {
                for _ in 0..times {
                    buffer.clear();
                    black_box(prepared.event()).write_properties(&mut buffer).expect("it can be written");
                }
            }
        }),
        Work::new(TEXT_OF_SERDE, || {
            let sample = of_serde(17);
            let mut buffer = Vec::with_capacity(1024);
            move |times| {
                for _ in 0..times {
                    buffer.clear();
                    serde_json::to_writer(&mut buffer, black_box(&sample)).expect("it can be written");
                }
            }
        }),
        Work::new(EVENT_AND_MAP, || {
            let app = app();
            move |times| {
                for number in 0..times {
                    let prepared = prepared(&app, number);
                    black_box(prepared.event().properties().expect("it can be written"));
                }
            }
        }),
        Work::new(EVENT, || {
            let app = app();
            move |times| (0..times).for_each(|number| _ = black_box(prepared(&app, number)))
        }),
        Work::new(MAP_OF_SERDE, || {
            let sample = of_serde(17);
            move |times| {
                for _ in 0..times {
                    black_box(serde_json::to_value(black_box(&sample)).expect("it can be written"));
                }
            }
        }),
    ]
}

pub(crate) fn rows() -> Vec<Row> {
    let Some(valgrind) = Valgrind::find() else {
        return vec![Row::skipped("all of properties", "valgrind isn't installed")];
    };
    let count = |work| valgrind.instructions(work);
    vec![
        compare(TEXT, count(TEXT), TEXT_OF_SERDE, count(TEXT_OF_SERDE), 105),
        // A map that is made is dropped too, on both sides.
        compare(
            "properties as a map",
            count(EVENT_AND_MAP) - count(EVENT),
            MAP_OF_SERDE,
            count(MAP_OF_SERDE),
            100,
        ),
    ]
}

fn compare(work: &str, ours: u64, against: &str, theirs: u64, target: u64) -> Row {
    let percent = ours * 100 / theirs;
    Row {
        work: work.to_owned(),
        against: format!("`{against}`: {theirs} instructions"),
        measured: format!("{ours} instructions, {percent} %"),
        target: format!("≤ {target} %"),
        reached: Some(percent <= target),
    }
}

macro_rules! sample {
    ($(#[$attribute:meta])* $name:ident $make:ident) => {
        $(#[$attribute])*
        struct $name {
            number: u64,
            name: String,
            reason: Option<String>,
            tags: Vec<String>,
            place: Place,
            share: f64,
            express: bool,
        }

        fn $make(number: u64) -> $name {
            $name {
                number,
                name: "mallory".to_owned(),
                reason: Some("insults and \"spam\"".to_owned()),
                tags: vec!["first".to_owned(), "second".to_owned()],
                place: Place { city: "Zürich".to_owned(), floor: -1 },
                share: 0.25,
                express: true,
            }
        }
    };
}

sample!(
    #[derive(Event)]
    Sample sample
);
sample!(
    #[derive(Serialize)]
    OfSerde of_serde
);

#[derive(Serialize)]
struct Place {
    city: String,
    floor: i8,
}

fn app() -> App {
    App::builder().without_linked().event::<Sample>().start().wait().expect("nothing is wrong with it")
}

fn prepared(app: &App, number: u64) -> Prepared {
    app.track(sample(number)).prepare().expect("the app knows it")
}
