//! Many dead letters, which processes deliver again that are killed, or die at a call of their journal.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use event_core::durable::Rejected;
use event_core::prelude::*;
use event_journal::{DeadLetter, JournalExt, Letters, Refused};
use event_sqlite::rusqlite::Connection;
use serde::{Deserialize, Serialize};

use crate::chance::{Chance, number};
use crate::consumers::{Consumers, deliver};
use crate::dying::{DEADLY, Dies, open_deadly};
use crate::large::peak;
use crate::writer::{Counted, Task, Told, app, itself, say};

const CONSUMER: &str = "event-sqlite::takes_at_the_second_try";

/// How many letters are on their way at the same time, at most; so many are called twice after a death.
const AT_ONCE: usize = 200;

/// Whether an event is rejected each time.
fn is_hopeless(number: u32) -> bool {
    number % 97 == 5
}

/// Whether the process delivers the letters again, and says so.
struct Second(bool);

#[hookimpl(track_event, durable(from = "start"))]
fn takes_at_the_second_try(app: &App, event: &Counted) -> Result<(), Rejected> {
    if !app.state::<Second>().expect("it is there").0 {
        return Err(Rejected::new("not yet"));
    }
    say(&format!("got {}", event.number));
    if is_hopeless(event.number) { Err(Rejected::new("never")) } else { Ok(()) }
}

/// What a process does with the file.
#[derive(Serialize, Deserialize)]
struct Work {
    file: PathBuf,
    dies: Option<Dies>,
}

fn start(file: &Path, dies: Option<Dies>, is_second: bool) -> App {
    let builder = app(&Task::endless(file.to_owned(), Told::default()));
    let mut builder = deliver(builder).hook(takes_at_the_second_try).insert(Second(is_second));
    if dies.is_some() {
        builder = builder
            .hook(open_deadly)
            .insert(Consumers { dies, ..Consumers::default() })
            .config(json!({ "plugins": { "event-journal": { "journal": DEADLY } } }));
    }
    builder.start().wait().expect("the app starts")
}

/// A file in which so many events are dead letters: the first one is made by the program, and the others after its likeness.
fn fill(file: &Path, count: u64) {
    let app = start(file, None, false);
    app.track(Counted { producer: 0, number: 0, filler: String::new() }).wait().expect("it is kept");
    app.deliveries().expect("it has a consumer").settled().wait().expect("it runs");
    app.shutdown().wait().expect("everything is written");
    let last = count - 1;
    let sql = format!(
        "BEGIN;
         CREATE TEMP TABLE number AS WITH RECURSIVE numbers (number) AS
             (SELECT 1 UNION ALL SELECT number + 1 FROM numbers LIMIT {last}) SELECT number FROM numbers;
         INSERT INTO main.events (id, name, version, created, properties)
             SELECT printf('019aab2c-5a00-7000-8000-%012x', number), name, version, created,
                    json_set(properties, '$.number', number)
             FROM main.events, number WHERE seq = 1 ORDER BY number;
         INSERT INTO main.event_sqlite_state (key, version, value)
             SELECT printf('dead/{CONSUMER}/%020d', number + 1), last_version + number,
                    CAST(json_set(CAST(value AS TEXT), '$.seq', number + 1,
                                  '$.event_id', printf('019aab2c-5a00-7000-8000-%012x', number)) AS BLOB)
             FROM main.event_sqlite_state, main.event_sqlite_journal, number WHERE key GLOB 'dead/*' ORDER BY number;
         UPDATE main.event_sqlite_journal SET last_version = last_version + {count};
         UPDATE main.event_sqlite_state SET value = CAST(json_set(CAST(value AS TEXT), '$.position', {count},
             '$.frontier', {count}, '$.scanned', {count}, '$.last_seq', {count}, '$.dead', {count},
             '$.last_id', printf('019aab2c-5a00-7000-8000-%012x', {last})) AS BLOB)
             WHERE key = 'consumer/{CONSUMER}';
         COMMIT;"
    );
    Connection::open(file).expect("it is there").execute_batch(&sql).expect("it can be written");
}

