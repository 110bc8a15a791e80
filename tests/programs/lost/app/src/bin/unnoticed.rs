//! The plugin stands in `Cargo.toml`, nobody names it, and nobody asks for it either.

use event_core::App;

fn main() {
    match App::start().wait() {
        Ok(_) => println!("started"),
        Err(error) => println!("{error}"),
    }
}
