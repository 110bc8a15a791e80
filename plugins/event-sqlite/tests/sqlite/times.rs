//! Which events a time is before and after, at the ends of what can be stored and beyond.

use chrono::{DateTime, Utc};
use event_core::prelude::*;
use event_journal::Stored;
use event_sqlite::{Error, JournalExt, SqliteExt};

use crate::files::{Files, UserBanned, banned};

fn at(time: &str) -> DateTime<Utc> {
    time.parse().expect("a time")
}

#[test]
fn since_and_until_divide_all_events_wherever_they_are() {
    let files = Files::new();
    let app = files.start(json!({ "store": { "path": "store.db" } }));
    let tracked = [
        "0000-01-01T00:00:00Z",
        "2016-12-31T23:59:59.999999Z",
        "2017-01-01T00:00:00Z",
        "2026-11-22T11:57:54.619377Z",
        "9999-12-31T23:59:59.999999Z",
    ];
    for time in tracked {
        app.track(banned("mallory")).at(at(time)).wait().expect("nothing refuses");
    }
    let store = app.store().expect("it is there");
    for bound in tracked.into_iter().chain([
        "-0001-12-31T23:59:59Z",
        "-200000-01-01T00:00:00Z",
        "+10000-01-01T00:00:00Z",
        "+200000-01-01T00:00:00Z",
        "2016-12-31T23:59:60.5Z",
        "2026-11-22T11:57:54.619377001Z",
        "2026-11-22T11:57:54.619376999Z",
        "9999-12-31T23:59:59.999999001Z",
    ]) {
        let bound = at(bound);
        let since = store.events().since(bound).list().wait().expect("they can be read");
        let until = store.events().until(bound).list().wait().expect("they can be read");
        let times = |events: &[Stored]| events.iter().map(|it| it.created).collect::<Vec<_>>();
        let (before, after): (Vec<_>, Vec<_>) =
            tracked.iter().map(|time| at(time)).partition(|it| *it < bound);
        assert_eq!((times(&until), times(&since)), (before, after), "{bound:?}");
    }
}

const OUTSIDE: [&str; 3] =
    ["-0001-12-31T23:59:59.999999999Z", "+10000-01-01T00:00:00Z", "9999-12-31T23:59:59-00:01"];

#[test]
fn a_write_that_tracks_at_a_time_no_event_can_have_writes_nothing() {
    let files = Files::new();
    let app = files.start(json!({ "store": { "path": "store.db" } }));
    for time in OUTSIDE.into_iter().chain(["2016-12-31T23:59:60.5Z"]) {
        let written = app.sqlite_store().expect("it is there").database().write(move |tx| {
            tx.execute("CREATE TABLE ban (user TEXT) STRICT", ())?;
            tx.track(banned("mallory"))?.at(at(time));
            Ok(())
        });
        let error = written.wait().expect_err(time);
        let is_refused =
            matches!(&error, Error::Event(why) if matches!(**why, event_core::Error::Envelope { .. }));
        assert!(is_refused, "{time}: {error}");
    }
    let tables = "SELECT name FROM sqlite_schema WHERE name = 'ban' UNION ALL SELECT name FROM events";
    assert!(files.texts("store.db", tables).is_empty());
}

#[test]
fn a_row_of_a_year_that_no_event_has_is_unreadable_as_any_event_and_as_one_of_its_type() {
    let files = Files::new();
    let app = files.start(json!({ "store": { "path": "store.db" } }));
    let store = app.store().expect("it is there");
    for time in OUTSIDE.into_iter().chain(["0000-01-01T00:00:00Z", "2016-12-31T23:59:60.500000Z"]) {
        app.track(banned("mallory")).wait().expect("nothing refuses");
        let odd = "UPDATE events SET created = ? WHERE seq = (SELECT max(seq) FROM events)";
        app.sqlite_store()
            .expect("it is there")
            .database()
            .execute_write(odd, (time,))
            .wait()
            .expect("it is written");
    }
    for error in [
        store.events().list().wait().expect_err("three are odd"),
        store.events_of::<UserBanned>().list().wait().expect_err("three are odd"),
    ] {
        assert!(
            matches!(&error, event_journal::Error::UnreadableEvents { seqs, .. } if *seqs == [1, 2, 3]),
            "{error:?}"
        );
    }
    let typed = store.events_of::<UserBanned>().after(3).list().wait().expect("they can be read");
    let any = store.events().after(3).list().wait().expect("they can be read");
    let read = [at("0000-01-01T00:00:00Z"), at("2016-12-31T23:59:60.5Z")];
    assert_eq!([any[0].created, any[1].created], read);
    assert_eq!([typed[0].created, typed[1].created], read);
}
