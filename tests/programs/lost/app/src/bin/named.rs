//! The plugin is named in `plugins![…]`.

use event_core::App;

event_core::plugins![lost_plugin];

fn main() {
    match App::builder().require_plugin("lost-plugin").start().wait() {
        Ok(_) => println!("started"),
        Err(error) => println!("{error}"),
    }
}
