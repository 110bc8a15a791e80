//! What `tracing` hears of an app whose event-core has the feature of that name, a line for each thing it hears.

mod subscriber;

use event_core::prelude::*;

#[derive(Event)]
struct Happened;

#[derive(Event)]
struct Refused;

#[derive(Event)]
struct Stopped;

#[hookimpl(track_event, tryfirst)]
fn works() {
    tracing::info!("inside of an implementation");
}

#[hookimpl(track_event)]
fn has_nothing(event: &Happened) -> Option<()> {
    let _ = event;
    None
}

#[hookimpl(track_event)]
async fn fails(event: &Happened) -> Result<(), &'static str> {
    let _ = event;
    Err("on purpose")
}

#[hookimpl(track_event)]
fn panics(event: &Happened) {
    let _ = event;
    panic!("a bug");
}

#[hookimpl(track_event, essential)]
fn refuses(event: &Refused) -> Result<(), &'static str> {
    let _ = event;
    Err("no room")
}

#[hookimpl(track_event, wrapper)]
async fn stops(event: &Stopped, next: Next<'_>) -> Outcome {
    let _ = (event, next);
    Outcome::default()
}

fn main() -> event_core::Result<()> {
    std::panic::set_hook(Box::new(|_| ()));
    let only_errors = std::env::args().any(|argument| argument == "only errors");
    let mut lines = subscriber::Lines::default();
    lines.only_errors = only_errors;
    tracing::subscriber::set_global_default(lines).expect("there is no other");
    let app = App::builder().ids(Default::default).failure_handler(|_| ()).start().wait()?;
    if only_errors {
        return tracing::info_span!("request").in_scope(|| app.track(Happened).wait().map(drop));
    }
    app.track(Happened).wait()?;
    let _ = app.track(Refused).wait();
    app.track(Stopped).wait()?;
    app.shutdown().wait()
}
