//! Configuration: where it comes from, what it means, and what is wrong with it.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use event_core::prelude::*;
use event_core::{AppBuilder, Error};
use serde::Deserialize;

use crate::log::{Log, log, logged};

#[derive(Event)]
struct Ping;

/// What the implementations of this package read: its name is `tests`.
#[derive(Deserialize, Debug, Clone, PartialEq, Default)]
#[serde(default, rename_all = "kebab-case")]
struct Settings {
    path: String,
    batch_size: u16,
    ratio: f64,
    verbose: bool,
    token: Option<String>,
    databases: std::collections::BTreeMap<String, Database>,
    mode: Mode,
    list: Vec<u8>,
}

#[derive(Deserialize, Debug, Clone, PartialEq, Default)]
struct Database {
    busy_timeout: u32,
}

#[derive(Deserialize, Debug, Clone, Copy, PartialEq, Default)]
#[serde(rename_all = "kebab-case")]
enum Mode {
    #[default]
    Full,
    Normal,
}

#[hookimpl]
fn startup(app: &App) -> event_core::Result<()> {
    app.insert(app.plugin_config::<Settings>("tests")?)
}

#[hookimpl]
fn track_event(app: &App) {
    log(app, "heard");
}

fn app() -> AppBuilder {
    App::builder().without_linked().insert(Log::default()).event::<Ping>().hook(startup).hook(track_event)
}

fn settings(builder: AppBuilder) -> Settings {
    (*builder.start().wait().unwrap().state::<Settings>().unwrap()).clone()
}

fn problems(builder: AppBuilder) -> Vec<String> {
    match builder.failure_handler(|_| ()).start().wait() {
        Err(Error::Start(problems)) => problems.iter().map(ToString::to_string).collect(),
        Err(Error::Startup(failure)) => vec![failure.cause().to_string()],
        other => panic!("not refused: {other:?}"),
    }
}

/// A file with this text, in a directory of its own.
fn file(name: &str, text: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("config").join(name);
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("event.toml"), text).unwrap();
    folder.join("event.toml")
}

#[test]
fn a_file_a_value_and_variables_are_merged_key_by_key_and_the_later_wins() {
    let path = file(
        "merged",
        r#"
        [plugins.tests]
        path = "from the file"
        batch-size = 7
        list = [1, 2]
        [plugins.tests.databases.app]
        busy_timeout = 5
        "#,
    );
    let value = json!({ "plugins": { "tests": { "path": "from the value", "mode": "normal" } } });
    let variables = [
        ("EVENT__PLUGINS__TESTS__BATCH_SIZE", "8"),
        ("EVENT__PLUGINS__TESTS__DATABASES__APP__BUSY_TIMEOUT", "6"),
        ("EVENT__PLUGINS__TESTS__VERBOSE", "true"),
        ("EVENT__PLUGINS__TESTS__RATIO", "0.5"),
        ("EVENTUALLY", "not ours"),
    ];
    let read = settings(app().config_file(path).config(value).config_variables(variables));
    let expected = Settings {
        path: "from the value".into(),
        batch_size: 8,
        ratio: 0.5,
        verbose: true,
        token: None,
        databases: [("app".to_owned(), Database { busy_timeout: 6 })].into(),
        mode: Mode::Normal,
        list: vec![1, 2],
    };
    assert_eq!(read, expected);
}

#[test]
fn without_a_section_a_plugin_reads_what_serde_makes_of_nothing() {
    assert_eq!(settings(app()), Settings::default());
}

#[test]
fn a_text_stays_a_text_even_where_a_variable_looks_like_a_number() {
    let read = settings(app().config_variables([("EVENT__PLUGINS__TESTS__PATH", "8")]));
    assert_eq!(read.path, "8");
}

