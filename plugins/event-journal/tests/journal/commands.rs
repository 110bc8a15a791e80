//! What operators do: to consumers of their own process, of another one, and of none.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Waker};
use std::time::Duration;

use event_core::durable::{Rejected, Retry};
use event_core::prelude::*;
use event_journal::journal::Journal;
use event_journal::{Deliverer, Letters, MemoryJournal, Refused, Waiting};

use crate::crashes::{LEASE, die};
use crate::faults::{Asked, Fault, FaultyJournal, unavailable};
use crate::orders::{BILLING, Setup, Shop, Told};

/// Whether billing takes orders, and with which error it refuses them.
#[derive(Clone, Default)]
struct Billing(Arc<Mutex<Option<String>>>);

impl Billing {
    fn refusing(reason: &str) -> Self {
        Self(Arc::new(Mutex::new(Some(reason.to_owned()))))
    }

    fn accepts(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn answer(&self) -> Told {
        match &*self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(reason) => Err(Rejected::new(reason.clone()).into()),
            None => Ok(()),
        }
    }
}

/// An app that delivers, and one beside it that stands by. Both have the same clock.
fn two(journal: &MemoryJournal, billing: &Billing) -> (Shop, Shop) {
    let (of_owner, of_other) = (billing.clone(), billing.clone());
    let setup = Setup::over(journal, move |_, _| of_owner.answer());
    let owner = setup.start();
    owner.place(0..1);
    owner.settled();
    let mut other = Setup::over(journal, move |_, _| of_other.answer());
    other.clock = setup.clock.clone();
    let other = other.start();
    assert_eq!(other.status().deliverer, Deliverer::AnotherProcess);
    (owner, other)
}

/// Gives a command to the other process, and lets both look until it is answered.
fn answered<T: Send + 'static>(shops: [&Shop; 2], command: Waiting<T, Refused>) -> Result<T, Refused> {
    let answer = std::thread::spawn(|| command.wait());
    while !answer.is_finished() {
        for shop in shops {
            let _ = shop.deliveries().settled().wait();
        }
    }
    answer.join().expect("it doesn't panic")
}

/// What the engine has begun with.
pub fn begun<T>(shop: &Shop, mut asked: Waiting<T, Refused>) -> Waiting<T, Refused> {
    let is_asked = Pin::new(&mut asked).poll(&mut Context::from_waker(Waker::noop()));
    assert!(is_asked.is_pending());
    // It has that one when it answers the next.
    shop.status();
    asked
}

#[test]
fn what_is_asked_of_a_process_that_stands_by_is_done_by_the_owner() {
    let journal = MemoryJournal::new();
    let billing = Billing::refusing("no such customer");
    let (owner, other) = two(&journal, &billing);
    let shops = [&owner, &other];
    answered(shops, other.deliveries().pause(BILLING)).expect("the owner pauses");
    assert_eq!(owner.status().paused.as_deref(), Some("paused by hand"));
    owner.place(1..3);
    assert_eq!(owner.settled(), []);
    answered(shops, other.deliveries().resume(BILLING)).expect("the owner goes on");
    assert_eq!(owner.settled().len(), 2);
    billing.accepts();
    let letters = other.dead_letters();
    assert_eq!(letters.len(), 3);
    answered(shops, other.deliveries().retry(&letters[0])).expect("the owner delivers it");
    owner.settled();
    answered(shops, other.deliveries().drop_letter(&letters[1])).expect("the owner drops it");
    assert_eq!(other.dead_letters(), letters[2..]);
    assert_eq!(answered(shops, other.deliveries().retry_all(BILLING, Letters::all())).expect("all"), 1);
    owner.settled();
    assert_eq!((owner.status().delivered, owner.status().deliverer), (2, Deliverer::ThisProcess));
    assert_eq!(other.settled(), [], "nothing is called by the other one");
    let left = pollster::block_on(journal.list("command/", "", 10)).expect("it can be read");
    assert_eq!(left, [], "no command is left");
}

