//! What a closure that reads can't do, and what its error says.

use event_core::prelude::*;
use event_sqlite::rusqlite::{Connection, ErrorCode};
use event_sqlite::{Database, Error, SqliteExt};

use crate::files::Files;

fn open(files: &Files) -> (App, Database) {
    let section = json!({ "databases": { "app": { "path": "app.db" } }, "store": { "enabled": false } });
    let app = files.start(section);
    let database = app.database("app").expect("it is there");
    let table = "CREATE TABLE note (id INTEGER PRIMARY KEY, text)";
    database.execute_write(table, ()).wait().expect("it can be written");
    database.execute_write("INSERT INTO note VALUES (1, 'water')", ()).wait().expect("it can be written");
    (app, database)
}

type Statement = fn(&Connection) -> event_sqlite::Result<()>;

/// All ways of rusqlite to write.
const WRITES: [(&str, Statement); 10] = [
    ("insert", |db| Ok(db.execute("INSERT INTO note (text) VALUES (?)", ("x",)).map(drop)?)),
    ("update", |db| Ok(db.execute("UPDATE note SET text = ''", ()).map(drop)?)),
    ("delete", |db| Ok(db.prepare("DELETE FROM note WHERE id = ?")?.execute((1,)).map(drop)?)),
    (
        "returning",
        |db| Ok(db.query_row("INSERT INTO note (text) VALUES ('x') RETURNING id", (), |_| Ok(()))?),
    ),
    ("batch", |db| Ok(db.execute_batch("SELECT 1; DELETE FROM note;")?)),
    ("insert method", |db| Ok(db.prepare("INSERT INTO note (text) VALUES ('x')")?.insert(()).map(drop)?)),
    ("schema", |db| Ok(db.execute_batch("CREATE INDEX texts ON note (text)")?)),
    ("pragma", |db| Ok(db.pragma_update(None, "user_version", 17)?)),
    ("pragma of the program", |db| Ok(db.execute_batch("PRAGMA application_id = 17")?)),
    ("savepoint", |db| Ok(db.execute_batch("SAVEPOINT mine; DELETE FROM note; RELEASE mine")?)),
];

#[test]
fn a_closure_that_reads_and_writes_is_told_to_use_write_however_it_writes() {
    let files = Files::new();
    let (app, database) = open(&files);
    for (kind, statement) in WRITES {
        let error = database.read(statement).wait().expect_err(kind);
        assert!(matches!(error, Error::WriteInRead { .. }), "{kind}: {error:?}");
        assert_eq!((error.code(), error.path()), (Some(ErrorCode::ReadOnly), Some(&*files.path("app.db"))));
        let says = "app.db: a closure of `read` can't write; use `write` or `execute_write`";
        let text = error.to_string();
        assert!(text.starts_with("failed to write to ") && text.ends_with(says), "{kind}: {text}");
        let cause = std::error::Error::source(&error).expect("what SQLite said").to_string();
        assert!(cause.contains("readonly"), "{kind}: {cause}");
        // The same does work there.
        database.write(move |tx| statement(tx)).wait().expect(kind);
        database.execute_write("INSERT OR REPLACE INTO note VALUES (1, 'water')", ()).wait().expect(kind);
    }
    app.shutdown().wait().expect("everything is written");
}

#[test]
fn what_a_closure_may_not_say_about_its_connection_is_told_in_words_that_are_true_of_a_read() {
    let files = Files::new();
    let (_app, database) = open(&files);
    let denied: [Statement; 5] = [
        |db| Ok(db.execute_batch("BEGIN")?),
        |db| Ok(db.unchecked_transaction().map(drop)?),
        |db| Ok(db.execute_batch("ATTACH 'other.db' AS other")?),
        |db| Ok(db.pragma_update(None, "query_only", false)?),
        |db| Ok(db.execute_batch("PRAGMA journal_mode = delete")?),
    ];
    for statement in denied {
        for error in
            [database.read(statement).wait(), database.write(move |tx| statement(tx)).wait().map(drop)]
        {
            let text = error.expect_err("it is refused").to_string();
            let says = "a closure can't begin, commit or roll back, attach a file or set a lasting pragma, since others use \
                        its connection; `write` commits when its closure returns, and rolls back when it returns an error";
            assert!(text.ends_with(says), "{text}");
        }
    }
}

#[test]
fn a_statement_that_returns_rows_where_none_are_wanted_is_told_where_rows_are_read() {
    let files = Files::new();
    let (_app, database) = open(&files);
    for sql in ["SELECT 1", "PRAGMA user_version", "INSERT INTO note (text) VALUES ('x') RETURNING id"] {
        let text = database.execute_write(sql, ()).wait().expect_err(sql).to_string();
        let says =
            "the statement returns rows; use `query_row` or `prepare` in a closure of `write` or `read`";
        assert!(text.ends_with(says), "{sql}: {text}");
    }
    let left =
        database.read(|db| Ok(db.query_row("SELECT count(*) FROM note", (), |row| row.get::<_, i64>(0))?));
    assert_eq!(left.wait().expect("it can be read"), 1, "and none was written");
}
