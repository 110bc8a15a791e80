//! A few requests, as a newcomer would send them with `curl`, and their answers.

use std::error::Error;

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request};
use event_core::prelude::*;
use event_journal::JournalExt;
use serde_json::Value;
use tower::ServiceExt;

use crate::{http, start};

pub async fn play() -> Result<(), Box<dyn Error>> {
    let directory = tempfile::tempdir()?;
    let app = start(directory.path().join("moderation.db")).await?;
    let service = http::router(app.clone());
    ask(&service, Method::POST, "/users/1/ban", r#"{"reason":"spam"}"#).await?;
    ask(&service, Method::POST, "/users/2/ban", r#"{"reason":"insults"}"#).await?;
    ask(&service, Method::POST, "/users/2/ban", r#"{"reason":"insults"}"#).await?;
    ask(&service, Method::POST, "/users/9/ban", r#"{"reason":"spam"}"#).await?;
    ask(&service, Method::POST, "/users/2/unban", "").await?;
    ask(&service, Method::GET, "/events?name=user-banned", "").await?;
    show_deliveries(&app).await?;
    app.shutdown().await?;
    println!("Try `cargo run -p moderation -- serve`, and send requests of your own.");
    Ok(())
}

/// The mails, which are sent in the background: the ban doesn't wait for them.
async fn show_deliveries(app: &App) -> Result<(), Box<dyn Error>> {
    let deliveries = app.deliveries()?;
    println!("mails, and how the deliveries are doing");
    while deliveries.consumers().await?.iter().any(|consumer| consumer.backlog != Some(0)) {
        deliveries.settled().await?;
        // The program would try again by itself, after a pause.
        deliveries.deliver_now("moderation::mail_the_banned").await?;
    }
    for consumer in deliveries.consumers().await? {
        println!("  {consumer}");
    }
    Ok(())
}

async fn ask(service: &Router, method: Method, path: &str, body: &'static str) -> Result<(), Box<dyn Error>> {
    println!("{method} {path} {body}");
    let request =
        Request::builder().method(method).uri(path).header("x-actor", "ada").body(Body::from(body))?;
    let response = service.clone().oneshot(request).await?;
    let status = response.status();
    let bytes = axum::body::to_bytes(response.into_body(), 1 << 20).await?;
    let answer: Value = serde_json::from_slice(&bytes)?;
    match answer["events"].as_array() {
        Some(events) if events.iter().all(Value::is_object) => {
            println!("  {}", status.as_u16());
            for event in events {
                println!(
                    "  {} {} {} {}",
                    event["created"], event["name"], event["actor"], event["properties"]
                );
            }
        }
        _ => println!("  {} {answer}", status.as_u16()),
    }
    Ok(())
}
