//! Prints who is called, in call order.

use event_core::prelude::*;
use order_alpha::{Happened, implementations, roll_call};

mod handlers;

// Not in the order of the names either.
event_core::plugins![order_zeta, order_alpha];

implementations! {
    zero
    late(trylast)
}

#[hookimpl(roll_call)]
fn the_application() -> String {
    "the application".to_owned()
}

#[hookimpl(startup, tryfirst)]
fn before_the_plugins() {
    println!("  the application starts");
}

#[hookimpl(shutdown)]
fn after_the_plugins() {
    println!("  the application stops");
}

fn main() -> Result<(), event_core::Error> {
    println!("startup");
    let app = App::start().wait()?;
    println!("track_event");
    app.track(Happened).wait()?.strict()?;
    println!("roll_call");
    for name in roll_call::call(&app).wait()?.values {
        println!("  {name}");
    }
    println!("shutdown");
    app.shutdown().wait()
}
