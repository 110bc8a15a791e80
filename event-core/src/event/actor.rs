//! Who caused an event.

use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use crate::event::escape::escape_controls;
use crate::event::json::depth;

/// Who caused an event: a JSON object such as `{"id": "root"}` or `{"id": "root", "token": "dstok"}`.
///
/// Cloning is cheap; the object is shared. It is at most [`MAX_DEPTH`](crate::plugin::MAX_DEPTH) levels deep: an event by a
/// deeper one isn't tracked.
///
/// ```
/// use event_core::Actor;
///
/// let actor = Actor::new("root").with("token", "dstok");
/// assert_eq!(actor.id(), Some("root"));
/// assert_eq!(actor.to_string(), r#"{"id":"root","token":"dstok"}"#);
/// ```
#[derive(Clone, PartialEq)]
pub struct Actor(Arc<Inner>);

#[derive(Clone, PartialEq)]
struct Inner {
    object: Map<String, Value>,
    /// Why it can't be written and read back. Found once, where many events are by one actor.
    fault: Option<String>,
}

impl Actor {
    /// An actor with this `id` and nothing else.
    pub fn new(id: impl Into<String>) -> Self {
        Map::from_iter([("id".to_owned(), Value::String(id.into()))]).into()
    }

    /// The same actor with one more key, or another value for it.
    #[must_use]
    pub fn with(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        let inner = Arc::make_mut(&mut self.0);
        inner.object.insert(key.into(), value.into());
        inner.fault = depth::fault(&inner.object);
        self
    }

    /// The `id`, if it is a string.
    pub fn id(&self) -> Option<&str> {
        self.get("id").and_then(Value::as_str)
    }

    /// The value of any key.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.0.object.get(key)
    }

    /// The whole object.
    pub fn as_map(&self) -> &Map<String, Value> {
        &self.0.object
    }

    pub(crate) fn fault(&self) -> Option<&str> {
        self.0.fault.as_deref()
    }
}

/// Shows the id; the rest can be secret.
impl std::fmt::Debug for Actor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut actor = f.debug_struct("Actor");
        if let Some(id) = self.get("id") {
            actor.field("id", &format_args!("{id}"));
        }
        let others = self.as_map().len() - usize::from(self.get("id").is_some());
        if others > 0 { actor.finish_non_exhaustive() } else { actor.finish() }
    }
}

impl From<Map<String, Value>> for Actor {
    fn from(object: Map<String, Value>) -> Self {
        Self(Arc::new(Inner { fault: depth::fault(&object), object }))
    }
}

/// What `.by(…)` takes: an [`Actor`], a reference to one, an `Option`, or a text, which is the actor's `id`.
///
/// A program can implement it for a type of its own:
///
/// ```
/// use event_core::prelude::*;
/// use event_core::IntoActor;
///
/// struct User {
///     name: String,
/// }
///
/// impl IntoActor for &User {
///     fn into_actor(self) -> Option<Actor> {
///         Some(Actor::new(&self.name).with("kind", "user"))
///     }
/// }
///
/// #[derive(Event)]
/// struct Login;
///
/// let app = App::builder().without_linked().event::<Login>().start().wait()?;
/// app.track(Login).by(&User { name: "ada".into() }).wait()?;
/// app.track(Login).by("root").wait()?;
/// app.track(Login).by(None).wait()?;
/// # Ok::<_, event_core::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an actor",
    label = "not an actor",
    note = "give an `Actor`, a `&Actor`, an `Option<Actor>`, or a text, which is the actor's `id`"
)]
pub trait IntoActor {
    /// The actor, or `None` where the event has none.
    fn into_actor(self) -> Option<Actor>;
}

impl IntoActor for Actor {
    fn into_actor(self) -> Option<Actor> {
        Some(self)
    }
}

impl IntoActor for &Actor {
    fn into_actor(self) -> Option<Actor> {
        Some(self.clone())
    }
}

// The only one for an `Option`, so that the compiler knows what a `None` is.
impl IntoActor for Option<Actor> {
    fn into_actor(self) -> Option<Actor> {
        self
    }
}

impl IntoActor for &str {
    fn into_actor(self) -> Option<Actor> {
        Some(Actor::new(self))
    }
}

impl IntoActor for String {
    fn into_actor(self) -> Option<Actor> {
        Some(Actor::new(self))
    }
}

impl IntoActor for &String {
    fn into_actor(self) -> Option<Actor> {
        Some(Actor::new(self))
    }
}

/// The object as JSON text, without control characters.
impl std::fmt::Display for Actor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = serde_json::to_string(self).map_err(|_| std::fmt::Error)?;
        f.write_str(&escape_controls(&text))
    }
}

impl Serialize for Actor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.as_map().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Actor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        depth::read_object(deserializer).map(Self::from)
    }
}
