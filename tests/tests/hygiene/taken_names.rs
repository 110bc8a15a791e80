//! Users' names that generated code might be tempted to use itself.

#![allow(clippy::self_named_constructors, dead_code, non_camel_case_types)]

use event_core::prelude::*;

use crate::{builder, note, notes};

/// A program's own list.
const PLUGINS: [&str; 0] = [];

event_core::plugins![];

/// The word that a hook's arguments suggest.
#[derive(Debug)]
struct Arguments(u8);

/// Parameters, fields and arguments as a macro's author would call them.
#[derive(Event)]
struct S<E: serde::Serialize, const N: usize> {
    serializer: E,
    value: [u8; 2],
    this: u8,
    #[serde(skip)]
    error: [(); N],
}

#[hookspec]
fn call(app: &App, args: &Arguments, event: &Tracked, input: u8, arguments: &[Arguments]) -> String;

#[hookimpl(call)]
fn args(args: &Arguments, input: u8) -> String {
    format!("{args:?} {input}")
}

#[hookimpl(call)]
async fn reborrow(event: &S<u8, 3>, arguments: &[Arguments]) -> Option<String> {
    Some(format!("{} {}", event.this, arguments.len()))
}

#[hookimpl(call, wrapper)]
async fn next(input: u8, next: Next<'_, call>) -> Outcome<call> {
    assert_eq!(input, 1);
    next.run().await
}

#[hookimpl(track_event)]
async fn answer(app: &App, event: &Tracked) -> event_core::Result<()> {
    note(app, event.properties_json()?);
    note(app, format!("{:?}", call::call(app, &Arguments(2), event, 1, &[]).await?.values));
    Ok(())
}

#[test]
fn generated_code_takes_no_name_from_the_user() {
    assert!(PLUGINS.is_empty());
    let app = builder().event::<S<u8, 3>>().hook(args).hook(reborrow).hook(next).hook(answer);
    let app = app.start().wait().unwrap();
    let event = S { serializer: 1_u8, value: [2, 3], this: 4, error: [(); 3] };
    assert!(app.track(event).wait().unwrap().failures().is_empty());
    assert_eq!(notes(&app), [r#"{"serializer":1,"value":[2,3],"this":4}"#, r#"["Arguments(2) 1", "4 0"]"#]);
}
