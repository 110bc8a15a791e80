//! Many dead letters, delivered again while the journal fails and processes change.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use event_core::durable::Rejected;
use event_journal::{Letters, MemoryJournal, Refused};

use crate::commands::begun;
use crate::crashes::LEASE;
use crate::faults::{Asked, Fault, FaultyJournal, unavailable};
use crate::orders::{BILLING, Setup, Shop, Told};

/// Each tenth order is rejected for ever, and the others until billing is open.
fn billing(journal: &FaultyJournal, is_open: &Arc<AtomicBool>) -> Setup {
    let is_open = is_open.clone();
    Setup::over_faulty(journal, move |order, _| answer(order, is_open.load(Ordering::Relaxed)))
}

fn answer(order: u32, is_open: bool) -> Told {
    if is_open && order % 10 != 3 { Ok(()) } else { Err(Rejected::new("closed").into()) }
}

fn bury(shop: &Shop, orders: u32, is_open: &AtomicBool) {
    shop.place(0..orders);
    shop.settled();
    assert_eq!(shop.status().dead, u64::from(orders));
    is_open.store(true, Ordering::Relaxed);
}

fn retry_all(shop: &Shop) -> JoinHandle<Result<u64, Refused>> {
    let asked = begun(shop, shop.deliveries().retry_all(BILLING, Letters::all()));
    std::thread::spawn(|| asked.wait())
}

/// How often each order was called.
fn counts(calls: &[(u32, u32)]) -> BTreeMap<u32, u32> {
    let mut counts = BTreeMap::new();
    for (order, _) in calls {
        *counts.entry(*order).or_default() += 1;
    }
    counts
}

#[test]
fn a_letter_that_is_dead_again_is_not_retried_twice_when_the_process_dies_in_the_middle_of_a_retry() {
    let (journal, is_open) = (FaultyJournal::new(), Arc::new(AtomicBool::new(false)));
    let setup = billing(&journal, &is_open);
    let shop = setup.start();
    bury(&shop, 350, &is_open);
    let is_dead = Arc::new(AtomicBool::new(false));
    let (mut saves, dies) = (0, is_dead.clone());
    journal.set(move |asked| match asked {
        // Each letter of a hopeless order is removed, and written again. The process dies when this one is.
        _ if saves == 2 => {
            dies.store(true, Ordering::Relaxed);
            Fault::Before(unavailable())
        }
        Asked::Save(key) => {
            saves += u32::from(key.starts_with("dead/") && key.ends_with("00034"));
            Fault::None
        }
        _ => Fault::None,
    });
    let asked = retry_all(&shop);
    let mut calls = Vec::new();
    while !is_dead.load(Ordering::Relaxed) {
        calls.extend(shop.settled());
    }
    calls.extend(shop.settled());
    let first = counts(&calls);
    drop(shop);
    assert!(asked.join().expect("it doesn't panic").is_err(), "it has died before");
    journal.heal();
    let next = setup.start();
    let mut calls = next.after(LEASE);
    while next.status().delivered < 315 {
        calls.extend(next.after(LEASE));
    }
    calls.extend(next.after(LEASE));
    let second = counts(&calls);
    let hopeless = |counts: &BTreeMap<u32, u32>| counts.keys().filter(|order| *order % 10 == 3).count();
    assert!(hopeless(&first) > 0 && hopeless(&second) < 35, "{first:?}, {second:?}");
    assert_eq!((next.status().delivered, next.status().dead), (315, 350 + 35), "each is retried once");
    assert_eq!(next.dead_letters().len(), 35);
}

#[test]
fn a_retry_whose_process_loses_the_consumer_in_the_middle_is_done_by_the_next_owner() {
    let memory = MemoryJournal::new();
    let (journal, is_open) = (FaultyJournal::over(&memory), Arc::new(AtomicBool::new(false)));
    let setup = billing(&journal, &is_open);
    let shop = setup.start();
    bury(&shop, 350, &is_open);
    let mut other = Setup::over(&memory, |order, _| answer(order, true));
    other.clock = setup.clock.clone();
    let other = other.start();
    let (stopped, is_stopped) = std::sync::mpsc::channel();
    let (go, goes) = std::sync::mpsc::channel::<()>();
    let mut saves = 0;
    // The process stops before its third save of the consumer, for longer than its lease.
    journal.set(move |asked| {
        if matches!(asked, Asked::Save(key) if key.starts_with("consumer/")) {
            saves += 1;
            if saves == 3 {
                stopped.send(()).expect("the test waits");
                let _ = goes.recv();
            }
        }
        Fault::None
    });
    let asked = retry_all(&shop);
    is_stopped.recv().expect("it saves");
    while other.status().delivered < 315 {
        other.after(LEASE);
    }
    other.after(LEASE);
    go.send(()).expect("it waits");
    while !asked.is_finished() {
        shop.settled();
        other.after(Duration::from_secs(1));
    }
    let answer = asked.join().expect("it doesn't panic");
    assert!(matches!(answer, Ok(350)), "{answer:?}");
    assert_eq!((other.status().delivered, other.status().dead), (315, 350 + 35), "each is retried once");
    let left = pollster::block_on(event_journal::journal::Journal::list(&memory, "command/", "", 10));
    assert_eq!(left.expect("it can be read"), []);
}

#[test]
fn letters_whose_events_can_not_be_read_for_a_moment_are_retried_all_the_same() {
    let (journal, is_open) = (FaultyJournal::new(), Arc::new(AtomicBool::new(false)));
    let shop = billing(&journal, &is_open).start();
    bury(&shop, 250, &is_open);
    let mut reads = 0;
    journal.set(move |asked| match asked {
        Asked::Read(_) => {
            reads += 1;
            if reads % 3 == 1 { Fault::Before(unavailable()) } else { Fault::None }
        }
        _ => Fault::None,
    });
    let asked = retry_all(&shop);
    while !asked.is_finished() {
        shop.after(Duration::from_secs(1));
    }
    assert!(matches!(asked.join(), Ok(Ok(250))));
    journal.heal();
    shop.after(Duration::from_secs(1));
    assert_eq!((shop.status().delivered, shop.dead_letters().len()), (225, 25));
}

#[test]
fn a_process_that_was_stopped_before_it_removes_an_old_letter_leaves_the_one_that_another_owner_has_written()
{
    let memory = MemoryJournal::new();
    let (journal, is_first) = (FaultyJournal::over(&memory), AtomicBool::new(true));
    let setup = Setup::over_faulty(&journal, |_, _| Err(Rejected::new("no").into()));
    let shop = setup.start();
    shop.place(0..2);
    shop.settled();
    shop.deliveries().pause(BILLING).wait().expect("it is paused");
    for letter in shop.dead_letters() {
        shop.deliveries().retry(&letter).wait().expect("it is there");
    }
    drop(shop);
    // The next process is stopped between its looks for the two letters, and another one delivers meanwhile.
    journal.set(move |asked| {
        if matches!(asked, Asked::Load(key) if key.starts_with("dead/"))
            && is_first.swap(false, Ordering::Relaxed)
        {
            let memory = memory.clone();
            let other = std::thread::spawn(move || {
                let other = Setup::over(&memory, |_, _| Err(Rejected::new("no").into())).start();
                assert_eq!(other.settled(), [(0, 1), (1, 1)]);
            });
            other.join().expect("it doesn't panic");
        }
        Fault::None
    });
    let shop = setup.start();
    shop.settled();
    shop.after(LEASE);
    assert_eq!((shop.dead_letters().len(), shop.status().dead), (2, 4), "{}", shop.status());
}
