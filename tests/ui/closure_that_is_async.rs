//! Closures are async, or return a future.

use event_core::prelude::*;

#[derive(Event)]
struct BanUser {
    user: String,
}

async fn mail(event: &BanUser) {
    println!("{}", event.user);
}

fn main() {
    let _ = App::builder().on(|event: &BanUser| async move { println!("{}", event.user) });
    let _ = App::builder().on(async |event: &BanUser| drop(event));
    let _ = App::builder().on(|_: &BanUser| Box::pin(async {}));
    let _ = App::builder().on(mail);
}
