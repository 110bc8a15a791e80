//! Dead letters: listed, delivered again, dropped.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Duration;

use event_core::durable::{Rejected, Retry};
use event_core::prelude::*;
use event_journal::journal::Error;
use event_journal::{DeadLetter, MemoryJournal, Refused};

use crate::faults::{Asked, Fault, FaultyJournal, unavailable};
use crate::orders::{BILLING, OrderPlaced, Setup, Shop};

fn rejected() -> crate::orders::Told {
    Err(Rejected::new("no such customer").into())
}

/// A shop whose billing rejects odd orders until it is told that they are valid.
fn picky(journal: &MemoryJournal) -> (Setup, Arc<AtomicBool>) {
    let accepts = Arc::new(AtomicBool::new(false));
    let asked = accepts.clone();
    let setup = Setup::over(journal, move |order, _| {
        if order % 2 == 1 && !asked.load(Ordering::Relaxed) { rejected() } else { Ok(()) }
    });
    (setup, accepts)
}

fn seqs(letters: &[DeadLetter]) -> Vec<u64> {
    letters.iter().map(|letter| letter.seq).collect()
}

fn retry(shop: &Shop, letter: &DeadLetter) {
    shop.deliveries().retry(letter).wait().expect("the journal can be written");
}

#[test]
fn dead_letters_are_listed_in_pages_by_seq() {
    let (setup, _) = picky(&MemoryJournal::new());
    let shop = setup.start();
    shop.place(0..20);
    shop.settled();
    let page = |after, limit| {
        let page = shop.deliveries().dead_letters(BILLING, after, limit);
        seqs(&page.wait().expect("the journal can be read"))
    };
    assert_eq!(page(0, 4), [2, 4, 6, 8]);
    assert_eq!(page(8, 4), [10, 12, 14, 16]);
    assert_eq!(page(16, 4), [18, 20]);
    assert_eq!(page(20, 4), [0; 0]);
}

#[test]
fn a_dead_letter_stays_after_a_restart() {
    let (setup, _) = picky(&MemoryJournal::new());
    let shop = setup.start();
    shop.place(0..2);
    shop.settled();
    let letters = shop.dead_letters();
    drop(shop);
    let shop = setup.start();
    assert_eq!((shop.settled(), shop.dead_letters()), (vec![], letters));
}

#[test]
fn a_letter_that_is_retried_is_delivered_once_and_is_no_letter_any_more() {
    let (setup, accepts) = picky(&MemoryJournal::new());
    let shop = setup.start();
    shop.place(0..4);
    shop.settled();
    let letters = shop.dead_letters();
    accepts.store(true, Ordering::Relaxed);
    retry(&shop, &letters[0]);
    retry(&shop, &letters[0]);
    assert_eq!(shop.settled(), [(1, 1)]);
    assert_eq!(seqs(&shop.dead_letters()), [4]);
    retry(&shop, &letters[0]);
    assert_eq!(shop.settled(), []);
    drop(shop);
    assert_eq!(setup.start().settled(), []);
}

#[test]
fn a_letter_that_is_retried_and_dies_again_is_one_letter_with_the_new_reason() {
    let deaths = Arc::new(Mutex::new(0));
    let setup = Setup::new(move |_, _| {
        let mut deaths = deaths.lock().unwrap_or_else(PoisonError::into_inner);
        *deaths += 1;
        Err(Rejected::new(format!("death {deaths}")).into())
    });
    let shop = setup.start();
    shop.place(0..1);
    shop.settled();
    let first = shop.dead_letters();
    retry(&shop, &first[0]);
    assert_eq!(shop.settled(), [(0, 1)]);
    let second = shop.dead_letters();
    assert_eq!(seqs(&second), [1]);
    assert!(second[0].reason.contains("death 2"), "{}", second[0]);
    assert_eq!((shop.status().dead, shop.status().position), (2, 1));
}

