//! The plugin is named, but forgot a `mod` line of its own.

use event_core::App;

event_core::plugins![undeclared_plugin];

fn main() {
    match App::start().wait() {
        Ok(_) => println!("started"),
        Err(error) => println!("{error}"),
    }
}
