//! A durable implementation whose effect is rows in the application's database, exactly once: the write says that the event is delivered.
//!
//! `cargo run --example exactly_once` receives payments, while the implementation fails after its commit, and shows the balance.
//!
//! `cargo run --example exactly_once -- bank.db` receives a payment of one cent all the time, and prints how many were received and what the
//! balance is. Kill it at any moment, and start it again: the two are the same as soon as everything is delivered.

use std::error::Error;
use std::path::Path;
use std::time::Duration;

use event_core::durable::Delivery;
use event_core::prelude::*;
use event_sqlite::{DeliveryExt, JournalExt, SqliteExt};

event_core::plugins![event_sqlite];

/// A payment came in.
#[derive(Event, serde::Deserialize)]
struct PaymentReceived {
    /// How much, in cents.
    cents: i64,
}

#[hookimpl(startup)]
async fn make_the_table(app: &App) -> event_sqlite::Result<()> {
    let create = "CREATE TABLE IF NOT EXISTS balance AS SELECT 0 AS cents";
    app.database("app")?.execute_write(create, ()).await.map(drop)
}

/// Added twice, or not at all, the balance would be wrong for ever.
#[hookimpl(track_event, durable)]
async fn add_to_balance(app: &App, event: &PaymentReceived, delivery: &Delivery) -> event_sqlite::Result<()> {
    let (cents, delivery) = (event.cents, delivery.clone());
    let written = app.database("app")?.write(move |tx| {
        tx.execute("UPDATE balance SET cents = cents + ?", (cents,))?;
        delivery.done_in(tx)
    });
    written.await?;
    // It is committed, and so is the delivery: this doesn't make it come again.
    if cents == 450 { Err("the answer got lost".into()) } else { Ok(()) }
}

fn main() -> Result<(), Box<dyn Error>> {
    match std::env::args().nth(1) {
        None => tell_a_story(),
        Some(file) => receive_payments(Path::new(&file)),
    }
}

fn tell_a_story() -> Result<(), Box<dyn Error>> {
    let directory = tempfile::tempdir()?;
    let app = start(&directory.path().join("bank.db"))?;
    for cents in [1999, 450, 1] {
        app.track(PaymentReceived { cents }).wait()?;
    }
    app.deliveries()?.settled().wait()?;
    println!("3 payments, {} cents", balance(&app)?);
    for consumer in app.deliveries()?.consumers().wait()? {
        println!("{consumer}");
    }
    app.shutdown().wait()?;
    Ok(())
}

fn receive_payments(file: &Path) -> Result<(), Box<dyn Error>> {
    let app = start(file)?;
    for round in 1.. {
        app.track(PaymentReceived { cents: 1 }).wait()?;
        if round % 100 == 0 {
            app.deliveries()?.settled().wait()?;
            // There are no other events, so the number of the last one is how many there are.
            let last = app.store()?.events().newest_first().limit(1).list().wait()?;
            println!("{} payments, {} cents", last[0].seq, balance(&app)?);
            std::thread::park_timeout(Duration::from_millis(100));
        }
    }
    Ok(())
}

fn balance(app: &App) -> event_sqlite::Result<i64> {
    let cents = "SELECT cents FROM balance";
    app.database("app")?.read(move |db| Ok(db.query_row(cents, (), |row| row.get(0))?)).wait()
}

fn start(file: &Path) -> event_core::Result<App> {
    // The events are in the database of the balance, or no transaction could have both.
    let config = json!({ "plugins": { "event-sqlite": {
        "databases": { "app": { "path": file } },
        "store": { "database": "app" },
    } } });
    App::builder().config(config).start().wait()
}
