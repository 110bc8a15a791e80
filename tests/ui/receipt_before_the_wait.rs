//! A receipt is wanted of an event that isn't tracked yet.

use event_core::prelude::*;

#[derive(Event)]
struct Login;

fn log_in(app: &App) {
    println!("{}", app.track(Login).unwrap().id());
}

fn main() {}
