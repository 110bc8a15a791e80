//! pluggy's rules for results and arguments, as they hold here.

use event_core::prelude::*;
use event_core::{AppBuilder, Error, Outcome};

use crate::log::{Log, log, logged};

/// Which labels does this text get?
#[hookspec]
pub fn labels(app: &App, text: &str, at_most: usize) -> String;

/// The first number that an implementation has.
#[hookspec(firstresult)]
pub fn number(app: &App) -> i64;

/// A hook whose event isn't called `event`.
#[hookspec]
pub fn seen(app: &App, count: u32, what: &Tracked) -> &'static str;

#[derive(Event)]
pub struct BanUser {
    pub user: String,
}

#[derive(Event)]
pub struct UnbanUser {
    pub user: String,
}

fn app() -> AppBuilder {
    App::builder().without_linked().insert(Log::default()).event::<BanUser>().event::<UnbanUser>()
}

mod values {
    use super::*;

    #[hookimpl(labels)]
    fn a_plain(text: &str) -> String {
        format!("plain {text}")
    }

    #[hookimpl(labels)]
    fn b_option(at_most: usize) -> Option<String> {
        (at_most > 1).then(|| "option".to_owned())
    }

    #[hookimpl(labels)]
    fn c_result(at_most: usize, text: &str) -> Result<String, String> {
        if at_most > 2 { Ok(format!("result {text}")) } else { Err("too few".to_owned()) }
    }

    #[hookimpl(labels)]
    async fn d_result_of_option(app: &App) -> Result<Option<String>, std::fmt::Error> {
        log(app, "asked d");
        Ok(None)
    }

    #[test]
    fn the_four_return_shapes_give_values_in_call_order() {
        let app = app()
            .hook(a_plain)
            .hook(b_option)
            .hook(c_result)
            .hook(d_result_of_option)
            .start()
            .wait()
            .unwrap();
        let outcome: Outcome<labels> = labels::call(&app, "x", 3).wait().unwrap();
        assert_eq!(outcome.values, ["plain x", "option", "result x"]);
        assert!(outcome.failures.is_empty());
        assert_eq!(logged(&app), ["asked d"]);
    }

    #[test]
    fn none_is_no_result_and_an_error_is_a_failure() {
        let app =
            app().failure_handler(|_| ()).hook(a_plain).hook(b_option).hook(c_result).start().wait().unwrap();
        let outcome = labels::call(&app, "x", 1).wait().unwrap();
        assert_eq!(outcome.values, ["plain x"]);
        let failures: Vec<_> =
            outcome.failures.iter().map(|it| it.implementation().path().to_owned()).collect();
        assert_eq!(failures, ["behaviour::hooks::values::c_result"]);
        assert_eq!(outcome.failures[0].cause().to_string(), "too few");
    }

    #[test]
    fn a_hook_that_nobody_answers_has_an_empty_outcome() {
        let app = app().start().wait().unwrap();
        assert!(labels::call(&app, "x", 1).wait().unwrap().values.is_empty());
        assert_eq!(number::call(&app).wait().unwrap(), None);
    }
}

mod first_result {
    use super::*;

    #[hookimpl(number, tryfirst)]
    fn has_none(app: &App) -> Option<i64> {
        log(app, "none");
        None
    }

    #[hookimpl(number)]
    fn has_zero(app: &App) -> i64 {
        log(app, "zero");
        0
    }

    #[hookimpl(number, trylast)]
    fn has_one(app: &App) -> i64 {
        log(app, "one");
        1
    }

    #[hookimpl(number, tryfirst)]
    fn fails(app: &App) -> Result<i64, String> {
        log(app, "fails");
        Err("no database".to_owned())
    }

    #[hookimpl(number, tryfirst)]
    async fn panics() -> Option<i64> {
        panic!("no idea")
    }

    #[test]
    fn none_goes_on_and_zero_is_a_result_that_ends_the_call() {
        let app = app().hook(has_one).hook(has_zero).hook(has_none).start().wait().unwrap();
        assert_eq!(number::call(&app).wait().unwrap(), Some(0));
        assert_eq!(logged(&app), ["none", "zero"]);
    }

