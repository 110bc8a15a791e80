//! A shutdown that is dropped at any await and asked for again, while durable implementations are called.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use event_core::prelude::*;
use event_journal::JournalExt;

use crate::chance::{Chance, runs};
use crate::consumers::{deliver, pause_async};
use crate::shutdown::{WAITING, drop_after, pause, track_all};
use crate::writer::{Counted, PRODUCERS, Task, Told, app};

/// A producer's event, by its number.
type Event = (u32, u32);

/// What was delivered, by implementation.
#[derive(Clone, Default)]
struct Delivered(Arc<Mutex<[Vec<Event>; 2]>>);

impl Delivered {
    fn add(&self, place: usize, event: &Counted) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all[place].push((event.producer, event.number));
    }
}

#[hookimpl(track_event, durable)]
fn takes_its_time(app: &App, event: &Counted) {
    pause(Duration::from_micros(u64::from(event.number * 37 % 300)));
    app.state::<Delivered>().expect("it is there").add(0, event);
}

#[hookimpl(track_event, durable)]
async fn waits_a_while(app: &App, event: &Counted) {
    pause_async(Duration::from_micros(u64::from(event.number * 91 % 700))).await;
    app.state::<Delivered>().expect("it is there").add(1, event);
}

#[test]
fn a_shutdown_that_is_dropped_at_any_await_and_repeated_lets_calls_end_and_repeats_none_of_them() {
    let mut chance = Chance::new();
    let runs = runs(30);
    let directory = tempfile::tempdir().expect("there is room for a directory");
    let delivered = Delivered::default();
    let (mut dropped, mut left) = (0, 0);
    for run in 0..=u32::try_from(runs).expect("they are few") {
        let task = Task::endless(directory.path().join("app.db"), Told::default());
        let builder = deliver(app(&task)).insert(delivered.clone());
        let app = builder.hook(takes_its_time).hook(waits_a_while).start().wait().expect("the app starts");
        if u64::from(run) == runs {
            app.deliveries().expect("it has consumers").settled().wait().expect("it runs");
        } else {
            track_all(&app, run);
        }
        let polls = chance.below(4);
        for _ in 0..chance.below(3) {
            dropped += u32::from(drop_after(&app, polls, chance.up_to(Duration::from_millis(1))));
        }
        app.shutdown().wait().unwrap_or_else(|error| panic!("run {run}: {error}"));
        if u64::from(run) == runs {
            break;
        }
        if u64::from(run) < runs {
            let lists = delivered.0.lock().unwrap_or_else(PoisonError::into_inner);
            let all = (run + 1) as usize * WAITING as usize * PRODUCERS;
            left += usize::from(lists.iter().any(|list| list.len() < all));
        }
    }
    let store =
        event_sqlite::rusqlite::Connection::open(directory.path().join("app.db")).expect("it is there");
    let sql = "SELECT properties ->> '$.producer', properties ->> '$.number' FROM events ORDER BY seq";
    let mut statement = store.prepare(sql).expect("the store has its table");
    let rows = statement.query_map((), |row| Ok((row.get(0)?, row.get(1)?))).expect("it can be read");
    let events: Vec<Event> = rows.collect::<Result<_, _>>().expect("it can be read");
    for delivered in &*delivered.0.lock().unwrap_or_else(PoisonError::into_inner) {
        assert!(*delivered == events, "each once, in order: {} of {}", delivered.len(), events.len());
    }
    println!(
        "{runs} shutdowns, of which {dropped} were dropped before their end; {left} left events to the next start"
    );
    assert!(dropped > 0 && left > 0, "{dropped} dropped, {left} left: this test tests nothing");
}