#[test]
fn a_letter_that_is_retried_and_fails_keeps_its_place_before_later_events_also_after_a_restart() {
    let is_down = Arc::new(AtomicBool::new(false));
    let asked = is_down.clone();
    let setup = Setup::new(move |order, _| match order {
        0 if asked.load(Ordering::Relaxed) => Err(Retry::after(Duration::from_mins(1), "down").into()),
        0 => rejected(),
        _ => Ok(()),
    });
    let shop = setup.start();
    shop.place(0..1);
    shop.settled();
    is_down.store(true, Ordering::Relaxed);
    retry(&shop, &shop.dead_letters()[0]);
    assert_eq!(shop.settled(), [(0, 1)]);
    shop.place(1..2);
    assert_eq!(shop.settled(), []);
    drop(shop);
    let shop = setup.start();
    assert_eq!(shop.settled(), []);
    assert_eq!(shop.dead_letters(), []);
    assert_eq!(shop.after(Duration::from_mins(1)), [(0, 2)]);
    is_down.store(false, Ordering::Relaxed);
    assert_eq!(shop.after(Duration::from_mins(1)), [(0, 3), (1, 1)]);
}

#[test]
fn a_letter_that_is_retried_waits_for_the_running_call() {
    let (entered_sender, entered) = mpsc::channel();
    let (gate, gate_receiver) = mpsc::channel::<()>();
    let gate_receiver = Mutex::new(gate_receiver);
    let running = AtomicBool::new(false);
    let accepts = Arc::new(AtomicBool::new(false));
    let asked = accepts.clone();
    let setup = Setup::new(move |order, _| {
        assert!(!running.swap(true, Ordering::Relaxed), "one call at a time");
        if order == 1 {
            entered_sender.send(())?;
            let _ = gate_receiver.lock().unwrap_or_else(PoisonError::into_inner).recv();
        }
        running.store(false, Ordering::Relaxed);
        if order == 0 && !asked.load(Ordering::Relaxed) { rejected() } else { Ok(()) }
    });
    let shop = setup.start();
    shop.place(0..1);
    shop.settled();
    accepts.store(true, Ordering::Relaxed);
    shop.place(1..3);
    entered.recv().expect("it is called");
    retry(&shop, &shop.dead_letters()[0]);
    assert_eq!(shop.status().calling, Some(2));
    drop(gate);
    let calls = shop.settled();
    assert_eq!(calls.iter().filter(|call| **call == (0, 1)).count(), 1, "{calls:?}");
    assert_eq!((shop.status().delivered, shop.status().dead), (3, 1));
}

#[test]
fn a_letter_whose_event_is_gone_is_not_retried_and_stays() {
    let journal = FaultyJournal::new();
    let shop = Setup::over_faulty(&journal, |_, _| Err(Rejected::new("no").into())).start();
    shop.place(0..1);
    shop.settled();
    let letter = shop.dead_letters().remove(0);
    journal.set(|asked| match asked {
        Asked::Read(0) => Fault::Before(Error::Gone { first: 2 }),
        _ => Fault::None,
    });
    let refused = shop.deliveries().retry(&letter).wait().expect_err("there is nothing to deliver");
    assert!(matches!(refused, Refused::Journal(Error::Gone { first: 2 })), "{refused:?}");
    assert_eq!(shop.dead_letters(), [letter]);
    shop.place(1..2);
    assert_eq!(shop.settled(), [(1, 1)], "others are delivered");
}

#[test]
fn a_letter_that_is_dropped_is_gone_and_not_delivered() {
    let (setup, accepts) = picky(&MemoryJournal::new());
    let shop = setup.start();
    shop.place(0..4);
    shop.settled();
    let letters = shop.dead_letters();
    accepts.store(true, Ordering::Relaxed);
    shop.deliveries().drop_letter(&letters[0]).wait().expect("the journal can be written");
    assert_eq!(seqs(&shop.dead_letters()), [4]);
    retry(&shop, &letters[0]);
    assert_eq!(shop.settled(), []);
}

#[test]
fn the_letters_of_a_consumer_that_the_app_does_not_have_can_be_neither_retried_nor_dropped() {
    let (setup, _) = picky(&MemoryJournal::new());
    let shop = setup.start();
    shop.place(0..2);
    shop.settled();
    let mut letter = shop.dead_letters().remove(0);
    letter.consumer = "event-journal::other".to_owned();
    for answer in [shop.deliveries().retry(&letter).wait(), shop.deliveries().drop_letter(&letter).wait()] {
        let Err(Refused::UnknownConsumer { name, known }) = answer else { panic!("{answer:?}") };
        assert_eq!((&*name, known), ("event-journal::other", vec![BILLING.to_owned()]));
    }
}

