//! The cargo feature `tracing`: what a subscriber gets with it, and that a program without it has none of it.
//!
//! A program of its own has the feature switched on. As a feature of this package it would be switched on for all
//! the other tests as well.

#[path = "programs/build.rs"]
mod build;

use build::{cargo, program, succeeded, tests};

/// A line with a level is a span or an event; one with a span's name has values that were recorded later.
const HEARD: &str = r#"INFO event_core event: name="happened"
event: id=00000000-0000-0000-0000-000000000000
  INFO event_core implementation: hook="track_event" name="traced::works" plugin="traced"
    INFO traced: message=inside of an implementation
  implementation: outcome="value"
  implementation: duration_us=…
  INFO event_core implementation: hook="track_event" name="traced::has_nothing" plugin="traced"
  implementation: outcome="no value"
  implementation: duration_us=…
  INFO event_core implementation: hook="track_event" name="traced::fails" plugin="traced"
  ERROR event_core in implementation: message=`traced::fails` (hook track_event, plugin traced, traced/src/main.rs:28) failed on event `happened`: on purpose
  implementation: outcome="failed"
  implementation: duration_us=…
  INFO event_core implementation: hook="track_event" name="traced::panics" plugin="traced"
  ERROR event_core in implementation: message=`traced::panics` (hook track_event, plugin traced, traced/src/main.rs:34) failed on event `happened`: panicked: a bug
  implementation: outcome="failed"
  implementation: duration_us=…
event: outcome="tracked"
event: duration_us=…
INFO event_core event: name="refused"
event: id=00000000-0000-0000-0000-000000000000
  INFO event_core implementation: hook="track_event" name="traced::refuses" plugin="traced"
  ERROR event_core in implementation: message=`traced::refuses` (hook track_event, plugin traced, traced/src/main.rs:40) failed on event `refused`: no room
  implementation: outcome="failed"
  implementation: duration_us=…
event: outcome="refused"
event: duration_us=…
INFO event_core event: name="stopped"
event: id=00000000-0000-0000-0000-000000000000
  INFO event_core implementation: hook="track_event" name="traced::stops" plugin="traced"
  implementation: outcome="value"
  implementation: duration_us=…
event: outcome="stopped"
event: duration_us=…
"#;

#[test]
fn each_event_and_each_call_is_a_span_with_its_outcome_and_each_failure_is_an_error() {
    assert_eq!(succeeded(&mut program("traced", "traced", "dev")), HEARD);
}

/// As with the filter `info,event_core=error`.
const ONLY_ERRORS: &str = r"INFO traced request:
  INFO traced: message=inside of an implementation
  ERROR event_core around it: message=`traced::fails` (hook track_event, plugin traced, traced/src/main.rs:28) failed on event `happened`: on purpose
  ERROR event_core around it: message=`traced::panics` (hook track_event, plugin traced, traced/src/main.rs:34) failed on event `happened`: panicked: a bug
";

#[test]
fn where_the_own_spans_are_filtered_out_a_failure_stays_in_the_span_around_the_call() {
    assert_eq!(succeeded(program("traced", "traced", "dev").arg("only errors")), ONLY_ERRORS);
}

#[test]
fn without_the_feature_event_core_does_not_depend_on_tracing() {
    let dependencies = |more: &[&str]| {
        let mut tree = cargo("tree");
        tree.current_dir(tests().join(".."))
            .args(["--package", "event-core", "--edges", "normal"])
            .args(more);
        succeeded(&mut tree)
    };
    let has_tracing = |tree: &str| tree.lines().any(|line| line.contains("tracing"));
    assert!(!has_tracing(&dependencies(&[])));
    assert!(has_tracing(&dependencies(&["--features", "tracing"])), "it would be found");
}
