//! Observers and the recorder.

use std::future::IntoFuture;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Waker};

use event_core::AppBuilder;
use event_core::describe::Implementation;
use event_core::observe::{CallEnd, ObservedCall, Observer};
use event_core::prelude::*;
use uuid::Uuid;

#[derive(Event)]
struct Ping {
    number: u8,
}

#[derive(Event)]
struct Pong;

fn app() -> AppBuilder {
    App::builder().without_linked().failure_handler(|_| ()).event::<Ping>().event::<Pong>()
}

mod observers {
    use super::*;

    #[derive(Clone, Default)]
    struct Told(Arc<Mutex<Vec<String>>>);

    impl Observer for Told {
        fn before(&self, call: &ObservedCall<'_>) {
            let event = call.event.map(event_core::plugin::AnyTracked::name);
            self.0
                .lock()
                .unwrap()
                .push(format!("{} on {event:?}", call.implementation.path().rsplit("::").next().unwrap()));
        }

        fn after(&self, _: &ObservedCall<'_>, end: &CallEnd<'_>) {
            let end = match end {
                CallEnd::Failed(failure) => format!("failed: {}", failure.cause()),
                end => format!("{end:?}"),
            };
            self.0.lock().unwrap().push(end);
        }
    }

    #[hookimpl(track_event)]
    fn works() {}

    #[hookimpl(track_event)]
    fn has_nothing() -> Option<()> {
        None
    }

    #[hookimpl(track_event)]
    fn panics() {
        panic!("no");
    }

    #[hookimpl(track_event)]
    async fn fails_later() -> Result<(), &'static str> {
        Err("later")
    }

    #[hookimpl(track_event, trylast)]
    async fn never_ends() {
        std::future::pending::<()>().await;
    }

    #[hookimpl(track_event, wrapper)]
    async fn around(next: Next<'_>) -> Outcome {
        next.run().await
    }

    #[test]
    fn are_told_of_each_call_and_how_it_ended() {
        let told = Told::default();
        let app = app()
            .observer(told.clone())
            .hook(works)
            .hook(has_nothing)
            .hook(panics)
            .hook(fails_later)
            .hook(around);
        app.start().wait().unwrap().track(Ping { number: 1 }).wait().unwrap();
        let expected = [
            "around on Some(\"ping\")",
            "works on Some(\"ping\")",
            "Value",
            "has_nothing on Some(\"ping\")",
            "NoValue",
            "panics on Some(\"ping\")",
            "failed: panicked: no",
            "fails_later on Some(\"ping\")",
            "failed: later",
            "Value",
        ];
        assert_eq!(*told.0.lock().unwrap(), expected);
    }

    #[test]
    fn are_told_of_a_call_that_was_dropped() {
        let told = Told::default();
        let app = app().observer(told.clone()).hook(never_ends).start().wait().unwrap();
        {
            let mut track = pin!(app.track(Ping { number: 1 }).into_future());
            let polled = std::future::Future::poll(track.as_mut(), &mut Context::from_waker(Waker::noop()));
            assert!(polled.is_pending());
        }
        assert_eq!(*told.0.lock().unwrap(), ["never_ends on Some(\"ping\")", "Cancelled"]);
    }

    struct Panics;

    impl Observer for Panics {
        fn before(&self, _: &ObservedCall<'_>) {
            panic!("an observer");
        }
    }

    #[test]
    fn that_panic_fail_no_call() {
        let app = app().observer(Panics).hook(works).start().wait().unwrap();
        assert!(app.track(Ping { number: 1 }).wait().unwrap().failures().is_empty());
    }

    /// Observes the calls of one function.
    struct Only(&'static str, Told);

    impl Observer for Only {
        fn wants(&self, implementation: &Implementation, event: Option<&Tracked>) -> bool {
            assert!(!implementation.path().ends_with("panics"), "it can't say");
            implementation.path().ends_with(self.0) && event.is_some()
        }

        fn before(&self, call: &ObservedCall<'_>) {
            self.1.before(call);
        }

        fn after(&self, call: &ObservedCall<'_>, end: &CallEnd<'_>) {
            self.1.after(call, end);
        }
    }

    #[hookimpl(startup)]
    fn starts() {}

    #[test]
    fn are_told_only_of_what_they_want() {
        // More than are counted in one number.
        for before in [0, 1, 63, 64, 70] {
            let (told, works_only) = (Told::default(), Told::default());
            let mut builder = app().hook(starts).hook(works).hook(has_nothing).hook(panics);
            for _ in 0..before {
                builder = builder.observer(Only("nothing", Told::default()));
            }
            let builder = builder.observer(Only("::works", works_only.clone()));
            let app = builder.observer(Only("::has_nothing", told.clone())).start().wait().unwrap();
            app.track(Ping { number: 1 }).wait().unwrap();
            assert_eq!(*works_only.0.lock().unwrap(), ["works on Some(\"ping\")", "Value"], "{before}");
            assert_eq!(*told.0.lock().unwrap(), ["has_nothing on Some(\"ping\")", "NoValue"], "{before}");
        }
    }

    #[hookimpl]
    fn register_observers(app: &App) -> Vec<Box<dyn Observer>> {
        vec![Box::new(Told::clone(&*app.state::<Told>().unwrap()))]
    }

    #[hookimpl(register_observers)]
    fn fails_to_register() -> Result<Vec<Box<dyn Observer>>, &'static str> {
        Err("no observers today")
    }

    #[hookimpl(register_events)]
    fn registers_none() -> Vec<EventType> {
        Vec::new()
    }

    #[test]
    fn that_a_plugin_registers_are_told_of_all_but_their_registration() {
        let (registered, given) = (Told::default(), Told::default());
        let app = app().insert(registered.clone()).observer(given.clone()).hook(register_observers);
        let app = app.hook(registers_none).hook(starts).hook(works).start().wait().unwrap();
        app.track(Ping { number: 1 }).wait().unwrap();
        let expected = [
            "registers_none on None",
            "Value",
            "starts on None",
            "Value",
            "works on Some(\"ping\")",
            "Value",
        ];
        assert_eq!(*registered.0.lock().unwrap(), expected);
        assert_eq!(*given.0.lock().unwrap(), expected);
    }

    #[test]
    fn that_cant_be_registered_keep_the_app_from_starting() {
        let error = app().hook(fails_to_register).start().wait().unwrap_err().to_string();
        assert!(error.contains("no observers today"), "{error}");
    }

    #[test]
    fn of_a_disabled_plugin_are_not_asked_for() {
        let told = Told::default();
        let app = app().insert(told.clone()).hook(register_observers).on(|_: &Tracked| ());
        let app = app.config(json!({ "plugins": { "tests": { "enabled": false } } })).start().wait().unwrap();
        app.track(Ping { number: 1 }).wait().unwrap();
        assert!(told.0.lock().unwrap().is_empty());
    }
}

