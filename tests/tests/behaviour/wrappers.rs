//! What a wrapper can do, and what becomes of a call when it fails.

use event_core::prelude::*;
use event_core::{AppBuilder, Error};

use crate::hooks::{BanUser, UnbanUser, labels, number};
use crate::log::{Log, log, logged};

fn app() -> AppBuilder {
    App::builder().without_linked().insert(Log::default()).event::<BanUser>().event::<UnbanUser>()
}

fn ban() -> BanUser {
    BanUser { user: "mallory".into() }
}

#[hookimpl(track_event)]
fn works(app: &App) {
    log(app, "works");
}

#[hookimpl(track_event)]
fn fails() -> Result<(), &'static str> {
    Err("inner")
}

#[hookimpl(track_event, wrapper)]
async fn stops_bans(event: &BanUser, app: &App, next: Next<'_>) -> Outcome {
    if event.user == "root" {
        return next.run().await;
    }
    log(app, "stopped");
    Outcome::default()
}

#[test]
fn a_wrapper_that_does_not_run_the_rest_stops_the_event_and_the_receipt_names_it() {
    let app = app().hook(works).hook(stops_bans).start().wait().unwrap();
    let receipt = app.track(ban()).wait().unwrap();
    assert_eq!(receipt.stopped_by().unwrap().path(), "behaviour::wrappers::stops_bans");
    assert_eq!(logged(&app), ["stopped"]);
}

#[test]
fn a_wrapper_that_runs_the_rest_stopped_nothing() {
    let app = app().hook(works).hook(stops_bans).start().wait().unwrap();
    let receipt = app.track(BanUser { user: "root".into() }).wait().unwrap();
    assert!(receipt.stopped_by().is_none());
    assert_eq!(logged(&app), ["works"]);
}

#[test]
fn a_typed_wrapper_is_around_its_event_only() {
    let app = app().hook(works).hook(stops_bans).start().wait().unwrap();
    let receipt = app.track(UnbanUser { user: "mallory".into() }).wait().unwrap();
    assert!(receipt.stopped_by().is_none());
    assert_eq!(logged(&app), ["works"]);
}

#[hookimpl(track_event, wrapper)]
async fn sees(app: &App, next: Next<'_>) -> Outcome {
    let outcome = next.run().await;
    log(app, format!("{} values, {} failures", outcome.values.len(), outcome.failures.len()));
    outcome
}

#[hookimpl(track_event, wrapper)]
async fn swallows(next: Next<'_>) -> Outcome {
    let mut outcome = next.run().await;
    outcome.failures.clear();
    outcome
}

#[test]
fn a_wrapper_sees_what_failed_inside() {
    let app = app().failure_handler(|_| ()).hook(works).hook(fails).hook(sees).start().wait().unwrap();
    let receipt = app.track(ban()).wait().unwrap();
    assert_eq!(logged(&app), ["works", "1 values, 1 failures"]);
    assert_eq!(receipt.failures().len(), 1);
}

#[test]
fn a_failure_that_a_wrapper_swallowed_is_in_no_receipt_and_with_no_handler() {
    let app = app().failure_handler(|_| panic!("it was swallowed")).hook(fails).hook(swallows);
    let app = app.start().wait().unwrap();
    assert!(app.track(ban()).wait().unwrap().failures().is_empty());
}

mod failing {
    use super::*;

