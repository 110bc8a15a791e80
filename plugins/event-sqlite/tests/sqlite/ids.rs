//! What a receipt is worth where an event's row isn't inserted, because its id is there or a trigger ignored it.

use event_core::prelude::*;
use event_core::{Durability, Track};
use event_sqlite::{Error, SqliteExt};
use uuid::Uuid;

use crate::files::{Files, UserBanned, banned};
use crate::writes::hold;

/// Another event with the same properties.
#[derive(Event)]
struct UserForgiven {
    user: String,
}

/// The same event in a later version.
#[derive(Event)]
#[event(name = "user-banned", version = 2)]
struct Later {
    user: String,
}

fn id(number: u32) -> Uuid {
    format!("019aab2c-5a00-7000-8000-{number:012}").parse().expect("it is an id")
}

fn start(files: &Files, ack: &str) -> App {
    let builder = files.app(json!({ "store": { "path": "store.db", "ack": ack } }));
    builder.event::<UserForgiven>().start().wait().expect("the app starts")
}

/// What the store says of an event that it refuses.
fn refusal<E: Event>(track: Track<'_, E>) -> Error {
    match track.wait() {
        Err(event_core::Error::Refused(failure)) => {
            failure.cause().downcast_ref::<Error>().expect("it is the store's error").clone()
        }
        other => panic!("not refused: {other:?}"),
    }
}

fn differs_in(error: &Error) -> &'static str {
    match error {
        Error::IdTaken { other, .. } => other,
        error => panic!("{error}"),
    }
}

#[test]
fn another_event_with_the_id_of_a_kept_one_is_refused_and_the_same_one_again_is_kept_once() {
    let files = Files::new();
    let app = start(&files, "commit");
    let root = || Actor::new("root");
    for _ in 0..2 {
        let receipt = app.track(banned("mallory")).by(root()).id(id(1)).wait().expect("nothing refuses");
        assert_eq!(receipt.durability(), Durability::OnDisk);
    }
    let error = refusal(app.track(banned("eve")).by(root()).id(id(1)));
    assert_eq!(differs_in(&error), "properties");
    let text = "its id 019aab2c-5a00-7000-8000-000000000001 belongs to another event, which differs in its properties";
    assert!(error.to_string().contains(text), "{error}");
    assert_eq!(differs_in(&refusal(app.track(banned("mallory")).by(Actor::new("eve")).id(id(1)))), "actor");
    assert_eq!(differs_in(&refusal(app.track(banned("mallory")).id(id(1)))), "actor");
    let forgiven = UserForgiven { user: "mallory".to_owned() };
    assert_eq!(differs_in(&refusal(app.track(forgiven).by(root()).id(id(1)))), "name");
    app.shutdown().wait().expect("everything is written");

    let later = App::builder()
        .without_linked()
        .hook(event_sqlite::open_databases)
        .hook(event_sqlite::keep_event)
        .hook(event_sqlite::close_databases)
        .event::<Later>()
        .config(json!({ "plugins": { "event-sqlite": { "store": { "path": files.path("store.db") } } } }))
        .start()
        .wait()
        .expect("the app starts");
    let mallory = Later { user: "mallory".to_owned() };
    assert_eq!(differs_in(&refusal(later.track(mallory).by(root()).id(id(1)))), "version");
    let users = files.texts("store.db", "SELECT properties ->> '$.user' FROM events");
    assert_eq!(users, ["mallory"]);
}

/// Properties are the same where only the order of a map's keys isn't.
#[test]
fn the_same_event_with_its_keys_in_another_order_is_the_same() {
    let files = Files::new();
    let app = start(&files, "commit");
    app.track(banned("mallory")).by(Actor::new("root")).id(id(1)).wait().expect("nothing refuses");
    let store = app.sqlite_store().expect("it is there");
    let change = "UPDATE events SET actor = '{ \"id\": \"root\" }', properties = '{ \"user\": \"mallory\" }'";
    store.database().execute_write(change, ()).wait().expect("it can be written");
    app.track(banned("mallory")).by(Actor::new("root")).id(id(1)).wait().expect("it is the same");
}

/// Twelve, of which ten are inserted by one statement.
#[test]
fn among_many_events_that_wait_together_only_those_with_the_id_of_another_are_refused() {
    for ack in ["commit", "enqueued"] {
        let files = Files::new();
        let app = start(&files, ack);
        let database = app.sqlite_store().expect("it is there").database().clone();
        app.track(banned("0")).id(id(0)).wait().expect("nothing refuses");
        let release = hold(&database);
        let callers: Vec<_> = (0..12)
            .map(|number| {
                let (user, taken) = (number.to_string(), if number == 7 { 0 } else { number });
                let app = app.clone();
                std::thread::spawn(move || app.track(banned(&user)).id(id(taken)).wait().is_ok())
            })
            .collect();
        while app.sqlite_store().expect("it is there").status().waiting < 13 {
            std::thread::yield_now();
        }
        drop(release);
        let kept: Vec<_> = callers.into_iter().map(|it| it.join().expect("it doesn't panic")).collect();
        assert_eq!(kept, (0..12).map(|number| ack == "enqueued" || number != 7).collect::<Vec<_>>());
        database.write(|_| Ok(())).wait().expect("it writes nothing");
        assert_eq!(app.sqlite_store().expect("it is there").status().refused, u64::from(ack == "enqueued"));
        let users = files.texts("store.db", "SELECT properties ->> '$.user' AS user FROM events ORDER BY id");
        assert_eq!(users, ["0", "1", "2", "3", "4", "5", "6", "8", "9", "10", "11"]);
    }
}

#[test]
fn a_write_that_tracks_another_event_with_the_id_of_a_kept_one_fails_and_writes_nothing() {
    let files = Files::new();
    let app = start(&files, "commit");
    let database = app.sqlite_store().expect("it is there").database().clone();
    let write = |user: &'static str| {
        database.write(move |tx| {
            tx.execute_batch("CREATE TABLE IF NOT EXISTS note (text); INSERT INTO note VALUES ('written')")?;
            tx.track(banned(user))?.id(id(1));
            Ok(())
        })
    };
    write("mallory").wait().expect("nothing refuses");
    write("mallory").wait().expect("it is the same event");
    assert_eq!(differs_in(&write("eve").wait().expect_err("the id is taken")), "properties");
    let twice = database.write(|tx| {
        tx.track(banned("trent"))?.id(id(2));
        tx.track(banned("peggy"))?.id(id(2));
        Ok(())
    });
    assert_eq!(differs_in(&twice.wait().expect_err("the id is taken")), "properties");
    assert_eq!(files.texts("store.db", "SELECT text FROM note").len(), 2);
    let users = files.texts("store.db", "SELECT properties ->> '$.user' FROM events");
    assert_eq!(users, ["mallory"]);
}

#[test]
fn an_event_that_a_trigger_ignores_has_no_receipt() {
    let files = Files::new();
    let app = start(&files, "commit");
    let database = app.sqlite_store().expect("it is there").database().clone();
    let trigger = "CREATE TRIGGER deaf BEFORE INSERT ON events WHEN new.properties LIKE '%mallory%' \
                   BEGIN SELECT RAISE(IGNORE); END";
    database.execute_write(trigger, ()).wait().expect("it can be written");
    app.track(banned("eve")).wait().expect("nothing refuses");
    let error = refusal(app.track(UserBanned { user: "mallory".to_owned() }));
    assert!(matches!(&error, Error::Ignored { event, .. } if event == "user-banned"), "{error:?}");
}
