//! Events in a library, hooks in a plugin, configuration in the application: three crates, of which the first two
//! don't know this one.
//!
//! `cargo run --example library_and_app`
//!
//! `shop` defines events and tracks them, `shop-loyalty` listens, and this program names both and says in
//! `examples/data/shop.toml` how they behave.

use std::process::ExitCode;

use chrono::{DateTime, Utc};
use event_core::AppBuilder;
use event_core::prelude::*;
use shop::{Customer, Shop};
use shop_loyalty::Points;

event_core::plugins![event_stderr, shop, shop_loyalty];

fn main() -> ExitCode {
    let file = std::env::args().nth(1).unwrap_or_else(|| "examples/data/shop.toml".to_owned());
    match run(&file) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // With its causes, each on a line of its own.
            eprintln!("error: {error:?}");
            ExitCode::FAILURE
        }
    }
}

fn run(file: &str) -> event_core::Result<()> {
    println!("As {file} says:");
    day(App::builder().config_file(file))?;

    println!("\nThe same, with `enabled = false` for shop-loyalty:");
    let without = json!({ "plugins": { "shop-loyalty": { "enabled": false } } });
    day(App::builder().config_file(file).config(without))
}

/// One day in the shop. It is the same code, whichever plugins listen.
fn day(builder: AppBuilder) -> event_core::Result<()> {
    // A clock that stands still, only so that this program prints the same each time.
    let noon: DateTime<Utc> = "2026-11-22T12:00:00Z".parse().expect("a time");
    let app = builder.clock(move || noon).start().wait()?;
    for it in app.describe().plugins {
        println!("  {} {}", it.plugin.name(), if it.enabled { "is enabled" } else { "isn't enabled" });
    }

    let customer = |name: &str| Customer { name: name.into(), email: format!("{name}@example.org") };
    let mut shop = Shop::new(&app);
    shop.sell(&customer("ada"), 1_250)?;
    let second = shop.sell(&customer("ada"), 99_900)?;
    shop.sell(&customer("grace"), 2_000)?;
    shop.cancel(second)?;

    match app.state::<Points>() {
        Ok(points) => println!("  ada has {} points, grace {}", points.of("ada"), points.of("grace")),
        Err(_) => println!("  no plugin counts points"),
    }
    app.shutdown().wait()
}
