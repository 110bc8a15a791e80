//! The first of two plugins: an event, a hook, and implementations in modules that aren't declared by name.

use event_core::prelude::*;

event_core::plugin!();

mod west;
// Between the others on purpose.
mod east;

/// Something to react to.
#[derive(Event)]
pub struct Happened;

/// Who is there?
#[hookspec]
pub fn roll_call(app: &App) -> String;

/// Many implementations of `track_event` from one macro call; each says its path.
#[macro_export]
macro_rules! implementations {
    ($($name:ident $(($($option:tt)*))?)*) => { $(
        #[event_core::hookimpl(event_core::track_event $(, $($option)*)?)]
        fn $name() {
            println!("  {}::{}", module_path!(), stringify!($name));
        }
    )* };
}

implementations! {
    zulu
    yankee(trylast, after = "order-zeta")
    xray(tryfirst)
    whiskey
}

#[hookimpl]
fn startup() {
    println!("  alpha starts");
}

#[hookimpl]
fn shutdown() {
    println!("  alpha stops");
}

#[hookimpl(roll_call, after = "order-zeta")]
fn the_name() -> String {
    "alpha".to_owned()
}
