//! Reading events back, over any journal.
//!
//! [`Store`] is where it begins: `app.store()?.events()`, with filters, then listed, streamed or followed.

mod ending;
mod events;
mod follow;
mod reader;
mod store;
mod stored;

pub(crate) use self::ending::Ending;
pub use self::events::{EventStream, Events};
pub use self::follow::Follow;
pub use self::store::Store;
pub use self::stored::{ReadBack, Stored, StoredOf};
