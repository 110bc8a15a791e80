//! Hooks give owned values; their implementations have what is right.

use event_core::prelude::*;

pub struct Order;

#[hookspec]
pub fn order_placed(app: &App, order: Order, by: Actor);

#[hookspec]
pub fn order_checked(app: &App, check: impl Fn());

#[hookimpl]
fn order_placed(order: &Order, by: &Actor) {
    let _ = (order, by);
}

#[hookimpl]
fn order_checked(check: &(dyn Fn() + Sync)) {
    check();
}

fn main() {
    let app = App::builder().start().wait().unwrap();
    order_placed::call(&app, Order, Actor::new("root")).wait().unwrap();
    order_checked::call(&app, || ()).wait().unwrap();
}
