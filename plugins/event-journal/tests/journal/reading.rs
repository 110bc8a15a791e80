//! What an application reads back over a journal in memory.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Waker};

use event_core::prelude::*;
use event_core::{Durability, Record};
use event_journal::journal::{Error as JournalError, Filter, Journal, Page, Pending, Saved};
use event_journal::query::Events;
use event_journal::{Error, JournalExt, MemoryJournal, OpenedJournal, Stored, testing};

#[derive(Event, Debug, PartialEq, serde::Deserialize)]
struct UserBanned {
    user: u32,
}

#[derive(Event, Debug, PartialEq, serde::Deserialize)]
struct Tick;

fn start(journal: &MemoryJournal) -> App {
    let app = testing::app(journal).event::<UserBanned>().event::<Tick>().start().wait();
    app.expect("the app starts")
}

fn track(app: &App, event: impl Event, actor: &str, at: &str) {
    app.track(event).by(actor).at(at.parse().expect("a time")).wait().expect("nothing refuses");
}

/// Four events by two actors; the third happened before the others.
fn start_with_events() -> App {
    let app = start(&MemoryJournal::new());
    track(&app, UserBanned { user: 1 }, "ada", "2026-11-22T10:00:00Z");
    track(&app, Tick, "grace", "2026-11-22T11:00:00Z");
    track(&app, UserBanned { user: 3 }, "grace", "2026-11-22T09:00:00Z");
    track(&app, Tick, "ada", "2026-11-22T12:00:00Z");
    app
}

fn seqs(events: Events) -> Vec<u64> {
    events.list().wait().expect("they can be read").iter().map(|event| event.seq).collect()
}

#[test]
fn queries_choose_typed_and_untyped_in_both_directions() {
    let app = start_with_events();
    let store = app.store().expect("there is a journal");
    let nine = "2026-11-22T09:30:00Z".parse().expect("a time");
    for (events, expected) in [
        (store.events(), &[1, 2, 3, 4][..]),
        (store.events().newest_first(), &[4, 3, 2, 1]),
        (store.events().newest_first().before(4).limit(2), &[3, 2]),
        (store.events().name("user-*"), &[1, 3]),
        (store.events().name("tick").name("nothing"), &[2, 4]),
        (store.events().actor("ada"), &[1, 4]),
        (store.events().since(nine), &[1, 2, 4]),
        (store.events().until(nine), &[3]),
        (store.events().after(1).before(4), &[2, 3]),
        (store.events().limit(0), &[]),
    ] {
        let asked = format!("{events:?}");
        assert_eq!(seqs(events), expected, "{asked}");
    }
    let bans = store.events_of::<UserBanned>().newest_first().list().wait().expect("they can be read");
    assert_eq!((bans[0].seq, &bans[0].event), (3, &UserBanned { user: 3 }));
    assert_eq!(store.events_of::<Tick>().list().wait().expect("they can be read")[1].event, Tick);
    let error = store.events().name("User Banned").list().wait().expect_err("it is no name");
    assert!(matches!(error, Error::NoName(_)), "{error}");
}

#[test]
fn an_event_is_found_by_the_id_in_its_receipt() {
    let app = start(&MemoryJournal::new());
    app.track(Tick).wait().expect("nothing refuses");
    let receipt = app.track(UserBanned { user: 7 }).wait().expect("nothing refuses");
    let store = app.store().expect("there is a journal");
    let found = store.find(receipt.id()).wait().expect("it can be read").expect("it is there");
    assert_eq!((found.seq, found.properties["user"].as_u64()), (2, Some(7)));
    let unknown = "019aab2c-5a00-7000-8000-000000000001".parse().expect("an id");
    assert_eq!(store.find(unknown).wait().expect("it can be read"), None);
}

#[test]
fn events_that_are_not_of_the_type_are_errors_of_those_events() {
    let journal = MemoryJournal::new();
    let app = start(&journal);
    for properties in [json!({ "user": 1 }), json!({ "user": "one" }), json!({ "user": 3 })] {
        let record = json!({ "id": uuid::Uuid::new_v4(), "name": "user-banned", "version": 1,
            "created": "2026-11-22T10:00:00Z", "properties": properties });
        let record: Record = serde_json::from_value(record).expect("it is an event");
        pollster::block_on(journal.append(&[record])).expect("there is memory");
    }
    let store = app.store().expect("there is a journal");
    let read: Vec<_> = store.events_of::<UserBanned>().stream().wait().collect();
    let [Ok(_), Err(Error::Unreadable { seq: 2, reason, .. }), Ok(_)] = read.as_slice() else {
        panic!("{read:?}")
    };
    assert!(reason.contains("invalid type: string \"one\""), "{reason}");
    let error = store.events_of::<UserBanned>().list().wait().expect_err("one can't be read");
    assert!(matches!(&error, Error::UnreadableEvents { seqs, .. } if *seqs == [2]), "{error}");
    assert_eq!(store.events().list().wait().expect("each is an event").len(), 3);
}

