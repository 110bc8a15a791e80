//! The crate is made a plugin in a function.

fn main() {
    event_core::plugin!();
}
