//! The eleven events of Datasette's core, with its names and fields.
//!
//! A program in Rust that stands in for a part of Datasette, or that imports its events, speaks of them as Datasette
//! does. Actors look like `{"id": "root"}`, and with an API token like `{"id": "root", "token": "dstok"}`.

use std::collections::BTreeMap;

use event_core::prelude::*;

event_core::plugin!();

/// An actor has logged in.
#[derive(Event)]
#[event(name = "login")]
pub struct Login;

/// An actor has logged out.
#[derive(Event)]
#[event(name = "logout")]
pub struct Logout;

/// An actor created an API token.
#[derive(Event)]
#[event(name = "create-token")]
pub struct CreateToken {
    /// After how many seconds the token expires; none if it never does.
    pub expires_after: Option<u64>,
    /// What the token may do anywhere, as actions; empty where nothing is said.
    pub restrict_all: Vec<String>,
    /// What it may do in a database, by the database's name.
    pub restrict_database: BTreeMap<String, Vec<String>>,
    /// What it may do in a table, by the names of the database and the table.
    pub restrict_resource: BTreeMap<String, BTreeMap<String, Vec<String>>>,
}

/// A table was created.
#[derive(Event)]
#[event(name = "create-table")]
pub struct CreateTable {
    /// The database that it is in.
    pub database: String,
    /// Its name.
    pub table: String,
    /// The SQL that creates it.
    pub schema: String,
}

/// A table was dropped.
#[derive(Event)]
#[event(name = "drop-table")]
pub struct DropTable {
    /// The database that it was in.
    pub database: String,
    /// Its name.
    pub table: String,
}

/// A table was altered.
#[derive(Event)]
#[event(name = "alter-table")]
pub struct AlterTable {
    /// The database that it is in.
    pub database: String,
    /// Its name.
    pub table: String,
    /// The SQL that would have created it before.
    pub before_schema: String,
    /// The SQL that would create it now.
    pub after_schema: String,
}

/// A table has another name.
#[derive(Event)]
#[event(name = "rename-table")]
pub struct RenameTable {
    /// The database that it is in.
    pub database: String,
    /// Its name before.
    pub old_table: String,
    /// Its name now.
    pub new_table: String,
}

/// Rows were inserted.
#[derive(Event)]
#[event(name = "insert-rows")]
pub struct InsertRows {
    /// The database that they are in.
    pub database: String,
    /// The table that they are in.
    pub table: String,
    /// How many rows were given.
    pub num_rows: u64,
    /// Whether rows with a primary key that was there already were left as they are.
    pub ignore: bool,
    /// Whether rows with a primary key that was there already were replaced.
    pub replace: bool,
}

/// Rows were inserted, or updated where their primary key was there already.
#[derive(Event)]
#[event(name = "upsert-rows")]
pub struct UpsertRows {
    /// The database that they are in.
    pub database: String,
    /// The table that they are in.
    pub table: String,
    /// How many rows were given.
    pub num_rows: u64,
}

/// A row was updated.
#[derive(Event)]
#[event(name = "update-row")]
pub struct UpdateRow {
    /// The database that it is in.
    pub database: String,
    /// The table that it is in.
    pub table: String,
    /// The values of its primary key.
    pub pks: Vec<String>,
}

/// A row was deleted.
#[derive(Event)]
#[event(name = "delete-row")]
pub struct DeleteRow {
    /// The database that it was in.
    pub database: String,
    /// The table that it was in.
    pub table: String,
    /// The values of its primary key.
    pub pks: Vec<String>,
}
