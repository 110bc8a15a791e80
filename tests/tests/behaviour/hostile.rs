//! Values that panic when they are dropped or printed, print without end, or are their own cause: the call goes on, and
//! the failure has as much text as there is.

use std::error::Error as StdError;
use std::fmt;
use std::future::{Future, IntoFuture};
use std::panic::panic_any;
use std::pin::pin;
use std::task::{Context, Waker};

use event_core::observe::{CallEnd, ObservedCall, Observer};
use event_core::prelude::*;
use event_core::{AppBuilder, Error};

use crate::log::{Log, log, logged};

/// Panics when it is dropped, with another one as its payload; `0` says how many times.
struct Bomb(u8);

impl Drop for Bomb {
    fn drop(&mut self) {
        match self.0 {
            0 => panic!("a bomb"),
            more => panic_any(Bomb(more - 1)),
        }
    }
}

#[derive(Event)]
struct Happened;

#[derive(Event)]
struct Loaded {
    #[serde(skip)]
    _bomb: Bomb,
}

fn loaded() -> Loaded {
    Loaded { _bomb: Bomb(1) }
}

fn app() -> AppBuilder {
    let builder = App::builder().without_linked().insert(Log::default());
    builder.event::<Happened>().event::<Loaded>().hook(goes_on)
}

#[hookimpl(track_event, trylast)]
fn goes_on(app: &App) {
    log(app, "goes on");
}

/// Tracks in every way, and returns the receipts' failures; the next implementation runs each time.
fn said(builder: impl Fn() -> AppBuilder) -> Vec<Vec<String>> {
    let apps = [builder(), builder().observer(Watches)].map(|builder| builder.start().wait().unwrap());
    let mut said = Vec::new();
    for app in apps {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let receipts = [
            app.track(Happened).wait().unwrap(),
            runtime.block_on(app.track(Happened).into_future()).unwrap(),
            app.track(Happened).prepare().unwrap().deliver().wait().unwrap(),
        ];
        assert_eq!(logged(&app), ["goes on"; 3]);
        said.extend(receipts.map(|receipt| receipt.failures().iter().map(cause).collect()));
        app.shutdown().wait().unwrap();
    }
    said
}

fn cause(failure: &event_core::Failure) -> String {
    let _ = format!("{failure:?}");
    let line = failure.to_line();
    line.split_once("failed on event `happened`: ").expect("it says who failed").1.to_owned()
}

struct Watches;

impl Observer for Watches {}

mod payloads {
    use super::*;

    #[hookimpl(track_event)]
    fn panics() {
        panic_any(Bomb(2));
    }

    #[hookimpl(track_event)]
    async fn panics_later() {
        std::future::ready(()).await;
        panic_any(Bomb(200));
    }

    #[hookimpl(track_event, wrapper)]
    async fn panics_around(next: Next<'_>) -> Outcome {
        let _outcome = next.run().await;
        panic_any(Bomb(0));
    }

    #[test]
    fn that_panic_when_they_are_dropped_are_failures_like_any_other() {
        let app = || app().hook(panics).hook(panics_later).hook(panics_around);
        for said in said(app) {
            assert_eq!(said, ["panicked: with a payload that is no text"; 3]);
        }
    }

    struct PanicsToo;

    impl Observer for PanicsToo {
        fn before(&self, _: &ObservedCall<'_>) {
            panic_any(Bomb(2));
        }

        fn after(&self, _: &ObservedCall<'_>, _: &CallEnd<'_>) {
            panic_any(Bomb(2));
        }
    }

    #[test]
    fn of_observers_and_failure_handlers_reach_no_caller() {
        let app = || app().hook(panics).observer(PanicsToo).failure_handler(|_| panic_any(Bomb(2)));
        for said in said(app) {
            assert_eq!(said, ["panicked: with a payload that is no text"]);
        }
    }

    #[hookimpl(shutdown, tryfirst)]
    fn panics_at_the_end() {
        panic_any(Bomb(2));
    }

    #[hookimpl(shutdown)]
    async fn still_runs(app: &App) {
        log(app, "still runs");
    }

