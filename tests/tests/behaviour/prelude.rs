//! `use event_core::prelude::*;` is enough for ordinary programs, and gets in the way of no name of theirs.
//!
//! Most of it is tested by compiling. Each module is a program of its own.

/// Events, an audit log, and a wrapper around it.
mod logging {
    use event_core::prelude::*;

    #[derive(Event)]
    struct UserBanned {
        user: String,
    }

    #[hookimpl(track_event, trylast)]
    fn write(app: &App, event: &Tracked) -> event_core::Result<()> {
        let line =
            json!({ "event": event.name(), "properties": event.properties()?, "actor": event.actor() });
        app.state::<Lines>()?.0.lock().unwrap().push(line.to_string());
        Ok(())
    }

    #[hookimpl(track_event, wrapper)]
    async fn count(event: &Tracked<UserBanned>, app: &App, next: Next<'_>) -> event_core::Result<Outcome> {
        app.state::<Lines>()?.0.lock().unwrap().push(format!("before {}", event.user));
        Ok(next.run().await)
    }

    #[derive(Default)]
    struct Lines(std::sync::Mutex<Vec<String>>);

    #[hookimpl]
    fn startup(app: &App) -> event_core::Result<()> {
        app.insert(Lines::default())
    }

    #[hookimpl]
    fn shutdown() {}

    fn app() -> AppBuilder {
        let app = App::builder().without_linked().event::<UserBanned>();
        app.hook(write).hook(count).hook(startup).hook(shutdown)
    }

    #[test]
    fn a_program_that_logs_needs_nothing_else() {
        let app = app().start().wait().unwrap();
        let receipt: Receipt =
            app.track(UserBanned { user: "eve".into() }).by(Actor::new("root")).wait().unwrap();
        assert!(receipt.failures().is_empty());
        let lines = app.state::<Lines>().unwrap();
        let written = r#"{"event":"user-banned","properties":{"user":"eve"},"actor":{"id":"root"}}"#;
        assert_eq!(*lines.0.lock().unwrap(), ["before eve", written]);
        app.shutdown().wait().unwrap();
    }
}

/// A hook, its implementations and its calls.
mod hooks {
    use event_core::prelude::*;

    #[hookspec(firstresult)]
    fn may(app: &App, actor: Option<&Actor>, action: &str) -> bool;

    #[hookimpl(may)]
    fn root_may(actor: Option<&Actor>) -> Option<bool> {
        (actor?.id() == Some("root")).then_some(true)
    }

    #[hookimpl(may, wrapper)]
    async fn never_delete(action: &str, next: Next<'_, may>) -> Outcome<may> {
        if action == "delete" { Outcome::default() } else { next.run().await }
    }

    #[test]
    fn a_program_with_a_hook_needs_nothing_else() {
        let app = App::builder().without_linked().hook(root_may).hook(never_delete).start().wait().unwrap();
        let root = Actor::new("root");
        assert_eq!(may::call(&app, Some(&root), "ban").wait().unwrap(), Some(true));
        assert_eq!(may::call(&app, Some(&root), "delete").wait().unwrap(), None);
    }
}

/// What implementations of the other built-in hooks return, and what a plugin does with records.
mod registering {
    use event_core::prelude::*;

    #[derive(Event)]
    struct Imported<T> {
        rows: T,
    }

    #[hookimpl]
    fn register_events() -> Vec<EventType> {
        vec![EventType::of::<Imported<u8>>()]
    }

    struct Metrics;

    impl Observer for Metrics {}

    #[hookimpl]
    fn register_observers() -> Vec<Box<dyn Observer>> {
        vec![Box::new(Metrics)]
    }

    #[test]
    fn a_program_that_registers_and_reads_records_needs_nothing_else() {
        let app = App::builder().without_linked().hook(register_events).hook(register_observers);
        let app = app.start().wait().unwrap();
        let recorder = app.recorder();
        app.track(Imported { rows: 3_u8 }).wait().unwrap();
        let record = recorder.last().unwrap().to_record().unwrap();
        assert_eq!((record.name(), record.properties_json().unwrap()), ("imported", r#"{"rows":3}"#));
    }
}

/// A program that has names of the prelude for other things, and the globs that programs have.
#[expect(unused_imports, reason = "the globs are there to clash, if something does")]
mod of_ones_own {
    use event_core::prelude::*;
    use std::collections::*;
    use std::error::Error;
    use std::fmt::{self, Debug, Display};
    use std::io::prelude::*;
    use std::sync::*;
    use std::task::*;

    use anyhow::{Context as _, Result};
    use serde_json::{Value, json};

    enum Event {
        Started(App),
    }

    struct App(u8);

    struct Actor;

    struct AppBuilder;

    struct Outcome;

    struct Receipt;

    trait Observer {
        fn number(&self) -> u8;
    }

    impl Observer for App {
        fn number(&self) -> u8 {
            self.0
        }
    }

    fn startup() -> Event {
        let _ = (Actor, AppBuilder, Outcome, Receipt);
        Event::Started(App(7))
    }

    fn shutdown(event: &Event) -> Result<u8> {
        let Event::Started(app) = event;
        Ok(u8::try_from(u32::from(app.number()) + 1)?)
    }

    #[test]
    fn names_of_ones_own_are_ones_own() {
        assert_eq!(shutdown(&startup()).unwrap(), 8);
        assert_eq!(json!({ "a": 1 })["a"], Value::from(1));
    }
}
