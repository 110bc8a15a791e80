//! What the section `[plugins.event-stderr]` changes, and what is wrong with one that is wrong.

use event_core::prelude::*;
use event_core::{AppBuilder, Error};
use event_stderr::{read_settings, write_to_stderr};
use serde_json::Value;

use crate::child::{as_child, assert_tracked, run, section};

#[derive(Event)]
struct UserSeen {
    user: &'static str,
}

#[derive(Event)]
struct UserBanned {
    user: &'static str,
}

#[derive(Event)]
struct Tick;

fn linked(settings: &Value) -> AppBuilder {
    App::builder().config(section(settings))
}

/// An app with this plugin's implementations only.
fn by_hand(settings: &Value) -> AppBuilder {
    let builder = App::builder().without_linked().event::<UserSeen>().event::<UserBanned>().event::<Tick>();
    builder.hook(read_settings).hook(write_to_stderr).config(section(settings))
}

fn track_all(app: &App) {
    assert_tracked(app, UserSeen { user: "eve" });
    assert_tracked(app, UserBanned { user: "mallory" });
    assert_tracked(app, Tick);
}

fn names(stderr: &str) -> Vec<String> {
    let name = |line: &str| {
        let line: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        line["name"].as_str().expect("a name is a text").to_owned()
    };
    stderr.lines().map(name).collect()
}

/// Why the app doesn't start.
fn refused(settings: &Value) -> String {
    match by_hand(settings).start().wait() {
        Err(Error::Startup(failure)) => failure.cause().to_string(),
        other => panic!("not refused: {other:?}"),
    }
}

#[test]
fn include_chooses_and_exclude_wins() {
    for (settings, written) in [
        (json!({}), &["user-seen", "user-banned", "tick"][..]),
        (json!({ "include": ["user-*"] }), &["user-seen", "user-banned"]),
        (json!({ "exclude": ["user-*"] }), &["tick"]),
        (
            json!({ "include": ["tick", "*-seen", "*-banned"], "exclude": ["user-seen"] }),
            &["user-banned", "tick"],
        ),
        (json!({ "include": ["tick"], "exclude": ["*"] }), &[]),
        (json!({ "include": [] }), &[]),
    ] {
        let settings = std::env::var("SETTINGS").map_or(settings, |text| text.parse().expect("JSON"));
        let mut child = as_child("settings::include_chooses_and_exclude_wins", linked(&settings), track_all);
        child.env("SETTINGS", settings.to_string());
        assert_eq!(names(&run(child)), written, "{settings}");
    }
}

#[test]
fn pretty_is_an_aligned_line_without_colours_where_standard_error_is_no_terminal() {
    let at = "2026-11-22T11:57:54.619377Z".parse().expect("a time");
    let builder = by_hand(&json!({ "pretty": true })).clock(move || at);
    let name = "settings::pretty_is_an_aligned_line_without_colours_where_standard_error_is_no_terminal";
    let expected = "\
2026-11-22 11:57:54.619Z  user-seen    ada       user=eve
2026-11-22 11:57:54.619Z  user-banned  ada       user=mallory
2026-11-22 11:57:54.619Z  tick         ada
";
    assert_eq!(run(as_child(name, builder, track_all)), expected);
}

#[derive(Event)]
#[event(name = "what-is-called-much-longer-than-anything-else")]
struct Long;

#[test]
fn one_long_name_does_not_move_the_columns_of_all_others() {
    let name = "settings::one_long_name_does_not_move_the_columns_of_all_others";
    let builder = by_hand(&json!({ "pretty": true, "exclude": ["user-seen"] })).event::<Long>();
    let stderr = run(as_child(name, builder, |app| {
        assert_tracked(app, UserBanned { user: "mallory" });
        assert_tracked(app, Long);
    }));
    let found = ["  user-banned  ada ", "  what-is-called-much-longer-than-anything-else  ada\n"];
    assert!(found.iter().all(|part| stderr.contains(part)), "{stderr}");
}

#[test]
fn auto_is_json_where_standard_error_is_no_terminal() {
    let name = "settings::auto_is_json_where_standard_error_is_no_terminal";
    let child = as_child(name, linked(&json!({ "pretty": "auto" })), track_all);
    assert_eq!(names(&run(child)), ["user-seen", "user-banned", "tick"]);
}

#[test]
fn a_variable_of_the_environment_can_say_pretty() {
    let name = "settings::a_variable_of_the_environment_can_say_pretty";
    let mut child = as_child(name, linked(&json!({})), track_all);
    let stderr = run({
        child.env("EVENT__PLUGINS__EVENT_STDERR__PRETTY", "true");
        child
    });
    assert!(stderr.lines().all(|line| line.contains("Z  ")), "{stderr}");
}

#[test]
fn each_app_has_its_own_settings() {
    let name = "settings::each_app_has_its_own_settings";
    let child = as_child(name, by_hand(&json!({ "exclude": ["tick"] })), |first| {
        let second = by_hand(&json!({ "include": ["tick"] })).start().wait().expect("the app starts");
        track_all(first);
        track_all(&second);
        second.shutdown().wait().expect("the app stops");
    });
    assert_eq!(names(&run(child)), ["user-seen", "user-banned", "tick"]);
}

#[test]
fn without_the_startup_implementation_the_defaults_apply() {
    let name = "settings::without_the_startup_implementation_the_defaults_apply";
    let builder = App::builder().without_linked().event::<UserSeen>().event::<UserBanned>().event::<Tick>();
    let child = as_child(name, builder.hook(write_to_stderr), track_all);
    assert_eq!(names(&run(child)), ["user-seen", "user-banned", "tick"]);
}

/// Or what it hides would be written.
#[test]
fn a_section_without_the_startup_implementation_keeps_the_app_from_starting() {
    let builder = App::builder().without_linked().event::<UserSeen>().hook(write_to_stderr);
    let started = builder.config(section(&json!({ "redact": ["user"] }))).start().wait();
    let why = started.expect_err("the section is unused").to_string();
    assert!(why.contains("unused section `[plugins.event-stderr]`"), "{why}");
}

#[test]
fn a_wrong_setting_keeps_the_app_from_starting_and_is_named() {
    for (settings, key, why) in [
        (json!({ "include": ["tick", "User-*"] }), "include[1]", "\"User-*\" matches no event"),
        (json!({ "exclude": ["ban user"] }), "exclude[0]", "\"ban user\" matches no event"),
        (json!({ "include": "tick" }), "include", "invalid type: string \"tick\", expected a list"),
        (json!({ "redact": ["user..email"] }), "redact[0]", "\"user..email\" is no path"),
        (json!({ "redact": ["user", "Tick:x"] }), "redact[1]", "\"Tick\" matches no event"),
        (json!({ "pretty": "maybe" }), "pretty", "expected `true`, `false` or \"auto\""),
        (json!({ "pretty": 1 }), "pretty", "expected `true`, `false` or \"auto\""),
        (json!({ "redacts": [] }), "redacts", "did you mean `redact`?"),
    ] {
        let found = refused(&settings);
        let wanted = format!("`plugins.event-stderr.{key}`: ");
        assert!(found.contains(&wanted) && found.contains(why), "{settings}\n{found}");
    }
}

#[test]
fn a_path_for_events_that_the_app_does_not_know_keeps_it_from_starting() {
    assert_eq!(
        refused(&json!({ "redact": ["user-*:user", "usr-seen:user"] })),
        "invalid configuration: `plugins.event-stderr.redact[1]`: this app knows no event `usr-seen`"
    );
}
