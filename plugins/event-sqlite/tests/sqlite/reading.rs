//! What an application reads back of its events, and in which order.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use event_core::prelude::*;
use event_journal::query::Events;
use event_journal::{Error, Store, Stored};
use event_sqlite::rusqlite::Connection;
use event_sqlite::{JournalExt, SqliteExt};

use crate::files::{Files, UserBanned, banned};

#[derive(Event, Debug, PartialEq, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct OrderPlaced {
    total_cents: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

#[derive(Event, Debug, PartialEq, serde::Deserialize)]
struct Tick;

fn start(files: &Files) -> (App, Store) {
    let builder =
        files.app(json!({ "store": { "path": "store.db" } })).event::<OrderPlaced>().event::<Tick>();
    let app = builder.start().wait().expect("the app starts");
    let store = app.store().expect("it is there");
    (app, store)
}

fn track(app: &App, event: impl Event, actor: &str, at: &str) {
    let at = at.parse().expect("a time");
    app.track(event).by(Actor::new(actor)).at(at).wait().expect("nothing refuses");
}

/// Four events by two actors; the third happened before the others.
fn start_with_events(files: &Files) -> (App, Store) {
    let (app, store) = start(files);
    track(&app, banned("mallory"), "ada", "2026-11-22T10:00:00Z");
    track(&app, OrderPlaced { total_cents: 4200, note: None }, "grace", "2026-11-22T11:00:00.5Z");
    track(&app, banned("eve"), "grace", "2026-11-22T09:00:00Z");
    track(&app, Tick, "ada", "2026-11-22T12:00:00Z");
    (app, store)
}

fn seqs(events: Events) -> Vec<u64> {
    events.list().wait().expect("they can be read").iter().map(|event| event.seq).collect()
}

#[test]
fn an_event_comes_back_as_it_was_tracked() {
    let files = Files::new();
    let (app, store) = start(&files);
    let order = OrderPlaced { total_cents: u64::MAX, note: Some("\u{0}\"ü".to_owned()) };
    let track = app.track(order).by(Actor::new("ada").with("roles", json!(["admin", { "x": null }])));
    let receipt =
        track.at("2026-11-22T10:00:00.000001Z".parse().expect("a time")).wait().expect("nothing refuses");
    app.track(Tick).wait().expect("nothing refuses");

    let events = store.events().list().wait().expect("they can be read");
    assert_eq!((events[0].seq, events[0].id), (1, receipt.id()));
    assert_eq!((events[0].name.as_str(), events[0].version), ("order-placed", 1));
    assert_eq!(
        events[0].created,
        "2026-11-22T10:00:00.000001Z".parse::<chrono::DateTime<chrono::Utc>>().expect("a time")
    );
    let actor = json!({ "id": "ada", "roles": ["admin", { "x": null }] });
    assert_eq!(json!(events[0].actor), actor);
    assert_eq!(json!(events[0].properties), json!({ "totalCents": u64::MAX, "note": "\u{0}\"ü" }));
    assert_eq!(events[1].actor, None);

    let orders = store.events_of::<OrderPlaced>().list().wait().expect("they can be read");
    assert_eq!(orders.len(), 1);
    assert_eq!(orders[0].event, OrderPlaced { total_cents: u64::MAX, note: Some("\u{0}\"ü".to_owned()) });
    assert_eq!((orders[0].seq, orders[0].id, orders[0].version), (1, receipt.id(), 1));
    assert_eq!(json!(orders[0].actor), actor);
    let ticks = store.events_of::<Tick>().list().wait().expect("they can be read");
    assert_eq!(ticks[0].event, Tick);
}

#[test]
fn filters_choose_and_are_all_met() {
    let files = Files::new();
    let (_app, store) = start_with_events(&files);
    let time = |text: &str| text.parse().expect("a time");
    for (events, expected) in [
        (store.events(), &[1, 2, 3, 4][..]),
        (store.events().newest_first(), &[4, 3, 2, 1]),
        (store.events().name("user-banned"), &[1, 3]),
        (store.events().name("user-*"), &[1, 3]),
        (store.events().name("*-*").newest_first(), &[3, 2, 1]),
        (store.events().name("tick").name("*-placed"), &[2, 4]),
        (store.events().name("nothing-*"), &[]),
        (store.events().name("nothing"), &[]),
        (store.events().actor("ada"), &[1, 4]),
        (store.events().actor("ad"), &[]),
        (store.events().since(time("2026-11-22T10:00:00Z")).until(time("2026-11-22T11:00:00.5Z")), &[1]),
        (store.events().since(time("2026-11-22T11:00:00.5Z")), &[2, 4]),
        (store.events().after(1).before(4), &[2, 3]),
        (store.events().after(1).before(4).newest_first(), &[3, 2]),
        (store.events().limit(2), &[1, 2]),
        (store.events().limit(2).newest_first(), &[4, 3]),
        (store.events().limit(0), &[]),
        (store.events().name("user-*").actor("grace").after(1).limit(5).newest_first(), &[3]),
    ] {
        let asked = format!("{events:?}");
        assert_eq!(seqs(events), expected, "{asked}");
    }
}

