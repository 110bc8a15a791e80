//! How an app starts and stops, and what it holds.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use event_core::prelude::*;
use event_core::{AppBuilder, Error};

use crate::log::{Log, log, logged};

#[derive(Event, Clone)]
struct Ping;

#[derive(Event)]
struct Imported<T> {
    item: T,
}

#[derive(Event)]
#[event(name = "ping")]
struct OtherPing;

fn app() -> AppBuilder {
    App::builder().without_linked().insert(Log::default())
}

fn problems_of(app: AppBuilder) -> Vec<String> {
    match app.start().wait() {
        Err(Error::Start(problems)) => problems.iter().map(ToString::to_string).collect(),
        other => panic!("not refused: {other:?}"),
    }
}

fn not_annotated() {}

#[hookimpl]
fn register_events() -> Vec<EventType> {
    vec![EventType::of::<Imported<u8>>()]
}

#[hookimpl(register_events)]
fn fails_to_register() -> Result<Vec<EventType>, &'static str> {
    Err("no types today")
}

#[hookimpl(track_event)]
fn heard(app: &App, event: &Tracked) {
    log(app, event.name());
}

mod start {
    use super::*;

    #[test]
    fn all_problems_are_reported_together() {
        let app = app().event::<Ping>().event::<OtherPing>().hook(not_annotated).hook(fails_to_register);
        let problems = problems_of(app.insert(Log::default()).require_plugin("event-absent"));
        assert_eq!(problems.len(), 5, "{problems:#?}");
        for part in [
            "already holds a `behaviour::log::Log`",
            "`behaviour::app::not_annotated`, given to the builder at tests/tests/behaviour/app.rs:",
            "write `event_core::plugins![event_absent];` in src/main.rs",
            "app::fails_to_register` (hook register_events, plugin tests, tests/tests/behaviour/app.rs:",
            "two events are called `ping`: `behaviour::app::Ping` (tests/tests/behaviour/app.rs:",
        ] {
            assert_eq!(
                problems.iter().filter(|problem| problem.contains(part)).count(),
                1,
                "{part}: {problems:#?}"
            );
        }
    }

    #[test]
    fn an_event_type_that_is_given_twice_is_no_problem() {
        assert!(app().event::<Ping>().event::<Ping>().start().wait().is_ok());
    }

    #[test]
    fn the_concrete_types_of_a_generic_event_come_from_register_events() {
        let app = app().hook(register_events).hook(heard).start().wait().unwrap();
        app.track(Imported { item: 1_u8 }).wait().unwrap();
        assert_eq!(logged(&app), ["imported"]);
        let error = app.track(Imported { item: 1_u16 }).wait().unwrap_err();
        assert!(matches!(error, Error::UnknownEvent { name: "imported", .. }), "{error:?}");
        assert!(error.to_string().contains("`behaviour::app::Imported<u16>`"), "{error}");
        assert!(logged(&app).is_empty());
    }

    #[test]
    fn two_concrete_types_of_a_generic_event_have_one_name_and_the_advice_that_helps() {
        let problems = problems_of(app().event::<Imported<u8>>().event::<Imported<u16>>());
        let advice =
            "an app can know one concrete type of a generic event; make the others structs of their own";
        assert!(problems[0].ends_with(advice), "{problems:?}");
        let problems = problems_of(app().event::<Ping>().event::<OtherPing>());
        assert!(problems[0].ends_with("another name with `#[event(name = \"…\")]`"), "{problems:?}");
    }

    #[hookimpl(startup, tryfirst)]
    fn tracks(app: &App) -> event_core::Result<()> {
        app.track(Ping).wait()?;
        Ok(())
    }

    #[test]
    fn a_startup_implementation_can_track() {
        let app = app().event::<Ping>().hook(heard).hook(tracks).start().wait().unwrap();
        assert_eq!(logged(&app), ["ping"]);
    }

    #[hookimpl(register_events)]
    fn tracks_too_early(app: &App) -> event_core::Result<Vec<EventType>> {
        app.track(Ping).wait()?;
        Ok(Vec::new())
    }

    #[test]
    fn tracking_before_the_event_types_are_known_is_an_error() {
        let problems = problems_of(app().event::<Ping>().hook(tracks_too_early));
        assert!(
            problems[0].contains(
                "failed to track event `ping`: `register_events` implementations are called before"
            ),
            "{problems:?}"
        );
    }
}

mod startup_and_shutdown {
    use super::*;

    #[hookimpl(startup)]
    async fn opens(app: &App) {
        log(app, "open");
    }

