//! The function that starts the program in a runtime is an implementation.

use event_core::prelude::*;

#[hookimpl(startup)]
#[tokio::main]
async fn main() {
    println!("started");
}
