//! Who caused an event.

use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

/// Who caused an event: a JSON object such as `{"id": "root"}` or `{"id": "root", "token": "dstok"}`.
///
/// Cloning is cheap; the object is shared.
///
/// ```
/// use event_core::Actor;
///
/// let actor = Actor::new("root").with("token", "dstok");
/// assert_eq!(actor.id(), Some("root"));
/// assert_eq!(actor.to_string(), r#"{"id":"root","token":"dstok"}"#);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Actor(Arc<Map<String, Value>>);

impl Actor {
    /// An actor with this `id` and nothing else.
    pub fn new(id: impl Into<String>) -> Self {
        Map::from_iter([("id".to_owned(), Value::String(id.into()))]).into()
    }

    /// The same actor with one more key, or another value for it.
    #[must_use]
    pub fn with(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        Arc::make_mut(&mut self.0).insert(key.into(), value.into());
        self
    }

    /// The `id`, where it is a string.
    pub fn id(&self) -> Option<&str> {
        self.get("id").and_then(Value::as_str)
    }

    /// The value of any key.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.0.get(key)
    }

    /// The whole object.
    pub fn as_map(&self) -> &Map<String, Value> {
        &self.0
    }
}

impl From<Map<String, Value>> for Actor {
    fn from(object: Map<String, Value>) -> Self {
        Self(Arc::new(object))
    }
}

/// For `.by(&actor)`, where the actor is used again.
impl From<&Actor> for Option<Actor> {
    fn from(actor: &Actor) -> Self {
        Some(actor.clone())
    }
}

/// The object as JSON text.
impl std::fmt::Display for Actor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = serde_json::to_string(self).map_err(|_| std::fmt::Error)?;
        f.write_str(&text)
    }
}

impl Serialize for Actor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.as_map().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Actor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Map::deserialize(deserializer).map(Self::from)
    }
}
