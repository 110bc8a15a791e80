//! Whether closures can share a transaction: not where what one of them does can show at the commit only, or end it.

use std::cell::Cell;

use rusqlite::{Connection, Error, Result, ffi};

/// What the schema says of it, asked once for each version of the schema.
#[derive(Default)]
pub(crate) struct Sharing {
    known: Cell<Option<(i64, bool)>>,
}

impl Sharing {
    /// Whether closures that wait together are written in one transaction. To be asked in a transaction.
    pub(crate) fn is_safe(&self, connection: &Connection) -> Result<bool> {
        let version = connection
            .prepare_cached("PRAGMA main.schema_version")?
            .query_row((), |row| row.get::<_, i64>(0))?;
        match self.known.get() {
            Some((known, is_safe)) if known == version => Ok(is_safe),
            _ => {
                let is_safe = !tables_and_triggers(connection)?.iter().any(Definition::can_harm_others);
                self.known.set(Some((version, is_safe)));
                Ok(is_safe)
            }
        }
    }

    /// Looks at the schema again after a closure that changed it, in a transaction that was safe before. Gives whether
    /// it still is.
    ///
    /// # Errors
    /// When the closure has violated a deferred key that it made itself: it would show at the commit.
    pub(crate) fn after_change(&self, connection: &Connection) -> Result<bool> {
        // A version that is rolled back comes again, with another schema.
        self.known.set(None);
        let definitions = tables_and_triggers(connection)?;
        for definition in definitions.iter().filter(|it| it.has_deferred_key()) {
            let table = definition.name.replace('"', "\"\"");
            let mut check = connection.prepare(&format!("PRAGMA main.foreign_key_check(\"{table}\")"))?;
            if check.exists(())? {
                let code = ffi::Error::new(ffi::SQLITE_CONSTRAINT_FOREIGNKEY);
                return Err(Error::SqliteFailure(code, Some("FOREIGN KEY constraint failed".to_owned())));
            }
        }
        Ok(!definitions.iter().any(Definition::can_harm_others))
    }
}

/// A table or trigger, and the SQL that made it.
struct Definition {
    name: String,
    sql: String,
}

fn tables_and_triggers(connection: &Connection) -> Result<Vec<Definition>> {
    let select =
        "SELECT name, sql FROM main.sqlite_schema WHERE type IN ('table', 'trigger') AND sql NOT NULL";
    let mut statement = connection.prepare(select)?;
    let found = statement.query_map((), |row| {
        Ok(Definition { name: row.get(0)?, sql: row.get::<_, String>(1)?.to_ascii_lowercase() })
    })?;
    found.collect()
}

/// By the words alone. A comment that has them costs a commit for each closure, and nothing else.
impl Definition {
    /// `DEFERRABLE INITIALLY DEFERRED`: it is checked at the commit.
    fn has_deferred_key(&self) -> bool {
        self.sql.split_once("initially").is_some_and(|(_, rest)| rest.contains("deferred"))
    }

    /// `RAISE(ROLLBACK, …)` and `ON CONFLICT ROLLBACK` end the transaction.
    fn can_harm_others(&self) -> bool {
        self.has_deferred_key() || self.sql.contains("rollback")
    }
}
