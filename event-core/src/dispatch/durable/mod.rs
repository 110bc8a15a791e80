//! Durable implementations: they aren't called inside `track`, but later, by a plugin that has kept the event.
//!
//! `#[hookimpl(track_event, durable)]` registers a function for a hook of its own, [`track_event`](hook::track_event) with a
//! [`Delivery`](words::Delivery), or with a `batch` for [`batch::track_event`]. So its arguments, its events' types and its failures work as those of every
//! implementation. An app collects them as [`Consumer`](consumer::Consumer)s, which a plugin claims, and calls one by one.

pub(crate) mod batch;
pub(crate) mod consumer;
pub(crate) mod hook;
pub(crate) mod options;
pub(crate) mod stored;
pub(crate) mod words;
