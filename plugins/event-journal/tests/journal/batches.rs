//! Several events come in one call. What becomes of a batch that fails is in `halving`.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use event_core::AppBuilder;
use event_core::durable::{Delivery, Rejected, Retry};
use event_core::prelude::*;
use event_journal::journal::Journal;
use event_journal::{ConsumerStatus, Deliveries, MemoryJournal};
use serde_json::json;

use crate::crashes::{LEASE, die};
use crate::faults::FaultyJournal;
use crate::orders::{Noted, OrderPlaced, Setup, Shop, Told};

#[derive(Event, serde::Deserialize)]
pub struct Sent {
    pub key: Option<u32>,
    pub number: u32,
}

/// A call: the numbers of its events, and which attempt it was.
pub type Called = (Vec<u32>, u32);
pub type Answer = dyn Fn(&[u32], &Delivery) -> Told + Send + Sync;

/// What the implementations of these tests do, and how they were called.
#[derive(Clone)]
pub struct Receiver {
    calls: Arc<Mutex<Vec<Called>>>,
    answer: Arc<Answer>,
}

impl Receiver {
    pub fn new(answer: impl Fn(&[u32], &Delivery) -> Told + Send + Sync + 'static) -> Self {
        Self { calls: Arc::default(), answer: Arc::new(answer) }
    }

    /// Fails in this way while one of these is among the events.
    pub fn with_culprits(culprits: &'static [u32], fail: fn() -> Told) -> Self {
        Self::new(
            move |numbers, _| {
                if culprits.iter().any(|culprit| numbers.contains(culprit)) { fail() } else { Ok(()) }
            },
        )
    }

    pub fn call(&self, numbers: &[u32], delivery: &Delivery) -> Told {
        let called = (numbers.to_vec(), delivery.attempt());
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).push(called);
        (self.answer)(numbers, delivery)
    }

    pub fn take(&self) -> Vec<Called> {
        std::mem::take(&mut *self.calls.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The same, without the attempts.
    pub fn batches(&self) -> Vec<Vec<u32>> {
        self.take().into_iter().map(|(numbers, _)| numbers).collect()
    }
}

pub fn of_typed(events: &[&Tracked<Sent>]) -> Vec<u32> {
    events.iter().map(|event| event.number).collect()
}

#[hookimpl(track_event, durable(name = "send", batch = 8))]
pub fn send(app: &App, events: &[&Tracked<Sent>], delivery: &Delivery) -> Told {
    app.state::<Receiver>()?.call(&of_typed(events), delivery)
}

#[hookimpl(track_event, durable(name = "send", batch = 8))]
async fn send_later(delivery: &Delivery, events: &[&Tracked<Sent>], app: &App) -> Told {
    tokio::task::yield_now().await;
    app.state::<Receiver>()?.call(&of_typed(events), delivery)
}

#[hookimpl(track_event, durable(name = "send", batch = 8))]
pub fn send_any(app: &App, events: &[&Tracked], delivery: &Delivery) -> Told {
    let number = |event: &&Tracked| Ok(serde_json::from_value(event.properties()?["number"].clone())?);
    let numbers: Result<Vec<_>, crate::orders::BoxError> = events.iter().map(number).collect();
    app.state::<Receiver>()?.call(&numbers?, delivery)
}

#[hookimpl(track_event, durable(name = "send", batch = 8, key = "key", concurrency = 2))]
pub fn send_by_key(app: &App, events: &[&Sent], delivery: &Delivery) -> Told {
    let keys: BTreeSet<_> = events.iter().map(|event| event.key).collect();
    assert_eq!(keys.len(), 1, "{keys:?}");
    let numbers: Vec<_> = events.iter().map(|event| event.number).collect();
    app.state::<Receiver>()?.call(&numbers, delivery)
}

#[hookimpl(track_event, durable(name = "send", batch = 8, unordered, concurrency = 1))]
pub fn send_in_any_order(app: &App, events: &[&Tracked<Sent>], delivery: &Delivery) -> Told {
    app.state::<Receiver>()?.call(&of_typed(events), delivery)
}

#[hookimpl(track_event, durable(name = "send", batch = 8))]
async fn count_calls(app: &App) {
    app.state::<Noted>().expect("it is there").note("called");
}

pub const SEND: &str = "event-journal::send";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Plain,
    Async,
    Any,
    ByKey,
    Unordered,
}

