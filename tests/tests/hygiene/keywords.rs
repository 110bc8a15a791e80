//! Keywords as names, written raw.

#![allow(non_camel_case_types)]

use event_core::prelude::*;

use crate::{builder, note, notes};

#[derive(Event)]
struct r#struct {
    r#type: u8,
    #[serde(rename = "loop")]
    r#move: u8,
}

#[hookspec]
fn r#match(app: &App, r#in: &str, event: &Tracked) -> String;

#[hookimpl(r#match)]
fn r#fn(r#in: &str, event: &Tracked<r#struct>) -> String {
    format!("{} {}", r#in, event.r#type)
}

#[hookimpl]
async fn r#match(r#in: &str) -> String {
    r#in.to_uppercase()
}

#[hookimpl(track_event)]
async fn r#use(app: &App, event: &Tracked) -> event_core::Result<()> {
    note(app, format!("{} {}", event.name(), event.properties_json()?));
    note(app, format!("{:?}", r#match::call(app, "word", event).await?.values));
    Ok(())
}

#[test]
fn raw_identifiers_are_names_like_others_and_shown_without_the_mark() {
    let app = builder().event::<r#struct>().hook(r#fn).hook(r#match).hook(r#use).start().wait().unwrap();
    assert!(app.track(r#struct { r#type: 1, r#move: 2 }).wait().unwrap().failures().is_empty());
    assert_eq!(notes(&app), [r#"struct {"type":1,"loop":2}"#, r#"["word 1", "WORD"]"#]);
    assert_eq!(EventType::of::<r#struct>().fields()[0].name(), "type");
}
