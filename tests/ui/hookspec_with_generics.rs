//! A hook has type parameters, and is used.

use event_core::prelude::*;

#[hookspec(firstresult)]
fn best<T: Clone>(app: &App, of: &[T]) -> Vec<T>;

#[hookimpl(best)]
async fn first(of: &[u8]) -> Vec<u8> {
    of[..1].to_vec()
}

#[hookimpl(best, wrapper)]
async fn measure(of: &[u8], next: Next<'_, best>) -> Outcome<best> {
    next.run().await
}

fn ask(app: &App) -> u8 {
    best::call(app, &[1, 2]).wait().unwrap().unwrap()[0]
}

fn main() {}
