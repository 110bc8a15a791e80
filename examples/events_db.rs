//! An application keeps its events in a table of its own, in a database of its own.
//!
//! `cargo run --example events_db`, or with a file to keep: `cargo run --example events_db -- events.db`
//!
//! The table is the one that the documentation of Datasette's `track_event` hook shows. The plugin's store, which
//! does more (`examples/moderation` uses it), is switched off.

use std::error::Error;
use std::path::PathBuf;

use chrono::{DateTime, Utc};
use event_core::prelude::*;
use event_sqlite::{DatabaseOptions, Databases, SqliteExt};

event_core::plugins![event_sqlite];

/// A moderator banned a user.
#[derive(Event)]
struct BanUser {
    user: u64,
    reason: String,
}

/// A moderator lifted a ban.
#[derive(Event)]
struct UnbanUser {
    user: u64,
}

/// Makes the table that [`track_event`] writes to.
#[hookimpl]
async fn startup(app: &App) -> event_sqlite::Result<()> {
    let sql = "CREATE TABLE IF NOT EXISTS datasette_events (
        id INTEGER PRIMARY KEY,
        event_type TEXT,
        created TEXT,
        actor TEXT,
        properties TEXT
    )";
    app.database("events")?.execute_write(sql, ()).await?;
    Ok(())
}

/// Every event, as a row. It resolves when the row is on disk.
#[hookimpl]
async fn track_event(app: &App, event: &Tracked) -> Result<(), Box<dyn Error + Send + Sync>> {
    let row = (
        event.name().to_owned(),
        event.created().to_rfc3339(),
        event.actor().map(Actor::to_string),
        event.properties_json()?.to_owned(),
    );
    let sql = "INSERT INTO datasette_events (event_type, created, actor, properties) VALUES (?, ?, ?, ?)";
    app.database("events")?.execute_write(sql, row).await?;
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let file = std::env::args_os().nth(1).map(PathBuf::from);
    let path = file.clone().unwrap_or_else(|| {
        std::env::temp_dir().join(format!("events_db-{}", std::process::id())).join("events.db")
    });
    let app = App::builder()
        .insert(Databases::new().with("events", DatabaseOptions::new(&path)))
        .config(json!({ "plugins": { "event-sqlite": { "store": { "enabled": false } } } }))
        .start()
        .await?;

    let root = Actor::new("root");
    app.track(BanUser { user: 17, reason: "spam".into() }).by(&root).at(minute(15)).await?.strict()?;
    app.track(UnbanUser { user: 17 }).by(&root).at(minute(21)).await?.strict()?;
    app.track(BanUser { user: 23, reason: "insults".into() }).at(minute(40)).await?.strict()?;

    print_rows(&app).await?;
    app.shutdown().await?;
    match file {
        Some(path) => println!("kept in {}", path.display()),
        None => path.parent().map_or(Ok(()), std::fs::remove_dir_all)?,
    }
    Ok(())
}

async fn print_rows(app: &App) -> event_sqlite::Result<()> {
    let read = app.database("events")?.read(|connection| {
        let mut rows = connection.prepare("SELECT * FROM datasette_events ORDER BY id")?;
        let rows = rows.query_map((), |row| {
            let (id, event, created): (i64, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
            let (actor, properties): (Option<String>, String) = (row.get(3)?, row.get(4)?);
            Ok(format!("{id} | {event} | {created} | {} | {properties}", actor.as_deref().unwrap_or("NULL")))
        })?;
        Ok(rows.collect::<Result<Vec<_>, _>>()?)
    });
    for row in read.await? {
        println!("{row}");
    }
    Ok(())
}

/// So that the output is the same every time.
fn minute(minute: u32) -> DateTime<Utc> {
    "2026-11-22T09:00:00Z".parse::<DateTime<Utc>>().expect("it is RFC 3339")
        + chrono::Duration::minutes(minute.into())
}