pub fn add(setup: Setup, receiver: &Receiver, kind: Kind) -> Setup {
    let receiver = receiver.clone();
    setup.without_billing().with(move |builder| {
        let builder = builder.insert(receiver.clone()).event::<Sent>();
        match kind {
            Kind::Plain => builder.hook(send),
            Kind::Async => builder.hook(send_later),
            Kind::Any => builder.hook(send_any),
            Kind::ByKey => builder.hook(send_by_key),
            Kind::Unordered => builder.hook(send_in_any_order),
        }
    })
}

pub fn setup(receiver: &Receiver, kind: Kind) -> Setup {
    add(Setup::over(&MemoryJournal::new(), |_, _| Ok(())), receiver, kind)
}

pub fn track(shop: &Shop, key: impl Into<Option<u32>>, numbers: Range<u32>) {
    let key = key.into();
    for number in numbers {
        shop.app.track(Sent { key, number }).wait().expect("it is kept");
    }
}

/// All of these are there when the first one is called.
pub fn track_at_once(shop: &Shop, track: impl FnOnce(&Shop)) {
    shop.deliveries().pause(SEND).wait().expect("it is there");
    track(shop);
    shop.deliveries().resume(SEND).wait().expect("it is there");
    shop.settled();
}

pub fn status(shop: &Shop) -> ConsumerStatus {
    shop.status_of(SEND)
}

pub fn numbers(range: Range<u32>) -> Vec<u32> {
    range.collect()
}

#[test]
fn events_that_follow_each_other_come_together_in_their_order_and_no_more_than_the_batch() {
    for kind in [Kind::Plain, Kind::Async, Kind::Any, Kind::Unordered] {
        let receiver = Receiver::new(|_, _| Ok(()));
        let shop = setup(&receiver, kind).start();
        track_at_once(&shop, |shop| track(shop, 1, 0..20));
        assert_eq!(receiver.batches(), [numbers(0..8), numbers(8..16), numbers(16..20)], "{kind:?}");
        assert_eq!((status(&shop).delivered, status(&shop).position), (20, 20));
    }
}

#[test]
fn no_batch_waits_until_it_is_full() {
    let receiver = Receiver::new(|_, _| Ok(()));
    let shop = setup(&receiver, Kind::Plain).start();
    for number in 0..3 {
        track(&shop, 1, number..number + 1);
        shop.settled();
        assert_eq!(receiver.take(), [(vec![number], 1)]);
    }
}

#[test]
fn a_batch_has_only_events_that_the_implementation_hears() {
    let receiver = Receiver::new(|_, _| Ok(()));
    let shop = setup(&receiver, Kind::Async).with(AppBuilder::event::<OrderPlaced>).start();
    track_at_once(&shop, |shop| {
        (0..4).for_each(|number| {
            track(shop, 1, number..number + 1);
            shop.place(0..1);
        });
    });
    assert_eq!(receiver.batches(), [numbers(0..4)]);
}

#[test]
fn an_implementation_that_takes_no_events_is_called_once_for_a_batch() {
    let noted = Noted::default();
    let inserted = noted.clone();
    let setup = Setup::over(&MemoryJournal::new(), |_, _| Ok(())).without_billing();
    let setup = setup.with(move |builder| builder.insert(inserted.clone()).event::<Sent>().hook(count_calls));
    let shop = setup.start();
    track_at_once(&shop, |shop| track(shop, 1, 0..12));
    assert_eq!(noted.take(), ["called"; 2]);
}

