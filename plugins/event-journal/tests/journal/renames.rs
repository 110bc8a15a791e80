//! Durable implementations that get another name, and the programs that know them by the old one.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use event_core::AppBuilder;
use event_core::durable::{Delivery, Rejected, Retry};
use event_core::prelude::*;
use event_journal::journal::Journal;
use event_journal::{Deliverer, Letters, MemoryJournal, Refused};

use crate::crashes::{LEASE, die};
use crate::faults::{Asked, Fault, FaultyJournal, unavailable};
use crate::orders::{BILLING, Calls, Noted, OrderPlaced, Setup, Shop, Told};

#[hookimpl(track_event, durable(renamed_from = "tell_billing"))]
fn tell_accounting(app: &App, event: &OrderPlaced, delivery: &Delivery) -> Told {
    app.state::<Calls>()?.answer(event.order, delivery)
}

const ACCOUNTING: &str = "event-journal::tell_accounting";

/// The name after that, from another plugin's point of view.
#[hookimpl(track_event, durable(renamed_from = "event-journal::tell_accounting"))]
fn tell_finance(app: &App, event: &OrderPlaced, delivery: &Delivery) -> Told {
    app.state::<Calls>()?.answer(event.order, delivery)
}

const FINANCE: &str = "event-journal::tell_finance";

/// The program in which it is renamed, beside the one of `old`: the same journal, clock and calls.
fn renamed(journal: &FaultyJournal, old: &Setup) -> Setup {
    beside(journal, old).with(|builder| builder.hook(tell_accounting))
}

fn beside(journal: &FaultyJournal, old: &Setup) -> Setup {
    let mut new = Setup::over_faulty(journal, |_, _| Ok(()));
    (new.clock, new.calls) = (old.clock.clone(), old.calls.clone());
    new.without_billing().with(AppBuilder::event::<OrderPlaced>)
}

fn setups(answer: impl Fn(u32, &Delivery) -> Told + Send + Sync + 'static) -> (Setup, Setup, FaultyJournal) {
    let journal = FaultyJournal::new();
    let old = Setup::over_faulty(&journal, answer);
    let new = renamed(&journal, &old);
    (old, new, journal)
}

fn calls(orders: impl IntoIterator<Item = u32>) -> Vec<(u32, u32)> {
    orders.into_iter().map(|order| (order, 1)).collect()
}

#[test]
fn a_renamed_implementation_goes_on_where_it_was_with_its_dead_letters_and_attempts() {
    let is_up = Arc::new(AtomicBool::new(false));
    let up = is_up.clone();
    let (old, new, _) = setups(move |order, delivery| match order {
        1 if !up.load(Ordering::Relaxed) => Err(Rejected::new("no").into()),
        3 if delivery.attempt() < 3 => Err(Retry::after(Duration::from_mins(1), "down").into()),
        _ => Ok(()),
    });
    let shop = old.start();
    shop.place(0..5);
    assert_eq!(shop.settled(), calls(0..4));
    drop(shop);
    let shop = new.start();
    assert_eq!(shop.settled(), [], "its pause isn't over");
    shop.clock.advance(Duration::from_mins(1));
    assert_eq!(shop.settled(), [(3, 2)]);
    shop.clock.advance(Duration::from_mins(1));
    assert_eq!(shop.settled(), [(3, 3), (4, 1)]);
    let status = shop.status_of(ACCOUNTING);
    assert_eq!((status.delivered, status.dead), (4, 1), "{status}");
    let letters = shop.dead_letters_of(ACCOUNTING);
    assert_eq!((letters.len(), &*letters[0].consumer, letters[0].seq), (1, ACCOUNTING, 2));
    is_up.store(true, Ordering::Relaxed);
    shop.deliveries().retry(&letters[0]).wait().expect("it is there");
    assert_eq!(shop.settled(), calls([1]));
    assert_eq!(
        shop.deliveries().consumers().wait().expect("it runs").len(),
        1,
        "the old name is no consumer"
    );
    let gone = shop.deliveries().dead_letters(BILLING, 0, 9).wait().expect_err("it has another name");
    assert!(matches!(gone, Refused::UnknownConsumer { .. }), "{gone:?}");
    let gone = shop.deliveries().remove(BILLING).wait().expect_err("it has another name");
    assert!(matches!(gone, Refused::UnknownConsumer { .. }), "{gone:?}");
}

