//! How rows get into the table: ten to a statement.

use std::sync::LazyLock;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, Connection, Error, ErrorCode, Result, ToSql};

use crate::row::Row;

/// Rows that one statement inserts. Ten were 1.2 times as fast as one; more made no difference.
const TOGETHER: usize = 10;
const COLUMNS: usize = 7;

/// The statements that insert rows on one connection, prepared once a transaction.
pub(crate) struct Inserter<'c> {
    connection: &'c Connection,
    one: Option<CachedStatement<'c>>,
    together: Option<CachedStatement<'c>>,
}

impl<'c> Inserter<'c> {
    pub(crate) fn new(connection: &'c Connection) -> Self {
        Self { connection, one: None, together: None }
    }

    /// Inserts all rows; gives how many weren't there yet. Each that fails is handed to `failed` and the others
    /// are inserted all the same, as long as there is a transaction.
    ///
    /// # Errors
    /// When the failure broke the transaction, or isn't the row's and would be that of each other row, too.
    pub(crate) fn insert<'r>(
        &mut self,
        mut rest: impl ExactSizeIterator<Item = &'r [u8]> + Clone,
        mut failed: impl FnMut(usize, rusqlite::Error),
    ) -> Result<usize> {
        let mut inserted = 0;
        let mut at = 0;
        while rest.len() >= TOGETHER {
            let those = rest.clone().take(TOGETHER);
            match self.insert_together(those.clone()) {
                Ok(count) => inserted += count,
                Err(error) if self.is_broken(&error) => return Err(error),
                // One of them is the culprit. The others shall not suffer for it.
                Err(_) => inserted += self.insert_each(those, at, &mut failed)?,
            }
            at += TOGETHER;
            rest.nth(TOGETHER - 1);
        }
        Ok(inserted + self.insert_each(rest, at, &mut failed)?)
    }

    fn insert_together<'r>(&mut self, rows: impl Iterator<Item = &'r [u8]>) -> Result<usize> {
        static SQL: LazyLock<String> = LazyLock::new(|| sql(TOGETHER));
        let statement = prepared(&mut self.together, self.connection, &SQL)?;
        for (row, place) in rows.zip(0..) {
            bind(statement, place, row)?;
        }
        statement.raw_execute()
    }

    fn insert_each<'r>(
        &mut self,
        rows: impl Iterator<Item = &'r [u8]>,
        first: usize,
        failed: &mut impl FnMut(usize, rusqlite::Error),
    ) -> Result<usize> {
        let mut inserted = 0;
        for (row, at) in rows.zip(first..) {
            match self.insert_one(row) {
                Ok(count) => inserted += count,
                Err(error) if self.is_broken(&error) => return Err(error),
                Err(error) => failed(at, error),
            }
        }
        Ok(inserted)
    }

    pub(crate) fn insert_one(&mut self, row: &[u8]) -> Result<usize> {
        static SQL: LazyLock<String> = LazyLock::new(|| sql(1));
        let statement = prepared(&mut self.one, self.connection, &SQL)?;
        bind(statement, 0, row)?;
        statement.raw_execute()
    }
}

impl Inserter<'_> {
    fn is_broken(&self, error: &Error) -> bool {
        let is_of_the_file = matches!(
            error.sqlite_error_code(),
            Some(
                ErrorCode::DiskFull
                    | ErrorCode::SystemIoFailure
                    | ErrorCode::OutOfMemory
                    | ErrorCode::DatabaseBusy
                    | ErrorCode::DatabaseLocked
                    | ErrorCode::DatabaseCorrupt
                    | ErrorCode::ReadOnly
                    | ErrorCode::CannotOpen
                    | ErrorCode::OperationInterrupted
            )
        );
        is_of_the_file || self.connection.is_autocommit()
    }
}

/// `OR IGNORE` would hide more than an id that is there already.
fn sql(rows: usize) -> String {
    let places = vec!["(?,?,?,?,?,?,?)"; rows].join(",");
    format!(
        "INSERT INTO main.events (id, name, version, created, actor_id, actor, properties) VALUES {places} \
         ON CONFLICT (id) DO NOTHING"
    )
}

fn prepared<'s, 'c>(
    statement: &'s mut Option<CachedStatement<'c>>,
    connection: &'c Connection,
    sql: &str,
) -> Result<&'s mut CachedStatement<'c>> {
    match statement {
        Some(statement) => Ok(statement),
        None => Ok(statement.insert(connection.prepare_cached(sql)?)),
    }
}

fn bind(statement: &mut CachedStatement<'_>, place: usize, row: &[u8]) -> Result<()> {
    let row = Row::decode(row);
    let first = place * COLUMNS + 1;
    statement.raw_bind_parameter(first, Text(row.id))?;
    statement.raw_bind_parameter(first + 1, Text(row.name))?;
    statement.raw_bind_parameter(first + 2, row.version)?;
    statement.raw_bind_parameter(first + 3, Text(row.created))?;
    statement.raw_bind_parameter(first + 4, row.actor_id.map(Text))?;
    statement.raw_bind_parameter(first + 5, row.actor.map(Text))?;
    statement.raw_bind_parameter(first + 6, Text(row.properties))
}

/// Text that came out of a `str`, or of `serde_json`.
struct Text<'a>(&'a [u8]);

impl ToSql for Text<'_> {
    fn to_sql(&self) -> Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(ValueRef::Text(self.0)))
    }
}
