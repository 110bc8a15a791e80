//! Is each option and each setting described once, in the same words wherever it stands?

use std::collections::BTreeSet;

use crate::{assert_none, read};

#[test]
fn the_options_of_each_macro_have_the_same_table_in_the_guide_and_in_rustdoc() {
    let (guide, rustdoc) = (read("docs/guide.md"), comments("event-core/src/macros.rs", "///"));
    let mut broken = Vec::new();
    for heading in ["| `#[event(…)]` |", "| `#[hookspec(…)]` |", "| `#[hookimpl(…)]` |"] {
        broken.extend(differences("docs/guide.md", &guide, "event-core/src/macros.rs", &rustdoc, heading));
    }
    assert_none(&broken);
}

#[test]
fn the_settings_of_event_sqlite_have_the_same_table_in_the_guide_and_in_rustdoc() {
    let source = "plugins/event-sqlite/src/lib.rs";
    let (guide, rustdoc) = (read("docs/guide-store.md"), comments(source, "//!"));
    assert_none(&differences("docs/guide-store.md", &guide, source, &rustdoc, "| key | meaning |"));
}

#[test]
fn every_setting_of_a_plugin_is_in_its_table_and_no_other() {
    let mut broken = Vec::new();
    for (plugin, structs) in [
        (
            "event-sqlite",
            &[
                ("settings.rs", "Settings", ""),
                ("database/options.rs", "DatabaseOptions", "databases.NAME."),
                ("store/settings.rs", "StoreSettings", "store."),
            ][..],
        ),
        ("event-stderr", &[("settings.rs", "Settings", "")][..]),
    ] {
        let source = format!("plugins/{plugin}/src/lib.rs");
        let rustdoc = comments(&source, "//!");
        let described: BTreeSet<_> = table(&rustdoc, "| key | meaning |").filter_map(first_code).collect();
        let settings: BTreeSet<_> = structs
            .iter()
            .flat_map(|(file, name, prefix)| {
                let file = format!("plugins/{plugin}/src/{file}");
                fields_of(&file, name).into_iter().map(move |field| format!("{prefix}{field}"))
            })
            // They are tables, whose own keys have rows.
            .filter(|key| plugin != "event-sqlite" || !["databases", "store"].contains(&key.as_str()))
            .collect();
        assert!(settings.len() > 3, "{plugin} has settings: {settings:?}");
        broken.extend(
            settings.difference(&described).map(|key| format!("{source}: the setting `{key}` has no row")),
        );
        broken.extend(
            described.difference(&settings).map(|key| format!("{source}: there is no setting `{key}`")),
        );
    }
    assert_none(&broken);
}

/// The rows that stand in one of these pages only.
fn differences(one: &str, one_text: &str, other: &str, other_text: &str, heading: &str) -> Vec<String> {
    let rows = |text: &str| table(text, heading).map(ToOwned::to_owned).collect::<Vec<_>>();
    let (left, right) = (rows(one_text), rows(other_text));
    assert!(left.len() > 2, "{one} has a table `{heading}`");
    let missing = |here: &[String], there: &[String], place: &str, from: &str| -> Vec<String> {
        let rows = here.iter().filter(|row| !there.contains(row));
        rows.map(|row| format!("{place}: the row of {from} is missing: {row}")).collect()
    };
    [missing(&left, &right, other, one), missing(&right, &left, one, other)].concat()
}

/// The rows of the table whose first row begins so, that row included.
fn table<'a>(text: &'a str, heading: &str) -> impl Iterator<Item = &'a str> {
    let start = text.find(heading).unwrap_or(text.len());
    text[start..].lines().take_while(|line| line.starts_with('|'))
}

/// The text of a file's comments that begin with this mark.
fn comments(path: &str, mark: &str) -> String {
    let text = read(path);
    let lines = text.lines().filter_map(|line| line.strip_prefix(mark));
    lines.map(|line| line.strip_prefix(' ').unwrap_or(line)).collect::<Vec<_>>().join("\n")
}

fn first_code(row: &str) -> Option<String> {
    Some(row.strip_prefix("| `")?.split('`').next()?.to_owned())
}

/// The names of the fields of a struct in this file, as serde reads them.
fn fields_of(file: &str, name: &str) -> Vec<String> {
    let text = read(file);
    let body = text.split_once(&format!("struct {name} {{\n")).map_or("", |(_, rest)| rest);
    let body = body.split("\n}").next().unwrap_or_default();
    let (mut names, mut attributes) = (Vec::new(), String::new());
    for line in body.lines().map(str::trim).filter(|line| !line.starts_with('/')) {
        if line.starts_with('#') {
            attributes.push_str(line);
            continue;
        }
        let attributes = std::mem::take(&mut attributes);
        if attributes.contains("(skip)") {
            continue;
        }
        let renamed = attributes.split_once("rename = \"").and_then(|(_, name)| name.split('"').next());
        let field = line.split_once(':').and_then(|(before, _)| before.split_whitespace().last());
        names.extend(renamed.or(field).map(ToOwned::to_owned));
    }
    names
}