#[test]
fn a_command_that_no_process_does_in_two_leases_is_done_by_the_next_owner() {
    let memory = MemoryJournal::new();
    let journal = FaultyJournal::over(&memory);
    let setup = Setup::over_faulty(&journal, |_, _| Ok(()));
    let owner = setup.start();
    owner.place(0..1);
    owner.settled();
    let mut other = Setup::over(&memory, |_, _| Ok(())).configured(serde_json::json!({ "deliver": false }));
    other.clock = setup.clock.clone();
    let other = other.start();
    die(&journal);
    let asked = other.deliveries().pause(BILLING);
    let asked = std::thread::spawn(|| asked.wait());
    while !asked.is_finished() {
        other.after(LEASE);
    }
    let refused = asked.join().expect("it doesn't panic").expect_err("nothing delivers");
    assert!(matches!(refused, Refused::Later), "{refused:?}");
    drop(owner);
    journal.heal();
    let next = setup.start();
    next.after(LEASE);
    next.after(LEASE);
    assert_eq!(next.status().paused.as_deref(), Some("paused by hand"));
}

#[test]
fn letters_are_retried_and_dropped_by_event_reason_and_time() {
    let setup = Setup::new(|order, delivery| match (order % 2, delivery.attempt()) {
        (0, _) => Err(Rejected::new("no such customer").into()),
        _ => Err(Rejected::new("timed out").into()),
    });
    let shop = setup.start();
    shop.place(0..4);
    shop.settled();
    shop.clock.advance(Duration::from_hours(1));
    let later = shop.clock.now();
    shop.place(4..8);
    shop.settled();
    let deliveries = shop.deliveries();
    let drop_all = |letters| deliveries.drop_all(BILLING, letters).wait().expect("they can be removed");
    let orders = || shop.dead_letters().iter().map(|letter| letter.seq - 1).collect::<Vec<_>>();
    assert_eq!(drop_all(Letters::all().event("order-shipped")), 0);
    assert_eq!(drop_all(Letters::all().event("order-placed").reason("timed").until(later)), 2);
    assert_eq!(orders(), [0, 2, 4, 5, 6, 7]);
    assert_eq!(drop_all(Letters::all().since(later).reason("customer")), 2);
    assert_eq!(orders(), [0, 2, 5, 7]);
    let retried = deliveries.retry_all(BILLING, Letters::all().reason("customer")).wait();
    assert_eq!(retried.expect("they can be retried"), 2);
    assert_eq!(shop.settled(), [(0, 1), (2, 1)]);
    assert_eq!(orders(), [0, 2, 5, 7], "they are dead again");
    assert_eq!(drop_all(Letters::all()), 4);
}

#[test]
fn many_letters_are_retried_in_chunks_and_no_faster_than_the_rate() {
    let billing = Billing::refusing("down");
    let answer = billing.clone();
    let shop = Setup::new(move |_, _| answer.answer()).start();
    shop.place(0..350);
    shop.settled();
    billing.accepts();
    let asked = begun(&shop, shop.deliveries().retry_all(BILLING, Letters::all().per_second(50)));
    let asked = std::thread::spawn(|| asked.wait());
    let mut calls = Vec::new();
    let mut seconds = 0;
    while !asked.is_finished() {
        let some = shop.settled();
        assert!(some.len() <= 50, "{} in a second", some.len());
        calls.extend(some);
        shop.clock.advance(Duration::from_secs(1));
        seconds += 1;
    }
    calls.extend(shop.settled());
    assert_eq!(asked.join().expect("it doesn't panic").expect("it is done"), 350);
    assert!(seconds >= 7, "{seconds}");
    assert!(calls.iter().copied().eq((0..350).map(|order| (order, 1))), "{calls:?}");
    assert_eq!(shop.dead_letters().len(), 0);
}

