//! The event that led to another one.

use uuid::Uuid;

use crate::event::tracked::AnyTracked;

/// An event that led to another one, for [`Track::caused_by`](crate::Track::caused_by): a reference to it, to its
/// [`Receipt`](crate::Receipt), or its id.
pub trait IntoCause {
    /// The event's id.
    fn into_cause(self) -> Uuid;
}

impl IntoCause for Uuid {
    fn into_cause(self) -> Uuid {
        self
    }
}

impl<T: AnyTracked + ?Sized> IntoCause for &T {
    fn into_cause(self) -> Uuid {
        self.id()
    }
}