#[test]
fn the_configuration_says_how_many_come_together() {
    let receiver = Receiver::new(|_, _| Ok(()));
    let settings = json!({ "consumers": { SEND: { "batch": 3 } } });
    let shop = setup(&receiver, Kind::Plain).configured(settings).start();
    track_at_once(&shop, |shop| track(shop, 1, 0..7));
    assert_eq!(receiver.batches(), [numbers(0..3), numbers(3..6), numbers(6..7)]);
}

fn record(version: u32, number: &serde_json::Value) -> event_core::Record {
    let stored = json!({
        "id": uuid::Uuid::new_v4(), "name": "sent", "version": version, "created": "2026-11-29T08:00:00Z",
        "actor": null, "properties": { "key": 1, "number": number },
    });
    serde_json::from_value(stored).expect("it is a record")
}

fn append(journal: &MemoryJournal, record: event_core::Record) {
    pollster::block_on(journal.append(&[record])).expect("it is in memory");
}

#[test]
fn an_event_that_can_not_be_read_is_a_dead_letter_and_the_others_are_called_without_it() {
    for (kind, expected) in [
        (Kind::Plain, vec![numbers(0..3), numbers(3..6)]),
        (Kind::Unordered, vec![numbers(0..3), numbers(3..6)]),
    ] {
        let (journal, receiver) = (MemoryJournal::new(), Receiver::new(|_, _| Ok(())));
        let shop = add(Setup::over(&journal, |_, _| Ok(())), &receiver, kind).start();
        track_at_once(&shop, |shop| {
            track(shop, 1, 0..3);
            append(&journal, record(1, &json!("three")));
            append(&journal, record(1, &json!("also three")));
            track(shop, 1, 3..6);
        });
        assert_eq!(receiver.batches(), expected, "{kind:?}");
        let letters = shop.dead_letters_of(SEND);
        assert_eq!(letters.iter().map(|letter| letter.seq).collect::<Vec<_>>(), [4, 5]);
        assert!(letters[0].reason.contains("three"), "{}", letters[0]);
    }
}

#[test]
fn before_an_event_of_a_newer_version_all_are_delivered_and_none_after_it() {
    let (journal, receiver) = (MemoryJournal::new(), Receiver::new(|_, _| Ok(())));
    let shop = add(Setup::over(&journal, |_, _| Ok(())), &receiver, Kind::Any).start();
    track_at_once(&shop, |shop| {
        track(shop, 1, 0..3);
        append(&journal, record(2, &json!(9)));
        track(shop, 1, 3..6);
    });
    assert_eq!(receiver.batches(), [numbers(0..3)]);
    assert!(status(&shop).paused.is_some_and(|reason| reason.contains("version 2")));
    assert_eq!((status(&shop).delivered, status(&shop).dead), (3, 0));
}

#[test]
fn a_batch_has_events_of_one_key_and_a_key_that_fails_holds_up_only_itself() {
    let receiver = Receiver::new(|numbers, delivery| match (numbers.contains(&11), delivery.attempt()) {
        (true, 1) => Err(Retry::after(Duration::from_secs(9), "down").into()),
        _ => Ok(()),
    });
    let shop = setup(&receiver, Kind::ByKey).start();
    track_at_once(&shop, |shop| {
        for number in 0..10 {
            (0..3).for_each(|key| track(shop, key, key * 10 + number..key * 10 + number + 1));
        }
    });
    let mut batches = receiver.batches();
    batches.sort();
    assert_eq!(batches, [numbers(0..8), numbers(8..10), numbers(10..18), numbers(20..28), numbers(28..30)]);
    shop.after(Duration::from_secs(9));
    assert_eq!(receiver.take(), [(numbers(10..18), 2), (numbers(18..20), 1)]);
}

#[test]
fn without_an_order_a_culprit_holds_up_nothing_but_itself() {
    let receiver = Receiver::new(|numbers, delivery| {
        if numbers.contains(&3) && delivery.attempt() == 1 { Err("no".into()) } else { Ok(()) }
    });
    let shop = setup(&receiver, Kind::Unordered).start();
    track_at_once(&shop, |shop| track(shop, 1, 0..20));
    assert_eq!((status(&shop).delivered, status(&shop).backlog), (19, Some(1)));
    receiver.take();
    shop.after(Duration::from_secs(1));
    assert_eq!(receiver.take(), [(vec![3], 2)]);
    assert_eq!((status(&shop).delivered, status(&shop).position), (20, 20));
}

