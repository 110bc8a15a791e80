//! What happens in this service.

use event_core::prelude::*;

/// A moderator banned a user. It can be read back, since a durable implementation hears it.
#[derive(Event, serde::Deserialize)]
pub struct UserBanned {
    /// The user's number.
    pub user: i64,
    /// The user's name at that time.
    pub name: String,
    /// What the moderator gave as the reason.
    pub reason: String,
}

/// A moderator lifted a ban.
#[derive(Event)]
pub struct UserUnbanned {
    /// The user's number.
    pub user: i64,
    /// The user's name at that time.
    pub name: String,
}
