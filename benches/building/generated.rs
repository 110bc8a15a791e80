//! Generated packages with thousands of items, to measure building them.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::stopwatch::time;

/// A workspace in the target directory.
pub(crate) struct Workspace {
    directory: PathBuf,
}

/// What a package depends on.
pub(crate) enum Needs {
    Nothing,
    Serde,
    EventCore,
    /// What event-core and its macros are made with, as they take it.
    Libraries,
}

const SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

impl Workspace {
    /// An empty one, with the versions that this workspace has.
    pub(crate) fn new() -> Self {
        let directory = PathBuf::from(concat!(env!("CARGO_TARGET_TMPDIR"), "/building"));
        let _ = fs::remove_dir_all(&directory);
        fs::create_dir_all(&directory).expect("the target directory can be written");
        write(&directory.join("Cargo.toml"), "[workspace]\nresolver = \"3\"\nmembers = [\"packages/*\"]\n");
        fs::copy(Path::new(SOURCES).join("Cargo.lock"), directory.join("Cargo.lock"))
            .expect("this workspace has a `Cargo.lock`");
        Self { directory }
    }

    /// Adds a package whose root is `file`.
    pub(crate) fn add(&self, name: &str, needs: &Needs, file: &str, source: &str) {
        let directory = self.directory.join("packages").join(name);
        fs::create_dir_all(directory.join("src")).expect("the target directory can be written");
        let dependencies = match needs {
            Needs::Nothing => String::new(),
            Needs::Serde => "serde = { version = \"1\", features = [\"derive\"] }\n".to_owned(),
            Needs::EventCore => {
                format!("event-core = {{ path = '{SOURCES}/event-core' }}\n")
            }
            Needs::Libraries => libraries(),
        };
        let manifest = format!(
            "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[dependencies]\n{dependencies}"
        );
        write(&directory.join("Cargo.toml"), &manifest);
        write(&directory.join("src").join(file), source);
    }

    /// Runs cargo for a package, which isn't fresh any more, and says how much of the processor's time that took.
    pub(crate) fn cargo(&self, subcommand: &[&str], name: &str) -> Duration {
        let root = self.directory.join("packages").join(name).join("src");
        for file in fs::read_dir(&root).expect("the package was added") {
            let file = file.and_then(|file| fs::File::options().append(true).open(file.path()));
            let touched = file.and_then(|file| file.set_modified(std::time::SystemTime::now()));
            touched.expect("it was written above");
        }
        // The shell's `times` is the portable way to what the children took.
        let mut shell = Command::new("sh");
        shell.args(["-c", "\"$@\" && times", "sh", env!("CARGO")]).args(subcommand);
        shell.args(["--offline", "--quiet", "--package", name]).current_dir(&self.directory);
        shell.env("CARGO_INCREMENTAL", "0").env("CARGO_TARGET_DIR", self.directory.join("target"));
        let output = shell.output().expect("there is a shell");
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        children_times(&String::from_utf8_lossy(&output.stdout))
    }

    /// How long it takes to build a package and all that it needs, when nothing of it is there.
    pub(crate) fn cold_build(&self, name: &str) -> Duration {
        let _ = fs::remove_dir_all(self.directory.join("target/debug"));
        time(|| _ = self.cargo(&["build"], name))
    }

    /// A program that was built with `--release`.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.directory.join("target/release").join(name)
    }
}

fn write(file: &Path, text: &str) {
    fs::write(file, text).expect("the target directory can be written");
}

/// The lines of this workspace's dependencies that the issue of a cold build is about, features included.
fn libraries() -> String {
    const NAMES: [&str; 7] = ["chrono", "inventory", "proc-macro2", "quote", "serde", "serde_json", "syn"];
    let manifest = include_str!("../../Cargo.toml");
    let is_one = |line: &&str| NAMES.contains(&line.split(" = ").next().unwrap_or_default());
    manifest.lines().filter(is_one).fold(String::new(), |text, line| text + line + "\n")
}

/// What the second line of the shell's `times` says, of user and system together: `0m1.230000s 0m0.450000s`.
fn children_times(text: &str) -> Duration {
    let last = text.lines().last().expect("`times` prints two lines");
    last.split_whitespace()
        .map(|part| {
            let (minutes, seconds) = part.trim_end_matches('s').split_once('m').expect("minutes and seconds");
            let minutes: f64 = minutes.parse().expect("a number of minutes");
            let seconds: f64 = seconds.parse().expect("a number of seconds");
            Duration::from_secs_f64(minutes * 60.0 + seconds)
        })
        .sum()
}

/// So many structs with three fields, each with what stands above it and above its last field.
pub(crate) fn structs(count: usize, prelude: &str, derive: &str, attribute: &str) -> String {
    let mut source = format!("{prelude}\n");
    for number in 0..count {
        write!(
            source,
            "{derive}\npub struct S{number} {{ pub user: u64, pub name: String, {attribute} pub reason: Option<String> }}\n"
        )
        .expect("a string takes all");
    }
    source
}

/// So many implementations that hear one event.
pub(crate) fn implementations(count: usize) -> String {
    let mut source =
        "use event_core::prelude::*;\n#[derive(Event)]\npub struct Heard { pub user: u64 }\n".to_owned();
    for number in 0..count {
        write!(
            source,
            "#[hookimpl(track_event)]\nfn hear{number}(event: &Heard) {{ std::hint::black_box(event.user + {number}); }}\n"
        )
        .expect("a string takes all");
    }
    source
}

/// So many structs, each with a function that takes a reference to it.
pub(crate) fn structs_with_functions(
    count: usize,
    prelude: &str,
    derive: &str,
    above_function: &str,
) -> String {
    let mut source = structs(count, prelude, derive, "");
    for number in 0..count {
        write!(
            source,
            "{above_function}\npub fn hear{number}(event: &S{number}) {{ std::hint::black_box(event.user + {number}); }}\n"
        )
        .expect("a string takes all");
    }
    source
}

/// So many things that only register.
pub(crate) fn registrations(count: usize) -> String {
    let mut source = "pub struct Number(pub usize);\ninventory::collect!(Number);\n".to_owned();
    for number in 0..count {
        writeln!(source, "inventory::submit!(Number({number}));").expect("a string takes all");
    }
    source
}

/// A program that starts an app and ends.
pub(crate) const MAIN: &str = "
fn main() -> event_core::Result<()> {
    event_core::App::start().wait()?.shutdown().wait()
}
";
