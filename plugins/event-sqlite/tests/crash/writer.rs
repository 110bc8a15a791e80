//! The process that is killed: it tracks events, and says so of each whose receipt has come.

use std::error::Error;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use event_core::AppBuilder;
use event_core::prelude::*;
use event_sqlite::SqliteExt;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::bombs;
use crate::consumers::{self, Consumers};
use crate::kept::look;

/// Threads of a process that track at the same time, each one event after the other.
pub(crate) const PRODUCERS: usize = 4;

/// How many events of each producer have their receipt. Its next one has this number.
pub(crate) type Told = [u32; PRODUCERS];

/// An event that nothing is written with.
#[derive(Event, Serialize, Deserialize)]
pub(crate) struct Counted {
    pub(crate) producer: u32,
    pub(crate) number: u32,
    pub(crate) filler: String,
}

/// An event that is true with a row of the table `note`.
#[derive(Event, Serialize, Deserialize)]
pub(crate) struct Noted {
    pub(crate) producer: u32,
    pub(crate) number: u32,
    pub(crate) filler: String,
}

/// What a process is to do.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Task {
    pub(crate) file: PathBuf,
    /// Left out where the default is to be tested.
    pub(crate) synchronous: Option<String>,
    /// The number of its first producer.
    pub(crate) first_producer: u32,
    /// Where its producers go on.
    pub(crate) next: Told,
    /// How many events each of them tracks before the process ends by itself.
    pub(crate) count: u32,
    /// Whether they try again what fails.
    pub(crate) tries_again: bool,
    /// What happens to the file, as soon as its first producer has tracked so many events.
    pub(crate) misplaced: Option<(u32, Misplaced)>,
    /// Whether hooks, writes and reads panic all the time with values whose `Drop` panics too.
    pub(crate) panics: bool,
    /// Whether `track` returns before the event is written.
    pub(crate) enqueues: bool,
    /// The durable implementations that it has.
    pub(crate) consumers: Option<Consumers>,
}

/// What another program does to the file while it is open.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) enum Misplaced {
    /// It is moved away, with its log; see [`moved`].
    File,
    /// It is moved away, with its log, and another file is put in its place.
    FileForAnother,
    /// Its log is removed.
    Log,
    /// Its log is removed, and another file is put in its place.
    LogForAnother,
    /// Its log and the shared memory are removed.
    LogAndMemory,
}

/// Where a file was moved.
pub(crate) fn moved(file: &Path) -> PathBuf {
    file.with_file_name("moved.db")
}

/// Moves the log after its file, if the process was killed between the two.
pub(crate) fn finish_moving(file: &Path) {
    let (from, to) = (log_of(file), log_of(&moved(file)));
    if moved(file).exists() && from.exists() && !to.exists() {
        fs::rename(from, to).expect("it is there");
    }
}

/// What was put in the place of a file that was moved.
pub(crate) const ANOTHER: &str = "another file";

impl Task {
    pub(crate) fn endless(file: PathBuf, next: Told) -> Self {
        Self {
            file,
            synchronous: None,
            first_producer: 0,
            next,
            count: u32::MAX,
            tries_again: false,
            misplaced: None,
            panics: false,
            enqueues: false,
            consumers: None,
        }
    }

    /// The same, whose file something happens to as soon as its first producer has tracked so many events.
    pub(crate) fn misplacing(file: PathBuf, at: u32, misplaced: Misplaced) -> Self {
        Self { misplaced: Some((at, misplaced)), tries_again: true, ..Self::endless(file, Told::default()) }
    }
}

/// When a process is killed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Killed {
    /// So long after it has said so many lines. With none, that is after its start.
    AfterLines(u64, Duration),
    /// So long after it has said that it can't write.
    AfterFailure(Duration),
    /// By `power.c`.
    ByPowerLoss,
    /// By an implementation of its own.
    ByItself,
    /// It ends by itself.
    Never,
}

const TASK: &str = "EVENT_SQLITE_CRASH_TASK";

/// It is both: the process itself is this test with a task.
#[test]
fn a_process_that_nobody_kills_tells_of_each_event_and_ends() {
    if let Ok(task) = std::env::var(TASK) {
        return work(&serde_json::from_str(&task).expect("it is a task"));
    }
    let directory = tempfile::tempdir().expect("there is room for a directory");
    let task = Task::endless(directory.path().join("app.db"), Told::default());
    let task = Task { count: 3, ..task };
    assert_eq!(run(&task, Killed::Never, |_| {}), [3; PRODUCERS]);
    assert_eq!(look(&task.file, &[3; PRODUCERS]).events, [3; PRODUCERS]);
}

