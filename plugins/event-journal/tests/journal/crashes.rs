//! What a process finds after one that died. A process that can save nothing any more has died, as far as the journal knows.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use event_core::durable::{Delivery, Rejected, Retry};
use event_core::prelude::*;

use crate::faults::{Asked, Fault, FaultyJournal, unavailable};
use crate::orders::{BILLING, Calls, Noted, OrderPlaced, Setup, Shop, Told};

/// After this time without a save, a consumer's process has died.
pub const LEASE: Duration = Duration::from_secs(5);

/// Other processes go on to append.
pub fn die(journal: &FaultyJournal) {
    journal.set(|asked| match asked {
        Asked::Append => Fault::None,
        _ => Fault::Before(unavailable()),
    });
}

/// A start after the death of the one before.
pub fn restart(setup: &Setup, journal: &FaultyJournal, dead: Shop) -> Shop {
    drop(dead);
    journal.heal();
    let shop = setup.start();
    // The dead one hasn't let go of its consumers.
    setup.clock.advance(LEASE);
    shop
}

/// A shop whose process dies in each call of this order.
fn deadly(order: u32) -> (Setup, FaultyJournal) {
    let journal = FaultyJournal::new();
    let killed = journal.clone();
    let setup = Setup::over_faulty(&journal, move |called, _| {
        if called == order {
            die(&killed);
            return Err("dead".into());
        }
        Ok(())
    });
    (setup, journal)
}

#[test]
fn what_was_called_since_the_last_save_is_called_again_in_order_and_nothing_is_lost() {
    let (setup, journal) = deadly(5);
    let shop = setup.start();
    shop.place_at_once(0..8);
    assert_eq!(shop.settled(), [0, 1, 2, 3, 4, 5].map(|order| (order, 1)));
    let shop = restart(&setup, &journal, shop);
    let again = shop.settled();
    let first = again[0].0;
    assert!(again.iter().copied().eq((first..6).map(|order| (order, 1))), "{again:?}");
}

#[test]
fn an_event_in_whose_call_the_process_dies_again_and_again_is_a_dead_letter_and_no_other_is() {
    let (setup, journal) = deadly(1);
    let mut shop = setup.start();
    shop.place(0..3);
    let mut calls = shop.settled();
    for _ in 0..3 {
        assert_eq!(calls.pop(), Some((1, 1)), "the process dies in its call");
        shop = restart(&setup, &journal, shop);
        calls.extend(shop.settled());
    }
    assert_eq!(calls.last(), Some(&(2, 1)), "{calls:?}");
    let letters = shop.dead_letters();
    assert_eq!(letters.iter().map(|letter| letter.seq).collect::<Vec<_>>(), [2]);
    assert!(letters[0].reason.contains("the process ended"), "{}", letters[0]);
    assert_eq!(calls.iter().filter(|call| call.0 == 1).count(), 0, "{calls:?}");
}

#[test]
fn the_failure_handler_hears_of_an_event_that_ended_the_process() {
    let (setup, journal) = deadly(0);
    let (sender, handled) = std::sync::mpsc::channel();
    let setup = setup.with(move |builder| {
        let sender = Mutex::new(sender.clone());
        builder.failure_handler(move |failure| {
            let _ = sender.lock().unwrap_or_else(PoisonError::into_inner).send(failure.to_line());
        })
    });
    let mut shop = setup.start();
    shop.place(0..1);
    for _ in 0..3 {
        shop.settled();
        shop = restart(&setup, &journal, shop);
    }
    shop.settled();
    assert_eq!(shop.status().dead, 1);
    drop((shop, setup));
    let told: Vec<_> = handled.iter().filter(|line| line.contains("the process ended each time")).collect();
    assert_eq!(told.len(), 1);
    assert!(told[0].contains("event `order-placed`"), "{told:?}");
}

#[test]
fn a_process_that_dies_after_the_call_has_ended_has_not_died_of_it() {
    let journal = FaultyJournal::new();
    let setup = Setup::over_faulty(&journal, |_, _| Err("down".into()));
    let mut shop = setup.start();
    shop.place(0..1);
    shop.settled();
    for _ in 0..5 {
        die(&journal);
        shop = restart(&setup, &journal, shop);
        assert!(!shop.now().is_empty());
    }
    assert_eq!((shop.status().dead, shop.status().backlog), (0, Some(1)));
    assert!(shop.status().attempts >= 5, "{}", shop.status());
}

#[test]
fn a_letter_that_is_retried_and_ends_the_process_is_a_letter_again() {
    let journal = FaultyJournal::new();
    let (killed, is_deadly) = (journal.clone(), Arc::new(AtomicBool::new(false)));
    let asked = is_deadly.clone();
    let setup = Setup::over_faulty(&journal, move |_, _| {
        if asked.load(Ordering::Relaxed) {
            die(&killed);
        }
        Err(Rejected::new("no").into())
    });
    let mut shop = setup.start();
    shop.place(0..1);
    shop.settled();
    is_deadly.store(true, Ordering::Relaxed);
    let letter = shop.dead_letters().remove(0);
    shop.deliveries().retry(&letter).wait().expect("it can be saved");
    for _ in 0..3 {
        assert_eq!(shop.settled(), [(0, 1)]);
        shop = restart(&setup, &journal, shop);
    }
    assert_eq!(shop.settled(), []);
    let letters = shop.dead_letters();
    assert_eq!(letters.len(), 1);
    assert!(letters[0].reason.contains("the process ended"), "{}", letters[0]);
}

