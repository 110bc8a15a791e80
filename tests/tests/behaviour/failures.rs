//! What an error or a panic does, to whom, and who learns of it.

use std::error::Error as _;
use std::sync::{Arc, Mutex};

use event_core::prelude::*;
use event_core::{AppBuilder, Error};

use crate::log::{Log, log, logged};

#[derive(Event)]
struct OrderPlaced {
    number: u32,
}

fn app() -> AppBuilder {
    App::builder().without_linked().insert(Log::default()).event::<OrderPlaced>()
}

fn order() -> OrderPlaced {
    OrderPlaced { number: 7 }
}

#[derive(Debug)]
struct NoMail(std::io::Error);

impl std::fmt::Display for NoMail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the mail wasn't sent")
    }
}

impl std::error::Error for NoMail {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

#[hookimpl(track_event)]
fn a_fails() -> Result<(), NoMail> {
    Err(NoMail(std::io::Error::other("connection refused")))
}

#[hookimpl(track_event)]
fn b_panics(event: &OrderPlaced) {
    panic!("order {}", event.number);
}

#[hookimpl(track_event)]
async fn c_panics_later() {
    std::future::ready(()).await;
    std::panic::panic_any(7_u8);
}

#[hookimpl(track_event)]
async fn d_fails_later(event: &Tracked) -> Result<(), String> {
    Err(format!("no {}", event.name()))
}

#[hookimpl(track_event)]
fn e_works(app: &App) {
    log(app, "e");
}

#[hookimpl(track_event)]
async fn f_works_later(app: &App) {
    log(app, "f");
}

#[test]
fn no_error_or_panic_stops_the_others() {
    let app =
        app().failure_handler(|_| ()).hook(a_fails).hook(b_panics).hook(c_panics_later).hook(d_fails_later);
    let app = app.hook(e_works).hook(f_works_later).start().wait().unwrap();
    let receipt = app.track(order()).wait().unwrap();
    assert_eq!(logged(&app), ["e", "f"]);
    let failed: Vec<_> =
        receipt.failures().iter().map(|it| (it.implementation().path(), it.is_panic())).collect();
    let expected = [
        ("behaviour::failures::a_fails", false),
        ("behaviour::failures::b_panics", true),
        ("behaviour::failures::c_panics_later", true),
        ("behaviour::failures::d_fails_later", false),
    ];
    assert_eq!(failed, expected);
}

#[test]
fn a_sync_only_call_goes_on_after_a_panic_in_it() {
    let app = app().failure_handler(|_| ()).hook(b_panics).hook(e_works).start().wait().unwrap();
    let receipt = app.track(order()).wait().unwrap();
    assert_eq!((receipt.failures().len(), logged(&app)), (1, vec!["e".to_owned()]));
}

#[test]
fn a_failure_says_who_where_at_what_and_why() {
    let app = app().failure_handler(|_| ()).hook(a_fails).start().wait().unwrap();
    let receipt = app.track(order()).wait().unwrap();
    let failure = &receipt.failures()[0];
    assert_eq!(failure.event_name(), Some("order-placed"));
    assert_eq!(failure.event_id(), Some(receipt.id()));
    let line = failure.implementation().location().line();
    let place = format!("tests/tests/behaviour/failures.rs:{line}");
    assert_eq!(
        failure.to_string(),
        format!(
            "`behaviour::failures::a_fails` (hook track_event, plugin tests, {place}) failed on event `order-placed`"
        )
    );
    assert!(failure.to_line().ends_with("`order-placed`: the mail wasn't sent: connection refused"));
    assert!(failure.cause().downcast_ref::<NoMail>().is_some());
    assert_eq!(failure.source().unwrap().source().unwrap().to_string(), "connection refused");
}

#[test]
fn a_panic_is_told_with_its_message_whatever_its_payload() {
    let app = app().failure_handler(|_| ()).hook(b_panics).hook(c_panics_later).start().wait().unwrap();
    let receipt = app.track(order()).wait().unwrap();
    let causes: Vec<_> = receipt.failures().iter().map(|it| it.cause().to_string()).collect();
    assert_eq!(causes, ["panicked: order 7", "panicked: with a payload that is no text"]);
}

#[test]
fn every_failure_goes_to_the_failure_handler_once() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let handler = seen.clone();
    let app = app().hook(a_fails).hook(d_fails_later);
    let app = app.failure_handler(move |failure| handler.lock().unwrap().push(failure.cause().to_string()));
    let app = app.start().wait().unwrap();
    app.track(order()).wait().unwrap();
    assert_eq!(*seen.lock().unwrap(), ["the mail wasn't sent", "no order-placed"]);
}

