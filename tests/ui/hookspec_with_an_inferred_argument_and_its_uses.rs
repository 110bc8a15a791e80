//! `_` is in the type of an argument; implementations and calls name what was meant.

use event_core::prelude::*;

#[hookspec]
pub fn order_placed(app: &App, order: _);

#[hookspec]
pub fn order_paid(app: &App, order: &_);

#[hookimpl]
fn order_placed(order: &str) {
    let _ = order;
}

#[hookimpl]
async fn order_paid(order: &str) {
    let _ = order;
}

fn main() {
    let app = App::builder().start().wait().unwrap();
    order_placed::call(&app, "17").wait().unwrap();
    order_paid::call(&app, "17").wait().unwrap();
}
