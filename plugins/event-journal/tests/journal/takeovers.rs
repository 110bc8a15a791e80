//! Two apps on one journal, and a journal that fails.

use std::sync::mpsc;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use event_core::durable::{Delivery, Retry};
use event_journal::journal::Error;
use event_journal::{Deliverer, MemoryJournal};

use serde_json::json;

use crate::crashes::{LEASE, die};
use crate::faults::{Asked, Fault, FaultyJournal, unavailable};
use crate::orders::{BILLING, Setup, Shop};

const SOON: Duration = Duration::from_millis(200);

/// Beside an app, another one on the same journal, which has the same clock.
fn beside(first: &Setup, journal: &MemoryJournal) -> Setup {
    let mut second = Setup::over(journal, |_, _| Ok(()));
    second.clock = first.clock.clone();
    second
}

#[test]
fn an_app_beside_one_that_delivers_stands_by_and_goes_on_when_that_has_ended() {
    let journal = MemoryJournal::new();
    let setup = Setup::over(&journal, |_, _| Ok(()));
    let first = setup.start();
    first.place(0..2);
    assert_eq!(first.settled(), [(0, 1), (1, 1)]);
    let second = beside(&setup, &journal).start();
    first.place(2..4);
    assert_eq!((first.settled(), second.settled()), (vec![(2, 1), (3, 1)], vec![]));
    assert_eq!(first.status().deliverer, Deliverer::ThisProcess);
    assert_eq!(second.status().deliverer, Deliverer::AnotherProcess);
    assert!(second.status().to_string().ends_with("another process delivers to it"), "{}", second.status());
    let kept = first.app.clone();
    drop(first);
    assert_eq!(second.settled(), [], "there is nothing left");
    assert_eq!((second.status().delivered, second.status().deliverer), (4, Deliverer::None));
    second.place(4..5);
    assert_eq!(second.settled(), [(4, 1)]);
    drop(kept);
}

#[test]
fn of_two_idle_apps_either_delivers_and_each_event_is_delivered_once() {
    let journal = MemoryJournal::new();
    let setup = Setup::over(&journal, |_, _| Ok(()));
    let (first, second) = (setup.start(), beside(&setup, &journal).start());
    let mut calls = Vec::new();
    for order in 0..20 {
        let placing = if order % 3 == 0 { &first } else { &second };
        placing.place(order..order + 1);
        for shop in [&first, &second, &first] {
            calls.extend(shop.settled());
        }
        // Longer than an idle consumer is kept.
        setup.clock.advance(Duration::from_millis(1_100));
        first.settled();
        second.settled();
    }
    calls.sort_unstable();
    assert!(calls.iter().copied().eq((0..20).map(|order| (order, 1))), "{calls:?}");
}

/// The calls of an app when the owner has died, since whose last save a lease must pass. When that was isn't the test's to say.
fn after_a_lease(shop: &Shop) -> Vec<(u32, u32)> {
    loop {
        let calls = shop.after(LEASE);
        if !calls.is_empty() {
            return calls;
        }
    }
}

#[test]
fn an_app_that_saves_nothing_for_a_lease_is_taken_over_and_makes_no_other_call() {
    let memory = MemoryJournal::new();
    let journal = FaultyJournal::over(&memory);
    let (entered_sender, entered) = mpsc::channel();
    let (gate, gate_receiver) = mpsc::channel::<()>();
    let gate_receiver = Mutex::new(gate_receiver);
    let setup = Setup::over_faulty(&journal, move |order, _| {
        entered_sender.send(order)?;
        let _ = gate_receiver.lock().unwrap_or_else(PoisonError::into_inner).recv();
        Ok(())
    });
    let first = setup.start();
    first.place(0..3);
    assert_eq!(entered.recv(), Ok(0));
    let second = beside(&setup, &memory).start();
    for _ in 0..4 {
        second.clock.advance(Duration::from_secs(4));
        // It renews its lease while it calls, before the second answer at the latest.
        first.status();
        first.status();
        assert_eq!(second.settled(), []);
    }
    die(&journal);
    assert_eq!(after_a_lease(&second), [(0, 1), (1, 1), (2, 1)]);
    journal.heal();
    // It notices when it saves.
    first.deliveries().pause(BILLING).wait().expect_err("it has lost the consumer");
    assert_eq!(first.status().deliverer, Deliverer::AnotherProcess);
    drop(gate);
    assert_eq!(first.settled(), [(0, 1)]);
    assert_eq!((second.status().delivered, second.status().dead), (3, 0));
}

