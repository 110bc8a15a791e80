//! What a clock that goes backwards does to events, over several starts.

use std::collections::HashSet;
use std::sync::atomic::{AtomicI64, Ordering};

use event_sqlite::JournalExt;

use crate::writer::{Counted, Task, Told, app};

/// More than are read at a time.
const EVENTS: u32 = 1200;

/// Each start finds the clock a day behind the last one, where it goes back by a second an event, or stands still.
#[test]
fn with_a_clock_that_goes_backwards_ids_stay_unique_and_readers_and_followers_miss_nothing() {
    let directory = tempfile::tempdir().expect("there is room for a directory");
    let file = directory.path().join("app.db");
    let mut ids = HashSet::new();
    let mut seen = 0;
    for (start, step) in [(3, 1), (2, 0), (2, 0), (1, 1)] {
        let seconds = AtomicI64::new(1_800_000_000 + start * 86_400);
        let builder = app(&Task::endless(file.clone(), Told::default())).clock(move || {
            chrono::DateTime::from_timestamp(seconds.fetch_sub(step, Ordering::Relaxed), 0).expect("a time")
        });
        let app = builder.start().wait().expect("the app starts");
        let store = app.store().expect("it is there");
        // Who follows goes on where the last process stopped, while events come.
        let follow = store.events().after(seen).limit(EVENTS.into()).follow();
        let follows = std::thread::spawn(move || {
            let numbers = follow.wait().map(|event| {
                let event = event.expect("it can be read");
                (event.seq, event.properties["number"].as_u64())
            });
            numbers.collect::<Vec<_>>()
        });
        let track = |number| {
            let counted = Counted { producer: 0, number, filler: String::new() };
            app.track(counted).wait().expect("nothing refuses").id()
        };
        // On a thread that is as new as the process.
        let tracks =
            std::thread::scope(|scope| scope.spawn(|| (0..EVENTS).map(track).collect::<Vec<_>>()).join());
        for id in tracks.expect("it doesn't panic") {
            assert!(ids.insert(id), "an id comes twice");
        }
        let followed = follows.join().expect("it doesn't panic");
        let expected = (seen + 1..).zip((0..EVENTS).map(|number| Some(number.into()))).collect::<Vec<_>>();
        assert_eq!(followed, expected, "in the order in which they were accepted, none skipped");
        seen += u64::from(EVENTS);
        let read =
            store.events().newest_first().stream().wait().map(|event| event.expect("it can be read").seq);
        assert!(read.eq((1..=seen).rev()), "reading skips one");
        app.shutdown().wait().expect("everything is written");
    }
}
