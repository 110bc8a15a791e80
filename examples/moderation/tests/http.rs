//! The service as a process of its own, asked over HTTP: its answers, its rows, its lines and its end.
#![cfg(unix)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use event_sqlite::rusqlite::Connection;
use serde_json::{Value, json};

struct Service {
    process: Child,
    stdout: BufReader<std::process::ChildStdout>,
    address: String,
}

impl Service {
    fn start(file: &Path) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_moderation"))
            .args(["serve", "127.0.0.1:0"])
            .arg(file)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(process.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening at http://").expect(&line).to_owned();
        Self { process, stdout, address }
    }

    /// Status and answer.
    fn ask(&self, request: &str, actor: impl AsRef<[u8]>, body: &str) -> (u16, Value) {
        let mut connection = TcpStream::connect(&self.address).unwrap();
        write!(connection, "{request} HTTP/1.0\r\nhost: localhost\r\nx-actor: ").unwrap();
        connection.write_all(actor.as_ref()).unwrap();
        write!(connection, "\r\ncontent-length: {}\r\n\r\n{body}", body.len()).unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, serde_json::from_str(body).unwrap())
    }

    /// Ends it as a service manager does; gives the rest of standard output, and standard error.
    fn stop(mut self) -> (String, String) {
        let killed = Command::new("kill").arg(self.process.id().to_string()).status().unwrap();
        assert!(killed.success());
        let (mut stdout, mut stderr) = (String::new(), String::new());
        self.stdout.read_to_string(&mut stdout).unwrap();
        self.process.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        assert!(self.process.wait().unwrap().success(), "{stderr}");
        (stdout, stderr)
    }
}

fn names(events: &Value) -> Vec<&str> {
    events["events"].as_array().unwrap().iter().map(|event| event["name"].as_str().unwrap()).collect()
}