/// What the file says of the events: which are letters, and which are about to be delivered again.
#[derive(Debug)]
struct Found {
    letters: BTreeSet<u32>,
    rearmed: BTreeSet<u32>,
    delivered: u64,
    dead: u64,
}

fn look(file: &Path) -> Found {
    #[derive(Deserialize)]
    struct Value {
        rearmed: Vec<u32>,
        burying: Vec<DeadLetter>,
        delivered: u64,
        dead: u64,
    }
    let connection = Connection::open(file).expect("it is there");
    let sql = "SELECT value FROM event_sqlite_state WHERE key = ?";
    let value: Vec<u8> = connection
        .query_row(sql, (format!("consumer/{CONSUMER}"),), |row| row.get(0))
        .expect("the consumer is there");
    let Value { rearmed, burying, delivered, dead } = serde_json::from_slice(&value).expect("it is JSON");
    let sql = "SELECT value ->> 'seq' FROM event_sqlite_state WHERE key GLOB 'dead/*'";
    let mut statement = connection.prepare(sql).expect("it has letters");
    let letters = statement.query_map((), |row| row.get::<_, u32>(0)).expect("they can be read");
    let mut letters: BTreeSet<_> = letters.map(|seq| seq.expect("a number") - 1).collect();
    letters.extend(burying.iter().map(|letter| u32::try_from(letter.seq).expect("there are few") - 1));
    let rearmed = rearmed.into_iter().map(|seq| seq - 1).collect();
    Found { letters, rearmed, delivered, dead }
}

/// In a process of its own: delivers what there is, until it is killed or has done all.
fn work(work: &Work) {
    say("");
    let before = cfg!(target_os = "linux").then(peak);
    let app = start(&work.file, work.dies, true);
    let deliveries = app.deliveries().expect("it has a consumer");
    loop {
        deliveries.settled().wait().expect("it runs");
        let is_asked = Connection::open(&work.file).expect("it is there").query_row(
            "SELECT count(*) FROM event_sqlite_state WHERE key GLOB 'command/*' AND value ->> 'answer' IS NULL",
            (),
            |row| row.get::<_, u32>(0),
        );
        let consumers = deliveries.consumers().wait().expect("it runs");
        if is_asked == Ok(0) && consumers[0].backlog == Some(0) {
            break;
        }
        std::thread::yield_now();
    }
    app.shutdown().wait().expect("everything is written");
    if let Some(before) = before {
        say(&format!("peak {}", peak() - before));
    }
}

/// What a process said before its end.
#[derive(Default)]
struct Ran {
    got: Vec<u32>,
    peak: Option<u64>,
    ended: bool,
}

/// Runs a process, and kills it after so many deliveries.
fn run(name: &str, work: &Work, most: usize) -> Ran {
    let mut command = itself(name);
    command.env(WORK, serde_json::to_string(work).expect("it is JSON"));
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("it can be started");
    let mut ran = Ran::default();
    for line in BufReader::new(child.stdout.take().expect("it is piped")).lines() {
        let line = line.expect("it can be read");
        if let Some(number) = line.strip_prefix("got ") {
            ran.got.push(number.parse().expect("a number"));
            if ran.got.len() == most {
                child.kill().expect("it can be killed");
            }
        } else if let Some(peak) = line.strip_prefix("peak ") {
            ran.peak = peak.parse().ok();
        }
    }
    ran.ended = child.wait().expect("it has ended").success();
    ran
}

const WORK: &str = "EVENT_SQLITE_CRASH_WORK";

/// How often processes die before one may end by itself.
const DEATHS: u64 = 6;

