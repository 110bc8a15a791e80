//! What becomes of a batch that fails: its halves, the event that is to blame, and outages, which are the receiver's.

use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use event_core::durable::{Delivery, Rejected, Retry, Stop};
use event_core::prelude::*;
use event_journal::{Deliveries, MemoryJournal};
use proptest::prelude::*;
use serde_json::json;

use crate::batches::{
    Called, Kind, Receiver, SEND, Sent, numbers, of_typed, setup, status, track, track_at_once,
};
use crate::orders::{Noted, Setup, Told};
#[test]
fn a_batch_is_halved_until_the_culprit_stands_alone_wherever_it_is() {
    let rejected: fn() -> Told = || Err(Rejected::new("no").into());
    for culprits in [&[0][..], &[3], &[4], &[7], &[0, 7], &[3, 4], &[1, 2, 3, 5], &[0, 1, 2, 3, 4, 5, 6, 7]] {
        for kind in [Kind::Plain, Kind::Async, Kind::ByKey, Kind::Unordered] {
            let receiver = Receiver::with_culprits(culprits, rejected);
            let shop = setup(&receiver, kind).start();
            track_at_once(&shop, |shop| track(shop, 1, 0..8));
            let calls = receiver.take();
            let is_innocent = |(numbers, _): &&Called| !numbers.iter().any(|it| culprits.contains(it));
            let delivered: Vec<_> =
                calls.iter().filter(is_innocent).flat_map(|(numbers, _)| numbers.clone()).collect();
            let innocent: Vec<_> = (0..8).filter(|it| !culprits.contains(it)).collect();
            assert_eq!(delivered, innocent, "{kind:?} {culprits:?}: {calls:?}");
            assert!(calls.iter().all(|(_, attempt)| *attempt == 1), "{calls:?}");
            let letters = shop.dead_letters_of(SEND);
            let dead: Vec<_> = letters.iter().map(|letter| (letter.seq, letter.attempts)).collect();
            let expected: Vec<_> = culprits.iter().map(|number| (u64::from(number + 1), 1)).collect();
            assert_eq!(dead, expected, "{kind:?} {culprits:?}: {calls:?}");
            assert_eq!((status(&shop).position, status(&shop).backlog), (8, Some(0)));
        }
    }
}

#[test]
fn halves_are_called_at_once_and_the_first_one_first() {
    let receiver = Receiver::with_culprits(&[5], || Err(Rejected::new("no").into()));
    let shop = setup(&receiver, Kind::Plain).start();
    track_at_once(&shop, |shop| track(shop, 1, 0..10));
    assert_eq!(
        receiver.batches(),
        [
            numbers(0..8),
            numbers(0..4),
            numbers(4..8),
            numbers(4..6),
            numbers(4..5),
            numbers(5..6),
            numbers(6..8),
            numbers(8..10),
        ]
    );
}

#[test]
fn an_error_and_a_panic_are_the_culprits_alone_which_waits_and_is_tried_alone() {
    let ways: [fn() -> Told; 2] = [|| Err("no".into()), || panic!("no")];
    for fail in ways {
        let receiver =
            Receiver::new(
                move |numbers, delivery| {
                    if numbers.contains(&5) && delivery.attempt() < 3 { fail() } else { Ok(()) }
                },
            );
        let shop = setup(&receiver, Kind::Plain).start();
        track_at_once(&shop, |shop| track(shop, 1, 0..10));
        // What comes after the culprit waits for it.
        assert_eq!(receiver.take().pop(), Some((vec![5], 1)));
        assert_eq!((status(&shop).delivered, status(&shop).attempts), (5, 1));
        shop.after(Duration::from_secs(1));
        assert_eq!(status(&shop).attempts, 2);
        shop.after(Duration::from_secs(10));
        assert_eq!(receiver.take(), [(vec![5], 2), (vec![5], 3), (numbers(6..8), 1), (numbers(8..10), 1)]);
        assert_eq!((status(&shop).delivered, status(&shop).dead), (10, 0));
    }
}

