//! Events that are accepted first and delivered later.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use event_core::plugin::Prepared;
use event_core::prelude::*;
use event_core::{AppBuilder, Error};

use crate::log::{Log, log, logged};

#[derive(Event)]
struct Banned {
    user: u32,
}

#[derive(Event)]
struct NobodyKnows;

#[hookimpl(track_event)]
async fn hears(app: &App, event: &Tracked<Banned>) {
    log(app, format!("{} was banned", event.user));
}

#[hookimpl(track_event, essential)]
fn refuses() -> Result<(), String> {
    Err("read-only".to_owned())
}

fn app() -> AppBuilder {
    App::builder().without_linked().insert(Log::default()).event::<Banned>().hook(hears)
}

fn prepared(app: &App) -> Prepared {
    app.track(Banned { user: 7 }).by(Actor::new("root")).prepare().unwrap()
}

#[test]
fn nobody_hears_a_prepared_event_before_it_is_delivered() {
    let app = app().start().wait().unwrap();
    let prepared = prepared(&app);
    assert!(logged(&app).is_empty());
    prepared.deliver().wait().unwrap();
    assert_eq!(logged(&app), ["7 was banned"]);
}

#[test]
fn what_is_delivered_is_what_was_prepared() {
    let app = app().start().wait().unwrap();
    let recorder = app.recorder();
    let prepared = prepared(&app);
    let record = prepared.event().to_record().unwrap();
    assert_eq!((record.name.as_str(), record.properties["user"].as_u64()), ("banned", Some(7)));
    let receipt = prepared.deliver().wait().unwrap();
    assert_eq!(receipt.id(), record.id);
    assert_eq!(recorder.last().unwrap().to_record().unwrap(), record);
}

#[test]
fn a_prepared_event_that_is_dropped_was_never_tracked() {
    let app = app().start().wait().unwrap();
    let recorder = app.recorder();
    drop(prepared(&app));
    assert!(recorder.all().is_empty());
    assert!(logged(&app).is_empty());
}

#[test]
fn an_essential_failure_refuses_the_delivery() {
    let app = app().hook(refuses).failure_handler(|_| ()).start().wait().unwrap();
    assert!(matches!(prepared(&app).deliver().wait(), Err(Error::Refused(_))));
}

/// Where it was kept, it happened: the refusal comes too late, and the caller has what it asked for.
#[test]
fn a_refusal_of_a_prepared_event_also_goes_to_the_failure_handler() {
    let handled = Log::default();
    let log = handled.clone();
    let app =
        app().hook(refuses).hook(fails_around).failure_handler(move |failure| log.add(failure.to_line()));
    let app = app.insert(Handled(handled)).start().wait().unwrap();
    assert!(matches!(prepared(&app).deliver().wait(), Err(Error::Refused(_))));
    let lines = app.state::<Handled>().unwrap().0.take();
    let [around, refusal] = lines.as_slice() else { panic!("each once: {lines:?}") };
    assert!(refusal.contains("refuses`") && refusal.ends_with("on event `banned`: read-only"), "{refusal}");
    assert!(around.contains("fails_around`"), "{around}");

    // An event that is tracked without being kept before didn't happen: its caller has the error.
    assert!(matches!(app.track(Banned { user: 8 }).wait(), Err(Error::Refused(_))));
    let lines = app.state::<Handled>().unwrap().0.take();
    assert!(matches!(lines.as_slice(), [around] if around.contains("fails_around`")), "{lines:?}");
}

struct Handled(Log);

#[hookimpl(track_event, wrapper)]
async fn fails_around(next: Next<'_>) -> Result<Outcome, String> {
    next.run().await;
    Err("no metrics".to_owned())
}

#[test]
fn an_event_that_the_app_does_not_know_is_not_prepared() {
    let app = app().start().wait().unwrap();
    assert!(matches!(app.track(NobodyKnows).prepare(), Err(Error::UnknownEvent { .. })));
}

#[test]
fn shutdown_waits_until_a_prepared_event_is_delivered_and_none_is_accepted_meanwhile() {
    let app = app().start().wait().unwrap();
    let prepared = prepared(&app);
    let mut context = Context::from_waker(Waker::noop());
    let mut shutdown = pin!(app.shutdown());
    assert!(shutdown.as_mut().poll(&mut context).is_pending());
    assert!(matches!(app.track(Banned { user: 8 }).prepare(), Err(Error::ShutDown)));
    prepared.deliver().wait().unwrap();
    assert!(matches!(shutdown.as_mut().poll(&mut context), Poll::Ready(Ok(()))));
    assert_eq!(logged(&app), ["7 was banned"]);
}
