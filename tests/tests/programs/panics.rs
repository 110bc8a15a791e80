//! What panics and failures do to a process: its exit code and what it says.

use std::io::Write;
use std::process::Stdio;

use crate::build::{err, out, output, program, succeeded};

const FAILURE: &str = "`hook::first` (hook track_event, plugin panics, panics/src/bin/hook.rs:9) failed on event `happened`: \
     panicked: on purpose";

#[test]
fn a_panic_of_an_implementation_leaves_the_process_running() {
    let output = output(&mut program("panics", "hook", "dev"));
    assert_eq!(out(&output), format!("the second runs\n{FAILURE}\n"));
    assert!(err(&output).ends_with(&format!("event-core: {FAILURE}\n")), "{}", err(&output));
    assert!(output.status.success(), "{}", output.status);
}

/// A panic can't be caught there: the process ends at once, and no later implementation runs.
#[test]
fn with_panic_abort_a_panic_of_an_implementation_ends_the_process() {
    let output = output(&mut program("panics", "hook", "abort"));
    assert_eq!(out(&output), "");
    assert!(err(&output).contains("on purpose"), "{}", err(&output));
    assert!(!err(&output).contains("event-core: "), "{}", err(&output));
    assert!(!output.status.success());
    #[cfg(unix)]
    {
        const SIGABRT: i32 = 6;
        assert_eq!(std::os::unix::process::ExitStatusExt::signal(&output.status), Some(SIGABRT));
    }
}

#[test]
fn a_program_whose_main_returns_the_error_of_a_failed_start_exits_with_1_and_says_why() {
    let output = output(&mut program("panics", "startup", "dev"));
    assert_eq!(output.status.code(), Some(1));
    assert!(err(&output).contains("the disk is full"), "{}", err(&output));
    assert!(err(&output).contains("panics/src/bin/startup.rs:4"), "{}", err(&output));
}

#[test]
fn a_closed_standard_error_is_no_panic() {
    let mut program = program("panics", "unread", "dev");
    let mut running = program
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program that was just built runs");
    drop(running.stderr.take());
    running.stdin.take().expect("it is piped").write_all(b"go on\n").expect("the program reads a line");
    let output = running.wait_with_output().expect("the program ends");
    let failure = "`unread::fails` (hook track_event, plugin panics, panics/src/bin/unread.rs:9) failed on \
                   event `happened`: on purpose\n";
    assert_eq!(out(&output), failure);
    assert!(output.status.success(), "{}", output.status);
}

#[test]
fn a_standard_error_that_is_full_is_no_panic() {
    let Ok(full) = std::fs::OpenOptions::new().write(true).open("/dev/full") else {
        // Only some systems have a device that is always full; the test above holds everywhere.
        return;
    };
    succeeded(program("panics", "unread", "dev").stderr(full));
}
