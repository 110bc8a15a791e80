//! Is each option and each setting described once, in the same words wherever it stands?

use std::collections::BTreeSet;

use crate::{assert_none, read};

/// A setting, as the table of the guide has it.
type Setting = (&'static str, &'static str, &'static str);

/// Each plugin's structs of settings: the file, the name, and where the struct is in the plugin's section.
const SETTINGS: &[(&str, &[Setting])] = &[
    (
        "event-sqlite",
        &[
            ("settings.rs", "Settings", ""),
            ("database/options.rs", "DatabaseOptions", "databases.NAME."),
            ("store/settings.rs", "StoreSettings", "store."),
        ],
    ),
    (
        "event-journal",
        &[("settings.rs", "Settings", ""), ("settings.rs", "ConsumerSettings", r#"consumers."NAME"."#)],
    ),
    ("event-stderr", &[("settings.rs", "Settings", "")]),
];

/// Keys that have no row: they are tables, whose own keys have rows.
const TABLES: &[(&str, &str)] =
    &[("event-sqlite", "databases"), ("event-sqlite", "store"), ("event-journal", "consumers")];

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
fn the_settings_of_a_plugin_have_the_same_table_in_the_guide_and_in_rustdoc() {
    for (plugin, page) in
        [("event-sqlite", "docs/guide-store.md"), ("event-journal", "docs/guide-delivery.md")]
    {
        let source = format!("plugins/{plugin}/src/lib.rs");
        let (guide, rustdoc) = (read(page), comments(&source, "//!"));
        assert_none(&differences(page, &guide, &source, &rustdoc, "| key | meaning |"));
    }
}

#[test]
fn every_setting_of_a_plugin_is_in_its_table_and_no_other() {
    let mut broken = Vec::new();
    for (plugin, structs) in SETTINGS {
        let source = format!("plugins/{plugin}/src/lib.rs");
        let rustdoc = comments(&source, "//!");
        let described: BTreeSet<_> = table(&rustdoc, "| key | meaning |").filter_map(first_code).collect();
        let settings: BTreeSet<_> = structs
            .iter()
            .flat_map(|(file, name, prefix)| {
                let file = format!("plugins/{plugin}/src/{file}");
                fields_of(&file, name).into_iter().map(move |field| format!("{prefix}{field}"))
            })
            .filter(|key| !TABLES.contains(&(plugin, key)))
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

/// Defaults that the code doesn't say in a struct's `Default`: the plugin, the key, where and how they are said, and their words
/// in the table.
const DEFAULTS: &[(&str, &str, &str, &str, &str)] = &[
    (
        "event-sqlite",
        "databases.NAME.busy_timeout_ms",
        "plugins/event-sqlite/src/database/options.rs",
        "fn busy_timeout() -> Duration {\n    Duration::from_secs(5)\n}",
        "5,000",
    ),
    (
        "event-sqlite",
        "databases.NAME.readers",
        "plugins/event-sqlite/src/database/options.rs",
        "fn readers() -> NonZero<usize> {\n    const { NonZero::new(2).unwrap() }\n}",
        "2",
    ),
    (
        "event-journal",
        r#"consumers."NAME".give_up_after_s"#,
        "event-core/src/dispatch/durable/options.rs",
        "give_up_after: Duration::from_hours(24),",
        "`give_up_after` in the source, or 86,400",
    ),
    (
        "event-journal",
        r#"consumers."NAME".concurrency"#,
        "plugins/event-journal/src/settings.rs",
        "const CONCURRENCY: u32 = 8;",
        "`concurrency` in the source, or 8",
    ),
];

#[test]
fn the_table_of_a_plugins_settings_has_the_defaults_of_the_code() {
    let mut broken = Vec::new();
    let mut check = |plugin: &str, key: &str, default: &str| {
        let source = format!("plugins/{plugin}/src/lib.rs");
        let rustdoc = comments(&source, "//!");
        let row = table(&rustdoc, "| key | meaning |").find(|row| first_code(row).as_deref() == Some(key));
        let described =
            row.and_then(|row| row.trim_end_matches(" |").rsplit(" | ").next()).unwrap_or("nothing");
        let plain = described.replace([',', '`'], "");
        if described != default && plain != default {
            broken.push(format!("{source}: `{key}` is {default} without it, and the table says {described}"));
        }
    };
    let mut compared = 0;
    for (plugin, structs) in SETTINGS {
        for (file, name, prefix) in *structs {
            for (field, default) in defaults_of(&format!("plugins/{plugin}/src/{file}"), name) {
                check(plugin, &format!("{prefix}{field}"), &default);
                compared += 1;
            }
        }
    }
    assert!(compared > 7, "there are defaults: {compared}");
    for (plugin, key, file, said, described) in DEFAULTS {
        assert!(read(file).contains(said), "{file}: the default of `{key}` isn't `{said}` any more");
        check(plugin, key, described);
    }
    assert_none(&broken);
}

/// The fields that a struct's `Default` gives a number or a truth value.
fn defaults_of(file: &str, name: &str) -> Vec<(String, String)> {
    let text = read(file);
    let body = text.split_once(&format!("impl Default for {name} {{")).map_or("", |(_, rest)| rest);
    let body = body.split("\n}").next().unwrap_or_default();
    let default = |field: String| {
        let (_, value) = body.split_once(&format!(" {field}: "))?;
        let words = value.split(',').next()?.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let is_default =
            |word: &&str| ["true", "false"].contains(word) || word.starts_with(|c: char| c.is_ascii_digit());
        Some((field, words.into_iter().find(is_default)?.replace('_', "")))
    };
    fields_of(file, name).into_iter().filter_map(default).collect()
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
