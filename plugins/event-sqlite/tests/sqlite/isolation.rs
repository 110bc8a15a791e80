//! What a closure can't do to those that share its connection and its commit.

use std::num::NonZero;
use std::time::Duration;

use event_core::prelude::*;
use event_sqlite::rusqlite::config::DbConfig;
use event_sqlite::rusqlite::limits::Limit;
use event_sqlite::rusqlite::{self, Connection, ErrorCode};
use event_sqlite::{Database, Error, JournalExt, SqliteExt, Tx};

use crate::files::{Files, banned};
use crate::writes::{Closure, add, notes, together};

/// A database with the table `note` and the store's.
fn with_store(files: &Files) -> (App, Database) {
    let app = files
        .start(json!({ "databases": { "notes": { "path": "notes.db" } }, "store": { "database": "notes" } }));
    let notes = app.database("notes").expect("it is there");
    execute(&notes, "CREATE TABLE note (text TEXT NOT NULL UNIQUE)");
    (app, notes)
}

fn execute(database: &Database, sql: &'static str) {
    database.write(|tx| Ok(tx.execute_batch(sql)?)).wait().expect("it can be written");
}

/// Writes a note before and a note behind this closure, in one batch; gives its outcome, and checks theirs.
fn between_others<T: Send + 'static>(
    files: &Files,
    database: &Database,
    closure: impl FnOnce(&Tx<'_>) -> event_sqlite::Result<T> + Send + 'static,
) -> event_sqlite::Result<T> {
    execute(database, "DELETE FROM note");
    let closures: Vec<Box<Closure<Option<T>>>> = vec![
        Box::new(|tx| add(tx, "before").map(|()| None)),
        Box::new(|tx| closure(tx).map(Some)),
        Box::new(|tx| add(tx, "behind").map(|()| None)),
    ];
    let mut outcomes = together(database, closures);
    assert!(outcomes[0].is_ok(), "{:?}", outcomes[0].as_ref().err());
    assert!(outcomes[2].is_ok(), "{:?}", outcomes[2].as_ref().err());
    assert_eq!(files.texts("notes.db", "SELECT text FROM note ORDER BY rowid"), ["before", "behind"]);
    outcomes.swap_remove(1).map(|value| value.expect("it is of the closure in the middle"))
}

fn is_foreign_key(error: &Error) -> bool {
    let Error::Sqlite { cause, .. } = error else { return false };
    matches!(&**cause, rusqlite::Error::SqliteFailure(error, _)
        if error.extended_code == rusqlite::ffi::SQLITE_CONSTRAINT_FOREIGNKEY)
}

const DEFERRED: &str = "CREATE TABLE parent (id INTEGER PRIMARY KEY);
    CREATE TABLE child (parent REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED)";
const ORPHAN: &str = "INSERT INTO child VALUES (17)";

#[test]
fn a_deferred_key_that_a_closure_violates_fails_that_closure_and_no_other() {
    let files = Files::new();
    let (app, notes) = with_store(&files);
    execute(&notes, DEFERRED);
    for _ in 0..2 {
        let error = between_others(&files, &notes, |tx| {
            tx.track(banned("mallory"))?;
            Ok(tx.execute(ORPHAN, ())?)
        });
        let error = error.expect_err("there is no such parent");
        assert!(is_foreign_key(&error), "{error:?}");
    }
    // A key that is satisfied at the end is what they are for.
    let kept = between_others(&files, &notes, |tx| {
        tx.execute(ORPHAN, ())?;
        Ok(tx.execute("INSERT INTO parent VALUES (17)", ())?)
    });
    kept.expect("the key is satisfied");
    app.track(banned("mallory")).wait().expect("nothing refuses");
    let users = files.texts("notes.db", "SELECT properties ->> '$.user' FROM events");
    assert_eq!(users, ["mallory"]);
}

#[test]
fn a_deferred_key_that_a_closure_makes_and_violates_fails_that_closure_and_no_other() {
    let files = Files::new();
    let (_app, notes) = notes(&files);
    let error = between_others(&files, &notes, |tx| {
        tx.execute_batch(DEFERRED)?;
        Ok(tx.execute(ORPHAN, ())?)
    });
    assert!(is_foreign_key(&error.expect_err("there is no such parent")));
    between_others(&files, &notes, |tx| Ok(tx.execute_batch(DEFERRED)?)).expect("the tables can be made");
    let error = between_others(&files, &notes, |tx| Ok(tx.execute(ORPHAN, ())?));
    assert!(is_foreign_key(&error.expect_err("there is no such parent")));
}

