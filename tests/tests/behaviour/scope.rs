//! What everything tracked in a future or a closure has from the scope around it.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::task::{Context as TaskContext, Poll, Waker};

use event_core::prelude::*;
use event_core::testing::Recorder;
use event_core::{Context, Record, Scope};
use serde_json::json;

#[derive(Event)]
struct Banned {
    user: u64,
}

fn app() -> (App, Recorder) {
    let app = App::builder().without_linked().event::<Banned>().on(|_: &Tracked<Banned>| {});
    let app = app.start().wait().expect("it starts");
    let recorder = app.recorder();
    (app, recorder)
}

/// What was tracked: who did it, and in which request.
fn actors_and_requests(recorder: &Recorder) -> Vec<(Option<String>, Option<String>)> {
    let text = |text: &str| text.to_owned();
    let of = |event: &std::sync::Arc<dyn event_core::plugin::AnyTracked>| {
        let actor = event.actor().and_then(Actor::id).map(text);
        (actor, event.context().and_then(Context::request_id).map(text))
    };
    recorder.all().iter().map(of).collect()
}

fn some(actor: &str, request: &str) -> (Option<String>, Option<String>) {
    (Some(actor.to_owned()), Some(request.to_owned()))
}

fn request(actor: &str, id: &str) -> Scope {
    Scope::new().actor(actor).context(Context::new().with_request_id(id))
}

#[test]
fn an_event_has_actor_and_context_of_the_scope_that_it_is_tracked_in() {
    let (app, recorder) = app();
    request("ada", "1").run(|| app.track(Banned { user: 1 }).wait()).expect("it is tracked");
    app.track(Banned { user: 2 }).wait().expect("it is tracked");
    assert_eq!(actors_and_requests(&recorder), [some("ada", "1"), (None, None)]);
}

#[test]
fn without_a_recorder_an_implementation_sees_the_scope_too() {
    #[hookimpl(track_event)]
    fn sees(event: &Tracked) -> Result<(), String> {
        match (event.actor().and_then(Actor::id), event.context().and_then(Context::request_id)) {
            (Some("ada"), Some("1")) => Ok(()),
            other => Err(format!("{other:?}")),
        }
    }
    let app = App::builder().without_linked().event::<Banned>().hook(sees).start().wait().expect("it starts");
    let receipt = request("ada", "1").run(|| app.track(Banned { user: 1 }).wait()).expect("it is tracked");
    receipt.strict().expect("the implementation saw both");
}

#[test]
fn what_a_call_says_itself_wins_part_by_part() {
    let (app, recorder) = app();
    let scope = request("ada", "1").context(Context::new().with_tenant("acme"));
    scope
        .run(|| app.track(Banned { user: 1 }).by("root").context(Context::new().with_request_id("2")).wait())
        .expect("it is tracked");
    assert_eq!(actors_and_requests(&recorder), [some("root", "2")]);
    let event = recorder.last().expect("one was tracked");
    assert_eq!(event.context().and_then(Context::tenant), Some("acme"));
}

#[test]
fn a_scope_in_a_scope_adds_to_it_and_ends_with_its_closure() {
    let (app, recorder) = app();
    let track = |user| app.track(Banned { user }).wait().map(drop).expect("it is tracked");
    request("ada", "1").run(|| {
        Scope::new().actor("root").run(|| track(1));
        track(2);
        Scope::new().context(Context::new().with_request_id("2")).run(|| track(3));
    });
    assert_eq!(actors_and_requests(&recorder), [some("root", "1"), some("ada", "1"), some("ada", "2")]);
}

#[test]
fn futures_that_are_polled_in_turns_on_one_thread_keep_their_scopes_apart() {
    async fn pause() {
        let mut again = false;
        poll_fn(|_| if std::mem::replace(&mut again, true) { Poll::Ready(()) } else { Poll::Pending }).await;
    }
    let (app, recorder) = app();
    let work = async |user| {
        for _ in 0..2 {
            pause().await;
            app.track(Banned { user }).await.expect("it is tracked");
        }
    };
    let mut first = pin!(request("ada", "1").around(work(1)));
    let mut second = pin!(request("bob", "2").around(work(2)));
    let mut plain = pin!(work(3));
    let mut context = TaskContext::from_waker(Waker::noop());
    for _ in 0..3 {
        let _ = first.as_mut().poll(&mut context);
        let _ = second.as_mut().poll(&mut context);
        let _ = plain.as_mut().poll(&mut context);
    }
    let turn = [some("ada", "1"), some("bob", "2"), (None, None)];
    assert_eq!(actors_and_requests(&recorder), [turn.clone(), turn].concat());
}

