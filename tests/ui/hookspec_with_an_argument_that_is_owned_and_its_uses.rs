//! A mistake in an argument of a hook is not repeated where the hook is implemented and called.

use event_core::prelude::*;

struct Order {
    items: Vec<String>,
}

#[hookspec]
fn price(app: &App, order: Order, reason: Option<String>) -> u64;

#[hookimpl(price)]
fn by_items(order: Order) -> Option<u64> {
    order.items.len().try_into().ok()
}

#[hookimpl(price, wrapper)]
async fn around(app: &App, next: Next<'_, price>) -> Outcome<price> {
    println!("{app:?}");
    next.run().await
}

async fn total(app: &App, order: Order) -> event_core::Result<u64> {
    Ok(price::call(app, order, None).await?.values.iter().sum())
}

fn main() {}
