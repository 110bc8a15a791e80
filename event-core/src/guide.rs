//! How to use this crate: the guide, and a page for each larger subject.
//!
#![doc = include_str!("../guide/links.md")]
#![doc = include_str!("../guide/guide.md")]

// `guide/*.md` are symbolic links to `docs/*.md`, which the package has as files. At its end a page defines its links from
// file to file. `guide/links.md` defines the same ones as rustdoc needs them, before the page: the first definition wins.

/// Plugins read their settings from files, values and environment variables.
///
#[doc = include_str!("../guide/links.md")]
#[doc = include_str!("../guide/guide-configuration.md")]
pub mod configuration {}

/// How to describe, watch and end an app.
///
#[doc = include_str!("../guide/links.md")]
#[doc = include_str!("../guide/guide-running.md")]
pub mod running {}

/// Every event in a SQLite file, and databases whose writes track events.
///
#[doc = include_str!("../guide/links.md")]
#[doc = include_str!("../guide/guide-store.md")]
pub mod store {}

/// Implementations that are called until they succeed.
///
#[doc = include_str!("../guide/links.md")]
#[doc = include_str!("../guide/guide-delivery.md")]
pub mod delivery {}

/// How to test implementations: one app for each test, a recorder, a fixed clock.
///
#[doc = include_str!("../guide/links.md")]
#[doc = include_str!("../guide/guide-testing.md")]
pub mod testing {}

/// The words of pluggy, Datasette, `tracing`, a message bus and bevy in terms of this crate.
///
#[doc = include_str!("../guide/links.md")]
#[doc = include_str!("../guide/coming-from.md")]
pub mod coming_from {}

/// Why it is as it is.
///
#[doc = include_str!("../guide/links.md")]
#[doc = include_str!("../guide/design.md")]
pub mod design {}
