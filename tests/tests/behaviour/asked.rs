//! What plugins ask of an app: values that are made when they are needed first, and the events that it knows.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;

use event_core::plugin::{error_line, panic_text};
use event_core::prelude::*;

#[derive(Event)]
struct Ping;

#[derive(Event)]
struct Pong;

#[derive(Event)]
struct Imported<T> {
    item: T,
}

#[hookimpl]
fn register_events(app: &App) -> Vec<EventType> {
    app.insert(Before(app.event_types().len())).expect("the first of its type");
    vec![EventType::of::<Imported<u8>>()]
}

struct Before(usize);

struct Pool(usize);

fn app() -> App {
    let builder = App::builder().without_linked().event::<Pong>().event::<Ping>().hook(register_events);
    builder.start().wait().expect("nothing is wrong")
}

#[test]
fn of_threads_that_want_a_value_at_once_one_makes_it_and_all_get_it() {
    for _ in 0..100 {
        let (app, made, start) = (app(), AtomicUsize::new(0), Barrier::new(4));
        let get = || {
            start.wait();
            app.state_or_try_init(|| Ok::<_, String>(Pool(made.fetch_add(1, Ordering::Relaxed))))
        };
        let got: Vec<_> = thread::scope(|scope| {
            let threads = [(); 4].map(|()| scope.spawn(get));
            threads.map(|thread| thread.join().expect("it doesn't panic").expect("it is made")).into()
        });
        assert_eq!(made.into_inner(), 1);
        assert!(got.iter().all(|it| Arc::ptr_eq(it, &got[0])) && got[0].0 == 0);
    }
}

#[test]
fn a_value_that_could_not_be_made_is_tried_again_by_the_next_that_asks() {
    let app = app();
    let failed = app.state_or_try_init(|| Err::<Pool, _>("no room")).map(|it| it.0);
    assert_eq!(failed, Err("no room"));
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        app.state_or_try_init::<Pool, String>(|| panic!("no luck {}", 17))
    }));
    assert_eq!(panic_text(&*panicked.err().expect("it panics")), "no luck 17");
    let missing = app.state::<Pool>().err().expect("there is none").to_string();
    assert!(missing.contains("Pool") && !missing.contains("Turn"), "{missing}");
    assert_eq!(app.state_or_try_init(|| Ok::<_, String>(Pool(3))).map(|it| it.0), Ok(3));
    assert_eq!(app.state_or_try_init(|| Err::<Pool, _>("not asked")).map(|it| it.0), Ok(3));
    assert!(app.insert(Pool(4)).is_err());
}

#[test]
fn a_value_that_was_put_in_meanwhile_is_the_one_that_is_there() {
    let app = app();
    let got = app.state_or_try_init(|| {
        app.insert(Pool(1))?;
        Ok::<_, event_core::Error>(Pool(2))
    });
    assert_eq!(got.map(|it| it.0).ok(), Some(1));
}

#[test]
#[should_panic(expected = "asks the app for it")]
fn a_closure_that_asks_for_the_value_that_it_makes_panics_instead_of_waiting_for_itself() {
    let app = app();
    let make = || app.state_or_try_init(|| Ok::<_, String>(Pool(1)));
    let _ = app.state_or_try_init(|| make().map(|_| Pool(2)));
}

#[test]
fn the_types_of_events_are_sorted_by_name_and_found_by_it_once_they_are_registered() {
    let app = app();
    let names: Vec<_> = app.event_types().iter().map(EventType::name).collect();
    assert_eq!(names, ["imported", "ping", "pong"]);
    for name in names {
        assert_eq!(app.event_type(name).map(|it| it.name()), Some(name));
    }
    for name in ["", "pin", "pingu", "zing"] {
        assert!(app.event_type(name).is_none(), "{name}");
    }
    assert_eq!(app.state::<Before>().map(|it| it.0).ok(), Some(0));
}

#[test]
fn an_error_is_one_line_with_its_causes_whatever_it_does() {
    #[derive(Debug)]
    struct ItsOwnCause;
    impl std::fmt::Display for ItsOwnCause {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("a\r\n\u{1b}[2J")
        }
    }
    impl std::error::Error for ItsOwnCause {
        fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
            Some(self)
        }
    }
    let line = error_line(&ItsOwnCause);
    assert!(line.starts_with(r"a\r\n\u001b[2J: a\r\n\u001b[2J: "), "{line}");
    assert!(line.ends_with("(more causes are left out)") && line.lines().count() == 1, "{line}");
}