fn work(task: &Task) {
    // What stands on the line already is the test harness's.
    say("");
    let app = until_done(task, || {
        let app = app(task);
        let app = if task.panics { bombs::hook_into(app) } else { app };
        let app = match &task.consumers {
            Some(consumers) => consumers::hook_into(app, consumers),
            None => app,
        };
        app.start().wait()
    });
    let create =
        "CREATE TABLE IF NOT EXISTS note (producer INTEGER, number INTEGER, PRIMARY KEY (producer, number))";
    let database = app.database("app").expect("it is there");
    until_done(task, || database.execute_write(create, ()).wait());
    std::thread::scope(|scope| {
        for (place, next) in (0..).zip(task.next) {
            let (app, end) = (&app, next.saturating_add(task.count));
            let producer = task.first_producer + place;
            scope.spawn(move || {
                for number in next..end {
                    if let Some((_, misplaced)) = task.misplaced.filter(|(at, _)| place == 0 && number == *at)
                    {
                        misplace(&task.file, misplaced);
                    }
                    if task.panics {
                        bombs::drop_some(app);
                    }
                    until_done(task, || track(app, producer, number, task.panics));
                    say(&format!("told {place} {number}"));
                }
            });
        }
    });
    if task.consumers.as_ref().is_some_and(|consumers| consumers.settles) {
        consumers::settle(&app);
    }
    app.shutdown().wait().expect("everything is written");
}

fn log_of(file: &Path) -> PathBuf {
    file.with_extension("db-wal")
}

fn misplace(file: &Path, misplaced: Misplaced) {
    match misplaced {
        Misplaced::File | Misplaced::FileForAnother => {
            fs::rename(file, moved(file)).expect("it is there");
            fs::rename(log_of(file), log_of(&moved(file))).expect("it is there");
        }
        Misplaced::Log | Misplaced::LogForAnother | Misplaced::LogAndMemory => {
            fs::remove_file(log_of(file)).expect("it is there");
        }
    }
    match misplaced {
        Misplaced::File | Misplaced::Log => {}
        Misplaced::LogAndMemory => fs::remove_file(file.with_extension("db-shm")).expect("it is there"),
        Misplaced::FileForAnother => fs::write(file, ANOTHER).expect("there is room"),
        Misplaced::LogForAnother => {
            fs::write(log_of(file), ANOTHER).expect("there is room");
            let permissions = fs::metadata(file).expect("it is there").permissions();
            fs::set_permissions(log_of(file), permissions).expect("it is this user's");
        }
    }
}

fn until_done<T, E: std::fmt::Debug>(task: &Task, attempt: impl Fn() -> Result<T, E>) -> T {
    let mut failed = false;
    loop {
        match attempt() {
            Ok(done) => return done,
            Err(_) if task.tries_again => {
                if !std::mem::replace(&mut failed, true) {
                    say(FAILED);
                }
                std::thread::yield_now();
            }
            Err(error) => panic!("{error:?}"),
        }
    }
}

/// What a process says that can't write, before it tries again.
const FAILED: &str = "failed";

/// With the default settings, and the store in the application's database.
pub(crate) fn app(task: &Task) -> AppBuilder {
    let mut database = json!({ "path": task.file });
    if let Some(synchronous) = &task.synchronous {
        database["synchronous"] = json!(synchronous);
    }
    let ack = if task.enqueues { "enqueued" } else { "commit" };
    let section = json!({ "databases": { "app": database }, "store": { "database": "app", "ack": ack } });
    App::builder()
        .without_linked()
        .hook(event_sqlite::open_databases)
        .hook(event_sqlite::finish_opening)
        .hook(event_sqlite::open_journal)
        .hook(event_sqlite::keep_event)
        .hook(event_sqlite::close_databases)
        .event::<Counted>()
        .event::<Noted>()
        .config(json!({ "plugins": { "event-sqlite": section } }))
}

/// A process that was killed before it had its receipt tries again; with the same id, that is one event.
pub(crate) fn id(producer: u32, number: u32) -> Uuid {
    Uuid::from_u64_pair(producer.into(), number.into())
}

/// Every second event is written together with a row.
pub(crate) fn is_noted(number: u32) -> bool {
    number % 2 == 1
}

fn track(app: &App, producer: u32, number: u32, may_fail: bool) -> Result<(), Box<dyn Error + Send + Sync>> {
    let id = id(producer, number);
    // Up to two pages of the file, so that some events take more than one.
    let filler = "x".repeat(usize::try_from(number * 997 % 8000).expect("it is small"));
    if !is_noted(number) {
        app.track(Counted { producer, number, filler }).id(id).wait()?;
        return Ok(());
    }
    let written = app.database("app").expect("it is there").write(move |tx| {
        tx.execute("INSERT INTO note VALUES (?, ?) ON CONFLICT DO NOTHING", (producer, number))?;
        tx.track(Noted { producer, number, filler })?.id(id);
        Ok(())
    });
    let failures = written.wait()?.failures().count();
    assert!(may_fail || failures == 0);
    Ok(())
}

