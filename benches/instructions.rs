//! How many instructions an event costs: `cargo bench -p benches`, where valgrind is installed.
//!
//! Each work runs twice under callgrind, with two counts of repetitions; the difference divided by the difference of
//! the counts is one repetition, without start-up. The same program gives the same figure every time, whatever else the
//! machine does. `-- --check` compares with `benches/instructions.txt` and fails where a figure grew by more than 5 %;
//! `-- --accept` writes that file anew.

mod work;

use std::fmt::Write;
use std::path::Path;
use std::process::{Command, ExitCode};

const FEW: u64 = 1_000;
const MANY: u64 = 11_000;
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
    let measured: Vec<(&str, u64)> = work::ALL.iter().map(|(name, _)| (*name, instructions(name))).collect();
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

/// The instructions of one repetition.
fn instructions(name: &str) -> u64 {
    (count(name, MANY) - count(name, FEW)) / (MANY - FEW)
}

fn count(name: &str, repetitions: u64) -> u64 {
    let program = std::env::current_exe().expect("the program knows its file");
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]).arg(program);
    let output = valgrind.args(["--work", name, &repetitions.to_string()]).output().expect("valgrind runs");
    let said = String::from_utf8_lossy(&output.stderr);
    let collected = said.lines().find_map(|line| line.split("Collected :").nth(1));
    collected
        .and_then(|count| count.trim().parse().ok())
        .unwrap_or_else(|| panic!("callgrind counts nothing: {said}"))
}

fn table(measured: &[(&str, u64)]) -> String {
    let mut table = String::new();
    for (name, count) in measured {
        writeln!(table, "{count:6}  {name}").expect("a text takes what is written");
    }
    table
}

/// Whether no figure grew by more than 5 % over the one kept.
fn check(measured: &[(&str, u64)]) -> ExitCode {
    let kept = std::fs::read_to_string(Path::new(KEPT)).expect("the figures kept are in the repository");
    let kept: Vec<(&str, u64)> = kept
        .lines()
        .filter_map(|line| line.trim_start().split_once("  "))
        .filter_map(|(count, name)| Some((name, count.parse().ok()?)))
        .collect();
    let mut exit = ExitCode::SUCCESS;
    for (name, count) in measured {
        match kept.iter().find(|(kept, _)| kept == name) {
            Some((_, kept)) if *count * 100 <= kept * 105 => {}
            Some((_, kept)) => {
                println!("grew by more than 5 %: {name}: {kept} before, {count} now");
                exit = ExitCode::FAILURE;
            }
            None => {
                println!("no figure is kept of: {name}; run with --accept");
                exit = ExitCode::FAILURE;
            }
        }
    }
    exit
}
