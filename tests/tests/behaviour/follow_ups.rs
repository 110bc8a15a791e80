//! Events that an implementation tracks itself and waits for, while a plugin's own thread keeps them.
#![expect(
    clippy::unnecessary_wraps,
    reason = "the value itself is a `Result`, so a result of the hook must be wrapped"
)]

use std::future::{Future, poll_fn};
use std::task::Poll;

use event_core::observe::{CallEnd, ObservedCall, Observer};
use event_core::plugin::own_thread;
use event_core::prelude::*;
use event_core::{AppBuilder, Durability, Error};
use tokio::sync::oneshot;

use crate::log::{Log, log, logged};

#[derive(Event)]
struct First;

#[derive(Event)]
struct Second;

#[derive(Event)]
struct Third;

fn app() -> AppBuilder {
    let builder = App::builder().without_linked().insert(Log::default()).failure_handler(|_| ());
    builder.event::<First>().event::<Second>().event::<Third>().hook(store)
}

/// Keeps the event on a thread of its own, as a database does.
#[hookimpl(track_event, essential, trylast)]
async fn store(app: &App, event: &Tracked) -> Result<(), oneshot::error::RecvError> {
    let (written, is_written) = oneshot::channel();
    std::thread::spawn(move || written.send(()));
    own_thread(is_written).await?;
    event.promise(Durability::OnDisk);
    log(app, format!("{} is kept", event.name()));
    Ok(())
}

#[hookimpl(track_event)]
fn follows_with_second(app: &App, event: &First) -> event_core::Result<()> {
    let _ = event;
    let receipt = app.track(Second).wait()?;
    log(app, format!("second: {:?}", receipt.durability()));
    receipt.strict().map(drop)
}

#[hookimpl(track_event)]
fn follows_with_third(app: &App, event: &Second) -> event_core::Result<()> {
    let _ = event;
    let receipt = app.track(Third).wait()?;
    log(app, format!("third: {:?}", receipt.durability()));
    receipt.strict().map(drop)
}

#[hookimpl(track_event, trylast)]
fn at_last(app: &App, event: &Tracked) {
    log(app, format!("{} at last", event.name()));
}

#[hookimpl(track_event, wrapper)]
async fn around(next: Next<'_>) -> Outcome {
    next.run().await
}

struct Watches;

impl Observer for Watches {
    fn after(&self, _: &ObservedCall<'_>, _: &CallEnd<'_>) {}
}

fn three_levels() -> AppBuilder {
    app().hook(follows_with_second).hook(follows_with_third).hook(at_last)
}

const THREE_LEVELS: [&str; 8] = [
    "first is kept",
    "second is kept",
    "third is kept",
    "third at last",
    "third: OnDisk",
    "second at last",
    "second: OnDisk",
    "first at last",
];

#[test]
fn three_levels_deep_are_kept_without_a_runtime() {
    for builder in [three_levels(), three_levels().observer(Watches), three_levels().hook(around)] {
        let app = builder.start().wait().unwrap();
        app.track(First).wait().unwrap().strict().unwrap();
        assert_eq!(logged(&app), THREE_LEVELS);
    }
}

#[test]
fn three_levels_deep_are_kept_on_a_worker_of_a_runtime_and_on_its_only_thread() {
    let many = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
    many.block_on(async {
        let app = three_levels().start().await.unwrap();
        let on_worker = app.clone();
        tokio::spawn(async move { on_worker.track(First).await.unwrap().strict().map(drop) })
            .await
            .unwrap()
            .unwrap();
        assert_eq!(logged(&app), THREE_LEVELS);
    });
    let one = tokio::runtime::Builder::new_current_thread().build().unwrap();
    one.block_on(async {
        let app = three_levels().start().await.unwrap();
        app.track(First).await.unwrap().strict().unwrap();
        app.track(First).wait().unwrap().strict().unwrap();
        assert_eq!(logged(&app), [THREE_LEVELS, THREE_LEVELS].concat());
    });
}

