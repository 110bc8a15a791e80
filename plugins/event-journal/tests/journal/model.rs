//! Any sequence of outcomes, restarts, deaths and moves of the clock, against what is promised.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use event_core::durable::{Rejected, Retry, Stop};
use event_journal::testing::ManualClock;
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use serde_json::json;

use crate::crashes::{LEASE, die};
use crate::faults::FaultyJournal;
use crate::orders::{BILLING, Setup, Shop, Told};

/// What a test does to the app.
#[derive(Clone, Debug)]
enum Step {
    Place(u32),
    Advance(Duration),
    DeliverNow,
    Pause,
    Resume,
    /// One of the dead letters, if there is one.
    Retry(usize),
    Restart,
    Die,
}

/// How a call ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Succeeds,
    Fails,
    Panics,
    IsDown,
    IsBusy(u8),
    Rejects,
    Stops,
    /// The process dies in the call.
    Dies,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => (1..4_u32).prop_map(Step::Place),
        4 => (0..120_u64).prop_map(|seconds| Step::Advance(Duration::from_secs(seconds))),
        1 => Just(Step::Advance(Duration::from_hours(30))),
        3 => Just(Step::DeliverNow),
        1 => Just(Step::Pause),
        2 => Just(Step::Resume),
        2 => (0..4_usize).prop_map(Step::Retry),
        2 => Just(Step::Restart),
        1 => Just(Step::Die),
    ];
    prop::collection::vec(step, 1..30)
}

fn outcomes() -> impl Strategy<Value = Vec<Outcome>> {
    let outcome = prop_oneof![
        8 => Just(Outcome::Succeeds),
        2 => Just(Outcome::Fails),
        1 => Just(Outcome::Panics),
        2 => Just(Outcome::IsDown),
        2 => (1..100_u8).prop_map(Outcome::IsBusy),
        2 => Just(Outcome::Rejects),
        1 => Just(Outcome::Stops),
        1 => Just(Outcome::Dies),
    ];
    prop::collection::vec(outcome, 0..40)
}

#[derive(Clone, Debug)]
struct Call {
    order: u32,
    attempt: u32,
    at: DateTime<Utc>,
    /// Of which process.
    process: usize,
    outcome: Outcome,
    /// How often the test had skipped the pauses.
    skipped: u32,
}

#[derive(Debug, Default)]
struct World {
    outcomes: std::vec::IntoIter<Outcome>,
    calls: Vec<Call>,
    is_called: bool,
    called_twice_at_once: bool,
    is_dead: bool,
    skipped: u32,
    placed: u32,
    /// Whether each process that has ended has died.
    ends: Vec<bool>,
    /// Orders whose letter was retried, and before which calls.
    retried: BTreeMap<u32, Vec<usize>>,
}

#[derive(Clone, Default)]
struct Shared(Arc<Mutex<World>>);

impl Shared {
    fn lock(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answer(&self, order: u32, attempt: u32, at: DateTime<Utc>, journal: &FaultyJournal) -> Told {
        let mut world = self.lock();
        world.called_twice_at_once |= std::mem::replace(&mut world.is_called, true);
        let outcome = world.outcomes.next().unwrap_or(Outcome::Succeeds);
        let (process, skipped) = (world.ends.len(), world.skipped);
        world.calls.push(Call { order, attempt, at, process, outcome, skipped });
        world.is_dead |= outcome == Outcome::Dies;
        world.is_called = false;
        drop(world);
        match outcome {
            Outcome::Succeeds => Ok(()),
            Outcome::Fails => Err("it fails".into()),
            Outcome::Panics => panic!("it panics"),
            Outcome::IsDown => Err(Retry::new("down").into()),
            Outcome::IsBusy(seconds) => Err(Retry::after(Duration::from_secs(seconds.into()), "busy").into()),
            Outcome::Rejects => Err(Rejected::new("never").into()),
            Outcome::Stops => Err(Stop::new("wrong password").into()),
            Outcome::Dies => {
                die(journal);
                Err("dead".into())
            }
        }
    }
}

struct Run {
    setup: Setup,
    journal: FaultyJournal,
    world: Shared,
    shop: Option<Shop>,
}

impl Run {
    fn new(outcomes: Vec<Outcome>) -> Self {
        let (journal, world) = (FaultyJournal::new(), Shared::default());
        world.lock().outcomes = outcomes.into_iter();
        let (asked, killed, shared) =
            (Arc::new(Mutex::new(None::<ManualClock>)), journal.clone(), world.clone());
        let clock = asked.clone();
        let setup = Setup::over_faulty(&journal, move |order, delivery| {
            let now = clock.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map(ManualClock::now);
            shared.answer(order, delivery.attempt(), now.expect("it is set"), &killed)
        })
        .configured(json!({ "consumers": { BILLING: { "max_attempts": 4 } } }));
        *asked.lock().unwrap_or_else(PoisonError::into_inner) = Some(setup.clock.clone());
        let shop = Some(setup.start());
        Self { setup, journal, world, shop }
    }