/// In one piece, so that it is there whole or not at all.
pub(crate) fn say(line: &str) {
    let mut stdout = std::io::stdout().lock();
    let said = stdout.write_all(format!("{line}\n").as_bytes()).and_then(|()| stdout.flush());
    said.expect("the one who started it listens");
}

/// Runs a process until it is killed or ends; gives what it told.
pub(crate) fn run(task: &Task, when: Killed, prepare: impl FnOnce(&mut Command)) -> Told {
    run_and_hear(task, when, prepare, |_| {}).told
}

/// What a process told, and whether it ended by itself and in order.
pub(crate) struct Ran {
    pub(crate) told: Told,
    pub(crate) ended: bool,
}

/// The same for one that says more than that: `hear` gets each of its other lines.
pub(crate) fn run_and_hear(
    task: &Task,
    when: Killed,
    prepare: impl FnOnce(&mut Command),
    mut hear: impl FnMut(&str),
) -> Ran {
    let mut command = command(task);
    prepare(&mut command);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it can be started");
    let lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
    let mut stderr = child.stderr.take().expect("it is piped");
    let child = Arc::new(Mutex::new(child));
    let kill_at = |count| match when {
        Killed::AfterLines(lines, time) if lines == count => Some(Killer::start(&child, time)),
        _ => None,
    };
    let (mut told, mut count) = (task.next, 0);
    let mut killer = kill_at(count);
    // What was said before the end is in the pipe after it.
    for line in lines {
        let line = line.expect("it can be read");
        if let (FAILED, Killed::AfterFailure(time)) = (&*line, when) {
            killer = killer.or_else(|| Some(Killer::start(&child, time)));
        }
        let Some(numbers) = line.strip_prefix("told ") else {
            hear(&line);
            continue;
        };
        let (place, number) = numbers.split_once(' ').expect("two numbers");
        let place: usize = place.parse().expect("a producer");
        assert_eq!(number.parse(), Ok(told[place]), "producer {place} goes on one by one");
        told[place] += 1;
        count += 1;
        killer = killer.or_else(|| kill_at(count));
    }
    drop(killer);
    let mut complaints = String::new();
    stderr.read_to_string(&mut complaints).expect("it is text");
    let status = child.lock().expect("no test thread panics").wait().expect("it has ended");
    // What a process says that ends while others have the file.
    let in_use = |line: &&str| line.ends_with("it is in use by another program; copy both files together");
    let of_a_panic = |line: &&str| {
        task.panics
            && (line.contains(" panicked while it was dropped: ") || line.contains(" panicked and goes on: "))
    };
    let of_a_death = |line: &&str| task.consumers.is_some() && line.contains(" gave up event `");
    let of_a_takeover = |line: &&str| {
        task.consumers.is_some()
            && (line.ends_with("so this one delivers now")
                || line.contains("this one stands by, and goes on when"))
    };
    // Where the consumers are another process's, nothing that has to be on disk is written after the last event.
    let of_the_queue =
        |line: &&str| task.enqueues && line.ends_with("that waited when the app stopped are written");
    let is_expected = |line: &&str| {
        in_use(line) || of_a_panic(line) || of_a_death(line) || of_a_takeover(line) || of_the_queue(line)
    };
    let complaints: Vec<_> = complaints.lines().filter(|line| !is_expected(line)).collect();
    assert!(complaints.is_empty(), "{task:?}, {when:?}: {status}\n{complaints:#?}");
    let ended = status.success();
    assert!(matches!(when, Killed::ByItself) || ended == matches!(when, Killed::Never), "{task:?}: {status}");
    Ran { told, ended }
}

/// The process that does a task.
pub(crate) fn command(task: &Task) -> Command {
    let mut command = itself("writer::a_process_that_nobody_kills_tells_of_each_event_and_ends");
    command.env(TASK, serde_json::to_string(task).expect("it is JSON"));
    command
}

/// Kills a process when a time is over: SIGKILL, where there are signals. Or the process ends before, and it is dropped.
struct Killer {
    process_ended: Option<mpsc::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Killer {
    fn start(child: &Arc<Mutex<Child>>, time: Duration) -> Self {
        let child = child.clone();
        let (process_ended, ended) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            if ended.recv_timeout(time) == Err(RecvTimeoutError::Timeout) {
                child.lock().expect("no test thread panics").kill().expect("it can be killed");
            }
        });
        Self { process_ended: Some(process_ended), thread: Some(thread) }
    }
}

impl Drop for Killer {
    fn drop(&mut self) {
        self.process_ended = None;
        let thread = self.thread.take().map(JoinHandle::join);
        assert!(thread.is_none_or(|ended| ended.is_ok()), "a process can't be killed");
    }
}

/// This program with one test only.
pub(crate) fn itself(test: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this program has a file"));
    command.args([test, "--exact", "--nocapture"]);
    command
}
