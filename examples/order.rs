//! Which implementation goes first and why, and what a failure looks like to the caller.
//!
//! `cargo run --example order`
//!
//! The functions below are in no particular order, since their options and their plugin's name come first. Only
//! among those of one module that are equal in both does the place in the file decide.

use std::process::ExitCode;

use chrono::{DateTime, Utc};
use event_core::Error;
use event_core::prelude::*;

// Every event as a JSON line on standard error: an implementation in another crate, among those below.
event_core::plugins![event_stderr];

#[derive(Event)]
struct BanUser {
    user: &'static str,
}

#[derive(Event)]
struct UnbanUser {
    user: &'static str,
}

#[derive(Event)]
struct MuteUser {
    user: &'static str,
}

#[derive(Event)]
struct WarnUser {
    user: &'static str,
}

#[derive(Event)]
struct DeleteUser {
    user: &'static str,
}

#[hookimpl(track_event, trylast)]
async fn count() {
    println!("    count      trylast");
}

/// Goes before an implementation that would go first by name.
#[hookimpl(track_event, before = "event-stderr")]
fn announce() {
    println!("    announce   normal, before = \"event-stderr\"");
}

/// Asks for nothing, so the plugin's name decides: `event-stderr` sorts before `examples`.
#[hookimpl(track_event)]
fn mail(event: &BanUser) -> Result<(), String> {
    println!("    mail       normal, after event-stderr by name");
    Err(format!("{}'s mailbox is full", event.user))
}

/// Runs first: an event that it refuses was never written down.
#[hookimpl(track_event, essential)]
fn check(event: &Tracked) -> Result<(), String> {
    println!("    check      essential");
    if event.is::<WarnUser>() { Err("there is no such user".into()) } else { Ok(()) }
}

/// A panic only affects the implementation that panics, as an error does.
#[hookimpl(track_event)]
fn greet(event: &UnbanUser) {
    println!("    greet      normal, after event-stderr by name");
    assert!(event.user.is_ascii(), "no greeting for {}", event.user);
}

/// Keeps the books, so if it fails, the event is refused: no implementation acts on an event that was never written down.
/// Essential implementations come before ordinary ones, and among them a store comes last.
#[hookimpl(track_event, essential, trylast)]
fn write_down(event: &Tracked) -> Result<(), String> {
    println!("    write_down essential, trylast");
    if event.is::<MuteUser>() { Err("the disk is full".into()) } else { Ok(()) }
}

/// A wrapper that doesn't call `next.run()` stops the event. Inside of `report`, because of `trylast`.
#[hookimpl(track_event, wrapper, trylast)]
async fn keep_users(event: &Tracked, next: Next<'_>) -> Outcome {
    if event.is::<DeleteUser>() {
        println!("    keep_users wrapper, stops the event");
        return Outcome::default();
    }
    next.run().await
}

/// Around everything: `next.run()` gives the outcome of all the others.
#[hookimpl(track_event, wrapper)]
async fn report(event: &Tracked, next: Next<'_>) -> Outcome {
    println!("  report       wrapper, begins {}", event.name());
    let outcome = next.run().await;
    println!("  report       wrapper, ends {}: {} failed", event.name(), outcome.failures.len());
    outcome
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> event_core::Result<()> {
    // The failure handler gets panics too, so Rust's own message would only repeat them.
    std::panic::set_hook(Box::new(|_| {}));
    // Each failure goes to the app's failure handler. Without one, it is a line on standard error.
    let app = App::builder()
        .failure_handler(|failure| println!("  failure handler: {}", failure.to_line()))
        .start()
        .wait()?;

    println!("An implementation returns an error:");
    track(&app, 1, BanUser { user: "mallory" });

    println!("\nAn implementation panics:");
    track(&app, 2, UnbanUser { user: "bébé" });

    println!("\nAn essential one refuses the event:");
    track(&app, 3, WarnUser { user: "nemo" });

    println!("\nThe essential one that keeps events fails:");
    track(&app, 4, MuteUser { user: "trent" });

    println!("\nA wrapper stops the event:");
    track(&app, 5, DeleteUser { user: "eve" });

    app.shutdown().wait()
}

/// Tracks the event, and says what the caller gets.
fn track(app: &App, number: u32, event: impl Event) {
    // Ids and times are given only so that this program prints the same each time.
    let at = DateTime::<Utc>::UNIX_EPOCH + chrono::Days::new(number.into());
    let id = format!("00000000-0000-7000-8000-{number:012}").parse().expect("twelve digits end a UUID");
    match app.track(event).by(Actor::new("ada")).at(at).id(id).wait() {
        Err(Error::Refused(failure)) => println!("  caller: not tracked: {}", failure.to_line()),
        Err(error) => println!("  caller: not tracked: {error}"),
        Ok(receipt) => {
            println!("  caller: tracked, {} failed", receipt.failures().len());
            for failure in receipt.failures() {
                println!("    {}: {}", failure.implementation().path(), failure.cause());
            }
            if let Some(wrapper) = receipt.stopped_by() {
                println!("    stopped by {}", wrapper.path());
            }
        }
    }
}
