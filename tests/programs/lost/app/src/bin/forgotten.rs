//! The plugin stands in `Cargo.toml`, and no code names it.

use event_core::App;

fn main() {
    match App::builder().require_plugin("lost-plugin").start().wait() {
        Ok(_) => println!("started"),
        Err(error) => println!("{error}"),
    }
}
