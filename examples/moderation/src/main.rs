//! A small web service: moderators ban users, and every ban is an event.
//!
//! `cargo run -p moderation` plays a few requests against the service and shows the events that they caused.
//! `cargo run -p moderation -- serve 127.0.0.1:3000` serves until Ctrl-C.
//!
//! Users and events are in one database file, so a ban and its event are written in one transaction: neither exists
//! without the other. event-stderr, linked beside, writes each event as a line on standard error. A banned user gets a mail,
//! also if the mail server is busy or this process dies before.

mod demo;
mod events;
mod http;
mod mail;
mod users;

use std::error::Error;
use std::future::IntoFuture;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use event_core::prelude::*;
use event_sqlite::{DatabaseOptions, Databases};
use tokio::net::TcpListener;
use tokio::sync::Notify;

event_core::plugins![event_sqlite, event_stderr];

const USAGE: &str = "usage: moderation                              plays a few requests, in a temporary file
       moderation serve [ADDRESS] [FILE]       serves; 127.0.0.1:3000 and moderation.db unless given";

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let ended = match arguments[..] {
        [] => demo::play().await,
        ["serve"] => serve("127.0.0.1:3000", Path::new("moderation.db")).await,
        ["serve", address] => serve(address, Path::new("moderation.db")).await,
        ["serve", address, file] => serve(address, Path::new(file)).await,
        _ => Err(USAGE.into()),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(address: &str, file: &Path) -> Result<(), Box<dyn Error>> {
    let app = start(file.to_owned()).await?;
    let served = answer_requests(address, &app).await;
    // Also after an error: writes that wait are committed.
    app.shutdown().await?;
    served?;
    println!("stopped; users and events are in {}", file.display());
    Ok(())
}

/// How long requests may take to end after the signal to stop.
const LONGEST_REQUEST: Duration = Duration::from_secs(3);

/// Answers requests until a signal comes, then finishes those that have begun. One that takes too long is cancelled.
async fn answer_requests(address: &str, app: &App) -> Result<(), Box<dyn Error>> {
    let listener =
        TcpListener::bind(address).await.map_err(|error| format!("can't listen at {address}: {error}"))?;
    println!("listening at http://{}", listener.local_addr()?);
    let stopping = Arc::new(Notify::new());
    let stop = {
        let stopping = stopping.clone();
        async move {
            stop_signal().await;
            stopping.notify_one();
        }
    };
    let server = axum::serve(listener, http::router(app.clone())).with_graceful_shutdown(stop);
    let mut server = pin!(server.into_future());
    tokio::select! {
        ended = &mut server => ended?,
        () = stopping.notified() => match tokio::time::timeout(LONGEST_REQUEST, server).await {
            Ok(ended) => ended?,
            Err(_) => eprintln!("requests that hadn't ended after {LONGEST_REQUEST:?} were given up"),
        },
    }
    Ok(())
}

async fn start(file: PathBuf) -> event_core::Result<App> {
    App::builder()
        .insert(Databases::new().with("app", DatabaseOptions::new(file)))
        .insert(mail::Mailer::default())
        .config(json!({ "plugins": { "event-sqlite": { "store": { "database": "app" } } } }))
        .start()
        .await
}

/// Ctrl-C, or the signal by which service managers end a process.
async fn stop_signal() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}
