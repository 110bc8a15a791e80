//! Shutdown, where those who wait for it give up or are many, and what waiting leaves behind.

use std::future::{Future, IntoFuture, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use event_core::prelude::*;
use event_core::{AppBuilder, Error};
use tokio::sync::Notify;

use crate::log::{Log, log, logged};

#[derive(Event)]
struct Happened;

fn app() -> AppBuilder {
    App::builder().without_linked().insert(Log::default()).failure_handler(|_| ()).event::<Happened>()
}

fn poll<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

async fn give_way() {
    let mut polled = false;
    poll_fn(|context| {
        context.waker().wake_by_ref();
        if std::mem::replace(&mut polled, true) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

#[hookimpl(shutdown, tryfirst)]
async fn flush(app: &App) {
    log(app, "flush begins");
    give_way().await;
    log(app, "flush goes on");
    give_way().await;
    log(app, "flush ends");
}

#[hookimpl(shutdown)]
fn count(app: &App) {
    log(app, "count");
}

#[hookimpl(shutdown, trylast)]
async fn close(app: &App) {
    log(app, "close begins");
    give_way().await;
    log(app, "close ends");
}

#[hookimpl(track_event)]
async fn work(app: &App) {
    log(app, "work");
    give_way().await;
}

const ALL: [&str; 6] = ["flush begins", "flush goes on", "flush ends", "count", "close begins", "close ends"];

#[test]
fn a_shutdown_that_is_dropped_at_any_await_is_gone_on_with_and_runs_everything_once() {
    // The first await is for the running call.
    for polls in 1..8 {
        let app = app().hook(flush).hook(count).hook(close).hook(work).start().wait().unwrap();
        let mut running = Box::pin(app.track(Happened).into_future());
        assert!(poll(running.as_mut()).is_pending());
        let ended = {
            let mut shutdown = pin!(app.shutdown());
            let mut ended = poll(shutdown.as_mut()).is_ready();
            assert!(poll(running.as_mut()).is_ready());
            for _ in 1..polls {
                ended = ended || poll(shutdown.as_mut()).is_ready();
            }
            ended
        };
        let refused = app.track(Happened).wait();
        if ended {
            assert!(matches!(refused, Err(Error::ShutDown)), "{refused:?}");
        } else {
            assert!(matches!(refused, Err(Error::ShutdownDropped)), "{refused:?}");
        }
        let mut all = logged(&app);
        assert_eq!(all.remove(0), "work");
        assert_eq!(ended, all.len() == ALL.len(), "it is done when all have ended");
        app.shutdown().wait().unwrap();
        all.extend(logged(&app));
        assert_eq!(all, ALL, "after {polls} polls");
    }
}

#[test]
fn each_of_many_shutdowns_that_are_dropped_goes_on_where_the_one_before_was() {
    let app = app().hook(flush).hook(count).hook(close).start().wait().unwrap();
    let mut polls = 1;
    while poll(pin!(app.shutdown())).is_pending() {
        polls += 1;
    }
    assert_eq!((polls, logged(&app)), (4, ALL.map(str::to_owned).into()));
}

#[hookimpl(shutdown, wrapper)]
async fn around(app: &App, next: Next<'_, shutdown>) -> Outcome<shutdown> {
    log(app, "in");
    let outcome = next.run().await;
    give_way().await;
    log(app, "out");
    outcome
}

#[test]
fn a_wrapper_around_shutdown_goes_on_too() {
    let app = app().hook(around).hook(flush).hook(count).start().wait().unwrap();
    while poll(pin!(app.shutdown())).is_pending() {}
    assert_eq!(logged(&app), ["in", "flush begins", "flush goes on", "flush ends", "count", "out"]);
}

#[hookimpl(shutdown)]
async fn waits_for_a_word(app: &App) {
    log(app, "waits");
    app.state::<Notify>().unwrap().notified().await;
    log(app, "heard");
}

#[test]
fn a_second_shutdown_takes_over_from_one_that_is_dropped() {
    let app = app().insert(Notify::new()).hook(waits_for_a_word).hook(close).start().wait().unwrap();
    let mut second = pin!(app.shutdown());
    {
        let mut first = pin!(app.shutdown());
        assert!(poll(first.as_mut()).is_pending());
        assert!(poll(second.as_mut()).is_pending());
        assert_eq!(logged(&app), ["waits"], "only one of them runs it");
    }
    assert!(poll(second.as_mut()).is_pending());
    app.state::<Notify>().unwrap().notify_one();
    while poll(second.as_mut()).is_pending() {}
    assert_eq!(logged(&app), ["heard", "close begins", "close ends"]);
}

#[hookimpl(shutdown, essential)]
fn fails_to_close() -> Result<(), &'static str> {
    Err("still busy")
}

#[test]
fn every_shutdown_tells_what_failed_and_none_of_the_failures_keeps_another_from_running() {
    let app = app().hook(fails_to_close).hook(close).start().wait().unwrap();
    for _ in 0..2 {
        let Err(Error::Failed(failures)) = app.shutdown().wait() else { panic!("it is no success") };
        assert_eq!(failures[0].cause().to_string(), "still busy");
    }
    assert_eq!(logged(&app), ["close begins", "close ends"]);
}

#[hookimpl(stopping)]
async fn finish_the_background_work(app: &App) {
    log(app, "stopping begins");
    give_way().await;
    let tracked = app.track(Happened).await.is_ok();
    log(app, if tracked { "stopping tracked" } else { "stopping couldn't track" });
}

#[test]
fn stopping_is_called_before_shutdown_while_tracking_is_possible() {
    let app = app().hook(finish_the_background_work).hook(close).start().wait().unwrap();
    app.shutdown().wait().unwrap();
    assert_eq!(logged(&app), ["stopping begins", "stopping tracked", "close begins", "close ends"]);
}

#[test]
fn a_stopping_that_is_dropped_is_gone_on_with_and_tracking_is_possible_only_while_it_runs() {
    let app = app().hook(finish_the_background_work).hook(close).start().wait().unwrap();
    {
        let mut first = pin!(app.shutdown());
        assert!(poll(first.as_mut()).is_pending());
        app.track(Happened).wait().expect("what it ends may track");
    }
    let refused = app.track(Happened).wait().unwrap_err();
    assert!(matches!(refused, Error::ShutdownDropped), "{refused}");
    assert!(refused.to_string().contains("call `shutdown` again"), "{refused}");
    assert!(matches!(app.track(Happened).prepare(), Err(Error::ShutdownDropped)), "prepared or not");
    app.shutdown().wait().unwrap();
    assert_eq!(logged(&app), ["stopping begins", "stopping tracked", "close begins", "close ends"]);
    assert!(matches!(app.track(Happened).wait(), Err(Error::ShutDown)));
}

#[hookimpl(stopping)]
fn fails_to_stop() -> Result<(), &'static str> {
    Err("still working")
}

#[test]
fn a_failure_of_stopping_is_in_the_result_of_shutdown_and_stops_nothing() {
    let app = app().hook(fails_to_stop).hook(close).start().wait().unwrap();
    let Err(Error::Failed(failures)) = app.shutdown().wait() else { panic!("it is no success") };
    assert_eq!(failures[0].cause().to_string(), "still working");
    assert_eq!(logged(&app), ["close begins", "close ends"]);
}

#[hookimpl(startup, trylast)]
fn open(app: &App) {
    log(app, "open");
}

#[hookimpl(started)]
fn begin(app: &App) {
    log(app, "begin");
    app.track(Happened).wait().expect("the app has started");
}

#[test]
fn started_is_called_when_every_startup_has_succeeded() {
    let app = app().hook(begin).hook(open).start().wait().unwrap();
    assert_eq!(logged(&app), ["open", "begin"]);
}

#[hookimpl(startup)]
fn fails_to_start() -> Result<(), &'static str> {
    Err("no disk")
}

#[test]
fn started_is_not_called_if_a_startup_fails() {
    let told = Log::default();
    let builder = App::builder().without_linked().insert(told.clone()).failure_handler(|_| ());
    assert!(matches!(builder.hook(begin).hook(fails_to_start).start().wait(), Err(Error::Startup(_))));
    assert_eq!(told.take(), [] as [String; 0]);
}

mod wakers {
    use super::*;

    struct Nothing;

    impl Wake for Nothing {
        fn wake(self: Arc<Self>) {}
    }

    /// Polls many times, alternating between two tasks, and returns how many wakers are kept then and afterwards.
    fn kept(mut future: Pin<Box<dyn Future<Output = event_core::Result<()>> + '_>>) -> (usize, usize) {
        let tasks = [Arc::new(Nothing), Arc::new(Nothing)];
        for task in tasks.iter().cycle().take(1_000) {
            let waker = Waker::from(task.clone());
            assert!(future.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        }
        let count = || tasks.iter().map(Arc::strong_count).sum::<usize>() - tasks.len();
        let while_it_waits = count();
        drop(future);
        (while_it_waits, count())
    }

    #[test]
    fn a_shutdown_that_waits_for_a_call_keeps_one_and_takes_it_along() {
        let app = app().hook(work).start().wait().unwrap();
        let mut running = pin!(app.track(Happened).into_future());
        assert!(poll(running.as_mut()).is_pending());
        assert_eq!(kept(Box::pin(app.shutdown())), (1, 0));
    }

    #[test]
    fn a_shutdown_that_waits_for_another_keeps_one_and_takes_it_along() {
        let app = app().insert(Notify::new()).hook(waits_for_a_word).start().wait().unwrap();
        let mut first = pin!(app.shutdown());
        assert!(poll(first.as_mut()).is_pending());
        assert_eq!(kept(Box::pin(app.shutdown())), (1, 0));
    }

    #[test]
    fn a_wait_for_a_recorded_event_keeps_one_and_takes_it_along() {
        let app = app().start().wait().unwrap();
        let recorder = app.recorder();
        let waits = async { recorder.wait_for::<Happened>().await.map(|_| ()) };
        assert_eq!(kept(Box::pin(waits)), (1, 0));
    }
}
