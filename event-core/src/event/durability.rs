//! How safe an event is.

/// The best durability that an implementation promised for an event, in ascending order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Durability {
    /// No implementation keeps the event.
    #[default]
    Nothing,
    /// The event waits in this process's memory to be written; it doesn't survive a crash.
    Enqueued,
    /// The event is on disk and survives a crash of the process and of the machine.
    OnDisk,
}

impl Durability {
    #[inline]
    pub(crate) fn from_u8(number: u8) -> Self {
        match number {
            0 => Self::Nothing,
            1 => Self::Enqueued,
            _ => Self::OnDisk,
        }
    }
}