/// By a trigger of the application's.
#[test]
fn an_event_whose_row_violates_a_deferred_key_is_refused_and_no_other() {
    for ack in ["commit", "enqueued"] {
        let files = Files::new();
        let app = files.start(json!({
            "databases": { "notes": { "path": "notes.db" } },
            "store": { "database": "notes", "ack": ack },
        }));
        let notes = app.database("notes").expect("it is there");
        app.store().expect("it is there");
        execute(&notes, DEFERRED);
        execute(
            &notes,
            "CREATE TRIGGER orphan AFTER INSERT ON events WHEN new.properties LIKE '%mallory%' \
             BEGIN INSERT INTO child VALUES (17); END",
        );
        let release = crate::writes::hold(&notes);
        let tracked: Vec<_> = ["ada", "mallory", "eve"]
            .map(|user| {
                let app = app.clone();
                std::thread::spawn(move || app.track(banned(user)).wait().is_ok())
            })
            .into();
        while app.sqlite_store().expect("it is there").status().waiting < 4 {
            std::thread::yield_now();
        }
        drop(release);
        let tracked: Vec<_> = tracked.into_iter().map(|it| it.join().expect("it doesn't panic")).collect();
        assert_eq!(tracked, [true, ack == "enqueued", true]);
        execute(&notes, "SELECT 1");
        assert_eq!(app.sqlite_store().expect("it is there").status().refused, u64::from(ack == "enqueued"));
        let users =
            files.texts("notes.db", "SELECT properties ->> '$.user' AS user FROM events ORDER BY user");
        assert_eq!(users, ["ada", "eve"]);
    }
}

/// `RAISE(ROLLBACK)` and `ON CONFLICT ROLLBACK` end the whole transaction.
#[test]
fn a_closure_that_ends_its_transaction_fails_and_no_other() {
    let files = Files::new();
    let (app, notes) = with_store(&files);
    execute(
        &notes,
        "CREATE TRIGGER bomb BEFORE INSERT ON note WHEN new.text = 'bomb' \
         BEGIN SELECT RAISE(ROLLBACK, 'boom'); END;
         CREATE TABLE once (text UNIQUE ON CONFLICT ROLLBACK); INSERT INTO once VALUES ('one')",
    );
    for end in ["INSERT INTO note VALUES ('bomb')", "INSERT INTO once VALUES ('one')"] {
        for swallow in [false, true] {
            let ended = between_others(&files, &notes, move |tx| {
                add(tx, "undone")?;
                tx.execute(end, ()).or_else(|error| if swallow { Ok(0) } else { Err(error) })?;
                Ok(())
            });
            match ended {
                Err(Error::EndedTransaction { .. }) => assert!(swallow),
                Err(Error::Sqlite { .. }) => assert!(!swallow),
                other => panic!("{other:?}"),
            }
        }
    }
    app.track(banned("mallory")).wait().expect("nothing refuses");
}

#[test]
fn a_pragma_that_stays_and_a_file_to_attach_are_refused() {
    let files = Files::new();
    let (_app, notes) = notes(&files);
    for sql in [
        "PRAGMA defer_foreign_keys = ON",
        "PRAGMA foreign_keys = OFF",
        "PRAGMA query_only = 1",
        "PRAGMA busy_timeout = 0",
        "PRAGMA main.max_page_count = 1",
        "PRAGMA ignore_check_constraints(on)",
        "PRAGMA writable_schema = ON",
        "PRAGMA synchronous = OFF",
        "PRAGMA case_sensitive_like = ON",
        "PRAGMA recursive_triggers = ON",
        "PRAGMA wal_autocheckpoint = 0",
        "ATTACH ':memory:' AS other",
        "DETACH main",
        "END",
        "SAVEPOINT event_sqlite",
        "RELEASE EVENT_SQLITE",
        "ROLLBACK TO event_sqlite",
    ] {
        let refused = between_others(&files, &notes, move |tx| Ok(tx.execute_batch(sql)?));
        let error = refused.expect_err("it would stay");
        assert_eq!(error.code(), Some(ErrorCode::AuthorizationForStatementDenied), "{sql}: {error:?}");
        let read = notes.read(move |db| Ok(db.execute_batch(sql)?)).wait();
        assert_eq!(
            read.expect_err("it would stay").code(),
            Some(ErrorCode::AuthorizationForStatementDenied),
            "{sql}"
        );
    }
}