    #[test]
    fn an_error_ends_the_call_and_is_the_callers_so_that_it_cannot_fail_open() {
        let app = app().failure_handler(|_| panic!("the caller has it")).hook(has_one).hook(fails);
        let app = app.start().wait().unwrap();
        let Error::Failed(failures) = number::call(&app).wait().unwrap_err() else { panic!("not `Failed`") };
        assert_eq!(failures[0].cause().to_string(), "no database");
        assert_eq!(logged(&app), ["fails"]);
    }

    #[test]
    fn a_panic_ends_the_call_too() {
        let app = app().hook(has_one).hook(panics).start().wait().unwrap();
        let Error::Failed(failures) = number::call(&app).wait().unwrap_err() else { panic!("not `Failed`") };
        assert!(failures[0].is_panic());
        assert_eq!(failures[0].cause().to_string(), "panicked: no idea");
        assert!(logged(&app).is_empty());
    }

    #[hookspec(firstresult)]
    pub fn text(app: &App) -> String;

    #[hookimpl(text)]
    fn empty() -> String {
        String::new()
    }

    #[hookspec(firstresult)]
    pub fn allowed(app: &App) -> bool;

    #[hookimpl(allowed)]
    fn no() -> bool {
        false
    }

    #[test]
    fn an_empty_text_and_false_are_results() {
        let app = app().hook(empty).hook(no).start().wait().unwrap();
        assert_eq!(text::call(&app).wait().unwrap().as_deref(), Some(""));
        assert_eq!(allowed::call(&app).wait().unwrap(), Some(false));
    }
}

mod typed {
    use super::*;

    #[hookimpl(track_event)]
    fn every_event(app: &App, event: &Tracked) {
        log(app, format!("any {}", event.name()));
    }

    #[hookimpl(track_event)]
    fn bans(event: &BanUser, app: &App) {
        log(app, format!("ban of {}", event.user));
    }

    #[hookimpl(track_event)]
    async fn bans_with_envelope(app: &App, event: &Tracked<BanUser>) {
        log(app, format!("ban of {} by {:?}", event.user, event.actor().and_then(Actor::id)));
    }

    #[hookimpl(track_event)]
    async fn unbans(app: &App, event: &UnbanUser) {
        log(app, format!("unban of {}", event.user));
    }

    #[hookimpl(track_event)]
    fn nothing_asked() {}

    #[hookimpl(seen)]
    fn seen_ban(what: &BanUser) -> &'static str {
        assert_eq!(what.user, "mallory");
        "ban"
    }

    #[hookimpl(seen)]
    fn seen_any(what: &Tracked, count: u32) -> Option<&'static str> {
        (count > 0 && what.is::<UnbanUser>()).then_some("unban")
    }

    #[hookimpl(track_event)]
    fn pass_on(app: &App, event: &Tracked) -> event_core::Result<()> {
        for what in seen::call(app, 1, event).wait()?.values {
            log(app, what);
        }
        Ok(())
    }

    #[test]
    fn typed_implementations_hear_their_event_only_sync_and_async() {
        let app =
            app().hook(every_event).hook(bans).hook(bans_with_envelope).hook(unbans).hook(nothing_asked);
        let app = app.start().wait().unwrap();
        app.track(BanUser { user: "mallory".into() }).by(Actor::new("root")).wait().unwrap();
        let expected = ["any ban-user", "ban of mallory", "ban of mallory by Some(\"root\")"];
        assert_eq!(logged(&app), expected);
        app.track(UnbanUser { user: "trent".into() }).wait().unwrap();
        assert_eq!(logged(&app), ["any unban-user", "unban of trent"]);
    }

    #[test]
    fn a_hook_of_ones_own_with_an_event_argument_has_typed_implementations_too() {
        let app = app().hook(pass_on).hook(seen_ban).hook(seen_any).start().wait().unwrap();
        app.track(BanUser { user: "mallory".into() }).wait().unwrap();
        app.track(UnbanUser { user: "trent".into() }).wait().unwrap();
        assert_eq!(logged(&app), ["ban", "unban"]);
    }

    #[test]
    fn a_closure_hears_its_event_and_its_error_is_a_failure() {
        let app =
            app().failure_handler(|_| ()).on::<Tracked<BanUser>, _>(|event| match event.user.as_str() {
                "root" => Err("root can't be banned"),
                _ => Ok(()),
            });
        let app = app.start().wait().unwrap();
        let receipt = app.track(BanUser { user: "root".into() }).wait().unwrap();
        assert_eq!(receipt.failures()[0].cause().to_string(), "root can't be banned");
        assert!(app.track(BanUser { user: "eve".into() }).wait().unwrap().failures().is_empty());
        assert!(app.track(UnbanUser { user: "root".into() }).wait().unwrap().failures().is_empty());
    }

    #[test]
    fn a_function_that_is_given_twice_is_called_once() {
        let app = app().hook(bans).hook(bans).start().wait().unwrap();
        app.track(BanUser { user: "eve".into() }).wait().unwrap();
        assert_eq!(logged(&app), ["ban of eve"]);
    }
}

