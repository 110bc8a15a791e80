//! Events with different keys are called side by side; those with one key in their order.

use std::collections::BTreeSet;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use event_core::durable::{Delivery, Rejected, Retry};
use event_core::prelude::*;
use event_journal::{ConsumerStatus, MemoryJournal};
use serde_json::json;

use crate::crashes::{LEASE, die};
use crate::faults::FaultyJournal;
use crate::orders::{Setup, Shop, Told};

#[derive(Event, serde::Deserialize)]
struct Moved {
    /// The key.
    user: Option<u32>,
    number: u32,
}

#[derive(Default)]
struct State {
    called: Vec<(Option<u32>, u32)>,
    running: BTreeSet<Option<u32>>,
    most_at_once: usize,
    same_key_at_once: bool,
}

type Answer = dyn Fn(Option<u32>, u32, &Delivery) -> Told + Send + Sync;

/// What the implementations of these tests do, and what they have heard.
#[derive(Clone)]
struct Users {
    state: Arc<(Mutex<State>, Condvar)>,
    answer: Arc<Answer>,
    /// A call ends when so many run.
    waits_for: usize,
}

impl Users {
    fn new(answer: impl Fn(Option<u32>, u32, &Delivery) -> Told + Send + Sync + 'static) -> Self {
        Self { state: Arc::default(), answer: Arc::new(answer), waits_for: 1 }
    }

    fn call(&self, event: &Moved, delivery: &Delivery) -> Told {
        let (state, changed) = &*self.state;
        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
        state.called.push((event.user, event.number));
        state.same_key_at_once |= !state.running.insert(event.user);
        state.most_at_once = state.most_at_once.max(state.running.len());
        changed.notify_all();
        let long = Duration::from_mins(1);
        state = changed
            .wait_timeout_while(state, long, |state| state.most_at_once < self.waits_for)
            .unwrap_or_else(PoisonError::into_inner)
            .0;
        state.running.remove(&event.user);
        drop(state);
        (self.answer)(event.user, event.number, delivery)
    }

    fn take(&self) -> Vec<(Option<u32>, u32)> {
        std::mem::take(&mut self.state.0.lock().unwrap_or_else(PoisonError::into_inner).called)
    }

    fn of(&self, user: u32) -> Vec<u32> {
        let state = self.state.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.called.iter().filter(|(of, _)| *of == Some(user)).map(|(_, number)| *number).collect()
    }
}

#[hookimpl(track_event, durable(name = "move", key = "user", concurrency = 3))]
fn move_user(app: &App, event: &Moved, delivery: &Delivery) -> Told {
    app.state::<Users>()?.call(event, delivery)
}

#[hookimpl(track_event, durable(name = "move", key = "user", concurrency = 3))]
async fn move_user_later(app: &App, event: &Moved, delivery: &Delivery) -> Told {
    app.state::<Users>()?.call(event, delivery)
}

#[hookimpl(track_event, durable(name = "move", unordered))]
fn move_in_any_order(app: &App, event: &Moved, delivery: &Delivery) -> Told {
    app.state::<Users>()?.call(event, delivery)
}

const MOVE: &str = "event-journal::move";

enum Kind {
    Keyed,
    KeyedAsync,
    Unordered,
}

fn add(setup: Setup, users: &Users, kind: Kind) -> Setup {
    let users = users.clone();
    setup.without_billing().with(move |builder| {
        let builder = builder.insert(users.clone()).event::<Moved>();
        match kind {
            Kind::Keyed => builder.hook(move_user),
            Kind::KeyedAsync => builder.hook(move_user_later),
            Kind::Unordered => builder.hook(move_in_any_order),
        }
    })
}

fn setup(users: &Users, kind: Kind) -> Setup {
    add(Setup::over(&MemoryJournal::new(), |_, _| Ok(())), users, kind)
}

fn track(shop: &Shop, user: impl Into<Option<u32>>, numbers: std::ops::Range<u32>) {
    let user = user.into();
    for number in numbers {
        shop.app.track(Moved { user, number }).wait().expect("it is kept");
    }
}

fn status(shop: &Shop) -> ConsumerStatus {
    shop.status_of(MOVE)
}

