//! How a program can end, and what happens to running events: a process for each way, since some ways end the
//! process.

#[path = "programs/build.rs"]
mod build;

use std::process::Output;

use build::{err, out, output, program};

/// The line of a program that drops its last app without `shutdown`.
const DROPPED: &str = "event-core: an app was dropped without `shutdown`, so these weren't called: \
     `endings::shutdown` (plugin endings), `endings::close` (plugin endings)\n";

fn ended(how: &str) -> Output {
    output(program("endings", "endings", "dev").arg(how))
}

#[test]
fn a_program_that_shuts_down_runs_what_is_left_to_do_and_says_nothing() {
    let output = ended("shutdown");
    assert_eq!((out(&output).as_str(), err(&output).as_str()), ("first\nlast\nshutdown\nclose\n", ""));
    assert!(output.status.success());
}

#[test]
fn a_shutdown_that_is_given_up_says_what_has_not_ended() {
    let output = ended("shutdown given up");
    let said = "event-core: the wait for `shutdown` was given up before these had ended: `endings::close` (plugin \
                endings); `shutdown` called again goes on with them\n";
    assert_eq!((out(&output).as_str(), err(&output).as_str()), ("shutdown\n", said));
}

#[test]
fn a_shutdown_that_is_given_up_while_a_call_runs_says_that_the_app_is_closed() {
    let output = ended("shutdown given up in a call");
    let said = "event-core: the wait for `shutdown` was given up while calls ran; new ones are refused, and `shutdown` \
                called again goes on\n";
    assert_eq!(
        (out(&output).as_str(), err(&output).as_str()),
        ("first\n", format!("{said}{DROPPED}").as_str())
    );
}

#[test]
fn a_program_that_returns_without_shutdown_says_what_was_not_called_and_still_succeeds() {
    let output = ended("return");
    assert_eq!((out(&output).as_str(), err(&output).as_str()), ("first\nlast\n", DROPPED));
    assert!(output.status.success());
}

#[test]
fn only_the_last_clone_of_an_app_says_that_it_was_dropped() {
    assert_eq!(err(&ended("two clones")), format!("one is left\n{DROPPED}none is left\n"));
}

#[test]
fn an_app_whose_start_failed_has_nothing_left_to_say() {
    let said = err(&ended("failing start"));
    assert!(!said.contains("was dropped"), "{said}");
}

#[test]
fn a_panic_of_main_drops_the_app_so_that_it_says_what_was_not_called() {
    let output = ended("panic");
    assert!(err(&output).contains("main panics"), "{}", err(&output));
    assert!(err(&output).ends_with(DROPPED), "{}", err(&output));
    assert_eq!(out(&output), "");
    assert_eq!(output.status.code(), Some(101));
}

#[test]
fn a_panic_of_main_with_panic_abort_drops_nothing_and_says_nothing_of_it() {
    let output = output(program("endings", "endings", "abort").arg("panic"));
    assert!(err(&output).contains("main panics"), "{}", err(&output));
    assert!(!err(&output).contains("event-core: "), "{}", err(&output));
    assert!(!output.status.success());
}

#[test]
fn process_exit_runs_no_shutdown_and_drops_nothing() {
    let output = ended("exit");
    assert_eq!((out(&output).as_str(), err(&output).as_str()), ("", ""));
    assert_eq!(output.status.code(), Some(3));
}

#[test]
fn process_exit_in_an_implementation_ends_the_call_where_it_is() {
    let output = ended("exit inside");
    assert_eq!((out(&output).as_str(), err(&output).as_str()), ("", ""));
    assert_eq!(output.status.code(), Some(3));
}

/// The call holds the app, so it isn't dropped either.
#[test]
fn when_main_returns_a_call_on_another_thread_ends_where_it_is_without_a_word() {
    let output = ended("in flight");
    assert_eq!((out(&output).as_str(), err(&output).as_str()), ("first\n", ""));
    assert!(output.status.success());
}

/// Rust doesn't drop statics.
#[test]
fn an_installed_app_is_never_dropped_so_forgetting_its_shutdown_goes_without_a_word() {
    let output = ended("installed");
    assert_eq!((out(&output).as_str(), err(&output).as_str()), ("", ""));
}

#[test]
fn a_second_app_can_not_be_installed_and_the_first_stays() {
    let output = ended("installed twice");
    let (refused, rest) =
        out(&output).split_once('\n').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap_or_default();
    assert!(
        refused.starts_with(
            "failed to install the app: another one is the process's default, installed at endings/src/main.rs:"
        ),
        "{refused}"
    );
    assert_eq!(rest, "first\nlast\nshutdown\nclose\n");
    assert_eq!(err(&output), "");
}

#[test]
fn an_event_that_is_tracked_without_a_default_app_is_an_error() {
    assert_eq!(
        out(&ended("no app")),
        "failed to track event `happened`: no app is the process's default; call `app.install()` in `main`, or \
         track it with `app.track(…)`\n"
    );
}

#[test]
fn a_main_that_returns_the_error_of_a_failed_start_prints_it_with_every_cause() {
    let output = ended("failing start");
    assert_eq!(
        err(&output),
        "Error: failed to start the app: `endings::startup` (hook startup, plugin endings, endings/src/main.rs:33) failed\n  \
         caused by: the database can't be opened\n  \
         caused by: invalid digit found in string\n"
    );
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn a_main_that_returns_a_refusal_prints_who_refused_and_why() {
    let output = ended("refused");
    assert_eq!(
        err(&output),
        format!(
            "{DROPPED}Error: refused: `endings::store` (hook track_event, plugin endings, endings/src/main.rs:44) \
             failed on event `happened`\n  caused by: the disk is full\n"
        )
    );
    assert_eq!((out(&output).as_str(), output.status.code()), ("", Some(1)));
}
