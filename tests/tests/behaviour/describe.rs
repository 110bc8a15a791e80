//! What an app says of itself.

use event_core::describe::{Description, Precedence};
use event_core::observe::{ObservedCall, Observer};
use event_core::prelude::*;

#[derive(Event)]
#[event(version = 2)]
/// A moderator banned a user.
struct BanUser {
    /// Who.
    user: Option<String>,
}

#[derive(Event)]
struct Other;

#[hookimpl(track_event, trylast, after = "not-linked")]
async fn tell(event: &BanUser) {
    let _ = &event.user;
}

#[hookimpl(track_event, tryfirst, essential)]
fn store() {}

#[hookimpl(track_event, wrapper)]
async fn around(next: Next<'_>) -> Outcome {
    next.run().await
}

#[hookimpl(track_event)]
fn others(event: &Other) {
    let _ = event;
}

fn app() -> App {
    let builder = App::builder().without_linked().event::<BanUser>().event::<Other>();
    builder.hook(tell).hook(store).hook(around).hook(others).start().wait().unwrap()
}

#[test]
fn an_event_says_who_would_be_called_in_order() {
    let calls = app().describe().event("ban-user").unwrap();
    assert_eq!((calls.event.version(), calls.event.doc()), (2, "A moderator banned a user."));
    let paths: Vec<_> = calls.implementations.iter().map(|it| it.path()).collect();
    let expected = ["behaviour::describe::around", "behaviour::describe::store", "behaviour::describe::tell"];
    assert_eq!(paths, expected);
    let tell = &calls.implementations[2];
    assert_eq!(
        (tell.precedence(), tell.is_async(), tell.only_event()),
        (Precedence::TryLast, true, Some("behaviour::describe::BanUser"))
    );
    assert_eq!(tell.without_effect(), ["not-linked"]);
    assert!(calls.implementations[1].is_essential() && calls.implementations[0].is_wrapper());
    assert!(app().describe().event("no-such").is_none());
}

#[test]
fn the_table_is_aligned_and_names_every_place() {
    let text = app().describe().event("ban-user").unwrap().to_string();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines[0], "ban-user");
    assert_eq!(lines[1], "  A moderator banned a user.");
    let hears = lines[3].find("hears").unwrap();
    assert!(lines[4..7].iter().all(|line| line[hears - 2..].starts_with("  ")), "{text}");
    assert!(lines[6].contains("trylast, after not-linked (not there)"), "{text}");
    assert!(lines[4..7].iter().all(|line| line.contains("tests/tests/behaviour/describe.rs:")), "{text}");
}

#[test]
fn text_json_and_markdown_hold_the_same() {
    let described = app().describe();
    let (text, page) = (described.to_string(), described.to_markdown());
    let json = serde_json::to_value(&described).unwrap();
    assert_eq!(json["events"][0]["name"], "ban-user");
    assert_eq!(
        json["events"][0]["fields"][0],
        json!({ "name": "user", "rust_type": "Option<String>", "doc": "Who." })
    );
    assert_eq!(json["plugins"][0], json!({ "name": "tests", "version": "0.1.0", "enabled": true }));
    assert_eq!(json["hooks"][0]["signature"], "fn track_event(app: &App, event: &Tracked)");
    for it in json["hooks"][0]["implementations"].as_array().unwrap() {
        for form in [&text, &page] {
            assert!(form.contains(it["path"].as_str().unwrap()), "{form}");
            assert!(form.contains(it["location"].as_str().unwrap()), "{form}");
        }
    }
    assert!(page.contains("## ban-user\n\nA moderator banned a user.\n\n"), "{page}");
    assert!(
        page.contains("| user | Option&lt;String> | Who. |"),
        "a browser would take `<String>` for a tag: {page}"
    );
}

#[test]
fn a_disabled_plugin_is_shown_as_one_and_its_implementations_with_the_reason_why_none_is_called() {
    let builder = || {
        let builder = App::builder().without_linked().event::<BanUser>().event::<Other>();
        let builder = builder.hook(store).hook(tell).on(|_: &BanUser| ());
        builder.config(json!({ "plugins": { "tests": { "enabled": false } } }))
    };
    let described = builder().describe().wait().unwrap();
    let started = builder().start().wait().unwrap().describe();
    for described in [described, started] {
        let enabled: Vec<_> = described.plugins.iter().map(|it| (it.plugin.name(), it.enabled)).collect();
        assert_eq!(enabled, [("app", true), ("tests", false)]);
        let calls = described.event("ban-user").unwrap();
        let called: Vec<_> = calls.implementations.iter().map(|it| it.path()).collect();
        assert_eq!(called, ["a closure"]);
        let not_called: Vec<_> = calls.not_called.iter().map(|it| (it.path(), it.not_called())).collect();
        let reason = "plugin `tests` is disabled: `plugins.tests.enabled` is `false` in configuration";
        assert_eq!(
            not_called,
            [("behaviour::describe::tell", Some(reason)), ("behaviour::describe::store", Some(reason))]
        );
        assert_eq!(described.event("other").unwrap().not_called.len(), 1);
        let text = calls.to_string();
        assert_eq!(text.matches("not called: plugin `tests` is disabled").count(), 2, "{text}");
        let json = serde_json::to_value(&described).unwrap();
        assert_eq!(json["hooks"][0]["not_called"][0]["not_called"], reason);
    }
}