#[test]
fn a_retry_of_many_letters_goes_on_after_the_process_has_died_and_each_is_delivered() {
    let journal = FaultyJournal::new();
    let billing = Billing::refusing("down");
    let answer = billing.clone();
    let setup = Setup::over_faulty(&journal, move |_, _| answer.answer());
    let shop = setup.start();
    shop.place(0..350);
    shop.settled();
    billing.accepts();
    let mut saves = 0;
    journal.set(move |asked| match asked {
        Asked::Append => Fault::None,
        // The process dies after some of them.
        _ if saves > 3 => Fault::Before(unavailable()),
        Asked::Save(key) => {
            saves += u32::from(key.starts_with("consumer/"));
            Fault::None
        }
        _ => Fault::None,
    });
    let asked = begun(&shop, shop.deliveries().retry_all(BILLING, Letters::all()));
    let asked = std::thread::spawn(|| asked.wait());
    let mut calls = shop.settled();
    drop(shop);
    assert!(asked.join().expect("it doesn't panic").is_err(), "it has died before");
    journal.heal();
    let shop = setup.start();
    while shop.status().delivered < 350 {
        calls.extend(shop.after(LEASE));
    }
    let mut counts = BTreeMap::new();
    for (order, _) in &calls {
        *counts.entry(*order).or_insert(0) += 1;
    }
    assert!(counts.keys().copied().eq(0..350), "{calls:?}");
    assert_eq!((shop.dead_letters().len(), shop.status().backlog), (0, Some(0)));
}