/// Implementations of one event type are called through a list that is made for this type.
mod among_others {
    use std::future::{IntoFuture, poll_fn};
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    async fn once_pending() {
        let mut polled = false;
        poll_fn(|context| {
            context.waker().wake_by_ref();
            if std::mem::replace(&mut polled, true) { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }

    #[hookimpl(track_event)]
    fn a_typed(app: &App, event: &BanUser) {
        log(app, format!("a {}", event.user));
    }

    #[hookimpl(track_event)]
    fn b_any(app: &App, event: &Tracked) {
        log(app, format!("b {}", event.name()));
    }

    #[hookimpl(track_event)]
    fn c_panics(app: &App, event: &BanUser) {
        log(app, "c");
        panic!("{} has friends", event.user);
    }

    #[hookimpl(track_event)]
    async fn d_waits(app: &App, event: &BanUser) -> Result<(), String> {
        once_pending().await;
        log(app, "d");
        Err(format!("{} is in the way", event.user))
    }

    #[hookimpl(track_event)]
    async fn e_any_waits(app: &App) {
        once_pending().await;
        log(app, "e");
    }

    #[hookimpl(track_event)]
    async fn f_is_ready(app: &App, event: &Tracked<BanUser>) {
        log(app, format!("f {}", event.user));
    }

    #[hookimpl(track_event)]
    async fn g_panics_later(event: &BanUser) {
        once_pending().await;
        panic!("{} is gone", event.user);
    }

    #[hookimpl(track_event)]
    fn h_other_type(app: &App, _event: &UnbanUser) {
        log(app, "h");
    }

    #[hookimpl(track_event, trylast)]
    fn z_typed(app: &App, event: &BanUser) {
        log(app, format!("z {}", event.user));
    }

    fn all() -> AppBuilder {
        let app = app().failure_handler(|_| ()).hook(a_typed).hook(b_any).hook(c_panics).hook(d_waits);
        let app =
            app.hook(e_any_waits).hook(f_is_ready).hook(g_panics_later).hook(h_other_type).hook(z_typed);
        app.on::<Tracked<BanUser>, _>(|event| {
            if event.user == "eve" { Ok(()) } else { Err("a closure knows only eve") }
        })
    }

    /// Like an executor that never sleeps.
    fn polled<T>(future: impl Future<Output = T>) -> T {
        let mut future = pin!(future);
        loop {
            if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                return output;
            }
        }
    }

    /// The log of a ban of Mallory, and the implementations that failed.
    fn expect_of(app: &App, receipt: &event_core::Receipt) {
        assert_eq!(logged(app), ["a mallory", "b ban-user", "c", "d", "e", "f mallory", "z mallory"]);
        let mut failures: Vec<_> =
            receipt.failures().iter().map(|failure| failure.cause().to_string()).collect();
        // The place of closures in the order doesn't matter here.
        failures.sort_unstable();
        let expected = [
            "a closure knows only eve",
            "mallory is in the way",
            "panicked: mallory has friends",
            "panicked: mallory is gone",
        ];
        assert_eq!(failures, expected);
    }

    #[test]
    fn each_is_called_in_its_turn_whatever_those_before_it_did() {
        let app = all().start().wait().unwrap();
        let ban = || BanUser { user: "mallory".into() };
        expect_of(&app, &app.track(ban()).wait().unwrap());
        expect_of(&app, &polled(app.track(ban()).into_future()).unwrap());
        app.track(UnbanUser { user: "mallory".into() }).wait().unwrap();
        assert_eq!(logged(&app), ["b unban-user", "e", "h"]);
    }
}

mod two_events {
    use super::*;

    /// The first argument is the hook's event.
    #[hookspec]
    pub fn met(app: &App, first: &Tracked, second: &Tracked) -> String;

    /// Its `ban` is an argument like others.
    #[hookspec]
    pub fn judged(app: &App, event: &Tracked, ban: &BanUser) -> String;

    #[hookimpl(met)]
    fn a_first(first: &BanUser, second: &Tracked) -> String {
        format!("ban of {}, then {}", first.user, second.name())
    }

    #[hookimpl(met)]
    fn b_second(second: &BanUser) -> String {
        format!("second a ban of {}", second.user)
    }

    #[hookimpl(met)]
    fn c_both(second: &UnbanUser, first: &BanUser) -> String {
        format!("{} for {}", second.user, first.user)
    }

    #[hookimpl(judged)]
    fn d_ban(ban: &BanUser) -> String {
        format!("any event, and {}", ban.user)
    }

    #[hookimpl(judged)]
    fn e_unban(ban: &BanUser, event: &UnbanUser) -> String {
        format!("unban of {}, and {}", event.user, ban.user)
    }

    #[test]
    fn each_argument_is_the_event_that_the_caller_gave() {
        let app = app().hook(a_first).hook(b_second).hook(c_both).hook(d_ban).hook(e_unban);
        let app = app.start().wait().unwrap();
        let ban = app.track(BanUser { user: "mallory".into() }).prepare().unwrap();
        let unban = app.track(UnbanUser { user: "trent".into() }).prepare().unwrap();
        let met = |first, second| met::call(&app, first, second).wait().unwrap().values;
        assert_eq!(met(ban.event(), unban.event()), ["ban of mallory, then unban-user", "trent for mallory"]);
        assert_eq!(met(unban.event(), ban.event()), ["second a ban of mallory"]);
        assert_eq!(
            met(ban.event(), ban.event()),
            ["ban of mallory, then ban-user", "second a ban of mallory"]
        );
        let eve = BanUser { user: "eve".into() };
        let judged = |event| judged::call(&app, event, &eve).wait().unwrap().values;
        assert_eq!(judged(ban.event()), ["any event, and eve"]);
        assert_eq!(judged(unban.event()), ["any event, and eve", "unban of trent, and eve"]);
    }
}

mod as_written {
    use event_core::plugin::HookSpec;

    use super::*;

    #[hookspec]
    #[deprecated = "use `labels`"]
    #[allow(dead_code)]
    pub fn tags(app: &App) -> String;

    #[hookimpl(track_event)]
    fn only_its_type_counts(app: &App, _event: &BanUser) {
        log(app, "a ban");
    }

    #[hookimpl(track_event, wrapper)]
    async fn stops_unbans(_event: &UnbanUser, _next: Next<'_>) -> Outcome {
        Outcome::default()
    }

    #[test]
    fn an_argument_that_is_not_used_may_have_an_underscore() {
        let app = app().hook(only_its_type_counts).hook(stops_unbans).start().wait().unwrap();
        app.track(BanUser { user: "eve".into() }).wait().unwrap();
        assert_eq!(logged(&app), ["a ban"]);
        let receipt = app.track(UnbanUser { user: "eve".into() }).wait().unwrap();
        assert_eq!(receipt.stopped_by().unwrap().path(), "behaviour::hooks::as_written::stops_unbans");
    }

    #[test]
    fn a_hook_is_known_by_its_signature_and_place() {
        let info = labels::INFO;
        assert_eq!(info.signature(), "fn labels(app: &App, text: &str, at_most: usize) -> String");
        assert_eq!(info.doc(), "Which labels does this text get?");
        let here = include_str!("hooks.rs").lines().nth(info.location().line() as usize - 1).unwrap();
        assert!(here.starts_with("pub fn labels("), "the place is the function, not its attribute: {here}");
    }
}
