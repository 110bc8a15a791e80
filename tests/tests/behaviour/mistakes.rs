//! What a program is told of a mistake that only shows when it runs: each error has the way on.

use std::sync::{Arc, Mutex};

use event_core::prelude::*;
use event_core::{AppBuilder, Error, EventType};
use serde::Deserialize;
use serde_json::Value;

#[derive(Event)]
struct Ping;

#[derive(Debug)]
struct Pool;

#[derive(Deserialize, Default)]
#[serde(default)]
struct Settings {
    #[serde(rename = "level")]
    _level: u8,
}

fn app() -> AppBuilder {
    App::builder().without_linked().failure_handler(|_| ())
}

fn problem(builder: AppBuilder) -> String {
    match builder.start().wait().unwrap_err() {
        Error::Start(problems) => {
            let [problem] = problems.as_slice() else { panic!("one problem: {problems:?}") };
            problem.to_string()
        }
        Error::Startup(failure) => failure.cause().to_string(),
        other => panic!("{other}"),
    }
}

mod events {
    use super::*;

    #[hookimpl(register_events)]
    fn tracks_too_early(app: &App) -> event_core::Result<Vec<EventType>> {
        app.track(Ping).wait()?;
        Ok(Vec::new())
    }

    #[hookimpl(register_events)]
    fn prepares_too_early(app: &App) -> event_core::Result<Vec<EventType>> {
        let _prepared = app.track(Ping).prepare()?;
        Ok(Vec::new())
    }

    #[test]
    fn tracking_before_the_app_knows_its_events_says_that_it_is_too_early() {
        for builder in [app().hook(tracks_too_early), app().hook(prepares_too_early)] {
            let problem = problem(builder.event::<Ping>());
            assert!(
                problem.contains(
                    "failed to track event `ping`: `register_events` implementations are called before the app knows its \
                     events; track it in a `startup` implementation"
                ),
                "{problem}"
            );
        }
    }
}

mod state {
    use super::*;

    fn missing<T: Send + Sync + 'static>(app: &App) -> String {
        let error = app.state::<T>().map(drop).unwrap_err();
        assert!(matches!(error, Error::OtherState { .. }));
        error.to_string()
    }

    #[test]
    fn a_value_in_an_arc_is_found_by_the_one_who_asks_for_what_is_inside() {
        let app = app().insert(Arc::new(Pool)).start().wait().unwrap();
        assert_eq!(
            missing::<Pool>(&app),
            "the app holds an `Arc<Pool>`, and no `behaviour::mistakes::Pool`; `state::<Pool>()` gives an `Arc<Pool>` \
             by itself: insert the `Pool`"
        );
    }

    #[test]
    fn a_value_is_found_by_the_one_who_asks_for_an_arc_of_it() {
        let app = app().insert(Pool).start().wait().unwrap();
        assert!(missing::<Arc<Pool>>(&app).ends_with("gives an `Arc<Pool>` by itself: ask for the `Pool`"));
    }

    #[test]
    fn a_value_in_something_else_is_named() {
        let app = app().insert(Arc::new(Mutex::new(Pool))).start().wait().unwrap();
        assert_eq!(
            missing::<Pool>(&app),
            "the app holds an `Arc<Mutex<Pool>>`, and no `behaviour::mistakes::Pool`; ask for \
             `state::<Arc<Mutex<Pool>>>()`, or insert a `Pool`"
        );
        assert!(missing::<Mutex<Pool>>(&app).contains("insert the `Mutex<Pool>`"));
        assert!(matches!(app.state::<Option<u8>>(), Err(Error::NoState { .. })));
    }
}

mod hooks {
    use super::*;

    fn without_annotation() {}

    #[test]
    fn a_closure_given_to_hook_is_told_of_on() {
        let problem = problem(app().hook(|_: &Ping| ()));
        assert!(problem.starts_with("a closure was given to the builder at "), "{problem}");
        assert!(
            problem.ends_with("with `.hook`, which takes functions: use `.on` for a closure"),
            "{problem}"
        );
    }

    #[test]
    fn what_is_no_function_with_hookimpl_is_told_what_it_is() {
        let pointer: fn() = without_annotation;
        assert!(
            problem(app().hook(pointer)).starts_with("a pointer to a function was given to the builder at ")
        );
        assert!(
            problem(app().hook("tell")).starts_with("a value of type `&str` was given to the builder at ")
        );
        assert!(problem(app().hook(())).starts_with("a value of type `()` was given to the builder at "));
        let problem = problem(app().hook(without_annotation));
        assert!(
            problem.starts_with("`behaviour::mistakes::hooks::without_annotation`, given to the builder at ")
        );
        assert!(problem.ends_with("has no `#[hookimpl]`: write it above the function"), "{problem}");
    }
}

mod configuration {
    use super::*;

    #[hookimpl]
    fn startup(app: &App) -> event_core::Result<()> {
        app.plugin_config::<Settings>("tests").map(drop)
    }

