//! Failures are reported while standard error is closed.

use event_core::prelude::*;

#[derive(Event)]
struct Happened;

#[hookimpl(track_event)]
fn fails() -> Result<(), String> {
    Err("on purpose".to_owned())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reader of standard error goes away before it says to go on.
    std::io::stdin().read_line(&mut String::new())?;
    let app = App::start().wait()?;
    let receipt = app.track(Happened).wait()?;
    println!("{}", receipt.failures()[0].to_line());
    app.shutdown().wait()?;
    Ok(())
}
