//! What becomes of an event whose call fails.

use std::error::Error as StdError;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use event_core::durable::{Rejected, Retry, Stop};
use serde_json::json;

use crate::orders::{BILLING, BoxError, Setup};

const DAY: Duration = Duration::from_hours(24);
/// A millisecond less.
const NEARLY_A_DAY: Duration = Duration::from_millis(86_399_999);
const NEARLY_90_S: Duration = Duration::from_millis(89_999);
const MILLISECOND: Duration = Duration::from_millis(1);

#[test]
fn an_outage_is_tried_again_without_limit() {
    let setup = Setup::new(|_, _| Err(Retry::new("down").into()))
        .configured(json!({ "consumers": { BILLING: { "max_attempts": 2, "give_up_after_s": 60 } } }));
    let shop = setup.start();
    shop.place(0..2);
    assert_eq!(shop.settled(), [(0, 1)]);
    for attempt in 2..200 {
        assert_eq!(shop.after(Duration::from_mins(1)), [(0, attempt)], "pauses are at most a minute");
    }
    assert_eq!((shop.status().dead, shop.status().attempts), (0, 199));
}

#[test]
fn a_delay_that_the_error_names_is_waited_for_to_the_millisecond() {
    let setup = Setup::new(|_, delivery| match delivery.attempt() {
        1 => Err(Retry::after(Duration::from_secs(90), "busy").into()),
        _ => Ok(()),
    });
    let shop = setup.start();
    shop.place(0..1);
    assert_eq!(shop.settled(), [(0, 1)]);
    assert_eq!(shop.after(NEARLY_90_S), []);
    assert_eq!(shop.after(MILLISECOND), [(0, 2)]);
}

#[test]
fn a_delay_without_end_holds_up_only_its_consumer_and_survives_a_restart() {
    let setup = Setup::new(|_, _| Err(Retry::after(Duration::MAX, "never").into()));
    let shop = setup.start();
    shop.place(0..2);
    assert_eq!(shop.settled(), [(0, 1)]);
    assert_eq!(shop.after(DAY * 365), []);
    drop(shop);
    let shop = setup.start();
    assert_eq!(shop.settled(), []);
    assert_eq!(shop.now(), [(0, 2)]);
}

#[test]
fn the_time_of_the_next_try_survives_a_restart() {
    let setup = Setup::new(|_, _| Err(Retry::after(Duration::from_secs(90), "busy").into()));
    let shop = setup.start();
    shop.place(0..1);
    assert_eq!(shop.settled(), [(0, 1)]);
    drop(shop);
    let shop = setup.start();
    assert_eq!(shop.after(NEARLY_90_S), []);
    assert_eq!(shop.after(MILLISECOND), [(0, 2)]);
}

#[test]
fn a_consumer_that_is_resumed_keeps_the_time_of_the_next_try() {
    let setup = Setup::new(|_, _| Err(Retry::after(Duration::from_secs(90), "busy").into()));
    let shop = setup.start();
    shop.place(0..1);
    assert_eq!(shop.settled(), [(0, 1)]);
    shop.deliveries().pause(BILLING).wait().expect("it is paused");
    shop.deliveries().resume(BILLING).wait().expect("it is resumed");
    assert_eq!(shop.after(NEARLY_90_S), []);
    assert_eq!(shop.after(MILLISECOND), [(0, 2)]);
}

#[test]
fn what_the_receiver_rejects_is_a_dead_letter_at_once_and_the_later_events_go_on() {
    let setup = Setup::new(|order, _| match order {
        1 => Err(Rejected::new("no such customer").into()),
        _ => Ok(()),
    });
    let shop = setup.start();
    shop.place(0..4);
    assert_eq!(shop.settled(), [(0, 1), (1, 1), (2, 1), (3, 1)]);
    let letters = shop.dead_letters();
    let [letter] = &*letters else { panic!("{letters:?}") };
    assert_eq!((letter.seq, &*letter.event_name, letter.attempts), (2, "order-placed", 1));
    assert!(letter.reason.contains("no such customer"), "{letter}");
    assert!(letter.location.contains("orders.rs:"), "{letter}");
    let status = shop.status();
    assert_eq!((status.delivered, status.dead, status.backlog), (3, 1, Some(0)));
}

