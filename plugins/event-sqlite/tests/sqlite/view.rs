//! What the view shows that Datasette looks at, and whose it is.

use event_core::prelude::*;
use event_sqlite::SqliteExt;
use event_sqlite::rusqlite::Connection;
use serde_json::Value;

use crate::files::{Files, banned};

fn own() -> Value {
    json!({ "store": { "path": "app.db" } })
}

fn shared() -> Value {
    json!({ "databases": { "app": { "path": "app.db" } }, "store": { "database": "app" } })
}

#[derive(Event)]
struct TableMade {
    database: Value,
    table: Value,
    schema: &'static str,
}

#[test]
fn the_view_has_the_columns_and_meanings_of_datasette_events_db() {
    for section in [own(), shared()] {
        let files = Files::new();
        let app = files.app(section).event::<TableMade>().start().wait().expect("the app starts");
        assert!(app.sqlite_store().expect("it is there").status().has_view);
        let at = "2026-11-22T11:57:54.619377Z".parse().expect("a time");
        let made = |database: Value, table: Value| TableMade { database, table, schema: "(a)" };
        let root = Actor::new("root").with("token", "dstok");
        app.track(made(json!("main"), json!("t"))).by(root).at(at).wait().expect("nothing refuses");
        let numbered = Actor::from(serde_json::Map::from_iter([("id".to_owned(), json!(17))]));
        app.track(made(json!(""), json!(null))).by(numbered).at(at).wait().expect("nothing refuses");
        app.track(banned("mallory")).at(at).wait().expect("nothing refuses");
        let columns = "SELECT group_concat(name) FROM pragma_table_info('datasette_events')";
        assert_eq!(
            files.texts("app.db", columns),
            ["id,event,created,actor_id,database_name,table_name,properties"]
        );
        let rows = "SELECT json_array(id, event, created, actor_id, database_name, table_name, properties) \
                    FROM datasette_events ORDER BY id";
        let created = "2026-11-22T11:57:54.619377+00:00";
        let expected = [
            json!([1, "table-made", created, "root", "main", "t", r#"{"schema":"(a)"}"#]),
            json!([2, "table-made", created, "17", null, null, r#"{"schema":"(a)"}"#]),
            json!([3, "user-banned", created, null, null, null, r#"{"user":"mallory"}"#]),
        ];
        assert_eq!(files.texts("app.db", rows), expected.map(|row| row.to_string()));
        app.shutdown().wait().expect("everything is written");
    }
}

/// As an application that kept its events itself does when it starts.
#[hookimpl(startup)]
async fn make_a_table_of_that_name(app: &App) -> event_sqlite::Result<()> {
    let sql = "CREATE TABLE IF NOT EXISTS datasette_events (id INTEGER PRIMARY KEY, mine TEXT)";
    app.database("app")?.execute_write(sql, ()).await.map(drop)
}

#[test]
fn an_application_keeps_its_own_table_of_the_views_name() {
    let files = Files::new();
    for _ in 0..2 {
        let builder = files.app(shared()).hook(make_a_table_of_that_name);
        let app = builder.start().wait().expect("the app starts");
        assert!(!app.sqlite_store().expect("it is there").status().has_view);
        let insert = app
            .database("app")
            .expect("it is there")
            .execute_write("INSERT INTO datasette_events (mine) VALUES (?)", ("still mine",));
        insert.wait().expect("it is a table");
        app.shutdown().wait().expect("everything is written");
    }
    assert_eq!(files.texts("app.db", "SELECT mine FROM datasette_events"), ["still mine"; 2]);
}

#[test]
fn the_view_can_be_left_out() {
    let files = Files::new();
    let app = files.start(json!({ "store": { "path": "store.db", "view": false } }));
    assert!(!app.sqlite_store().expect("it is there").status().has_view);
    assert!(files.texts("store.db", "SELECT name FROM sqlite_schema WHERE type = 'view'").is_empty());
}

/// As in Python's `if database:`.
#[test]
fn a_database_and_a_table_are_null_exactly_where_python_takes_them_for_false() {
    let expected = [
        (json!(null), None),
        (json!(false), None),
        (json!(0), None),
        (json!(0.0), None),
        (json!(-0.0), None),
        (json!(""), None),
        (json!([]), None),
        (json!({}), None),
        (json!(true), Some("1")),
        (json!(17), Some("17")),
        (json!(-1), Some("-1")),
        (json!(u64::MAX), Some("18446744073709551615")),
        (json!(0.5), Some("0.5")),
        (json!(1.0), Some("1.0")),
        (json!(1e-300), Some("1.0e-300")),
        (json!("0"), Some("0")),
        (json!("0.0"), Some("0.0")),
        (json!("[]"), Some("[]")),
        (json!(" "), Some(" ")),
        (json!("null"), Some("null")),
        (json!([0]), Some("[0]")),
        (json!({ "": 0 }), Some(r#"{"":0}"#)),
    ];
    let files = Files::new();
    let app = files.app(own()).event::<TableMade>().start().wait().expect("the app starts");
    for (value, _) in &expected {
        let made = TableMade { database: value.clone(), table: value.clone(), schema: "(a)" };
        app.track(made).wait().expect("nothing refuses");
    }
    app.shutdown().wait().expect("everything is written");
    let expected = expected.map(|(_, text)| text.map(str::to_owned));
    assert_eq!(files.column("SELECT database_name FROM datasette_events ORDER BY id"), expected);
    assert_eq!(files.column("SELECT table_name FROM datasette_events ORDER BY id"), expected);
}

/// Which another program may have written.
#[test]
fn a_database_that_is_false_is_null_however_it_is_written() {
    let files = Files::new();
    files.start(own()).shutdown().wait().expect("everything is written");
    let connection = Connection::open(files.path("app.db")).expect("the file is there");
    for (number, value) in (0_i64..).zip(["-0", "0e5", "0.000", "[ ]", "{ }"]) {
        let properties = format!(r#"{{ "database": {value}, "table": {value} }}"#);
        let sql = "INSERT INTO events (id, name, version, created, properties) VALUES (?, 'odd', 1, '', ?)";
        connection.execute(sql, (number, properties)).expect("it can be written");
    }
    assert_eq!(files.column("SELECT database_name FROM datasette_events"), [const { None }; 5]);
    assert_eq!(files.column("SELECT table_name FROM datasette_events"), [const { None }; 5]);
}

#[test]
fn a_time_in_the_view_is_what_pythons_isoformat_writes() {
    let times = [
        ("2026-11-22T11:57:54Z", "2026-11-22T11:57:54+00:00"),
        ("2026-11-22T11:57:54.000001Z", "2026-11-22T11:57:54.000001+00:00"),
        ("2026-11-22T11:57:54.1Z", "2026-11-22T11:57:54.100000+00:00"),
        ("2026-11-22T11:57:55Z", "2026-11-22T11:57:55+00:00"),
        ("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999+00:00"),
    ];
    let files = Files::new();
    let app = files.start(own());
    for (time, _) in times {
        app.track(banned("mallory")).at(time.parse().expect("a time")).wait().expect("nothing refuses");
    }
    app.shutdown().wait().expect("everything is written");
    // Its texts sort as the times do.
    let shown = files.texts("app.db", "SELECT created FROM datasette_events ORDER BY created");
    assert_eq!(shown, times.map(|(_, shown)| shown));
}

/// As the versions before this one made it.
const EARLIER: [&str; 2] = [
    "CREATE VIEW datasette_events AS SELECT
    seq AS id,
    name AS event,
    rtrim(created, 'Z') || '+00:00' AS created,
    actor_id,
    CASE json_type(properties, '$.database')
        WHEN 'text' THEN nullif(properties ->> '$.database', '')
        ELSE nullif(CAST(properties ->> '$.database' AS TEXT), '0')
    END AS database_name,
    CASE json_type(properties, '$.table')
        WHEN 'text' THEN nullif(properties ->> '$.table', '')
        ELSE nullif(CAST(properties ->> '$.table' AS TEXT), '0')
    END AS table_name,
    json_remove(properties, '$.database', '$.table') AS properties
FROM events",
    "CREATE VIEW datasette_events AS SELECT
    seq AS id,
    name AS event,
    rtrim(created, 'Z') || '+00:00' AS created,
    actor_id,
    CASE WHEN json_valid(properties) THEN CASE json_type(properties, '$.database')
        WHEN 'text' THEN nullif(properties ->> '$.database', '')
        ELSE nullif(CAST(properties ->> '$.database' AS TEXT), '0')
    END END AS database_name,
    CASE WHEN json_valid(properties) THEN CASE json_type(properties, '$.table')
        WHEN 'text' THEN nullif(properties ->> '$.table', '')
        ELSE nullif(CAST(properties ->> '$.table' AS TEXT), '0')
    END END AS table_name,
    iif(json_valid(properties), json_remove(properties, '$.database', '$.table'), properties) AS properties
FROM events",
];

const VIEW: &str = "SELECT sql FROM sqlite_schema WHERE name = 'datasette_events' AND type = 'view'";

#[test]
fn the_view_of_an_earlier_version_is_replaced_by_this_ones() {
    for section in [own(), shared()] {
        let files = Files::new();
        files.start(section.clone()).shutdown().wait().expect("everything is written");
        let newest = files.texts("app.db", VIEW);
        for earlier in EARLIER {
            files.change(&format!("DROP VIEW datasette_events; {earlier}"));
            let app = files.start(section.clone());
            assert!(app.sqlite_store().expect("it is there").status().has_view);
            app.shutdown().wait().expect("everything is written");
            assert_eq!(files.texts("app.db", VIEW), newest);
        }
    }
}

#[test]
fn an_application_keeps_its_own_view_of_the_events() {
    let like_ours = EARLIER[0].replace("seq AS id", "seq AS id, version");
    let views = ["CREATE VIEW datasette_events AS SELECT seq AS id, name AS event FROM events", &like_ours];
    for (section, view) in [own(), shared()].iter().flat_map(|section| views.map(|view| (section, view))) {
        let files = Files::new();
        files.start(section.clone()).shutdown().wait().expect("everything is written");
        files.change(&format!("DROP VIEW datasette_events; {view}"));
        let app = files.start(section.clone());
        assert!(!app.sqlite_store().expect("it is there").status().has_view, "{view}");
        app.shutdown().wait().expect("everything is written");
        assert_eq!(files.texts("app.db", VIEW), [view]);
    }
}

#[test]
fn the_views_name_is_taken_in_other_letters_too_but_not_by_a_trigger() {
    for (sql, is_made) in [
        ("CREATE TABLE Datasette_Events (mine)", false),
        ("CREATE TABLE t (a); CREATE INDEX DATASETTE_EVENTS ON t (a)", false),
        ("CREATE TABLE t (a); CREATE TRIGGER datasette_events AFTER INSERT ON t BEGIN SELECT 1; END", true),
    ] {
        let files = Files::new();
        files.change(sql);
        let app = files.start(shared());
        assert_eq!(app.sqlite_store().expect("it is there").status().has_view, is_made, "{sql}");
        app.shutdown().wait().expect("everything is written");
    }
}

impl Files {
    /// The first column, by a connection that has nothing to do with the app's.
    fn column(&self, sql: &str) -> Vec<Option<String>> {
        self.rows("app.db", sql, (), |row| row.get(0))
    }

    fn change(&self, sql: &str) {
        let connection = Connection::open(self.path("app.db")).expect("it can be opened");
        connection.execute_batch(sql).expect("the SQL is right");
    }
}