#[test]
fn a_pragma_that_asks_or_is_undone_with_its_closure_is_allowed() {
    let files = Files::new();
    let (_app, notes) = notes(&files);
    let asked = between_others(&files, &notes, |tx| {
        for question in
            ["table_info('note')", "query_only", "foreign_key_check", "busy_timeout", "quick_check(1)"]
        {
            let mut statement = tx.prepare(&format!("PRAGMA {question}"))?;
            statement.query(())?.next()?;
        }
        tx.pragma_update(None, "user_version", 3)?;
        Ok(tx.query_row("SELECT count(*) FROM pragma_index_list('note')", (), |row| row.get::<_, i64>(0))?)
    });
    assert_eq!(asked.expect("these are questions"), 1);
    let undone = notes.write(|tx| {
        tx.pragma_update(None, "user_version", 4)?;
        Err::<(), _>(Error::own("its own"))
    });
    undone.wait().expect_err("it says so");
    let version: Vec<i64> = files.rows("notes.db", "PRAGMA user_version", (), |row| row.get(0));
    assert_eq!(version, [3]);
}

#[test]
fn temporary_tables_views_and_triggers_of_a_closure_are_gone_after_it_and_hide_no_table_from_the_store() {
    let files = Files::new();
    let (app, notes) = with_store(&files);
    let temporary = "
        CREATE TEMP TABLE events (id UNIQUE, name, version, created, actor_id, actor, properties);
        CREATE TEMP TABLE note (text);
        CREATE TEMP VIEW \"a \"\" view\" AS SELECT * FROM temp.note;
        CREATE TEMP TRIGGER deaf BEFORE INSERT ON main.note BEGIN SELECT RAISE(IGNORE); END";
    let made = between_others(&files, &notes, move |tx| {
        tx.execute_batch(temporary)?;
        tx.track(banned("ada"))?;
        add(tx, "temporary")?;
        Ok(tx.query_row("SELECT count(*) FROM note", (), |row| row.get::<_, i64>(0))?)
    });
    assert_eq!(made.expect("they can be made"), 1);
    let left = notes.write(|tx| {
        let left = "SELECT count(*) FROM temp.sqlite_schema WHERE name NOT LIKE 'sqlite_%'";
        Ok(tx.query_row(left, (), |row| row.get::<_, i64>(0))?)
    });
    assert_eq!(left.wait().expect("it can be asked").value, 0);
    app.track(banned("eve")).wait().expect("nothing refuses");

    for _ in 0..3 {
        let read = notes.read(move |db| Ok(db.execute_batch(temporary)?));
        read.wait().expect("a reader can have temporary tables");
    }
    let listed = app.store().expect("it is there").events().list().wait().expect("they can be read");
    assert_eq!(listed.iter().map(|event| &event.properties["user"]).collect::<Vec<_>>(), ["ada", "eve"]);
}

/// No SQL, so that the connection asks nothing.
#[test]
fn what_a_closure_sets_by_a_function_is_set_back_for_the_next() {
    let set = |db: &Connection| {
        db.busy_timeout(Duration::ZERO)?;
        db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, false)?;
        db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
        db.set_limit(Limit::SQLITE_LIMIT_SQL_LENGTH, 1000)?;
        db.set_limit(Limit::SQLITE_LIMIT_VARIABLE_NUMBER, 3)?;
        db.set_prepared_statement_cache_capacity(0);
        Ok(())
    };
    let get = |db: &Connection| {
        let timeout: i64 = db.pragma_query_value(None, "busy_timeout", |row| row.get(0))?;
        let keys = db.db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY)?;
        let triggers = db.db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER)?;
        let length = db.limit(Limit::SQLITE_LIMIT_SQL_LENGTH)?;
        Ok((timeout, keys, triggers, length, db.limit(Limit::SQLITE_LIMIT_VARIABLE_NUMBER)?))
    };
    let files = Files::new();
    let (_app, notes) = notes(&files);
    let before = notes.write(move |tx| get(tx)).wait().expect("it can be asked").value;
    assert_eq!((before.0, before.1, before.2), (5000, true, true));
    between_others(&files, &notes, move |tx| set(tx)).expect("it can be set");
    let panics = notes.write(move |tx| -> event_sqlite::Result<()> {
        set(tx)?;
        panic!("the closure is broken")
    });
    panics.wait().expect_err("it panics");
    assert_eq!(notes.write(move |tx| get(tx)).wait().expect("it can be asked").value, before);

    let before = notes.read(get).wait().expect("it can be asked");
    for _ in 0..3 {
        notes.read(set).wait().expect("it can be set");
    }
    assert_eq!(notes.read(get).wait().expect("it can be asked"), before);
}

