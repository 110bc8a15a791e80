//! A `.wait()` inside an implementation that would block: which implementation isn't ready, and where it is waited for.

use std::future::{Future, pending, poll_fn};
use std::task::Poll;

use event_core::error::WouldBlock;
use event_core::observe::Observer;
use event_core::plugin::own_thread;
use event_core::prelude::*;
use event_core::{AppBuilder, Durability, Error, Receipt};

#[derive(Event)]
struct Inner;

#[derive(Event)]
struct Deeper;

/// Tracks an `Inner` in an implementation, and returns what came of it.
#[hookspec(firstresult)]
fn wait_inside(app: &App) -> Waited;

struct Waited(Result<Receipt, Error>);

const PLACE: u32 = line!() + 4;

#[hookimpl(wait_inside)]
fn wait_there(app: &App) -> Waited {
    Waited(app.track(Inner).wait())
}

fn app() -> AppBuilder {
    let builder = App::builder().without_linked().failure_handler(|_| ()).hook(wait_there);
    builder.event::<Inner>().event::<Deeper>()
}

fn waited(builder: AppBuilder) -> Result<Receipt, Error> {
    wait_inside::call(&builder.start().wait().unwrap()).wait().unwrap().unwrap().0
}

/// Whether the error names this function and the place of the `.wait()`, and says so.
fn names(would_block: &WouldBlock, function: &str) {
    let path = would_block.implementation().expect("an implementation isn't ready").path();
    assert_eq!(path.rsplit("::").next(), Some(function), "{would_block}");
    let place = would_block.location();
    assert!(place.file().ends_with("would_block.rs") && place.line() == PLACE, "{place}");
    let text = would_block.to_string();
    assert!(text.starts_with(&format!("failed to wait at {}:{PLACE}: ", place.file())), "{text}");
    assert!(
        text.contains(&format!("::{function}` (hook ")) && text.contains("isn't ready; make the "),
        "{text}"
    );
}

#[track_caller]
fn blames(builder: AppBuilder, function: &str) {
    match waited(builder) {
        Err(Error::WouldBlock(would_block)) => names(&would_block, function),
        other => panic!("not an error: {other:?}"),
    }
}

#[hookimpl(track_event)]
fn at_once(event: &Inner) {
    let _ = event;
}

#[hookimpl(track_event)]
async fn is_ready() {}

#[hookimpl(track_event)]
async fn is_ready_for_inner(event: &Tracked<Inner>) -> Result<(), String> {
    let _ = event;
    Ok(())
}

#[hookimpl(track_event)]
async fn never_ends() {
    pending::<()>().await;
}

#[hookimpl(track_event)]
async fn never_ends_for_inner(event: &Inner) {
    let _ = event;
    pending::<()>().await;
}

#[hookimpl(track_event)]
async fn never_ends_for_deeper(event: &Deeper) {
    let _ = event;
    pending::<()>().await;
}

/// Of those that are ready, with some before it in the call order and some after it.
fn some_ready(builder: AppBuilder) -> AppBuilder {
    let builder = builder.hook(at_once).hook(is_ready).hook(is_ready_for_inner);
    builder.on(|_: &Tracked<Inner>| ()).on(|_: &Tracked| ())
}

#[test]
fn it_names_the_one_that_is_not_ready_among_those_that_are() {
    blames(some_ready(app()).hook(never_ends), "never_ends");
    blames(some_ready(app()).hook(never_ends_for_inner), "never_ends_for_inner");
    blames(app().hook(never_ends_for_inner), "never_ends_for_inner");
    // Each waits for the one before.
    blames(some_ready(app()).hook(never_ends).hook(never_ends_for_inner), "never_ends");
}

struct Watches;

impl Observer for Watches {}

#[test]
fn it_names_the_same_one_for_a_call_that_is_observed() {
    blames(some_ready(app()).hook(never_ends).observer(Watches), "never_ends");
    blames(some_ready(app()).hook(never_ends_for_inner).observer(Watches), "never_ends_for_inner");
}

#[hookimpl(track_event, wrapper)]
async fn around(next: Next<'_>) -> Outcome {
    next.run().await
}

