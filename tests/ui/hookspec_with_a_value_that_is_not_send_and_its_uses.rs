//! A mistake in what a hook returns is not repeated where the hook is implemented and called.

use event_core::prelude::*;
use std::rc::Rc;

#[hookspec(firstresult)]
fn title(app: &App, path: &str) -> Rc<str>;

#[hookimpl(title)]
fn of_the_start_page(path: &str) -> Option<Rc<str>> {
    (path == "/").then(|| "Start".into())
}

async fn show(app: &App) -> event_core::Result<()> {
    if let Some(title) = title::call(app, "/").await? {
        println!("{}", title.len());
    }
    Ok(())
}

fn main() {}
