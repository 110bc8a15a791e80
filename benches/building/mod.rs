//! What events and implementations cost before the program does anything: to check, to build, to load, to start.

mod generated;

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::row::Row;
use crate::stopwatch::{median_of, middle, time};
use generated::{MAIN, Needs, Workspace, implementations, registrations, structs, structs_with_functions};

const EVENTS: &str = "use event_core::prelude::*;";
const SERIALIZE: &str = "#[derive(serde::Serialize)]";
const EVENT: &str = "#[derive(Event)]";
const ATTRIBUTE: &str = "#[serde(skip_serializing_if = \"Option::is_none\")]";

pub(crate) fn rows() -> Vec<Row> {
    let workspace = Workspace::new();
    let library = |name: &str, needs: &Needs, source: &str| workspace.add(name, needs, "lib.rs", source);
    library("serialize", &Needs::Serde, &structs(1000, "", SERIALIZE, ""));
    library("events", &Needs::EventCore, &structs(1000, EVENTS, EVENT, ""));
    library("attributes", &Needs::EventCore, &structs(1000, EVENTS, EVENT, ATTRIBUTE));
    library("implementations", &Needs::EventCore, &implementations(1000));
    library(
        "pairs",
        &Needs::EventCore,
        &structs_with_functions(200, EVENTS, EVENT, "#[hookimpl(track_event)]"),
    );
    library("plain-pairs", &Needs::Serde, &structs_with_functions(200, "", SERIALIZE, ""));
    library("registrations", &Needs::Libraries, &registrations(1000));
    library("core", &Needs::EventCore, "");
    library("libraries", &Needs::Libraries, "");
    let program = |name: &str, source: &str| {
        workspace.add(name, &Needs::EventCore, "main.rs", &format!("{source}{MAIN}"));
    };
    workspace.add("empty", &Needs::Nothing, "main.rs", "fn main() {}");
    program("none", "");
    for count in COUNTS {
        program(&events_of(count), &structs(count, EVENTS, EVENT, ""));
        program(&implementations_of(count), &implementations(count));
    }
    let mut rows = check(&workspace);
    rows.push(check_pairs(&workspace));
    rows.push(cold_build(&workspace));
    rows.extend(programs(&workspace));
    rows
}

/// How many registrations the programs have.
const COUNTS: [usize; 2] = [1_000, 10_000];

fn events_of(count: usize) -> String {
    format!("events-{count}")
}

fn implementations_of(count: usize) -> String {
    format!("implementations-{count}")
}

fn check(workspace: &Workspace) -> Vec<Row> {
    let check = |name: &str| workspace.cargo(&["check"], name);
    let peer = "serialize";
    let rows = [
        ("events", "1,000 events without serde attributes", Some(1.0)),
        ("attributes", "1,000 events with a serde attribute each", Some(2.5)),
        ("implementations", "1,000 implementations", Some(1.0)),
        ("registrations", "1,000 `inventory::submit!` of a number each", None),
    ];
    // Once before it counts, for what they all need.
    check(peer);
    check("events");
    check("registrations");
    rows.map(|(name, what, target)| {
        let mut peers = Vec::new();
        let ratio = median_of(5, || {
            let peer = check(peer).as_secs_f64();
            peers.push(peer);
            check(name).as_secs_f64() / peer
        });
        Row {
            work: format!("`cargo check` of {what}"),
            against: format!("1,000 structs with `#[derive(Serialize)]`: {:.1} s", middle(&mut peers)),
            measured: format!("{ratio:.2} × the processor's time"),
            target: target.map_or_else(String::new, |target: f64| format!("≤ {target:.1} ×")),
            reached: target.map(|target| ratio <= target),
        }
    })
    .into()
}

/// The least of several runs: what else the machine does only adds to one.
fn check_pairs(workspace: &Workspace) -> Row {
    let least =
        |name: &str| (0..7).map(|_| workspace.cargo(&["check"], name)).min().expect("it runs").as_secs_f64();
    let (pairs, plain) = (least("pairs"), least("plain-pairs"));
    let ratio = pairs / plain;
    Row {
        work: "`cargo check` of 200 events and an implementation for each".to_owned(),
        against: format!("200 structs with `#[derive(Serialize)]` and a function for each: {plain:.2} s"),
        measured: format!("{ratio:.2} × the processor's time"),
        target: "≤ 2.0 ×".to_owned(),
        reached: Some(ratio <= 2.0),
    }
}

fn cold_build(workspace: &Workspace) -> Row {
    let mut limits = Vec::new();
    let ratio = median_of(3, || {
        let limit = workspace.cold_build("libraries").as_secs_f64();
        limits.push(limit);
        workspace.cold_build("core").as_secs_f64() / limit
    });
    Row {
        work: "cold build of event-core with its macros".to_owned(),
        against: format!(
            "syn, quote, serde_derive, serde_json, chrono, inventory alone: {:.1} s",
            middle(&mut limits)
        ),
        measured: format!("{ratio:.2} × the time"),
        target: "≤ 1.3 ×".to_owned(),
        reached: Some(ratio <= 1.3),
    }
}

fn programs(workspace: &Workspace) -> Vec<Row> {
    let build = |name: &str| {
        workspace.cargo(&["build", "--release", "--config", "profile.release.strip=true"], name);
        workspace.program(name)
    };
    let empty = build("empty");
    let none = build("none");
    let mut rows = vec![Row {
        work: "an app for which nothing is registered, stripped".to_owned(),
        against: format!("an empty program: {} kB", size(&empty) / 1000),
        measured: format!("{} kB, {:.2} ms more to start", size(&none) / 1000, start_up(&empty, &none)),
        target: String::new(),
        reached: None,
    }];
    for (kind, name) in
        [("events", events_of as fn(usize) -> String), ("implementations", implementations_of)]
    {
        for (count, limit) in COUNTS.into_iter().zip([0.3, 3.0]) {
            let program = build(&name(count));
            let bytes = (size(&program) - size(&none)) / count as u64;
            rows.push(Row {
                work: format!("a program with {count} {kind}, stripped"),
                against: format!("the same without: {} kB", size(&none) / 1000),
                measured: format!("{bytes} bytes more for each"),
                target: "≤ 700 bytes".to_owned(),
                reached: Some(bytes <= 700),
            });
            let start = start_up(&none, &program);
            rows.push(Row {
                work: format!("its start, with {count} {kind}"),
                against: "the same without".to_owned(),
                measured: format!("{start:.2} ms more"),
                target: format!("≤ {limit} ms"),
                reached: Some(start <= limit),
            });
        }
    }
    rows
}

fn size(program: &Path) -> u64 {
    program.metadata().expect("it was built").len()
}

/// How many milliseconds longer the other program runs.
fn start_up(one: &Path, other: &Path) -> f64 {
    let run = |program: &Path| -> Duration {
        time(|| {
            let status = Command::new(program).status().expect("it was built");
            assert!(status.success(), "{}: {status}", program.display());
        })
    };
    1000.0
        * median_of(101, || {
            let one = run(one).as_secs_f64();
            run(other).as_secs_f64() - one
        })
}
