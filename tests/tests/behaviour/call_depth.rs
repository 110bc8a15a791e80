//! Calls within calls, which end at a limit instead of at the end of the stack.

use std::sync::{Arc, Mutex};

use event_core::error::TooDeep;
use event_core::observe::{CallEnd, ObservedCall, Observer};
use event_core::prelude::*;
use event_core::{AppBuilder, Error, Failure};

use crate::log::{Log, log, logged};

#[derive(Event)]
struct Echo;

#[derive(Event)]
struct Shout;

/// The failures that reached the app's handler.
#[derive(Clone, Default)]
struct Failures(Arc<Mutex<Vec<Failure>>>);

impl Failures {
    fn take(&self) -> Vec<Failure> {
        std::mem::take(&mut self.0.lock().unwrap())
    }

    /// The one failure, whose cause is that a call was too deep.
    fn only(&self) -> (Failure, String) {
        let failures = self.take();
        let [failure] = failures.as_slice() else { panic!("{failures:?}") };
        (failure.clone(), too_deep(failure.cause()).to_string())
    }
}

fn too_deep<'a>(error: &'a (dyn std::error::Error + 'static)) -> &'a TooDeep {
    match error.downcast_ref() {
        Some(Error::TooDeep(too_deep)) => too_deep,
        _ => panic!("{error:?}"),
    }
}

fn app() -> (AppBuilder, Failures) {
    let failures = Failures::default();
    let handled = failures.clone();
    let builder = App::builder().without_linked().insert(Log::default()).event::<Echo>().event::<Shout>();
    (builder.failure_handler(move |failure| handled.0.lock().unwrap().push(failure.clone())), failures)
}

struct Watches;

impl Observer for Watches {
    fn after(&self, _: &ObservedCall<'_>, _: &CallEnd<'_>) {}
}

#[hookimpl(track_event, wrapper)]
async fn around(next: Next<'_>) -> Outcome {
    next.run().await
}

/// Plain, observed, and with a wrapper: each takes another path through the dispatch.
fn each_way(hooks: impl Fn(AppBuilder) -> AppBuilder, check: impl Fn(&App, &Failures)) {
    let ways: [fn(AppBuilder) -> AppBuilder; 3] =
        [|builder| builder, |builder| builder.observer(Watches), |builder| builder.hook(around)];
    for way in ways {
        let (builder, failures) = app();
        check(&way(hooks(builder)).start().wait().unwrap(), &failures);
    }
}

/// On a stack of the default size.
fn on_a_usual_stack(test: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new().stack_size(2 << 20).spawn(test).unwrap().join().unwrap();
}

#[hookimpl(track_event)]
fn echoes(app: &App, event: &Tracked) -> event_core::Result<()> {
    log(app, event.name());
    app.track(Echo).wait().map(drop)
}

#[hookimpl(track_event)]
async fn echoes_later(app: &App, event: &Tracked) -> event_core::Result<()> {
    log(app, event.name());
    app.track(Echo).await.map(drop)
}

#[hookimpl(track_event)]
fn delivers(app: &App, event: &Tracked) -> event_core::Result<()> {
    log(app, event.name());
    app.track(Echo).prepare()?.deliver().wait().map(drop)
}

#[hookimpl(track_event)]
async fn delivers_later(app: &App, event: &Tracked) -> event_core::Result<()> {
    log(app, event.name());
    app.track(Echo).prepare()?.deliver().await.map(drop)
}

/// What was logged, and the one failure.
fn check_echoes(app: &App, failures: &Failures, function: &str, limit: usize) {
    let receipt = app.track(Shout).wait().unwrap();
    assert!(receipt.failures().is_empty(), "the failure is in the innermost receipt: {receipt:?}");
    let heard = logged(app);
    assert_eq!(heard.len(), limit);
    assert_eq!((heard[0].as_str(), heard[limit - 1].as_str()), ("shout", "echo"));
    let (failure, text) = failures.only();
    assert!(failure.implementation().path().ends_with(function));
    assert_eq!(failure.event_name(), Some("echo"));
    let expected = format!(
        "failed to track event `echo`: {limit} calls run within each other already, and the innermost is in {} on event \
         `echo`; let no implementation cause what it answers, or raise the limit with `.call_depth_limit(…)` on the builder",
        failure.implementation()
    );
    assert_eq!(text, expected);
}

#[test]
fn an_implementation_that_tracks_what_it_hears_is_refused_at_64_calls_within_each_other() {
    on_a_usual_stack(|| {
        each_way(|it| it.hook(echoes), |app, failures| check_echoes(app, failures, "echoes", 64));
        each_way(|it| it.hook(delivers), |app, failures| check_echoes(app, failures, "delivers", 64));
    });
}

#[test]
fn asynchronous_ones_are_refused_there_too_and_fit_a_usual_stack() {
    on_a_usual_stack(|| {
        each_way(|it| it.hook(echoes_later), |app, failures| check_echoes(app, failures, "echoes_later", 64));
        each_way(
            |it| it.hook(delivers_later),
            |app, failures| check_echoes(app, failures, "delivers_later", 64),
        );
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        each_way(
            |it| it.hook(echoes_later),
            |app, failures| {
                runtime.block_on(async { app.track(Shout).await.unwrap() });
                assert_eq!(logged(app).len(), 64);
                failures.only();
            },
        );
    });
}

#[test]
fn the_builder_sets_the_limit() {
    for limit in [2, 3, 100] {
        std::thread::Builder::new()
            .stack_size(8 << 20)
            .spawn(move || {
                let hooks = |it: AppBuilder| it.hook(echoes).call_depth_limit(limit);
                each_way(hooks, |app, failures| check_echoes(app, failures, "echoes", limit));
                let hooks = |it: AppBuilder| it.hook(echoes_later).call_depth_limit(limit);
                each_way(hooks, |app, failures| check_echoes(app, failures, "echoes_later", limit));
            })
            .unwrap()
            .join()
            .unwrap();
    }
}

#[test]
fn with_a_limit_of_1_no_implementation_can_call_anything() {
    each_way(
        |it| it.hook(echoes).call_depth_limit(1),
        |app, failures| {
            app.track(Shout).wait().unwrap();
            assert_eq!(logged(app), ["shout"]);
            let (failure, text) = failures.only();
            assert_eq!(failure.event_name(), Some("shout"));
            assert!(text.starts_with("failed to track event `echo`: 1 calls run"), "{text}");
        },
    );
}

#[test]
fn a_limit_of_0_keeps_the_app_from_starting() {
    let error = app().0.call_depth_limit(0).start().wait().unwrap_err().to_string();
    assert!(error.contains("`.call_depth_limit(0)` at tests/tests/behaviour/call_depth.rs:"), "{error}");
}

#[test]
fn what_was_too_deep_leaves_the_next_call_as_deep_as_the_first() {
    each_way(
        |it| it.hook(echoes).call_depth_limit(5),
        |app, failures| {
            for _ in 0..3 {
                check_echoes(app, failures, "echoes", 5);
            }
        },
    );
}

#[hookspec]
fn ask(app: &App, question: &str) -> usize;

#[hookimpl(ask)]
fn asks_again(app: &App, question: &str) -> event_core::Result<usize> {
    let answers = ask::call(app, question).wait()?;
    answers.failures.iter().for_each(|failure| log(app, failure.to_line()));
    Ok(answers.values.first().map_or(1, |deeper| deeper + 1))
}

#[hookimpl(ask)]
async fn asks_again_later(app: &App, question: &str) -> event_core::Result<usize> {
    let answers = ask::call(app, question).await?;
    answers.failures.iter().for_each(|failure| log(app, failure.to_line()));
    Ok(answers.values.first().map_or(1, |deeper| deeper + 1))
}

#[test]
fn a_hook_that_calls_itself_is_refused_at_the_limit() {
    on_a_usual_stack(|| {
        let sync: fn(AppBuilder) -> AppBuilder = |it| it.hook(asks_again);
        for hooks in [sync, |it| it.hook(asks_again_later)] {
            each_way(hooks, |app, failures| {
                let answers = ask::call(app, "why?").wait().unwrap();
                assert_eq!((answers.values, failures.take().len()), (vec![63], 1));
                let [line] = logged(app).try_into().unwrap();
                assert!(line.contains("failed to call hook `ask`: 64 calls run within each other"), "{line}");
                assert!(line.contains("the innermost is in `behaviour::call_depth::asks_again"), "{line}");
            });
        }
    });
}

/// A call of this hook tracks an event, and the event calls the hook.
#[hookspec(firstresult)]
fn announce(app: &App, event: &Tracked) -> bool;

#[hookimpl(announce)]
async fn announces(app: &App) -> event_core::Result<bool> {
    app.track(Echo).await?.strict()?;
    Ok(true)
}

#[hookimpl(track_event, essential)]
fn is_announced(app: &App, event: &Tracked) -> event_core::Result<()> {
    log(app, event.name());
    announce::call(app, event).wait().map(drop)
}

#[test]
fn events_and_hooks_that_cause_each_other_are_refused_at_the_limit() {
    on_a_usual_stack(|| {
        each_way(
            |it| it.hook(announces).hook(is_announced),
            |app, _| {
                let error = app.track(Shout).wait().unwrap_err();
                assert_eq!(logged(app).len(), 32);
                let mut cause: &(dyn std::error::Error + 'static) = &error;
                while let Some(next) = cause.source() {
                    cause = next;
                }
                let too_deep = too_deep(cause);
                assert_eq!((too_deep.limit(), too_deep.event_name()), (64, Some("echo")));
                assert_eq!(too_deep.implementation().unwrap().path(), "behaviour::call_depth::announces");
            },
        );
    });
}

#[hookimpl(track_event)]
async fn fans_out(app: &App, event: &Shout) -> event_core::Result<()> {
    let _ = event;
    for _ in 0..100 {
        app.track(Echo).await?.strict()?;
        app.track(Echo).wait()?.strict()?;
    }
    Ok(())
}

#[test]
fn calls_one_after_the_other_arent_deep() {
    each_way(
        |it| it.hook(fans_out).call_depth_limit(2).on(|echo: &Echo| _ = echo),
        |app, _| {
            app.track(Shout).wait().unwrap().strict().unwrap();
        },
    );
}

#[hookimpl(startup)]
async fn starts_another() -> event_core::Result<()> {
    App::builder().without_linked().hook(starts_another).start().await?.shutdown().await
}

#[test]
fn an_app_that_starts_one_like_itself_is_refused_at_the_limit() {
    on_a_usual_stack(|| {
        let error = App::builder().without_linked().hook(starts_another).start().wait().unwrap_err();
        assert!(format!("{error:?}").contains("failed to call hook `startup`: 64 calls"), "{error:?}");
    });
}