/// Ready at the second poll, after it woke its task.
async fn give_way() {
    let mut polled = false;
    poll_fn(|context| {
        context.waker().wake_by_ref();
        if std::mem::replace(&mut polled, true) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

#[hookimpl(track_event, tryfirst)]
async fn waits_for_others(app: &App, event: &Second) {
    let _ = event;
    log(app, "waits");
    give_way().await;
    log(app, "waited");
}

/// Waits in an event of its own.
#[hookimpl(track_event, tryfirst)]
async fn tracks_what_waits(app: &App, event: &First) -> event_core::Result<()> {
    let _ = event;
    app.track(Second).await?.strict().map(drop)
}

#[hookimpl(track_event, wrapper)]
async fn waits_afterwards(app: &App, event: &Second, next: Next<'_>) -> Outcome {
    let _ = event;
    let outcome = next.run().await;
    log(app, "waits around");
    give_way().await;
    log(app, "waited around");
    outcome
}

#[hookimpl(track_event, wrapper)]
async fn waits_before(app: &App, event: &Second, next: Next<'_>) -> Outcome {
    let _ = event;
    log(app, "waits before");
    give_way().await;
    next.run().await
}

/// Tracks it in an implementation, and returns the result.
#[hookspec(firstresult)]
fn follow(app: &App) -> Followed;

type Followed = Result<(Durability, Vec<String>), Error>;

#[hookimpl(follow)]
fn follow_at_once(app: &App) -> Option<Followed> {
    Some(app.track(Second).wait().map(|receipt| {
        let failed = receipt.failures().iter().map(|failure| {
            assert!(matches!(failure.cause().downcast_ref(), Some(Error::WouldBlock(_))), "{failure:?}");
            failure.implementation().path().rsplit("::").next().unwrap().to_owned()
        });
        (receipt.durability(), failed.collect())
    }))
}

fn followed(app: &App) -> Followed {
    follow::call(app).wait().unwrap().unwrap()
}

#[test]
fn what_would_block_after_the_event_is_kept_is_a_failure_and_the_next_runs() {
    for builder in [app(), app().observer(Watches), app().hook(around)] {
        let builder =
            builder.hook(waits_for_others).hook(waits_afterwards).hook(at_last).hook(follow_at_once);
        let app = builder.start().wait().unwrap();
        let failed = vec!["waits_for_others".to_owned(), "waits_afterwards".to_owned()];
        assert_eq!(followed(&app).unwrap(), (Durability::OnDisk, failed));
        assert_eq!(logged(&app), ["second is kept", "waits", "second at last", "waits around"]);
        // Outside of implementations, both may wait.
        app.track(Second).wait().unwrap().strict().unwrap();
    }
}

#[test]
fn what_would_block_before_the_event_is_kept_is_an_error_and_nothing_is_kept() {
    let app = app().hook(waits_before).hook(at_last).hook(follow_at_once).start().wait().unwrap();
    assert!(matches!(followed(&app), Err(Error::WouldBlock(_))));
    assert_eq!(logged(&app), ["waits before"]);
}

#[hookimpl(follow)]
fn follow_with_first(app: &App) -> Option<Followed> {
    Some(app.track(First).wait().map(|receipt| (receipt.durability(), Vec::new())))
}

#[test]
fn an_event_below_that_is_kept_is_one_receipt_with_what_would_block() {
    let app = app().hook(waits_for_others).hook(tracks_what_waits).hook(at_last).hook(follow_with_first);
    let app = app.start().wait().unwrap();
    followed(&app).unwrap();
    let expected = ["first is kept", "second is kept", "waits", "second at last", "first at last"];
    assert_eq!(logged(&app), expected, "`tracks_what_waits` gets a receipt, and goes on");
}

#[hookimpl(track_event)]
fn brings_an_executor(app: &App, event: &First) -> event_core::Result<()> {
    let _ = event;
    smol::block_on(async { app.track(Second).await })?.strict().map(drop)
}

#[test]
fn an_executor_that_an_implementation_brings_may_wait_whatever_is_around_it() {
    let app = app().hook(brings_an_executor).hook(waits_for_others).hook(follow_with_first);
    let app = app.start().wait().unwrap();
    followed(&app).unwrap();
    assert_eq!(logged(&app), ["first is kept", "second is kept", "waits", "waited"]);
}

#[hookimpl(track_event)]
async fn waits_around_a_follow_up(app: &App, event: &First) -> event_core::Result<()> {
    let _ = event;
    let (sender, receiver) = oneshot::channel();
    let mut receiver = Box::pin(receiver);
    let mut begun = false;
    let mut sender = Some(sender);
    poll_fn(|context| {
        if !std::mem::replace(&mut begun, true) {
            assert!(receiver.as_mut().poll(context).is_pending());
            // Wakes this task while the wait below has the thread.
            sender.take().map(|sender| sender.send(())).expect("it is there").expect("it is waited for");
            follow::call(app).wait().expect("it is kept").expect("there is a result").expect("it is kept");
            return Poll::Pending;
        }
        receiver.as_mut().poll(context).map(|_| ())
    })
    .await;
    Ok(())
}

#[test]
fn a_wait_inside_takes_no_wake_up_from_the_one_around_it() {
    let app = app().hook(waits_around_a_follow_up).hook(follow_at_once).start().wait().unwrap();
    app.track(First).wait().unwrap().strict().unwrap();
    assert_eq!(logged(&app), ["first is kept", "second is kept"]);
}
