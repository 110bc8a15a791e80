//! Which times an event can have: those whose texts sort as they do.

use chrono::{DateTime, Utc};
use event_core::plugin::write_rfc3339;
use event_core::prelude::*;
use event_core::{Error, Record};

#[derive(Event)]
struct Tick;

fn at(time: &str) -> DateTime<Utc> {
    time.parse().expect("a time")
}

/// The first and the last time that an event can have.
const FIRST_AND_LAST: [&str; 2] = ["0000-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"];

const OUTSIDE: [&str; 4] = [
    "-0001-12-31T23:59:59.999999999Z",
    "+10000-01-01T00:00:00Z",
    "-200000-01-01T00:00:00Z",
    "+200000-01-01T00:00:00Z",
];

const LEAP_SECOND: &str = "2016-12-31T23:59:60.5Z";

#[hookimpl(track_event, essential)]
fn never_called_in_vain(event: &Tracked) {
    let mut text = Vec::new();
    write_rfc3339(event.created(), &mut text);
    assert_eq!(text.len(), "2026-11-22T11:57:54.619377Z".len(), "{}", String::from_utf8_lossy(&text));
}

fn app() -> App {
    let app = App::builder().without_linked().event::<Tick>().hook(never_called_in_vain);
    app.start().wait().expect("it starts")
}

#[test]
fn an_event_of_a_year_that_rfc_3339_lacks_or_in_a_leap_second_is_not_tracked() {
    let app = app();
    for time in OUTSIDE.into_iter().chain([LEAP_SECOND]) {
        let waited = app.track(Tick).at(at(time)).wait().map(drop);
        let awaited = smol::block_on(async { app.track(Tick).at(at(time)).await.map(drop) });
        let prepared = app.track(Tick).at(at(time)).prepare().map(drop);
        let clock = App::builder().without_linked().event::<Tick>().clock(move || at(time));
        let by_the_clock = clock.start().wait().expect("it starts").track(Tick).wait().map(drop);
        for refused in [waited, awaited, prepared, by_the_clock] {
            let error = refused.expect_err(time);
            assert!(matches!(error, Error::Envelope { name: "tick", .. }), "{error}");
            assert!(error.to_string().starts_with("failed to track event `tick`: its time "), "{error}");
        }
    }
}

#[test]
fn an_event_has_the_time_that_was_given_up_to_both_ends() {
    let app = app();
    for time in
        FIRST_AND_LAST.into_iter().chain(["2016-12-31T23:59:59.999999Z", "1969-12-31T23:59:59.000001Z"])
    {
        let prepared = app.track(Tick).at(at(time)).prepare().expect(time);
        assert_eq!(prepared.event().created(), at(time));
        prepared.deliver().wait().and_then(event_core::Receipt::strict).expect(time);
    }
}

#[test]
fn a_record_has_the_same_years_and_keeps_a_leap_second() {
    let record = |time: &str| {
        serde_json::from_value::<Record>(json!({
            "id": "019aab2c-5a00-7000-8000-000000000001", "name": "tick", "created": time, "properties": {},
        }))
    };
    for time in OUTSIDE {
        let why = record(time).expect_err(time).to_string();
        assert!(why.contains("outside of the years 0 to 9999"), "{why}");
    }
    for time in FIRST_AND_LAST.into_iter().chain([LEAP_SECOND]) {
        let record = record(time).expect(time);
        assert_eq!(record.created, at(time));
        let again: Record =
            serde_json::from_str(&serde_json::to_string(&record).expect("JSON")).expect("JSON");
        assert_eq!(again.created, at(time));
        let mut text = Vec::new();
        write_rfc3339(record.created, &mut text);
        assert_eq!(at(&String::from_utf8(text).expect("a time is ASCII")), at(time));
    }
}