#[test]
fn a_scope_ends_also_where_its_closure_or_its_future_panics() {
    let (app, recorder) = app();
    let panics = || request("ada", "1").run(|| panic!("on purpose"));
    assert!(catch_unwind(AssertUnwindSafe(panics)).is_err());
    let future = request("ada", "1").around(async { panic!("on purpose") });
    let mut future: Pin<Box<dyn Future<Output = ()>>> = Box::pin(future);
    let poll = || _ = future.as_mut().poll(&mut TaskContext::from_waker(Waker::noop()));
    assert!(catch_unwind(AssertUnwindSafe(poll)).is_err());
    app.track(Banned { user: 1 }).wait().expect("it is tracked");
    assert_eq!(actors_and_requests(&recorder), [(None, None)]);
}

#[test]
fn a_thread_and_a_task_have_the_scope_only_if_it_is_carried_there() {
    let (app, recorder) = app();
    let track = |user| app.track(Banned { user }).wait().map(drop).expect("it is tracked");
    request("ada", "1").run(|| {
        let carried = Scope::current();
        std::thread::scope(|threads| {
            threads.spawn(|| track(1)).join().expect("it ends");
            threads.spawn(|| carried.run(|| track(2))).join().expect("it ends");
        });
    });
    assert_eq!(actors_and_requests(&recorder), [(None, None), some("ada", "1")]);
}

#[test]
fn work_that_a_waiting_thread_does_for_another_has_the_others_scope_or_none() {
    let (app, recorder) = app();
    let track = |user| app.track(Banned { user }).wait().map(drop).expect("it is tracked");
    let nothing = Scope::current();
    let other = Scope::new().actor("bob").run(Scope::current);
    request("ada", "1").run(|| {
        nothing.run(|| track(1));
        other.run(|| track(2));
    });
    assert_eq!(actors_and_requests(&recorder), [(None, None), (Some("bob".to_owned()), None)]);
}

#[test]
fn the_scope_counts_in_which_the_call_runs_and_not_the_one_in_which_it_was_written() {
    let (app, recorder) = app();
    let track = request("ada", "1").run(|| app.track(Banned { user: 1 }));
    request("bob", "2").run(|| track.wait()).expect("it is tracked");
    assert_eq!(actors_and_requests(&recorder), [some("bob", "2")]);
}

#[test]
fn a_scope_around_a_blocking_wait_covers_all_that_it_polls() {
    let (app, recorder) = app();
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("there is a runtime");
    request("ada", "1")
        .run(|| runtime.block_on(async { app.track(Banned { user: 1 }).await }))
        .expect("it is tracked");
    assert_eq!(actors_and_requests(&recorder), [some("ada", "1")]);
}

#[test]
fn what_an_implementation_tracks_has_the_scope_of_the_call_around_it() {
    #[derive(Event)]
    struct MailSent;

    #[hookimpl(track_event)]
    async fn send_mail(app: &App, _event: &Banned) -> event_core::Result<()> {
        app.track(MailSent).await.map(drop)
    }
    let builder = App::builder().without_linked().event::<Banned>().event::<MailSent>().hook(send_mail);
    let app = builder.start().wait().expect("it starts");
    let recorder = app.recorder();
    request("ada", "1").run(|| app.track(Banned { user: 1 }).wait()).expect("it is tracked");
    assert_eq!(actors_and_requests(&recorder), [some("ada", "1"), some("ada", "1")]);
}

#[test]
fn a_prepared_event_keeps_the_scope_in_which_it_was_prepared() {
    let (app, recorder) = app();
    let prepared =
        request("ada", "1").run(|| app.track(Banned { user: 1 }).prepare()).expect("it is accepted");
    prepared.deliver().wait().expect("it is delivered");
    assert_eq!(actors_and_requests(&recorder), [some("ada", "1")]);
}

#[test]
fn a_record_has_the_key_context_only_where_there_is_one_and_reads_json_without_it() {
    let (app, recorder) = app();
    let context = Context::new().with_request_id("1").with("shop", "cart", "17");
    app.track(Banned { user: 1 }).context(context.clone()).wait().expect("it is tracked");
    app.track(Banned { user: 2 }).context(Context::new()).wait().expect("it is tracked");
    let records = recorder.all().into_iter().map(|event| event.to_record().expect("it can be written"));
    let [with, without]: [Record; 2] = records.collect::<Vec<_>>().try_into().expect("two were tracked");
    let with = serde_json::to_value(with).expect("it can be written");
    assert_eq!(with["context"], json!({ "request_id": "1", "shop": { "cart": "17" } }));
    let keys: Vec<_> = with.as_object().expect("it is an object").keys().map(String::as_str).collect();
    assert_eq!(keys, ["id", "name", "version", "created", "actor", "context", "properties"]);
    assert_eq!(serde_json::from_value::<Record>(with).expect("it was written").context, Some(context));
    let without = serde_json::to_value(without).expect("it can be written");
    assert!(without.get("context").is_none(), "{without}");
    assert_eq!(serde_json::from_value::<Record>(without).expect("it was written").context, None);
}
