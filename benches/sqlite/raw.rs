//! SQLite without anything around it: the same table, the same settings, statements that are prepared once, and values
//! that are made before the clock starts. It is the limit of what a store can reach on one thread.

use std::path::Path;
use std::time::Instant;

use rusqlite::Connection;

use super::ours::{self, per_second};

const INSERT: &str = "INSERT INTO events (id, name, version, created, actor_id, actor, properties)
    VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING";

struct Values {
    id: String,
    created: String,
    properties: String,
}

/// What so many events would be in the table.
fn values(count: u64) -> Vec<Values> {
    let value = |order: u64| Values {
        id: format!("019aab2c-5a00-7{:03x}-8000-{:012x}", order >> 48, order),
        created: format!("2026-11-22T11:57:54.{:06}Z", order % 1_000_000),
        properties: format!(r#"{{"order":{order},"customer":"mallory","express":true}}"#),
    };
    (0..count).map(value).collect()
}

fn open(path: &Path) -> Connection {
    // The plugin makes the table, so that it is the same.
    ours::end(&ours::app(path, "commit"));
    let connection = Connection::open(path).expect("the plugin has made it");
    connection.pragma_update(None, "journal_mode", "wal").expect("it is one already");
    connection.pragma_update(None, "synchronous", "full").expect("there is such a mode");
    connection
}

/// Rows a second in transactions of so many; and how long each transaction took.
pub(crate) fn transactions(path: &Path, count: u64, rows: usize) -> (f64, Vec<f64>) {
    let values = values(count);
    let connection = open(path);
    let mut took = Vec::new();
    let start = Instant::now();
    {
        let mut insert = connection.prepare(INSERT).expect("the SQL is right");
        for chunk in values.chunks(rows) {
            let start = Instant::now();
            connection.execute_batch("BEGIN IMMEDIATE").expect("no other connection writes");
            for Values { id, created, properties } in chunk {
                let no_actor = None::<&str>;
                let row = (id, "order-placed", 1, created, no_actor, no_actor, properties);
                insert.execute(row).expect("it can be written");
            }
            connection.execute_batch("COMMIT").expect("it can be written");
            took.push(start.elapsed().as_secs_f64());
        }
    }
    connection.close().expect("nothing is open any more");
    (per_second(count, start), took)
}
