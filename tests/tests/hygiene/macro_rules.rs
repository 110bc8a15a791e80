//! Events and hooks that a `macro_rules!` macro writes, each part once from the macro and once from its caller.

use event_core::prelude::*;

use crate::{builder, note, notes};

macro_rules! event {
    ($name:ident { $($field:ident: $ty:ty),* }) => {
        #[derive(Event)]
        #[event(name = "from-a-macro")]
        struct $name {
            from_the_macro: u8,
            $($field: $ty),*
        }
    };
}

macro_rules! with_attributes {
    ($(#[$attribute:meta])* $name:ident) => {
        $(#[$attribute])*
        struct $name {
            from_the_macro: u8,
        }
    };
}

macro_rules! hook {
    ($name:ident, $argument:ident: $ty:ty, $output:ty) => {
        #[hookspec]
        fn $name(app: &App, $argument: $ty, own: u8) -> $output;
    };
}

macro_rules! implementation {
    (($($option:tt)*) $name:ident ($($argument:ident: $ty:ty),*) $body:block) => {
        #[hookimpl($($option)*)]
        fn $name($($argument: $ty),*) $body
    };
    (($($option:tt)*) $name:ident ($($argument:ident: $ty:ty),*) -> $output:ty $body:block) => {
        #[hookimpl($($option)*)]
        async fn $name($($argument: $ty),*) -> $output $body
    };
}

macro_rules! own_argument {
    ($name:ident, $own:ident, $body:expr) => {
        #[hookimpl(asked)]
        fn $name(own: u8) -> String {
            let $own = own;
            $body
        }
    };
}

event!(Made { given: Vec<u8>, other: Option<&'static str> });
hook!(asked, given: &Made, String);
implementation!((asked) both(own: u8, given: &Made) -> String { format!("{} {own}", given.given.len()) });
own_argument!(own_only, own, format!("only {own}"));
implementation!((track_event, tryfirst) without_output(app: &App, event: &Made) {
    note(app, format!("{:?} {}", event.other, event.from_the_macro));
});
implementation!((track_event) ask(app: &App, event: &Tracked<Made>) -> event_core::Result<()> {
    note(app, event.properties_json()?);
    note(app, format!("{:?}", asked::call(app, event, 9).await?.values));
    Ok(())
});

with_attributes!(
    #[derive(Event)]
    DerivedByTheCaller
);

#[test]
fn an_event_whose_derive_is_the_callers_and_whose_fields_are_the_macros_is_written() {
    let app = App::builder().without_linked().event::<DerivedByTheCaller>().start().wait().unwrap();
    let prepared = app.track(DerivedByTheCaller { from_the_macro: 7 }).prepare().unwrap();
    assert_eq!(prepared.event().properties_json().unwrap(), r#"{"from_the_macro":7}"#);
}

#[test]
fn events_and_hooks_from_macro_rules_reach_each_other() {
    let app = builder().event::<Made>().hook(both).hook(own_only).hook(without_output).hook(ask);
    let app = app.start().wait().unwrap();
    let made = Made { from_the_macro: 1, given: vec![2, 3], other: Some("x") };
    assert!(app.track(made).wait().unwrap().failures().is_empty());
    assert_eq!(
        notes(&app),
        [r#"Some("x") 1"#, r#"{"from_the_macro":1,"given":[2,3],"other":"x"}"#, r#"["2 9", "only 9"]"#]
    );
}
