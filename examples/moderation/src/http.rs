//! The service's requests and answers, all of them JSON.

use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::{get, post};
use event_core::prelude::*;
use event_sqlite::{JournalExt, SqliteExt, Written};
use serde::Deserialize;

use crate::users::{self, Changed};

pub fn router(app: App) -> Router {
    Router::new()
        .route("/users/{id}/ban", post(ban))
        .route("/users/{id}/unban", post(unban))
        .route("/events", get(events))
        .with_state(app)
}

#[derive(Deserialize)]
struct Ban {
    reason: String,
}

async fn ban(
    State(app): State<App>,
    user: Result<Path<i64>, PathRejection>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Failed> {
    let Path(user) = match user {
        Ok(user) => user,
        Err(mistake) => return Ok(refused(StatusCode::BAD_REQUEST, &mistake.body_text())),
    };
    let Some(actor) = actor(&headers) else { return Ok(no_actor()) };
    let Ban { reason } = match serde_json::from_slice(&body) {
        Ok(ban) => ban,
        Err(error) => {
            let problem = format!("the body should be like {{\"reason\": \"spam\"}}: {error}");
            return Ok(refused(StatusCode::UNPROCESSABLE_ENTITY, &problem));
        }
    };
    let written = users::ban(&app.database("app")?, user, reason, actor).await?;
    Ok(answer(&written, user, "is banned already"))
}

async fn unban(
    State(app): State<App>,
    user: Result<Path<i64>, PathRejection>,
    headers: HeaderMap,
) -> Result<Response, Failed> {
    let Path(user) = match user {
        Ok(user) => user,
        Err(mistake) => return Ok(refused(StatusCode::BAD_REQUEST, &mistake.body_text())),
    };
    let Some(actor) = actor(&headers) else { return Ok(no_actor()) };
    let written = users::unban(&app.database("app")?, user, actor).await?;
    Ok(answer(&written, user, "isn't banned"))
}

/// The user that the request names. A real service would get it from a session.
///
/// `None` if the header isn't text: taking that for "no actor" would hide the actor.
#[expect(clippy::option_option, reason = "a missing name differs from an unreadable one")]
fn actor(headers: &HeaderMap) -> Option<Option<Actor>> {
    match headers.get("x-actor") {
        None => Some(None),
        Some(name) => std::str::from_utf8(name.as_bytes()).ok().map(|name| Some(Actor::new(name))),
    }
}

fn no_actor() -> Response {
    refused(StatusCode::BAD_REQUEST, "the header `x-actor` isn't UTF-8")
}

fn answer(written: &Written<Changed>, user: i64, as_before: &str) -> Response {
    match written.value {
        Changed::Done => {
            let events: Vec<_> =
                written.deliveries.iter().flatten().map(|receipt| receipt.id().to_string()).collect();
            Json(json!({ "user": user, "events": events })).into_response()
        }
        Changed::NoSuchUser => refused(StatusCode::NOT_FOUND, &format!("there is no user {user}")),
        Changed::AsBefore => refused(StatusCode::CONFLICT, &format!("user {user} {as_before}")),
    }
}

/// Which events are asked for: `/events?name=user-*&actor=ada&limit=10`.
#[derive(Deserialize)]
struct Filter {
    name: Option<String>,
    actor: Option<String>,
    limit: Option<u64>,
}

async fn events(
    State(app): State<App>,
    filter: Result<Query<Filter>, QueryRejection>,
) -> Result<Response, Failed> {
    let Query(filter) = match filter {
        Ok(filter) => filter,
        Err(mistake) => return Ok(refused(StatusCode::BAD_REQUEST, &mistake.body_text())),
    };
    let mut events = app.store()?.events().newest_first().limit(filter.limit.unwrap_or(20).min(1000));
    if let Some(name) = filter.name {
        events = events.name(name);
    }
    if let Some(actor) = filter.actor {
        events = events.actor(actor);
    }
    let events: Vec<_> = match events.list().await {
        Ok(events) => events.into_iter().map(|stored| stored.record).collect(),
        Err(event_journal::Error::NoName(mistake)) => {
            return Ok(refused(StatusCode::BAD_REQUEST, &mistake.to_string()));
        }
        Err(error) => return Err(error.into()),
    };
    Ok(Json(json!({ "events": events })).into_response())
}

/// The service itself failed. The caller needn't know why; the operator does.
struct Failed(event_sqlite::Error);

impl<E: Into<event_sqlite::Error>> From<E> for Failed {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for Failed {
    fn into_response(self) -> Response {
        eprintln!("error: {}", self.0);
        refused(StatusCode::INTERNAL_SERVER_ERROR, "the service has a problem of its own")
    }
}

fn refused(status: StatusCode, problem: &str) -> Response {
    (status, Json(json!({ "error": problem }))).into_response()
}
