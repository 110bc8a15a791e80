//! A process that dies before or after each single call of its journal.
//!
//! A journal around the store's kills the process, so that what is tried is the program as it is, without a line for the test
//! in it.

use std::sync::atomic::{AtomicU64, Ordering};

use event_core::prelude::*;
use event_core::{Durability, Record};
use event_journal::OpenedJournal;
use event_journal::journal::{Error, Filter, Journal, Page, Pending, Saved};
use serde::{Deserialize, Serialize};

use crate::chance::Chance;
use crate::consumers::Consumers;
use crate::delivered::{Counts, Heard};
use crate::kept::look;
use crate::kill_delivering::{settling, task};
use crate::writer::{Killed, Task, Told};

/// At which call of its journal a process dies, counted from 1.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Dies {
    call: u64,
    moment: Moment,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Moment {
    Before,
    After,
    /// The call has happened, and says that it may not have; the next one is the death.
    AfterDoubt,
}

impl Dies {
    /// At one of the first calls, before it, after it, or after a doubt.
    pub(crate) fn at_one_of(calls: u64, chance: &mut Chance) -> Self {
        let call = 1 + chance.below(calls);
        let moment = match chance.below(3) {
            0 => Moment::Before,
            1 => Moment::After,
            _ => Moment::AfterDoubt,
        };
        Self { call, moment }
    }
}

/// The name of the plugin that this journal is said to be of, beside the store's own.
pub(crate) const DEADLY: &str = "deadly";

/// The store as a journal, in which the process dies.
struct Deadly {
    journal: Box<dyn Journal>,
    dies: Dies,
}

/// Of the process, which may start its app again after a doubt.
static CALLS: AtomicU64 = AtomicU64::new(0);

#[hookimpl(event_journal::open_journal)]
pub(crate) fn open_deadly(app: &App) -> event_sqlite::Result<OpenedJournal> {
    let dies = app.state::<Consumers>().expect("it is there").dies.expect("it is given");
    let journal = event_sqlite::open_journal(app)?.into_journal().expect("the store is on");
    Ok(OpenedJournal::new(DEADLY, Deadly { journal, dies }))
}

impl Deadly {
    fn call<'a, T: Send + 'a>(&self, pending: Pending<'a, T>) -> Pending<'a, T> {
        let call = CALLS.fetch_add(1, Ordering::Relaxed) + 1;
        let Dies { call: deadly, moment } = self.dies;
        let die_before = match moment {
            Moment::Before => call == deadly,
            Moment::After => false,
            Moment::AfterDoubt => call > deadly,
        };
        Box::pin(async move {
            if die_before {
                std::process::abort();
            }
            let done = pending.await;
            match moment {
                Moment::After if call == deadly => std::process::abort(),
                Moment::AfterDoubt if call == deadly => {
                    Err(Error::Unavailable(std::sync::Arc::new(std::io::Error::other("the network is down"))))
                }
                _ => done,
            }
        })
    }
}

impl Journal for Deadly {
    fn place(&self) -> String {
        self.journal.place()
    }

    fn identity(&self) -> Pending<'_, String> {
        self.call(self.journal.identity())
    }

    fn append<'a>(&'a self, events: &'a [Record]) -> Pending<'a, u64> {
        self.call(self.journal.append(events))
    }

    fn end(&self) -> Pending<'_, u64> {
        self.call(self.journal.end())
    }

    fn read<'a>(&'a self, after: u64, filter: &'a Filter, limit: usize) -> Pending<'a, Page> {
        self.call(self.journal.read(after, filter, limit))
    }

    fn read_back<'a>(&'a self, before: u64, filter: &'a Filter, limit: usize) -> Pending<'a, Page> {
        self.call(self.journal.read_back(before, filter, limit))
    }

    fn newer(&self, than: u64) -> Pending<'_, ()> {
        self.journal.newer(than)
    }

    fn count<'a>(&'a self, after: u64, filter: &'a Filter, most: u64) -> Pending<'a, u64> {
        self.call(self.journal.count(after, filter, most))
    }

    fn load<'a>(&'a self, key: &'a str) -> Pending<'a, Option<Saved>> {
        self.call(self.journal.load(key))
    }

    fn save<'a>(
        &'a self,
        key: &'a str,
        expected: u64,
        value: Option<&'a [u8]>,
        durability: Durability,
    ) -> Pending<'a, u64> {
        self.call(self.journal.save(key, expected, value, durability))
    }

    fn list<'a>(
        &'a self,
        prefix: &'a str,
        after: &'a str,
        limit: usize,
    ) -> Pending<'a, Vec<(String, Saved)>> {
        self.call(self.journal.list(prefix, after, limit))
    }
}

/// Everything that a journal is asked for from the claim to the last save: windows that are announced, dead letters and their
/// intents, positions, the end.
#[test]
fn wherever_between_two_calls_of_its_journal_a_process_dies_every_event_reaches_every_consumer() {
    let mut chance = Chance::new();
    let (mut all, mut deaths) = (Counts::default(), 0);
    for moment in [Moment::Before, Moment::After, Moment::AfterDoubt] {
        // In CI some of the calls, others each time.
        let step = if std::env::var_os("EVENT_SQLITE_CRASH_RUNS").is_some() { 1 } else { 8 };
        let mut call = 1 + chance.below(step);
        loop {
            let directory = tempfile::tempdir().expect("there is room for a directory");
            let file = directory.path().join("app.db");
            let mut heard = Heard::default();
            let dies = Some(Dies { call, moment });
            let consumers = Consumers { dies, settles: true, ..Consumers::default() };
            let tries_again = moment == Moment::AfterDoubt;
            let dying = task(file.clone(), Told::default());
            let dying = Task { count: 4, tries_again, consumers: Some(consumers), ..dying };
            let ran = heard.run(&dying, Killed::ByItself, |_| {});
            let kept = look(&file, &ran.told);
            assert_eq!(kept.lost, 0, "call {call}, {moment:?}: told {:?}, {kept:?}", ran.told);
            assert!(heard.run(&settling(task(file.clone(), ran.told)), Killed::Never, |_| {}).ended);
            all += heard.check(&file);
            if ran.ended {
                break;
            }
            deaths += 1;
            call += 1 + chance.below(2 * step - 1);
        }
    }
    println!(
        "{deaths} processes died; all of {} events reached their consumers in {} deliveries, of which {} repeat one",
        all.events, all.deliveries, all.repeated
    );
    assert!(deaths > 10 && all.repeated > 0, "no death came between a delivery and its save");
}