/// The first attempt of the first order says `Stop`.
fn with_a_wrong_password() -> Setup {
    Setup::new(|order, delivery| match (order, delivery.attempt()) {
        (0, 1) => Err(Stop::new("wrong password").into()),
        _ => Ok(()),
    })
}

#[test]
fn an_error_that_says_stop_pauses_the_consumer_until_it_is_resumed() {
    let setup = with_a_wrong_password();
    let shop = setup.start();
    shop.place(0..2);
    assert_eq!(shop.settled(), [(0, 1)]);
    assert_eq!(shop.after(DAY * 2), []);
    assert_eq!(shop.now(), []);
    assert!(shop.status().paused.is_some_and(|reason| reason.contains("wrong password")));
    assert_eq!(shop.status().backlog, Some(2));
    shop.deliveries().resume(BILLING).wait().expect("it is resumed");
    assert_eq!(shop.settled(), [(0, 2), (1, 1)]);
    assert_eq!(shop.status().paused, None);
}

#[test]
fn an_error_that_says_stop_pauses_the_consumer_until_a_restart() {
    let setup = with_a_wrong_password();
    let shop = setup.start();
    shop.place(0..2);
    assert_eq!(shop.settled(), [(0, 1)]);
    drop(shop);
    let shop = setup.start();
    assert_eq!(shop.settled(), [(0, 2), (1, 1)]);
}

#[test]
fn any_other_error_is_tried_for_24_hours_and_not_for_a_millisecond_less() {
    let setup = Setup::new(|_, _| Err("billing is down".into()));
    let shop = setup.start();
    shop.place(0..1);
    assert_eq!(shop.settled(), [(0, 1)]);
    assert_eq!(shop.after(NEARLY_A_DAY), [(0, 2)]);
    assert_eq!(shop.status().dead, 0);
    shop.clock.advance(MILLISECOND);
    assert_eq!(shop.now(), [(0, 3)]);
    assert_eq!(shop.dead_letters()[0].attempts, 3);
    assert_eq!(
        shop.dead_letters()[0].died - shop.dead_letters()[0].first_attempt,
        chrono::TimeDelta::days(1)
    );
}

#[test]
fn an_outage_of_an_hour_that_a_plain_error_reports_kills_nothing() {
    let setup = Setup::new(|_, delivery| {
        let is_up = delivery.attempt() > 9;
        if is_up { Ok(()) } else { Err("billing is down".into()) }
    });
    let shop = setup.start();
    shop.place(0..3);
    shop.settled();
    for _ in 0..60 {
        shop.after(Duration::from_mins(10));
    }
    assert_eq!((shop.status().delivered, shop.status().dead), (3, 0));
}

#[test]
fn any_other_error_is_tried_as_often_as_configured() {
    let setup = Setup::new(|order, _| if order == 0 { Err("no".into()) } else { Ok(()) })
        .configured(json!({ "consumers": { BILLING: { "max_attempts": 3 } } }));
    let shop = setup.start();
    shop.place(0..2);
    assert_eq!(shop.settled(), [(0, 1)]);
    assert_eq!(shop.now(), [(0, 2)]);
    assert_eq!(shop.now(), [(0, 3), (1, 1)]);
    assert_eq!(shop.dead_letters()[0].attempts, 3);
}

#[test]
fn an_event_is_given_up_after_the_configured_time() {
    let setup = Setup::new(|_, _| Err("no".into()))
        .configured(json!({ "consumers": { BILLING: { "give_up_after_s": 60 } } }));
    let shop = setup.start();
    shop.place(0..1);
    assert_eq!(shop.settled(), [(0, 1)]);
    assert_eq!(shop.after(Duration::from_millis(59_999)), [(0, 2)]);
    assert_eq!(shop.status().dead, 0);
    shop.clock.advance(MILLISECOND);
    assert_eq!(shop.now(), [(0, 3)]);
    assert_eq!(shop.status().dead, 1);
}

