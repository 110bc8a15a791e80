//! The associated type in a generic event isn't `Serialize` for one of its types.

use event_core::prelude::*;

trait Table: Send + Sync + 'static {
    type Id;
}

#[derive(Event)]
struct Imported<T: Table> {
    id: T::Id,
}

struct Users;

struct UserId;

impl Table for Users {
    type Id = UserId;
}

fn main() {
    let _ = App::builder().event::<Imported<Users>>();
}