#[test]
fn without_an_order_a_batch_that_meets_an_outage_waits_together() {
    let receiver = Receiver::new(|numbers, delivery| {
        if numbers.contains(&3) && delivery.attempt() == 1 {
            return Err(Retry::after(Duration::from_secs(9), "down").into());
        }
        Ok(())
    });
    let shop = setup(&receiver, Kind::Unordered).start();
    track_at_once(&shop, |shop| track(shop, 1, 0..20));
    assert_eq!(receiver.batches(), [numbers(0..8), numbers(8..16), numbers(16..20)]);
    assert_eq!((status(&shop).delivered, status(&shop).backlog), (12, Some(8)));
    shop.after(Duration::from_secs(9));
    assert_eq!(receiver.take(), [(numbers(0..8), 2)]);
    assert_eq!(status(&shop).position, 20);
}

#[test]
fn a_dead_letter_that_is_retried_comes_alone_and_before_others() {
    let fails = Arc::new(AtomicBool::new(true));
    let still = fails.clone();
    let receiver = Receiver::new(move |numbers, _| {
        if numbers.contains(&2) && still.load(Ordering::Relaxed) {
            return Err(Rejected::new("no").into());
        }
        Ok(())
    });
    let shop = setup(&receiver, Kind::Plain).start();
    track_at_once(&shop, |shop| track(shop, 1, 0..4));
    receiver.take();
    fails.store(false, Ordering::Relaxed);
    let letter = shop.dead_letters_of(SEND).remove(0);
    track_at_once(&shop, |shop| {
        track(shop, 1, 4..8);
        shop.deliveries().retry(&letter).wait().expect("it is there");
    });
    assert_eq!(receiver.batches(), [vec![2], numbers(4..8)]);
}

#[test]
fn a_dead_letter_that_is_retried_while_a_later_event_is_given_up_leaves_its_lane_as_it_was() {
    let deliveries = Arc::new(OnceLock::<Deliveries>::new());
    let retries = deliveries.clone();
    let receiver = Receiver::new(move |numbers, _| match numbers {
        [0] if retries.get().is_none() => Err(Rejected::new("no").into()),
        [3, ..] => {
            let deliveries = retries.get().ok_or("it is set later")?;
            for letter in deliveries.dead_letters(SEND, 0, 1).wait()? {
                deliveries.retry(&letter).wait()?;
            }
            Err(Rejected::new("no").into())
        }
        _ => Ok(()),
    });
    let shop = setup(&receiver, Kind::Plain).start();
    track_at_once(&shop, |shop| track(shop, 1, 0..1));
    deliveries.set(shop.deliveries()).expect("it is set once");
    track_at_once(&shop, |shop| track(shop, 1, 3..8));
    assert_eq!((status(&shop).backlog, status(&shop).delivered, status(&shop).dead), (Some(0), 5, 2));
}

#[test]
fn an_event_of_a_batch_that_is_called_can_not_be_skipped_and_one_of_a_batch_that_waits_can() {
    let deliveries = Arc::new(OnceLock::<Deliveries>::new());
    let skips = deliveries.clone();
    let receiver = Receiver::new(move |numbers, delivery| {
        if delivery.attempt() > 1 {
            return Ok(());
        }
        let skipped = skips.get().expect("it is set").skip(SEND, 3, "odd").wait();
        assert!(skipped.is_err() && numbers.contains(&2), "{skipped:?}");
        Err(Retry::after(Duration::from_secs(9), "down").into())
    });
    let shop = setup(&receiver, Kind::Plain).start();
    deliveries.set(shop.deliveries()).expect("it is set once");
    track_at_once(&shop, |shop| track(shop, 1, 0..6));
    shop.deliveries().skip(SEND, 3, "odd").wait().expect("it waits");
    shop.after(Duration::from_secs(9));
    assert_eq!(receiver.take(), [(numbers(0..6), 1), (vec![0, 1, 3, 4, 5], 2)]);
    assert_eq!((status(&shop).delivered, status(&shop).dead), (5, 1));
}

