//! The type of an event.

use std::any::TypeId;
use std::panic::Location;

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use crate::event::json::Writer;
use crate::event::plugin_identity::{Module, Place, Plugin};
use crate::event::tracked::TrackedOf;
use crate::event::type_number::Number;

/// A type whose values are things that happened.
///
/// Implemented by `#[derive(Event)]`, whose page lists the options. The methods are for the framework;
/// implementations read the event through [`Tracked`](crate::Tracked).
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an event",
    label = "not an event",
    note = "a type is an event with `#[derive(Event)]` above it",
    note = "the event itself is tracked, so pass it, or a clone of it, for a reference to it"
)]
pub trait Event: Send + Sync + Sized + 'static {
    /// The description of this type: one entry for each name that its values can have.
    #[doc(hidden)]
    const TYPES: &'static [Declaration];

    /// Which of [`Self::TYPES`] this value is.
    #[doc(hidden)]
    #[inline]
    fn event_type(&self) -> EventType {
        EventType(&Self::TYPES[0])
    }

    /// Writes the fields. Overridden where each is written as it is; otherwise
    /// [`serialize_properties`](Self::serialize_properties) is.
    #[doc(hidden)]
    fn write_properties(&self, properties: &mut Writer<'_>) {
        properties.object(self);
    }

    /// Writes the fields as one JSON object.
    #[doc(hidden)]
    fn serialize_properties<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        const { panic!("`#[derive(Event)]` writes this or `write_properties`") }
    }
}

/// Stands in for the `serialize` that serde's derive writes, if that found a mistake in an attribute and wrote none:
/// serde has reported it. A program in which it could be called doesn't compile.
#[doc(hidden)]
pub trait Underived<E> {
    fn serialize<S: Serializer>(_: &E, _: S) -> Result<S::Ok, S::Error> {
        const { panic!("serde's derive wrote no `serialize` for this type") }
    }
}

impl<C, E> Underived<E> for C {}

/// The description of the events of one name: the type, its place, its fields.
///
/// ```
/// use event_core::prelude::*;
///
/// /// A moderator banned a user.
/// #[derive(Event)]
/// struct BanUser {
///     /// Who was banned.
///     user: String,
/// }
///
/// let known = EventType::of::<BanUser>();
/// assert_eq!(known.name(), "ban-user");
/// assert_eq!(known.doc(), "A moderator banned a user.");
/// assert_eq!(known.fields()[0].name(), "user");
/// ```
#[derive(Clone, Copy)]
pub struct EventType(&'static Declaration);

/// What `#[derive(Event)]` found in a type.
#[doc(hidden)]
#[derive(Debug)]
pub struct Declaration {
    tracked_type: TypeId,
    rust_type: fn() -> &'static str,
    pub(crate) number: Option<&'static Number>,
    name: &'static str,
    version: u32,
    doc: &'static str,
    fields: &'static [Field],
    module: &'static Module,
    location: &'static Location<'static>,
}

impl Declaration {
    /// Of the events of type `E`. A generic type has no number.
    pub const fn new<E: 'static>(
        number: Option<&'static Number>,
        name: &'static str,
        version: u32,
        doc: &'static str,
        fields: &'static [Field],
        module: &'static Module,
        location: &'static Location<'static>,
    ) -> Self {
        Self {
            tracked_type: TypeId::of::<TrackedOf<E>>(),
            rust_type: std::any::type_name::<E>,
            number,
            name,
            version,
            doc,
            fields,
            module,
            location,
        }
    }
}

impl EventType {
    /// The event type of `E`.
    ///
    /// This is how `register_events` returns the concrete types of a generic event, which can't register itself:
    ///
    /// ```
    /// use event_core::prelude::*;
    ///
    /// #[derive(Event)]
    /// struct Imported<T> {
    ///     item: T,
    /// }
    ///
    /// #[hookimpl]
    /// fn register_events() -> Vec<EventType> {
    ///     vec![EventType::of::<Imported<u64>>()]
    /// }
    /// ```
    pub fn of<E: Event>() -> Self {
        Self(&E::TYPES[0])
    }

    pub(crate) const fn declared(declaration: &'static Declaration) -> Self {
        Self(declaration)
    }

    /// The event's stable name, such as `ban-user`.
    pub fn name(&self) -> &'static str {
        self.0.name
    }

    /// The version of the event's fields, from `#[event(version = …)]`; 1 if none is given.
    pub fn version(&self) -> u32 {
        self.0.version
    }

    /// The type's doc comment, or an empty text.
    pub fn doc(&self) -> &'static str {
        self.0.doc
    }

    /// The type's fields in the order of their declaration.
    pub fn fields(&self) -> &'static [Field] {
        self.0.fields
    }

    /// The package that defines the type.
    pub fn plugin(&self) -> &'static str {
        self.0.module.plugin.name()
    }

    /// The type as [`std::any::type_name`] writes it: for people, not a stable name.
    pub fn rust_type(&self) -> &'static str {
        (self.0.rust_type)()
    }

    /// Where the type is defined.
    pub fn location(&self) -> &'static Location<'static> {
        self.0.location
    }

    pub(crate) fn plugin_identity(self) -> Plugin {
        self.0.module.plugin
    }

    /// The key of typed implementations.
    pub(crate) fn tracked_type(self) -> TypeId {
        self.0.tracked_type
    }

    pub(crate) fn number(self) -> Option<&'static Number> {
        self.0.number
    }
}

impl std::fmt::Debug for EventType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EventType")
            .field("name", &self.name())
            .field("version", &self.version())
            .field("rust_type", &self.rust_type())
            .finish_non_exhaustive()
    }
}

impl Serialize for EventType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut event = serializer.serialize_struct("EventType", 7)?;
        event.serialize_field("name", self.name())?;
        event.serialize_field("version", &self.version())?;
        event.serialize_field("rust_type", self.rust_type())?;
        event.serialize_field("doc", self.doc())?;
        event.serialize_field("fields", self.fields())?;
        event.serialize_field("plugin", self.plugin())?;
        event.serialize_field("location", &Place(self.location()))?;
        event.end()
    }
}

/// A field of an event, as it stands in the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Field {
    name: &'static str,
    rust_type: &'static str,
    doc: &'static str,
}

impl Field {
    #[doc(hidden)]
    pub const fn new(name: &'static str, rust_type: &'static str, doc: &'static str) -> Self {
        Self { name, rust_type, doc }
    }

    /// The field's name in Rust; serde attributes can give it another one in the properties.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The field's type as it is written in the source.
    pub fn rust_type(&self) -> &'static str {
        self.rust_type
    }

    /// The field's doc comment, or an empty text.
    pub fn doc(&self) -> &'static str {
        self.doc
    }
}
