//! What a program that links event-sqlite is told, and what isn't in it.

use event_core::prelude::*;
use event_core::{AppBuilder, Error};

event_core::plugins![event_sqlite];

#[derive(Event, serde::Deserialize)]
struct OrderPlaced;

#[hookimpl(track_event, durable, explicit)]
fn tell_billing(_event: &OrderPlaced) {}

/// An app with a durable implementation, whose store would be in a directory of its own.
fn app(configured: &serde_json::Value) -> AppBuilder {
    let store = std::env::temp_dir().join(format!("event-told-{}.db", std::process::id()));
    let store = json!({ "plugins": { "event-sqlite": { "store": { "path": store } } } });
    App::builder()
        .config(store)
        .config(json!({ "plugins": configured }))
        .hook(tell_billing)
        .failure_handler(|_| ())
}

fn start_error(builder: AppBuilder) -> Error {
    builder.start().wait().expect_err("the app doesn't start")
}

/// Why it doesn't start, with all causes.
fn why(configured: &serde_json::Value) -> String {
    event_core::plugin::error_line(&start_error(app(configured)))
}

#[test]
fn what_serves_only_tests_is_in_no_program_that_links_the_plugins() {
    let described = app(&json!({})).describe().wait().expect("nothing is started").to_string();
    assert!(
        described.contains("event_sqlite::keep_event") && described.contains("tell_billing"),
        "{described}"
    );
    assert!(!described.contains("testing") && !described.contains("memory"), "{described}");
}

#[test]
fn a_journal_that_is_linked_and_off_is_to_be_switched_on_instead_of_linked() {
    let of_a_plugin = why(&json!({ "event-sqlite": { "enabled": false } }));
    assert!(of_a_plugin.ends_with("; leave that out"), "{of_a_plugin}");
    assert!(of_a_plugin.contains("`plugins.event-sqlite.enabled` is `false`"), "{of_a_plugin}");
    let of_a_store = why(&json!({ "event-sqlite": { "store": { "enabled": false } } }));
    assert!(
        of_a_store.ends_with("`plugins.event-sqlite.store.enabled` is `false`; set it to `true`"),
        "{of_a_store}"
    );
    let chosen = why(&json!({
        "event-sqlite": { "store": { "enabled": false } },
        "event-journal": { "journal": "event-sqlite" },
    }));
    assert!(
        chosen.contains("which `plugins.event-journal.journal` names: `event-sqlite` has none"),
        "{chosen}"
    );
    for told in [of_a_plugin, of_a_store, chosen] {
        assert!(!told.contains("plugins![") && !told.contains("link"), "{told}");
    }
}

#[test]
fn deliveries_that_are_off_are_to_be_switched_on_instead_of_linked() {
    let told = why(&json!({ "event-journal": { "enabled": false } }));
    assert!(
        told.contains("`plugins.event-journal.enabled` is `false`") && !told.contains("plugins!["),
        "{told}"
    );
}

#[test]
fn a_mistake_in_the_settings_of_the_store_is_told_once_and_as_the_stores() {
    for mistake in [json!({ "shutdwon": "1s" }), json!({ "store": { "path": 17 } })] {
        let error = start_error(app(&json!({ "event-sqlite": mistake })));
        let Error::Startup(failure) = &error else { panic!("a `startup` fails: {error:?}") };
        assert_eq!(failure.implementation().path(), "event_sqlite::open_databases");
        let told = format!("{error:?}");
        assert_eq!(told.matches("`plugins.event-sqlite.").count(), 1, "{told}");
    }
}

#[hookimpl(track_event, before = "event_sqlite", explicit)]
fn hurries() {}

#[test]
fn a_neighbour_with_an_underscore_for_a_dash_is_one_problem() {
    let Error::Start(problems) = start_error(app(&json!({})).hook(hurries)) else {
        panic!("it isn't a problem")
    };
    let [problem] = problems.as_slice() else { panic!("one problem: {problems:?}") };
    assert!(problem.to_string().ends_with("did you mean `event-sqlite`?"), "{problem}");
}
