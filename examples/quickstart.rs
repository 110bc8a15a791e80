//! Moderation actions, read as JSON lines from a file or from standard input, become events.
//!
//! `cargo run --example quickstart -- examples/data/moderation.jsonl`

use std::error::Error;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
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
    let moderator = event.actor().and_then(Actor::id).unwrap_or("a moderator");
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

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Whether every line could be read.
fn run() -> Result<bool, Box<dyn Error>> {
    let input = open()?;
    let app = App::start().wait()?;
    let every_line_was_read = track_all(&app, input);
    app.shutdown().wait()?;
    every_line_was_read
}

fn open() -> Result<Box<dyn BufRead>, String> {
    match std::env::args_os().nth(1) {
        Some(path) => match File::open(&path) {
            Ok(file) => Ok(Box::new(BufReader::new(file))),
            Err(error) => Err(format!("{}: {error}", path.display())),
        },
        None => Ok(Box::new(io::stdin().lock())),
    }
}

fn track_all(app: &App, input: impl BufRead) -> Result<bool, Box<dyn Error>> {
    let mut every_line_was_read = true;
    // Split as bytes, so that only a line that isn't UTF-8 is skipped, not the rest of the file.
    for (line, number) in input.split(b'\n').zip(1..) {
        let line = line.map_err(|error| format!("line {number}: {error}"))?;
        if line.trim_ascii().is_empty() {
            continue;
        }
        match serde_json::from_slice(&line) {
            Ok(action) => track(app, action)?,
            Err(error) => {
                // serde_json was given one line, so it counts that as the first.
                let error = error.to_string().replace(" at line 1 column ", " at column ");
                eprintln!("line {number}: {error}");
                every_line_was_read = false;
            }
        }
    }
    Ok(every_line_was_read)
}

/// Says that it happened. This function doesn't know which implementations react.
fn track(app: &App, action: Action) -> event_core::Result<()> {
    let actor = Actor::new(action.moderator);
    match action.what {
        What::Ban { user, reason } => app.track(BanUser { user, reason }).by(actor).at(action.at).wait()?,
        What::Unban { user } => app.track(UnbanUser { user }).by(actor).at(action.at).wait()?,
    };
    Ok(())
}
