//! A module with types and modules of its own that are called like the standard ones.

#![allow(dead_code, unused_macros)]

use event_core::{App, Event, Next, Outcome, Tracked, hookimpl, hookspec};

use crate::{builder, note, notes};

mod core {}
mod std {}
mod alloc {}
mod serde {}
mod inventory {}
mod event_core_types {}
struct Option;
struct Result;
struct Box;
struct String;
struct Vec;
struct Some;
struct None;
struct Ok;
struct Err;
struct TypeId;
struct Location;
trait Send {}
trait Sync {}
trait Sized {}
trait Copy {}
trait Clone {}
trait Default {}
trait From {}
trait Into {}
trait Iterator {}
trait Future {}
trait Serialize {}
trait Serializer {}
trait IntoReturnValue {}
struct Argument;
struct ReturnValue;
struct Call;
struct Probe;
macro_rules! concat {
    () => {
        compile_error!("not this one")
    };
}
macro_rules! stringify {
    () => {
        compile_error!("not this one")
    };
}
macro_rules! env {
    () => {
        compile_error!("not this one")
    };
}
macro_rules! module_path {
    () => {
        compile_error!("not this one")
    };
}

#[derive(Event)]
struct Shadowed<T> {
    string: T,
    #[serde(flatten)]
    more: More,
}

struct More;

impl ::serde::Serialize for More {
    fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> ::core::result::Result<S::Ok, S::Error> {
        ::serde::ser::SerializeMap::end(serializer.serialize_map(::core::option::Option::Some(0))?)
    }
}

#[derive(Event)]
struct Empty;

#[hookspec(firstresult)]
fn first(app: &App, event: &Tracked, number: u8) -> u8;

#[hookimpl(first)]
fn one(number: u8) -> ::core::option::Option<u8> {
    number.checked_sub(5)
}

#[hookimpl(first)]
async fn two(event: &Shadowed<u8>) -> ::core::result::Result<u8, ::std::string::String> {
    ::core::result::Result::Ok(event.string)
}

#[hookimpl(event_core::track_event)]
async fn ask(app: &App, event: &Tracked) -> event_core::Result<()> {
    note(app, event.properties_json()?);
    note(app, ::std::format!("{:?}", first::call(app, event, 1).await?));
    ::core::result::Result::Ok(())
}

#[hookimpl(event_core::track_event, wrapper)]
async fn around(next: Next<'_>) -> Outcome {
    next.run().await
}

#[test]
fn generated_code_uses_none_of_the_names_in_scope() {
    let app = builder().event::<Shadowed<u8>>().event::<Empty>().hook(one).hook(two).hook(ask).hook(around);
    let app = app.start().wait().unwrap();
    assert!(app.track(Shadowed { string: 3_u8, more: More }).wait().unwrap().failures().is_empty());
    assert!(app.track(Empty).wait().unwrap().failures().is_empty());
    assert_eq!(notes(&app), [r#"{"string":3}"#, "Some(3)", "{}", "None"]);
}
