//! Tracks an event in a world with a system.

fn main() -> event_core::Result<()> {
    let app = event_core::App::start().wait()?;
    println!("{}", wasm_app::heard(&app)?);
    app.shutdown().wait()
}
