//! What a `.wait()` that doesn't end says after a while.

use std::collections::BTreeSet;
use std::future::{Future, pending};
use std::io::{BufRead, BufReader};
use std::pin::pin;
use std::process::{Command, Stdio};
use std::task::{Context, Waker};
use std::time::Duration;

use event_core::AppBuilder;
use event_core::plugin::own_thread;
use event_core::prelude::*;

#[derive(Event)]
struct Inner;

#[hookimpl(track_event)]
async fn is_ready() {}

#[hookimpl(track_event, trylast)]
async fn never_heard(event: &Inner) {
    let _ = event;
    pending::<()>().await;
}

#[hookimpl(track_event)]
async fn needs_the_runtime(event: &Inner) {
    let _ = event;
    let never = pending::<()>();
    let _ = tokio::time::timeout(Duration::from_millis(1), never).await;
}

#[hookimpl(track_event, wrapper)]
async fn never_wraps(next: Next<'_>) -> Outcome {
    next.run().await;
    pending().await
}

#[hookimpl(track_event)]
async fn never_kept() {
    own_thread(pending::<()>()).await;
}

#[hookimpl(startup)]
async fn never_starts() {
    pending::<()>().await;
}

#[hookimpl(shutdown)]
async fn never_stops() {
    pending::<()>().await;
}

#[hookspec]
fn ask(app: &App);

#[hookimpl(ask)]
async fn never_answers() {
    pending::<()>().await;
}

#[hookimpl(ask)]
fn tracks(app: &App) -> event_core::Result<()> {
    app.track(Inner).wait().map(drop)
}

fn app() -> AppBuilder {
    App::builder().without_linked().event::<Inner>().hook(is_ready)
}

fn started(builder: AppBuilder) -> App {
    builder.start().wait().expect("nothing waits yet")
}

/// A future that has been polled.
fn polled<F: Future + Unpin>(mut future: F) -> F {
    assert!(pin!(&mut future).poll(&mut Context::from_waker(Waker::noop())).is_pending());
    future
}

/// What waits, and what its line says.
const WAITS: [(&str, fn()); 13] = [
    ("::never_heard` (hook track_event, plugin tests, ", || {
        drop(started(app().hook(never_heard)).track(Inner).wait());
    }),
    ("::needs_the_runtime` (hook track_event, plugin tests, ", || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        runtime.block_on(async { drop(started(app().hook(needs_the_runtime)).track(Inner).wait()) });
    }),
    ("::never_heard` (hook track_event, plugin tests, ", || {
        drop(polled(started(app().hook(never_heard)).track(Inner)).wait());
    }),
    ("::never_wraps` (hook track_event, plugin tests, ", || {
        drop(started(app().hook(never_wraps)).track(Inner).wait());
    }),
    ("::never_heard` (hook track_event, plugin tests, ", || {
        let prepared = started(app().hook(never_heard)).track(Inner).prepare().expect("it is accepted");
        drop(prepared.deliver().wait());
    }),
    ("::never_answers` (hook ask, plugin tests, ", || {
        drop(ask::call(&started(app().hook(never_answers))).wait());
    }),
    ("::never_kept` (hook track_event, plugin tests, ", || {
        drop(ask::call(&started(app().hook(tracks).hook(never_kept))).wait());
    }),
    ("::never_starts` (hook startup, plugin tests, ", || {
        drop(app().hook(never_starts).start().wait());
    }),
    ("::never_stops` (hook shutdown, plugin tests, ", || {
        drop(started(app().hook(never_stops)).shutdown().wait());
    }),
    ("one call of the app hasn't ended", || {
        let app = started(app().hook(never_heard));
        let _running = polled(app.track(Inner));
        drop(app.shutdown().wait());
    }),
    ("2 calls of the app haven't ended", || {
        let app = started(app().hook(never_heard));
        let _running = (polled(app.track(Inner)), polled(app.track(Inner)));
        drop(app.shutdown().wait());
    }),
    ("another `shutdown` hasn't ended", || {
        let app = started(app().hook(never_stops));
        let _first = polled(app.shutdown());
        drop(app.shutdown().wait());
    }),
    ("no such event was tracked", || {
        drop(started(app()).recorder().wait_for::<Inner>().wait());
    }),
];

/// Set for a process whose threads wait for good.
const FOREVER: &str = "EVENT_CORE_TEST_WAITS_FOREVER";

#[test]
fn each_wait_that_does_not_end_is_a_line_with_its_place_and_with_what_is_not_ready() {
    if std::env::var_os(FOREVER).is_some() {
        for (_, wait) in WAITS {
            std::thread::spawn(wait);
        }
        // It is ended before, unless a line is missing.
        std::thread::park_timeout(Duration::from_mins(1));
        return;
    }
    let name = "late::each_wait_that_does_not_end_is_a_line_with_its_place_and_with_what_is_not_ready";
    let mut itself = Command::new(std::env::current_exe().expect("a test is a program"));
    itself
        .args([name, "--exact", "--nocapture"])
        .env(FOREVER, "")
        .stderr(Stdio::piped())
        .stdout(Stdio::null());
    let mut itself = itself.spawn().expect("it can be started");
    let lines = BufReader::new(itself.stderr.take().expect("it was piped")).lines();
    let lines = lines.map_while(Result::ok).filter(|line| line.contains("has waited for "));
    let mut lines: Vec<_> = lines.take(WAITS.len()).collect();
    let _ = itself.kill();
    itself.wait().expect("it ends");

    let mut places = BTreeSet::new();
    for (says, _) in WAITS {
        let said = lines.iter().position(|line| line.contains(says));
        let line = lines.swap_remove(said.unwrap_or_else(|| panic!("none says {says}: {lines:#?}")));
        let place = line
            .strip_prefix("event-core: the `.wait()` at ")
            .and_then(|rest| rest.split_once(" has waited for 5 s: "));
        let (place, rest) = place.unwrap_or_else(|| panic!("another line: {line}"));
        assert!(
            place.contains("behaviour/late.rs:") && rest.ends_with("never ends: `.await` there instead"),
            "{line}"
        );
        places.insert(place.to_owned());
    }
    assert_eq!(places.len(), WAITS.len(), "each is another one");
}