/// May this event be shown to this reader?
#[hookspec(firstresult)]
fn may_show(app: &App, event: &Tracked, reader: &str) -> bool;

#[hookimpl(may_show, trylast, before = "not-linked", after = "tests-of-others", essential)]
async fn show_bans(event: &BanUser) -> Option<bool> {
    event.user.as_ref().map(|user| user != "root")
}

#[hookimpl(may_show, wrapper, tryfirst)]
async fn ask_twice(next: Next<'_, may_show>) -> Outcome<may_show> {
    next.run().await
}

/// Programs read it, so a change here is a change for them.
#[test]
fn the_json_of_a_description_stays_as_it_is_byte_for_byte() {
    let builder = App::builder().without_linked().event::<BanUser>().event::<Other>();
    let app = builder.hook(show_bans).hook(ask_twice).start().wait().unwrap();
    let json = serde_json::to_string_pretty(&app.describe()).unwrap();
    let mut parts = json.split("describe.rs:");
    let mut json = parts.next().unwrap().to_owned();
    for part in parts {
        json.push_str("describe.rs:LINE");
        json.push_str(part.trim_start_matches(|c: char| c.is_ascii_digit()));
    }
    assert_eq!(json + "\n", include_str!("described.json"));
}

mod without_a_start {
    use super::*;

    #[derive(Event)]
    struct Imported<T> {
        item: T,
    }

    #[derive(Event)]
    #[event(name = "other")]
    struct SameName;

    #[hookimpl]
    fn startup() {
        unreachable!("nothing is started");
    }

    #[hookimpl]
    fn shutdown() {
        unreachable!("nothing is stopped");
    }

    #[hookimpl]
    fn register_observers() -> Vec<Box<dyn Observer>> {
        unreachable!("no observer is asked for");
    }

    #[hookimpl]
    fn register_events() -> Vec<EventType> {
        vec![EventType::of::<Imported<u8>>()]
    }

    #[hookimpl(register_events)]
    fn reads_its_section(app: &App) -> event_core::Result<Vec<EventType>> {
        app.plugin_config::<serde_json::Value>("tests")?;
        Ok(Vec::new())
    }

    struct TellsNothing;

    impl Observer for TellsNothing {
        fn before(&self, _: &ObservedCall<'_>) {
            unreachable!("no call is watched");
        }
    }

    fn not_annotated() {}

    fn problems(described: &Description) -> Vec<String> {
        described.problems.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_description_is_that_of_the_app_when_it_runs() {
        let described = |builder: event_core::AppBuilder| {
            let builder = builder.event::<BanUser>().event::<Other>().hook(register_events);
            builder.hook(tell).hook(store).hook(around).hook(others)
        };
        let builder = || described(App::builder().without_linked());
        let running = builder().start().wait().unwrap().describe();
        let described = builder().describe().wait().unwrap();
        assert_eq!(json!(described), json!(running));
        assert_eq!(described.to_string(), running.to_string());
        assert!(described.event("imported").is_some() && described.problems.is_empty());
    }

    #[test]
    fn only_register_events_is_called_and_no_reference_is_resolved() {
        let section = json!({
            "token": { "$env": "NOT_SET_ANYWHERE" },
            "keys": [{ "key": { "$file": "/no/such/file" } }],
        });
        let builder = App::builder().without_linked().event::<Other>().observer(TellsNothing);
        let builder = builder.hook(startup).hook(shutdown).hook(register_observers).hook(register_events);
        let builder = builder.config(json!({ "plugins": { "tests": section } }));
        let described = builder.describe().wait().unwrap();
        assert!(described.problems.is_empty(), "{:?}", described.problems);
        let hooks: Vec<_> = described.hooks.iter().map(|it| it.hook.name()).collect();
        assert_eq!(hooks, ["register_events", "register_observers", "shutdown", "startup"]);
        assert!(!json!(described).to_string().contains("NOT_SET_ANYWHERE"));
    }

    #[test]
    fn what_is_wrong_is_among_the_problems_and_the_rest_is_described_all_the_same() {
        let builder = App::builder().without_linked().event::<Other>().event::<SameName>();
        let builder = builder.hook(not_annotated).hook(tell).hook(reads_its_section);
        let builder = builder.config(json!({ "plugins": { "tests": { "token": { "$env": "X" } } } }));
        let described = builder.config(json!({ "plguins": {} })).describe().wait().unwrap();
        let problems = problems(&described);
        for part in [
            "not_annotated`, given to the builder at",
            "did you mean `plugins`?",
            "two events are called `other`",
            "references (`$env`, `$file`), which are resolved only when the app starts",
        ] {
            assert_eq!(problems.iter().filter(|it| it.contains(part)).count(), 1, "{part}: {problems:#?}");
        }
        let text = described.to_string();
        assert!(text.starts_with("Problems\n  ") && text.contains("two events are called other"), "{text}");
        assert_eq!(json!(described)["problems"].as_array().map(Vec::len), Some(problems.len()));
    }
}
