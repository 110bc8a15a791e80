//! Errors of other crates in functions that return an `event_core::Result`.

use std::error::Error as StdError;
use std::fmt;

use event_core::Error;
use event_core::prelude::*;

#[derive(Event)]
struct Ping {
    error: &'static str,
}

type AnyError = Box<dyn StdError + Send + Sync>;

#[derive(Debug)]
struct Mine;

impl fmt::Display for Mine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("mine")
    }
}

impl StdError for Mine {}

impl event_core::error::Foreign for Mine {}

fn io() -> std::io::Error {
    std::io::Error::new(std::io::ErrorKind::NotFound, "no such file")
}

fn give(error: &str) -> event_core::Result<()> {
    match error {
        "json" => drop(serde_json::from_str::<u8>("x")?),
        "io" => Err(io())?,
        "number" => drop("x".parse::<u8>()?),
        "box" => Err(AnyError::from(io()))?,
        "anyhow" => Err(anyhow::Error::new(io()).context("reading the list"))?,
        "text" => return Err("a text".into()),
        "string" => return Err(format!("a {}", "string").into()),
        "mine" => Err(Mine)?,
        "other" => return Err(Error::other(fmt::Error)),
        _ => Err(Error::ShutDown)?,
    }
    Ok(())
}

#[hookimpl(track_event)]
fn plain(event: &Ping) -> event_core::Result<()> {
    give(event.error)
}

#[hookimpl(track_event)]
async fn later(event: &Ping) -> event_core::Result<()> {
    give(event.error)
}

#[hookimpl(track_event, wrapper)]
async fn around(event: &Ping, next: Next<'_>) -> event_core::Result<Outcome> {
    give(event.error)?;
    Ok(next.run().await)
}

fn failures(error: &'static str) -> Vec<event_core::Failure> {
    let app = App::builder().without_linked().event::<Ping>().hook(plain).hook(later).hook(around);
    let app = app.on(|event: &Ping| give(event.error)).failure_handler(|_| ()).start().wait().unwrap();
    app.track(Ping { error }).wait().unwrap().failures().to_vec()
}

fn all_are<E: StdError + 'static>(error: &'static str) {
    let failures = failures(error);
    assert_eq!(failures.len(), 4);
    for failure in failures {
        assert!(failure.cause().downcast_ref::<E>().is_some(), "{error}: {failure:?}");
    }
}

#[test]
fn the_cause_of_a_failure_is_the_foreign_error_itself() {
    all_are::<serde_json::Error>("json");
    all_are::<std::io::Error>("io");
    all_are::<std::num::ParseIntError>("number");
    all_are::<std::io::Error>("box");
    all_are::<Mine>("mine");
    all_are::<fmt::Error>("other");
}

#[test]
fn texts_and_errors_with_causes_read_as_they_were_given() {
    for (error, expected) in [
        ("text", "failed on event `ping`: a text"),
        ("string", "failed on event `ping`: a string"),
        ("anyhow", "failed on event `ping`: reading the list: no such file"),
        ("box", "failed on event `ping`: no such file"),
    ] {
        for failure in failures(error) {
            assert!(failure.to_line().ends_with(expected), "{}", failure.to_line());
        }
    }
}

#[test]
fn an_error_of_event_core_stays_what_it_is() {
    assert!(matches!(give("own"), Err(Error::ShutDown)));
    all_are::<Error>("own");
}

#[test]
fn a_caller_sees_the_foreign_error_with_its_cause() {
    let error = give("anyhow").unwrap_err();
    assert_eq!(error.to_string(), "reading the list");
    assert_eq!(error.source().unwrap().to_string(), "no such file");
    assert_eq!(format!("{error:?}"), "reading the list\n  caused by: no such file");
    let Error::Foreign(error) = give("io").unwrap_err() else { panic!("it is another crate's") };
    assert!(error.downcast::<std::io::Error>().is_ok());
}

#[test]
fn an_error_goes_on_into_errors_of_other_crates() {
    fn into_anyhow() -> anyhow::Result<()> {
        Ok(give("io")?)
    }
    fn into_a_box() -> Result<(), AnyError> {
        Ok(give("io")?)
    }
    assert_eq!(into_anyhow().unwrap_err().to_string(), "no such file");
    assert_eq!(into_a_box().unwrap_err().to_string(), "no such file");
}
