//! The statements around what is written together, and around a closure.

use std::cell::RefCell;

use rusqlite::{Connection, Result, Statement};

use crate::database::commit_guard::SAVEPOINT;

/// `BEGIN`, `COMMIT` and the rest, prepared once.
///
/// They aren't in the connection's cache: a closure would get them from there without the [`Guard`] being asked.
///
/// [`Guard`]: crate::database::commit_guard::Guard
pub(crate) struct Frame<'c> {
    pub(crate) begin: Framing<'c>,
    pub(crate) commit: Framing<'c>,
    pub(crate) rollback: Framing<'c>,
    pub(crate) savepoint: Framing<'c>,
    pub(crate) rollback_to: Framing<'c>,
    pub(crate) release: Framing<'c>,
}

impl<'c> Frame<'c> {
    pub(crate) fn of(connection: &'c Connection) -> Result<Self> {
        let prepare = |sql: &str| connection.prepare(sql).map(|statement| Framing(RefCell::new(statement)));
        Ok(Self {
            begin: prepare("BEGIN IMMEDIATE")?,
            commit: prepare("COMMIT")?,
            rollback: prepare("ROLLBACK")?,
            savepoint: prepare(&format!("SAVEPOINT {SAVEPOINT}"))?,
            rollback_to: prepare(&format!("ROLLBACK TO {SAVEPOINT}"))?,
            release: prepare(&format!("RELEASE {SAVEPOINT}"))?,
        })
    }
}

/// A statement without parameters and rows.
pub(crate) struct Framing<'c>(RefCell<Statement<'c>>);

impl Framing<'_> {
    pub(crate) fn run(&self) -> Result<()> {
        self.0.borrow_mut().raw_execute().map(drop)
    }
}