    #[test]
    fn of_a_shutdown_implementation_keep_no_other_from_running() {
        let app = app().hook(panics_at_the_end).hook(still_runs).start().wait().unwrap();
        let Err(Error::Failed(failures)) = app.shutdown().wait() else { panic!("one failed") };
        assert_eq!((failures.len(), logged(&app)), (1, vec!["still runs".to_owned()]));
    }

    #[hookimpl(startup)]
    fn panics_at_the_start() {
        panic_any(Bomb(2));
    }

    #[test]
    fn of_a_startup_implementation_are_the_error_of_the_start() {
        let started = app().hook(panics_at_the_start).start().wait();
        assert!(matches!(started, Err(Error::Startup(failure)) if failure.is_panic()));
    }
}

/// An error that panics in every method.
struct Hostile {
    prints: fn(&mut fmt::Formatter<'_>) -> fmt::Result,
    source: fn(&Hostile) -> Option<&(dyn StdError + 'static)>,
    _bomb: Option<Bomb>,
}

impl fmt::Display for Hostile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (self.prints)(f)
    }
}

impl fmt::Debug for Hostile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (self.prints)(f)
    }
}

impl StdError for Hostile {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        (self.source)(self)
    }
}

impl Hostile {
    fn that_prints(prints: fn(&mut fmt::Formatter<'_>) -> fmt::Result) -> Self {
        Self { prints, source: |_| None, _bomb: None }
    }
}

mod errors {
    use super::*;

    #[hookimpl(track_event)]
    fn a_panics_when_printed() -> Result<(), Hostile> {
        Err(Hostile::that_prints(|f| {
            f.write_str("no mail")?;
            panic!("no words")
        }))
    }

    #[hookimpl(track_event)]
    async fn b_panics_with_a_bomb_when_printed() -> Result<(), Hostile> {
        Err(Hostile::that_prints(|_| panic_any(Bomb(2))))
    }

    #[hookimpl(track_event)]
    fn c_cannot_be_printed() -> Result<(), Hostile> {
        Err(Hostile::that_prints(|_| Err(fmt::Error)))
    }

    #[hookimpl(track_event)]
    fn d_panics_when_dropped() -> Result<(), Hostile> {
        let bomb = Some(Bomb(2));
        Err(Hostile { prints: |f| f.write_str("it ticks"), source: |_| None, _bomb: bomb })
    }

    #[test]
    fn that_cannot_be_printed_or_dropped_are_failures_that_say_what_they_can() {
        let expected = [
            "no mail (printing it panicked: no words)",
            "(printing it panicked: with a payload that is no text)",
            "(printing it failed)",
            "it ticks",
        ];
        // The default failure handler prints them all; one of the application may print only their causes.
        let hooks = |builder: AppBuilder| {
            let builder = builder.hook(a_panics_when_printed).hook(b_panics_with_a_bomb_when_printed);
            builder.hook(c_cannot_be_printed).hook(d_panics_when_dropped)
        };
        for said in said(|| hooks(app())) {
            assert_eq!(said, expected);
        }
        for said in said(|| hooks(app()).failure_handler(|failure| _ = failure.cause().to_string())) {
            assert_eq!(said, expected);
        }
    }

    #[hookimpl(track_event)]
    fn is_its_own_cause() -> Result<(), Hostile> {
        Err(Hostile { prints: |f| f.write_str("again"), source: |this| Some(this), _bomb: None })
    }

    #[hookimpl(track_event)]
    fn panics_when_asked_for_its_cause() -> Result<(), Hostile> {
        Err(Hostile { prints: |f| f.write_str("alone"), source: |_| panic!("no source"), _bomb: None })
    }

    #[test]
    fn whose_causes_have_no_end_or_panic_are_told_up_to_there() {
        for said in said(|| app().hook(is_its_own_cause).hook(panics_when_asked_for_its_cause)) {
            assert!(said[0].starts_with("again: again: again"), "{}", said[0]);
            assert!(said[0].ends_with("again: (more causes are left out)"), "{}", said[0]);
            assert_eq!(said[1], "alone");
        }
    }

