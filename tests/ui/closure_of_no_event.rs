//! What a closure hears is no event.

use event_core::prelude::*;

struct BanUser;

fn main() {
    let _ = App::builder().on(|event: &BanUser| drop(event));
}