#[test]
fn a_failure_handler_that_panics_fails_no_call() {
    let app =
        app().hook(a_fails).hook(e_works).failure_handler(|_| panic!("the handler")).start().wait().unwrap();
    assert_eq!(app.track(order()).wait().unwrap().failures().len(), 1);
    assert_eq!(logged(&app), ["e"]);
}

#[test]
fn strict_makes_failures_an_error_that_holds_them_all() {
    let app = app().failure_handler(|_| ()).hook(a_fails).hook(d_fails_later).start().wait().unwrap();
    let error = app.track(order()).wait().unwrap().strict().unwrap_err();
    let Error::Failed(failures) = &error else { panic!("{error}") };
    assert_eq!(failures.len(), 2);
    assert!(error.to_string().starts_with("2 implementations failed:\n- `behaviour::failures::a_fails`"));
}

mod essential {
    use super::*;

    #[hookimpl(track_event, essential, trylast)]
    fn store(app: &App) -> Result<(), &'static str> {
        log(app, "store");
        Err("disk full")
    }

    #[hookimpl(track_event, tryfirst)]
    fn acts_on_it(app: &App) {
        log(app, "acts");
    }

    #[hookimpl(track_event, wrapper)]
    async fn before_the_store(app: &App, next: Next<'_>) -> Result<Outcome, &'static str> {
        let _ = next;
        log(app, "before");
        Err("no luck")
    }

    #[hookimpl(track_event, essential)]
    async fn panicking_store() {
        panic!("the store");
    }

    #[test]
    fn its_failure_ends_the_call_and_is_the_callers_error() {
        let reported = Arc::new(Mutex::new(Vec::new()));
        let handler = reported.clone();
        let app = app().hook(store).hook(acts_on_it).hook(e_works).hook(f_works_later);
        let app =
            app.failure_handler(move |failure| handler.lock().unwrap().push(failure.cause().to_string()));
        let app = app.start().wait().unwrap();
        let error = app.track(order()).wait().unwrap_err();
        let Error::Refused(failure) = &error else { panic!("{error}") };
        assert_eq!(failure.cause().to_string(), "disk full");
        assert_eq!(logged(&app), ["store"], "nothing acts on an event that is refused");
        assert!(reported.lock().unwrap().is_empty(), "only the caller has the failure");
    }

    #[test]
    fn a_failure_before_it_goes_to_the_handler_since_there_is_no_receipt() {
        let reported = Arc::new(Mutex::new(Vec::new()));
        let handler = reported.clone();
        let app = app().hook(before_the_store).hook(panicking_store).hook(f_works_later);
        let app =
            app.failure_handler(move |failure| handler.lock().unwrap().push(failure.cause().to_string()));
        let app = app.start().wait().unwrap();
        let Error::Refused(failure) = app.track(order()).wait().unwrap_err() else { panic!("not refused") };
        assert!(failure.is_panic() && failure.is_essential());
        assert_eq!(logged(&app), ["before"]);
        assert_eq!(*reported.lock().unwrap(), ["no luck"]);
    }
}

struct PanicsWhenDropped;

impl std::future::Future for PanicsWhenDropped {
    type Output = ();

    fn poll(self: std::pin::Pin<&mut Self>, _: &mut std::task::Context<'_>) -> std::task::Poll<()> {
        std::task::Poll::Ready(())
    }
}

impl Drop for PanicsWhenDropped {
    fn drop(&mut self) {
        panic!("dropped");
    }
}

#[hookimpl(track_event)]
async fn a_panics_when_its_future_is_dropped() {
    PanicsWhenDropped.await;
}

#[test]
fn a_future_that_panics_when_it_is_dropped_is_one_failure_and_the_next_runs() {
    let app = app().hook(a_panics_when_its_future_is_dropped).hook(f_works_later).start().wait().unwrap();
    let receipt = app.track(order()).wait().unwrap();
    assert_eq!(receipt.failures().len(), 1);
    assert_eq!(receipt.failures()[0].cause().to_string(), "panicked: dropped");
    assert_eq!(logged(&app), ["f"]);
}