#[test]
fn a_list_in_a_variable_is_written_as_in_toml() {
    let read = settings(app().config_variables([("EVENT__PLUGINS__TESTS__LIST", "[1, 2]")]));
    assert_eq!(read.list, [1, 2]);
    let found = problems(app().config_variables([("EVENT__PLUGINS__TESTS__LIST", "1, 2")]));
    assert!(
        found[0].contains("`plugins.tests.list`: write a list as in TOML: [\"one\", \"two\"]"),
        "{found:?}"
    );
}

#[test]
fn a_reference_to_a_file_is_its_exact_content_and_relative_to_the_file_that_says_it() {
    let path = file("reference", "[plugins.tests]\ntoken = { \"$file\" = \"token.txt\" }\n");
    std::fs::write(path.with_file_name("token.txt"), "hunter2\n").unwrap();
    assert_eq!(settings(app().config_file(path)).token.as_deref(), Some("hunter2\n"));
}

#[test]
fn a_reference_to_a_pipe_a_device_a_directory_or_a_large_file_is_a_problem_and_waits_for_nothing() {
    let path = file("odd", "");
    let folder = path.parent().expect("it is in a folder");
    let large = folder.join("large");
    std::fs::write(&large, vec![b'x'; (1 << 20) + 1]).unwrap();
    let mut odd = vec![(folder.to_owned(), "isn't a regular file"), (large, "more than 1 MiB")];
    if cfg!(unix) {
        let pipe = folder.join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status().expect("there is mkfifo");
        assert!(made.success() || pipe.exists());
        odd.extend([(pipe, "isn't a regular file"), ("/dev/zero".into(), "isn't a regular file")]);
    }
    for (path, why) in odd {
        let found = problems(app().config(json!({ "plugins": { "tests": { "token": { "$file": path } } } })));
        let shown = path.display().to_string();
        assert!(found[0].contains(&shown) && found[0].contains(why), "{found:?}");
    }
    let most = folder.join("most");
    std::fs::write(&most, vec![b'x'; 1 << 20]).unwrap();
    let value = json!({ "plugins": { "tests": { "token": { "$file": most }, "list": [] } } });
    assert_eq!(settings(app().config(value)).token.map(|token| token.len()), Some(1 << 20));
}

#[test]
fn a_reference_to_the_environment_is_the_variables_value() {
    // Every program has a `PATH`; setting a variable would be unsafe in a test with threads.
    let value = json!({ "plugins": { "tests": { "token": { "$env": "PATH" }, "list": [] } } });
    assert_eq!(settings(app().config(value)).token, std::env::var("PATH").ok());
}

#[test]
fn a_reference_to_nothing_names_key_section_file_and_variable() {
    let path = file("nothing", "[plugins.tests]\ntoken = { \"$env\" = \"NOT_SET_ANYWHERE\" }\n");
    let shown = path.display().to_string();
    let found = problems(app().config_file(path));
    assert_eq!(
        found,
        [format!("{shown}: `plugins.tests.token`: the environment variable `NOT_SET_ANYWHERE` isn't set")]
    );

    let value = json!({ "plugins": { "tests": { "token": { "$file": "no/such/file" } } } });
    let found = problems(app().config(value));
    assert!(
        found[0].starts_with("configuration: `plugins.tests.token`: the file `no/such/file` can't be read: "),
        "{found:?}"
    );
}

#[test]
fn a_reference_that_does_not_stand_alone_is_a_problem() {
    let value = json!({ "plugins": { "tests": { "token": { "$env": "PATH", "default": "x" } } } });
    assert!(problems(app().config(value))[0].contains("stand alone in their table"));
}

#[test]
fn unknown_keys_are_all_reported_with_the_near_miss() {
    let value = json!({ "plugins": { "tests": {
        "pth": "x",
        "batch-size": 7,
        "databases": { "app": { "busy_timeout": 5, "busy_timeot": 5 } },
        "something-else": 1,
    } } });
    let found = problems(app().config(value));
    let text = &found[0];
    assert!(text.contains("`plugins.tests.pth`: unknown key; did you mean `path`?"), "{text}");
    let near = "`plugins.tests.databases.app.busy_timeot`: unknown key; did you mean `busy_timeout`?";
    assert!(text.contains(near), "{text}");
    let far = "`plugins.tests.something-else`: unknown key; the keys are `path`, `batch-size`, `ratio`";
    assert!(text.contains(far), "{text}");
}

