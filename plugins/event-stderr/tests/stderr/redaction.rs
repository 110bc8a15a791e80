//! Whether what is redacted stays out of everything that is written.

use event_core::AppBuilder;
use event_core::prelude::*;
use event_stderr::{read_settings, write_to_stderr};
use serde::Serialize;
use serde_json::Value;

use crate::child::{as_child, assert_tracked, failure, run, section};

const SECRET: &str = "hunter2";

#[derive(Event)]
struct SignUp {
    user: Account,
    items: Vec<Item>,
}

#[derive(Serialize)]
struct Account {
    name: &'static str,
    password: Option<&'static str>,
}

#[derive(Serialize)]
struct Item {
    token: &'static str,
}

/// An event whose `user` has another shape.
#[derive(Event)]
struct Login {
    user: &'static str,
}

fn sign_up() -> SignUp {
    SignUp {
        user: Account { name: "ada", password: Some(SECRET) },
        items: vec![Item { token: SECRET }, Item { token: "hunter2 too" }],
    }
}

/// What makes `track_early` do something: it is part of every app of this program.
struct Early;

/// Before `read_settings`.
#[hookimpl(startup, tryfirst)]
fn track_early(app: &App) {
    if app.state::<Early>().is_ok() {
        assert_tracked(app, sign_up());
    }
}

/// Has the event keep its properties as text and as a map, secret and all, before this plugin's turn.
#[hookimpl(track_event, tryfirst)]
fn ask_for_both_forms(event: &Tracked<SignUp>) {
    assert!(event.properties_json().expect("it is JSON").contains(SECRET));
    assert_eq!(event.properties().expect("it is JSON")["user"]["password"], SECRET);
}

fn app(settings: &Value) -> AppBuilder {
    let builder = App::builder().without_linked().event::<SignUp>().event::<Login>();
    builder.hook(read_settings).hook(write_to_stderr).hook(ask_for_both_forms).config(section(settings))
}

const PATHS: [&str; 2] = ["sign-up:user.password", "items.*.token"];

#[test]
fn a_secret_is_in_no_json_line() {
    let child = as_child("redaction::a_secret_is_in_no_json_line", app(&json!({ "redact": PATHS })), |app| {
        assert_tracked(app, sign_up());
        assert_tracked(app, Login { user: "ada" });
    });
    let stderr = run(child);
    assert!(!stderr.contains(SECRET), "{stderr}");
    let ends = [
        r#""properties":{"user":{"name":"ada","password":"***"},"items":[{"token":"***"},{"token":"***"}]}}"#,
        r#""properties":{"user":"ada"}}"#,
    ];
    assert_eq!(stderr.lines().count(), 2);
    assert!(stderr.lines().zip(ends).all(|(line, end)| line.ends_with(end)), "{stderr}");
}

#[test]
fn a_secret_is_in_no_line_for_people() {
    let settings = json!({ "redact": PATHS, "pretty": true });
    let child = as_child("redaction::a_secret_is_in_no_line_for_people", app(&settings), |app| {
        assert_tracked(app, sign_up());
    });
    let stderr = run(child);
    assert!(!stderr.contains(SECRET), "{stderr}");
    let end = r#"user={"name":"ada","password":"***"} items=[{"token":"***"},{"token":"***"}]"#;
    assert!(stderr.trim_end().ends_with(end), "{stderr}");
}

#[test]
fn the_linked_plugin_redacts() {
    let builder = App::builder().config(section(&json!({ "redact": ["user"] })));
    let child = as_child("redaction::the_linked_plugin_redacts", builder, |app| {
        assert_tracked(app, Login { user: SECRET });
    });
    let stderr = run(child);
    assert!(stderr.ends_with("\"properties\":{\"user\":\"***\"}}\n"), "{stderr}");
}

#[test]
fn a_missing_secret_is_no_reason_not_to_write() {
    let name = "redaction::a_missing_secret_is_no_reason_not_to_write";
    let child = as_child(
        name,
        app(&json!({ "redact": ["password", "user"] })).on::<Tracked<Login>, ()>(|_| ()),
        |app| {
            assert_tracked(app, Login { user: "ada" });
        },
    );
    assert_eq!(run(child).lines().count(), 1);
}

#[test]
fn where_a_path_cant_be_applied_nothing_is_written_and_the_failure_says_so_without_the_secret() {
    for pretty in ["true", "false"] {
        let pretty = std::env::var("PRETTY").unwrap_or_else(|_| pretty.to_owned());
        let name = "redaction::where_a_path_cant_be_applied_nothing_is_written_and_the_failure_says_so_without_the_secret";
        let settings = json!({ "redact": ["user.password"], "pretty": pretty });
        let mut child = as_child(name, app(&settings), |app| {
            let failure = failure(app, Login { user: SECRET });
            assert_eq!(
                failure.cause().to_string(),
                "failed to redact `user.password`, so the event isn't written: `user` is a text, where an object \
                 or a list should be"
            );
            assert!(!format!("{failure:?}{}", failure.to_line()).contains(SECRET));
        });
        child.env("PRETTY", &pretty);
        assert_eq!(run(child), "");
    }
}

/// Settings are read at their first use.
#[test]
fn an_event_that_is_tracked_before_the_plugin_starts_is_redacted() {
    let builder = app(&json!({ "redact": PATHS })).insert(Early).hook(track_early);
    let name = "redaction::an_event_that_is_tracked_before_the_plugin_starts_is_redacted";
    let stderr = run(as_child(name, builder, |_| ()));
    assert_eq!((stderr.lines().count(), stderr.contains(SECRET)), (1, false), "{stderr}");
}
