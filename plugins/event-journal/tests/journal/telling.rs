//! What the application is told: by the failure handler, and by the hooks `delivery_failed` and `delivery_stalled`.

use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use event_core::durable::{Rejected, Retry, Stop};
use event_core::prelude::*;
use event_journal::{DeadLetter, MemoryJournal, delivery_failed, delivery_stalled};
use serde_json::json;

use crate::faults::{Asked, Fault, FaultyJournal, unavailable};
use crate::orders::{BILLING, Setup, Shop};

const MINUTE: Duration = Duration::from_mins(1);

/// What the application was told. The receiver ends when the app is gone, with what tells it.
struct Told(Mutex<Sender<String>>);

impl Told {
    fn note(&self, text: String) {
        let _ = self.0.lock().unwrap_or_else(PoisonError::into_inner).send(text);
    }
}

#[hookimpl(delivery_failed)]
fn hear_of_a_death(app: &App, letter: &DeadLetter) {
    if let Ok(told) = app.state::<Told>() {
        told.note(format!("dead {}", letter.seq));
    }
}

#[hookimpl(delivery_stalled)]
fn hear_of_a_stall(app: &App, consumer: &str, reason: &str) {
    if let Ok(told) = app.state::<Told>() {
        told.note(format!("stalled {consumer}: {reason}"));
    }
}

fn told_by_hooks(setup: Setup) -> (Setup, Receiver<String>) {
    let (sender, receiver) = mpsc::channel();
    let sender = Mutex::new(Some(sender));
    let setup = setup.with(move |builder| {
        let sender = sender.lock().unwrap_or_else(PoisonError::into_inner).take().expect("it starts once");
        builder.insert(Told(Mutex::new(sender))).hook(hear_of_a_death).hook(hear_of_a_stall)
    });
    (setup, receiver)
}

/// All that was told, up to the app's end.
fn all(shop: Shop, told: &Receiver<String>) -> Vec<String> {
    drop(shop);
    told.iter().collect()
}

fn handled(setup: Setup) -> (Setup, Receiver<String>) {
    let (sender, receiver) = mpsc::channel();
    let setup = setup.with(move |builder| {
        let sender = Mutex::new(sender.clone());
        builder.failure_handler(move |failure| {
            let line = failure.to_line();
            let _ = sender.lock().unwrap_or_else(PoisonError::into_inner).send(line);
        })
    });
    (setup, receiver)
}

#[test]
fn the_failure_handler_hears_the_first_failure_and_the_death_of_an_event() {
    let setup = Setup::new(|order, delivery| match order {
        0 => Err(format!("attempt {}", delivery.attempt()).into()),
        _ => Err(Rejected::new("no").into()),
    })
    .configured(json!({ "consumers": { BILLING: { "max_attempts": 4 } } }));
    let (setup, handled) = handled(setup);
    let shop = setup.start();
    shop.place(0..2);
    shop.settled();
    for _ in 0..3 {
        shop.now();
    }
    let lines: Vec<_> = handled.try_iter().collect();
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert!(lines[0].ends_with("failed on event `order-placed`: attempt 1"), "{}", lines[0]);
    assert!(lines[1].ends_with("attempt 4"), "{}", lines[1]);
    assert!(lines[2].ends_with(": no"), "{}", lines[2]);
}

#[test]
fn a_failure_handler_that_panics_or_settles_nothing_stops_no_delivery() {
    let setup = Setup::new(|order, delivery| match order {
        0 if delivery.attempt() == 1 => Err("down".into()),
        _ => Ok(()),
    })
    .with(|builder| builder.failure_handler(|_| panic!("the handler")));
    let shop = setup.start();
    shop.place(0..2);
    assert_eq!(shop.settled(), [(0, 1)]);
    assert_eq!(shop.now(), [(0, 2), (1, 1)]);
}

#[test]
fn a_death_is_told_once() {
    let setup = Setup::new(|order, _| if order < 3 { Err(Rejected::new("no").into()) } else { Ok(()) });
    let (setup, told) = told_by_hooks(setup);
    let shop = setup.start();
    shop.place(0..4);
    shop.settled();
    let mut told = all(shop, &told);
    told.sort();
    assert_eq!(told, ["dead 1", "dead 2", "dead 3"]);
}

#[test]
fn a_death_is_told_once_also_if_the_journal_fails_after_the_letter_is_written() {
    let journal = FaultyJournal::new();
    let setup = Setup::over_faulty(&journal, |_, _| Err(Rejected::new("no").into()));
    let (setup, told) = told_by_hooks(setup);
    let shop = setup.start();
    let mut is_written = false;
    let mut faults = 3;
    journal.set(move |asked| match asked {
        Asked::Save(key) if key.starts_with("dead/") => {
            is_written = true;
            Fault::None
        }
        Asked::Save(_) if is_written && faults > 0 => {
            faults -= 1;
            Fault::Before(unavailable())
        }
        _ => Fault::None,
    });
    shop.place(0..1);
    shop.settled();
    for _ in 0..4 {
        shop.after(Duration::from_millis(200));
    }
    assert_eq!(all(shop, &told), ["dead 1"]);
}

#[test]
fn a_stall_is_told_once_with_its_reason_and_a_second_one_again() {
    let setup = Setup::new(|order, delivery| match order {
        0 | 2 if delivery.attempt() == 1 => {
            Err(Retry::after(Duration::from_hours(1), "billing is down").into())
        }
        _ => Ok(()),
    })
    .configured(json!({ "stalled_after_s": 60 }));
    let (setup, told) = told_by_hooks(setup);
    let shop = setup.start();
    shop.place(0..3);
    shop.settled();
    shop.after(Duration::from_millis(59_999));
    assert_eq!(told.try_iter().count(), 0);
    shop.after(Duration::from_millis(1));
    shop.after(5 * MINUTE);
    assert_eq!(shop.now(), [(0, 2), (1, 1), (2, 1)]);
    shop.after(MINUTE);
    let told = all(shop, &told);
    assert_eq!(told.len(), 2, "{told:?}");
    for (told, seq) in told.iter().zip([1, 3]) {
        assert!(
            told.starts_with(&format!("stalled {BILLING}: event {seq} has failed in 1 attempt: ")),
            "{told}"
        );
        assert!(told.ends_with("billing is down"), "{told}");
    }
}

#[test]
fn a_consumer_that_had_nothing_to_deliver_for_long_is_not_told_as_stalled() {
    let setup = Setup::new(|_, _| Err("billing is down".into()));
    let (setup, told) = told_by_hooks(setup);
    let shop = setup.start();
    shop.settled();
    shop.clock.advance(Duration::from_hours(5));
    shop.place(0..1);
    shop.settled();
    assert_eq!(all(shop, &told), [""; 0]);
}

#[test]
fn a_consumer_that_is_paused_is_told_as_stalled_if_events_wait() {
    for stops_itself in [false, true] {
        for has_events in [false, true] {
            let setup = Setup::over(&MemoryJournal::new(), move |_, _| {
                if stops_itself { Err(Stop::new("wrong password").into()) } else { Ok(()) }
            });
            let (setup, told) = told_by_hooks(setup);
            let shop = setup.start();
            shop.settled();
            if !stops_itself {
                shop.deliveries().pause(BILLING).wait().expect("it is paused");
            }
            if has_events {
                shop.place(0..2);
            }
            shop.settled();
            for _ in 0..3 {
                shop.after(5 * MINUTE);
            }
            let told = all(shop, &told);
            assert_eq!(told.len(), usize::from(has_events), "{told:?}");
            assert!(told.iter().all(|told| told.contains("it is paused: ")), "{told:?}");
        }
    }
}
