//! Plugins that aren't in the program, and who says so.

use crate::build::{program, succeeded};

fn said_by(binary: &str) -> String {
    succeeded(&mut program("lost-app", binary, "dev"))
}

/// Why programs name plugins and require them.
#[test]
fn a_plugin_that_is_only_in_cargo_toml_is_missing_without_a_word() {
    assert_eq!(said_by("unnoticed"), "started\n");
}

#[test]
fn a_required_plugin_that_nobody_names_keeps_the_app_from_starting_and_the_line_to_write_is_given() {
    assert_eq!(
        said_by("forgotten"),
        "failed to start the app: 1 problem:\n\
         - plugin `lost-plugin`, required at lost/app/src/bin/forgotten.rs:6, isn't linked into this program: write \
         `event_core::plugins![lost_plugin];` in src/main.rs\n"
    );
}

#[test]
fn a_plugin_that_is_named_runs() {
    assert_eq!(said_by("named"), "the plugin is here\nstarted\n");
}

#[test]
fn a_named_plugin_that_registered_nothing_keeps_the_app_from_starting_and_the_reason_is_given() {
    assert_eq!(
        said_by("undeclared"),
        "failed to start the app: 1 problem:\n\
         - plugin `undeclared-plugin`, named in `plugins![…]` at lost/app/src/bin/undeclared.rs:5, registered no event \
         and no implementation: see that its `src/lib.rs` has a `mod …;` line for each file with `#[derive(Event)]` \
         or `#[hookimpl]`, and that it uses the same event-core\n"
    );
}
