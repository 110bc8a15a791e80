//! How a program of `tests/programs` is built.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Once;

use serde_json::Value;

/// Builds a program of one of the packages in `tests/programs` and gives a command that runs it.
pub(crate) fn program(package: &str, binary: &str, profile: &str) -> Command {
    let mut build = cargo("build");
    build.args(["--package", package, "--bin", binary, "--profile", profile]);
    build.arg("--message-format=json-render-diagnostics");
    let messages = succeeded(&mut build);
    let messages =
        messages.lines().map(|line| serde_json::from_str::<Value>(line).expect("cargo writes JSON"));
    let mut executables = messages.filter_map(|message| message["executable"].as_str().map(PathBuf::from));
    let mut run = Command::new(executables.next_back().expect("cargo names what it built"));
    run.env("RUST_BACKTRACE", "0");
    run
}

/// A cargo command for the workspace in `tests/programs`, with a target directory of its own: the one of the tests
/// is locked while they are built, and its builds have other features.
///
/// Offline: building these tests downloaded all dependencies of the programs.
pub(crate) fn cargo(subcommand: &str) -> Command {
    let mut command = downloading_cargo(subcommand);
    command.arg("--offline");
    command
}

/// The same for a target whose crates were not downloaded yet.
pub(crate) fn downloading_cargo(subcommand: &str) -> Command {
    static SAME_VERSIONS: Once = Once::new();
    SAME_VERSIONS.call_once(|| {
        std::fs::copy(tests().join("../Cargo.lock"), tests().join("programs/Cargo.lock"))
            .expect("the workspace's `Cargo.lock` can be copied");
    });
    let mut command = Command::new(env!("CARGO"));
    command.arg(subcommand).arg("--quiet").env("CARGO_TARGET_DIR", target_directory());
    command.current_dir(tests().join("programs"));
    // The programs say themselves how they are built.
    for (name, _) in
        std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("CARGO_PROFILE_"))
    {
        command.env_remove(name);
    }
    command
}

/// Where the programs are built.
pub(crate) fn target_directory() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("programs")
}

/// Runs it and gives its standard output. It must succeed.
pub(crate) fn succeeded(command: &mut Command) -> String {
    let output = output(command);
    assert!(output.status.success(), "{command:?}: {}\n{}", output.status, err(&output));
    out(&output)
}

pub(crate) fn output(command: &mut Command) -> Output {
    command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"))
}

pub(crate) fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub(crate) fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

pub(crate) fn tests() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