#[test]
fn a_savepoint_that_a_closure_leaves_open_is_part_of_what_it_wrote() {
    let files = Files::new();
    let (_app, notes) = notes(&files);
    let error = between_others(&files, &notes, |tx| {
        tx.execute_batch("SAVEPOINT mine")?;
        add(tx, "undone").and(Err::<(), _>(Error::own("its own")))
    });
    assert!(matches!(error, Err(Error::Own(_))));
    let kept = notes.write(|tx| {
        tx.execute_batch("SAVEPOINT mine; SAVEPOINT other")?;
        add(tx, "kept")
    });
    kept.wait().expect("it can be written");
    between_others(&files, &notes, |_| Ok(())).expect("it does nothing");
}

/// A statement that stays in the middle of its rows, on this connection.
fn forget_a_statement(connection: &Connection) -> rusqlite::Result<()> {
    let mut statement = connection.prepare("SELECT text FROM note")?;
    let mut rows = statement.query(())?;
    assert!(rows.next()?.is_some(), "there are two");
    std::mem::forget(rows);
    std::mem::forget(statement);
    Ok(())
}

#[test]
fn a_statement_that_a_reading_closure_forgets_lets_the_next_one_see_what_was_written_since() {
    let files = Files::new();
    let options = event_sqlite::DatabaseOptions::new(files.path("notes.db")).readers(NonZero::<usize>::MIN);
    let app = files.start(json!({ "store": { "enabled": false } }));
    let notes = app.add_database("notes", options).expect("it can be made");
    execute(&notes, "CREATE TABLE note (text TEXT); INSERT INTO note VALUES ('a'), ('b')");
    notes.read(|connection| Ok(forget_a_statement(connection)?)).wait().expect("it can be read");
    execute(&notes, "INSERT INTO note VALUES ('c')");
    let count =
        notes.read(|it| Ok(it.query_row("SELECT count(*) FROM note", (), |row| row.get::<_, i64>(0))?));
    assert_eq!(count.wait().expect("it can be read"), 3);
}

/// Set for a process whose lines another one reads.
const ALONE: &str = "EVENT_SQLITE_TEST_FORGETS";

#[test]
fn a_statement_that_a_writing_closure_forgets_is_a_line_with_the_closures_place() {
    if std::env::var_os(ALONE).is_none() {
        let mut itself = std::process::Command::new(std::env::current_exe().expect("a test is a program"));
        let name = "isolation::a_statement_that_a_writing_closure_forgets_is_a_line_with_the_closures_place";
        let output = itself.args([name, "--exact", "--nocapture"]).env(ALONE, "").output();
        let output = output.expect("it can be started");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
        let lines: Vec<_> = said.lines().filter(|line| line.contains("left a statement")).collect();
        let place = format!("notes.db: the closure at {}:", file!());
        assert!(matches!(lines[..], [line] if line.contains(&place)), "{said}");
        return;
    }
    let files = Files::new();
    let (app, notes) = with_store(&files);
    execute(&notes, "INSERT INTO note VALUES ('a'), ('b')");
    app.track(banned("mallory")).wait().expect("nothing refuses");
    notes.write(|tx| Ok(forget_a_statement(tx)?)).wait().expect("it can be written");
    execute(&notes, "INSERT INTO note VALUES ('c')");
    app.track(banned("mallory")).wait().expect("nothing refuses");
    app.shutdown().wait().expect("everything is written");
}
