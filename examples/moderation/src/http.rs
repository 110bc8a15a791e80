//! The service's requests and answers, all of them JSON.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::{get, post};
use event_core::prelude::*;
use event_sqlite::{SqliteExt, Written};
use serde::Deserialize;
use serde_json::Value;

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
    Path(user): Path<i64>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Failed> {
    let Ban { reason } = match serde_json::from_slice(&body) {
        Ok(ban) => ban,
        Err(error) => {
            let problem = format!("the body should be like {{\"reason\": \"spam\"}}: {error}");
            return Ok(refused(StatusCode::UNPROCESSABLE_ENTITY, &problem));
        }
    };
    let written = users::ban(&app.database("app")?, user, reason, actor(&headers)).await?;
    Ok(answer(&written, user, "is banned already"))
}

async fn unban(
    State(app): State<App>,
    Path(user): Path<i64>,
    headers: HeaderMap,
) -> Result<Response, Failed> {
    let written = users::unban(&app.database("app")?, user, actor(&headers)).await?;
    Ok(answer(&written, user, "isn't banned"))
}

/// Who asks. A service in earnest would find that out from a session.
fn actor(headers: &HeaderMap) -> Option<Actor> {
    headers.get("x-actor").and_then(|name| name.to_str().ok()).map(Actor::new)
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

async fn events(State(app): State<App>, Query(filter): Query<Filter>) -> Result<Json<Value>, Failed> {
    let mut events = app.store()?.events().newest_first().limit(filter.limit.unwrap_or(20).min(1000));
    if let Some(name) = filter.name {
        events = events.name(name);
    }
    if let Some(actor) = filter.actor {
        events = events.actor(actor);
    }
    let events: Vec<_> = events.list().await?.into_iter().map(|stored| stored.record).collect();
    Ok(Json(json!({ "events": events })))
}

/// Something of the service's own failed. The caller needn't know what; whoever runs it does.
struct Failed(event_sqlite::Error);

impl From<event_sqlite::Error> for Failed {
    fn from(error: event_sqlite::Error) -> Self {
        Self(error)
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