#[test]
fn a_replay_delivers_again_what_comes_after_a_place_or_a_time_in_order() {
    let shop = Setup::new(|_, _| Ok(())).start();
    shop.place(0..4);
    shop.settled();
    shop.clock.advance(Duration::from_hours(1));
    let deliveries = shop.deliveries();
    assert_eq!(deliveries.replay_after(BILLING, 2).wait().expect("it is there"), 2);
    assert_eq!(shop.settled(), [(2, 1), (3, 1)]);
    assert_eq!(deliveries.replay_after(BILLING, 0).wait().expect("it is there"), 4);
    shop.place(4..5);
    assert_eq!(shop.settled().into_iter().map(|(order, _)| order).collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
    let third =
        pollster::block_on(deliveries.replay_since(BILLING, chrono::Utc::now())).expect("it is there");
    assert_eq!((third, shop.settled()), (0, vec![]), "nothing happened since");
    let times = shop.app.clone();
    let first = event_journal::JournalExt::store(&times).expect("it is there").events().list().wait();
    let created = first.expect("they can be read")[3].created;
    let count = deliveries.replay_since(BILLING, created).wait().expect("it is there");
    assert!(count >= 2, "{count}");
    assert_eq!(shop.settled().len() as u64, count);
    assert_eq!(shop.status().backlog, Some(0));
}

#[test]
fn a_replay_waits_for_the_call_that_runs() {
    let (entered_sender, entered) = std::sync::mpsc::channel();
    let (gate, goes) = std::sync::mpsc::channel::<()>();
    let goes = Mutex::new(goes);
    let shop = Setup::new(move |order, _| {
        if order == 1 {
            entered_sender.send(())?;
            let _ = goes.lock().unwrap_or_else(PoisonError::into_inner).recv();
        }
        Ok(())
    })
    .start();
    shop.place(0..3);
    entered.recv().expect("it is called");
    let asked = shop.deliveries().replay_after(BILLING, 0);
    let asked = std::thread::spawn(|| asked.wait());
    for _ in 0..100 {
        shop.status();
        assert!(!asked.is_finished());
    }
    drop(gate);
    asked.join().expect("it doesn't panic").expect("it is done");
    let orders: Vec<_> = shop.settled().into_iter().map(|(order, _)| order).collect();
    assert_eq!(orders, [0, 1, 0, 1, 2]);
}

#[test]
fn an_event_that_is_skipped_is_a_dead_letter_and_the_later_ones_go_on() {
    let shop =
        Setup::new(|order, _| if order == 1 { Err(Retry::new("down").into()) } else { Ok(()) }).start();
    shop.place_at_once(0..4);
    assert_eq!(shop.settled(), [(0, 1), (1, 1)]);
    let deliveries = shop.deliveries();
    for seq in [1, 9] {
        let refused = deliveries.skip(BILLING, seq, "it is old").wait().expect_err("it doesn't wait");
        assert!(matches!(refused, Refused::NotWaiting { .. }), "{refused:?}");
    }
    deliveries.skip(BILLING, 4, "a test").wait().expect("it waits behind the failed one");
    deliveries.skip(BILLING, 2, "the customer is gone").wait().expect("it waits");
    assert_eq!(shop.settled(), [(2, 1)]);
    let letters = shop.dead_letters();
    assert_eq!(letters[0].reason, "skipped by hand: the customer is gone");
    assert_eq!((letters.len(), shop.status().position, shop.status().backlog), (2, 4, Some(0)));
}

#[test]
fn a_consumer_that_no_program_has_is_listed_and_can_be_removed_with_its_letters() {
    let journal = MemoryJournal::new();
    let (entered_sender, entered) = std::sync::mpsc::channel();
    let (gate, goes) = std::sync::mpsc::channel::<()>();
    let goes = Mutex::new(goes);
    let old = Setup::over(&journal, move |order, _| {
        if order == 3 {
            entered_sender.send(())?;
            let _ = goes.lock().unwrap_or_else(PoisonError::into_inner).recv();
        }
        Err(Rejected::new("no").into())
    });
    let shop = old.start();
    shop.place(0..3);
    shop.settled();
    let in_use = shop.deliveries().remove(BILLING).wait().expect_err("the app has it");
    assert!(matches!(in_use, Refused::InUse { .. }), "{in_use:?}");
    // Another program on the same journal, that has another consumer.
    let noted = crate::orders::Noted::default();
    let new = Setup::over(&journal, |_, _| Ok(())).without_billing().with(move |builder| {
        let builder = builder.insert(noted.clone()).event::<crate::orders::OrderPlaced>();
        builder.hook(hear_more)
    });
    let other = new.start();
    shop.place(3..4);
    entered.recv().expect("it is called");
    let removal = begun(&other, other.deliveries().remove(BILLING));
    let removal = std::thread::spawn(|| removal.wait());
    while !removal.is_finished() {
        // The owner renews its lease meanwhile, before the second answer at the latest.
        shop.clock.advance(Duration::from_secs(1));
        shop.status();
        shop.status();
        other.after(LEASE);
    }
    let refused = removal.join().expect("it doesn't panic").expect_err("its process runs");
    assert!(refused.to_string().contains("end the program"), "{refused}");
    drop(gate);
    drop(shop);
    let listed = other.deliveries().consumers().wait().expect("it runs");
    let of_old = listed.iter().find(|status| status.name == BILLING).expect("the journal knows it");
    assert!(!of_old.is_known && of_old.to_string().contains("has no such implementation"), "{of_old}");
    assert_eq!(of_old.deliverer, Deliverer::None);
    other.deliveries().remove(BILLING).wait().expect("no process has it");
    let letters = other.deliveries().dead_letters(BILLING, 0, 9).wait().expect_err("it is gone");
    assert!(matches!(letters, Refused::UnknownConsumer { .. }), "{letters:?}");
    assert_eq!(other.deliveries().consumers().wait().expect("it runs").len(), 1);
    let unknown = other.deliveries().remove(BILLING).wait().expect_err("it is gone");
    assert!(matches!(unknown, Refused::UnknownConsumer { .. }), "{unknown:?}");
    old.calls.take();
    // A program that has it stands by, and makes it anew when it is told to.
    let shop = old.start();
    other.app.track(crate::orders::OrderPlaced { order: 9 }).wait().expect("it is kept");
    assert_eq!((shop.settled(), shop.dead_letters()), (vec![], vec![]));
    assert!(shop.status().paused.is_some_and(|paused| paused.contains("removed")));
}

#[hookimpl(track_event, durable(name = "more"))]
fn hear_more(app: &event_core::App, event: &crate::orders::OrderPlaced) -> Told {
    app.state::<crate::orders::Noted>()?.note(event.order.to_string());
    Ok(())
}

#[test]
fn a_command_for_a_consumer_that_nothing_knows_is_refused() {
    let shop = Setup::new(|_, _| Ok(())).start();
    let deliveries = shop.deliveries();
    let refused = deliveries.retry_all("shop::nothing", Letters::all()).wait().expect_err("there is none");
    assert!(matches!(refused, Refused::UnknownConsumer { .. }), "{refused:?}");
    let refused = deliveries.skip("shop::nothing", 1, "x").wait().expect_err("there is none");
    assert!(refused.to_string().contains(BILLING), "{refused}");
}
