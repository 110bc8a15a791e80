//! The lanes in many orders in which the engine and the workers can take their turns: no event lost or called twice, no lane out of
//! order, no worker that sleeps while there is work, none that is left at the end. `.ci/interleavings` runs them.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Wake, Waker};

use event_core::Record;
use serde_json::json;
use shuttle::future::block_on;
use shuttle::rand::Rng;
use shuttle::scheduler::{PctScheduler, RandomScheduler, Scheduler};
use shuttle::sync::{Condvar, Mutex};
use shuttle::thread;

use crate::delivery::jobs::{Job, LaneKey};
use crate::delivery::lanes::{End, Failed, Lanes, Outcome};
use crate::delivery::next::{Next, Problem};
use crate::journal::Entry;

const LANES: u64 = 2;
const EACH: u64 = 3;
const WORKERS: usize = 2;

#[test]
fn each_event_is_called_until_it_succeeds_and_each_lane_in_its_order() {
    in_many_orders(|| {
        let deliveries = Deliveries::start(0.3, 1);
        deliveries.add_all();
        deliveries.deliver(LANES * EACH);
        deliveries.end();
        deliveries.check();
    });
}

#[test]
fn events_that_come_in_batches_are_called_until_they_succeed_and_each_lane_in_its_order() {
    in_many_orders(|| {
        let deliveries = Deliveries::start(0.4, 2);
        deliveries.add_all();
        deliveries.deliver(LANES * EACH);
        deliveries.end();
        deliveries.check();
    });
}

#[test]
fn what_is_taken_back_is_called_by_none_until_it_is_added_again() {
    in_many_orders(|| {
        let deliveries = Deliveries::start(0.2, 1);
        deliveries.add_all();
        deliveries.lanes.pause(true);
        deliveries.lanes.clear();
        // A call that ran goes on, and its end isn't told.
        while deliveries.lanes.is_running() {
            deliveries.engine.wait();
        }
        assert!(deliveries.lanes.take_outcomes().is_empty());
        deliveries.called.lock().expect("no thread panics").clear();
        deliveries.add_all();
        deliveries.lanes.pause(false);
        deliveries.deliver(LANES * EACH);
        deliveries.end();
        deliveries.check();
    });
}

#[test]
fn workers_end_also_while_events_wait() {
    in_many_orders(|| {
        let deliveries = Deliveries::start(0.5, 2);
        deliveries.add_all();
        deliveries.end();
        assert!(!deliveries.lanes.is_running());
    });
}

/// What the engine sleeps at.
#[derive(Default)]
struct Engine {
    woken: Mutex<bool>,
    changed: Condvar,
}

impl Engine {
    fn wait(&self) {
        let mut woken = self.woken.lock().expect("no thread panics");
        while !std::mem::take(&mut *woken) {
            woken = self.changed.wait(woken).expect("no thread panics");
        }
    }
}

impl Wake for Engine {
    fn wake(self: Arc<Self>) {
        *self.woken.lock().expect("no thread panics") = true;
        self.changed.notify_one();
    }
}

struct Deliveries {
    lanes: Arc<Lanes>,
    engine: Arc<Engine>,
    /// In their order, with whether it has succeeded.
    called: Arc<Mutex<Vec<(LaneKey, u64, bool)>>>,
    workers: Mutex<Vec<thread::JoinHandle<()>>>,
    batch: usize,
}

impl Deliveries {
    /// Workers whose calls fail as often as this, with batches of so many events.
    fn start(fails: f64, batch: usize) -> Self {
        let engine = Arc::new(Engine::default());
        let lanes = Arc::new(Lanes::new(Waker::from(engine.clone()), 1, batch, false));
        let called = Arc::new(Mutex::new(Vec::new()));
        let workers = (0..WORKERS).map(|_| {
            let (lanes, called, number) = (lanes.clone(), called.clone(), lanes.add_worker());
            thread::spawn(move || {
                while let Some(taken) = block_on(poll_fn(|context| lanes.poll_take(number, context))) {
                    let fails = shuttle::rand::thread_rng().gen_bool(fails);
                    let calls = taken.jobs.iter().map(|job| (taken.lane, job.entry.seq, !fails));
                    called.lock().expect("no thread panics").extend(calls);
                    let end = match &taken.jobs[..] {
                        _ if !fails => End::Delivered,
                        [job] => End::Failed(Box::new(Failed {
                            lane: taken.lane,
                            entry: job.entry.clone(),
                            problem: Problem::NotCalled("it fails".to_owned()),
                            next: Next::Hold,
                            attempts: 1,
                            first: chrono::DateTime::UNIX_EPOCH,
                        })),
                        _ => End::Halved,
                    };
                    let count = taken.jobs.len();
                    lanes.finish(number, taken, count, end);
                }
            })
        });
        let workers = Mutex::new(workers.collect());
        Self { lanes, engine, called, workers, batch }
    }

    fn add_all(&self) {
        let jobs = (1..=LANES * EACH).map(|seq| (seq % LANES, job(seq)));
        self.lanes.add(jobs);
    }

    /// As the engine, until so many are delivered.
    fn deliver(&self, many: u64) {
        let mut delivered = 0;
        loop {
            for outcome in self.lanes.take_outcomes() {
                match outcome {
                    Outcome::Delivered(_) => delivered += 1,
                    Outcome::Failed(failed) => {
                        self.lanes.let_go(failed.lane, failed.entry.seq, |job| job.attempts += 1);
                    }
                }
            }
            if delivered == many {
                assert!(self.lanes.is_quiet());
                return;
            }
            self.engine.wait();
        }
    }

    fn end(&self) {
        self.lanes.end();
        for worker in std::mem::take(&mut *self.workers.lock().expect("no thread panics")) {
            worker.join().expect("it doesn't panic");
        }
    }

    fn check(&self) {
        let called = self.called.lock().expect("no thread panics");
        for lane in 0..LANES {
            let of_lane = called.iter().filter(|(of, ..)| *of == lane);
            let succeeded: Vec<_> =
                of_lane.clone().filter(|(.., succeeds)| *succeeds).map(|it| it.1).collect();
            let all: Vec<_> = (1..=LANES * EACH).filter(|seq| seq % LANES == lane).collect();
            assert_eq!(succeeded, all, "each once, in order");
            // Others of its batch are called with it.
            let is_in_order = self.batch > 1 || of_lane.map(|it| it.1).is_sorted();
            assert!(is_in_order, "none before the one that has failed");
        }
    }
}

fn job(seq: u64) -> Job {
    let record = json!({
        "id": format!("019aab2c-5a00-7000-8000-{seq:012x}"), "name": "counted", "created": "2026-11-29T08:00:00Z",
        "actor": null, "properties": {},
    });
    let record: Record = serde_json::from_value(record).expect("an event");
    let entry = Entry { seq, event: Ok(record) };
    Job { entry, attempts: 0, first_attempt: None, is_awaited: false, is_held: false, group: None }
}

fn in_many_orders(test: impl Fn() + Send + Sync + 'static) {
    let orders =
        std::env::var("EVENT_SQLITE_ORDERS").ok().and_then(|orders| orders.parse().ok()).unwrap_or(100);
    let test = Arc::new(test);
    let schedulers: [Box<dyn Scheduler + Send>; 2] =
        [Box::new(RandomScheduler::new(orders)), Box::new(PctScheduler::new(3, orders))];
    for scheduler in schedulers {
        let test = test.clone();
        shuttle::Runner::new(scheduler, shuttle::Config::new()).run(move || test());
    }
}
