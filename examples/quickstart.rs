//! Moderation actions, read as JSON lines from a file or from standard input, become events.
//!
//! `cargo run --example quickstart -- examples/data/moderation.jsonl`

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::process::ExitCode;

use chrono::{DateTime, Utc};
use event_core::prelude::*;
use serde::{Deserialize, Serialize};

/// A moderator banned a user.
#[derive(Event)]
#[event(name = "ban-user")]
struct BanUser {
    /// Who was banned.
    user: User,
    /// What the moderator gave as the reason.
    reason: String,
}

/// A moderator lifted a ban.
#[derive(Event)]
#[event(name = "unban-user")]
struct UnbanUser {
    /// Who may write again.
    user: User,
}

#[derive(Serialize, Deserialize)]
struct User {
    id: u64,
    name: String,
}

/// Every event, as one JSON line on standard output.
#[hookimpl]
fn track_event(event: &Tracked) -> event_core::Result<()> {
    let line = json!({
        "event": event.name(),
        "created": event.created(),
        "actor": event.actor(),
        "properties": event.properties()?,
    });
    println!("{line}");
    Ok(())
}

/// Bans only: the event arrives typed, with who did it.
#[hookimpl(track_event, trylast)]
async fn tell_the_banned(event: &Tracked<BanUser>) {
    let moderator = event.actor().and_then(Actor::id).unwrap_or("somebody");
    println!("  to {}: you were banned by {moderator}, because of {}", event.user.name, event.reason);
}

/// One line of the input.
#[derive(Deserialize)]
struct Action {
    at: DateTime<Utc>,
    moderator: String,
    #[serde(flatten)]
    what: What,
}

#[derive(Deserialize)]
#[serde(tag = "action", rename_all = "kebab-case")]
enum What {
    Ban { user: User, reason: String },
    Unban { user: User },
}

fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let input: Box<dyn BufRead> = match std::env::args().nth(1) {
        Some(path) => {
            Box::new(BufReader::new(File::open(&path).map_err(|error| format!("{path}: {error}"))?))
        }
        None => Box::new(std::io::stdin().lock()),
    };
    let app = App::start().wait()?;
    let mut exit = ExitCode::SUCCESS;
    for (line, number) in input.lines().zip(1..) {
        match serde_json::from_str::<Action>(&line?) {
            Ok(action) => track(&app, action)?,
            Err(error) => {
                eprintln!("line {number}: {error}");
                exit = ExitCode::FAILURE;
            }
        }
    }
    app.shutdown().wait()?;
    Ok(exit)
}

/// Says that it happened. Who reacts, and how, is none of this function's business.
fn track(app: &App, action: Action) -> event_core::Result<()> {
    let actor = Actor::new(action.moderator);
    let receipt = match action.what {
        What::Ban { user, reason } => app.track(BanUser { user, reason }).by(actor).at(action.at).wait()?,
        What::Unban { user } => app.track(UnbanUser { user }).by(actor).at(action.at).wait()?,
    };
    receipt.strict()?;
    Ok(())
}