#[test]
fn a_culprit_is_given_up_by_its_own_attempts() {
    let receiver = Receiver::with_culprits(&[2], || Err("no".into()));
    let settings = json!({ "consumers": { SEND: { "max_attempts": 3 } } });
    let shop = setup(&receiver, Kind::Async).configured(settings).start();
    track_at_once(&shop, |shop| track(shop, 1, 0..8));
    for _ in 0..2 {
        assert_eq!(shop.dead_letters_of(SEND), []);
        shop.after(Duration::from_mins(1));
    }
    assert_eq!(shop.dead_letters_of(SEND)[0].attempts, 3);
    let alone = receiver.take().into_iter().filter(|(numbers, _)| *numbers == [2]);
    assert_eq!(alone.map(|(_, attempt)| attempt).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(status(&shop).delivered, 7);
}

#[test]
fn the_failure_handler_hears_of_the_culprit_and_of_no_batch_that_is_halved() {
    let receiver = Receiver::with_culprits(&[2], || Err(Rejected::new("no").into()));
    let noted = Noted::default();
    let heard = noted.clone();
    let setup = setup(&receiver, Kind::Plain).with(move |builder| {
        let heard = heard.clone();
        builder.failure_handler(move |failure| heard.note(failure.to_line()))
    });
    let shop = setup.start();
    track_at_once(&shop, |shop| track(shop, 1, 0..8));
    let letter = shop.dead_letters_of(SEND).remove(0);
    let heard = noted.take();
    assert_eq!(heard.len(), 1, "{heard:?}");
    assert!(
        heard[0].contains("batches::send`")
            && heard[0].contains("(hook track_event")
            && heard[0].contains("event `sent`"),
        "{heard:?}"
    );
    assert_eq!((letter.seq, letter.reason.contains("no")), (3, true), "{letter}");
}

#[test]
fn an_outage_tries_the_same_batch_again_after_its_pause() {
    for kind in [Kind::Plain, Kind::Async, Kind::ByKey] {
        let receiver = Receiver::new(|numbers, delivery| {
            if numbers.contains(&3) && delivery.attempt() < 3 {
                return Err(Retry::after(Duration::from_secs(9), "down").into());
            }
            Ok(())
        });
        let shop = setup(&receiver, kind).start();
        track_at_once(&shop, |shop| track(shop, 1, 0..6));
        assert_eq!(receiver.take(), [(numbers(0..6), 1)]);
        track(&shop, 1, 6..12);
        shop.after(Duration::from_secs(8));
        assert_eq!(receiver.take(), []);
        assert_eq!((status(&shop).attempts, status(&shop).backlog), (1, Some(12)));
        shop.after(Duration::from_secs(1));
        assert_eq!(receiver.take(), [(numbers(0..6), 2)]);
        shop.after(Duration::from_secs(9));
        assert_eq!(receiver.take(), [(numbers(0..6), 3), (numbers(6..12), 1)], "{kind:?}");
    }
}

#[test]
fn a_part_that_meets_an_outage_is_tried_again_as_it_is() {
    let receiver = Receiver::new(|numbers, delivery| match numbers.len() {
        8 => Err("no".into()),
        _ if numbers.contains(&5) && delivery.attempt() == 1 => Err(Retry::new("down").into()),
        _ => Ok(()),
    });
    let shop = setup(&receiver, Kind::Plain).start();
    track_at_once(&shop, |shop| track(shop, 1, 0..8));
    assert_eq!(receiver.batches(), [numbers(0..8), numbers(0..4), numbers(4..8)]);
    shop.after(Duration::from_secs(2));
    assert_eq!(receiver.take(), [(numbers(4..8), 2)]);
}

#[test]
fn a_stop_pauses_the_consumer_and_the_batch_is_called_as_it_is_when_that_ends() {
    let receiver = Receiver::new(|_, delivery| match delivery.attempt() {
        1 => Err(Stop::new("no credentials").into()),
        _ => Ok(()),
    });
    let shop = setup(&receiver, Kind::Plain).start();
    track_at_once(&shop, |shop| track(shop, 1, 0..8));
    assert_eq!(receiver.take(), [(numbers(0..8), 1)]);
    assert!(status(&shop).paused.is_some_and(|reason| reason.contains("no credentials")));
    shop.deliveries().resume(SEND).wait().expect("it is there");
    shop.settled();
    assert_eq!(receiver.take(), [(numbers(0..8), 2)]);
}

struct Entered(Mutex<Sender<Called>>);

#[hookimpl(track_event, durable(name = "send", batch = 4, timeout_s = 30))]
async fn hang(app: &App, events: &[&Tracked<Sent>], delivery: &Delivery) -> Told {
    let numbers = of_typed(events);
    if numbers.contains(&2) {
        let entered = app.state::<Entered>()?;
        entered.0.lock().unwrap_or_else(PoisonError::into_inner).send((numbers, delivery.attempt()))?;
        std::future::pending::<()>().await;
    }
    Ok(())
}

#[test]
fn a_batch_that_takes_too_long_is_halved_too() {
    let (sender, entered) = mpsc::channel();
    let sender = Mutex::new(Some(sender));
    let setup = Setup::over(&MemoryJournal::new(), |_, _| Ok(())).without_billing().with(move |builder| {
        let sender = sender.lock().unwrap_or_else(PoisonError::into_inner).take().expect("it starts once");
        builder.event::<Sent>().insert(Entered(Mutex::new(sender))).hook(hang)
    });
    let settings = json!({ "consumers": { SEND: { "max_attempts": 1 } } });
    let shop = setup.configured(settings).start();
    shop.deliveries().pause(SEND).wait().expect("it is there");
    track(&shop, 1, 0..4);
    shop.deliveries().resume(SEND).wait().expect("it is there");
    for numbers in [numbers(0..4), numbers(2..4), vec![2]] {
        assert_eq!(entered.recv(), Ok((numbers, 1)));
        shop.clock.advance(Duration::from_secs(30));
    }
    shop.settled();
    let letters = shop.dead_letters_of(SEND);
    assert_eq!(letters.iter().map(|it| (it.seq, it.attempts)).collect::<Vec<_>>(), [(3, 1)]);
    assert!(letters[0].reason.contains("longer than 30 s"), "{}", letters[0]);
    assert_eq!(status(&shop).delivered, 3);
}

#[test]
fn a_pause_ends_the_halving_and_the_parts_are_called_when_it_ends() {
    let deliveries = Arc::new(OnceLock::<Deliveries>::new());
    let pauses = deliveries.clone();
    let receiver = Receiver::new(move |numbers, _| {
        if numbers.len() == 8 {
            pauses.get().expect("it is set").pause(SEND).wait()?;
            return Err("no".into());
        }
        Ok(())
    });
    let shop = setup(&receiver, Kind::Plain).start();
    deliveries.set(shop.deliveries()).expect("it is set once");
    track_at_once(&shop, |shop| track(shop, 1, 0..8));
    assert_eq!(receiver.batches(), [numbers(0..8)]);
    assert_eq!((status(&shop).delivered, status(&shop).attempts), (0, 0));
    shop.deliveries().resume(SEND).wait().expect("it is there");
    shop.settled();
    assert_eq!(receiver.batches(), [numbers(0..4), numbers(4..8)]);
}

/// What happens to an event in each call that it is in, until it has happened often enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Fine,
    Fails(u32),
    Panics(u32),
    /// In a batch, too.
    IsDown(u32),
    Rejected,
}

