//! Text for a terminal or a line contains no control sequences, wherever it comes from.

use event_core::plugin::NamePattern;
use event_core::prelude::*;
use event_core::{Error, Record, Tracked};

/// A line break, an escape sequence, a C1 control that some terminals take for one, line separators, and text turned
/// around.
const BAD: &str = "a\r\n\u{1b}[31m\u{9b}2J\u{7f}\u{85}\u{2028}\u{2029}\u{202e}\u{2066}\u{feff}z";

#[track_caller]
fn assert_is_one_plain_line(shown: &str) {
    let is_obeyed =
        |c: char| c.is_control() || ('\u{2028}'..='\u{202e}').contains(&c) || "\u{2066}\u{feff}".contains(c);
    assert!(!shown.chars().any(is_obeyed), "{shown:?}");
    assert!(shown.contains(r"a\r\n\u001b[31m\u009b2J\u007f\u0085\u2028\u2029\u202e\u2066\ufeffz"), "{shown}");
}

#[derive(Event)]
struct Tick {
    key: std::collections::BTreeMap<String, f64>,
}

fn tick() -> Tick {
    Tick { key: [(BAD.to_owned(), f64::NAN)].into() }
}

#[hookimpl(track_event)]
fn fails() -> Result<(), String> {
    Err(BAD.to_owned())
}

#[hookimpl(track_event)]
fn panics() {
    panic!("{BAD}");
}

#[hookimpl(track_event)]
fn writes(event: &Tracked) -> event_core::Result<()> {
    event.properties_json()?;
    Ok(())
}

#[test]
fn a_failure_is_one_line_whatever_its_error_panic_or_key_says() {
    let app = App::builder().without_linked().event::<Tick>().hook(fails).hook(panics).hook(writes);
    let app = app.failure_handler(|_| ()).start().wait().unwrap();
    let receipt = app.track(tick()).wait().unwrap();
    assert_eq!(receipt.failures().len(), 3);
    for failure in receipt.failures() {
        assert_is_one_plain_line(&failure.to_line());
    }
    // As a `main` that returns it prints it: a line for the error, and one for each cause.
    let error = Error::Refused(receipt.failures()[0].clone());
    let shown = format!("{error:?}");
    let (first, cause) = shown.split_once('\n').expect("it has a cause");
    assert!(first.starts_with("refused: "), "{first}");
    assert_is_one_plain_line(cause);
}

#[test]
fn what_keeps_an_app_from_starting_is_a_line_for_each_problem() {
    let value = json!({ "plugins": { BAD: { "x": 1 } } });
    let Err(error @ Error::Start(_)) = App::builder().without_linked().config(value).start().wait() else {
        panic!("the plugin isn't linked");
    };
    let shown = error.to_string();
    assert_eq!(shown.lines().count(), 2, "{shown}");
    assert_is_one_plain_line(shown.lines().last().expect("a problem"));
}

#[hookimpl]
fn startup(app: &App) -> event_core::Result<()> {
    app.plugin_config::<std::collections::BTreeMap<String, u8>>("tests").map(drop)
}

#[test]
fn what_is_wrong_with_a_section_is_on_one_line() {
    let value = json!({ "plugins": { "tests": { BAD: BAD } } });
    let started =
        App::builder().without_linked().hook(startup).config(value).failure_handler(|_| ()).start().wait();
    let Err(Error::Startup(failure)) = started else { panic!("a text is no number") };
    let shown = failure.cause().to_string();
    assert!(!shown.contains(char::is_control), "{shown:?}");
    assert_is_one_plain_line(&failure.to_line());
}

fn record(name: &str) -> Result<Record, serde_json::Error> {
    serde_json::from_value(json!({
        "id": "019aab2c-5a00-7000-8000-000000000001", "name": name, "created": "2026-11-22T11:57:54Z",
        "actor": { "id": BAD }, "properties": {},
    }))
}

#[test]
fn a_record_whose_name_no_event_could_have_is_refused() {
    for name in
        ["", "Ban-User", "ban user", "ban--user", "ban-user\n", "ban\"user", "bän", "-", "ban-user-", BAD]
    {
        let why = record(name).expect_err(name).to_string();
        assert!(why.contains("no event can be called so") && !why.contains(char::is_control), "{why:?}");
    }
    for name in ["ban-user", "db.row_inserted.v2", "x"] {
        assert_eq!(record(name).expect("an event can be called so").name, name);
    }
}

#[test]
fn an_actor_and_a_record_that_was_renamed_are_shown_on_one_line() {
    let mut record = record("tick").expect("it is a record");
    let actor = record.actor.clone().expect("it has one").to_string();
    assert_is_one_plain_line(&actor);
    assert_eq!(
        serde_json::from_str::<Actor>(&actor).expect("it is JSON"),
        record.actor.clone().expect("as above")
    );
    BAD.clone_into(&mut record.name);
    record.properties.insert("deep".to_owned(), (0..200).fold(json!(null), |inner, _| json!([inner])));
    let error = (&record as &Tracked).properties_json().expect_err("it is too deep").to_string();
    assert_is_one_plain_line(&error);
}

#[derive(Event)]
#[doc = "a\r\u{1b}[31m\u{9b}2J\u{2028}\u{202e}z"]
struct Documented;

#[test]
fn a_description_obeys_no_doc_comment() {
    let app = App::builder().without_linked().event::<Documented>().start().wait().unwrap();
    let described = app.describe();
    for shown in [described.to_string(), described.to_markdown()] {
        assert!(shown.contains(r"a\r\u001b[31m\u009b2J\u2028\u202ez"), "{shown}");
        assert!(!shown.contains(|c: char| (c.is_control() && c != '\n') || c == '\u{202e}'), "{shown:?}");
    }
}

#[derive(Debug, serde::Deserialize)]
struct NoSettings {}

#[hookimpl(startup)]
fn read_settings(app: &App) -> event_core::Result<()> {
    app.plugin_config::<NoSettings>("tests").map(drop)
}

/// As a `main` that returns it prints it.
#[test]
fn the_debug_of_an_error_of_a_part_is_its_text_with_a_line_for_each_cause() {
    let app = App::builder().without_linked().event::<Tick>().start().wait().unwrap();
    let recorder = app.recorder();
    app.track(Tick { key: [("a".to_owned(), f64::NAN)].into() }).wait().unwrap();
    let broken = recorder.last().unwrap().properties_json().map(drop).unwrap_err();
    let text = "the properties of event `tick` can't be written as JSON\n  caused by: `key`: `a`: NaN is not a JSON number";
    assert_eq!(format!("{broken:?}"), text);

    let pattern = NamePattern::try_from("User".to_owned()).unwrap_err();
    assert_eq!(format!("{pattern:?}"), pattern.to_string());

    let builder = App::builder().without_linked().hook(read_settings);
    let Err(Error::Startup(failure)) =
        builder.config(json!({ "plugins": { "tests": { "x": 1 } } })).start().wait()
    else {
        panic!("`x` is unknown")
    };
    let Some(Error::Config(wrong)) = failure.cause().downcast_ref() else { panic!("{failure:?}") };
    assert_eq!(format!("{wrong:?}"), wrong.to_string());
    assert!(wrong.to_string().contains("unknown key"), "{wrong}");
}
