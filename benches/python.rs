//! What the same costs in Python, with pluggy and with Datasette.

use std::path::PathBuf;
use std::process::Command;

use crate::ours;
use crate::row::Row;
use crate::stopwatch::{ratio, time};
use crate::subprocess::Subprocess;

const COUNTS: [usize; 2] = [4, 64];
/// Ours are so many more that both sides of a round take about the same time.
const OURS: u32 = 20_000;
const PYTHONS: u32 = 400;

pub(crate) fn rows() -> Vec<Row> {
    match find() {
        Ok(mut python) => {
            let mut rows = Vec::new();
            for (kind, name) in [("pluggy", "pluggy's hook call"), ("datasette", "Datasette's `track_event`")]
            {
                rows.extend(COUNTS.map(|count| compare(&mut python, kind, name, count)));
            }
            rows
        }
        Err(reason) => vec![Row::skipped("pluggy and Datasette", &reason)],
    }
}

fn compare(python: &mut Subprocess, kind: &str, name: &str, count: usize) -> Row {
    let mut track = ours::track(count);
    let mut times = Vec::new();
    let ratio = ratio(
        || {
            let time = time(|| track(OURS.into())) / OURS;
            times.push(time);
            time
        },
        || python.time(&format!("{kind} {count} {PYTHONS}")) / PYTHONS,
    );
    times.sort_unstable();
    Row {
        work: format!("an event to {count} that read its fields"),
        against: name.to_owned(),
        measured: format!("{ratio:.0} × as fast: {} ns", times[times.len() / 2].as_nanos()),
        target: "≥ 50 ×".to_owned(),
        reached: Some(ratio >= 50.0),
    }
}

/// `python.py`, waiting for what to repeat; or why there is none.
pub(crate) fn find() -> Result<Subprocess, String> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/python.py");
    Subprocess::start(Command::new(environment()?).args([script, env!("CARGO_TARGET_TMPDIR")]))
}

/// The Python of an environment in the target directory that has what `python.py` needs, or why there is none.
fn environment() -> Result<PathBuf, String> {
    let directory = PathBuf::from(concat!(env!("CARGO_TARGET_TMPDIR"), "/python"));
    let python = directory.join("bin/python");
    if run(Command::new(&python).args(["-c", "import datasette, datasette_events_db, pluggy"])).is_err() {
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&directory))?;
        let mut install = Command::new(&python);
        install.args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--pre",
            "pluggy",
            "datasette>=1.0a0",
            "datasette-events-db",
        ]);
        run(&mut install)?;
    }
    Ok(python)
}

/// The error is what the command says last.
fn run(command: &mut Command) -> Result<(), String> {
    let name = command.get_program().display().to_string();
    let output = command.output().map_err(|error| format!("`{name}`: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(said.trim().lines().last().unwrap_or(&name).to_owned())
}
