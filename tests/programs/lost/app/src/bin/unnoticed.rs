//! The plugin stands in `Cargo.toml`, no code names it, and no `require_plugin` asks for it.

use event_core::App;

fn main() {
    match App::start().wait() {
        Ok(_) => println!("started"),
        Err(error) => println!("{error}"),
    }
}
