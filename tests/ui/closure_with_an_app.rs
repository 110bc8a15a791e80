//! A closure takes the app, too.

use event_core::prelude::*;

fn main() {
    let _ = App::builder().on(|app: &App, event: &Tracked| println!("{app:?} {}", event.name()));
}
