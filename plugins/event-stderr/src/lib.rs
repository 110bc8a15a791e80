//! Every tracked event as one line on standard error: JSON for log collectors, or text for people.
//!
//! ```standalone_crate
//! event_core::plugins![event_stderr];
//! # fn main() {}
//! ```
//!
//! A line has these keys, in this order; `created` is UTC to the microsecond, and `actor` is `null` for an event without
//! one:
//!
//! ```json
//! {"id":"019aab2c-5a00-7000-8000-000000000001","name":"ban-user","created":"2026-11-22T11:57:54.619377Z","actor":{"id":"root"},"properties":{"user":"mallory"}}
//! ```
//!
//! An event with a [`Context`](event_core::Context) has it as the key `context` before `properties`:
//! `"context":{"request_id":"5f2c"}`.
//!
//! An event is written when its turn comes in the call order, after the implementations that are `essential`, those that
//! are `tryfirst` and those of plugins whose names sort before `event-stderr`. An event that an `essential` implementation refuses, or
//! a wrapper stops, before that turn has no line.
//!
//! In JSON, all control characters are escaped (U+009B as `\u009b`), so that a line can't steer a terminal.
//!
//! # Settings
//!
//! The section `[plugins.event-stderr]` of the configuration, each app its own:
//!
//! ```toml
//! [plugins.event-stderr]
//! pretty = "auto"
//! include = ["user-*", "ban-user"]
//! exclude = ["user-seen"]
//! redact = ["user.password", "items.*.token", "sign-up:email"]
//! ```
//!
//! | key | meaning | without it |
//! |---|---|---|
//! | `pretty` | `false`: JSON. `true`: text for people, with colours on a terminal. `"auto"`: text on a terminal, JSON elsewhere | `false` |
//! | `include` | the events that are written: names, in which `*` stands for any text | `["*"]` |
//! | `exclude` | the events that aren't, even where they are included | `[]` |
//! | `redact` | the properties that are written as `"***"` | `[]` |
//!
//! A name that no event can have (capitals, spaces) is a start-up error.
//!
//! # Lines for people
//!
//! ```text
//! 2026-11-22 11:57:54.619Z  ban-user    root      user=mallory reason="wrote to all users"
//! ```
//!
//! Time (UTC), name, the actor's `id` or `-`, `request_id=…` where the context of the event has one, and the properties. Names are padded to the longest name that the app
//! writes. A text with spaces or signs is in quotes; control characters are escaped, so that
//! an event can't steer the terminal. There are no colours if `NO_COLOR` is set or `TERM` is `dumb`.
//!
//! # What redaction promises
//!
//! A path has the keys from the outermost inwards, joined by `.`. `*` is every item of a list, or every key of an object.
//! A path for some events only has their names before it: `sign-up:email`, `user-*:user.email`. The value at the path is
//! replaced before either form of line is made, whatever its type. The actor is no property, and is written as it is.
//!
//! When a path can't be applied, the event isn't written, and the failure says which path and why, but no value:
//!
//! | the path meets | then the event is |
//! |---|---|
//! | an absent key, or `null` | written; there is nothing to hide |
//! | a text, a number, `true` or `false`, where the path goes on | not written: the secret may be part of it |
//! | a list, where the path has a key and no `*` | not written |
//! | a key that differs from the path's in capitals, `-` or `_` only (`apiKey` for `api_key`) | not written: it may be the one that is meant; name it as well if it isn't |
//!
//! A path for events that the app doesn't know is a start-up error.

#![forbid(unsafe_code)]

mod buffer;
mod error;
mod line;
mod pretty;
mod redact;
mod settings;
mod writer;

use std::io::ErrorKind;

use event_core::Tracked;
use event_core::prelude::*;

pub use crate::error::Error;
use crate::writer::Writer;

event_core::plugin!();

/// Reads the app's settings, so that a mistake in them keeps the app from starting.
///
/// # Errors
/// When the section is invalid.
#[hookimpl(startup)]
pub fn read_settings(app: &App) -> Result<(), Error> {
    Writer::of(app).map(drop)
}

/// Writes the event in one locked write, so that lines of parallel threads never mix.
///
/// # Errors
/// When the properties can't be written as JSON, a path of `redact` can't be applied, or standard error can't be
/// written to. A closed pipe is no error: the line has no reader left.
#[hookimpl(track_event)]
pub fn write_to_stderr(app: &App, event: &Tracked) -> Result<(), Error> {
    use std::io::Write;
    let writer = Writer::of(app)?;
    if !writer.includes(event) {
        return Ok(());
    }
    buffer::lend(|line| {
        writer.line(event, line)?;
        match std::io::stderr().lock().write_all(line) {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Error::Write(error)),
            _ => Ok(()),
        }
    })
}