#[hookimpl(track_event, wrapper)]
async fn never_begins(next: Next<'_>) -> Outcome {
    pending::<()>().await;
    next.run().await
}

#[hookimpl(track_event, wrapper)]
async fn never_goes_on(next: Next<'_>) -> Outcome {
    next.run().await;
    pending().await
}

/// Gives up what isn't ready at once, and then waits itself.
#[hookimpl(track_event, wrapper)]
async fn gives_up(next: Next<'_>) -> Outcome {
    let mut run = Box::pin(next.run());
    poll_fn(|context| {
        assert!(run.as_mut().poll(context).is_pending());
        Poll::Ready(())
    })
    .await;
    drop(run);
    pending().await
}

#[test]
fn it_names_the_wrapper_only_where_that_is_what_is_not_ready() {
    let wrapped = || some_ready(app()).hook(around);
    blames(wrapped().hook(never_ends), "never_ends");
    blames(wrapped().hook(never_begins).hook(never_ends), "never_begins");
    blames(wrapped().hook(never_goes_on), "never_goes_on");
    blames(wrapped().hook(never_goes_on).hook(never_ends), "never_ends");
    blames(wrapped().hook(gives_up).hook(never_ends), "gives_up");
}

#[hookimpl(track_event)]
async fn tracks_deeper(app: &App, event: &Inner) -> event_core::Result<()> {
    let _ = event;
    app.track(Deeper).await.map(drop)
}

#[test]
fn it_names_the_one_that_is_not_ready_in_a_call_of_another_one() {
    blames(some_ready(app()).hook(tracks_deeper).hook(never_ends_for_deeper), "never_ends_for_deeper");
    let wrapped = app().hook(around).hook(tracks_deeper).hook(never_ends_for_deeper);
    blames(wrapped, "never_ends_for_deeper");
}

/// Waits for what no call is about.
#[hookimpl(wait_inside, tryfirst)]
fn wait_for_an_event(app: &App) -> Waited {
    let recorder = app.recorder();
    Waited(recorder.wait_for::<Inner>().wait().map(|_| Receipt::default()))
}

#[test]
fn it_names_no_implementation_where_it_is_none_that_is_waited_for() {
    let Err(Error::WouldBlock(would_block)) = waited(app().hook(wait_for_an_event)) else {
        panic!("it would")
    };
    assert!(would_block.implementation().is_none(), "{would_block}");
    let text = would_block.to_string();
    assert!(text.contains("`.wait()` can't block, and no such event was tracked; make "), "{text}");
}

#[hookimpl(track_event, essential)]
async fn keep(event: &Tracked) {
    // What it waits for is no implementation, and it isn't what is waited for in the end.
    let mut polled = false;
    own_thread(poll_fn(|context| {
        context.waker().wake_by_ref();
        if std::mem::replace(&mut polled, true) { Poll::Ready(()) } else { Poll::Pending }
    }))
    .await;
    if event.is::<Inner>() {
        event.promise(Durability::OnDisk);
    }
}

#[test]
fn the_failures_of_an_event_that_is_kept_are_those_that_are_not_ready_each_with_what_it_waits_for() {
    let builder = || some_ready(app()).hook(keep);
    for (builder, failed, pending) in [
        (builder().hook(never_ends), "never_ends", "never_ends"),
        (
            builder().hook(never_ends_for_inner).observer(Watches),
            "never_ends_for_inner",
            "never_ends_for_inner",
        ),
        (builder().hook(around).hook(never_ends), "never_ends", "never_ends"),
        (builder().hook(never_goes_on), "never_goes_on", "never_goes_on"),
        // The deeper one isn't kept, so the call that waits for it is given up.
        (builder().hook(tracks_deeper).hook(never_ends_for_deeper), "tracks_deeper", "never_ends_for_deeper"),
    ] {
        let receipt = waited(builder).expect("it is kept");
        let [failure] = receipt.failures() else { panic!("one: {receipt:?}") };
        assert_eq!(failure.implementation().path().rsplit("::").next(), Some(failed), "{failure}");
        let Some(Error::WouldBlock(would_block)) = failure.cause().downcast_ref() else {
            panic!("{failure:?}")
        };
        names(would_block, pending);
    }
}