#[test]
fn following_begins_where_it_is_told_and_ends_with_the_app() {
    let app = start_with_events();
    let store = app.store().expect("there is a journal");
    let mut new = store.events().follow();
    let is_pending = pin!(new.next()).as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending();
    assert!(is_pending, "nothing is new");
    let ten = "2026-11-22T10:30:00Z".parse().expect("a time");
    let since: Vec<_> = store.events().since(ten).limit(2).follow().wait().collect();
    let seqs: Vec<_> = since.iter().map(|event| event.as_ref().expect("it can be read").seq).collect();
    assert_eq!(seqs, [2, 4], "what is there already");
    let after: Vec<_> = store.events().name("user-*").after(1).limit(1).follow().wait().collect();
    assert_eq!(after[0].as_ref().expect("it can be read").seq, 3);

    let follows = std::thread::spawn(move || {
        let first: Stored = pollster::block_on(new.next()).expect("it goes on").expect("it can be read");
        (first.seq, new.wait().count())
    });
    app.track(Tick).wait().expect("nothing refuses");
    app.shutdown().wait().expect("nothing fails");
    assert_eq!(follows.join().expect("it doesn't panic"), (5, 0));
}

/// A journal whose first events are gone.
struct Trimmed(MemoryJournal, u64);

impl Journal for Trimmed {
    fn place(&self) -> String {
        "trimmed".to_owned()
    }

    fn identity(&self) -> Pending<'_, String> {
        self.0.identity()
    }

    fn append<'a>(&'a self, events: &'a [Record]) -> Pending<'a, u64> {
        self.0.append(events)
    }

    fn end(&self) -> Pending<'_, u64> {
        self.0.end()
    }

    fn read<'a>(&'a self, after: u64, filter: &'a Filter, limit: usize) -> Pending<'a, Page> {
        if after + 1 < self.1 {
            return Box::pin(std::future::ready(Err(JournalError::Gone { first: self.1 })));
        }
        self.0.read(after, filter, limit)
    }

    fn read_back<'a>(&'a self, before: u64, filter: &'a Filter, limit: usize) -> Pending<'a, Page> {
        self.0.read_back(before, filter, limit)
    }

    fn newer(&self, than: u64) -> Pending<'_, ()> {
        self.0.newer(than)
    }

    fn count<'a>(&'a self, after: u64, filter: &'a Filter, most: u64) -> Pending<'a, u64> {
        self.0.count(after, filter, most)
    }

    fn load<'a>(&'a self, key: &'a str) -> Pending<'a, Option<Saved>> {
        self.0.load(key)
    }

    fn save<'a>(
        &'a self,
        key: &'a str,
        expected: u64,
        value: Option<&'a [u8]>,
        durability: Durability,
    ) -> Pending<'a, u64> {
        self.0.save(key, expected, value, durability)
    }

    fn list<'a>(
        &'a self,
        prefix: &'a str,
        after: &'a str,
        limit: usize,
    ) -> Pending<'a, Vec<(String, Saved)>> {
        self.0.list(prefix, after, limit)
    }
}

#[hookimpl(event_journal::open_journal)]
fn open_trimmed(app: &App) -> event_core::Result<OpenedJournal> {
    Ok(OpenedJournal::new("trimmed", Trimmed((*app.state::<MemoryJournal>()?).clone(), 3)))
}

#[test]
fn where_events_are_gone_those_that_are_left_are_read() {
    let journal = MemoryJournal::new();
    let app = start(&journal);
    (1..5).for_each(|user| drop(app.track(UserBanned { user }).wait().expect("nothing refuses")));
    let app = App::builder().without_linked().insert(journal).hook(open_trimmed).start().wait();
    let app = app.expect("the app starts");
    let store = app.store().expect("there is a journal");
    assert_eq!(seqs(store.events()), [3, 4]);
    assert_eq!(seqs(store.events().after(1)), [3, 4]);
    let followed: Vec<_> = store.events().after(0).limit(2).follow().wait().collect();
    assert_eq!(followed[0].as_ref().expect("it can be read").seq, 3);
}

#[test]
fn an_app_without_a_journal_says_how_it_gets_one() {
    let app = App::builder().without_linked().start().wait().expect("the app starts");
    let error = app.store().expect_err("it has none");
    assert!(matches!(error, Error::NoStore { .. }), "{error}");
    assert!(error.to_string().contains("plugins![event_sqlite]"), "{error}");
}
