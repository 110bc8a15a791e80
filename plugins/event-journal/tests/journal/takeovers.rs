//! Two apps on one journal, and a journal that fails.

use std::sync::mpsc;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use event_core::durable::{Rejected, Retry};
use event_journal::MemoryJournal;
use event_journal::journal::Error;

use crate::faults::{Asked, Fault, FaultyJournal, unavailable};
use crate::orders::{BILLING, Setup};

const SOON: Duration = Duration::from_millis(200);

#[test]
fn the_app_that_starts_last_delivers_and_the_first_stops() {
    let journal = MemoryJournal::new();
    let first = Setup::over(&journal, |_, _| Ok(())).start();
    first.place(0..2);
    assert_eq!(first.settled(), [(0, 1), (1, 1)]);
    let second = Setup::over(&journal, |_, _| Ok(())).start();
    first.place(2..4);
    assert_eq!(first.settled(), []);
    assert_eq!(first.status().paused.as_deref(), Some("another process delivers to it"));
    // The first one has saved up to a tenth of a second ago.
    let delivered = second.settled();
    assert!(delivered.ends_with(&[(2, 1), (3, 1)]), "{delivered:?}");
    first.deliveries().deliver_now(BILLING).wait().expect("it runs");
    first.place(4..5);
    assert_eq!((first.settled(), second.settled()), (vec![], vec![(4, 1)]));
}

#[test]
fn an_app_that_loses_its_consumer_while_it_calls_makes_no_other_call() {
    let journal = MemoryJournal::new();
    let (entered_sender, entered) = mpsc::channel();
    let (gate, gate_receiver) = mpsc::channel::<()>();
    let gate_receiver = Mutex::new(gate_receiver);
    let first = Setup::over(&journal, move |order, _| {
        if order > 0 {
            entered_sender.send(order)?;
            let _ = gate_receiver.lock().unwrap_or_else(PoisonError::into_inner).recv();
        }
        if order == 0 { Err(Rejected::new("no").into()) } else { Ok(()) }
    })
    .start();
    first.place(0..1);
    first.settled();
    let letter = first.dead_letters().remove(0);
    first.place(1..3);
    assert_eq!(entered.recv(), Ok(1));
    first.deliveries().retry(&letter).wait().expect("it still owns the consumer");
    let second = Setup::over(&journal, |_, _| Ok(())).start();
    assert_eq!(second.settled(), [(0, 1), (1, 1), (2, 1)]);
    // It notices when it saves.
    first.deliveries().resume(BILLING).wait().expect_err("it has lost the consumer");
    assert_eq!(first.status().paused.as_deref(), Some("another process delivers to it"));
    drop(gate);
    assert_eq!(first.settled(), [(1, 1)]);
    assert_eq!(first.status().paused.as_deref(), Some("another process delivers to it"));
    assert_eq!(second.status().delivered, 3);
}

#[test]
fn an_app_that_has_lost_its_consumer_does_not_try_a_failed_event_again() {
    let journal = MemoryJournal::new();
    let first = Setup::over(&journal, |_, _| Err(Retry::new("down").into())).start();
    first.place(0..1);
    assert_eq!(first.settled(), [(0, 1)]);
    let second = Setup::over(&journal, |_, _| Ok(())).start();
    first.clock.advance(Duration::from_mins(2));
    second.clock.advance(Duration::from_mins(2));
    assert_eq!(first.settled(), []);
    assert_eq!(second.settled().len(), 1);
    drop(first);
    assert_eq!(second.status().delivered, 1);
    second.place(1..2);
    assert_eq!(second.settled(), [(1, 1)]);
}

/// Fails so many saves of the consumer, and loads after them if `with_load`.
fn fail_saves(journal: &FaultyJournal, mut many: u32, has_happened: bool, with_load: bool) {
    let mut fails_load = false;
    journal.set(move |asked| match asked {
        Asked::Save(key) if key.starts_with("consumer/") && many > 0 => {
            many -= 1;
            fails_load = with_load;
            if has_happened { Fault::After(unavailable()) } else { Fault::Before(unavailable()) }
        }
        Asked::Load(_) if fails_load => {
            fails_load = false;
            Fault::Before(unavailable())
        }
        _ => Fault::None,
    });
}

#[test]
fn nothing_is_lost_doubled_or_out_of_order_when_saves_fail() {
    for has_happened in [false, true] {
        for with_load in [false, true] {
            let journal = FaultyJournal::new();
            let shop = Setup::over_faulty(&journal, |_, _| Ok(())).start();
            let mut calls = Vec::new();
            for order in 0..20 {
                fail_saves(&journal, order % 4, has_happened, with_load);
                shop.place(order..order + 1);
                for _ in 0..5 {
                    calls.extend(shop.settled());
                    shop.clock.advance(SOON);
                }
            }
            journal.heal();
            shop.clock.advance(SOON);
            calls.extend(shop.settled());
            assert!(
                calls.iter().copied().eq((0..20).map(|order| (order, 1))),
                "has happened: {has_happened}, load: {with_load}: {calls:?}"
            );
            assert_eq!(shop.status().paused, None);
        }
    }
}

#[test]
fn a_save_that_has_happened_unknown_to_the_app_is_no_other_owner() {
    let journal = FaultyJournal::new();
    let shop = Setup::over_faulty(&journal, |_, _| Ok(())).start();
    shop.place(0..1);
    assert_eq!(shop.settled(), [(0, 1)]);
    fail_saves(&journal, 1, true, true);
    // It saves.
    shop.deliveries().resume(BILLING).wait().expect_err("the journal can't be used");
    shop.place(1..2);
    assert_eq!(shop.after(SOON), [(1, 1)]);
    assert_eq!(shop.status().paused, None);
}

