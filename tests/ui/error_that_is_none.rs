//! The error of an implementation doesn't implement `Error`.

use event_core::prelude::*;

struct MailError;

#[hookimpl]
fn track_event(event: &Tracked) -> Result<(), MailError> {
    println!("{}", event.name());
    Err(MailError)
}

fn main() {}
