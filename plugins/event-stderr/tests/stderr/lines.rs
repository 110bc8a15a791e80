//! Lines as they are without settings: whole, one write each, and none without a reader.

use std::process::Stdio;

use event_core::prelude::*;
use serde_json::Value;

use crate::child::{as_child, assert_tracked, failure, run};

#[derive(Event)]
struct Counted {
    thread: u32,
    number: u32,
    text: String,
}

#[derive(Event)]
struct Measured {
    ratio: f64,
}

fn counted(thread: u32, number: u32, length: usize) -> Counted {
    Counted { thread, number, text: "x".repeat(length) }
}

#[test]
fn an_event_is_one_line_with_what_the_caller_gave() {
    let at = "2026-11-22T11:57:54.619377Z".parse().expect("a time");
    let id = "019aab2c-5a00-7000-8000-000000000001".parse().expect("an id");
    let child = as_child("lines::an_event_is_one_line_with_what_the_caller_gave", App::builder(), |app| {
        app.track(counted(1, 2, 3)).by(Actor::new("ada")).at(at).id(id).wait().expect("nothing refuses");
    });
    let expected = concat!(
        r#"{"id":"019aab2c-5a00-7000-8000-000000000001","name":"counted","#,
        r#""created":"2026-11-22T11:57:54.619377Z","actor":{"id":"ada"},"#,
        r#""properties":{"thread":1,"number":2,"text":"xxx"}}"#,
        "\n"
    );
    assert_eq!(run(child), expected);
}

/// Some lines are longer than what a pipe takes in one piece (4,096 bytes on Linux).
#[test]
fn lines_of_parallel_threads_never_mix() {
    const EACH: u32 = 3000;
    let child = as_child("lines::lines_of_parallel_threads_never_mix", App::builder(), |app| {
        std::thread::scope(|scope| {
            for thread in 0..2 {
                scope.spawn(move || {
                    for number in 0..EACH {
                        let length = if number % 100 == 0 { 10_000 } else { 10 };
                        assert_tracked(app, counted(thread, number, length));
                    }
                });
            }
        });
    });
    let mut next = [0; 2];
    for line in run(child).lines() {
        let (thread, number) = thread_and_number(line);
        assert_eq!(number, next[thread], "lines of one thread are in its order");
        next[thread] += 1;
    }
    assert_eq!(next, [u64::from(EACH); 2]);
}

/// A datagram socket keeps the limits between writes, which a pipe doesn't.
#[cfg(unix)]
#[test]
fn an_event_is_one_write_whatever_other_threads_write() {
    use std::os::fd::OwnedFd;
    use std::os::unix::net::UnixDatagram;

    const THREADS: u32 = 4;
    const EACH: u32 = 500;
    let mut child =
        as_child("lines::an_event_is_one_write_whatever_other_threads_write", App::builder(), |app| {
            std::thread::scope(|scope| {
                for thread in 0..THREADS {
                    scope.spawn(move || {
                        for number in 0..EACH {
                            let length = if number % 50 == 0 { 5000 } else { 10 };
                            assert_tracked(app, counted(thread, number, length));
                        }
                    });
                }
            });
        });
    let (ours, theirs) = UnixDatagram::pair().expect("a pair of sockets");
    let after_them = theirs.try_clone().expect("the socket is open");
    child.stdout(Stdio::null()).stderr(OwnedFd::from(theirs));
    let status = std::thread::spawn(move || {
        let status = child.status().expect("the child starts");
        after_them.send(&[]).expect("the other end reads");
        status
    });
    let mut next = [0; THREADS as usize];
    let mut buffer = vec![0; 65_536];
    loop {
        let length = ours.recv(&mut buffer).expect("the other end writes");
        if length == 0 {
            break;
        }
        let write = std::str::from_utf8(&buffer[..length]).expect("lines are UTF-8");
        let line = write.strip_suffix('\n').unwrap_or_else(|| panic!("part of a line: {write:?}"));
        let (thread, number) = thread_and_number(line);
        assert_eq!(number, next[thread], "lines of one thread are in its order");
        next[thread] += 1;
    }
    assert!(status.join().expect("waiting doesn't panic").success());
    assert_eq!(next, [u64::from(EACH); THREADS as usize]);
}

/// Of a line of [`Counted`]; two lines are none.
fn thread_and_number(line: &str) -> (usize, u64) {
    let line: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    let number = |key: &str| line["properties"][key].as_u64().expect("a number");
    (usize::try_from(number("thread")).expect("a small number"), number("number"))
}

/// An event whose only field tracks another event when it is written.
#[derive(Event)]
struct Nesting {
    field: TracksAnother,
}

struct TracksAnother(App);

impl serde::Serialize for TracksAnother {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        assert_tracked(&self.0, counted(1, 2, 3));
        serializer.serialize_str("afterwards")
    }
}

#[test]
fn an_event_that_is_tracked_while_another_is_written_has_a_line_of_its_own() {
    let child = as_child(
        "lines::an_event_that_is_tracked_while_another_is_written_has_a_line_of_its_own",
        App::builder(),
        |app| {
            assert_tracked(app, Nesting { field: TracksAnother(app.clone()) });
            assert_tracked(app, counted(0, 1, 3));
        },
    );
    let stderr = run(child);
    let [inner, outer, next] = stderr.lines().collect::<Vec<_>>()[..] else {
        panic!("three lines: {stderr}")
    };
    assert_eq!(thread_and_number(inner), (1, 2));
    assert!(outer.ends_with(r#""properties":{"field":"afterwards"}}"#), "{outer}");
    assert_eq!(thread_and_number(next), (0, 1));
}

#[test]
fn a_closed_pipe_is_no_panic_and_no_failure() {
    let mut child = as_child("lines::a_closed_pipe_is_no_panic_and_no_failure", App::builder(), |app| {
        assert_tracked(app, counted(0, 0, 10));
        assert_tracked(app, counted(0, 1, 10));
    });
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let output = child.stderr(writer).output().expect("the child starts");
    assert!(output.status.success(), "{}\n{}", output.status, String::from_utf8_lossy(&output.stdout));
}

#[test]
fn an_event_without_properties_is_a_failure_and_not_half_a_line() {
    let child = as_child(
        "lines::an_event_without_properties_is_a_failure_and_not_half_a_line",
        App::builder(),
        |app| {
            let why = failure(app, Measured { ratio: f64::NAN }).to_line();
            assert!(why.contains("the properties of event `measured` can't be written as JSON"), "{why}");
            assert!(why.ends_with("NaN is not a JSON number"), "{why}");
            assert_tracked(app, Measured { ratio: 0.5 });
        },
    );
    let stderr = run(child);
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    assert!(stderr.ends_with("\"properties\":{\"ratio\":0.5}}\n"), "{stderr}");
}
