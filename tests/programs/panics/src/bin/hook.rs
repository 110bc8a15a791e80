//! An implementation panics; what comes of it hangs on the profile.

use event_core::prelude::*;

#[derive(Event)]
struct Happened;

#[hookimpl(track_event, tryfirst)]
fn first() {
    panic!("on purpose");
}

#[hookimpl(track_event)]
fn second() {
    println!("the second runs");
}

fn main() -> Result<(), event_core::Error> {
    let app = App::start().wait()?;
    let receipt = app.track(Happened).wait()?;
    for failure in receipt.failures() {
        println!("{}", failure.to_line());
    }
    app.shutdown().wait()
}