    #[hookimpl(startup, trylast)]
    fn fails_to_open() -> Result<(), &'static str> {
        Err("no database")
    }

    #[hookimpl(shutdown)]
    fn closes(app: &App) -> Result<(), String> {
        log(app, "close");
        match app.track(Ping).wait() {
            Err(Error::ShutDown) => Ok(()),
            other => Err(format!("{other:?}")),
        }
    }

    #[hookimpl(shutdown, tryfirst)]
    async fn fails_to_close() -> Result<(), &'static str> {
        Err("still busy")
    }

    #[hookimpl(shutdown)]
    fn seen_at_the_end(app: &App) {
        app.state::<AtomicUsize>().unwrap().fetch_add(1, Ordering::SeqCst);
    }

    #[test]
    fn a_failing_startup_fails_the_start_and_what_had_started_is_shut_down() {
        let ends = Arc::new(AtomicUsize::new(0));
        let counted = ends.clone();
        let app = app().hook(opens).hook(fails_to_open).hook(fails_to_close);
        let app = app.failure_handler(move |failure| {
            assert_eq!(failure.cause().to_string(), "still busy");
            counted.fetch_add(1, Ordering::SeqCst);
        });
        let Err(Error::Startup(failure)) = app.start().wait() else { panic!("it started") };
        assert_eq!(failure.cause().to_string(), "no database");
        assert_eq!(ends.load(Ordering::SeqCst), 1, "`fails_to_close` ran, and failed");
    }

    #[hookimpl(startup)]
    fn fails_first() -> Result<(), &'static str> {
        Err("nothing starts")
    }

    #[test]
    fn what_had_not_started_is_not_shut_down() {
        let app = app().hook(fails_first).hook(fails_to_close).failure_handler(|failure| panic!("{failure}"));
        assert!(matches!(app.start().wait(), Err(Error::Startup(_))));
    }

    #[test]
    fn shutdown_runs_every_implementation_whatever_fails_and_tells() {
        let app = app().event::<Ping>().failure_handler(|_| ()).hook(fails_to_close).hook(closes);
        let app = app.start().wait().unwrap();
        let Error::Failed(failures) = app.shutdown().wait().unwrap_err() else { panic!("not `Failed`") };
        assert_eq!((failures.len(), failures[0].cause().to_string()), (1, "still busy".to_owned()));
        assert_eq!(logged(&app), ["close"]);
    }

    #[test]
    fn shutdown_happens_once_and_afterwards_nothing_is_tracked_or_called() {
        let app = app().insert(AtomicUsize::new(0)).event::<Ping>().hook(seen_at_the_end).hook(heard);
        let app = app.start().wait().unwrap();
        app.shutdown().wait().unwrap();
        app.shutdown().wait().unwrap();
        assert_eq!(app.state::<AtomicUsize>().unwrap().load(Ordering::SeqCst), 1);
        assert!(matches!(app.track(Ping).wait(), Err(Error::ShutDown)));
        assert!(matches!(crate::hooks::number::call(&app).wait(), Err(Error::ShutDown)));
        assert!(logged(&app).is_empty());
    }

    #[test]
    fn tracking_an_event_that_nobody_hears_is_an_error_too_after_shutdown() {
        let app = app().event::<Ping>().start().wait().unwrap();
        app.shutdown().wait().unwrap();
        assert!(matches!(app.track(Ping).wait(), Err(Error::ShutDown)));
    }

    #[hookimpl(track_event)]
    fn shuts_down(app: &App) -> event_core::Result<()> {
        app.shutdown().wait()
    }

    #[test]
    fn shutdown_from_inside_an_implementation_is_an_error_instead_of_a_deadlock() {
        let app = app().event::<Ping>().failure_handler(|_| ()).hook(shuts_down).start().wait().unwrap();
        let receipt = app.track(Ping).wait().unwrap();
        assert!(matches!(receipt.failures()[0].cause().downcast_ref(), Some(Error::ShutdownInside)));
        assert!(app.track(Ping).wait().is_ok(), "the app still runs");
    }
}

mod state {
    use super::*;

    #[test]
    fn a_value_is_found_by_its_type_and_a_second_of_the_type_is_an_error() {
        let app = app().insert(7_u32).start().wait().unwrap();
        app.insert("text").unwrap();
        assert_eq!((*app.state::<u32>().unwrap(), *app.state::<&str>().unwrap()), (7, "text"));
        assert!(matches!(app.insert(8_u32), Err(Error::StateExists { rust_type: "u32" })));
        assert_eq!(*app.state::<u32>().unwrap(), 7);
        assert!(matches!(app.state::<u64>(), Err(Error::NoState { rust_type: "u64" })));
    }
}

mod side_by_side {
    use super::*;

    #[test]
    fn two_apps_share_no_hooks_events_or_state() {
        let one = app().event::<Ping>().hook(heard).start().wait().unwrap();
        let other = app().insert(1_u8).start().wait().unwrap();
        one.track(Ping).wait().unwrap();
        assert_eq!((logged(&one), logged(&other)), (vec!["ping".to_owned()], vec![]));
        assert!(matches!(other.track(Ping).wait(), Err(Error::UnknownEvent { .. })));
        assert!(one.state::<u8>().is_err());
        other.shutdown().wait().unwrap();
        assert!(one.track(Ping).wait().is_ok());
    }
}

mod link_time {
    use super::*;

    /// Of this test alone: an order that can't be kept, as of other tests, leaves a hook without implementations.
    #[hookspec]
    fn asked_here(app: &App);

    #[hookimpl(asked_here, explicit)]
    fn for_some_apps() {}

    #[test]
    fn an_explicit_implementation_is_only_in_an_app_whose_builder_is_given_it() {
        let has_it = |builder: AppBuilder| {
            let described = builder.describe().wait().expect("nothing is called").to_string();
            described.contains("for_some_apps")
        };
        assert!(!has_it(App::builder()));
        assert!(has_it(App::builder().hook(for_some_apps)));
        assert!(has_it(App::builder().without_linked().hook(for_some_apps)));
    }

    #[test]
    fn an_app_without_words_has_what_is_linked() {
        // Other events may be linked too; only this one is checked, which no builder is given.
        let mut builder = App::builder().failure_handler(|_| ());
        builder = builder.insert(Log::default());
        match builder.start().wait() {
            Err(Error::Start(problems)) => {
                let clash = problems
                    .iter()
                    .any(|problem| problem.to_string().contains("two events are called `ping`"));
                assert!(clash, "`Ping` and `OtherPing` registered themselves: {problems:?}");
            }
            other => panic!("both `ping`s are linked: {other:?}"),
        }
    }
}
