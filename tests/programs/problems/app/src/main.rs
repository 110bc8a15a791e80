//! Everything that can be wrong with a start, at once.

use event_core::prelude::*;

event_core::plugins![problems_chat, problems_mail, undeclared_plugin];

fn no_implementation(event: &Tracked) {
    println!("{}", event.name());
}

#[hookimpl(startup, trylast)]
fn begin() {
    println!("nothing may start while there are problems");
}

fn main() {
    let app = App::builder()
        .insert("state")
        .insert("more state of the same type")
        .hook(no_implementation)
        .require_plugin("event-sqlite")
        .start()
        .wait();
    match app {
        Ok(_) => println!("started"),
        Err(error) => println!("{error}"),
    }
}
