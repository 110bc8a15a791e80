//! An app is used before it has started.

use event_core::prelude::*;

#[derive(Event)]
struct Login;

fn main() {
    let app = App::start();
    app.track(Login).wait();
}
