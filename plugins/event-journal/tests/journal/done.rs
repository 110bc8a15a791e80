//! Deliveries that implementations record as done, and which ones they are told of.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use event_core::Durability;
use event_core::durable::{Delivery, Rejected, Retry};
use event_core::prelude::*;
use event_journal::journal::Journal;
use event_journal::record_done;
use event_journal::{DoneError, MemoryJournal};

use crate::crashes::{die, restart};
use crate::faults::FaultyJournal;
use crate::orders::{BILLING, BoxError, Calls, OrderPlaced, Setup, Told};

/// As in a transaction of the journal's database, while no other process writes.
pub fn record(journal: &MemoryJournal, delivery: &Delivery) -> Result<(), BoxError> {
    let load = |key: &str| pollster::block_on(journal.load(key));
    let (key, value) = record_done::<BoxError>(delivery, |key| Ok(load(key)?.map(|saved| saved.value)))?;
    let version = load(&key)?.map_or(0, |saved| saved.version);
    pollster::block_on(journal.save(&key, version, Some(&value), Durability::OnDisk))?;
    Ok(())
}

/// Why it can't be recorded.
pub fn refused(journal: &MemoryJournal, delivery: &Delivery) -> DoneError {
    let error = record(journal, delivery).expect_err("it can't be recorded");
    *error.downcast().expect("it is refused")
}

/// The deliveries that an implementation has got.
#[derive(Clone, Default)]
struct Got(Arc<Mutex<Vec<Delivery>>>);

impl Got {
    fn push(&self, delivery: &Delivery) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(delivery.clone());
    }

    fn take(&self) -> Vec<Delivery> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A shop whose calls are recorded, and end so; the process dies after that of the order 5.
fn recording(end: impl Fn(u32) -> Told + Send + Sync + 'static) -> (Setup, MemoryJournal, FaultyJournal) {
    let memory = MemoryJournal::new();
    let journal = FaultyJournal::over(&memory);
    let (kept, killed) = (memory.clone(), journal.clone());
    let setup = Setup::over_faulty(&journal, move |order, delivery| {
        record(&kept, delivery)?;
        if order == 5 {
            die(&killed);
            return Err("dead".into());
        }
        end(order)
    });
    (setup, memory, journal)
}

#[test]
fn what_was_recorded_is_not_called_again_after_the_process_has_died() {
    let (setup, _, journal) = recording(|_| Ok(()));
    let shop = setup.start();
    shop.place_at_once(0..8);
    assert_eq!(shop.settled(), [0, 1, 2, 3, 4, 5].map(|order| (order, 1)));
    let shop = restart(&setup, &journal, shop);
    assert_eq!(shop.settled(), [(6, 1), (7, 1)]);
    assert_eq!((shop.status().delivered, shop.status().backlog), (8, Some(0)));
}

#[hookimpl(track_event, durable(unordered, concurrency = 1))]
fn tell_anyone(app: &App, event: &OrderPlaced, delivery: &Delivery) -> Told {
    app.state::<Calls>()?.answer(event.order, delivery)
}

#[test]
fn without_an_order_only_what_was_not_recorded_is_called_again() {
    let (setup, _, journal) = recording(|_| Ok(()));
    let recorded = setup.calls.clone();
    let mut setup = setup.without_billing().with(|app| app.event::<OrderPlaced>().hook(tell_anyone));
    let is_up = Arc::new(AtomicBool::new(false));
    let asked = is_up.clone();
    setup.calls = Calls::new(move |order, delivery| {
        if order == 2 && !asked.load(Ordering::Relaxed) {
            return Err(Retry::new("down").into());
        }
        recorded.answer(order, delivery)
    });
    let shop = setup.start();
    shop.place(0..6);
    assert_eq!(shop.settled().len(), 6);
    is_up.store(true, Ordering::Relaxed);
    let shop = restart(&setup, &journal, shop);
    let again = shop.after(Duration::from_mins(1));
    assert!(again.iter().map(|(order, _)| *order).eq([2]), "{again:?}");
}

#[test]
fn a_retried_letter_that_was_recorded_is_not_called_again_after_the_process_has_died() {
    let memory = MemoryJournal::new();
    let journal = FaultyJournal::over(&memory);
    let (kept, killed, is_up) = (memory.clone(), journal.clone(), Arc::new(AtomicBool::new(false)));
    let asked = is_up.clone();
    let setup = Setup::over_faulty(&journal, move |_, delivery| {
        if !asked.load(Ordering::Relaxed) {
            return Err(Rejected::new("no").into());
        }
        record(&kept, delivery)?;
        die(&killed);
        Ok(())
    });
    let shop = setup.start();
    shop.place(0..3);
    shop.settled();
    is_up.store(true, Ordering::Relaxed);
    let letter = shop.dead_letters().remove(1);
    shop.deliveries().retry(&letter).wait().expect("it can be saved");
    assert_eq!(shop.settled(), [(1, 1)]);
    let shop = restart(&setup, &journal, shop);
    assert_eq!(shop.settled(), []);
    assert_eq!((shop.status().delivered, shop.dead_letters().len()), (1, 2));
}