#[test]
fn many_dead_letters_are_each_delivered_again_once_whenever_the_process_dies() {
    const NAME: &str = "letters::many_dead_letters_are_each_delivered_again_once_whenever_the_process_dies";
    if let Ok(text) = std::env::var(WORK) {
        return work(&serde_json::from_str(&text).expect("it is JSON"));
    }
    let count = number("EVENT_SQLITE_CRASH_LETTERS").unwrap_or(3_000);
    let events: BTreeSet<u32> = (0..u32::try_from(count).expect("not so many")).collect();
    let mut chance = Chance::new();
    let directory = tempfile::tempdir().expect("there is room for a directory");
    let file = directory.path().join("app.db");
    fill(&file, count);
    assert_eq!(ask_for_all(&file), events);

    let mut got = Vec::new();
    let mut peak = None;
    for death in 0..=DEATHS {
        // By itself at a call of its journal, or by another process after so many calls of the consumer.
        let dies = (death % 2 == 1).then(|| Dies::at_one_of(count / 7, &mut chance));
        let most = 1 + usize::try_from(chance.below(count / 7)).expect("it is small");
        let most = if dies.is_some() || death == DEATHS { usize::MAX } else { most };
        let ran = run(NAME, &Work { file: file.clone(), dies }, most);
        assert_eq!(ran.ended, death == DEATHS, "{dies:?}, {most}");
        got.extend(ran.got);
        peak = ran.peak;

        let found = look(&file);
        let taken: BTreeSet<_> = got.iter().copied().filter(|number| !is_hopeless(*number)).collect();
        let accounted = &(&found.letters | &found.rearmed) | &taken;
        assert_eq!(accounted, events, "after {dies:?}, {most}: an event is lost");
        let doubled = found.letters.intersection(&found.rearmed).count();
        assert!(doubled <= AT_ONCE, "after {dies:?}, {most}: {doubled} letters are on their way");
        let (left, dead) = (found.letters.len() as u64, found.dead - count);
        assert!(found.delivered + dead <= count, "{found:?} counts one twice");
        println!("{left} letters left, {} delivered, {dead} dead again", found.delivered);
    }
    let found = look(&file);
    let hopeless: BTreeSet<_> = events.iter().copied().filter(|number| is_hopeless(*number)).collect();
    let dead_again = hopeless.len() as u64;
    assert_eq!((&found.letters, found.rearmed.len()), (&hopeless, 0));
    assert_eq!(
        (found.delivered, found.dead - count),
        (count - dead_again, dead_again),
        "each is retried once"
    );
    let twice = got.len() - events.len();
    println!("{count} letters, {DEATHS} deaths, {twice} repeated calls, {peak:?} KiB more at most");
    assert!(twice <= AT_ONCE * usize::try_from(DEATHS).expect("it is small"), "{twice} were called twice");
    assert!(peak.is_none_or(|peak| peak < 40_000), "{count} letters took {peak:?} KiB");
}

/// Lists all letters in pages, and asks for their delivery: by a process that delivers nothing, so that the next one that does
/// finds the command.
fn ask_for_all(file: &Path) -> BTreeSet<u32> {
    const PAGE: usize = 1_000;
    let builder = app(&Task::endless(file.to_owned(), Told::default()));
    let builder = deliver(builder).hook(takes_at_the_second_try).insert(Second(false));
    let builder = builder.config(json!({ "plugins": { "event-journal": { "deliver": false } } }));
    let app = builder.start().wait().expect("the app starts");
    let deliveries = app.deliveries().expect("it has a consumer");
    let mut listed = BTreeSet::new();
    let mut after = 0;
    loop {
        let page = deliveries.dead_letters(CONSUMER, after, PAGE).wait().expect("they can be read");
        for letter in &page {
            assert!(after < letter.seq, "they are in order");
            after = letter.seq;
            listed.insert(u32::try_from(letter.seq).expect("there are few") - 1);
        }
        if page.len() < PAGE {
            break;
        }
    }
    let asked = deliveries.retry_all(CONSUMER, Letters::all()).wait();
    assert!(matches!(asked, Err(Refused::Later)), "{asked:?}");
    app.shutdown().wait().expect("everything is written");
    listed
}