    #[hookimpl(track_event, wrapper)]
    async fn before_run(next: Next<'_>) -> Result<Outcome, &'static str> {
        let _ = next;
        Err("set-up")
    }

    #[hookimpl(track_event, wrapper)]
    async fn panics_before_run(next: Next<'_>) -> Outcome {
        let _ = &next;
        panic!("set-up")
    }

    #[hookimpl(track_event, wrapper)]
    async fn after_run(next: Next<'_>) -> Result<Outcome, &'static str> {
        next.run().await;
        Err("tear-down")
    }

    #[hookimpl(track_event, wrapper)]
    async fn panics_after_run(next: Next<'_>) -> Outcome {
        let _outcome = next.run().await;
        panic!("tear-down")
    }

    fn causes(app: &App) -> Vec<String> {
        let receipt = app.track(ban()).wait().unwrap();
        assert!(receipt.stopped_by().is_none(), "a wrapper that failed stopped nothing");
        receipt.failures().iter().map(|failure| failure.cause().to_string()).collect()
    }

    #[test]
    fn before_run_it_is_a_failure_and_the_rest_still_runs() {
        let app =
            app().failure_handler(|_| ()).hook(works).hook(fails).hook(before_run).start().wait().unwrap();
        assert_eq!(causes(&app), ["inner", "set-up"]);
        assert_eq!(logged(&app), ["works"]);
    }

    #[test]
    fn a_panic_before_run_is_the_same() {
        let app = app().failure_handler(|_| ()).hook(works).hook(panics_before_run).start().wait().unwrap();
        assert_eq!(causes(&app), ["panicked: set-up"]);
        assert_eq!(logged(&app), ["works"]);
    }

    #[test]
    fn after_run_the_failures_of_the_others_are_kept_and_nothing_runs_twice() {
        let app =
            app().failure_handler(|_| ()).hook(works).hook(fails).hook(after_run).start().wait().unwrap();
        assert_eq!(causes(&app), ["inner", "tear-down"]);
        assert_eq!(logged(&app), ["works"]);
    }

    #[test]
    fn a_panic_after_run_is_the_same() {
        let app = app()
            .failure_handler(|_| ())
            .hook(works)
            .hook(fails)
            .hook(panics_after_run)
            .start()
            .wait()
            .unwrap();
        assert_eq!(causes(&app), ["inner", "panicked: tear-down"]);
        assert_eq!(logged(&app), ["works"]);
    }
}

mod essential {
    use super::*;

    #[hookimpl(track_event, tryfirst, essential)]
    async fn store() -> Result<(), &'static str> {
        Err("disk full")
    }

    #[test]
    fn a_wrapper_that_passes_on_an_essential_failure_leaves_it_the_callers_error() {
        let app = app().failure_handler(|_| ()).hook(works).hook(store).hook(sees).start().wait().unwrap();
        assert!(matches!(app.track(ban()).wait(), Err(Error::Refused(_))));
        assert_eq!(logged(&app), ["0 values, 1 failures"]);
    }

    #[test]
    fn a_wrapper_may_take_an_essential_failure_upon_itself() {
        let app = app().hook(works).hook(store).hook(swallows).start().wait().unwrap();
        assert!(app.track(ban()).wait().is_ok());
        assert!(logged(&app).is_empty(), "the call had ended all the same");
    }
}

mod of_other_hooks {
    use super::*;

    #[hookimpl(number)]
    fn three() -> i64 {
        3
    }

    #[hookimpl(number, wrapper)]
    async fn doubles(next: Next<'_, number>) -> Outcome<number> {
        let mut outcome = next.run().await;
        for value in &mut outcome.values {
            *value *= 2;
        }
        outcome
    }

    #[hookimpl(number, wrapper, tryfirst)]
    async fn fails_late(next: Next<'_, number>) -> Result<Outcome<number>, &'static str> {
        next.run().await;
        Err("late")
    }

    #[hookimpl(labels)]
    fn label(text: &str) -> String {
        text.to_owned()
    }

    #[hookimpl(labels, wrapper)]
    async fn adds(at_most: usize, next: Next<'_, labels>) -> Outcome<labels> {
        let mut outcome = next.run().await;
        outcome.values.push(format!("of {at_most}"));
        outcome
    }

    #[test]
    fn a_wrapper_replaces_the_value_of_a_firstresult_hook() {
        let app = app().hook(three).hook(doubles).start().wait().unwrap();
        assert_eq!(number::call(&app).wait().unwrap(), Some(6));
    }

    #[test]
    fn a_firstresult_hook_fails_closed_when_a_wrapper_fails_after_there_was_a_value() {
        let app = app().hook(three).hook(fails_late).start().wait().unwrap();
        let Error::Failed(failures) = number::call(&app).wait().unwrap_err() else { panic!("not `Failed`") };
        assert_eq!(failures[0].cause().to_string(), "late");
    }

    #[test]
    fn a_wrapper_of_a_collecting_hook_takes_any_argument_beside_next() {
        let app = app().hook(label).hook(adds).start().wait().unwrap();
        assert_eq!(labels::call(&app, "a", 9).wait().unwrap().values, ["a", "of 9"]);
    }
}
