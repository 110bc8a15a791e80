//! Deliveries that are recorded as done in the write of their effect.

use std::sync::{Arc, Mutex, PoisonError};

use event_core::AppBuilder;
use event_core::durable::Delivery;
use event_core::prelude::*;
use event_journal::DoneError;
use event_sqlite::{DeliveryExt, JournalExt, SqliteExt};

use crate::files::{Files, UserBanned, banned};

/// The deliveries that [`count_bans`] has got, and in which database it counts.
#[derive(Clone)]
struct Got {
    deliveries: Arc<Mutex<Vec<Delivery>>>,
    counts_in: &'static str,
}

impl Got {
    fn counting_in(counts_in: &'static str) -> Self {
        Self { deliveries: Arc::default(), counts_in }
    }

    fn take(&self) -> Vec<Delivery> {
        std::mem::take(&mut *self.deliveries.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Fails once before the end of its write, and once after it.
#[hookimpl(track_event, durable)]
fn count_bans(app: &App, event: &UserBanned, delivery: &Delivery) -> event_sqlite::Result<()> {
    let got = app.state::<Got>()?;
    got.deliveries.lock().unwrap_or_else(PoisonError::into_inner).push(delivery.clone());
    count(app, got.counts_in, &event.user, delivery)?;
    if event.user == "after" { Err("after the commit".into()) } else { Ok(()) }
}

fn count(app: &App, database: &str, user: &str, delivery: &Delivery) -> event_sqlite::Result<()> {
    let (user, delivery) = (user.to_owned(), delivery.clone());
    let written = app.database(database)?.write(move |tx| {
        tx.execute("INSERT INTO ban VALUES (?)", (&user,))?;
        delivery.done_in(tx)?;
        let fails = user == "before" && delivery.attempt() == 1;
        if fails { Err("before the commit".into()) } else { Ok(()) }
    });
    written.wait().map(drop)
}

fn app(files: &Files, got: &Got) -> AppBuilder {
    let section = json!({
        "databases": { "app": { "path": "app.db" }, "notes": { "path": "notes.db" } },
        "store": { "database": "app" },
    });
    let app = files.app(section).insert(got.clone()).failure_handler(|_| ());
    app.hook(event_journal::open_the_journal)
        .hook(event_journal::begin_to_deliver)
        .hook(event_journal::stop_delivering)
        .hook(count_bans)
}

fn start(files: &Files, got: &Got) -> App {
    let app = app(files, got).start().wait().expect("the app starts");
    for name in ["app", "notes"] {
        let create = "CREATE TABLE IF NOT EXISTS ban (user TEXT)";
        app.database(name).expect("it is there").execute_write(create, ()).wait().expect("it can be written");
    }
    app
}

fn settle(app: &App) {
    app.deliveries().expect("it delivers").settled().wait().expect("it runs");
}

fn bans(files: &Files) -> Vec<String> {
    files.texts("app.db", "SELECT user FROM ban ORDER BY rowid")
}

const CONSUMER: &str = "event-sqlite::count_bans";

#[test]
fn an_effect_whose_call_fails_is_undone_before_the_commit_and_stays_after_it() {
    let (files, got) = (Files::new(), Got::counting_in("app"));
    let app = start(&files, &got);
    for user in ["before", "after", "mallory"] {
        app.track(banned(user)).wait().expect("it is kept");
    }
    settle(&app);
    assert_eq!(bans(&files), [""; 0]);
    let deliveries = app.deliveries().expect("it delivers");
    deliveries.deliver_now(CONSUMER).wait().expect("it is there");
    settle(&app);
    assert_eq!(bans(&files), ["before", "after", "mallory"]);
    let calls: Vec<_> = got.take().iter().map(|delivery| (delivery.place(), delivery.attempt())).collect();
    assert_eq!(calls, [(1, 1), (1, 2), (2, 1), (3, 1)]);
    assert_eq!(deliveries.consumers().wait().expect("it runs")[0].delivered, 3);
    app.shutdown().wait().expect("everything is written");
}

#[test]
fn a_write_of_a_delivery_that_is_over_is_undone() {
    let (files, got) = (Files::new(), Got::counting_in("app"));
    let first = start(&files, &got);
    first.track(banned("mallory")).wait().expect("it is kept");
    settle(&first);
    let delivery = got.take().remove(0);
    let again = count(&first, "app", "eve", &delivery).expect_err("it is done");
    let again = again.downcast_ref::<DoneError>().expect("it is refused");
    assert!(again.is_done_already() && !again.is_fenced(), "{again}");
    first.shutdown().wait().expect("everything is written");

    let second = start(&files, &got);
    second.track(banned("trudy")).wait().expect("it is kept");
    settle(&second);
    let fenced = count(&second, "app", "eve", &delivery).expect_err("there is another owner");
    assert!(fenced.downcast_ref::<DoneError>().expect("it is refused").is_fenced(), "{fenced}");
    assert_eq!(bans(&files), ["mallory", "trudy"]);
    second.shutdown().wait().expect("everything is written");
}

#[test]
fn in_a_database_without_the_store_it_is_said_what_to_configure() {
    let (files, got) = (Files::new(), Got::counting_in("notes"));
    let app = start(&files, &got);
    app.track(banned("mallory")).wait().expect("it is kept");
    settle(&app);
    let status = app.deliveries().expect("it delivers").consumers().wait().expect("it runs").remove(0);
    let wanted = format!(
        "failed to record a delivery as done in {}: the store isn't in this database; set \
         `plugins.event-sqlite.store.database` to \"notes\", or write to the database that it is in",
        files.path("notes.db").display()
    );
    assert_eq!(status.last_error, Some(wanted));
    assert_eq!(files.texts("notes.db", "SELECT user FROM ban"), [""; 0]);
    app.shutdown().wait().expect("everything is written");
}
