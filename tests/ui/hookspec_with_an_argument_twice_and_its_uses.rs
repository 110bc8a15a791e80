//! Two arguments have one name; the hook is implemented and called.

use event_core::prelude::*;

#[hookspec]
pub fn order_placed(app: &App, order: &str, order: u64);

#[hookimpl]
fn order_placed(order: &str) {
    let _ = order;
}

fn main() {
    let app = App::builder().start().wait().unwrap();
    order_placed::call(&app, "17", 17).wait().unwrap();
}
