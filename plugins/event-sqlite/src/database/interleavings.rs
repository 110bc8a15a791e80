//! The queue and the writer in many orders in which threads can take their turns: no lost wake-up, no answer before its
//! commit, no caller without an answer. `.ci/interleavings` runs them.

use std::collections::BTreeSet;
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use event_core::Record;
use event_journal::queue::Closed;
use futures_channel::oneshot;
use rusqlite::Connection;
use serde_json::json;
use shuttle::future::block_on;
use shuttle::rand::Rng;
use shuttle::scheduler::{PctScheduler, RandomScheduler, Scheduler};
use shuttle::thread;

use crate::database::job::{Job, Turn, Undo};
use crate::database::{Core, DatabaseOptions, connect, writer};
use crate::error::{Error, Result};
use crate::row;
use crate::store::schema::{self, Place};

#[test]
fn an_answer_comes_after_its_commit_and_everybody_gets_one() {
    in_many_orders(|| {
        let numbers = Numbers::open(64, 0.2);
        numbers.producers(3, |numbers, number| match number % 4 {
            0 => numbers.job(number, true),
            1 => numbers.job(number, false),
            _ => numbers.row(number),
        });
        numbers.core.close(later());
        numbers.wait_for_the_writer();
    });
}

#[test]
fn what_is_let_in_is_written_however_small_the_queue_is_and_however_often_a_commit_fails() {
    in_many_orders(|| {
        let numbers = Numbers::open(2, 0.3);
        numbers.producers(3, |numbers, number| numbers.enqueue(number).expect("the queue is open"));
        numbers.core.close(later());
        numbers.wait_for_the_writer();
        assert_eq!(numbers.all(), (0..3 * EACH).collect());
    });
}

#[test]
fn closing_keeps_out_what_comes_later_and_writes_what_came_before() {
    in_many_orders(|| {
        let numbers = Numbers::open(2, 0.2);
        let let_in = Arc::new(shuttle::sync::Mutex::new(BTreeSet::new()));
        let closing = {
            let numbers = numbers.clone();
            thread::spawn(move || numbers.core.close(later()))
        };
        numbers.producers(3, {
            let let_in = let_in.clone();
            move |numbers, number| {
                if number % 2 == 0 {
                    numbers.row(number);
                } else if let Ok(()) = numbers.enqueue(number) {
                    let_in.lock().expect("no thread panics").insert(number);
                }
            }
        });
        closing.join().expect("it doesn't panic");
        numbers.wait_for_the_writer();
        let odd: BTreeSet<_> = numbers.all().into_iter().filter(|number| number % 2 == 1).collect();
        assert_eq!(odd, *let_in.lock().expect("no thread panics"));
    });
}

#[test]
fn a_writer_that_gives_up_says_what_is_left_and_leaves_nobody_waiting() {
    in_many_orders(|| {
        let numbers = Numbers::open(64, 1.0);
        numbers.producers(2, |numbers, number| match number % 3 {
            0 => numbers.job(number, true),
            1 => numbers.row(number),
            _ => numbers.enqueue(number).expect("the queue is open"),
        });
        numbers.core.close(Instant::now());
        numbers.wait_for_the_writer();
        assert_eq!(numbers.all(), BTreeSet::new());
        assert_eq!(numbers.core.left(), (0..2 * EACH).filter(|number| number % 3 == 2).count());
    });
}

/// So many numbers each producer has.
const EACH: u32 = 3;

/// Runs a test in as many orders as `EVENT_SQLITE_ORDERS` says, the same ones each time: half of them at random, half
/// with a few changes at the worst places.
fn in_many_orders(test: fn()) {
    let orders = std::env::var("EVENT_SQLITE_ORDERS").map_or(200, |orders| orders.parse().expect("a number"));
    let run = |scheduler: Box<dyn Scheduler + Send>| {
        let mut config = shuttle::Config::new();
        // SQLite runs on it.
        config.stack_size = 1 << 20;
        shuttle::Runner::new(scheduler, config).run(test);
    };
    run(Box::new(RandomScheduler::new_from_seed(7, orders / 2)));
    run(Box::new(PctScheduler::new_from_seed(7, 3, orders / 2)));
}

fn later() -> Instant {
    Instant::now() + Duration::from_mins(10)
}

/// A database that holds numbers.
struct Numbers {
    core: Arc<Core>,
    writer_ended: std::sync::Mutex<mpsc::Receiver<()>>,
    directory: tempfile::TempDir,
}

