//! A plugin with one implementation, which is there only if the crate is linked.

event_core::plugin!();

#[event_core::hookimpl(event_core::startup)]
fn say_hello() {
    println!("the plugin is here");
}
