//! The crate is made a plugin in a module of it.

mod plugin {
    event_core::plugin!();
}

fn main() {}