#[test]
fn as_many_keys_as_the_concurrency_says_are_called_at_once_and_each_key_in_its_order() {
    let mut users = Users::new(|_, _, _| Ok(()));
    users.waits_for = 3;
    let shop = setup(&users, Kind::Keyed).start();
    shop.deliveries().pause(MOVE).wait().expect("it is there");
    for number in 0..20 {
        for user in 0..10 {
            track(&shop, user, number..number + 1);
        }
    }
    shop.deliveries().resume(MOVE).wait().expect("it is there");
    shop.settled();
    for user in 0..10 {
        assert!(users.of(user).into_iter().eq(0..20), "{user}: {:?}", users.of(user));
    }
    let state = users.state.0.lock().unwrap_or_else(PoisonError::into_inner);
    assert_eq!((state.most_at_once, state.same_key_at_once), (3, false));
    drop(state);
    assert_eq!((status(&shop).delivered, status(&shop).position), (200, 200));
}

#[test]
fn the_configuration_says_how_many_are_called_at_once() {
    let mut users = Users::new(|_, _, _| Ok(()));
    users.waits_for = 5;
    let settings = json!({ "consumers": { MOVE: { "concurrency": 5 } } });
    let shop = setup(&users, Kind::Keyed).configured(settings).start();
    (0..9).for_each(|user| track(&shop, user, 0..1));
    shop.settled();
    assert_eq!(users.state.0.lock().unwrap_or_else(PoisonError::into_inner).most_at_once, 5);
}

#[test]
fn a_key_whose_event_fails_holds_up_only_itself_and_goes_on_in_order() {
    for kind in [Kind::Keyed, Kind::KeyedAsync] {
        let users = Users::new(|user, number, delivery| {
            if (user, number) == (Some(1), 0) && delivery.attempt() < 3 {
                return Err(Retry::after(Duration::from_secs(9), "down").into());
            }
            Ok(())
        });
        let shop = setup(&users, kind).start();
        (0..4).for_each(|user| track(&shop, user, 0..300));
        shop.settled();
        assert_eq!(users.of(1), [0]);
        for user in [0, 2, 3] {
            assert!(users.of(user).into_iter().eq(0..300), "{user}");
        }
        assert_eq!((status(&shop).delivered, status(&shop).backlog), (900, Some(300)));
        // Which was tracked after the first key's events.
        assert_eq!(status(&shop).position, 300);
        shop.after(Duration::from_secs(9));
        assert_eq!(users.of(1), [0, 0]);
        shop.after(Duration::from_secs(9));
        assert!(users.of(1).into_iter().eq([0, 0, 0].into_iter().chain(1..300)), "{:?}", users.of(1));
        assert_eq!((status(&shop).position, status(&shop).delivered), (1200, 1200));
    }
}

#[test]
fn an_event_that_is_given_up_lets_its_key_go_on() {
    let users = Users::new(|user, number, _| match (user, number) {
        (Some(1), 0) => Err(Rejected::new("no").into()),
        _ => Ok(()),
    });
    let shop = setup(&users, Kind::Keyed).start();
    (0..3).for_each(|user| track(&shop, user, 0..3));
    shop.settled();
    assert_eq!((users.of(1), status(&shop).delivered, status(&shop).dead), (vec![0, 1, 2], 8, 1));
    assert_eq!(status(&shop).position, 9);
}

#[test]
fn what_was_delivered_past_a_stuck_key_is_not_delivered_again_after_a_restart() {
    let users = Users::new(|user, number, _| match (user, number) {
        (Some(1), 5) => Err(Retry::new("down").into()),
        _ => Ok(()),
    });
    let setup = setup(&users, Kind::Keyed);
    let shop = setup.start();
    (0..10).for_each(|number| (0..4).for_each(|user| track(&shop, user, number..number + 1)));
    shop.settled();
    drop(shop);
    users.take();
    let shop = setup.start();
    track(&shop, 7, 0..2);
    shop.settled();
    let called: BTreeSet<_> = users.take().into_iter().collect();
    // It fails again, if its time has come, and nothing else of before is called.
    let new = called.iter().filter(|(user, _)| *user != Some(1)).copied().collect::<Vec<_>>();
    assert_eq!(new, [(Some(7), 0), (Some(7), 1)]);
    assert!(called.iter().all(|(user, number)| *user != Some(1) || *number == 5), "{called:?}");
    let status = status(&shop);
    assert_eq!((status.delivered, status.backlog), (37, Some(5)));
}

