//! Waiting: with tokio, with smol, with nothing; inside an implementation; and not to the end.

use std::future::{Future, IntoFuture, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

use event_core::prelude::*;
use event_core::{AppBuilder, Error};

use crate::log::{Log, log, logged};

#[derive(Event)]
struct Outer;

#[derive(Event)]
struct Inner;

fn app() -> AppBuilder {
    App::builder().without_linked().insert(Log::default()).event::<Outer>().event::<Inner>()
}

/// Ready at the second poll, after it woke its task.
async fn give_way() {
    let mut polled = false;
    poll_fn(|context| {
        if std::mem::replace(&mut polled, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

#[hookimpl(track_event)]
async fn waits(app: &App, event: &Inner) {
    let _ = event;
    log(app, "waits");
    give_way().await;
    log(app, "waited");
}

#[hookimpl(track_event, trylast)]
fn at_once(app: &App, event: &Inner) {
    let _ = event;
    log(app, "at once");
}

fn heard() -> Vec<String> {
    ["waits", "waited", "at once"].map(str::to_owned).into()
}

#[test]
fn tokio_awaits_a_track_on_many_threads() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    runtime.block_on(async {
        let app = app().hook(waits).hook(at_once).start().await.unwrap();
        let tracks = (0..100).map(|_| {
            let app = app.clone();
            tokio::spawn(async move { app.track(Inner).await.unwrap().strict().map(|_| ()) })
        });
        for track in tracks.collect::<Vec<_>>() {
            track.await.unwrap().unwrap();
        }
        assert_eq!(logged(&app).len(), 300);
        app.shutdown().await.unwrap();
    });
}

#[test]
fn a_track_is_a_future_that_join_a_timeout_and_spawn_take() {
    fn is_unpin_and_send<F: Future<Output = event_core::Result<Receipt>> + Unpin + Send>(_: &F) {}
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        let app = app().hook(waits).hook(at_once).start().await.unwrap();
        let (one, other) = tokio::join!(app.track(Inner), app.track(Inner));
        one.unwrap();
        other.unwrap();
        let minute = std::time::Duration::from_mins(1);
        tokio::time::timeout(minute, app.track(Inner).by("root")).await.unwrap().unwrap();
        let mut track = app.track(Inner);
        is_unpin_and_send(&track);
        (&mut track).await.unwrap();
        let own: &'static App = Box::leak(Box::new(app.clone()));
        tokio::spawn(own.track(Inner)).await.unwrap().unwrap();
        assert_eq!(logged(&app).iter().filter(|line| *line == "waits").count(), 5);
    });
}

#[test]
fn a_track_that_was_polled_goes_on_with_wait() {
    let app = app().hook(waits).hook(at_once).start().wait().unwrap();
    let mut track = app.track(Inner);
    assert!(pin!(&mut track).poll(&mut Context::from_waker(Waker::noop())).is_pending());
    assert!(track.wait().unwrap().failures().is_empty());
    assert_eq!(logged(&app).iter().filter(|line| *line == "waits").count(), 1);
}

#[test]
fn smol_awaits_a_track() {
    smol::block_on(async {
        let app = app().hook(waits).hook(at_once).start().await.unwrap();
        app.track(Inner).await.unwrap();
        assert_eq!(logged(&app), heard());
    });
}

#[test]
fn without_a_runtime_wait_parks_until_another_thread_wakes_it() {
    let app = app().hook(waits_for_a_thread).start().wait().unwrap();
    app.track(Inner).wait().unwrap();
    assert_eq!(logged(&app), ["woken"]);
}

#[hookimpl(track_event)]
async fn waits_for_a_thread(app: &App, event: &Inner) {
    let _ = event;
    let (sender, receiver) = tokio::sync::oneshot::channel();
    let thread = std::thread::spawn(move || sender.send(()).expect("the receiver waits"));
    receiver.await.expect("the thread sends");
    thread.join().expect("the thread doesn't panic");
    log(app, "woken");
}

#[hookimpl(track_event)]
async fn needs_tokio(event: &Inner) {
    let _ = event;
    tokio::time::timeout(std::time::Duration::ZERO, async {}).await.unwrap();
}

#[test]
fn an_implementation_that_needs_tokio_outside_of_it_fails_with_the_name_of_the_thread() {
    let app = app().failure_handler(|_| ()).hook(needs_tokio).start().wait().unwrap();
    let track = move || app.track(Inner).wait().unwrap().failures()[0].cause().to_string();
    let cause = std::thread::Builder::new().name("imports".to_owned()).spawn(track).unwrap().join().unwrap();
    let says = "; the implementation needs a tokio runtime, and the thread `imports` is in none; call from a runtime, as in \
                `#[tokio::main]`";
    assert!(cause.starts_with("panicked: there is no reactor running") && cause.ends_with(says), "{cause}");
}

mod reentrant {
    use super::*;

    #[hookimpl(track_event)]
    async fn tracks_inner(app: &App, event: &Outer) -> event_core::Result<()> {
        let _ = event;
        app.track(Inner).await?;
        Ok(())
    }

    #[hookimpl(track_event)]
    fn waits_for_inner(app: &App, event: &Outer) -> event_core::Result<()> {
        let _ = event;
        app.track(Inner).wait()?;
        Ok(())
    }

    #[test]
    fn an_async_implementation_tracks_events_itself() {
        let app = app().hook(tracks_inner).hook(waits).hook(at_once).start().wait().unwrap();
        app.track(Outer).wait().unwrap().strict().unwrap();
        assert_eq!(logged(&app), heard());
    }

    #[test]
    fn wait_inside_an_implementation_serves_while_nothing_below_has_to_wait() {
        let app = app().hook(waits_for_inner).hook(at_once).start().wait().unwrap();
        app.track(Outer).wait().unwrap().strict().unwrap();
        assert_eq!(logged(&app), ["at once"]);
    }

    #[test]
    fn wait_inside_an_implementation_is_an_error_where_it_would_park() {
        let app = app().failure_handler(|_| ()).hook(waits_for_inner).hook(waits).hook(at_once);
        let app = app.start().wait().unwrap();
        let receipt = app.track(Outer).wait().unwrap();
        assert!(matches!(receipt.failures()[0].cause().downcast_ref(), Some(Error::WouldBlock(_))));
        assert_eq!(logged(&app), ["waits"], "what had run stays done; the rest was not run");
    }

    #[test]
    fn the_same_holds_inside_a_runtime() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let receipt = runtime.block_on(async {
            let app = app().failure_handler(|_| ()).hook(waits_for_inner).hook(waits).start().await.unwrap();
            app.track(Outer).await.unwrap()
        });
        assert!(matches!(receipt.failures()[0].cause().downcast_ref(), Some(Error::WouldBlock(_))));
    }
}

mod cancelled {
    use super::*;

    #[hookimpl(track_event, tryfirst)]
    fn fails_first(event: &Inner) -> Result<(), &'static str> {
        let _ = event;
        Err("before it was dropped")
    }

    #[hookimpl(track_event, wrapper)]
    async fn holds_on(event: &Inner, next: Next<'_>) -> Outcome {
        let _ = event;
        let outcome = next.run().await;
        std::future::pending::<()>().await;
        outcome
    }

    fn poll_once(future: impl Future) {
        let mut future = pin!(future);
        assert!(future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    }

    #[test]
    fn a_track_that_is_dropped_stops_at_its_await_and_what_failed_is_still_reported() {
        let reported = Arc::new(AtomicUsize::new(0));
        let count = reported.clone();
        let app = app().hook(fails_first).hook(waits).hook(at_once);
        let app =
            app.failure_handler(move |_| _ = count.fetch_add(1, Ordering::SeqCst)).start().wait().unwrap();
        poll_once(app.track(Inner).into_future());
        assert_eq!(logged(&app), ["waits"]);
        assert_eq!(reported.load(Ordering::SeqCst), 1);
        app.shutdown().wait().unwrap();
    }

    #[test]
    fn what_failed_is_reported_when_it_is_dropped_in_a_wrappers_hand() {
        let reported = Arc::new(AtomicUsize::new(0));
        let count = reported.clone();
        let app = app().hook(fails_first).hook(holds_on);
        let app =
            app.failure_handler(move |_| _ = count.fetch_add(1, Ordering::SeqCst)).start().wait().unwrap();
        poll_once(app.track(Inner).into_future());
        assert_eq!(reported.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn a_track_that_is_never_polled_does_nothing() {
        let app = app().hook(at_once).start().wait().unwrap();
        drop(app.track(Inner).into_future());
        drop(app.track(Inner));
        assert!(logged(&app).is_empty());
    }
}

mod shutting_down {
    use super::*;

    #[hookimpl(track_event)]
    async fn waits_for_a_word(app: &App, event: &Outer) -> event_core::Result<()> {
        let _ = event;
        let word = app.state::<tokio::sync::Notify>()?;
        log(app, "running");
        word.notified().await;
        app.track(Inner).await?;
        log(app, "done");
        Ok(())
    }

    #[hookimpl(shutdown)]
    fn last(app: &App) {
        log(app, "shutdown");
    }

    #[test]
    fn shutdown_waits_for_running_calls_which_may_still_track() {
        let app = app().insert(tokio::sync::Notify::new()).hook(waits_for_a_word).hook(at_once).hook(last);
        let app = app.start().wait().unwrap();
        let mut context = Context::from_waker(Waker::noop());
        let mut running = pin!(app.track(Outer).into_future());
        assert!(running.as_mut().poll(&mut context).is_pending());
        let mut shutdown = pin!(app.shutdown());
        assert!(shutdown.as_mut().poll(&mut context).is_pending());
        assert!(matches!(app.track(Inner).wait(), Err(Error::ShutDown)), "new calls are refused already");

        app.state::<tokio::sync::Notify>().unwrap().notify_one();
        let Poll::Ready(receipt) = running.as_mut().poll(&mut context) else {
            panic!("it was told to go on")
        };
        receipt.unwrap().strict().unwrap();
        assert!(shutdown.as_mut().poll(&mut context).is_ready());
        assert_eq!(logged(&app), ["running", "at once", "done", "shutdown"]);
    }

    #[test]
    fn a_shutdown_that_is_dropped_while_it_waits_leaves_the_app_closed_and_running_calls_go_on() {
        let app = app().insert(tokio::sync::Notify::new()).hook(waits_for_a_word).hook(at_once).hook(last);
        let app = app.start().wait().unwrap();
        let mut context = Context::from_waker(Waker::noop());
        let mut running = pin!(app.track(Outer).into_future());
        assert!(running.as_mut().poll(&mut context).is_pending());
        for _ in 0..2 {
            assert!(pin!(app.shutdown()).as_mut().poll(&mut context).is_pending());
            assert!(matches!(app.track(Inner).wait(), Err(Error::ShutdownDropped)));
        }
        app.state::<tokio::sync::Notify>().unwrap().notify_one();
        let Poll::Ready(receipt) = running.as_mut().poll(&mut context) else {
            panic!("it was told to go on")
        };
        receipt.unwrap().strict().unwrap();
        app.shutdown().wait().unwrap();
        assert_eq!(logged(&app), ["running", "at once", "done", "shutdown"]);
    }

    #[test]
    fn a_shutdown_that_waits_takes_over_from_one_that_is_dropped_while_a_call_runs() {
        let app = app().insert(tokio::sync::Notify::new()).hook(waits_for_a_word).hook(last);
        let app = app.start().wait().unwrap();
        let mut context = Context::from_waker(Waker::noop());
        let mut running = pin!(app.track(Outer).into_future());
        assert!(running.as_mut().poll(&mut context).is_pending());
        let mut second = pin!(app.shutdown());
        {
            let mut first = pin!(app.shutdown());
            assert!(first.as_mut().poll(&mut context).is_pending());
            assert!(second.as_mut().poll(&mut context).is_pending());
        }
        assert!(second.as_mut().poll(&mut context).is_pending());
        assert!(matches!(app.track(Inner).wait(), Err(Error::ShutDown)), "none is dropped any more");
        app.state::<tokio::sync::Notify>().unwrap().notify_one();
        assert!(running.as_mut().poll(&mut context).is_ready());
        assert!(second.as_mut().poll(&mut context).is_ready());
        assert_eq!(logged(&app), ["running", "done", "shutdown"]);
    }

    #[derive(Default)]
    struct Woken(AtomicUsize);

    impl std::task::Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[test]
    fn the_last_call_wakes_the_shutdown_that_waits_for_it_and_that_wakes_a_second_one() {
        let app = app().insert(tokio::sync::Notify::new()).hook(waits_for_a_word).hook(at_once).hook(last);
        let app = app.start().wait().unwrap();
        let mut context = Context::from_waker(Waker::noop());
        let mut running = Box::pin(app.track(Outer).into_future());
        assert!(running.as_mut().poll(&mut context).is_pending());
        let (first, second) = (Arc::new(Woken::default()), Arc::new(Woken::default()));
        let (waker, other_waker) = (Waker::from(first.clone()), Waker::from(second.clone()));
        let (mut shutdown, mut again) = (pin!(app.shutdown()), pin!(app.shutdown()));
        assert!(shutdown.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        assert!(again.as_mut().poll(&mut Context::from_waker(&other_waker)).is_pending());

        app.state::<tokio::sync::Notify>().unwrap().notify_one();
        assert!(running.as_mut().poll(&mut context).is_ready());
        assert!(first.0.load(Ordering::SeqCst) > 0, "the call is over, so the shutdown can go on");
        let before = second.0.load(Ordering::SeqCst);
        // The call wakes the second one too, which sees that it isn't its turn, and goes on waiting.
        assert!(again.as_mut().poll(&mut Context::from_waker(&other_waker)).is_pending());
        assert!(shutdown.as_mut().poll(&mut Context::from_waker(&waker)).is_ready());
        assert!(second.0.load(Ordering::SeqCst) > before, "the first is done, so the second can see it");
        assert!(again.as_mut().poll(&mut Context::from_waker(&other_waker)).is_ready());
        assert_eq!(logged(&app).iter().filter(|entry| *entry == "shutdown").count(), 1);
    }

    #[test]
    fn a_thread_that_waits_for_shutdown_is_woken_by_the_last_call() {
        let app = app().insert(tokio::sync::Notify::new()).hook(waits_for_a_word).hook(at_once).hook(last);
        let app = app.start().wait().unwrap();
        let mut context = Context::from_waker(Waker::noop());
        let mut running = Box::pin(app.track(Outer).into_future());
        assert!(running.as_mut().poll(&mut context).is_pending());
        std::thread::scope(|scope| {
            let stopped = scope.spawn(|| app.shutdown().wait());
            // The call can end before the other thread closes the gate, or while it waits.
            app.state::<tokio::sync::Notify>().unwrap().notify_one();
            while running.as_mut().poll(&mut context).is_pending() {}
            drop(running);
            stopped.join().unwrap().unwrap();
        });
        assert_eq!(logged(&app).last().unwrap(), "shutdown");
    }
}
