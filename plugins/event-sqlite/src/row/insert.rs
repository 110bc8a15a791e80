//! How rows get into the table: ten to a statement.

use std::path::Path;
use std::sync::LazyLock;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, Connection, ErrorCode, ToSql};

use crate::error::{Error, Result};
use crate::row::{Row, has_context};

/// Rows that one statement inserts. Ten were 1.2 times as fast as one; more made no difference.
const TOGETHER: usize = 10;

/// The columns that each row has, and behind them the one that few rows have.
const COLUMNS: [&str; 8] = ["id", "name", "version", "created", "actor_id", "actor", "properties", "context"];
const ALWAYS: usize = 7;

/// The statements that insert rows on one connection, prepared once a transaction.
pub(crate) struct Inserter<'c> {
    connection: &'c Connection,
    path: &'c Path,
    one: Statements<'c>,
    together: Statements<'c>,
}

/// One for rows without contexts, one for rows among which one has a context: a column more costs a row a fiftieth of what
/// it takes.
type Statements<'c> = [Option<CachedStatement<'c>>; 2];

impl<'c> Inserter<'c> {
    /// `path` is the connection's file, for errors.
    pub(crate) fn new(connection: &'c Connection, path: &'c Path) -> Self {
        Self { connection, path, one: Statements::default(), together: Statements::default() }
    }