#[test]
fn after_a_restart_nothing_is_missing_and_nothing_is_delivered_again() {
    let receiver = Receiver::new(|numbers, delivery| {
        if numbers.contains(&9) && delivery.attempt() < 3 {
            return Err(Retry::after(Duration::from_secs(9), "down").into());
        }
        Ok(())
    });
    let setup = setup(&receiver, Kind::Plain);
    let shop = setup.start();
    track_at_once(&shop, |shop| track(shop, 1, 0..20));
    assert_eq!(receiver.batches(), [numbers(0..8), numbers(8..16)]);
    drop(shop);
    let shop = setup.start();
    shop.settled();
    assert_eq!(receiver.take(), []);
    for _ in 0..5 {
        shop.after(Duration::from_secs(9));
    }
    let calls = receiver.take();
    // Its attempts are known still.
    assert_eq!(calls[0], (vec![8], 2), "{calls:?}");
    let last: Vec<_> =
        calls.iter().filter(|(numbers, attempt)| !numbers.contains(&9) || *attempt == 3).collect();
    let delivered: Vec<_> = last.into_iter().flat_map(|(numbers, _)| numbers.clone()).collect();
    assert_eq!(delivered, numbers(8..20), "{calls:?}");
    assert_eq!((status(&shop).delivered, status(&shop).backlog), (20, Some(0)));
}

#[test]
fn an_event_that_has_failed_is_called_alone_also_where_another_order_puts_others_before_it() {
    let journal = MemoryJournal::new();
    let receiver = Receiver::new(|numbers, delivery| match delivery.attempt() {
        1 if numbers.contains(&0) => Err(Retry::after(Duration::from_secs(9), "down").into()),
        1 if numbers.contains(&9) => Err("no".into()),
        _ => Ok(()),
    });
    let shop = add(Setup::over(&journal, |_, _| Ok(())), &receiver, Kind::Unordered).start();
    track_at_once(&shop, |shop| track(shop, 1, 0..16));
    assert_eq!(status(&shop).delivered, 7);
    drop(shop);
    receiver.take();
    let shop = add(Setup::over(&journal, |_, _| Ok(())), &receiver, Kind::Plain).start();
    shop.after(Duration::from_secs(9));
    assert_eq!(receiver.take(), [(vec![0], 2), (numbers(1..8), 1), (vec![9], 2)]);
}

#[test]
fn after_a_crash_in_a_batch_its_events_are_called_one_at_a_time_and_only_the_deadly_one_is_blamed() {
    for kind in [Kind::Plain, Kind::Unordered] {
        let journal = FaultyJournal::new();
        let killed = journal.clone();
        let receiver = Receiver::new(move |numbers, _| {
            if numbers.contains(&2) {
                die(&killed);
                return Err("dead".into());
            }
            Ok(())
        });
        let setup = add(Setup::over_faulty(&journal, |_, _| Ok(())), &receiver, kind);
        let mut shop = setup.start();
        track_at_once(&shop, |shop| track(shop, 1, 0..6));
        for _ in 0..3 {
            drop(shop);
            receiver.take();
            journal.heal();
            shop = setup.start();
            shop.after(LEASE);
        }
        track_at_once(&shop, |shop| track(shop, 1, 6..12));
        let calls = receiver.batches();
        let (alone, together) = calls.split_at(calls.len() - 1);
        assert!(alone.iter().all(|numbers| numbers.len() == 1), "{kind:?} {calls:?}");
        assert_eq!(together, [numbers(6..12)], "{kind:?} {calls:?}");
        let letters = shop.dead_letters_of(SEND);
        assert_eq!(letters.iter().map(|letter| letter.seq).collect::<Vec<_>>(), [3], "{kind:?}");
        assert_eq!(status(&shop).backlog, Some(0));
    }
}
