//! A hook is given to the builder instead of a function that implements it.

use event_core::prelude::*;

fn main() {
    let _ = App::builder().hook(track_event);
}