#[test]
fn a_name_that_no_event_can_have_is_an_error() {
    let files = Files::new();
    let (_app, store) = start_with_events(&files);
    let error = store.events().name("User Banned").list().wait().expect_err("it is no name");
    assert!(error.to_string().starts_with("\"User Banned\" matches no event"), "{error}");
    let mut stream = store.events().name("").follow();
    assert!(matches!(pollster::block_on(stream.next()), Some(Err(Error::NoName(_)))));
    assert!(pollster::block_on(stream.next()).is_none());
}

/// More than a chunk, in both directions, and more names than parts of a statement.
#[test]
fn any_number_of_events_streams_in_order_each_once_and_no_transaction_is_held() {
    const COUNT: u32 = 1000;
    let files = Files::new();
    let (app, store) = start(&files);
    let insert = app.database("store").expect("it is there").write(|tx| {
        for number in 1..=COUNT {
            tx.execute(
                "INSERT INTO events (id, name, version, created, properties)
                 VALUES (?1, 'counted-' || (?1 % 70), 1, '2026-11-22T10:00:00.000000Z', '{}')",
                (number,),
            )?;
        }
        Ok(())
    });
    insert.wait().expect("they can be written");
    let other = Connection::open(files.path("store.db")).expect("the file is there");
    other
        .execute("UPDATE events SET id = printf('00000000-0000-7000-8000-%012d', seq)", ())
        .expect("it can be written");

    let mut forwards = store.events().name("counted-*").stream();
    let mut seqs = Vec::new();
    while let Some(event) = pollster::block_on(forwards.next()) {
        seqs.push(event.expect("it can be read").seq);
        if seqs.len() == 1 {
            // A reader that held a transaction would keep the log from being emptied.
            let emptied: i64 = other
                .query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |row| row.get(0))
                .expect("it can be asked for");
            assert_eq!(emptied, 0, "no reader is in the way");
        }
    }
    assert_eq!(seqs, (1..=u64::from(COUNT)).collect::<Vec<_>>());
    let backwards = store.events().newest_first().limit(600).stream().wait();
    let seqs: Vec<_> = backwards.map(|event| event.expect("it can be read").seq).collect();
    assert_eq!(seqs, (401..=u64::from(COUNT)).rev().collect::<Vec<_>>());
    let few = store.events().name("counted-1").name("counted-2").newest_first().limit(3);
    assert_eq!(self::seqs(few), [982, 981, 912]);
}

#[test]
fn a_row_that_cant_be_read_is_an_error_of_that_row() {
    let files = Files::new();
    let (app, store) = start_with_events(&files);
    let database = app.database("store").expect("it is there");
    let damage = "UPDATE events SET properties = '{\"user\": 17}' WHERE seq = 1";
    database.execute_write(damage, ()).wait().expect("it can be written");
    let read: Vec<_> = store.events_of::<UserBanned>().stream().wait().collect();
    let [Err(error @ Error::Unreadable { seq: 1, .. }), Ok(eve)] = read.as_slice() else {
        panic!("{read:?}")
    };
    assert_eq!(eve.user, "eve");
    let text = error.to_string();
    let says = "store.db: invalid type: integer `17`, expected a string";
    assert!(text.starts_with("failed to read the event with seq 1 of ") && text.contains(says), "{text}");
    assert!(store.events_of::<UserBanned>().list().wait().is_err());
}

