//! Where does it come from, and what runs when? An app describes itself: as a table, as JSON and as Markdown.
//!
//! `cargo run --example describe`

use std::process::ExitCode;

use event_core::prelude::*;

event_core::plugins![event_stderr, house_rules];

/// A moderator banned a user.
#[derive(Event)]
#[event(name = "ban-user", version = 2)]
struct BanUser {
    /// Who was banned.
    user: String,
    /// What the moderator gave as the reason.
    reason: Option<String>,
}

/// A user opened a page.
#[derive(Event)]
struct PageOpened {
    /// The page's path.
    path: String,
}

/// Keeps the books: if it fails, the event is refused.
#[hookimpl(track_event, essential, trylast)]
fn write_down(event: &Tracked) {
    println!("tracked {}", event.name());
}

#[hookimpl(track_event, wrapper)]
async fn measure(next: Next<'_>) -> Outcome {
    next.run().await
}

/// Hears bans only. `event-mail` isn't part of this program, and the description says so.
#[hookimpl(track_event, trylast, after = "event-mail")]
async fn tell_the_banned(event: &BanUser) {
    println!("to {}: you were banned, because of {:?}", event.user, event.reason);
}

/// Not called for bans.
#[hookimpl(track_event)]
fn count_visits(event: &PageOpened) {
    println!("a user saw {}", event.path);
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
    let app = App::start().wait()?;
    let described = app.describe();

    println!("--- what runs when a user is banned\n");
    print!("{}", described.event("ban-user").expect("the app knows it"));
    println!("--- everything, as a table\n");
    print!("{described}");
    println!("--- as JSON\n");
    println!("{}\n", serde_json::to_string_pretty(&described).expect("a description is JSON"));
    println!("--- as Markdown\n");
    println!("{}", described.to_markdown().trim_end());

    app.shutdown().wait()
}