#[test]
fn a_save_that_fails_does_not_bring_the_next_try_forward() {
    let journal = FaultyJournal::new();
    let setup = Setup::over_faulty(&journal, |_, _| Err(Retry::after(Duration::from_mins(1), "busy").into()));
    let shop = setup.start();
    let (sender, failed) = mpsc::channel();
    let mut saves = 0;
    journal.set(move |asked| match asked {
        Asked::Save(_) => {
            saves += 1;
            // The first one announces the call.
            if saves == 1 {
                return Fault::None;
            }
            let _ = sender.send(());
            Fault::Before(unavailable())
        }
        _ => Fault::None,
    });
    shop.place(0..1);
    assert_eq!(shop.settled(), [(0, 1)]);
    failed.recv().expect("it is saved after a while");
    // The engine has dealt with the failure when it answers.
    shop.status();
    assert_eq!(shop.after(Duration::from_millis(59_999)), []);
    journal.heal();
    assert_eq!(shop.after(Duration::from_millis(1)), [(0, 2)]);
}

#[test]
fn a_journal_that_can_not_be_read_for_a_while_is_read_later() {
    let journal = FaultyJournal::new();
    let shop = Setup::over_faulty(&journal, |_, _| Ok(())).start();
    shop.settled();
    journal.set(|asked| match asked {
        Asked::Read(_) => Fault::Before(unavailable()),
        _ => Fault::None,
    });
    shop.place(0..2);
    assert_eq!(shop.settled(), []);
    assert_eq!(shop.after(SOON), []);
    journal.heal();
    assert_eq!(shop.after(SOON), [(0, 1), (1, 1)]);
}

#[test]
fn a_journal_that_panics_for_a_while_is_asked_again_later() {
    let journal = FaultyJournal::new();
    let shop = Setup::over_faulty(&journal, |_, _| Ok(())).start();
    assert_eq!(shop.settled(), []);
    journal.set(|asked| match asked {
        Asked::Append => Fault::None,
        _ => Fault::Panics,
    });
    shop.place(0..2);
    assert_eq!(shop.after(SOON), []);
    let paused = shop.deliveries().pause(BILLING).wait();
    let why = event_core::plugin::error_line(&paused.expect_err("it can't be saved"));
    assert!(why.contains("the journal panicked: the journal panics"), "{why}");
    journal.heal();
    assert_eq!(shop.after(SOON), [(0, 1), (1, 1)]);
}

#[test]
fn a_journal_that_can_not_tell_of_newer_events_does_not_keep_the_engine_busy() {
    let journal = FaultyJournal::new();
    let shop = Setup::over_faulty(&journal, |_, _| Ok(())).start();
    shop.settled();
    for fault in [true, false] {
        journal.set(move |asked| match asked {
            Asked::Newer if fault => Fault::Before(unavailable()),
            Asked::Newer => Fault::Spurious,
            _ => Fault::None,
        });
        shop.deliveries().settled().wait().expect("the engine answers");
        journal.take_asked();
        let began = Instant::now();
        for _ in 0..10 {
            shop.status();
        }
        let asked = journal.take_asked().iter().filter(|asked| **asked == Asked::Newer).count() as u128;
        // At most two in 5 ms, and a few for each question. A slow machine has more time.
        assert!(asked <= 50 + began.elapsed().as_millis(), "asked {asked} times");
        shop.place(0..1);
        assert_eq!(shop.settled().len(), 1);
    }
}

#[test]
fn events_that_are_gone_hold_the_consumer_and_are_said_so() {
    let journal = FaultyJournal::new();
    let shop = Setup::over_faulty(&journal, |_, _| Ok(())).start();
    shop.settled();
    journal.set(|asked| match asked {
        Asked::Read(_) => Fault::Before(Error::Gone { first: 7 }),
        _ => Fault::None,
    });
    shop.place(0..1);
    assert_eq!(shop.settled(), []);
    assert!(shop.status().paused.is_some_and(|reason| reason.contains("number 7")));
    journal.take_asked();
    assert_eq!(shop.after(Duration::from_hours(1)), []);
    let reads = journal.take_asked().iter().filter(|asked| matches!(asked, Asked::Read(_))).count();
    assert_eq!(reads, 0, "it isn't read again");
    journal.heal();
    shop.deliveries().resume(BILLING).wait().expect("it is resumed");
    assert_eq!(shop.settled(), [(0, 1)]);
}

#[test]
fn two_apps_that_start_together_make_one_consumer() {
    let memory = MemoryJournal::new();
    let journal = FaultyJournal::over(&memory);
    // Between the first's look and its save, another app makes the consumer.
    let other = Arc::new(Mutex::new(None));
    let kept = other.clone();
    let mut is_first = true;
    journal.set(move |asked| {
        if matches!(asked, Asked::Save(_)) && std::mem::take(&mut is_first) {
            let shop = Setup::over(&memory, |_, _| Ok(())).try_start().expect("the other app starts");
            *kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(shop);
        }
        Fault::None
    });
    let shop = Setup::over_faulty(&journal, |_, _| Ok(())).start();
    shop.place(0..1);
    assert_eq!(shop.settled(), [(0, 1)]);
}