#[test]
fn of_letters_that_are_retried_when_the_process_dies_each_is_called_though_the_first_one_fails() {
    let journal = FaultyJournal::new();
    let (killed, round) = (journal.clone(), Arc::new(AtomicU32::new(0)));
    let asked = round.clone();
    let setup = Setup::over_faulty(&journal, move |order, _| match (asked.load(Ordering::Relaxed), order) {
        (0, _) => Err(Rejected::new("no").into()),
        (1, _) => {
            die(&killed);
            Err("dead".into())
        }
        (2, 0) => Err(Retry::after(Duration::from_mins(1), "down").into()),
        _ => Ok(()),
    });
    let shop = setup.start();
    shop.place(0..2);
    assert_eq!(shop.settled(), [(0, 1), (1, 1)]);
    round.store(1, Ordering::Relaxed);
    shop.deliveries().pause(BILLING).wait().expect("it is paused");
    for letter in shop.dead_letters() {
        shop.deliveries().retry(&letter).wait().expect("it can be saved");
    }
    shop.deliveries().resume(BILLING).wait().expect("it is resumed");
    assert_eq!(shop.settled(), [(0, 1)], "the process dies");
    round.store(2, Ordering::Relaxed);
    let shop = restart(&setup, &journal, shop);
    assert_eq!(shop.settled(), [(0, 1)], "it is down, and the next one waits behind it");
    round.store(3, Ordering::Relaxed);
    assert_eq!(shop.after(Duration::from_mins(1)), [(0, 2), (1, 1)]);
    assert_eq!((shop.status().backlog, shop.status().dead), (Some(0), 2));
}

/// Innocent consumers, and one whose call ends the process.
struct Killer(FaultyJournal);

macro_rules! innocents {
    ($($name:ident)*) => {
        $(
            #[hookimpl(track_event, durable)]
            fn $name(app: &App, event: &OrderPlaced) -> Told {
                app.state::<Noted>()?.note(format!("{} {}", stringify!($name), event.order));
                Ok(())
            }
        )*
    };
}

innocents! { a_first b_second z_last }

#[hookimpl(track_event, durable)]
fn kill(app: &App, event: &OrderPlaced, delivery: &Delivery) -> Told {
    app.state::<Calls>()?.answer(event.order, delivery)?;
    if event.order == 0 {
        die(&app.state::<Killer>()?.0);
        return Err("dead".into());
    }
    Ok(())
}

#[test]
fn a_consumer_that_ends_the_process_gives_no_other_a_dead_letter() {
    let journal = FaultyJournal::new();
    let killed = journal.clone();
    let noted = Noted::default();
    let inserted = noted.clone();
    let setup = Setup::over_faulty(&journal, |_, _| Ok(())).without_billing().with(move |builder| {
        let builder = builder.insert(Killer(killed.clone())).insert(inserted.clone()).event::<OrderPlaced>();
        builder.hook(a_first).hook(b_second).hook(kill).hook(z_last)
    });
    let mut shop = setup.start();
    shop.place(0..3);
    for _ in 0..3 {
        shop.settled();
        shop = restart(&setup, &journal, shop);
    }
    shop.settled();
    for status in shop.deliveries().consumers().wait().expect("it runs") {
        let (delivered, dead) = if status.name == "event-journal::kill" { (2, 1) } else { (3, 0) };
        assert_eq!((status.delivered, status.dead), (delivered, dead), "{status}");
    }
    let noted = noted.take();
    for name in ["a_first", "b_second", "z_last"] {
        let of_name: Vec<_> = noted.iter().filter_map(|noted| noted.strip_prefix(name)).collect();
        assert!([" 0", " 1", " 2"].iter().all(|order| of_name.contains(order)), "{noted:?}");
    }
}

#[test]
fn a_survivor_that_could_not_be_saved_at_once_is_saved_before_another_consumer_ends_the_process() {
    let journal = FaultyJournal::new();
    let killed = journal.clone();
    let setup = Setup::over_faulty(&journal, |_, _| Ok(())).without_billing().with(move |builder| {
        let builder = builder.insert(Killer(killed.clone())).insert(Noted::default()).event::<OrderPlaced>();
        builder.hook(a_first).hook(kill)
    });
    // The saves of the innocent consumer: at first that it is new, then what it is about to call, and how that ended. After a
    // death the first one is the claim.
    let fail = |which: fn(u32) -> bool| {
        let mut saves = 0;
        journal.set(move |asked| match asked {
            Asked::Save(key) if key.ends_with("a_first") => {
                saves += 1;
                if which(saves) { Fault::Before(unavailable()) } else { Fault::None }
            }
            _ => Fault::None,
        });
    };
    fail(|save| save > 2);
    let mut shop = setup.start();
    shop.place(0..1);
    shop.settled();
    for _ in 0..2 {
        drop(shop);
        fail(|save| save == 3);
        shop = setup.start();
        shop.after(LEASE);
    }
    let shop = restart(&setup, &journal, shop);
    shop.settled();
    let innocent = shop.status_of("event-journal::a_first");
    assert_eq!((innocent.delivered, innocent.dead), (1, 0), "{innocent}");
    assert_eq!(shop.status_of("event-journal::kill").dead, 1);
}
