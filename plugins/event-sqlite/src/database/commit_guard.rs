//! Keeps a closure from changing the transaction and the connection that it shares with others.

use std::cell::Cell;
use std::panic::Location;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::limits::Limit;
use rusqlite::{Connection, Result};

use crate::database::connect::STATEMENTS;
use crate::log::log;

/// Refuses what a closure may not do on its connection, and undoes what it leaves there.
///
/// Refused are `BEGIN`, `COMMIT` and `ROLLBACK` (half of a batch would become permanent, and those whose half it is would
/// be told the contrary), attached files, and pragmas that stay. Undone are temporary tables, views and triggers, which
/// would shadow the tables of others, and settings that are changed by a function of rusqlite's.
pub(crate) struct Guard {
    seen: Arc<Seen>,
    settings: Settings,
    /// Whether a forgotten statement was reported.
    said: Cell<bool>,
}

/// What the connection asks before it prepares a statement, and what it was asked for.
#[derive(Default)]
struct Seen {
    closure_runs: AtomicBool,
    makes_temporary: AtomicBool,
    changes_schema: AtomicBool,
}

impl Guard {
    /// A guard of a connection that is set up.
    pub(crate) fn of(connection: &mut Connection, busy_timeout: Duration) -> Result<Self> {
        let seen = Arc::<Seen>::default();
        let asked = seen.clone();
        connection.authorizer(Some(move |context: AuthContext<'_>| asked.answer(context.action)))?;
        Ok(Self { seen, settings: Settings::of(connection, busy_timeout), said: Cell::default() })
    }

    /// Runs a closure that has the connection.
    pub(crate) fn run<T>(&self, closure: impl FnOnce() -> T) -> T {
        self.seen.closure_runs.store(true, Ordering::Relaxed);
        let _ends = Ends(&self.seen);
        closure()
    }

    /// Runs what isn't the closure's own in the middle of [`run`](Self::run).
    pub(crate) fn lift<T>(&self, function: impl FnOnce() -> T) -> T {
        let runs = self.seen.closure_runs.swap(false, Ordering::Relaxed);
        let value = function();
        self.seen.closure_runs.store(runs, Ordering::Relaxed);
        value
    }

    /// Removes the temporary tables, views and triggers that a closure made.
    pub(crate) fn remove_temporary(&self, connection: &Connection) -> Result<()> {
        if self.seen.makes_temporary.swap(false, Ordering::Relaxed) {
            return remove_temporary(connection);
        }
        Ok(())
    }

    /// Whether a closure changed a table or a trigger since this was asked last.
    pub(crate) fn schema_changed(&self) -> bool {
        self.seen.changes_schema.swap(false, Ordering::Relaxed)
    }

    /// Reports once that a closure has left a statement in the middle of its rows. Nothing can end it any more, so the
    /// connection is busy for good.
    pub(crate) fn report_forgotten(&self, connection: &Connection, path: &Path, place: &Location<'_>) {
        if connection.is_busy() && !self.said.replace(true) {
            log(format_args!(
                "{}: the closure at {place} left a statement in the middle of its rows, as by `mem::forget`; until the app is \
                 started again, the log grows, and writes can fail after another process has written",
                path.display()
            ));
        }
    }

    /// Sets what a closure may have set otherwise.
    pub(crate) fn restore(&self, connection: &Connection) {
        self.settings.restore(connection);
    }
}

/// A panic ends a closure, too.
struct Ends<'s>(&'s Seen);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.closure_runs.store(false, Ordering::Relaxed);
    }
}

/// The savepoint that a closure runs in.
pub(crate) const SAVEPOINT: &str = "event_sqlite";

impl Seen {
    fn answer(&self, action: AuthAction<'_>) -> Authorization {
        if !self.closure_runs.load(Ordering::Relaxed) {
            return Authorization::Allow;
        }
        match action {
            AuthAction::Transaction { .. } | AuthAction::Attach { .. } | AuthAction::Detach { .. } => {
                Authorization::Deny
            }
            AuthAction::Savepoint { savepoint_name, .. }
                if savepoint_name.eq_ignore_ascii_case(SAVEPOINT) =>
            {
                Authorization::Deny
            }
            AuthAction::Pragma { pragma_name, pragma_value: Some(_) } if stays(pragma_name) => {
                Authorization::Deny
            }
            AuthAction::CreateTempTable { .. }
            | AuthAction::CreateTempView { .. }
            | AuthAction::CreateTempTrigger { .. }
            | AuthAction::CreateVtable { .. } => {
                self.makes_temporary.store(true, Ordering::Relaxed);
                Authorization::Allow
            }
            AuthAction::CreateTable { .. }
            | AuthAction::CreateTrigger { .. }
            | AuthAction::AlterTable { .. } => {
                self.changes_schema.store(true, Ordering::Relaxed);
                Authorization::Allow
            }
            _ => Authorization::Allow,
        }
    }
}