impl Numbers {
    /// `fails` is how likely it is that a commit fails.
    fn open(capacity: usize, fails: f64) -> Arc<Self> {
        let directory = tempfile::tempdir().expect("there is a temporary directory");
        let options = DatabaseOptions::new(directory.path().join("numbers.db"));
        let mut connection = connect::writer(&options, |_| Ok(())).expect("the file can be made");
        // It is about threads and not about the disk.
        connection.pragma_update(None, "synchronous", "off").expect("there is such a mode");
        schema::prepare(&connection, &options.path, Place::Own, false).expect("the schema is right");
        let fail = move || shuttle::rand::thread_rng().gen_bool(fails);
        connection.commit_hook(Some(fail)).expect("the connection is open");
        let core = Arc::new(Core::new("numbers".to_owned(), options, capacity));
        let writer_ended = writer::spawn(connection, core.clone()).expect("a thread can be started").into();
        Arc::new(Self { core, writer_ended, directory })
    }

    /// Runs so many threads, each of which does something with [`EACH`] numbers of its own; waits for them.
    fn producers(self: &Arc<Self>, count: u32, produce: impl Fn(&Self, u32) + Clone + Send + 'static) {
        let producers: Vec<_> = (0..count)
            .map(|producer| {
                let (numbers, produce) = (self.clone(), produce.clone());
                thread::spawn(move || {
                    (producer * EACH..(producer + 1) * EACH).for_each(|number| produce(&numbers, number));
                })
            })
            .collect();
        for producer in producers {
            producer.join().expect("it doesn't panic");
        }
    }

    fn wait_for_the_writer(&self) {
        let ended = self.writer_ended.lock().expect("no thread panics");
        while ended.try_recv() != Err(mpsc::TryRecvError::Disconnected) {
            thread::yield_now();
        }
    }

    /// Writes a row without a waiting caller.
    fn enqueue(&self, number: u32) -> Result<(), Closed> {
        self.push(number, None)
    }

    /// Writes a row, and checks what its answer says.
    fn row(&self, number: u32) {
        let (answer, answered) = oneshot::channel();
        let written = self.push(number, Some(answer)).is_ok() && is_written(answered);
        assert_eq!(self.all().contains(&number), written, "{number}");
    }

    fn push(&self, number: u32, answer: Option<oneshot::Sender<Result<()>>>) -> Result<(), Closed> {
        let record: Record = serde_json::from_value(json!({
            "id": format!("019aab2c-5a00-7000-8000-{number:012}"),
            "name": "number",
            "version": number,
            "created": "2026-11-22T11:57:54.619377Z",
            "actor": null,
            "properties": {},
        }))
        .expect("it is a record");
        let mut bytes = Vec::new();
        row::encode(&record, &mut bytes).expect("it can be written");
        block_on(self.core.queue.push_row(&bytes, answer))
    }

    /// Writes by a closure, which may fail when it has written; checks what its answer says.
    fn job(&self, number: u32, succeeds: bool) {
        let (answer, answered) = oneshot::channel();
        let job = Box::new(Insert { number, succeeds, answer });
        let written = block_on(self.core.queue.push_job(job)).is_ok() && is_written(answered);
        assert!(succeeds || !written, "{number}");
        assert_eq!(self.all().contains(&number), written, "{number}");
    }

    /// The numbers that are committed.
    fn all(&self) -> BTreeSet<u32> {
        let reader = Connection::open(self.directory.path().join("numbers.db")).expect("it is there");
        let mut statement = reader.prepare("SELECT version FROM events").expect("the table is there");
        let numbers = statement.query_map((), |row| row.get(0)).expect("it can be read");
        numbers.collect::<rusqlite::Result<_>>().expect("they are numbers")
    }
}

/// Without an answer, the writer has ended before it came to this.
fn is_written(answered: oneshot::Receiver<Result<()>>) -> bool {
    block_on(answered).is_ok_and(|answer| answer.is_ok())
}

struct Insert {
    number: u32,
    succeeds: bool,
    answer: oneshot::Sender<Result<()>>,
}

impl Job for Insert {
    fn durability(&self) -> event_core::Durability {
        event_core::Durability::OnDisk
    }

    fn place(&self) -> &'static std::panic::Location<'static> {
        std::panic::Location::caller()
    }

    fn run(&mut self, turn: &mut Turn<'_>) -> Result<(), Undo> {
        let insert =
            "INSERT INTO events (id, name, version, created, properties) VALUES (?1, '', ?1, '', '{}')";
        turn.connection.execute(insert, (self.number,)).expect("the SQL is right");
        if self.succeeds { Ok(()) } else { Err(Undo) }
    }

    fn answer(self: Box<Self>, transaction: Result<()>) -> Result<()> {
        let failed = || Error::Panicked { path: "numbers.db".into(), message: "it failed".to_owned() };
        let outcome = if self.succeeds { transaction } else { Err(failed()) };
        self.answer.send(outcome).expect("a thread waits for it");
        Ok(())
    }
}