#[test]
fn a_value_of_another_type_is_reported_at_its_path() {
    let value = json!({ "plugins": { "tests": { "databases": { "app": { "busy_timeout": "soon" } } } } });
    let found = problems(app().config(value));
    assert_eq!(
        found[0],
        "invalid configuration for plugin `tests` (configuration): \
         `plugins.tests.databases.app.busy_timeout`: invalid type: string \"soon\", expected a whole number from 0 to 4294967295"
    );
}

#[test]
fn a_secret_is_in_no_error() {
    let path = file("secret", "[plugins.tests]\nbatch-size = { \"$file\" = \"secret.txt\" }\n");
    std::fs::write(path.with_file_name("secret.txt"), "hunter2\n").unwrap();
    let found = problems(app().config_file(path));
    assert!(found[0].contains("invalid type: string \"***"), "{found:?}");
    assert!(!found[0].contains("hunter2"), "{found:?}");
}

#[test]
fn a_secret_with_quotes_and_several_lines_is_in_no_error() {
    let path = file("long-secret", "[plugins.tests]\nbatch-size = { \"$file\" = \"secret.txt\" }\n");
    std::fs::write(path.with_file_name("secret.txt"), "hunter \"2\"\nhunter 3\n").unwrap();
    let found = problems(app().config_file(path));
    assert!(found[0].contains("invalid type: string \"***"), "{found:?}");
    assert!(!found[0].contains("hunter"), "{found:?}");
}

#[test]
fn an_item_of_a_secret_list_is_in_no_error() {
    let path = file("secret-list", "[plugins.tests]\nlist = { \"$file\" = \"secret.txt\" }\n");
    std::fs::write(path.with_file_name("secret.txt"), "[1, \"hunter2\"]").unwrap();
    let found = problems(app().config_file(path));
    assert!(found[0].contains("invalid type: string \"***"), "{found:?}");
    assert!(!found[0].contains("hunter"), "{found:?}");
}

#[test]
fn a_secret_that_is_read_as_a_number_is_in_no_error() {
    #[derive(Deserialize)]
    #[expect(dead_code)]
    struct Chances {
        #[serde(deserialize_with = "small")]
        chance: f64,
    }
    fn small<'de, D: serde::Deserializer<'de>>(value: D) -> Result<f64, D::Error> {
        let chance = f64::deserialize(value)?;
        Err(serde::de::Error::custom(format_args!("{chance} is too much")))
    }
    #[hookimpl(startup)]
    fn read_chances(app: &App) -> event_core::Result<()> {
        app.plugin_config::<Chances>("tests").map(drop)
    }
    let path = file("secret-number", "[plugins.tests]\nchance = { \"$file\" = \"secret.txt\" }\n");
    std::fs::write(path.with_file_name("secret.txt"), "17.250\n").unwrap();
    let found = problems(App::builder().without_linked().hook(read_chances).config_file(path));
    assert!(found[0].contains("*** is too much"), "{found:?}");
}

#[test]
fn a_malformed_file_is_reported_with_line_and_column_and_without_its_text() {
    let path = file("malformed", "[plugins.tests]\npath = \"x\"\ntoken = hunter2\n");
    let shown = path.display().to_string();
    let found = problems(app().config_file(path));
    assert!(found[0].starts_with(&format!("{shown}: line 3, column 9: ")), "{found:?}");
    assert!(!found[0].contains("hunter2"), "{found:?}");
}

#[test]
fn a_missing_file_is_a_problem() {
    let found = problems(app().config_file("no/such/event.toml"));
    assert!(found[0].starts_with("no/such/event.toml: can't be read: "), "{found:?}");
}