#[test]
fn after_a_crash_each_key_goes_on_in_its_order_and_nothing_is_lost() {
    let journal = FaultyJournal::new();
    let killed = journal.clone();
    let is_dead = Arc::new(Mutex::new(false));
    let dies = is_dead.clone();
    let users = Users::new(move |user, number, _| {
        if (user, number) == (Some(2), 50)
            && !std::mem::replace(&mut dies.lock().unwrap_or_else(PoisonError::into_inner), true)
        {
            die(&killed);
        }
        Ok(())
    });
    let setup = add(Setup::over_faulty(&journal, |_, _| Ok(())), &users, Kind::Keyed);
    let shop = setup.start();
    (0..100).for_each(|number| (0..5).for_each(|user| track(&shop, user, number..number + 1)));
    shop.settled();
    drop(shop);
    journal.heal();
    let before: Vec<Vec<u32>> = (0..5).map(|user| users.of(user)).collect();
    users.take();
    let shop = setup.start();
    shop.after(LEASE);
    for (user, before) in (0..5).zip(before) {
        let after = users.of(user);
        assert!(
            before.iter().copied().eq(0..u32::try_from(before.len()).expect("few")),
            "{user}: {before:?}"
        );
        let first = after.first().copied().unwrap_or(100);
        assert!(after.iter().copied().eq(first..100), "{user}: {after:?}");
        assert!(first as usize <= before.len(), "{user}: {before:?} {after:?}");
    }
    assert_eq!((status(&shop).position, status(&shop).backlog), (500, Some(0)));
}

#[test]
fn events_without_a_key_are_one_lane_and_are_counted() {
    let users = Users::new(|user, number, _| match (user, number) {
        (None, 1) => Err(Retry::after(Duration::from_secs(1), "down").into()),
        _ => Ok(()),
    });
    let shop = setup(&users, Kind::Keyed).start();
    track(&shop, None, 0..3);
    track(&shop, 1, 0..3);
    shop.settled();
    let called = users.take();
    assert_eq!(called.iter().filter(|(user, _)| user.is_none()).count(), 2);
    assert_eq!(called.iter().filter(|(user, _)| user.is_some()).count(), 3);
    assert_eq!(status(&shop).without_key, 3);
    assert!(status(&shop).to_string().ends_with("3 events without a key"), "{}", status(&shop));
}

#[test]
fn an_unordered_event_that_fails_holds_up_nothing_but_itself() {
    let users = Users::new(|_, number, delivery| {
        if number % 2 == 0 && delivery.attempt() < 2 {
            Err(Retry::after(Duration::from_secs(1), "down").into())
        } else {
            Ok(())
        }
    });
    let shop = setup(&users, Kind::Unordered).start();
    track(&shop, 1, 0..100);
    shop.settled();
    assert_eq!((status(&shop).delivered, status(&shop).backlog), (50, Some(50)));
    shop.after(Duration::from_secs(1));
    assert_eq!((status(&shop).delivered, status(&shop).backlog, status(&shop).position), (100, Some(0), 100));
}

struct Stalls(Mutex<Vec<String>>);

#[hookimpl(event_journal::delivery_stalled)]
fn note_stall(app: &App, reason: &str) {
    app.state::<Stalls>()
        .expect("it is there")
        .0
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push(reason.to_owned());
}

#[test]
fn a_stuck_key_that_fills_the_window_stalls_its_consumer_and_is_named() {
    let users = Users::new(|user, _, _| match user {
        Some(1) => Err(Retry::after(Duration::from_hours(1), "down").into()),
        _ => Ok(()),
    });
    let setup = setup(&users, Kind::Keyed);
    let setup = setup.with(|builder| builder.insert(Stalls(Mutex::default())).hook(note_stall));
    let shop = setup.start();
    (0..2_000).for_each(|number| (0..2).for_each(|user| track(&shop, user, number..number + 1)));
    shop.settled();
    let delivered = status(&shop).delivered;
    assert!((999..2_000).contains(&delivered), "{delivered}");
    shop.after(Duration::from_mins(6));
    // The stall is told by a thread of its own, for which the end waits.
    let stalls = shop.app.state::<Stalls>().expect("it is there");
    drop(shop);
    let stalls = stalls.0.lock().unwrap_or_else(PoisonError::into_inner);
    assert_eq!(stalls.len(), 1, "{stalls:?}");
    assert!(stalls[0].contains("key 1") && stalls[0].contains("down"), "{stalls:?}");
}