#[test]
fn a_call_that_fails_after_it_was_recorded_is_not_made_again_and_its_event_is_no_dead_letter() {
    let (setup, ..) = recording(|order| match order {
        0 => Err("after the commit".into()),
        1 => Err(Rejected::new("after the commit").into()),
        _ => Ok(()),
    });
    let shop = setup.start();
    shop.place(0..3);
    assert_eq!(shop.settled(), [(0, 1), (1, 1), (2, 1)]);
    assert_eq!((shop.status().delivered, shop.status().dead), (3, 0));
}

#[test]
fn what_was_recorded_is_called_again_when_it_is_replayed_and_what_was_called_before_is_fenced() {
    let got = Got::default();
    let pushed = got.clone();
    let memory = MemoryJournal::new();
    let kept = memory.clone();
    let setup = Setup::over(&memory, move |_, delivery| {
        pushed.push(delivery);
        record(&kept, delivery)
    });
    let shop = setup.start();
    shop.place(0..2);
    assert_eq!(shop.settled(), [(0, 1), (1, 1)]);
    let before = got.take().remove(0);
    shop.deliveries().pause(BILLING).wait().expect("it is paused");
    shop.deliveries().replay_after(BILLING, 0).wait().expect("it is replayed");
    assert!(refused(&memory, &before).is_fenced());
    shop.deliveries().resume(BILLING).wait().expect("it is resumed");
    assert_eq!(shop.settled(), [(0, 1), (1, 1)]);
    assert_eq!(shop.status().attempts, 0, "{}", shop.status());
}

#[test]
fn a_consumer_that_was_removed_and_made_anew_has_nothing_recorded() {
    let (setup, memory, _) = recording(|_| Ok(()));
    let shop = setup.start();
    shop.place(0..2);
    shop.settled();
    drop(shop);
    let without = Setup::over(&memory, |_, _| Ok(())).without_billing().with(|app| {
        let app = app.event::<OrderPlaced>();
        app.hook(tell_anyone)
    });
    let shop = without.start();
    shop.deliveries().remove(BILLING).wait().expect("no program has it");
    assert!(pollster::block_on(memory.load(&format!("done/{BILLING}"))).expect("it can be read").is_none());
}

#[test]
fn a_delivery_that_is_over_or_of_another_journal_or_of_no_event_is_refused() {
    let got = Got::default();
    let pushed = got.clone();
    let memory = MemoryJournal::new();
    let setup = Setup::over(&memory, move |_, delivery| {
        pushed.push(delivery);
        Ok(())
    });
    let shop = setup.start();
    shop.place(0..1);
    shop.settled();
    let delivery = got.take().remove(0);
    // The end of the call is saved with this.
    shop.deliveries().pause(BILLING).wait().expect("it is paused");
    let done = refused(&memory, &delivery);
    assert!(done.is_done_already() && !done.is_fenced(), "{done}");
    let batch = delivery.clone().at(0);
    assert!(refused(&memory, &batch).to_string().ends_with("take each event by itself, without `batch`"));
    let other = refused(&MemoryJournal::new(), &delivery).to_string();
    assert_eq!(
        other,
        "failed to record that `event-journal::tell_billing` has got event 1: this database has no such consumer; use the \
         one from whose store the event is delivered"
    );
    drop(shop);
    assert!(refused(&memory, &delivery).is_fenced(), "no process delivers");
}

#[hookimpl(track_event, durable(batch = 10))]
fn tell_in_batches(app: &App, events: &[&Tracked], delivery: &Delivery) -> Told {
    let number = u32::try_from(events.len()).expect("ten at most");
    app.state::<Calls>()?.answer(number, delivery)
}

#[test]
fn a_batch_can_not_be_recorded_also_where_it_has_one_event() {
    let memory = MemoryJournal::new();
    let kept = memory.clone();
    let setup = Setup::over(&memory, move |_, delivery| {
        assert!(refused(&kept, delivery).to_string().ends_with("without `batch`"));
        Ok(())
    });
    let setup = setup.without_billing().with(|app| app.event::<OrderPlaced>().hook(tell_in_batches));
    let shop = setup.start();
    shop.place(0..1);
    assert_eq!(shop.settled(), [(1, 1)]);
    assert_eq!(shop.status_of("event-journal::tell_in_batches").delivered, 1);
}