#[test]
fn without_a_consumer_of_the_old_name_it_is_a_new_one() {
    let (_, new, _) = setups(|_, _| Ok(()));
    let shop = new.start();
    shop.place(0..2);
    assert_eq!(shop.settled(), calls(0..2));
}

#[test]
fn an_old_program_that_runs_is_fenced_stands_by_and_says_why_and_the_new_one_begins_after_a_lease() {
    let (entered, enters) = mpsc::channel();
    let (gate, waits) = mpsc::channel::<()>();
    let waits = Mutex::new((waits, entered));
    let (old, new, _) = setups(move |order, delivery| {
        if order == 2 && delivery.attempt() == 1 {
            let waits = waits.lock().expect("no thread panics");
            let (waits, entered) = &*waits;
            let _ = entered.send(());
            let _ = waits.recv();
        }
        Ok(())
    });
    let older = old.start();
    older.place(0..3);
    enters.recv().expect("it is called");
    let newer = new.start();
    older.place(3..5);
    assert_eq!(newer.settled(), calls(0..3), "by the old one");
    assert_eq!(newer.status_of(ACCOUNTING).deliverer, Deliverer::AnotherProcess);
    drop(gate);
    assert_eq!(older.settled(), []);
    let status = older.status();
    let paused = status.paused.as_deref().expect("it stands by");
    assert!(paused.contains(ACCOUNTING) && paused.contains(&format!("adopt(\"{BILLING}\")")), "{paused}");
    assert_eq!(status.deliverer, Deliverer::None);
    for asked in [
        older.deliveries().pause(BILLING).wait(),
        older.deliveries().resume(BILLING).wait(),
        older.deliveries().skip(BILLING, 4, "x").wait(),
        older.deliveries().retry_all(BILLING, Letters::all()).wait().map(drop),
    ] {
        let refused = asked.expect_err("it is another program's");
        assert!(refused.to_string().contains(ACCOUNTING), "{refused}");
    }
    older.deliveries().deliver_now(BILLING).wait().expect("it is there");
    assert_eq!(older.settled(), []);
    newer.clock.advance(LEASE);
    let again = newer.settled();
    let first = again[0].0;
    assert!(first <= 3 && again.iter().map(|(order, _)| *order).eq(first..5), "{again:?}");
    newer.place(5..6);
    assert_eq!(newer.settled(), calls([5]));
}

#[test]
fn in_each_order_of_starts_and_ends_every_event_is_delivered_once() {
    let orders = [
        ["+old", "place", "-old", "place", "+new", "place", "-new"],
        ["+old", "place", "+new", "place", "-old", "place", "-new"],
        ["+old", "place", "+new", "place", "-new", "place", "-old"],
        ["+new", "place", "+old", "place", "-old", "place", "-new"],
        ["+new", "place", "+old", "place", "-new", "place", "-old"],
        ["+new", "place", "-new", "+old", "place", "-old", "place"],
    ];
    for order in orders {
        let (old, new, _) = setups(|_, _| Ok(()));
        let (mut older, mut newer, mut placed) = (None, None, 0);
        let mut got = Vec::new();
        for step in order {
            match step {
                "+old" => older = Some(old.start()),
                "+new" => newer = Some(new.start()),
                "-old" => drop(older.take()),
                "-new" => drop(newer.take()),
                _ => {
                    let any: Option<&Shop> = newer.as_ref().or(older.as_ref());
                    if let Some(any) = any {
                        any.place(placed..placed + 3);
                        placed += 3;
                    }
                }
            }
            // Twice, so that what is idle has saved where it is.
            for _ in 0..2 {
                old.clock.advance(LEASE);
                for shop in older.iter().chain(&newer) {
                    got.extend(shop.settled());
                }
            }
        }
        drop((older, newer));
        // The next deploy finds what only the old program could have called.
        let shop = new.start();
        got.extend(shop.settled());
        assert_eq!(got, calls(0..placed), "{order:?}");
    }
}