/// Row 2 can't be read, for each of these reasons. No row of a store is like this; another program can make it so.
#[test]
fn one_odd_row_is_an_error_with_its_seq_and_every_other_row_is_read() {
    for (odd, cause) in [
        ("version = 5000000000", "`version` is 5000000000; it can be 1 to 4294967295"),
        ("version = -1", "`version` is -1"),
        ("version = 0", "`version` is 0"),
        ("name = CAST(x'ff' AS TEXT)", "`name` is no UTF-8"),
        ("id = CAST(x'ff' AS TEXT)", "`id` is no UTF-8"),
        ("created = CAST(x'ff' AS TEXT)", "`created` is no UTF-8"),
        ("actor = CAST(x'7bff7d' AS TEXT)", "`actor` is no UTF-8"),
        ("properties = CAST(x'ff' AS TEXT)", "`properties` is no UTF-8"),
        ("properties = '{'", "EOF while parsing"),
        ("properties = ''", "EOF while parsing"),
        ("actor = 'ada'", "expected value"),
        ("created = 'yesterday'", "invalid"),
        ("id = 'one'", "invalid"),
    ] {
        let files = Files::new();
        let (_app, store) = start_with_events(&files);
        let other = Connection::open(files.path("store.db")).expect("the file is there");
        other.execute(&format!("UPDATE events SET {odd} WHERE seq = 2"), ()).expect("it can be written");
        let seqs = |events: Vec<Result<Stored, Error>>| -> Vec<Result<u64, u64>> {
            let seq = |event| match event {
                Ok(Stored { seq, .. }) => Ok(seq),
                Err(Error::Unreadable { seq, reason, .. }) => {
                    assert!(reason.contains(cause), "{odd}: {reason}");
                    Err(seq)
                }
                Err(other) => panic!("{odd}: {other:?}"),
            };
            events.into_iter().map(seq).collect()
        };
        let streamed = seqs(store.events().stream().wait().collect());
        assert_eq!(streamed, [Ok(1), Err(2), Ok(3), Ok(4)], "{odd}");
        let backwards = seqs(store.events().newest_first().limit(3).stream().wait().collect());
        assert_eq!(backwards, [Ok(4), Ok(3), Err(2)], "{odd}");
        let mut follow = store.events().after(0).follow();
        let followed = (0..4).map(|_| pollster::block_on(follow.next()).expect("it goes on")).collect();
        assert_eq!(seqs(followed), [Ok(1), Err(2), Ok(3), Ok(4)], "{odd}");
        // Names that aren't text don't keep others from being found.
        assert_eq!(seqs(store.events().name("user-*").stream().wait().collect()), [Ok(1), Ok(3)], "{odd}");
        let error = store.events().list().wait().expect_err("it says which rows");
        assert!(matches!(&error, Error::UnreadableEvents { seqs, .. } if *seqs == [2]), "{odd}: {error:?}");
        assert!(error.to_string().contains("(seq 2); `.stream()` gives the others"), "{error}");
    }
}

fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn following_gives_what_is_there_then_what_comes_from_this_process_and_from_others() {
    let files = Files::new();
    let (app, store) = start_with_events(&files);
    let mut bans = store.events().name("user-*").after(0).follow();
    let mut next = || pollster::block_on(bans.next()).expect("it goes on").expect("it can be read");
    assert_eq!([next().seq, next().seq], [1, 3]);

    // While it waits already.
    let waits = std::thread::spawn(move || {
        let event: Stored = pollster::block_on(bans.next()).expect("it goes on").expect("it can be read");
        (event, bans)
    });
    app.track(Tick).wait().expect("nothing refuses");
    app.track(banned("trent")).wait().expect("nothing refuses");
    let (event, mut bans) = waits.join().expect("it doesn't panic");
    assert_eq!(json!(event.properties), json!({ "user": "trent" }));

    // By a connection that this plugin knows nothing of.
    let other = Connection::open(files.path("store.db")).expect("the file is there");
    let insert = "INSERT INTO events (id, name, version, created, properties) VALUES \
                  ('019aab2c-5a00-7000-8000-000000000001', 'user-seen', 1, '2026-11-22T10:00:00.000000Z', '{}')";
    other.execute(insert, ()).expect("it can be written");
    let event = pollster::block_on(bans.next()).expect("it goes on").expect("it can be read");
    assert_eq!(event.name, "user-seen");

    let ends = std::thread::spawn(move || bans.wait().count());
    app.shutdown().wait().expect("everything is written");
    assert_eq!(ends.join().expect("it doesn't panic"), 0, "it ends with the app");
}

#[test]
fn following_without_a_place_begins_with_what_comes() {
    let files = Files::new();
    let app = files.start(json!({ "databases": { "store": { "path": "store.db", "readers": 1 } } }));
    let store = app.store().expect("it is there");
    app.track(banned("mallory")).wait().expect("nothing refuses");
    let mut events = store.events().limit(1).follow();
    let mut next = Box::pin(events.next());
    assert!(poll(next.as_mut()).is_pending());
    // The one reader has read where the store ends when it has done this, too.
    app.sqlite_store().expect("it is there").database().read(|_| Ok(())).wait().expect("it can be read");
    app.track(banned("eve")).wait().expect("nothing refuses");
    let event = pollster::block_on(next).expect("it goes on").expect("it can be read");
    assert_eq!(event.seq, 2);
    assert!(pollster::block_on(events.next()).is_none(), "one was asked for");
}
