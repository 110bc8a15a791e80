//! What consumers get of a process that is killed, again and again on the same file.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use crate::chance::{Chance, runs};
use crate::consumers::{Consumers, INNOCENT, is_rejected};
use crate::delivered::{Counts, Heard};
use crate::kept::look;
use crate::writer::{Killed, PRODUCERS, Task, Told, id};

const RUNS_OF_A_FILE: u64 = 10;

pub(crate) fn task(file: PathBuf, next: Told) -> Task {
    Task { consumers: Some(Consumers::default()), ..Task::endless(file, next) }
}

/// Ends by itself, when everything is delivered.
pub(crate) fn settling(task: Task) -> Task {
    let consumers = task.consumers.clone().unwrap_or_default();
    Task { count: 0, consumers: Some(Consumers { settles: true, ..consumers }), ..task }
}

/// Kills processes that track and deliver, until the last one of each file delivers the rest.
fn kill_again_and_again(enqueues: bool) -> Counts {
    let (mut chance, runs) = (Chance::new(), runs(20));
    let mut all = Counts::default();
    for first in (0..runs).step_by(usize::try_from(RUNS_OF_A_FILE).expect("it is small")) {
        let directory = tempfile::tempdir().expect("there is room for a directory");
        let file = directory.path().join("app.db");
        let (mut heard, mut next) = (Heard::default(), Told::default());
        let task = |next| Task { enqueues, ..task(file.clone(), next) };
        for _ in first..runs.min(first + RUNS_OF_A_FILE) {
            let moment = chance.up_to(Duration::from_millis(40));
            let told = match chance.below(6) {
                0 => heard.run(&task(next), Killed::AfterLines(0, moment), |_| {}),
                1 => heard.run(&Task { count: 20, ..task(next) }, Killed::Never, |_| {}),
                _ => heard.run(&task(next), Killed::AfterLines(chance.below(200), moment), |_| {}),
            };
            let kept = look(&file, &told.told);
            assert!(enqueues || kept.lost == 0, "told {:?}, {kept:?}", told.told);
            // An event that was only enqueued can be lost, and is tracked again.
            next = if enqueues { std::array::from_fn(|place| kept.events[place]) } else { told.told };
        }
        assert!(heard.run(&settling(task(next)), Killed::Never, |_| {}).ended);
        all += heard.check(&file);
    }
    println!(
        "{runs} processes were killed or ended; all of {} events reached their consumers in {} deliveries, of which {} repeat one",
        all.events, all.deliveries, all.repeated
    );
    all
}

#[test]
fn every_event_with_a_receipt_reaches_every_consumer_in_order_whenever_the_process_is_killed() {
    let counts = kill_again_and_again(false);
    assert!(counts.repeated > 0, "no kill came between a delivery and its save: this test tests nothing");
}

#[test]
fn every_enqueued_event_that_was_written_reaches_every_consumer_in_order_whenever_the_process_is_killed() {
    let counts = kill_again_and_again(true);
    assert!(counts.repeated > 0, "no kill came between a delivery and its save: this test tests nothing");
}

#[test]
fn without_a_kill_every_event_reaches_every_consumer_once() {
    let directory = tempfile::tempdir().expect("there is room for a directory");
    let file = directory.path().join("app.db");
    let (mut heard, mut next) = (Heard::default(), Told::default());
    for _ in 0..3 {
        next = heard.run(&Task { count: 60, ..task(file.clone(), next) }, Killed::Never, |_| {}).told;
    }
    heard.run(&settling(task(file.clone(), next)), Killed::Never, |_| {});
    let counts = heard.check(&file);
    assert_eq!((counts.events, counts.repeated), (3 * 60 * PRODUCERS, 0));
    let rejected = heard.dead("rejects_some").len();
    assert_eq!(
        counts.deliveries,
        counts.events * 5 - rejected,
        "four hear all, and two hear half of them each"
    );
}

#[test]
fn an_event_that_ends_the_process_is_a_dead_letter_of_its_consumer_and_the_others_lose_nothing() {
    let directory = tempfile::tempdir().expect("there is room for a directory");
    let file = directory.path().join("app.db");
    let poison = id(1, 8);
    let consumers = Consumers { poison: Some(poison), settles: true, ..Consumers::default() };
    let (mut heard, mut next, mut deaths) = (Heard::default(), Told::default(), 0);
    loop {
        // Each goes on until every producer has told of 30.
        let count = 30 - next.iter().min().expect("there are some");
        let task = Task { count, consumers: Some(consumers.clone()), ..Task::endless(file.clone(), next) };
        let ran = heard.run(&task, Killed::ByItself, |_| {});
        next = ran.told;
        if ran.ended {
            break;
        }
        deaths += 1;
        assert!(deaths < 10, "it dies again and again");
    }
    // The first one isn't counted: in which of the events that were called at the time wasn't known.
    assert_eq!(deaths, 3);
    assert_eq!(heard.dead("would_die_of_one"), BTreeSet::from([poison]));
    for (innocent, _) in INNOCENT {
        assert!(
            heard.dead(innocent).iter().all(|id| is_rejected(innocent, *id)),
            "`{innocent}` has a dead letter"
        );
    }
    assert_eq!(look(&file, &next).lost, 0);
    heard.check(&file);

    // Delivered again, it ends the process as often, and not for ever.
    let mut deaths = 0;
    for retries_poison in [true, false, false, false] {
        let consumers = Consumers { retries_poison, ..consumers.clone() };
        let task = Task { count: 0, consumers: Some(consumers), ..Task::endless(file.clone(), next) };
        deaths += u32::from(!heard.run(&task, Killed::ByItself, |_| {}).ended);
    }
    assert_eq!((deaths, heard.dead("would_die_of_one")), (3, BTreeSet::from([poison])));
    heard.check(&file);
}
