//! What the macros write means the same wherever it stands, whatever else is in scope there.

mod inside_functions;
mod keywords;
mod macro_rules;
mod no_prelude;
mod own_types;
mod shadowed;
mod silenced;
mod taken_names;

use event_core::{App, AppBuilder};
use std::sync::Mutex;

/// What implementations noted, in order.
#[derive(Default)]
struct Notes(Mutex<Vec<String>>);

fn builder() -> AppBuilder {
    App::builder().without_linked().insert(Notes::default())
}

fn note(app: &App, text: impl Into<String>) {
    app.state::<Notes>().expect("the builder put it in").0.lock().unwrap().push(text.into());
}

fn notes(app: &App) -> Vec<String> {
    std::mem::take(&mut app.state::<Notes>().expect("the builder put it in").0.lock().unwrap())
}
