//! Who may read and change a database's files.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use event_core::prelude::*;
use event_sqlite::rusqlite::Connection;
use event_sqlite::{DatabaseOptions, Error, OpenError, SqliteExt};
use serde_json::Value;

use crate::files::{Files, banned};

/// Set for a process with an umask of its own, since all its threads share it.
const UMASK: &str = "EVENT_SQLITE_TEST_UMASK";

/// Runs this test with each umask, in a process of its own; gives whether this is such a process.
fn has_umask(test: &str, umasks: &[&str]) -> bool {
    if std::env::var_os(UMASK).is_some() {
        return true;
    }
    let program = std::env::current_exe().expect("a test is a program");
    for umask in umasks {
        let mut shell = Command::new("sh");
        shell.args(["-c", "umask $0; exec \"$@\"", umask]).arg(&program);
        let output = shell.args([test, "--exact"]).env(UMASK, umask).output().expect("there is a shell");
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && said.contains("1 passed"), "umask {umask}: {said}");
    }
    false
}

/// In octal digits.
fn mode(path: impl AsRef<Path>) -> String {
    let path = path.as_ref();
    let metadata = fs::metadata(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    format!("{:o}", metadata.permissions().mode() & 0o7777)
}

/// Of the file, its log and the memory that its connections share.
fn modes(files: &Files, name: &str) -> [String; 3] {
    ["", "-wal", "-shm"].map(|suffix| mode(files.path(&format!("{name}{suffix}"))))
}

fn write(app: &App, database: &str) {
    let database = app.database(database).expect("it is there");
    database.execute_write("CREATE TABLE IF NOT EXISTS t (a)", ()).wait().expect("it can be written");
}

#[test]
fn new_files_and_directories_are_their_owners_alone_whatever_the_umask_is() {
    let this = "permissions::new_files_and_directories_are_their_owners_alone_whatever_the_umask_is";
    if !has_umask(this, &["000", "022", "077"]) {
        return;
    }
    let files = Files::new();
    fs::create_dir(files.path("there")).expect("it can be made");
    fs::set_permissions(files.path("there"), Permissions::from_mode(0o755)).expect("it is ours");
    symlink("there/behind.db", files.path("link.db")).expect("it can be made");
    symlink(files.path("link.db"), files.path("link-to-link.db")).expect("it can be made");
    let app = files.start(json!({
        "databases": { "linked": { "path": "link-to-link.db" }, "there": { "path": "there/there.db" } },
        "store": { "path": "a/b/store.db" },
    }));
    app.track(banned("mallory")).wait().expect("nothing refuses");
    app.add_database("added", DatabaseOptions::new(files.path("c/added.db"))).expect("it can be opened");
    for database in ["linked", "there", "added"] {
        write(&app, database);
    }
    for name in ["a/b/store.db", "there/behind.db", "there/there.db", "c/added.db"] {
        assert_eq!(modes(&files, name), ["600"; 3], "{name}");
    }
    assert_eq!(["a", "a/b", "c"].map(|name| mode(files.path(name))), ["700"; 3]);
    assert_eq!(mode(files.path("there")), "755", "it was there before");
    app.shutdown().wait().expect("everything is written");
}

#[test]
fn a_mode_that_is_chosen_is_the_one_of_new_files_and_who_may_read_them_may_enter_new_directories() {
    let this = "permissions::a_mode_that_is_chosen_is_the_one_of_new_files_and_who_may_read_them_may_enter_new_directories";
    if !has_umask(this, &["000", "077"]) {
        return;
    }
    let files = Files::new();
    let app = files.start(json!({
        "databases": {
            "group": { "path": "group/app.db", "mode": "640" },
            "owner": { "path": "owner/app.db", "mode": "0600" },
        },
        "store": { "path": "all/of/store.db", "mode": "644" },
    }));
    app.track(banned("mallory")).wait().expect("nothing refuses");
    let options = DatabaseOptions::new(files.path("added/app.db")).mode(0o662);
    app.add_database("added", options).expect("it can be opened");
    for database in ["group", "owner", "added"] {
        write(&app, database);
    }
    for (name, of_files, of_directory) in [
        ("group/app.db", "640", "750"),
        ("owner/app.db", "600", "700"),
        ("all/of/store.db", "644", "755"),
        ("added/app.db", "662", "772"),
    ] {
        assert_eq!(modes(&files, name), [of_files; 3], "{name}");
        assert_eq!(mode(files.path(name).parent().expect("a directory")), of_directory, "{name}");
    }
    assert_eq!(mode(files.path("all")), "755");
    app.shutdown().wait().expect("everything is written");
}

/// Where all that is in a directory belongs to its group.
#[test]
fn a_new_directory_hands_its_group_on_where_the_one_that_it_is_in_does() {
    let files = Files::new();
    fs::create_dir(files.path("ours")).expect("it can be made");
    fs::set_permissions(files.path("ours"), Permissions::from_mode(0o2755)).expect("it is ours");
    let options = DatabaseOptions::new(files.path("ours/data/app.db")).mode(0o640);
    let app = files.start(json!({ "store": { "enabled": false } }));
    app.add_database("app", options).expect("it can be opened");
    let inherits = mode(files.path("ours")).starts_with('2') && cfg!(target_os = "linux");
    assert_eq!(mode(files.path("ours/data")), if inherits { "2750" } else { "750" });
}

/// Why an app with this section doesn't start.
fn refused(files: &Files, section: Value) -> String {
    match files.app(section).start().wait() {
        Err(event_core::Error::Startup(failure)) => failure.to_line(),
        other => panic!("not refused: {other:?}"),
    }
}

#[test]
fn a_mode_with_which_no_database_works_is_an_error_that_names_it_and_makes_no_file() {
    let files = Files::new();
    let texts = ["", "6", "64", "648", "6400", "01640", "0o640", "+640", "-640", " 640", "rw-r--r--"];
    let impossible = ["000", "040", "400", "240", "700", "755", "641", "2640"];
    for value in texts.iter().chain(&impossible).map(|text| json!(text)).chain([json!(777)]) {
        let at_store = refused(&files, json!({ "store": { "path": "store.db", "mode": value } }));
        let at_database =
            refused(&files, json!({ "databases": { "app": { "path": "app.db", "mode": value } } }));
        for (error, key) in [(at_store, "store.mode"), (at_database, "databases.app.mode")] {
            assert!(error.contains(&format!("plugins.event-sqlite.{key}")), "{value}: {error}");
            assert!(error.contains("octal digits") && error.contains("such as \"640\""), "{value}: {error}");
        }
    }
    for number in [640, 0o640] {
        let error = refused(&files, json!({ "store": { "mode": number } }));
        assert!(error.contains("store.mode`: a file's mode is a text: write \"640\""), "{error}");
    }
    let app = files.start(json!({ "store": { "enabled": false } }));
    for bits in [640, 0, 0o400, 0o700, 0o2640, u32::MAX] {
        let options = DatabaseOptions::new(files.path("d/app.db")).mode(bits);
        let error = app.add_database("app", options).expect_err("it can't be its mode");
        assert!(
            matches!(&error, Error::Open { cause: OpenError::Mode(it), .. } if *it == bits),
            "{bits:o}: {error:?}"
        );
        assert!(error.to_string().contains("0o640"), "{error}");
    }
    assert_eq!(fs::read_dir(files.path(".")).expect("it can be read").count(), 0);
}

#[test]
fn a_mode_for_a_store_whose_database_has_its_own_is_an_error() {
    let files = Files::new();
    for (database, name) in [("app", json!("app")), ("store", json!(null))] {
        let error = refused(
            &files,
            json!({
                "databases": { database: { "path": "app.db" } },
                "store": { "database": name, "mode": "640" },
            }),
        );
        assert!(error.contains(&format!("`plugins.event-sqlite.databases.{database}.mode`")), "{error}");
    }
}

/// Whether a line says that others can use a file, and which modes the files have then.
fn opened(existing: Option<u32>, section: &Value) -> (Vec<String>, String) {
    let files = Files::new();
    if let Some(mode) = existing {
        drop(Connection::open(files.path("app.db")).and_then(|it| it.execute_batch("CREATE TABLE t (a)")));
        fs::set_permissions(files.path("app.db"), Permissions::from_mode(mode)).expect("it is ours");
    }
    let mut itself = Command::new(std::env::current_exe().expect("a test is a program"));
    itself.args(["permissions::starts_an_app_for_another_test", "--exact", "--nocapture"]);
    itself.env(SECTION, section.to_string()).current_dir(files.path("."));
    let output = itself.output().expect("it can be started");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let lines = said.lines().filter(|line| line.contains("others can read or change it"));
    (lines.map(str::to_owned).collect(), mode(files.path("app.db")))
}

/// The section of a process whose standard error is looked at.
const SECTION: &str = "EVENT_SQLITE_TEST_SECTION";

#[test]
fn starts_an_app_for_another_test() {
    let Ok(section) = std::env::var(SECTION) else { return };
    let section: Value = serde_json::from_str(&section).expect("it is JSON");
    let builder = App::builder()
        .without_linked()
        .hook(event_sqlite::open_databases)
        .hook(event_sqlite::close_databases)
        .config(json!({ "plugins": { "event-sqlite": section } }));
    let app = builder.start().wait().expect("it starts");
    write(&app, "app");
    assert_eq!(mode("app.db-wal"), mode("app.db"));
    app.shutdown().wait().expect("everything is written");
}

#[test]
fn a_file_that_is_there_keeps_its_mode_and_one_line_says_where_that_is_wider_than_a_new_ones() {
    let of_store = |mode: Value| {
        json!({
            "databases": { "app": { "path": "app.db", "mode": mode } },
            "store": { "database": "app" },
        })
    };
    for (existing, section, line) in [
        (
            Some(0o644),
            of_store(json!(null)),
            Some("(mode 644), and a new file gets the mode 600; `chmod 600` it"),
        ),
        (Some(0o660), of_store(json!("640")), Some("(mode 660), and a new file gets the mode 640")),
        (Some(0o602), of_store(json!("640")), Some("(mode 602)")),
        (Some(0o644), of_store(json!("644")), None),
        (Some(0o600), of_store(json!("644")), None),
        (Some(0o700), of_store(json!(null)), None),
        (None, of_store(json!(null)), None),
        (None, of_store(json!("666")), None),
        // It may be meant for others, and has no events in it.
        (
            Some(0o644),
            json!({ "databases": { "app": { "path": "app.db" } }, "store": { "enabled": false } }),
            None,
        ),
    ] {
        let (lines, mode) = opened(existing, &section);
        if let Some(existing) = existing {
            assert_eq!(mode, format!("{existing:o}"), "{section}");
        }
        assert_eq!(lines.len(), usize::from(line.is_some()), "{existing:?} {section}: {lines:?}");
        if let Some(line) = line {
            assert!(lines[0].starts_with("event-sqlite: ") && lines[0].contains(line), "{lines:?}");
        }
    }
}
