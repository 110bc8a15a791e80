//! A hook of your own: `permission_allowed`, defined in one crate and answered in two.
//!
//! `cargo run --example own_hook`
//!
//! The crate `house-rules`, beside this file, defines the hook and gives the first answer to it.

use std::process::ExitCode;

use event_core::Error;
use event_core::prelude::*;
use house_rules::permission_allowed;

event_core::plugins![house_rules];

/// Moderators may ban and unban; about everything else this function has no opinion.
#[hookimpl]
fn permission_allowed(actor: Option<&Actor>, action: &str) -> Option<bool> {
    let is_moderator = actor?.get("moderator")?.as_bool()?;
    matches!(action, "ban-user" | "unban-user").then_some(is_moderator)
}

/// All may read, unless an earlier implementation said otherwise.
#[hookimpl(permission_allowed, trylast)]
async fn everybody_may_read(action: &str) -> Option<bool> {
    (action == "read").then_some(true)
}

/// Who may export is written in a file that can't be read just now.
#[hookimpl(permission_allowed)]
fn exporters(action: &str) -> Result<Option<bool>, String> {
    match action {
        "export" => Err("the list of exporters can't be read".into()),
        _ => Ok(None),
    }
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
    let root = Actor::new("root");
    let ada = Actor::new("ada").with("moderator", true);
    let mallory = Actor::new("mallory").with("moderator", false);
    for (actor, action) in [
        (Some(&root), "ban-user"),
        (Some(&ada), "ban-user"),
        (Some(&mallory), "ban-user"),
        (Some(&mallory), "read"),
        (None, "read"),
        (Some(&ada), "shut-down"),
        (Some(&ada), "export"),
        (Some(&root), "export"),
    ] {
        let who = actor.and_then(Actor::id).unwrap_or("a stranger");
        let answer = match permission_allowed::call(&app, actor, action).wait() {
            Ok(Some(true)) => "yes".to_owned(),
            Ok(Some(false)) => "no".to_owned(),
            Ok(None) => "no, since no implementation answered".to_owned(),
            // A check that fails says neither yes nor no, and the later ones aren't asked in its place.
            Err(Error::Failed(failures)) => {
                format!("no, since a check failed\n    {}", failures[0].to_line())
            }
            Err(error) => return Err(error),
        };
        println!("may {who} {action}? {answer}");
    }
    app.shutdown().wait()
}
