//! A start fails, and `main` returns the error.

#[event_core::hookimpl(event_core::startup)]
fn open() -> Result<(), String> {
    Err("the disk is full".to_owned())
}

fn main() -> Result<(), event_core::Error> {
    event_core::App::start().wait()?.shutdown().wait()
}
