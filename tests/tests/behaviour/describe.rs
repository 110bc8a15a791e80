//! What an app says of itself.

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
    assert_eq!((calls.event.version, calls.event.doc), (2, "A moderator banned a user."));
    let paths: Vec<_> = calls.implementations.iter().map(|it| it.path.as_str()).collect();
    let expected = ["behaviour::describe::around", "behaviour::describe::store", "behaviour::describe::tell"];
    assert_eq!(paths, expected);
    let tell = &calls.implementations[2];
    assert_eq!(
        (tell.class, tell.is_async, tell.only_event),
        ("trylast", true, Some("behaviour::describe::BanUser"))
    );
    assert_eq!(tell.without_effect, ["not-linked"]);
    assert!(calls.implementations[1].essential && calls.implementations[0].wrapper);
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
fn a_disabled_plugin_is_shown_as_one() {
    let builder = App::builder().without_linked().event::<BanUser>().hook(store);
    let app = builder.config(json!({ "plugins": { "tests": { "enabled": false } } })).start().wait().unwrap();
    let described = app.describe();
    assert!(!described.plugins[0].enabled);
    assert!(described.event("ban-user").unwrap().implementations.is_empty());
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
