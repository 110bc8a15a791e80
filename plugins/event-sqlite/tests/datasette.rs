//! Whether Datasette reads the store's file as it is, while we write to it.

use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use event_core::prelude::*;
use serde_json::Value;

#[derive(Event)]
struct BanUser {
    user: String,
    reason: String,
}

/// An event of Datasette's own, whose database and table the view lifts out of the properties.
#[derive(Event)]
struct InsertRows {
    database: String,
    table: String,
    num_rows: u32,
}

#[test]
fn datasette_serves_the_stores_view_with_filters_and_facets_while_events_are_written() {
    let program = match datasette() {
        Ok(program) => program,
        Err(why) => {
            println!("skipped: {why}");
            return;
        }
    };
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("store.db");
    let app = App::builder()
        .without_linked()
        .event::<BanUser>()
        .event::<InsertRows>()
        .hook(event_sqlite::open_databases)
        .hook(event_sqlite::keep_event)
        .hook(event_sqlite::close_databases)
        .config(json!({ "plugins": { "event-sqlite": { "store": { "path": file } } } }))
        .start()
        .wait()
        .unwrap();
    let root = Actor::new("root");
    let at = "2026-11-22T11:57:54.619377Z".parse().unwrap();
    app.track(BanUser { user: "mallory".into(), reason: "spam".into() }).by(&root).at(at).wait().unwrap();

    let served = Served::start(&program, &file);
    let rows = served.rows("");
    assert_eq!(rows.len(), 1);
    assert_eq!(
        rows[0],
        json!({
            "id": 1,
            "event": "ban-user",
            "created": "2026-11-22T11:57:54.619377+00:00",
            "actor_id": "root",
            "database_name": null,
            "table_name": null,
            "properties": r#"{"user":"mallory","reason":"spam"}"#,
        })
    );

    // While Datasette has the file open.
    let inserted = InsertRows { database: "app".into(), table: "user".into(), num_rows: 3 };
    app.track(inserted).wait().unwrap();
    let rows = served.rows("event=insert-rows");
    assert_eq!(rows.len(), 1);
    assert_eq!((&rows[0]["database_name"], &rows[0]["table_name"]), (&json!("app"), &json!("user")));
    assert_eq!((&rows[0]["actor_id"], &rows[0]["properties"]), (&Value::Null, &json!(r#"{"num_rows":3}"#)));

    let answer = served.get("_facet=event&_extra=facet_results");
    let facet = &answer["facet_results"]["results"]["event"]["results"];
    let mut counts: Vec<_> = facet
        .as_array()
        .unwrap_or_else(|| panic!("there is a facet: {answer}"))
        .iter()
        .map(|it| (it["value"].as_str().unwrap(), it["count"].as_i64().unwrap()))
        .collect();
    counts.sort_unstable();
    assert_eq!(counts, [("ban-user", 1), ("insert-rows", 1)]);
    app.shutdown().wait().unwrap();
}

/// Datasette in an environment of its own, which stays for the next run.
fn datasette() -> Result<PathBuf, String> {
    let environment = Path::new(env!("CARGO_TARGET_TMPDIR")).join("datasette");
    let program = environment.join("bin/datasette");
    if program.exists() {
        return Ok(program);
    }
    run(Command::new("python3").args(["-m", "venv"]).arg(&environment))?;
    run(Command::new(environment.join("bin/pip")).args([
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--pre",
        "datasette>=1.0a0",
    ]))?;
    Ok(program)
}

fn run(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("{command:?}: {}", said.trim().lines().last().unwrap_or("it failed without a word")))
}

/// A running Datasette, which ends with this value.
struct Served {
    process: Child,
    port: u16,
}

impl Served {
    fn start(program: &Path, file: &Path) -> Self {
        // Free now; who takes it in between makes the test fail, not pass.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut process = Command::new(program)
            .arg(file)
            .args(["--host", "127.0.0.1", "--port", &port.to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // It says on standard error when it listens, or why it can't.
        let mut said = String::new();
        let mut stderr = process.stderr.take().unwrap();
        let mut byte = [0];
        while !said.contains("Uvicorn running") {
            assert_eq!(stderr.read(&mut byte).unwrap(), 1, "Datasette ended: {said}");
            said.push(byte[0].into());
        }
        // Goes on reading, so that it never blocks on what it has to say.
        std::thread::spawn(move || std::io::copy(&mut stderr, &mut std::io::sink()));
        Self { process, port }
    }

    fn rows(&self, filter: &str) -> Vec<Value> {
        self.get(filter)["rows"].as_array().expect("there are rows").clone()
    }

    fn get(&self, query: &str) -> Value {
        use std::io::Write;
        let mut connection = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        write!(connection, "GET /store/datasette_events.json?{query} HTTP/1.0\r\nhost: 127.0.0.1\r\n\r\n")
            .unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(" 200 "), "{answer}");
        serde_json::from_str(body).unwrap()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