    /// Inserts all rows; gives how many weren't there yet. Each that fails is handed to `failed` and the others
    /// are inserted all the same, as long as there is a transaction.
    ///
    /// # Errors
    /// When the failure broke the transaction, or isn't the row's and would be that of each other row, too.
    pub(crate) fn insert<'r>(
        &mut self,
        mut rest: impl ExactSizeIterator<Item = &'r [u8]> + Clone,
        mut failed: impl FnMut(usize, Error),
    ) -> Result<usize> {
        let mut inserted = 0;
        let mut at = 0;
        while rest.len() >= TOGETHER {
            let those = rest.clone().take(TOGETHER);
            match self.insert_together(those.clone()) {
                Ok(TOGETHER) => inserted += TOGETHER,
                Ok(count) => {
                    inserted += count;
                    self.check_each(those, at, &mut failed)?;
                }
                Err(cause) if self.is_broken(&cause) => return Err(self.error(cause)),
                // One row failed; the others are inserted without it.
                Err(_) => inserted += self.insert_each(those, at, &mut failed)?,
            }
            at += TOGETHER;
            rest.nth(TOGETHER - 1);
        }
        Ok(inserted + self.insert_each(rest, at, &mut failed)?)
    }

    fn insert_together<'r>(
        &mut self,
        rows: impl Iterator<Item = &'r [u8]> + Clone,
    ) -> Result<usize, rusqlite::Error> {
        static SQL: [LazyLock<String>; 2] =
            [LazyLock::new(|| sql(TOGETHER, ALWAYS)), LazyLock::new(|| sql(TOGETHER, COLUMNS.len()))];
        let with_context = rows.clone().any(has_context);
        let statement = prepared(&mut self.together, self.connection, &SQL, with_context)?;
        for (row, place) in rows.zip(0..) {
            bind(statement, place, row, with_context)?;
        }
        statement.raw_execute()
    }

    fn insert_each<'r>(
        &mut self,
        rows: impl Iterator<Item = &'r [u8]>,
        first: usize,
        failed: &mut impl FnMut(usize, Error),
    ) -> Result<usize> {
        let mut inserted = 0;
        for (row, at) in rows.zip(first..) {
            match self.insert_alone(row) {
                Ok(0) => self.check_each(std::iter::once(row), at, failed)?,
                Ok(count) => inserted += count,
                Err(cause) if self.is_broken(&cause) => return Err(self.error(cause)),
                Err(cause) => failed(at, self.error(cause)),
            }
        }
        Ok(inserted)
    }

    /// Inserts a row; gives how many that were, none if it was there.
    pub(crate) fn insert_one(&mut self, row: &[u8]) -> Result<usize> {
        match self.insert_alone(row) {
            Ok(0) => self.check(row).map_err(|cause| self.error(cause))?.map(|()| 0),
            Ok(count) => Ok(count),
            Err(cause) => Err(self.error(cause)),
        }
    }

    fn insert_alone(&mut self, row: &[u8]) -> Result<usize, rusqlite::Error> {
        static SQL: [LazyLock<String>; 2] =
            [LazyLock::new(|| sql(1, ALWAYS)), LazyLock::new(|| sql(1, COLUMNS.len()))];
        let with_context = has_context(row);
        let statement = prepared(&mut self.one, self.connection, &SQL, with_context)?;
        bind(statement, 0, row, with_context)?;
        statement.raw_execute()
    }

    /// Looks at rows some of which weren't inserted.
    fn check_each<'r>(
        &self,
        rows: impl Iterator<Item = &'r [u8]>,
        first: usize,
        failed: &mut impl FnMut(usize, Error),
    ) -> Result<()> {
        for (row, at) in rows.zip(first..) {
            if let Err(error) = self.check(row).map_err(|cause| self.error(cause))? {
                failed(at, error);
            }
        }
        Ok(())
    }

    /// An error where the event isn't in the table: another one has its id, or a trigger ignored the row. The same
    /// event, tracked again, may have happened at another time and in another request.
    fn check(&self, row: &[u8]) -> Result<Result<()>, rusqlite::Error> {
        let row = Row::decode(row);
        let event = || String::from_utf8_lossy(row.name).into_owned();
        let select = "SELECT name, version, actor, properties FROM main.events WHERE id = ?";
        let mut statement = self.connection.prepare_cached(select)?;
        let mut found = statement.query((Text(row.id),))?;
        let Some(kept) = found.next()? else {
            return Ok(Err(Error::Ignored { path: self.path.to_owned(), event: event() }));
        };
        let is_version = matches!(kept.get_ref(1)?, ValueRef::Integer(it) if it == i64::from(row.version));
        let other = if !is_same(kept.get_ref(0)?, Some(row.name)) {
            "name"
        } else if !is_version {
            "version"
        } else if !is_same(kept.get_ref(2)?, row.actor) {
            "actor"
        } else if !is_same(kept.get_ref(3)?, Some(row.properties)) {
            "properties"
        } else {
            return Ok(Ok(()));
        };
        let id = String::from_utf8_lossy(row.id).into_owned();
        Ok(Err(Error::IdTaken { path: self.path.to_owned(), event: event(), id, other }))
    }

    fn error(&self, cause: rusqlite::Error) -> Error {
        Error::sqlite(self.path, cause)
    }

    fn is_broken(&self, cause: &rusqlite::Error) -> bool {
        let is_of_the_file = matches!(
            cause.sqlite_error_code(),
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

/// Two texts that are the same, or the same JSON: a map without an order can be written in two.
fn is_same(kept: ValueRef<'_>, new: Option<&[u8]>) -> bool {
    let kept = match kept {
        ValueRef::Text(text) => Some(text),
        _ => None,
    };
    let json = |text: Option<&[u8]>| serde_json::from_slice::<serde_json::Value>(text?).ok();
    kept == new || matches!((json(kept), json(new)), (Some(kept), Some(new)) if kept == new)
}

/// `OR IGNORE` would hide more than an id that is there already.
fn sql(rows: usize, columns: usize) -> String {
    let names = COLUMNS[..columns].join(", ");
    let row = format!("({})", vec!["?"; columns].join(","));
    let places = vec![row; rows].join(",");
    format!("INSERT INTO main.events ({names}) VALUES {places} ON CONFLICT (id) DO NOTHING")
}

fn prepared<'s, 'c>(
    statements: &'s mut Statements<'c>,
    connection: &'c Connection,
    sql: &[LazyLock<String>; 2],
    with_context: bool,
) -> rusqlite::Result<&'s mut CachedStatement<'c>> {
    let which = usize::from(with_context);
    match &mut statements[which] {
        Some(statement) => Ok(statement),
        unprepared => Ok(unprepared.insert(connection.prepare_cached(&sql[which])?)),
    }
}

fn bind(
    statement: &mut CachedStatement<'_>,
    place: usize,
    row: &[u8],
    with_context: bool,
) -> rusqlite::Result<()> {
    let row = Row::decode(row);
    let columns = if with_context { COLUMNS.len() } else { ALWAYS };
    let first = place * columns + 1;
    statement.raw_bind_parameter(first, Text(row.id))?;
    statement.raw_bind_parameter(first + 1, Text(row.name))?;
    statement.raw_bind_parameter(first + 2, row.version)?;
    statement.raw_bind_parameter(first + 3, Text(row.created))?;
    statement.raw_bind_parameter(first + 4, row.actor_id.map(Text))?;
    statement.raw_bind_parameter(first + 5, row.actor.map(Text))?;
    statement.raw_bind_parameter(first + 6, Text(row.properties))?;
    if with_context {
        statement.raw_bind_parameter(first + 7, row.context.map(Text))?;
    }
    Ok(())
}

/// Text that came out of a `str`, or of `serde_json`.
struct Text<'a>(&'a [u8]);

impl ToSql for Text<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(ValueRef::Text(self.0)))
    }
}