#[test]
fn an_app_that_was_taken_over_takes_over_again_when_the_other_one_dies() {
    let memory = MemoryJournal::new();
    let (one, other) = (FaultyJournal::over(&memory), FaultyJournal::over(&memory));
    let setup = Setup::over_faulty(&one, |_, _| Ok(()));
    let mut setup_of_other = Setup::over_faulty(&other, |_, _| Ok(()));
    setup_of_other.clock = setup.clock.clone();
    let first = setup.start();
    first.place(0..1);
    assert_eq!(first.settled(), [(0, 1)]);
    let second = setup_of_other.start();
    die(&one);
    first.place(1..2);
    // Perhaps with the one before, if its delivery wasn't saved.
    assert_eq!(after_a_lease(&second).last(), Some(&(1, 1)));
    one.heal();
    assert_eq!((first.settled(), second.status().backlog), (vec![], Some(0)));
    die(&other);
    second.place(2..3);
    assert_eq!(after_a_lease(&first).last(), Some(&(2, 1)));
    other.heal();
    assert_eq!(first.status().backlog, Some(0));
    assert_eq!(first.status().dead + second.status().dead, 0);
}

#[test]
fn a_process_that_only_produces_delivers_nothing_and_one_delivers_what_it_is_told_to() {
    for (deliver, delivers) in [
        (json!(false), false),
        (json!(true), true),
        (json!(["shop::*"]), false),
        (json!(["shop::*", "*::tell_b*"]), true),
    ] {
        let journal = MemoryJournal::new();
        let setup = Setup::over(&journal, |_, _| Ok(())).configured(json!({ "deliver": deliver }));
        let producer = setup.start();
        producer.place(0..2);
        assert_eq!(!producer.settled().is_empty(), delivers, "{deliver}");
        assert_eq!(producer.status().backlog, Some(if delivers { 0 } else { 2 }));
        let second = beside(&setup, &journal).start();
        assert_eq!(!second.settled().is_empty(), !delivers, "{deliver}");
    }
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
    // Between the first's look and its save, another app makes the consumer, and ends.
    let mut is_first = true;
    journal.set(move |asked| {
        if matches!(asked, Asked::Save(_)) && std::mem::take(&mut is_first) {
            // On another thread: in the start of the first, nothing waits for the end of an app.
            let memory = memory.clone();
            let other = std::thread::spawn(move || drop(Setup::over(&memory, |_, _| Ok(())).start()));
            other.join().expect("it doesn't panic");
        }
        Fault::None
    });
    let shop = Setup::over_faulty(&journal, |_, _| Ok(())).start();
    shop.place(0..1);
    assert_eq!(shop.settled(), [(0, 1)]);
}

#[test]
fn a_delivery_has_its_events_place_and_an_epoch_that_grows_with_each_owner() {
    let (sender, deliveries) = mpsc::channel();
    let sender = Mutex::new(sender);
    let setup = Setup::new(move |_, delivery| {
        Ok(sender.lock().unwrap_or_else(PoisonError::into_inner).send(delivery.clone())?)
    });
    let mut owners = Vec::new();
    for orders in [0..2, 2..4] {
        let shop = setup.start();
        shop.place(orders.clone());
        shop.settled();
        let of_owner: Vec<_> = deliveries.try_iter().collect();
        assert!(of_owner.iter().map(Delivery::place).eq(orders.map(|order| u64::from(order) + 1)));
        owners.extend(of_owner.iter().map(|delivery| (delivery.owner(), delivery.epoch())));
    }
    assert!(owners[0] == owners[1] && owners[0].1 > 0, "{owners:?}");
    assert!(owners[1].0 != owners[2].0 && owners[1].1 < owners[2].1, "{owners:?}");
}
