//! What the crates cost, against their peers and against the limit: `cargo bench -p benches`.
//!
//! Prints a table for each section, in Markdown. `-- dispatch threads` prints these two sections. `-- --save` also writes
//! what it prints into `docs/performance-table.md`. `-- --check` fails where an event costs more than 5 % over what
//! `benches/instructions.txt` says, and `-- --accept` writes that file anew.

mod baseline;
mod building;
mod callgrind;
#[cfg(feature = "sqlite")]
mod delivery;
mod dispatch;
mod identity;
#[cfg(feature = "peers")]
mod lines;
mod machine;
mod numbered;
mod ours;
#[cfg(feature = "peers")]
mod peers;
mod properties;
mod python;
mod row;
mod saved;
#[cfg(feature = "sqlite")]
mod sqlite;
mod stopwatch;
mod subprocess;
mod thousand;
mod threads;

use std::process::ExitCode;

use callgrind::Work;
use row::Row;

/// A part of the table.
struct Section {
    name: &'static str,
    rows: fn() -> Vec<Row>,
    /// What runs under valgrind for it.
    works: fn() -> Vec<Work>,
}

/// The works of a section that doesn't count instructions.
fn none() -> Vec<Work> {
    Vec::new()
}

const SECTIONS: &[Section] = &[
    Section { name: "dispatch", rows: dispatch::rows, works: dispatch::works },
    #[cfg(feature = "peers")]
    Section { name: "peers", rows: peers::rows, works: peers::works },
    Section { name: "properties", rows: properties::rows, works: properties::works },
    Section { name: "python", rows: python::rows, works: none },
    Section { name: "identity", rows: identity::rows, works: none },
    Section { name: "threads", rows: threads::rows, works: none },
    #[cfg(feature = "peers")]
    Section { name: "lines", rows: lines::rows, works: lines::works },
    #[cfg(feature = "sqlite")]
    Section { name: "sqlite", rows: sqlite::rows, works: none },
    #[cfg(feature = "sqlite")]
    Section { name: "delivery", rows: delivery::rows, works: none },
    Section { name: "building", rows: building::rows, works: none },
];

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let mut chosen = Vec::new();
    let mut saves = false;
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            // Cargo says so to every benchmark.
            "--bench" => {}
            "--save" => saves = true,
            "--check" => return baseline::check(&dispatch::works()),
            "--accept" => return baseline::accept(&dispatch::works()),
            "--work" => return repeat(arguments),
            #[cfg(feature = "sqlite")]
            "--peak" => return peak(arguments),
            "--asked" => return answer(arguments),
            name => match SECTIONS.iter().find(|section| section.name == name) {
                Some(section) => chosen.push(section),
                None => return unknown(name),
            },
        }
    }
    if chosen.is_empty() {
        chosen.extend(SECTIONS);
    }
    println!("{}\n", machine::description());
    for section in chosen {
        let mut text = format!("## {}\n\n{}\n", section.name, row::HEADING);
        print!("{text}");
        for row in (section.rows)() {
            let line = format!("{row}\n");
            print!("{line}");
            text.push_str(&line);
        }
        println!();
        // Each by itself, so that an interrupted run loses only the section that it was in.
        if saves {
            saved::write(section.name, &text);
        }
    }
    ExitCode::SUCCESS
}

/// Does what a run under valgrind or strace asks for: the name of a work, and how often.
fn repeat(mut arguments: impl Iterator<Item = String>) -> ExitCode {
    let (name, times) = (arguments.next(), arguments.next().and_then(|times| times.parse().ok()));
    if let (Some(work), Some(times)) = (work(name.as_ref()), times) {
        (work.prepare())(times);
        ExitCode::SUCCESS
    } else {
        eprintln!("there is no work {name:?} that could be repeated {times:?} times");
        ExitCode::FAILURE
    }
}

/// Does the work of this name as often as each line that it reads says, and answers with the seconds that it took.
fn answer(mut arguments: impl Iterator<Item = String>) -> ExitCode {
    let name = arguments.next();
    let Some(work) = work(name.as_ref()) else {
        eprintln!("there is no work {name:?}");
        return ExitCode::FAILURE;
    };
    let mut repeat = work.prepare();
    for line in std::io::stdin().lines() {
        let times = line.expect("it is text").parse().expect("it is a number");
        println!("{}", stopwatch::time(|| repeat(times)).as_secs_f64());
    }
    ExitCode::SUCCESS
}

fn work(name: Option<&String>) -> Option<Work> {
    let mut works = SECTIONS.iter().flat_map(|section| (section.works)());
    works.find(|work| Some(&work.name) == name)
}

/// Fills a store, and prints how much memory that took: the file, and how many events.
#[cfg(feature = "sqlite")]
fn peak(mut arguments: impl Iterator<Item = String>) -> ExitCode {
    let (path, count) = (arguments.next(), arguments.next().and_then(|count| count.parse().ok()));
    if let (Some(path), Some(count)) = (path, count) {
        sqlite::print_peak(path.as_ref(), count);
        ExitCode::SUCCESS
    } else {
        eprintln!("--peak needs a file that isn't there, and a number of events");
        ExitCode::FAILURE
    }
}

fn unknown(name: &str) -> ExitCode {
    let names: Vec<_> = SECTIONS.iter().map(|section| section.name).collect();
    eprintln!("there is no section `{name}`; there are {}, --save, --check and --accept", names.join(", "));
    ExitCode::FAILURE
}