    #[hookimpl(track_event)]
    fn prints_without_end() -> Result<(), Hostile> {
        Err(Hostile::that_prints(|f| {
            loop {
                f.write_str("and so on, é")?;
            }
        }))
    }

    #[test]
    fn that_print_without_end_are_cut() {
        for said in said(|| app().hook(prints_without_end)) {
            assert!(said[0].starts_with("and so on, é") && said[0].ends_with(" (the rest is left out)"));
            assert!(said[0].len() < 100_000, "{}", said[0].len());
        }
    }

    #[hookimpl(track_event, essential)]
    fn refuses() -> Result<(), Hostile> {
        Err(Hostile { prints: |_| panic!("no words"), source: |this| Some(this), _bomb: Some(Bomb(2)) })
    }

    #[test]
    fn that_refuse_an_event_can_be_printed_and_dropped_by_the_caller() {
        let app = app().hook(refuses).start().wait().unwrap();
        let refused = app.track(Happened).wait().unwrap_err();
        assert!(format!("{refused}").contains("refuses"));
        assert!(format!("{refused:?}").contains("caused by: (printing it panicked: no words)"));
    }
}

mod values {
    use super::*;

    #[test]
    fn an_event_that_panics_when_it_is_dropped_is_tracked_all_the_same() {
        for recorder in [false, true] {
            let app = app().start().wait().unwrap();
            if recorder {
                app.recorder();
            }
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            app.track(loaded()).wait().unwrap();
            app.track(loaded()).at(chrono_now()).wait().unwrap();
            runtime.block_on(app.track(loaded()).into_future()).unwrap();
            app.track(loaded()).prepare().unwrap().deliver().wait().unwrap();
            drop(app.track(loaded()).prepare().unwrap());
            assert_eq!(logged(&app), ["goes on"; 4]);
            if recorder {
                app.recorder().clear();
            }
            app.shutdown().wait().unwrap();
        }
    }

    fn chrono_now() -> chrono::DateTime<chrono::Utc> {
        "2026-11-22T11:57:54Z".parse().unwrap()
    }

    #[hookimpl(track_event)]
    async fn waits_with_a_bomb() {
        let _bomb = Bomb(2);
        std::future::pending::<()>().await;
    }

    #[hookimpl(track_event, wrapper)]
    async fn waits_around_with_a_bomb(event: &Happened, next: Next<'_>) -> Outcome {
        let _ = event;
        let _bomb = Bomb(2);
        next.run().await
    }

    #[test]
    fn a_call_that_is_dropped_drops_what_waits_in_it_without_a_panic() {
        for app in [app(), app().observer(Watches), app().hook(waits_around_with_a_bomb)] {
            let app = app.hook(waits_with_a_bomb).start().wait().unwrap();
            {
                let track = pin!(app.track(Happened).into_future());
                assert!(track.poll(&mut Context::from_waker(Waker::noop())).is_pending());
            }
            app.shutdown().wait().unwrap();
        }
    }

    /// Bombs, and a failure beside them.
    #[hookspec]
    fn bombs(app: &App) -> Bomb;

    #[hookimpl(bombs, essential)]
    fn gives_one() -> Bomb {
        Bomb(2)
    }

    #[hookimpl(bombs, essential, trylast)]
    fn refuses() -> Result<Bomb, &'static str> {
        Err("no bombs")
    }

    #[hookimpl(bombs)]
    async fn never_ends() -> Bomb {
        std::future::pending().await
    }

    #[test]
    fn values_that_are_not_wanted_any_more_are_dropped_without_a_panic() {
        let refused = app().hook(gives_one).hook(refuses).start().wait().unwrap();
        assert!(matches!(bombs::call(&refused).wait(), Err(Error::Refused(_))));
        let dropped = app().hook(gives_one).hook(never_ends).start().wait().unwrap();
        let call = pin!(bombs::call(&dropped).into_future());
        assert!(call.poll(&mut Context::from_waker(Waker::noop())).is_pending());
    }
}
