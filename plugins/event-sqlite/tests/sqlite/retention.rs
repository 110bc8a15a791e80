//! Which events go, which stay, and who has a say in it.

use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{TimeDelta, Utc};
use event_core::prelude::*;
use event_sqlite::{SqliteExt, events_needed_from};
use serde_json::Value;

use crate::files::{Files, banned};

/// An app with events that are so many days old, in this order.
fn start(files: &Files, store: &Value, days: &[i64]) -> App {
    // Removing by itself would be in the way of a test that removes.
    let app = files.start(json!({ "databases": { "store": { "path": "store.db" } } }));
    for days in days {
        let at = Utc::now() - TimeDelta::days(*days) + TimeDelta::minutes(5);
        app.track(banned("mallory")).at(at).wait().expect("nothing refuses");
    }
    app.shutdown().wait().expect("everything is written");
    let section = json!({ "databases": { "store": { "path": "store.db" } }, "store": store });
    files
        .app(section)
        .hook(needs)
        .insert(Needs(AtomicI64::new(i64::MAX)))
        .start()
        .wait()
        .expect("the app starts")
}

struct Needs(AtomicI64);

#[hookimpl(events_needed_from)]
fn needs(app: &App) -> Result<i64, String> {
    match app.state::<Needs>().expect("it is there").0.load(Ordering::Relaxed) {
        -1 => Err("the position can't be read".to_owned()),
        seq => Ok(seq),
    }
}

fn seqs(files: &Files) -> Vec<i64> {
    files.rows("store.db", "SELECT seq FROM events ORDER BY seq", (), |row| row.get(0))
}

/// Waits until what the start removes by itself is removed, too.
fn remove(app: &App) {
    app.sqlite_store().expect("it is there").remove_old().wait().expect("they can be removed");
}

#[test]
fn events_older_than_keep_days_go_up_to_the_first_that_isnt() {
    let files = Files::new();
    let app = start(&files, &json!({ "keep_days": 30 }), &[90, 60, 31, 30, 90, 0]);
    remove(&app);
    assert_eq!(seqs(&files), [4, 5, 6], "the fifth came after one that stays");

    for longer_than_there_are_years in [1_000_000, 90_000_000, u32::MAX] {
        let files = Files::new();
        let app = start(&files, &json!({ "keep_days": longer_than_there_are_years }), &[700_000, 0]);
        remove(&app);
        assert_eq!(seqs(&files), [1, 2], "{longer_than_there_are_years}");
    }

    let files = Files::new();
    let app = start(&files, &json!({ "keep_days": 30 }), &[90, 60]);
    remove(&app);
    assert!(seqs(&files).is_empty());
    // A seq that is gone doesn't come again.
    app.track(banned("eve")).wait().expect("nothing refuses");
    assert_eq!(seqs(&files), [3]);
}

#[test]
fn events_beyond_keep_rows_go_oldest_first() {
    let files = Files::new();
    let app = start(&files, &json!({ "keep_rows": 2 }), &[0; 5]);
    remove(&app);
    assert_eq!(seqs(&files), [4, 5]);
    remove(&app);
    assert_eq!(seqs(&files), [4, 5]);

    let files = Files::new();
    let app = start(&files, &json!({ "keep_rows": 4, "keep_days": 30 }), &[90, 90, 0, 0, 0]);
    remove(&app);
    assert_eq!(seqs(&files), [3, 4, 5], "whichever keeps less");
}

#[test]
fn what_somebody_still_needs_stays_and_all_stays_if_that_cant_be_known() {
    let files = Files::new();
    let app = start(&files, &json!({}), &[90; 5]);
    app.shutdown().wait().expect("it stops");
    // Set before the app looks by itself.
    let section = json!({ "databases": { "store": { "path": "store.db" } }, "store": { "keep_rows": 1 } });
    let needed = Needs(AtomicI64::new(-1));
    let app = files.app(section).hook(needs).insert(needed).start().wait().expect("the app starts");
    let error = app
        .sqlite_store()
        .expect("it is there")
        .remove_old()
        .wait()
        .expect_err("an implementation doesn't know what it needs");
    assert!(error.to_string().contains("retention::needs"), "{error}");
    assert_eq!(seqs(&files), [1, 2, 3, 4, 5]);
    app.state::<Needs>().expect("it is there").0.store(3, Ordering::Relaxed);
    remove(&app);
    assert_eq!(seqs(&files), [3, 4, 5]);
}

/// Each step is a transaction of its own, or the one that fails would bring back the first.
#[test]
fn many_events_go_in_steps() {
    let files = Files::new();
    let app = start(&files, &json!({}), &[]);
    let database = app.database("store").expect("it is there");
    let fill = "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 1750)
                INSERT INTO events (id, name, version, created, properties)
                SELECT n, 'old', 1, '2000-01-01T00:00:00.000000Z', '{}' FROM n";
    database.execute_write(fill, ()).wait().expect("they can be written");
    let trigger = "CREATE TRIGGER stays BEFORE DELETE ON events WHEN old.seq = 800 \
                   BEGIN SELECT RAISE(ABORT, 'this one stays'); END";
    database.execute_write(trigger, ()).wait().expect("it can be written");
    app.shutdown().wait().expect("it stops");

    let section = json!({ "databases": { "store": { "path": "store.db" } }, "store": { "keep_rows": 100 } });
    let app = files.start(section);
    app.sqlite_store().expect("it is there").remove_old().wait().expect_err("one can't be removed");
    assert_eq!(seqs(&files), (501..=1750).collect::<Vec<_>>());
    let database = app.database("store").expect("it is there");
    database.execute_write("DROP TRIGGER stays", ()).wait().expect("it can be written");
    remove(&app);
    assert_eq!(seqs(&files), (1651..=1750).collect::<Vec<_>>());
}

#[test]
fn without_a_limit_everything_stays() {
    let files = Files::new();
    let app = start(&files, &json!({}), &[9000, 0]);
    remove(&app);
    assert_eq!(seqs(&files), [1, 2]);
}

/// It ends by itself, and the app's end doesn't wait for the next look.
#[test]
fn a_start_removes_old_events_by_itself() {
    let files = Files::new();
    let app = start(&files, &json!({ "keep_rows": 1 }), &[0, 0, 0]);
    let database = app.database("store").expect("it is there");
    while database
        .read(|db| Ok(db.query_row("SELECT count(*) FROM events", (), |row| row.get::<_, i64>(0))?))
        .wait()
        .expect("it can be read")
        > 1
    {
        std::thread::yield_now();
    }
    assert_eq!(seqs(&files), [3]);
    app.shutdown().wait().expect("it stops");
}
