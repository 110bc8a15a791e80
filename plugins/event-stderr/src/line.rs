//! How an event looks as a line.

use chrono::SecondsFormat;
use event_core::{PropertiesError, Tracked};

/// The event as JSON, with the line break.
///
/// # Errors
/// When the properties can't be written as JSON.
pub(crate) fn of(event: &Tracked) -> Result<Vec<u8>, PropertiesError> {
    let mut line = Vec::with_capacity(256);
    // An id, a name and a time need no escaping: they are hexadecimal, `[a-z0-9._-]` and RFC 3339.
    let created = event.created().to_rfc3339_opts(SecondsFormat::Micros, true);
    let (id, name) = (event.id(), event.name());
    line.extend_from_slice(
        format!(r#"{{"id":"{id}","name":"{name}","created":"{created}","actor":"#).as_bytes(),
    );
    match event.actor() {
        Some(actor) => line.extend_from_slice(actor.to_string().as_bytes()),
        None => line.extend_from_slice(b"null"),
    }
    line.extend_from_slice(br#","properties":"#);
    event.write_properties(&mut line)?;
    line.extend_from_slice(b"}\n");
    Ok(line)
}
