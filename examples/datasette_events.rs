//! A morning in a Datasette: all eleven events of its core, from a crate of their own.
//!
//! `cargo run --example datasette_events`
//!
//! The crate `datasette-events`, beside this file, defines the events. Nothing here registers them: the crate is
//! named, so it is linked, and so its events are known.

use std::process::ExitCode;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use datasette_events::{
    AlterTable, CreateTable, CreateToken, DeleteRow, DropTable, InsertRows, Login, Logout, RenameTable,
    UpdateRow, UpsertRows,
};
use event_core::prelude::*;

event_core::plugins![datasette_events];

/// Every event, with who did it and when.
#[hookimpl(track_event)]
fn print(event: &Tracked) -> event_core::Result<()> {
    let created = event.created().format("%H:%M:%S");
    let actor = event.actor().map_or_else(|| "no actor".to_owned(), Actor::to_string);
    println!("{created} {} by {actor}", event.name());
    println!("         {}", event.properties_json()?);
    Ok(())
}

/// Inserts only: the fields arrive as fields.
#[hookimpl(track_event, trylast)]
fn warn_of_large_inserts(event: &InsertRows) {
    if event.num_rows >= 100 {
        println!("         {} rows at once: is {} still fast?", event.num_rows, event.table);
    }
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> event_core::Result<()> {
    // A clock that prints the same each time: twenty seconds from event to event.
    let nine: DateTime<Utc> = "2026-11-22T09:00:00Z".parse().expect("a time");
    let ticks = AtomicI64::new(0);
    let clock = move || nine + TimeDelta::seconds(20 * ticks.fetch_add(1, Ordering::Relaxed));
    let app = App::builder().clock(clock).start().wait()?;

    let root = Actor::new("root");
    app.track(Login).by(&root).wait()?;
    let token = CreateToken {
        expires_after: Some(3600),
        restrict_all: Vec::new(),
        restrict_database: [("zoo".into(), vec!["create-table".into(), "insert-row".into()])].into(),
        restrict_resource: [("zoo".into(), [("animals".into(), vec!["update-row".into()])].into())].into(),
    };
    app.track(token).by(&root).wait()?;

    fill_the_zoo(&app, &root.clone().with("token", "dstok"))?;

    app.track(DropTable { database: "zoo".into(), table: "cages".into() }).by(&root).wait()?;
    app.track(Logout).by(&root).wait()?;

    print!("\n{}", app.describe());
    app.shutdown().wait()
}

/// What a script does with the token that root created.
fn fill_the_zoo(app: &App, script: &Actor) -> event_core::Result<()> {
    let database = || "zoo".to_owned();
    let table = || "animals".to_owned();
    let schema = "CREATE TABLE [pets] ([id] INTEGER PRIMARY KEY, [name] TEXT)".to_owned();
    let with_birth = "CREATE TABLE [pets] ([id] INTEGER PRIMARY KEY, [name] TEXT, [born] TEXT)".to_owned();

    let create = CreateTable { database: database(), table: "pets".into(), schema: schema.clone() };
    app.track(create).by(script).wait()?;
    let alter = AlterTable {
        database: database(),
        table: "pets".into(),
        before_schema: schema,
        after_schema: with_birth,
    };
    app.track(alter).by(script).wait()?;
    let rename = RenameTable { database: database(), old_table: "pets".into(), new_table: table() };
    app.track(rename).by(script).wait()?;
    let insert =
        InsertRows { database: database(), table: table(), num_rows: 250, ignore: true, replace: false };
    app.track(insert).by(script).wait()?;
    app.track(UpsertRows { database: database(), table: table(), num_rows: 2 }).by(script).wait()?;
    app.track(UpdateRow { database: database(), table: table(), pks: vec!["17".into()] })
        .by(script)
        .wait()?;
    app.track(DeleteRow { database: database(), table: table(), pks: vec!["4".into()] }).by(script).wait()?;
    Ok(())
}
