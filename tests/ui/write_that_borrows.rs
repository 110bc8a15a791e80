//! A closure that another thread runs, as that of event-sqlite's `db.write(…)`, and that borrows the app.

use event_core::prelude::*;

fn write<T>(closure: impl FnOnce(&str) -> T + Send + 'static) {
    let _ = closure;
}

async fn place_order(app: &App) {
    write(move |_tx| app.event_types().len());
}

fn main() {}