#[test]
fn a_number_that_is_not_finite_is_no_setting() {
    for number in ["nan", "inf", "-inf", "[1.0, nan]", "{ deep = inf }"] {
        let path = file("not_finite", &format!("[plugins.tests]\nratio = {number}"));
        let found = problems(app().config_file(&path));
        assert!(found[0].ends_with("write one that is finite"), "{found:?}");
    }
}

#[test]
fn a_plugin_that_is_not_enabled_is_not_called_and_its_events_stay_known() {
    for off in [json!(false), json!("false")] {
        let value =
            json!({ "plugins": { "tests": { "enabled": off, "token": { "$env": "NOT_SET_ANYWHERE" } } } });
        let app = app().config(value).start().wait().unwrap();
        app.track(Ping).wait().unwrap();
        assert!(logged(&app).is_empty());
        assert!(app.state::<Settings>().is_err());
    }
}

#[test]
fn enabled_is_a_truth_value_and_no_key_of_the_plugins() {
    let on = json!({ "plugins": { "tests": { "enabled": true, "path": "x" } } });
    assert_eq!(settings(app().config(on)).path, "x");
    let found = problems(app().config(json!({ "plugins": { "tests": { "enabled": "maybe" } } })));
    assert_eq!(found, ["configuration: `plugins.tests.enabled` is \"maybe\"; write `true` or `false`"]);
}

#[test]
fn a_section_for_a_plugin_that_is_not_linked_shows_the_line_to_write_or_the_near_miss() {
    let found = problems(app().config(json!({ "plugins": { "event-sqlite": {} } })));
    assert_eq!(
        found,
        [
            "configuration: there is a section for plugin `event-sqlite`, which isn't linked into this program; \
          write `event_core::plugins![event_sqlite];` in src/main.rs"
        ]
    );
    let found = problems(app().config(json!({ "plugins": { "test": {} } })));
    assert!(found[0].ends_with("did you mean `tests`?"), "{found:?}");
}

#[test]
fn a_key_beside_the_plugins_is_a_problem() {
    let found = problems(app().config(json!({ "plugin": { "tests": {} } })));
    assert_eq!(found, ["configuration: unknown key `plugin`; did you mean `plugins`?"]);
}

#[test]
fn a_section_that_no_startup_implementation_reads_is_a_problem() {
    let builder = App::builder().without_linked().insert(Log::default()).event::<Ping>().hook(track_event);
    let found = problems(builder.config(json!({ "plugins": { "tests": { "path": "x" } } })));
    assert!(found[0].starts_with("configuration: unused section `[plugins.tests]`"), "{found:?}");
}

/// Whether a `startup` implementation was called.
#[derive(Clone, Default)]
struct Started(Arc<AtomicBool>);

#[hookimpl(startup)]
fn note_the_start(app: &App) -> event_core::Result<()> {
    app.state::<Started>()?.0.store(true, Relaxed);
    Ok(())
}

#[test]
fn a_section_that_nothing_can_read_is_a_problem_before_any_startup() {
    let started = Started::default();
    // The closure's plugin is called `app`, and has no `startup`.
    let builder = App::builder().without_linked().insert(started.clone()).event::<Ping>().on(|_: &Ping| ());
    let builder = builder.hook(note_the_start).config(json!({ "plugins": { "app": { "path": "x" } } }));
    let found = problems(builder);
    assert!(found[0].starts_with("configuration: unused section `[plugins.app]`"), "{found:?}");
    assert!(!started.0.load(Relaxed));
}

#[test]
fn all_problems_of_a_configuration_come_together() {
    let value = json!({ "plugins": { "event-sqlite": {}, "tests": { "token": { "$env": "NOT_SET_ANYWHERE" } } }, "x": 1 });
    assert_eq!(problems(app().config_file("no/such/event.toml").config(value)).len(), 4);
}
