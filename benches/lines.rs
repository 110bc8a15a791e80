//! What it costs to write an event as a line of JSON to standard error, which is a file.
//!
//! Compared with `tracing` and tracing-subscriber as their pages show it: `fmt().json()` with the process's standard
//! error as the writer, and nothing else set. Its line has the time to the microsecond, the level, the fields and the
//! target; ours the id, the name, the time to the microsecond, the actor and the fields. With a message, as most of
//! those pages have one, its line says like ours what happened. Neither buffers. Each runs in a process of its own, whose
//! standard error is a file that is opened to append.

use std::fs::{File, OpenOptions};
use std::hint::black_box;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use event_core::prelude::*;

use crate::callgrind::Work;
use crate::row::Row;
use crate::stopwatch::median;
use crate::subprocess::Subprocess;

const OURS: &str = "a line of event-stderr";
const TRACINGS: &str = "a line of tracing-subscriber";
const TRACINGS_WITH_MESSAGE: &str = "a line of tracing-subscriber with a message";
const WRITE: &str = "a line that is there already";

/// Enough that a round takes some milliseconds.
const REPETITIONS: u32 = 10_000;

pub(crate) fn works() -> Vec<Work> {
    vec![
        Work::new(OURS, ours),
        Work::new(TRACINGS, || {
            set_up_tracing();
            |times| {
                for order in 0..times {
                    tracing::info!(order = black_box(order), customer = "mallory", express = true);
                }
            }
        }),
        Work::new(TRACINGS_WITH_MESSAGE, || {
            set_up_tracing();
            |times| {
                for order in 0..times {
                    tracing::info!(
                        order = black_box(order),
                        customer = "mallory",
                        express = true,
                        "order-placed"
                    );
                }
            }
        }),
        Work::new(WRITE, write),
    ]
}

pub(crate) fn rows() -> Vec<Row> {
    let mut rows = times();
    rows.push(writes());
    rows
}

#[derive(Event)]
struct OrderPlaced {
    order: u64,
    customer: &'static str,
    express: bool,
}

fn ours() -> impl FnMut(u64) {
    let builder = App::builder().without_linked().event::<OrderPlaced>();
    let builder = builder.hook(event_stderr::read_settings).hook(event_stderr::write_to_stderr);
    let app = builder.start().wait().expect("nothing is wrong with it");
    move |times| {
        for order in 0..times {
            let event = OrderPlaced { order: black_box(order), customer: "mallory", express: true };
            let receipt = app.track(event).wait().expect("nothing refuses it");
            assert!(receipt.failures().is_empty(), "the line is written");
        }
    }
}

fn set_up_tracing() {
    tracing_subscriber::fmt().json().with_writer(std::io::stderr).init();
}

/// What remains when making the line costs nothing.
fn write() -> impl FnMut(u64) {
    let line = concat!(
        r#"{"id":"019aab2c-5a00-7000-8000-000000000001","name":"order-placed","#,
        r#""created":"2026-11-22T11:57:54.619377Z","actor":null,"#,
        r#""properties":{"order":9999,"customer":"mallory","express":true}}"#,
        "\n"
    );
    move |times| {
        for _ in 0..times {
            std::io::stderr().lock().write_all(black_box(line).as_bytes()).expect("the file takes it");
        }
    }
}

fn times() -> Vec<Row> {
    let mut processes = [OURS, TRACINGS, TRACINGS_WITH_MESSAGE, WRITE].map(Lines::of);
    let mut rounds = Vec::new();
    let ratio = median(|| {
        let round = processes.each_mut().map(Lines::seconds);
        rounds.push(round);
        let [ours, tracings, ..] = round;
        tracings / ours
    });
    let middle = |figure: fn(&[f64; 4]) -> f64| {
        let mut rounds = rounds.iter();
        median(|| rounds.next().map(figure).expect("it had as many rounds"))
    };
    let row = |against: &str, measured, ratio: Option<f64>| Row {
        work: "an event as a line of JSON in a file".to_owned(),
        against: against.to_owned(),
        measured,
        target: ratio.map(|_| "≥ 1.7 ×".to_owned()).unwrap_or_default(),
        reached: ratio.map(|ratio| ratio >= 1.7),
    };
    let nanoseconds = middle(|[ours, ..]| ours * 1e9);
    let with_message = middle(|[ours, _, with_message, _]| with_message / ours);
    let share = middle(|[ours, _, _, write]| write / ours * 100.0);
    vec![
        row(
            "tracing-subscriber, `fmt().json()` to standard error",
            format!("{ratio:.2} × the events/s: {nanoseconds:.0} ns"),
            Some(ratio),
        ),
        row("the same with a message", format!("{with_message:.2} × the events/s"), Some(with_message)),
        row("the write alone, of a line as long", format!("{share:.0} % of the time is the write"), None),
    ]
}

/// A process that writes lines to a file of its own.
struct Lines {
    process: Subprocess,
    file: File,
}

impl Lines {
    fn of(work: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{work}.txt"));
        let file = OpenOptions::new().append(true).create(true).open(path);
        let file = file.expect("the target directory takes a file");
        let stderr = file.try_clone().expect("the file is open");
        let process = Subprocess::start(program().args(["--asked", work]).stderr(stderr));
        Self { process: process.expect("the program starts itself"), file }
    }

    /// How long one line takes.
    fn seconds(&mut self) -> f64 {
        let time = self.process.time(&REPETITIONS.to_string());
        self.file.set_len(0).expect("the file is ours");
        time.as_secs_f64() / f64::from(REPETITIONS)
    }
}

fn program() -> Command {
    Command::new(std::env::current_exe().expect("the program knows its file"))
}

fn writes() -> Row {
    let work = "calls of `write` an event";
    match writes_an_event(OURS).and_then(|ours| Ok((ours, writes_an_event(TRACINGS)?))) {
        Ok((ours, tracings)) => Row {
            work: work.to_owned(),
            against: format!("tracing-subscriber, `fmt().json()`: {tracings}"),
            measured: ours.to_string(),
            target: "1".to_owned(),
            reached: Some((ours - 1.0).abs() < f64::EPSILON),
        },
        Err(reason) => Row::skipped(work, &reason),
    }
}

/// What strace counts more for twice as many lines, so that start-up doesn't count; or why it counts nothing.
fn writes_an_event(work: &str) -> Result<f64, String> {
    let (few, many) = (1_000, 2_000);
    let more = count_writes(work, many)? - count_writes(work, few)?;
    Ok(f64::from(more) / f64::from(many - few))
}

fn count_writes(work: &str, repetitions: i32) -> Result<i32, String> {
    let table = Path::new(env!("CARGO_TARGET_TMPDIR")).join("writes.txt");
    let mut strace = Command::new("strace");
    strace.args(["-f", "-c", "-e", "trace=write", "-o"]).arg(&table).arg(program().get_program());
    strace.args(["--work", work, &repetitions.to_string()]).stdin(Stdio::null());
    let output = strace.output().map_err(|error| format!("`strace`: {error}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(said.trim().lines().last().unwrap_or("strace fails").to_owned());
    }
    let table = std::fs::read_to_string(&table).map_err(|error| format!("what strace counted: {error}"))?;
    let row = table.lines().find(|line| line.ends_with(" write"));
    let calls = row.and_then(|row| row.split_whitespace().nth(3)?.parse().ok());
    calls.ok_or_else(|| format!("strace counted nothing: {table}"))
}
