//! Which databases an app has, and which files can't be one.

use std::fs;
use std::path::{Path, PathBuf};

use event_core::prelude::*;
use event_sqlite::rusqlite::Connection;
use event_sqlite::{DatabaseOptions, Databases, Error, JournalExt, OpenError, SqliteExt};
use serde_json::Value;

use crate::files::{Files, banned};

/// Why an app with this section doesn't start.
fn refused(files: &Files, section: Value) -> Error {
    match files.app(section).start().wait() {
        Err(event_core::Error::Startup(failure)) => {
            failure.cause().downcast_ref::<Error>().expect("it is this plugin's error").clone()
        }
        other => panic!("not refused: {other:?}"),
    }
}

/// Why this file can't be a database.
fn not_opened(files: &Files, path: &str) -> (PathBuf, OpenError) {
    match refused(files, json!({ "databases": { "app": { "path": path } } })) {
        Error::Open { path, cause } => (path, cause),
        other => panic!("another error: {other}"),
    }
}

fn sqlite_value(app: &App, database: &str, pragma: &'static str) -> Value {
    let database = app.database(database).expect("it is there");
    let read = database.write(move |tx| {
        Ok(tx.pragma_query_value(None, pragma, |row| {
            Ok(match row.get_ref(0)? {
                event_sqlite::rusqlite::types::ValueRef::Integer(number) => json!(number),
                other => json!(other.as_str()?),
            })
        })?)
    });
    read.wait().expect("it can be asked").value
}

#[test]
fn a_configured_database_is_there_by_its_name_with_its_settings_and_in_new_directories() {
    let files = Files::new();
    let app = files.start(json!({
        "databases": {
            "app": { "path": "a/b/app.db" },
            "cache": { "path": "cache.db", "synchronous": "normal", "busy_timeout_ms": 77, "readers": 1 },
        },
        "store": { "path": "store.db" },
    }));
    assert_eq!(app.database("app").expect("it is there").path(), files.path("a/b/app.db"));
    for (database, pragma, value) in [
        ("app", "journal_mode", json!("wal")),
        ("app", "synchronous", json!(2)),
        ("app", "busy_timeout", json!(5000)),
        ("cache", "synchronous", json!(1)),
        ("cache", "busy_timeout", json!(77)),
        ("store", "synchronous", json!(2)),
    ] {
        assert_eq!(sqlite_value(&app, database, pragma), value, "{database} {pragma}");
    }
    app.shutdown().wait().expect("they are closed");
}

#[test]
fn an_unknown_name_is_an_error_that_lists_the_known_ones() {
    let files = Files::new();
    let app = files.start(json!({
        "databases": { "users": { "path": "users.db" } },
        "store": { "path": "store.db" },
    }));
    let error = app.database("user").expect_err("there is no such database");
    assert!(matches!(&error, Error::UnknownDatabase { name, .. } if name == "user"), "{error:?}");
    let text = error.to_string();
    assert!(text.starts_with("failed to find the database `user`: this app has `store`, `users`;"), "{text}");
    assert!(text.contains("`[plugins.event-sqlite.databases.user]`"), "{text}");
}

