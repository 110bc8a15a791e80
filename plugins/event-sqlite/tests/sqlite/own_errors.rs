//! Errors of the application that leave a closure: `?` takes them, and each stays what it was.

use std::error::Error as StdError;
use std::fmt;

use event_core::prelude::*;
use event_sqlite::rusqlite::{self, Connection};
use event_sqlite::{Database, Error, SqliteExt};

use crate::files::Files;
use crate::writes::add;

fn open(files: &Files) -> (App, Database) {
    let section = json!({ "databases": { "app": { "path": "app.db" } }, "store": { "enabled": false } });
    let app = files.start(section);
    let database = app.database("app").expect("it is there");
    let table = "CREATE TABLE note (text TEXT NOT NULL UNIQUE)";
    database.execute_write(table, ()).wait().expect("it can be written");
    (app, database)
}

/// The error of a write that fails so, and that writes nothing.
fn fails(
    database: &Database,
    closure: impl FnOnce(&Connection) -> event_sqlite::Result<()> + Send + 'static,
) -> Error {
    let write = database.write(|tx| {
        add(tx, "not wanted")?;
        closure(tx)
    });
    let error = write.wait().expect_err("it fails");
    let notes =
        database.read(|db| Ok(db.query_row("SELECT count(*) FROM note", (), |row| row.get::<_, i64>(0))?));
    assert_eq!(notes.wait().expect("it can be read"), 0);
    error
}

#[test]
fn a_text_is_an_error_without_further_words() {
    let files = Files::new();
    let (_app, database) = open(&files);
    let user = 17;
    for error in [
        fails(&database, |_| Err("there is no such user".into())),
        fails(&database, move |_| Err(format!("there is no user {user}").into())),
        fails(&database, |_| Err("no user")?),
        fails(&database, |_| None::<()>.ok_or("no user").map_err(Error::from)),
        database.read(|_| Err::<(), _>("no user".into())).wait().expect_err("it fails"),
    ] {
        assert!(matches!(error, Error::Own(_)) && error.to_string().contains("user"), "{error:?}");
    }
}

#[test]
fn an_error_of_the_standard_library_or_of_what_events_are_made_of_is_taken_by_a_question_mark_and_kept() {
    fn is_kept<E: StdError + 'static>(error: &Error) {
        let kept = error.downcast_ref::<E>().unwrap_or_else(|| panic!("another error: {error:?}"));
        assert_eq!(
            (error.to_string(), error.source().is_some()),
            (kept.to_string(), kept.source().is_some())
        );
    }
    let files = Files::new();
    let (_app, database) = open(&files);
    let (no_file, bytes) = (files.path("missing"), vec![200]);
    is_kept::<std::io::Error>(&fails(&database, |_| Ok(std::fs::read(no_file).map(drop)?)));
    is_kept::<serde_json::Error>(&fails(&database, |_| Ok(serde_json::from_str::<()>("{")?)));
    is_kept::<std::num::ParseIntError>(&fails(&database, |_| Ok("x".parse::<i64>().map(drop)?)));
    is_kept::<std::num::ParseFloatError>(&fails(&database, |_| Ok("x".parse::<f64>().map(drop)?)));
    is_kept::<std::num::TryFromIntError>(&fails(&database, |_| Ok(u8::try_from(300).map(drop)?)));
    is_kept::<std::str::Utf8Error>(&fails(&database, move |_| Ok(std::str::from_utf8(&bytes).map(drop)?)));
    is_kept::<std::string::FromUtf8Error>(&fails(&database, |_| Ok(String::from_utf8(vec![200]).map(drop)?)));
    is_kept::<std::env::VarError>(&fails(&database, |_| Ok(std::env::var("NOT=SET").map(drop)?)));
    is_kept::<fmt::Error>(&fails(&database, |_| Err(fmt::Error)?));
    is_kept::<chrono::ParseError>(&fails(&database, |_| {
        Ok("x".parse::<chrono::DateTime<chrono::Utc>>().map(drop)?)
    }));
    is_kept::<uuid::Error>(&fails(&database, |_| Ok("x".parse::<uuid::Uuid>().map(drop)?)));
}

type AnyError = Box<dyn StdError + Send + Sync>;

/// As a function that several programs use would say it.
fn counts(db: &Connection) -> Result<i64, AnyError> {
    Ok(db.query_row("SELECT count(*) FROM missing", (), |row| row.get(0))?)
}

#[test]
fn an_error_in_a_box_is_the_one_that_it_was_before() {
    let files = Files::new();
    let (app, database) = open(&files);
    let error = fails(&database, |db| Ok(counts(db).map(drop)?));
    assert!(matches!(error, Error::Sqlite { .. }), "{error:?}");
    assert_eq!(error.path(), Some(&*files.path("app.db")));
    assert!(error.downcast_ref::<rusqlite::Error>().is_some());
    // Also that a read can't write is seen.
    let writes =
        |db: &Connection| -> Result<(), AnyError> { Ok(db.execute("DELETE FROM note", ()).map(drop)?) };
    let error = database.read(move |db| Ok(writes(db)?)).wait().expect_err("it can't write");
    assert!(matches!(error, Error::WriteInRead { .. }), "{error:?}");

    let unknown = move || -> Result<(), AnyError> { Ok(app.database("other").map(drop)?) };
    let error = fails(&database, move |_| Ok(unknown()?));
    assert!(matches!(error, Error::UnknownDatabase { .. }), "{error:?}");
    let shut = || -> Result<(), AnyError> { Err(event_core::Error::ShutDown)? };
    let error = fails(&database, move |_| shut().map_err(Error::own));
    assert!(matches!(error, Error::Event(_)), "{error:?}");
    let text = || -> Result<(), AnyError> { Err("no user")? };
    assert_eq!(fails(&database, move |_| Ok(text()?)).to_string(), "no user");
}

#[derive(Debug, PartialEq)]
enum Refused {
    NoSuchUser(i64),
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::NoSuchUser(user) = self;
        write!(f, "there is no user {user}")
    }
}

impl StdError for Refused {}

impl From<Refused> for Error {
    fn from(refused: Refused) -> Self {
        Self::own(refused)
    }
}

#[test]
fn an_error_type_of_the_application_says_once_that_it_is_one_and_then_a_question_mark_takes_it() {
    let files = Files::new();
    let (_app, database) = open(&files);
    let find = |user| Err::<(), _>(Refused::NoSuchUser(user));
    let error = fails(&database, move |_| Ok(find(17)?));
    assert_eq!(error.downcast_ref(), Some(&Refused::NoSuchUser(17)));
}