/// Whether the journal is asked to write or remove a dead letter.
fn is_letter(asked: &Asked) -> bool {
    matches!(asked, Asked::Save(key) if key.starts_with("dead/"))
}

#[test]
fn a_letter_that_can_not_be_written_now_is_written_later_and_the_event_is_not_called_again() {
    for has_happened in [false, true] {
        let journal = FaultyJournal::new();
        let setup = Setup::over_faulty(&journal, |order, _| if order == 0 { rejected() } else { Ok(()) });
        let shop = setup.start();
        let mut faults = 3;
        journal.set(move |asked| match has_happened {
            _ if !is_letter(asked) || faults == 0 => Fault::None,
            true => {
                faults -= 1;
                Fault::After(unavailable())
            }
            false => {
                faults -= 1;
                Fault::Before(unavailable())
            }
        });
        shop.place(0..2);
        let mut calls = shop.settled();
        for _ in 0..3 {
            calls.extend(shop.after(Duration::from_millis(200)));
        }
        assert_eq!(calls, [(0, 1), (1, 1)]);
        assert_eq!(seqs(&shop.dead_letters()), [1]);
        assert_eq!((shop.status().dead, shop.status().delivered), (1, 1));
    }
}

#[test]
fn a_letter_that_is_announced_when_the_process_ends_is_written_by_the_next_one() {
    let journal = FaultyJournal::new();
    let setup = Setup::over_faulty(&journal, |order, _| if order == 0 { rejected() } else { Ok(()) });
    let shop = setup.start();
    journal.set(|asked| if is_letter(asked) { Fault::Before(unavailable()) } else { Fault::None });
    shop.place(0..2);
    assert_eq!(shop.settled(), [(0, 1)]);
    assert_eq!(shop.dead_letters(), []);
    drop(shop);
    journal.heal();
    let shop = setup.start();
    assert_eq!(shop.settled(), [(1, 1)]);
    assert_eq!((seqs(&shop.dead_letters()), shop.status().dead), (vec![1], 1));
}

#[test]
fn a_letter_that_can_not_be_removed_when_it_is_retried_is_removed_before_the_call() {
    let journal = FaultyJournal::new();
    let accepts = Arc::new(AtomicBool::new(false));
    let asked = accepts.clone();
    let setup = Setup::over_faulty(
        &journal,
        move |_, _| {
            if asked.load(Ordering::Relaxed) { Ok(()) } else { rejected() }
        },
    );
    let shop = setup.start();
    shop.place(0..1);
    shop.settled();
    let letter = shop.dead_letters().remove(0);
    accepts.store(true, Ordering::Relaxed);
    journal.set(|asked| if is_letter(asked) { Fault::Before(unavailable()) } else { Fault::None });
    let answer = shop.deliveries().retry(&letter).wait();
    assert!(matches!(answer, Err(Refused::Journal(Error::Unavailable(_)))), "{answer:?}");
    journal.heal();
    assert_eq!(shop.after(Duration::from_millis(200)), [(0, 1)]);
    assert_eq!((shop.dead_letters(), shop.status().backlog), (vec![], Some(0)));
    retry(&shop, &letter);
    assert_eq!(shop.settled(), []);
}

#[test]
fn the_letters_of_a_consumer_are_refused_where_neither_the_app_nor_the_journal_knows_it() {
    let journal = MemoryJournal::new();
    let (setup, _) = picky(&journal);
    let shop = setup.start();
    shop.place(0..2);
    shop.settled();
    let error =
        shop.deliveries().dead_letters("tell_billing", 0, 9).wait().expect_err("its plugin is missing");
    assert!(matches!(&error, Refused::UnknownConsumer { name, .. } if name == "tell_billing"), "{error:?}");
    assert!(error.to_string().contains(BILLING), "{error}");
    drop(shop);

    let other = Setup::over(&journal, |_, _| Ok(())).without_billing();
    let other = other.with(|builder| builder.event::<OrderPlaced>().hook(tell_accounting)).start();
    assert_eq!(seqs(&other.dead_letters()), [2], "they are those of another program");
    assert_eq!(seqs(&other.dead_letters_of("event-journal::tell_accounting")), [0; 0]);
}

#[hookimpl(track_event, durable)]
fn tell_accounting() {}