fn fates() -> impl Strategy<Value = Vec<Fate>> {
    let fate = prop_oneof![
        12 => Just(Fate::Fine),
        2 => (1..4_u32).prop_map(Fate::Fails),
        1 => (1..3_u32).prop_map(Fate::Panics),
        2 => (1..3_u32).prop_map(Fate::IsDown),
        2 => Just(Fate::Rejected),
    ];
    prop::collection::vec(fate, 1..40)
}

#[derive(Debug, Default)]
struct World {
    fates: Vec<Fate>,
    delivered: Vec<u32>,
}

impl World {
    fn call(&mut self, numbers: &[u32]) -> Told {
        for number in numbers {
            let fate = &mut self.fates[*number as usize];
            // Only an event that is called alone has an attempt of its own.
            let is_alone = u32::from(numbers.len() == 1);
            match fate {
                Fate::Fine | Fate::Fails(0) | Fate::Panics(0) | Fate::IsDown(0) => {}
                Fate::Fails(times) => {
                    *times -= is_alone;
                    return Err("it fails".into());
                }
                Fate::Panics(times) => {
                    *times -= is_alone;
                    panic!("it panics");
                }
                Fate::IsDown(times) => {
                    *times -= 1;
                    return Err(Retry::new("down").into());
                }
                Fate::Rejected => return Err(Rejected::new("never").into()),
            }
        }
        self.delivered.extend(numbers);
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_fails_each_event_is_delivered_once_in_its_order_and_only_those_that_are_rejected_are_dead(
        fates in fates(),
        batch in 1..10_u32,
        kind in prop::sample::select(vec![Kind::Plain, Kind::Async, Kind::ByKey, Kind::Unordered]),
        restarts_after in 0..6_u32,
    ) {
        const KEYS: u32 = 3;
        let world = Arc::new(Mutex::new(World { fates: fates.clone(), ..World::default() }));
        let answers = world.clone();
        let receiver =
            Receiver::new(move |numbers, _| answers.lock().unwrap_or_else(PoisonError::into_inner).call(numbers));
        let settings = json!({ "consumers": { SEND: { "batch": batch } } });
        let setup = setup(&receiver, kind).configured(settings);
        let mut shop = setup.start();
        track_at_once(&shop, |shop| {
            for number in 0..u32::try_from(fates.len()).expect("they are few") {
                track(shop, number % KEYS, number..number + 1);
            }
        });
        for round in 0..200 {
            if status(&shop).backlog == Some(0) {
                break;
            }
            if round == restarts_after {
                drop(shop);
                shop = setup.start();
            }
            shop.after(Duration::from_mins(10));
        }
        let world = world.lock().unwrap_or_else(PoisonError::into_inner);
        let mut delivered = world.delivered.clone();
        for key in 0..KEYS {
            let of_key: Vec<_> = delivered.iter().filter(|number| *number % KEYS == key).collect();
            prop_assert!(kind == Kind::Unordered || of_key.is_sorted(), "{:?}", delivered);
        }
        prop_assert!(matches!(kind, Kind::ByKey | Kind::Unordered) || delivered.is_sorted(), "{:?}", delivered);
        delivered.sort_unstable();
        let all = 0..u32::try_from(fates.len()).expect("they are few");
        let (dead, alive): (Vec<_>, Vec<_>) = all.partition(|it| fates[*it as usize] == Fate::Rejected);
        prop_assert_eq!(delivered, alive);
        let letters = shop.dead_letters_of(SEND);
        let blamed: Vec<_> = letters.iter().map(|letter| (letter.seq - 1, letter.attempts)).collect();
        prop_assert_eq!(blamed, dead.into_iter().map(|number| (u64::from(number), 1)).collect::<Vec<_>>());
    }
}