#[test]
fn a_path_in_the_place_of_a_table_is_an_error_that_shows_the_table_to_write() {
    for (section, instead) in [
        (
            json!({ "databases": { "app": "app.db" } }),
            r#"`plugins.event-sqlite.databases.app`: a database is a table: write {"path": "app.db"} for "app.db""#,
        ),
        (
            json!({ "databases": "app.db" }),
            r#"`plugins.event-sqlite.databases`: a database has a name: write {"app": {"path": "app.db"}} for "app.db""#,
        ),
        (
            json!({ "databases": { "app": 5 } }),
            r#"expected a table with the file's path, such as {"path": "app.db"}"#,
        ),
        (json!({ "store": "events.db" }), r#"expected a table, such as {"path": "events.db"}"#),
        (
            json!({ "databases": { "app": { "path": "app.db", "reader": 2 } } }),
            "`plugins.event-sqlite.databases.app.reader`: unknown key; did you mean `readers`?",
        ),
    ] {
        let why = match Files::new().app(section).start().wait() {
            Err(event_core::Error::Startup(failure)) => failure.to_line(),
            other => panic!("it starts: {other:?}"),
        };
        assert!(why.contains(instead), "{why}");
    }
}

#[test]
fn a_database_can_be_given_before_the_start_and_added_after_it() {
    let files = Files::new();
    let given = Databases::new().with("given", DatabaseOptions::new(files.path("given.db")));
    let app =
        files.app(json!({ "store": { "enabled": false } })).insert(given).start().wait().expect("it starts");
    app.add_database("added", DatabaseOptions::new(files.path("added.db"))).expect("it can be opened");
    for name in ["given", "added"] {
        let database = app.database(name).expect("it is there");
        database.execute_write("CREATE TABLE t (a)", ()).wait().expect("it can be written");
    }
    app.shutdown().wait().expect("they are closed");
}

/// As an application's own `startup` does it.
#[hookimpl(startup)]
fn add_a_database(app: &App) -> event_sqlite::Result<()> {
    let path = app.state::<PathBuf>()?;
    app.add_database("app", DatabaseOptions::new(&*path))?;
    app.plugin_config::<Value>("event-sqlite")?;
    Ok(())
}

#[test]
fn an_app_that_only_adds_databases_has_no_file_for_events() {
    let files = Files::new();
    let config = json!({ "plugins": { "event-sqlite": { "store": { "path": files.path("store.db") } } } });
    let builder = App::builder().without_linked().hook(add_a_database).insert(files.path("app.db"));
    builder.config(config).start().wait().expect("it starts");
    assert!(files.path("app.db").exists());
    assert!(!files.path("store.db").exists());
}

#[test]
fn a_name_or_a_file_that_is_taken_is_an_error() {
    let files = Files::new();
    let app = files.start(json!({ "store": { "path": "store.db" } }));
    let error =
        app.add_database("store", DatabaseOptions::new(files.path("other.db"))).expect_err("it is taken");
    assert!(matches!(error, Error::DatabaseExists { .. }), "{error:?}");

    // Another way to write the same path.
    let same = files.path("store.db").join("..").join("store.db");
    let same = files.path(".").join(same.file_name().expect("a file"));
    let error = app.add_database("mine", DatabaseOptions::new(same)).expect_err("it is open");
    assert!(error.to_string().contains("is open as the database `store`"), "{error}");
}

#[test]
fn what_is_no_database_is_said_with_its_path() {
    let files = Files::new();
    fs::write(files.path("notes.txt"), "not a database, but long enough to be looked at as one".repeat(100))
        .expect("it can be written");
    let (path, cause) = not_opened(&files, "notes.txt");
    assert_eq!(path, files.path("notes.txt"));
    assert_eq!(cause.to_string(), "it isn't a SQLite database; name another file");

    fs::create_dir(files.path("directory")).expect("it can be made");
    let (path, cause) = not_opened(&files, "directory");
    assert_eq!(path, files.path("directory"));
    assert!(matches!(cause, OpenError::Sqlite(_)), "{cause:?}");

    let (path, cause) = not_opened(&files, "notes.txt/app.db");
    assert_eq!(path, files.path("notes.txt/app.db"));
    assert!(matches!(cause, OpenError::Directory(_)), "{cause:?}");
}

#[test]
fn a_path_that_is_no_file_to_sqlite_is_an_error_and_not_a_database_in_memory() {
    for path in ["", ":memory:"] {
        let builder = App::builder().without_linked().start().wait().expect("it starts");
        let error = builder.add_database("app", DatabaseOptions::new(path)).expect_err("it is no file");
        assert!(matches!(error, Error::Open { cause: OpenError::NoFile, .. }), "{path}: {error:?}");
    }
}

#[test]
fn a_uri_is_an_error_and_not_a_file_that_its_text_hides() {
    let app = App::builder().without_linked().start().wait().expect("it starts");
    for path in ["file:app.db", "file:app.db?mode=memory", "file:/srv/app.db?vfs=unix-none"] {
        let error = app.add_database("app", DatabaseOptions::new(path)).expect_err("it is no path");
        assert!(matches!(error, Error::Open { cause: OpenError::Uri, .. }), "{path}: {error:?}");
        assert!(error.to_string().contains("write the path alone"), "{error}");
    }
    let files = Files::new();
    app.add_database("app", DatabaseOptions::new(files.path("file:app.db"))).expect("it is a path");
    assert!(files.path("file:app.db").exists());
}

/// Set for a process that may change its directory, since all its threads share it.
const WANDERS: &str = "EVENT_SQLITE_TEST_WANDERS";

#[test]
fn a_relative_path_stays_the_same_file_when_the_program_goes_to_another_directory() {
    if std::env::var_os(WANDERS).is_none() {
        let files = Files::new();
        fs::create_dir_all(files.path("elsewhere")).expect("it can be made");
        let mut itself = std::process::Command::new(std::env::current_exe().expect("a test is a program"));
        let name =
            "databases::a_relative_path_stays_the_same_file_when_the_program_goes_to_another_directory";
        itself.args([name, "--exact", "--nocapture"]).env(WANDERS, "").current_dir(files.path("."));
        let output = itself.output().expect("it can be started");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        return;
    }
    let here = std::env::current_dir().expect("there is one");
    let section = json!({ "databases": { "app": { "path": "app.db" } }, "store": { "path": "store.db" } });
    let config = json!({ "plugins": { "event-sqlite": section } });
    let builder = App::builder()
        .without_linked()
        .hook(event_sqlite::open_databases)
        .hook(event_sqlite::open_journal)
        .hook(event_sqlite::keep_event)
        .hook(event_sqlite::close_databases)
        .event::<crate::files::UserBanned>()
        .config(config);
    let app = builder.start().wait().expect("it starts");
    let added = DatabaseOptions::new("added.db");
    std::env::set_current_dir("elsewhere").expect("it is there");
    app.add_database("added", added).expect("it can be opened");
    app.track(banned("mallory")).wait().expect("nothing refuses");
    // Each reads by a connection that is opened now.
    assert_eq!(app.store().expect("it is there").events().list().wait().expect("they can be read").len(), 1);
    for (name, file) in [("app", "app.db"), ("added", "added.db"), ("store", "store.db")] {
        let database = app.database(name).expect("it is there");
        database.execute_write("CREATE TABLE t (a)", ()).wait().expect("it can be written");
        let read =
            database.read(|db| Ok(db.query_row("SELECT count(*) FROM t", (), |row| row.get::<_, i64>(0))?));
        assert_eq!(read.wait().expect("it is the same file"), 0, "{name}");
        assert_eq!(database.path(), here.join(file));
        assert!(here.join(file).exists() && !here.join("elsewhere").join(file).exists(), "{name}");
        let error = app.add_database("again", DatabaseOptions::new(here.join(file))).expect_err("it is open");
        assert!(matches!(error, Error::SameFile { .. }), "{error:?}");
    }
    app.shutdown().wait().expect("they are closed");
}

#[cfg(unix)]
#[test]
fn a_link_that_is_changed_leads_no_read_to_another_file() {
    let files = Files::new();
    for directory in ["old", "new"] {
        fs::create_dir(files.path(directory)).expect("it can be made");
    }
    std::os::unix::fs::symlink(files.path("old"), files.path("current")).expect("it can be made");
    let app = files.start(
        json!({ "databases": { "app": { "path": "current/app.db" } } , "store": { "enabled": false } }),
    );
    let database = app.database("app").expect("it is there");
    database.execute_write("CREATE TABLE t (a)", ()).wait().expect("it can be written");
    fs::remove_file(files.path("current")).expect("it is there");
    std::os::unix::fs::symlink(files.path("new"), files.path("current")).expect("it can be made");
    Connection::open(files.path("new/app.db"))
        .expect("it can be made")
        .execute_batch("CREATE TABLE other (a)")
        .expect("it can be written");
    let tables = database
        .read(|db| Ok(db.query_row("SELECT name FROM sqlite_schema", (), |row| row.get::<_, String>(0))?));
    assert_eq!(tables.wait().expect("it can be read"), "t");
}

#[test]
fn a_time_or_a_name_out_of_range_is_an_error_and_no_panic() {
    let files = Files::new();
    let app = files.start(json!({ "store": { "path": "store.db" }, "shutdown_ms": u64::MAX }));
    for days in [30, u64::MAX / 86_400] {
        let timeout = std::time::Duration::from_secs(days * 86_400);
        let options = DatabaseOptions::new(files.path("app.db")).busy_timeout(timeout);
        let error = app.add_database("app", options).expect_err("SQLite can't wait that long");
        assert!(matches!(error, Error::Open { cause: OpenError::BusyTimeout(_), .. }), "{error:?}");
        assert!(error.to_string().contains("2147483647 ms"), "{error}");
    }
    let longest = std::time::Duration::from_millis(2_147_483_647);
    app.add_database("app", DatabaseOptions::new(files.path("app.db")).busy_timeout(longest))
        .expect("it can");
    let error = app.add_database("a\0b", DatabaseOptions::new(files.path("b.db"))).expect_err("it has a NUL");
    assert!(matches!(&error, Error::DatabaseName { name } if name == "a\0b"), "{error:?}");
    assert!(!files.path("b.db").exists());
    app.add_database("c", DatabaseOptions::new(files.path("c\0.db"))).expect_err("no file has such a name");
    app.shutdown().wait().expect("they are closed");

    let other = Files::new();
    let error = refused(&other, json!({ "databases": { "a\0b": { "path": "app.db" } } })).to_string();
    assert!(error.contains(r#""a\0b""#), "{error}");
    let error =
        refused(&other, json!({ "databases": { "app": { "path": "app.db", "busy_timeout_ms": u64::MAX } } }));
    assert!(error.to_string().contains("2147483647 ms"), "{error}");
}

/// A program that runs can't be written to on Linux, whatever the permissions, and not by root either.
#[cfg(target_os = "linux")]
#[test]
fn a_file_that_can_only_be_read_is_an_error() {
    let app = App::builder().without_linked().start().wait().expect("it starts");
    let program = std::env::current_exe().expect("a test is a program");
    let error = app.add_database("app", DatabaseOptions::new(&program)).expect_err("it can't be written");
    assert!(
        matches!(&error, Error::Open { path, cause: OpenError::ReadOnly } if *path == program),
        "{error:?}"
    );
}

/// This one of SQLite's ways to the system has no memory that processes share, like a network's file system.
#[cfg(unix)]
#[test]
fn a_file_system_without_a_write_ahead_log_is_an_error() {
    let files = Files::new();
    let app = files.start(json!({ "store": { "path": "store.db" } }));
    let options = DatabaseOptions::new(files.path("app.db")).vfs("unix-dotfile");
    let error = app.add_database("app", options).expect_err("there is no log");
    assert!(
        matches!(&error, Error::Open { cause: OpenError::NoWal(mode), .. } if mode == "delete"),
        "{error:?}"
    );
    assert!(error.to_string().contains("app.db: failed to enable write-ahead logging"), "{error}");
}

#[test]
fn a_setting_that_contradicts_another_or_is_unknown_keeps_the_app_from_starting() {
    let files = Files::new();
    let app = json!({ "path": "app.db" });
    for (section, text) in [
        (json!({ "databases": { "app": { "paht": "app.db" } } }), "did you mean `path`?"),
        (json!({ "databases": { "app": { "path": "app.db", "synchronous": "off" } } }), "`full` or `normal`"),
        (json!({ "store": { "ack": "later" } }), "`commit` or `enqueued`"),
        (
            json!({ "store": { "database": "ap" }, "databases": { "app": app } }),
            "failed to find the database `ap`: this app has `app`",
        ),
        (
            json!({ "store": { "database": "app", "path": "s.db" }, "databases": { "app": app } }),
            "leave out one of the two",
        ),
    ] {
        let error = refused(&files, section.clone()).to_string();
        assert!(error.contains(text), "{section}: {error}");
    }
}

type Section<'a> = &'a dyn Fn(&str, &Value) -> Value;

#[test]
fn a_number_that_a_setting_can_not_have_is_told_those_it_can_with_their_unit() {
    let files = Files::new();
    let database =
        |key: &str, value: &Value| json!({ "databases": { "app": { "path": "app.db", key: value } } });
    let store = |key: &str, value: &Value| json!({ "store": { key: value } });
    let top = |key: &str, value: &Value| json!({ key: value });
    for (key, section, expected, can_be_0) in [
        ("shutdown_ms", &top as Section<'_>, "a whole number from 0 on, of milliseconds", true),
        ("busy_timeout_ms", &database, "a whole number from 0 on, of milliseconds", true),
        ("readers", &database, "a whole number from 1 on", false),
        ("queue", &store, "a whole number from 1 on", false),
        ("keep_days", &store, "a whole number from 1 to 4294967295", false),
        ("keep_rows", &store, "a whole number from 1 on", false),
    ] {
        let wrong = [json!(0), json!(-1), json!(1.5), json!("soon")];
        for value in wrong.iter().filter(|value| !(can_be_0 && **value == json!(0))) {
            let error = refused(&files, section(key, value)).to_string();
            let shown = value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
            let says = [format!("{key}`: invalid "), shown, format!("expected {expected}")];
            assert!(says.iter().all(|part| error.contains(part.as_str())), "{says:?}: {error}");
        }
    }
    let error = refused(&files, store("keep_days", &json!(1_u64 << 32))).to_string();
    assert!(error.contains("keep_days`: invalid value: integer `4294967296`"), "{error}");
}

#[test]
fn a_closed_database_says_so() {
    let files = Files::new();
    let app = files.start(json!({ "store": { "path": "store.db" } }));
    let database = app.database("store").expect("it is there");
    app.track(banned("mallory")).wait().expect("nothing refuses");
    app.shutdown().wait().expect("it is closed");
    let error = database.execute_write("DELETE FROM events", ()).wait().expect_err("it is closed");
    assert!(
        matches!(&error, Error::Closed { path } if path == Path::new(&files.path("store.db"))),
        "{error:?}"
    );
    let error = database.read(|_| Ok(())).wait().expect_err("it is closed");
    assert!(matches!(error, Error::Closed { .. }), "{error:?}");
}