mod recorder {
    use super::*;

    #[hookimpl(track_event, essential)]
    fn refuses_two(event: &Ping) -> Result<(), &'static str> {
        if event.number == 2 { Err("two") } else { Ok(()) }
    }

    #[test]
    fn keeps_what_was_tracked_typed_and_with_its_envelope_and_nothing_that_was_refused() {
        let app = app().hook(refuses_two).start().wait().unwrap();
        app.track(Ping { number: 0 }).wait().unwrap();
        let recorder = app.recorder();
        app.track(Ping { number: 1 }).by(Actor::new("root")).wait().unwrap();
        app.track(Ping { number: 2 }).wait().unwrap_err();
        app.track(Pong).wait().unwrap();
        let pings = recorder.events::<Ping>();
        assert_eq!(pings.iter().map(|ping| ping.number).collect::<Vec<_>>(), [1]);
        assert_eq!(pings[0].actor().and_then(Actor::id), Some("root"));
        assert_eq!(recorder.last().unwrap().name(), "pong");
        assert_eq!((recorder.count("ping"), recorder.count("pong"), recorder.all().len()), (1, 1, 2));
        assert_eq!(recorder.assert_tracked::<Ping>(|ping| ping.number == 1).number, 1);
        recorder.clear();
        assert!(app.recorder().last().is_none(), "it is one recorder");
        recorder.assert_not_tracked::<Ping>();
    }

    fn panic_of<T>(assertion: impl FnOnce() -> T) -> String {
        let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(assertion())));
        *panic.unwrap_err().downcast::<String>().unwrap()
    }

    #[test]
    fn an_assertion_that_fails_shows_what_was_tracked_instead() {
        let app = app().start().wait().unwrap();
        let (recorder, line) = (app.recorder(), line!());
        let since = format!("since recording began at {}:{line}, these were:", file!());
        app.track(Ping { number: 1 }).wait().unwrap();
        assert_eq!(
            panic_of(|| recorder.assert_tracked::<Ping>(|ping| ping.number == 9)),
            format!(
                "the one `behaviour::watching::Ping` that was tracked isn't such a one; {since}\n  ping {{\"number\":1}}"
            )
        );
        assert_eq!(
            panic_of(|| recorder.assert_tracked::<Pong>(|_| true)),
            format!("no `behaviour::watching::Pong` was tracked; {since}\n  ping {{\"number\":1}}")
        );
        app.track(Ping { number: 2 }).wait().unwrap();
        assert!(
            panic_of(|| recorder.assert_tracked::<Ping>(|ping| ping.number == 9))
                .starts_with("none of the 2 `behaviour::watching::Ping` that were tracked is such a one; ")
        );
        assert_eq!(
            panic_of(|| recorder.assert_not_tracked::<Ping>()),
            format!(
                "a `behaviour::watching::Ping` was tracked; {since}\n  ping {{\"number\":1}}\n  ping {{\"number\":2}}"
            )
        );
    }

    #[test]
    fn an_assertion_says_that_recording_began_after_the_event() {
        let app = app().start().wait().unwrap();
        app.track(Ping { number: 1 }).wait().unwrap();
        let (recorder, line) = (app.recorder(), line!());
        // A later call gives the same recorder, and isn't where it began.
        drop(recorder);
        let recorder = app.recorder();
        assert_eq!(
            panic_of(|| recorder.assert_tracked::<Ping>(|_| true)),
            format!(
                "no `behaviour::watching::Ping` was tracked; nothing was tracked since recording began at {}:{line}; call \
                 `app.recorder()` before what is to be recorded, and look at it after",
                file!()
            )
        );
    }

    #[test]
    fn a_name_that_no_event_of_the_app_has_is_told_which_was_meant() {
        let recorder = app().start().wait().unwrap().recorder();
        for (name, meant) in [
            ("pingg", "did you mean `ping`?"),
            ("Ping", "did you mean `ping`?"),
            ("login", "its events are `ping`, `pong`"),
        ] {
            let message = panic_of(|| recorder.count(name));
            assert_eq!(message, format!("this app knows no event `{name}`; {meant}"));
        }
    }

    #[test]
    fn names_show_the_order() {
        let app = app().start().wait().unwrap();
        let recorder = app.recorder();
        app.track(Pong).wait().unwrap();
        app.track(Ping { number: 1 }).wait().unwrap();
        assert_eq!(recorder.names(), ["pong", "ping"]);
        assert_eq!(format!("{recorder:?}"), r#"Recorder(["pong", "ping"])"#);
    }

    #[test]
    fn can_be_waited_for_from_another_thread() {
        let app = app().start().wait().unwrap();
        let recorder = app.recorder();
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| recorder.wait_for::<Pong>().wait().unwrap());
            app.track(Ping { number: 1 }).wait().unwrap();
            app.track(Pong).wait().unwrap();
            assert_eq!(waiting.join().unwrap().name(), "pong");
        });
    }

    #[test]
    fn two_apps_have_two() {
        let (one, other) = (app().start().wait().unwrap(), app().start().wait().unwrap());
        let (seen, unseen) = (one.recorder(), other.recorder());
        one.track(Pong).wait().unwrap();
        assert_eq!((seen.count("pong"), unseen.count("pong")), (1, 0));
    }
}

mod fixed {
    use super::*;

    #[test]
    fn clock_and_ids_are_those_of_the_test() {
        let at = "2026-11-22T11:57:54Z".parse().unwrap();
        let app = app().clock(move || at).ids(|| Uuid::from_u128(7)).start().wait().unwrap();
        let recorder = app.recorder();
        assert_eq!(app.track(Pong).wait().unwrap().id(), Uuid::from_u128(7));
        assert_eq!(app.track(Pong).id(Uuid::from_u128(8)).wait().unwrap().id(), Uuid::from_u128(8));
        assert_eq!(recorder.all()[0].created(), at);
    }

    #[test]
    fn without_a_recorder_an_event_that_nobody_hears_has_the_fixed_id_too() {
        let app = app().ids(|| Uuid::from_u128(7)).start().wait().unwrap();
        assert_eq!(app.track(Pong).wait().unwrap().id(), Uuid::from_u128(7));
    }
}
