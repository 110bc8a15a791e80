//! The call order: the same whatever order the implementations were given in.

use event_core::prelude::*;
use event_core::{AppBuilder, Error};

use crate::log::{Log, log, logged};

#[derive(Event)]
struct Ping;

fn app() -> AppBuilder {
    App::builder().without_linked().insert(Log::default()).event::<Ping>()
}

fn order_of(app: AppBuilder) -> Vec<String> {
    let app = app.start().wait().unwrap();
    app.track(Ping).wait().unwrap();
    logged(&app)
}

fn problems_of(app: AppBuilder) -> Vec<String> {
    match app.start().wait() {
        Err(Error::Start(problems)) => problems.iter().map(ToString::to_string).collect(),
        other => panic!("not refused: {other:?}"),
    }
}

macro_rules! implementations {
    ($($(#[$option:meta])* $name:ident)*) => {$(
        $(#[$option])*
        fn $name(app: &App) {
            log(app, stringify!($name));
        }
    )*};
}

mod classes {
    use super::*;

    implementations! {
        #[hookimpl(track_event, trylast)] last
        #[hookimpl(track_event)] normal
        #[hookimpl(track_event, tryfirst)] first
        #[hookimpl(track_event, trylast)] also_last
        #[hookimpl(track_event, tryfirst)] also_first
    }

    #[hookimpl(track_event, wrapper, trylast)]
    async fn inner(app: &App, next: Next<'_>) -> Outcome {
        log(app, "inner");
        next.run().await
    }

    #[hookimpl(track_event, wrapper)]
    async fn outer(app: &App, next: Next<'_>) -> Outcome {
        log(app, "outer");
        let outcome = next.run().await;
        log(app, "outer again");
        outcome
    }

    implementations! {
        #[hookimpl(track_event, essential, trylast)] store
        #[hookimpl(track_event, essential)] check
        #[hookimpl(track_event, essential, tryfirst)] check_first
    }

    #[test]
    fn essential_implementations_by_class_come_before_all_ordinary_ones() {
        let app =
            app().hook(last).hook(first).hook(normal).hook(store).hook(check).hook(inner).hook(check_first);
        let expected = ["inner", "check_first", "check", "store", "first", "normal", "last"];
        assert_eq!(order_of(app), expected);
    }

    #[test]
    fn wrappers_then_tryfirst_normal_trylast_and_by_place_within_a_class() {
        let expected =
            ["outer", "inner", "first", "also_first", "normal", "last", "also_last", "outer again"];
        let forwards = app().hook(last).hook(normal).hook(first).hook(also_last).hook(also_first).hook(inner);
        assert_eq!(order_of(forwards.hook(outer)), expected);
        let backwards =
            app().hook(outer).hook(inner).hook(also_first).hook(also_last).hook(first).hook(normal);
        assert_eq!(order_of(backwards.hook(last)), expected);
    }
}

mod one_line_each {
    use super::*;

    #[hookimpl(track_event)]
    fn z_first_in_the_file(app: &App) {
        log(app, "z");
    }

    #[hookimpl(track_event)]
    fn a_second_in_the_file(app: &App) {
        log(app, "a");
    }

    mod a_module {
        use super::*;

        #[hookimpl(track_event)]
        pub fn in_a_module(app: &App) {
            log(app, "module");
        }
    }

    #[test]
    fn the_line_decides_before_the_name_and_the_module_before_the_line() {
        let app = app().hook(a_module::in_a_module).hook(a_second_in_the_file).hook(z_first_in_the_file);
        assert_eq!(order_of(app), ["z", "a", "module"]);
    }
}

mod constraints {
    use super::*;

    // All functions of a test are in one package; closures are in another plugin, `app`.
    implementations! {
        #[hookimpl(track_event, after = "app")] after_app
        #[hookimpl(track_event, before = "app")] before_app
        #[hookimpl(track_event, after = "not-linked")] after_nobody
        #[hookimpl(track_event, tryfirst, after = "app")] first_but_after
        #[hookimpl(track_event, essential, after = "app")] essential_but_after
        #[hookimpl(track_event, before = "tests")] before_itself
        #[hookimpl(track_event, before = "app", after = "app")] around
    }

    fn app_with_closure() -> AppBuilder {
        app().on::<Tracked<Ping>, _>(|_| ())
    }

    #[hookimpl(track_event)]
    fn normal(app: &App) {
        log(app, "normal");
    }

    #[test]
    fn a_plugin_that_is_not_there_is_no_constraint() {
        assert_eq!(order_of(app().hook(normal).hook(after_nobody)), ["after_nobody", "normal"]);
    }

    #[test]
    fn a_cycle_is_a_start_up_error_that_names_who_waits_for_whom() {
        let problems = problems_of(app_with_closure().hook(around));
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(problems[0].starts_with("`before` and `after` go around in a circle: "), "{problems:?}");
        assert!(
            problems[0].contains("`a closure`") && problems[0].contains("constraints::around`"),
            "{problems:?}"
        );
    }

    #[test]
    fn an_essential_one_that_wants_to_be_after_an_ordinary_one_is_a_start_up_error() {
        let problems = problems_of(app_with_closure().hook(essential_but_after));
        let why = "says after = \"app\", but it is essential and `a closure`";
        assert!(
            problems[0].contains(why) && problems[0].contains("is not essential, which decides first"),
            "{problems:?}"
        );
    }

    #[test]
    fn a_constraint_against_the_class_is_a_start_up_error() {
        let problems = problems_of(app_with_closure().hook(first_but_after));
        assert!(
            problems[0].contains("says after = \"app\", but it is tryfirst and `a closure`"),
            "{problems:?}"
        );
    }

    #[test]
    fn a_constraint_on_the_own_plugin_is_a_start_up_error() {
        let problems = problems_of(app().hook(before_itself));
        assert!(problems[0].ends_with("says before = \"tests\", which is its own plugin"), "{problems:?}");
    }

    #[test]
    fn before_and_after_come_before_the_plugins_names() {
        let log = Log::default();
        let app = App::builder().without_linked().insert(log.clone()).event::<Ping>();
        let app = app
            .hook(normal)
            .hook(before_app)
            .hook(after_app)
            .on::<Tracked<Ping>, _>(move |_| log.add("closure"));
        // By name alone, "app" would come before "tests".
        assert_eq!(order_of(app), ["before_app", "closure", "after_app", "normal"]);
    }
}

/// Functions that a macro generates share the line and column of the macro's call.
mod from_one_macro_call {
    use super::*;

    macro_rules! three {
        () => {
            #[hookimpl(track_event)]
            fn c(app: &App) {
                log(app, "c");
            }

            #[hookimpl(track_event)]
            fn a(app: &App) {
                log(app, "a");
            }

            #[hookimpl(track_event)]
            fn b(app: &App) {
                log(app, "b");
            }
        };
    }

    three!();

    #[test]
    fn the_name_decides_between_functions_of_one_macro_call() {
        assert_eq!(order_of(app().hook(a).hook(b).hook(c)), ["a", "b", "c"]);
        assert_eq!(order_of(app().hook(c).hook(b).hook(a)), ["a", "b", "c"]);
    }
}

mod neighbours {
    use super::*;

    implementations! {
        #[hookimpl(track_event, before = "App")] before_the_closures
        #[hookimpl(track_event, after = "event-nowhere")] after_nothing
    }

    #[test]
    fn a_name_that_differs_from_a_plugins_in_a_dash_or_a_capital_is_told_which_was_meant() {
        let with_a_closure = || app().on(|_: &Ping| ());
        let problems = problems_of(with_a_closure().hook(before_the_closures));
        let [problem] = problems.as_slice() else { panic!("one problem: {problems:?}") };
        assert!(
            problem.starts_with("`behaviour::order::neighbours::before_the_closures` (hook "),
            "{problem}"
        );
        assert!(
            problem.ends_with("says `before = \"App\"`, and no plugin has this name; did you mean `app`?"),
            "{problem}"
        );
        assert_eq!(order_of(with_a_closure().hook(after_nothing)), ["after_nothing"]);
    }
}
