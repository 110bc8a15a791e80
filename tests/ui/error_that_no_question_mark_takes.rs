//! `?` is given an error of another crate that it doesn't know.

use event_core::prelude::*;

#[derive(Debug)]
struct NotSent;

impl std::fmt::Display for NotSent {
    fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        Ok(())
    }
}

impl std::error::Error for NotSent {}

fn send() -> Result<(), NotSent> {
    Ok(())
}

#[hookimpl(track_event)]
fn mail(event: &Tracked) -> event_core::Result<()> {
    println!("{}", event.name());
    send()?;
    Ok(())
}

fn main() {}
