//! How many instructions and allocations an event costs: `cargo bench -p benches`, where valgrind is installed.
//!
//! Each work runs twice under callgrind, with two counts of repetitions; the difference divided by the difference of
//! the counts is one repetition, without start-up. The same program gives the same figure every time, whatever else the
//! machine does. Allocations are counted in the same way, under memcheck. `-- --check` compares with `benches/instructions.txt` and fails where a figure grew by more than 5 %;
//! `-- --accept` writes that file anew.

mod work;

use std::fmt::Write;
use std::path::Path;
use std::process::{Command, ExitCode};

const FEW: u64 = 1_000;
const MANY: u64 = 11_000;
/// Of a figure as small as the clock's, 5 % is less than what another C library changes.
const SLACK: u64 = 5;
const KEPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/instructions.txt");

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [word, name, repetitions] = arguments.as_slice()
        && word == "--work"
    {
        work::named(name).expect("it is asked for by a name of the table")(
            repetitions.parse().expect("it is a number"),
        );
        return ExitCode::SUCCESS;
    }
    if Command::new("valgrind").arg("--version").output().is_err() {
        println!("skipped: valgrind isn't installed");
        return ExitCode::SUCCESS;
    }
    let measured: Vec<Measured> = work::ALL.iter().map(|(name, _)| Measured::of(name)).collect();
    let table = table(&measured);
    print!("{table}");
    let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
    if has("--accept") {
        std::fs::write(KEPT, table).expect("the file can be written");
    } else if has("--check") {
        return check(&measured);
    }
    ExitCode::SUCCESS
}

/// What one repetition of a work costs.
struct Measured {
    name: String,
    instructions: u64,
    allocations: u64,
}

impl Measured {
    fn of(name: &str) -> Self {
        let instructions = |times| count("--tool=callgrind", "Collected : ", name, times);
        let allocations = |times| count("--tool=memcheck", "total heap usage: ", name, times);
        Self {
            name: name.to_owned(),
            instructions: (instructions(MANY) - instructions(FEW)) / (MANY - FEW),
            allocations: (allocations(FEW) - allocations(FEW / 10)) / (FEW - FEW / 10),
        }
    }

    /// The line of a table, read again.
    fn kept(line: &str) -> Option<Self> {
        let mut columns = line.trim_start().splitn(3, "  ").map(str::trim);
        let (instructions, allocations) = (columns.next()?.parse().ok()?, columns.next()?.parse().ok()?);
        Some(Self { instructions, allocations, name: columns.next()?.to_owned() })
    }
}

/// The number that a tool of valgrind says after these words.
fn count(tool: &str, words: &str, name: &str, repetitions: u64) -> u64 {
    let program = std::env::current_exe().expect("the program knows its file");
    let mut valgrind = Command::new("valgrind");
    valgrind.arg(tool);
    if tool == "--tool=callgrind" {
        valgrind.arg("--callgrind-out-file=/dev/null");
    }
    let output = valgrind
        .arg(program)
        .args(["--work", name, &repetitions.to_string()])
        .output()
        .expect("valgrind runs");
    let said = String::from_utf8_lossy(&output.stderr);
    let number = said.split(words).nth(1).and_then(|rest| rest.split_whitespace().next());
    let number = number.and_then(|number| number.replace(',', "").parse().ok());
    number.unwrap_or_else(|| panic!("valgrind {tool} counts nothing: {said}"))
}

fn table(measured: &[Measured]) -> String {
    let mut table = String::new();
    for Measured { name, instructions, allocations } in measured {
        writeln!(table, "{instructions:6}  {allocations}  {name}").expect("a text takes what is written");
    }
    table
}

/// Whether no figure grew by more than 5 % over the one kept.
fn check(measured: &[Measured]) -> ExitCode {
    let kept = std::fs::read_to_string(Path::new(KEPT)).expect("the figures kept are in the repository");
    let kept: Vec<Measured> = kept.lines().filter_map(Measured::kept).collect();
    let mut exit = ExitCode::SUCCESS;
    for now in measured {
        let before = kept.iter().find(|kept| kept.name == now.name);
        let grew = match before {
            Some(before) => {
                now.instructions > before.instructions * 105 / 100 + SLACK
                    || now.allocations > before.allocations
            }
            None => true,
        };
        if grew {
            let before = before.map_or("none is kept".to_owned(), |it| {
                format!("{} instructions, {} allocations before", it.instructions, it.allocations)
            });
            println!("{}: {}, {} now; {before}", now.name, now.instructions, now.allocations);
            exit = ExitCode::FAILURE;
        }
    }
    exit
}