#[test]
fn an_older_program_takes_its_consumer_back_when_it_is_told_and_the_next_deploy_takes_it_over_again() {
    let (old, new, _) = setups(|_, _| Ok(()));
    for round in 0..3 {
        let first = round * 6;
        let newer = new.start();
        newer.place(first..first + 2);
        assert_eq!(newer.settled(), calls(first..first + 2));
        drop(newer);
        let older = old.start();
        older.place(first + 2..first + 4);
        assert_eq!(older.settled(), [], "it stands by");
        older.deliveries().adopt(BILLING).wait().expect("it can be taken back");
        assert_eq!(older.settled(), calls(first + 2..first + 4));
        older.place(first + 4..first + 6);
        assert_eq!(older.settled(), calls(first + 4..first + 6));
        assert_eq!(older.status().delivered, u64::from(first) + 6);
    }
}

#[test]
fn a_name_that_was_given_twice_is_followed_and_the_oldest_program_can_take_it_back() {
    let (old, new, journal) = setups(|_, _| Ok(()));
    drop(old.start());
    drop(new.start());
    let newest = beside(&journal, &old).with(|builder| builder.hook(tell_finance));
    let shop = newest.start();
    shop.place(0..2);
    assert_eq!(shop.settled(), calls(0..2));
    assert_eq!(shop.status_of(FINANCE).delivered, 2);
    drop(shop);
    let shop = old.start();
    shop.place(2..3);
    assert_eq!(shop.settled(), []);
    shop.deliveries().adopt(BILLING).wait().expect("it can be taken back");
    assert_eq!(shop.settled(), calls([2]));
    assert_eq!(shop.status().delivered, 3);
}

#[test]
fn a_process_that_dies_at_any_save_of_a_rename_leaves_one_from_which_the_next_goes_on() {
    let mut finished = false;
    for at in 0.. {
        for has_happened in [false, true] {
            let (old, new, journal) = setups(|order, _| match order {
                1 | 2 => Err(Rejected::new("no").into()),
                _ => Ok(()),
            });
            let shop = old.start();
            shop.place(0..5);
            shop.settled();
            drop(shop);
            let before = old.start();
            before.deliveries().pause(BILLING).wait().expect("it is paused");
            before.place(5..6);
            drop(before);
            old.calls.take();
            let mut saves = 0;
            let mut is_dead = false;
            journal.set(move |asked| {
                if is_dead {
                    return Fault::Before(unavailable());
                }
                let Asked::Save(_) = asked else { return Fault::None };
                saves += 1;
                is_dead = saves > at;
                match (is_dead, has_happened) {
                    (false, _) => Fault::None,
                    (true, false) => Fault::Before(unavailable()),
                    (true, true) => Fault::After(unavailable()),
                }
            });
            let started = new.try_start();
            finished = started.is_ok();
            drop(started.map(|app| app.shutdown().wait()));
            journal.heal();
            old.calls.take();
            let shop = new.start();
            shop.clock.advance(LEASE);
            let got = shop.settled();
            assert!(got.is_empty() || got == calls([5]), "{at} {got:?}");
            let status = shop.status_of(ACCOUNTING);
            assert_eq!((status.delivered, status.dead, status.backlog), (4, 2, Some(0)), "{at} {status}");
            let letters = shop.dead_letters_of(ACCOUNTING);
            assert!(letters.iter().map(|letter| letter.seq).eq([2, 3]), "{at} {letters:?}");
            assert!(letters.iter().all(|letter| letter.consumer == ACCOUNTING));
            let left = pollster::block_on(journal.list("dead/event-journal::tell_billing/", "", 9));
            assert_eq!(left.expect("it can be read").len(), 0);
        }
        if finished {
            assert!(at > 4, "it moves letters, too");
            return;
        }
    }
}

#[test]
fn of_a_process_that_dies_the_new_name_takes_over_what_it_had_called() {
    let journal = FaultyJournal::new();
    let killed = journal.clone();
    let old = Setup::over_faulty(&journal, move |order, _| {
        if order == 2 {
            die(&killed);
            return Err("dead".into());
        }
        Ok(())
    });
    let new = renamed(&journal, &old);
    let shop = old.start();
    shop.place_at_once(0..4);
    assert_eq!(shop.settled(), calls(0..3));
    for _ in 0..2 {
        journal.heal();
        let next = new.start();
        next.clock.advance(LEASE);
        let again = next.settled();
        assert_eq!(again.last(), Some(&(2, 1)), "it dies in that call: {again:?}");
        drop(next);
    }
    journal.heal();
    let next = new.start();
    next.clock.advance(LEASE);
    assert_eq!(next.settled(), calls([3]));
    let letters = next.dead_letters_of(ACCOUNTING);
    assert!(letters.len() == 1 && letters[0].reason.contains("the process ended"), "{letters:?}");
    drop(shop);
}