    #[hookimpl(startup)]
    fn reads_nothing() {}

    #[hookimpl(startup)]
    fn reads_a_misspelt_name(app: &App) -> event_core::Result<()> {
        app.plugin_config::<Settings>("test").map(drop)
    }

    fn with(value: Value) -> String {
        problem(app().hook(startup).config(value))
    }

    fn with_variable(variable: &str) -> String {
        problem(app().hook(startup).config_variables([(variable, "5")]))
    }

    #[test]
    fn a_section_at_the_top_level_is_told_of_plugins() {
        assert_eq!(
            with(json!({ "event-noisy": { "level": 1 } })),
            "configuration: unknown key `event-noisy`; a plugin's section is `[plugins.NAME]`: write \
             `[plugins.event-noisy]`"
        );
        assert_eq!(
            with(json!({ "enabled": false })),
            "configuration: unknown key `enabled`; write it in a plugin's section, `[plugins.NAME]`"
        );
    }

    #[test]
    fn a_path_given_to_config_is_told_of_config_file() {
        for path in
            [problem(app().config("event.toml")), problem(app().config(std::path::Path::new("event.toml")))]
        {
            assert_eq!(
                path,
                "configuration: a configuration is a table at the top, and this is the text `event.toml`; give a \
                 file with `.config_file(\"event.toml\")`"
            );
        }
        let text = problem(app().config("[plugins.tests]\ntoken = \"hunter2\""));
        assert!(text.contains("toml::from_str") && !text.contains("hunter2"), "{text}");
    }

    #[test]
    fn words_near_enabled_are_told_of_it_whether_the_plugin_reads_its_section_or_not() {
        for word in ["enable", "enabeld", "Enabled", "disabled", "active"] {
            let expected = format!("`plugins.tests.{word}`: unknown key; did you mean `enabled`?");
            let section = json!({ "plugins": { "tests": { word: false } } });
            let read = with(section.clone());
            assert!(read.ends_with(&expected), "{read}");
            let not_read = problem(app().hook(reads_nothing).config(section));
            assert!(not_read.ends_with(&expected), "{not_read}");
        }
    }

    #[test]
    fn a_variable_without_two_underscores_or_plugins_is_told_how_it_is_written() {
        for variable in [
            "EVENT_PLUGINS_TESTS_LEVEL",
            "EVENT_PLUGINS__TESTS__LEVEL",
            "EVENT__PLUGINS_TESTS_LEVEL",
            "EVENT__PLUGINS__TESTS_LEVEL",
            "EVENT__TESTS__LEVEL",
            "EVENT__PLUGIN__TESTS__LEVEL",
            "EVENTS__PLUGINS__TESTS__LEVEL",
            "event_plugins_tests_level",
        ] {
            assert_eq!(
                with_variable(variable),
                format!(
                    "environment variable {variable}: write `EVENT__PLUGINS__TESTS__LEVEL`: two underscores stand \
                     between the keys, the first of which is `PLUGINS`"
                )
            );
        }
        assert!(with_variable("EVENT_PLUGINS_OTHER_LEVEL").contains("write `EVENT__PLUGINS__NAME__KEY`"));
        assert!(with_variable("EVENT__PLUGINS__TESTS").contains("write `EVENT__PLUGINS__TESTS__KEY`"));
    }

    #[test]
    fn variables_of_other_programs_are_left_alone_and_capitals_do_not_count() {
        let others = ["EVENT_TESTS_LEVEL", "EVENTUALLY", "EVENTS", "EVENT", "PLUGINS__TESTS__LEVEL"];
        let ours = [("event__plugins__tests__level", "5")];
        let variables = others.map(|name| (name, "x")).into_iter().chain(ours);
        assert!(app().hook(startup).config_variables(variables).start().wait().is_ok());
    }

    #[test]
    fn a_name_of_no_plugin_that_is_nearly_one_is_told_the_near_miss() {
        let app = app().hook(reads_nothing).start().wait().unwrap();
        for name in ["test", "Tests", "tetss"] {
            assert_eq!(
                app.plugin_config::<Settings>(name).map(drop).unwrap_err().to_string(),
                format!(
                    "invalid configuration for plugin `{name}`: there is no section for it; did you \
                     mean `tests`?"
                )
            );
        }
        assert!(app.plugin_config::<Settings>("event-other").is_ok(), "a plugin that isn't linked");
        let problem = problem(super::app().hook(reads_a_misspelt_name));
        assert!(problem.ends_with("did you mean `tests`?"), "{problem}");
    }
}

/// The only test of this program that has a default app.
#[test]
fn a_second_install_is_told_where_the_first_was() {
    let app = app().start().wait().unwrap();
    app.install().unwrap();
    let first = line!() - 1;
    assert_eq!(
        app.install().unwrap_err().to_string(),
        format!(
            "failed to install the app: another one is the process's default, installed at {}:{first}",
            file!()
        )
    );
}
