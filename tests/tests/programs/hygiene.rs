//! What the macros write compiles in crates that are strict, that are of another edition, or that know event-core by
//! another name.

use crate::build::{cargo, err, output, program, succeeded};

/// `forbid(unsafe_code)`, `deny(missing_docs, warnings)` and the lints that a strict author adds; clippy's on top.
#[test]
fn a_strict_library_passes_clippy_pedantic() {
    let version = output(cargo("clippy").arg("--version"));
    assert!(version.status.success(), "clippy is missing: rustup component add clippy\n{}", err(&version));
    let mut clippy = cargo("clippy");
    clippy.args(["--package", "strict", "--all-targets", "--", "-D", "warnings", "-W", "clippy::pedantic"]);
    succeeded(&mut clippy);
}

#[test]
fn events_and_hooks_of_a_strict_library_work() {
    let said = succeeded(cargo("test").args(["--package", "strict", "--test", "linked"]));
    assert!(said.contains("test result: ok. 1 passed"), "{said}");
}

#[test]
fn a_crate_behind_a_facade_needs_neither_event_core_nor_serde() {
    assert_eq!(
        succeeded(&mut program("behind-facade", "behind-facade", "dev")),
        "sign-up [\"ada is 36\"] {\"name\":\"ada\",\"how-old\":36}\n\
         closed [] {}\n\
         Some(\"the front page\") None\n"
    );
}

#[test]
fn a_crate_of_edition_2021_may_use_a_later_keyword_as_a_name() {
    assert_eq!(succeeded(&mut program("edition-2021", "edition-2021", "dev")), "{\"gen\":1} Some(2)\n");
}