#[test]
fn a_command_that_waits_is_done_under_the_new_name() {
    let (old, new, journal) = setups(|_, _| Err(Rejected::new("no").into()));
    let shop = old.start();
    shop.place(0..2);
    shop.settled();
    drop(shop);
    let producer = Setup::over_faulty(&journal, |_, _| Ok(()))
        .configured(serde_json::json!({ "deliver": false }))
        .start();
    let dropped = producer.deliveries().drop_all(BILLING, Letters::all());
    let waits = std::thread::spawn(|| dropped.wait());
    while pollster::block_on(journal.list("command/", "", 9)).expect("it can be read").is_empty() {
        producer.settled();
    }
    let shop = new.start();
    shop.settled();
    assert_eq!(shop.dead_letters_of(ACCOUNTING), []);
    while !waits.is_finished() {
        producer.clock.advance(LEASE);
        producer.settled();
    }
    let answer = waits.join().expect("it doesn't panic");
    assert!(matches!(answer, Err(Refused::Later)), "it has looked under the old name: {answer:?}");
}

#[test]
fn a_program_that_has_a_consumer_which_was_removed_stands_by_until_it_is_told_to_make_it_anew() {
    let memory = MemoryJournal::new();
    let old = Setup::over(&memory, |_, _| Ok(()));
    let shop = old.start();
    shop.place(0..2);
    shop.settled();
    drop(shop);
    let noted = Noted::default();
    let without = Setup::over(&memory, |_, _| Ok(()))
        .without_billing()
        .with(move |builder| builder.insert(noted.clone()).event::<OrderPlaced>().hook(hear_another));
    let other = without.start();
    other.deliveries().remove(BILLING).wait().expect("no process has it");
    let shop = old.start();
    shop.place(2..4);
    assert_eq!(shop.settled(), []);
    let paused = shop.status().paused.expect("it stands by");
    assert!(paused.contains("removed") && paused.contains(&format!("adopt(\"{BILLING}\")")), "{paused}");
    shop.deliveries().adopt(BILLING).wait().expect("it can be made anew");
    shop.place(4..5);
    assert_eq!(shop.settled(), calls([4]), "it begins with what is new");
    assert_eq!(shop.status().delivered, 1);
    drop(shop);
    // From now on it is there.
    let shop = old.start();
    shop.place(5..6);
    assert_eq!(shop.settled(), calls([5]));
}

#[hookimpl(track_event, durable)]
fn hear_another(event: &OrderPlaced) {
    let _ = event;
}

#[test]
fn an_old_name_that_another_implementation_has_is_an_error_that_names_both() {
    let setup = Setup::new(|_, _| Ok(())).with(|builder| builder.hook(tell_accounting));
    let error = setup.start_error();
    assert!(error.contains("tell_accounting") && error.contains("renamed_from"), "{error}");
    assert!(error.contains("orders.rs") && error.contains("renames.rs"), "{error}");
}

#[test]
fn what_was_recorded_as_done_under_the_old_name_is_not_called_again_and_its_old_calls_are_fenced() {
    let memory = MemoryJournal::new();
    let journal = FaultyJournal::over(&memory);
    let (kept, killed) = (memory.clone(), journal.clone());
    let got = Arc::new(Mutex::new(Vec::<Delivery>::new()));
    let pushed = got.clone();
    let old = Setup::over_faulty(&journal, move |order, delivery| {
        pushed.lock().expect("no thread panics").push(delivery.clone());
        crate::done::record(&kept, delivery)?;
        if order == 2 {
            die(&killed);
            return Err("dead".into());
        }
        Ok(())
    });
    let new = renamed(&journal, &old);
    let shop = old.start();
    shop.place_at_once(0..4);
    assert_eq!(shop.settled(), calls(0..3));
    journal.heal();
    let next = new.start();
    next.clock.advance(LEASE);
    assert_eq!(next.settled(), calls([3]));
    let before = got.lock().expect("no thread panics")[0].clone();
    let fenced = crate::done::refused(&memory, &before);
    assert!(fenced.is_fenced(), "{fenced}");
    let left = pollster::block_on(memory.load(&format!("done/{BILLING}"))).expect("it can be read");
    assert!(left.is_none());
}