#[test]
fn a_ban_is_a_row_an_event_and_a_line_and_all_of_it_is_there_after_the_end() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("moderation.db");
    let service = Service::start(&file);
    let (status, answer) = service.ask("POST /users/1/ban", "ada", r#"{"reason":"spam"}"#);
    assert_eq!(status, 200, "{answer}");
    let id = answer["events"][0].as_str().unwrap().to_owned();
    let (status, answer) = service.ask("GET /events", "", "");
    assert_eq!((status, names(&answer)), (200, vec!["user-banned"]));
    assert_eq!(answer["events"][0]["id"], json!(id));
    assert_eq!(answer["events"][0]["actor"], json!({ "id": "ada" }));
    assert_eq!(answer["events"][0]["properties"], json!({ "user": 1, "name": "mallory", "reason": "spam" }));

    let (stdout, stderr) = service.stop();
    let end = format!("stopped; users and events are in {}\n", file.display());
    // The mail comes before, or after the next start.
    assert!(stdout.ends_with(&end), "{stdout}");
    let line: Value = serde_json::from_str(stderr.lines().next().unwrap()).unwrap();
    assert_eq!((&line["id"], &line["properties"]["name"]), (&json!(id), &json!("mallory")));
    let database = Connection::open(&file).unwrap();
    let banned: bool =
        database.query_row("SELECT banned FROM user WHERE id = 1", (), |row| row.get(0)).unwrap();
    assert!(banned);
    let (kept, actor): (String, String) = database
        .query_row("SELECT id, actor_id FROM events", (), |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap();
    assert_eq!((kept, actor.as_str()), (id, "ada"));
}

#[test]
fn a_banned_user_gets_a_mail_after_a_restart_if_the_mail_server_was_busy_before_the_end() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("moderation.db");
    let service = Service::start(&file);
    assert_eq!(service.ask("POST /users/2/ban", "ada", r#"{"reason":"spam"}"#).0, 200);
    let (stdout, _) = service.stop();
    let mut again = Service::start(&file);
    // Or the second attempt came before the end.
    let mut is_sent = stdout.contains("mail to trent");
    while !is_sent {
        let mut line = String::new();
        assert!(again.stdout.read_line(&mut line).unwrap() > 0, "it ended");
        is_sent = line.starts_with("  mail to trent: you were banned, because of spam");
    }
    again.stop();
}

#[test]
fn a_request_that_changes_nothing_is_no_event_and_says_why() {
    let directory = tempfile::tempdir().unwrap();
    let service = Service::start(&directory.path().join("moderation.db"));
    let spam = r#"{"reason":"spam"}"#;
    let refused = |request, body| {
        let (status, answer) = service.ask(request, "ada", body);
        (status, answer["error"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(refused("POST /users/9/ban", spam), (404, "there is no user 9".to_owned()));
    assert_eq!(refused("POST /users/1/unban", ""), (409, "user 1 isn't banned".to_owned()));
    service.ask("POST /users/1/ban", "ada", spam);
    assert_eq!(refused("POST /users/1/ban", spam), (409, "user 1 is banned already".to_owned()));
    let (status, why) = refused("POST /users/2/ban", "{}");
    assert_eq!(status, 422);
    assert!(why.contains(r#"{"reason": "spam"}"#) && why.contains("missing field `reason`"), "{why}");
    assert_eq!(names(&service.ask("GET /events", "", "").1), ["user-banned"]);
    service.stop();
}

#[test]
fn events_are_the_latest_first_and_can_be_filtered() {
    let directory = tempfile::tempdir().unwrap();
    let service = Service::start(&directory.path().join("moderation.db"));
    service.ask("POST /users/1/ban", "ada", r#"{"reason":"spam"}"#);
    service.ask("POST /users/2/ban", "grace", r#"{"reason":"insults"}"#);
    service.ask("POST /users/1/unban", "grace", "");
    let asked = |query: &str| service.ask(&format!("GET /events{query}"), "", "").1;
    assert_eq!(names(&asked("")), ["user-unbanned", "user-banned", "user-banned"]);
    assert_eq!(names(&asked("?name=user-unbanned")), ["user-unbanned"]);
    assert_eq!(names(&asked("?name=user-*&actor=grace")), ["user-unbanned", "user-banned"]);
    assert_eq!(names(&asked("?limit=1")), ["user-unbanned"]);
    service.stop();
}

#[test]
fn what_a_service_wrote_the_next_one_finds() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("moderation.db");
    let service = Service::start(&file);
    service.ask("POST /users/1/ban", "ada", r#"{"reason":"spam"}"#);
    service.stop();
    let service = Service::start(&file);
    assert_eq!(service.ask("POST /users/1/ban", "ada", r#"{"reason":"spam"}"#).0, 409);
    assert_eq!(names(&service.ask("GET /events", "", "").1), ["user-banned"]);
    service.stop();
}

#[test]
fn what_the_client_got_wrong_is_its_mistake_and_says_so() {
    let directory = tempfile::tempdir().unwrap();
    let service = Service::start(&directory.path().join("moderation.db"));
    for request in
        ["GET /events?name=%27%20OR%201=1--", "GET /events?limit=many", "POST /users/mallory/unban"]
    {
        let (status, answer) = service.ask(request, "ada", "");
        assert_eq!(status, 400, "{request}: {answer}");
        assert!(!answer["error"].as_str().unwrap_or_default().is_empty(), "{request}: {answer}");
    }
    let spam = r#"{"reason":"spam"}"#;
    let (status, answer) = service.ask("POST /users/1/ban", [b'a', 0xff], spam);
    assert_eq!((status, &answer["error"]), (400, &json!("the header `x-actor` isn't UTF-8")));
    assert_eq!(service.ask("POST /users/1/ban", "zo\u{eb}", spam).0, 200);
    let events = service.ask("GET /events", "", "").1;
    assert_eq!(events["events"][0]["actor"], json!({ "id": "zo\u{eb}" }));
    let (_, stderr) = service.stop();
    assert!(!stderr.contains("error:"), "{stderr}");
}

#[test]
fn a_request_that_does_not_end_keeps_the_service_from_ending_only_for_a_while() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("moderation.db");
    let service = Service::start(&file);
    let mut unfinished = TcpStream::connect(&service.address).unwrap();
    write!(unfinished, "POST /users/1/ban HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\r\n{{")
        .unwrap();
    assert_eq!(service.ask("POST /users/2/ban", "ada", r#"{"reason":"spam"}"#).0, 200);
    let (stdout, stderr) = service.stop();
    assert!(stdout.lines().any(|line| line.starts_with("stopped; ")), "{stdout}");
    assert!(stderr.contains("requests that hadn't ended"), "{stderr}");
}

#[test]
fn an_address_that_is_taken_ends_the_service_with_its_app_shut_down() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("moderation.db");
    let service = Service::start(&file);
    let other = directory.path().join("other.db");
    let output = Command::new(env!("CARGO_BIN_EXE_moderation"))
        .args(["serve", &service.address])
        .arg(&other)
        .output()
        .unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && stderr.contains("can't listen at"), "{stderr}");
    assert!(!stderr.contains("dropped without `shutdown`"), "{stderr}");
    assert!(!other.with_extension("db-wal").exists(), "the file alone has everything");
    service.stop();
}
