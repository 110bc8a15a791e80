//! Whether each example prints what is expected: `expected/NAME.stdout`, `expected/NAME.stderr` and an exit code.
//!
//! The programs give their events' ids and times themselves; line numbers of the source are written `LINE`. With
//! `EXAMPLES=overwrite` in the environment, what is printed becomes what is expected.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("this package is in a workspace").to_owned()
}

/// Runs an example as the README says, from the root of the workspace.
fn run(example: &str, arguments: &[&str], input: Stdio) -> Output {
    Command::new(env!("CARGO"))
        .args(["run", "--quiet", "--package", "examples", "--example", example, "--"])
        .args(arguments)
        .current_dir(workspace())
        .stdin(input)
        .output()
        .expect("cargo runs")
}

#[track_caller]
fn assert_prints(output: &Output, expected: &str, code: i32) {
    let paths =
        ["stdout", "stderr"].map(|stream| workspace().join(format!("examples/expected/{expected}.{stream}")));
    let printed = [&output.stdout, &output.stderr].map(|bytes| without_line_numbers(bytes));
    if std::env::var_os("EXAMPLES").is_some_and(|value| value == "overwrite") {
        for (path, text) in paths.iter().zip(&printed) {
            std::fs::write(path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        }
    }
    let expected = paths.map(|path| {
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    });
    assert_eq!(printed, expected, "\nprinted:\n{}\n{}", printed[0], printed[1]);
    assert_eq!(output.status.code(), Some(code));
}

/// `examples/order.rs:49` as `examples/order.rs:LINE`.
fn without_line_numbers(bytes: &[u8]) -> String {
    let text = std::str::from_utf8(bytes).expect("an example prints UTF-8").replace('\\', "/");
    let mut parts = text.split(".rs:");
    let mut clean = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        clean.push_str(".rs:LINE");
        clean.push_str(part.trim_start_matches(|c: char| c.is_ascii_digit()));
    }
    clean
}

#[test]
fn quickstart_turns_each_line_of_a_file_into_an_event() {
    let output = run("quickstart", &["examples/data/moderation.jsonl"], Stdio::null());
    assert_prints(&output, "quickstart", 0);
}

#[test]
fn the_readme_shows_what_quickstart_prints() {
    let read = |path| std::fs::read_to_string(workspace().join(path)).expect("the file is there");
    let shown = format!("```text\n{}```\n", read("examples/expected/quickstart.stdout"));
    assert!(read("README.md").contains(&shown), "README.md should have:\n{shown}");
}

#[test]
fn quickstart_reads_standard_input_when_no_file_is_named() {
    let file = File::open(workspace().join("examples/data/moderation.jsonl")).expect("the sample is there");
    assert_prints(&run("quickstart", &[], file.into()), "quickstart", 0);
}

#[test]
fn quickstart_without_input_prints_nothing_and_is_content() {
    let output = run("quickstart", &[], Stdio::null());
    assert_eq!((output.stdout, output.stderr), (Vec::new(), Vec::new()));
    assert_eq!(output.status.code(), Some(0));
}

/// Half an object, an unknown action, a missing field, a wrong time and bytes that aren't UTF-8; the empty line
/// among them is none.
#[test]
fn quickstart_reports_malformed_lines_by_number_goes_on_and_exits_1() {
    let output = run("quickstart", &["examples/data/with-mistakes.jsonl"], Stdio::null());
    assert_prints(&output, "quickstart-with-mistakes", 1);
}

#[test]
fn quickstart_names_a_file_that_is_missing_and_says_why() {
    let output = run("quickstart", &["examples/data/missing.jsonl"], Stdio::null());
    let why = File::open("missing.jsonl").expect_err("there is no such file");
    let stderr = String::from_utf8(output.stderr).expect("an example prints UTF-8");
    assert_eq!(stderr, format!("error: examples/data/missing.jsonl: {why}\n"));
    assert!(output.stdout.is_empty());
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn order_shows_the_call_order_and_what_becomes_of_failures() {
    assert_prints(&run("order", &[], Stdio::null()), "order", 0);
}

#[test]
fn own_hook_takes_the_first_answer_and_fails_closed() {
    assert_prints(&run("own_hook", &[], Stdio::null()), "own_hook", 0);
}

#[test]
fn describe_says_the_same_as_a_table_as_json_and_as_markdown() {
    assert_prints(&run("describe", &[], Stdio::null()), "describe", 0);
}

#[test]
fn datasettes_events_have_its_names_and_fields() {
    assert_prints(&run("datasette_events", &[], Stdio::null()), "datasette_events", 0);
}

#[test]
fn exactly_once_adds_each_payment_once_though_a_call_fails_after_its_commit() {
    assert_prints(&run("exactly_once", &[], Stdio::null()), "exactly_once", 0);
}

#[test]
fn durable_tells_billing_of_every_order_after_an_outage_and_rejects_one() {
    assert_prints(&run("durable", &[], Stdio::null()), "durable", 0);
}

#[test]
fn events_db_prints_the_rows_that_its_own_hook_wrote() {
    assert_prints(&run("events_db", &[], Stdio::null()), "events_db", 0);
}

/// Hooks in a second crate hear of events in a first, and the third says how: points doubled, a plugin not enabled,
/// an address redacted.
#[test]
fn library_and_app_behaves_as_its_configuration_says() {
    assert_prints(&run("library_and_app", &[], Stdio::null()), "library_and_app", 0);
}

#[test]
fn library_and_app_does_not_start_with_unknown_settings() {
    let output = run("library_and_app", &["examples/data/shop-with-mistakes.toml"], Stdio::null());
    assert_prints(&output, "library_and_app-with-mistakes", 1);
}
