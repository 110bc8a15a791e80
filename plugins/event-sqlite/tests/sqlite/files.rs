//! Apps whose files are in a directory that goes away with the test.

use std::path::PathBuf;

use event_core::AppBuilder;
use event_core::prelude::*;
use event_sqlite::rusqlite::{Connection, Params, Row};
use serde_json::Value;
use tempfile::TempDir;

#[derive(Event, Debug, PartialEq, serde::Deserialize)]
pub(crate) struct UserBanned {
    pub(crate) user: String,
}

pub(crate) fn banned(user: &str) -> UserBanned {
    UserBanned { user: user.to_owned() }
}

/// A directory for the files of one test.
pub(crate) struct Files(TempDir);

impl Files {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().expect("there is room for a directory"))
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// An app with this plugin's implementations only, configured by this section. Paths in it are relative
    /// to the directory.
    pub(crate) fn app(&self, mut section: Value) -> AppBuilder {
        self.put_into_directory(&mut section);
        App::builder()
            .without_linked()
            .hook(event_sqlite::open_databases)
            .hook(event_sqlite::finish_opening)
            .hook(event_sqlite::open_journal)
            .hook(event_sqlite::keep_event)
            .hook(event_sqlite::close_databases)
            .event::<UserBanned>()
            .config(json!({ "plugins": { "event-sqlite": section } }))
    }

    pub(crate) fn start(&self, section: Value) -> App {
        self.app(section).start().wait().expect("the app starts")
    }

    /// All rows of a query, by a connection that has nothing to do with the app's.
    pub(crate) fn rows<T, F>(&self, file: &str, sql: &str, params: impl Params, map: F) -> Vec<T>
    where
        F: FnMut(&Row<'_>) -> event_sqlite::rusqlite::Result<T>,
    {
        let connection = Connection::open(self.path(file)).expect("the file is there");
        let mut statement = connection.prepare(sql).expect("the SQL is right");
        let rows = statement.query_map(params, map).expect("the query runs");
        rows.collect::<Result<_, _>>().expect("the rows can be read")
    }

    pub(crate) fn texts(&self, file: &str, sql: &str) -> Vec<String> {
        self.rows(file, sql, (), |row| row.get(0))
    }

    /// Puts each `path` into the directory.
    fn put_into_directory(&self, value: &mut Value) {
        let Value::Object(keys) = value else { return };
        for (key, value) in keys {
            match value {
                Value::String(path) if key == "path" => *value = json!(self.path(path)),
                value => self.put_into_directory(value),
            }
        }
    }
}
