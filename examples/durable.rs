//! A durable implementation: an event that was tracked reaches it, whatever happens in between.
//!
//! `cargo run --example durable` places three orders, while the billing service is down at first, and shows what reaches it.
//!
//! `cargo run --example durable -- orders.db` places an order each second until it is killed: Ctrl-C, `kill -9`, or a power
//! switch. Start it again and watch: the orders that billing hadn't heard of come first; if the process died while it delivered, when
//! its lease of five seconds is over.

use std::error::Error;
use std::path::Path;
use std::time::Duration;

use event_core::durable::{Delivery, Rejected, Retry};
use event_core::prelude::*;
use event_journal::JournalExt;

event_core::plugins![event_sqlite];

/// A customer placed an order.
#[derive(Event, serde::Deserialize)]
struct OrderPlaced {
    /// The order's number.
    order: u64,
    /// What it costs, in cents.
    cents: i64,
}

/// Called after the event is in the file, one order after the other, until it succeeds. Any error type will do; an error with a
/// `Retry` among its causes is an outage, one with a `Rejected` is final.
#[hookimpl(track_event, durable)]
async fn tell_billing(
    event: &Tracked<OrderPlaced>,
    delivery: &Delivery,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    if event.cents < 0 {
        return Err(Rejected::new("an order can't cost less than nothing").into());
    }
    if event.order == 1 && delivery.attempt() < 3 {
        println!("billing is down: order {}, attempt {}", event.order, delivery.attempt());
        return Err(Retry::new("connection refused").into());
    }
    println!("billing has order {}, attempt {}", event.order, delivery.attempt());
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    match std::env::args().nth(1) {
        None => tell_a_story(),
        Some(file) => place_orders(Path::new(&file)),
    }
}

fn tell_a_story() -> Result<(), Box<dyn Error>> {
    let directory = tempfile::tempdir()?;
    let app = start(&directory.path().join("orders.db"))?;
    let deliveries = app.deliveries()?;
    // Until all are placed, so that the lines of both sides don't mix.
    deliveries.pause("examples::tell_billing").wait()?;
    for (order, cents) in [(1, 1999), (2, 450), (3, -1)] {
        app.track(OrderPlaced { order, cents }).wait()?;
        println!("order {order} is placed");
    }
    deliveries.resume("examples::tell_billing").wait()?;
    // A program needn't wait: the calls are made in the background. Here everything is to be shown before the end.
    while deliveries.consumers().wait()?.iter().any(|consumer| consumer.backlog != Some(0)) {
        deliveries.settled().wait()?;
        deliveries.deliver_now("examples::tell_billing").wait()?;
    }
    for consumer in deliveries.consumers().wait()? {
        println!("{consumer}");
    }
    for letter in deliveries.dead_letters("examples::tell_billing", 0, 10).wait()? {
        println!("given up: order {}: {}", letter.seq, letter.reason);
    }
    app.shutdown().wait()?;
    Ok(())
}

fn place_orders(file: &Path) -> Result<(), Box<dyn Error>> {
    let app = start(file)?;
    let placed = app.store()?.events_of::<OrderPlaced>().newest_first().limit(1).list().wait()?;
    let mut order = placed.first().map_or(0, |last| last.order);
    loop {
        order += 1;
        app.track(OrderPlaced { order, cents: 1999 }).wait()?;
        println!("order {order} is placed");
        std::thread::park_timeout(Duration::from_secs(1));
    }
}

fn start(file: &Path) -> event_core::Result<App> {
    App::builder()
        .config(json!({ "plugins": { "event-sqlite": { "store": { "path": file } } } }))
        .start()
        .wait()
}
