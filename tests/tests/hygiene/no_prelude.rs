//! A module without Rust's own prelude: no `Option`, no `Some`, no `Clone`, no `derive` of anything by a short name.

#![no_implicit_prelude]

use ::event_core::{App, Next, Outcome, Tracked};
use ::std::string::String;

#[derive(::event_core::Event)]
struct Generic<T> {
    item: T,
    #[serde(skip_serializing_if = "::std::option::Option::is_none")]
    more: ::std::option::Option<String>,
}

#[derive(::event_core::Event)]
struct Empty;

#[::event_core::hookspec(firstresult)]
fn first(app: &App, event: &Tracked, word: ::std::option::Option<&str>) -> u8;

#[::event_core::hookspec]
fn all(app: &App);

#[::event_core::hookimpl(first)]
fn one(word: ::std::option::Option<&str>) -> ::std::option::Option<u8> {
    word.map(|_| 1)
}

#[::event_core::hookimpl(first)]
async fn two(event: &Tracked<Generic<u8>>) -> ::std::result::Result<u8, String> {
    ::std::result::Result::Ok(event.item)
}

#[::event_core::hookimpl(all)]
fn nothing() {}

#[::event_core::hookimpl(::event_core::track_event)]
async fn ask(app: &App, event: &Tracked) -> ::event_core::Result<()> {
    super::note(app, event.properties_json()?);
    let answer = first::call(app, event, ::std::option::Option::None).await?;
    super::note(app, ::std::format!("{answer:?}"));
    ::std::result::Result::Ok(())
}

#[::event_core::hookimpl(::event_core::track_event, wrapper)]
async fn around(next: Next<'_>) -> Outcome {
    next.run().await
}

#[::std::prelude::v1::test]
fn generated_code_needs_no_prelude() {
    let app = super::builder().event::<Generic<u8>>().event::<Empty>().hook(one).hook(two).hook(ask);
    let app = app.hook(around).hook(nothing).start().wait().unwrap();
    let more = ::std::option::Option::Some(::std::string::ToString::to_string("x"));
    ::std::assert!(app.track(Generic { item: 7_u8, more }).wait().unwrap().failures().is_empty());
    ::std::assert!(app.track(Empty).wait().unwrap().failures().is_empty());
    ::std::assert_eq!(super::notes(&app), [r#"{"item":7,"more":"x"}"#, "Some(7)", "{}", "None"]);
    ::std::assert_eq!(all::call(&app).wait().unwrap().values.len(), 1);
}