    fn shop(&self) -> &Shop {
        self.shop.as_ref().expect("it runs")
    }

    fn take(&mut self, step: &Step) {
        let deliveries = self.shop().deliveries();
        match step {
            Step::Place(many) => {
                let placed = self.world.lock().placed;
                self.shop().place(placed..placed + many);
                self.world.lock().placed += many;
            }
            Step::Advance(time) => self.shop().clock.advance(*time),
            Step::DeliverNow => {
                self.world.lock().skipped += 1;
                let _ = deliveries.deliver_now(BILLING).wait();
            }
            Step::Pause => drop(deliveries.pause(BILLING).wait()),
            Step::Resume => drop(deliveries.resume(BILLING).wait()),
            Step::Retry(which) => {
                if let Some(letter) = self.shop().dead_letters().get(*which) {
                    let mut world = self.world.lock();
                    let before = world.calls.len();
                    let order = u32::try_from(letter.seq - 1).expect("there are few");
                    world.retried.entry(order).or_default().push(before);
                    drop(world);
                    let _ = deliveries.retry(letter).wait();
                }
            }
            Step::Restart => self.restart(),
            Step::Die => {
                die(&self.journal);
                self.world.lock().is_dead = true;
            }
        }
        self.shop().settled();
        // It can die again in the first calls after the restart.
        while self.world.lock().is_dead {
            self.restart();
            self.shop().settled();
        }
    }

    fn restart(&mut self) {
        drop(self.shop.take());
        self.journal.heal();
        let mut world = self.world.lock();
        let has_died = std::mem::take(&mut world.is_dead);
        world.ends.push(has_died);
        drop(world);
        self.shop = Some(self.setup.start());
        if has_died {
            self.setup.clock.advance(LEASE);
        }
    }

    /// Lets everything end that can.
    fn finish(&mut self) {
        for _ in 0..500 {
            self.take(&Step::Resume);
            self.take(&Step::DeliverNow);
            if self.shop().status().backlog == Some(0) {
                return;
            }
        }
        panic!("it doesn't end: {:?}", self.shop().status());
    }

    fn check(&self) -> Result<(), TestCaseError> {
        let dead: BTreeSet<u32> = self
            .shop()
            .dead_letters()
            .iter()
            .map(|letter| u32::try_from(letter.seq - 1).expect("there are few"))
            .collect();
        let world = self.world.lock();
        let calls = &world.calls;
        prop_assert!(!world.called_twice_at_once, "one call at a time");
        for order in 0..world.placed {
            let succeeded = calls.iter().any(|call| call.order == order && call.outcome == Outcome::Succeeds);
            prop_assert!(succeeded || dead.contains(&order), "order {} is lost", order);
        }
        for (place, call) in calls.iter().enumerate() {
            let earlier = || calls[..place].iter().filter(|earlier| earlier.order == call.order);
            for succeeded in earlier().filter(|earlier| earlier.outcome == Outcome::Succeeds) {
                let was_forgotten = succeeded.process < call.process && world.ends[succeeded.process];
                prop_assert!(was_forgotten, "{:?} was delivered by {:?}", call, succeeded);
            }
            let Some(last_place) = calls[..place].iter().rposition(|earlier| earlier.order == call.order)
            else {
                continue;
            };
            let last = &calls[last_place];
            let retried = world.retried.get(&call.order).into_iter().flatten();
            let is_retried = retried.copied().any(|before| last_place < before && before <= place);
            let has_died = world.ends[last.process..call.process].contains(&true);
            if is_retried || has_died {
                continue;
            }
            prop_assert_eq!(call.attempt, last.attempt + 1);
            if let Outcome::IsBusy(seconds) = last.outcome
                && last.skipped == call.skipped
            {
                prop_assert!(call.at >= last.at + TimeDelta::seconds(seconds.into()), "{:?} is early", call);
            }
        }
        for process in 0..=world.ends.len() {
            let in_order = calls.iter().filter(|call| call.process == process);
            let in_order = in_order.filter(|call| !world.retried.contains_key(&call.order));
            prop_assert!(in_order.is_sorted_by_key(|call| call.order), "out of order: {:?}", calls);
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_event_is_delivered_or_dead_and_none_is_called_early_or_out_of_order(
        steps in steps(),
        outcomes in outcomes(),
    ) {
        let mut run = Run::new(outcomes);
        for step in &steps {
            run.take(step);
        }
        run.finish();
        run.check()?;
    }
}
