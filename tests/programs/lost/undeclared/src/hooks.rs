//! Never compiled.

#[event_core::hookimpl(event_core::startup)]
fn say_hello() {
    println!("the plugin is here");
}