/// Whether a pragma with a value is more than a question, and changes what a savepoint doesn't undo.
fn stays(pragma: &str) -> bool {
    const QUESTIONS: [&str; 10] = [
        "table_info",
        "table_xinfo",
        "table_list",
        "index_info",
        "index_xinfo",
        "index_list",
        "foreign_key_list",
        "foreign_key_check",
        "integrity_check",
        "quick_check",
    ];
    const IN_THE_FILE: [&str; 4] = ["user_version", "application_id", "incremental_vacuum", "optimize"];
    !QUESTIONS.iter().chain(&IN_THE_FILE).any(|known| pragma.eq_ignore_ascii_case(known))
}

/// The newest first, since they may be about older ones. The names are compared here: what a closure does to `LIKE`
/// stays, too.
fn remove_temporary(connection: &Connection) -> Result<()> {
    let mut statement =
        connection.prepare("SELECT type, name FROM temp.sqlite_schema ORDER BY rowid DESC")?;
    let objects = statement.query_map((), |row| Ok((row.get(0)?, row.get(1)?)))?;
    let objects: Vec<(String, String)> = objects.collect::<Result<_>>()?;
    for (kind, name) in objects {
        // An index goes with its table; SQLite's own tables stay.
        if kind != "index" && !name.starts_with("sqlite_") {
            connection
                .execute_batch(&format!("DROP {kind} IF EXISTS temp.\"{}\"", name.replace('"', "\"\"")))?;
        }
    }
    Ok(())
}

/// What a connection is set to by functions and not by SQL, of which the authorizer isn't asked.
struct Settings {
    busy_timeout: Duration,
    flags: Vec<(DbConfig, bool)>,
    limits: Vec<(Limit, i32)>,
}

const FLAGS: [DbConfig; 20] = [
    DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY,
    DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER,
    DbConfig::SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER,
    DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE,
    DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG,
    DbConfig::SQLITE_DBCONFIG_TRIGGER_EQP,
    DbConfig::SQLITE_DBCONFIG_RESET_DATABASE,
    DbConfig::SQLITE_DBCONFIG_DEFENSIVE,
    DbConfig::SQLITE_DBCONFIG_WRITABLE_SCHEMA,
    DbConfig::SQLITE_DBCONFIG_LEGACY_ALTER_TABLE,
    DbConfig::SQLITE_DBCONFIG_DQS_DML,
    DbConfig::SQLITE_DBCONFIG_DQS_DDL,
    DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW,
    DbConfig::SQLITE_DBCONFIG_LEGACY_FILE_FORMAT,
    DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA,
    DbConfig::SQLITE_DBCONFIG_STMT_SCANSTATUS,
    DbConfig::SQLITE_DBCONFIG_REVERSE_SCANORDER,
    DbConfig::SQLITE_DBCONFIG_ENABLE_ATTACH_CREATE,
    DbConfig::SQLITE_DBCONFIG_ENABLE_ATTACH_WRITE,
    DbConfig::SQLITE_DBCONFIG_ENABLE_COMMENTS,
];

const LIMITS: [Limit; 15] = [
    Limit::SQLITE_LIMIT_LENGTH,
    Limit::SQLITE_LIMIT_SQL_LENGTH,
    Limit::SQLITE_LIMIT_COLUMN,
    Limit::SQLITE_LIMIT_EXPR_DEPTH,
    Limit::SQLITE_LIMIT_COMPOUND_SELECT,
    Limit::SQLITE_LIMIT_VDBE_OP,
    Limit::SQLITE_LIMIT_FUNCTION_ARG,
    Limit::SQLITE_LIMIT_ATTACHED,
    Limit::SQLITE_LIMIT_LIKE_PATTERN_LENGTH,
    Limit::SQLITE_LIMIT_VARIABLE_NUMBER,
    Limit::SQLITE_LIMIT_TRIGGER_DEPTH,
    Limit::SQLITE_LIMIT_WORKER_THREADS,
    Limit::SQLITE_LIMIT_PARSER_DEPTH,
    Limit::SQLITE_LIMIT_SCHEMA,
    Limit::SQLITE_LIMIT_TRIGGER_STEPS,
];

impl Settings {
    fn of(connection: &Connection, busy_timeout: Duration) -> Self {
        // One that this SQLite doesn't have can't be changed, either.
        let flags = FLAGS.into_iter().filter_map(|flag| Some((flag, connection.db_config(flag).ok()?)));
        let limits = LIMITS.into_iter().filter_map(|limit| Some((limit, connection.limit(limit).ok()?)));
        Self { busy_timeout, flags: flags.collect(), limits: limits.collect() }
    }

    fn restore(&self, connection: &Connection) {
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        // None of them fails for a value that it had before.
        let _ = connection.busy_timeout(self.busy_timeout);
        for (flag, value) in &self.flags {
            if connection.db_config(*flag).is_ok_and(|now| now != *value) {
                let _ = connection.set_db_config(*flag, *value);
            }
        }
        for (limit, value) in &self.limits {
            let _ = connection.set_limit(*limit, *value);
        }
    }
}