/// An error of the application's own, with a source.
#[derive(Debug)]
struct NotSent(BoxError);

impl fmt::Display for NotSent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("failed to send the order")
    }
}

impl StdError for NotSent {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&*self.0)
    }
}

/// Shows the texts of an error, and as its source that of the error: so does `anyhow::Error`.
#[derive(Debug)]
struct Hiding(BoxError);

impl fmt::Display for Hiding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl StdError for Hiding {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source()
    }
}

#[test]
fn a_class_is_found_within_any_error() {
    let wraps: [fn(BoxError) -> BoxError; 4] = [
        |error| error,
        |error| NotSent(error).into(),
        |error| Hiding(error).into(),
        |error| Hiding(NotSent(Hiding(error).into()).into()).into(),
    ];
    for wrap in wraps {
        let shop = Setup::new(move |_, _| Err(wrap(Rejected::new("never").into()))).start();
        shop.place(0..1);
        shop.settled();
        assert_eq!(shop.status().dead, 1);

        let shop = Setup::new(move |_, _| Err(wrap(Stop::new("wrong password").into()))).start();
        shop.place(0..1);
        shop.settled();
        assert!(shop.status().paused.is_some());

        let shop = Setup::new(move |_, _| Err(wrap(Retry::after(DAY, "busy").into()))).start();
        shop.place(0..1);
        shop.settled();
        assert_eq!(shop.after(NEARLY_A_DAY), []);
        assert_eq!(shop.after(MILLISECOND), [(0, 2)]);
    }
}

#[test]
fn the_outermost_class_counts() {
    let shop = Setup::new(|_, _| Err(Retry::new(Rejected::new("never")).into())).start();
    shop.place(0..1);
    shop.settled();
    assert_eq!((shop.status().dead, shop.status().attempts), (0, 1));
}

#[test]
fn a_panic_counts_as_an_error() {
    let setup = Setup::new(|order, delivery| {
        assert!(order != 0 || delivery.attempt() > 1, "no order");
        Ok(())
    });
    let shop = setup.start();
    shop.place(0..2);
    assert_eq!(shop.settled(), [(0, 1)]);
    assert!(shop.status().last_error.is_some_and(|error| error.contains("no order")));
    assert_eq!(shop.now(), [(0, 2), (1, 1)]);
}

struct PanicsInDrop(AtomicBool);

impl Drop for PanicsInDrop {
    fn drop(&mut self) {
        assert!(self.0.swap(true, Ordering::Relaxed), "dropped");
    }
}

#[test]
fn a_panic_whose_payload_panics_when_it_is_dropped_counts_as_an_error() {
    let setup = Setup::new(|_, delivery| match delivery.attempt() {
        1 => std::panic::panic_any(PanicsInDrop(AtomicBool::new(false))),
        _ => Ok(()),
    });
    let shop = setup.start();
    shop.place(0..2);
    assert_eq!(shop.settled(), [(0, 1)]);
    assert_eq!(shop.now(), [(0, 2), (1, 1)]);
}

#[derive(Debug)]
struct Hostile(PanicsInDropToo);

#[derive(Debug)]
struct PanicsInDropToo;

impl Drop for PanicsInDropToo {
    fn drop(&mut self) {
        assert!(std::thread::panicking(), "dropped");
    }
}

impl fmt::Display for Hostile {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("no text")
    }
}

impl StdError for Hostile {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        panic!("no source")
    }
}

#[test]
fn an_error_that_panics_when_it_is_printed_asked_or_dropped_is_an_error_as_any_other() {
    let setup = Setup::new(|_, delivery| match delivery.attempt() {
        1 => Err(Hostile(PanicsInDropToo).into()),
        2 => Err(Rejected::new(Hostile(PanicsInDropToo)).into()),
        _ => Ok(()),
    });
    let shop = setup.start();
    shop.place(0..2);
    assert_eq!(shop.settled(), [(0, 1)]);
    assert!(shop.status().last_error.is_some_and(|error| error.contains("no text")));
    assert_eq!(shop.now(), [(0, 2), (1, 1)]);
    assert_eq!(shop.status().dead, 1);
}
