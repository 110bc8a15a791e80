//! A tracked event, as implementations see it: the event and its envelope.

use std::any::{Any, TypeId};
use std::sync::OnceLock;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::event::actor::Actor;
use crate::event::context::Context;
use crate::event::durability::Durability;
use crate::event::envelope::{Details, Envelope, Said};
use crate::event::event_type::{Event, EventType};
use crate::event::foreign;
use crate::event::json::{self, Properties, PropertiesError};
use crate::event::record::{Record, Text};

/// A tracked event: `&Tracked` is any event, `&Tracked<BanUser>` is a `BanUser` with its envelope.
///
/// An alias without a lifetime, so that it can be written plainly in `fn` and `async fn` alike. `&Tracked` is
/// [`&dyn AnyTracked`](AnyTracked), `&Tracked<E>` is [`&TrackedOf<E>`](TrackedOf), which derefs to `E`.
///
/// ```
/// use event_core::prelude::*;
///
/// #[derive(Event)]
/// struct BanUser {
///     user: String,
/// }
///
/// #[hookimpl(track_event)]
/// fn every_event(event: &Tracked) {
///     println!("{} at {}", event.name(), event.created());
/// }
///
/// #[hookimpl(track_event)]
/// async fn bans_only(event: &Tracked<BanUser>) {
///     println!("{} was banned by {:?}", event.user, event.actor());
/// }
/// ```
pub type Tracked<E = dyn AnyTracked> = <E as AsTracked>::Tracked;

/// The type that [`Tracked`] is an alias of. Implemented for every type, so that a type that isn't an event is reported once.
#[doc(hidden)]
pub trait AsTracked {
    type Tracked: ?Sized;
}

impl AsTracked for dyn AnyTracked {
    type Tracked = dyn AnyTracked;
}

impl<E> AsTracked for E {
    type Tracked = TrackedOf<E>;
}

/// Any tracked event. Application code writes [`&Tracked`](Tracked).
///
/// Implemented by [`TrackedOf`] and by [`Record`]; sealed, so that methods can be added.
pub trait AnyTracked: Any + Send + Sync + sealed::Sealed {
    /// The event's stable name, such as `ban-user`.
    fn name(&self) -> &str;

    /// The version of the event's fields.
    fn version(&self) -> u32;

    /// The event's id, a `UUIDv7` unless the caller gave another. Made when it is first asked for; then it stays.
    fn id(&self) -> Uuid;

    /// Who caused the event; `None` without an actor.
    fn actor(&self) -> Option<&Actor>;

    /// The event's context: trace, request, tenant, cause, and texts of the application; `None` without one.
    fn context(&self) -> Option<&Context>;

    /// When it happened, to the microsecond.
    fn created(&self) -> DateTime<Utc>;

    /// The event's fields as a JSON object; made at most once.
    ///
    /// # Errors
    /// When a field can't be written as JSON; see [`PropertiesError`].
    fn properties(&self) -> Result<&Properties, PropertiesError>;

    /// The event's fields as JSON text; made at most once, and never from the map.
    ///
    /// # Errors
    /// When a field can't be written as JSON; see [`PropertiesError`].
    fn properties_json(&self) -> Result<&str, PropertiesError>;

    /// Appends the event's fields as JSON text to `out`, without allocating a text of its own.
    ///
    /// The cheapest form for one reader; for several, [`properties_json`](Self::properties_json) makes it once.
    ///
    /// # Errors
    /// When a field can't be written as JSON; `out` is then as it was.
    fn write_properties(&self, out: &mut Vec<u8>) -> Result<(), PropertiesError>;

    /// Says how durably an implementation has stored this event, for the caller's
    /// [`Receipt::durability`](crate::Receipt::durability). The best one counts.
    fn promise(&self, durability: Durability);

    /// The best durability that an implementation has promised so far.
    fn durability(&self) -> Durability;

    /// The event with its envelope as plain data that can be kept, sent and read back.
    ///
    /// # Errors
    /// When a field can't be written as JSON; see [`PropertiesError`].
    fn to_record(&self) -> Result<Record, PropertiesError>;
}

impl dyn AnyTracked {
    /// The event itself, if it is an `E`.
    pub fn downcast_ref<E: Event>(&self) -> Option<&E> {
        self.as_tracked::<E>().map(|tracked| &tracked.event)
    }

    /// Whether the event is an `E`.
    pub fn is<E: Event>(&self) -> bool {
        self.as_tracked::<E>().is_some()
    }

    pub(crate) fn as_tracked<E: Event>(&self) -> Option<&TrackedOf<E>> {
        (self as &dyn Any).downcast_ref()
    }

    /// The envelope of an event that an app tracks.
    pub(crate) fn envelope(&self) -> &Envelope {
        self.own_envelope().expect("a record isn't tracked")
    }

    /// The key of typed implementations.
    pub(crate) fn tracked_type(&self) -> TypeId {
        (self as &dyn Any).type_id()
    }
}

/// Shows name, id and time; the fields can be large or secret.
impl std::fmt::Debug for dyn AnyTracked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tracked")
            .field("name", &self.name())
            .field("id", &self.id())
            .field("created", &self.created())
            .finish_non_exhaustive()
    }
}

/// An event of type `E` with its envelope. Application code writes [`&Tracked<E>`](Tracked).
pub struct TrackedOf<E> {
    event: E,
    envelope: Envelope,
    forms: OnceLock<Box<Forms>>,
}

/// The properties in the forms that were asked for. Allocated at the first use, since most events need none.
#[derive(Default)]
struct Forms {
    map: OnceLock<Result<Properties, PropertiesError>>,
    text: OnceLock<Result<String, PropertiesError>>,
    /// Whether the map was read back: then it is what the properties are, also if the event would write others.
    is_stored: bool,
}

/// The envelope's methods exist also while `E` lacks `#[derive(Event)]`, so that the missing derive is reported once.
impl<E> TrackedOf<E> {
    /// The event itself; [`Deref`](std::ops::Deref) gives it too.
    pub fn event(&self) -> &E {
        &self.event
    }

    /// The event's stable name, such as `ban-user`.
    pub fn name(&self) -> &str {
        self.envelope.name()
    }

    /// The version of the event's fields.
    pub fn version(&self) -> u32 {
        self.envelope.version()
    }

    /// The event's id; see [`AnyTracked::id`].
    pub fn id(&self) -> Uuid {
        self.envelope.id()
    }

    /// Who caused the event; `None` without an actor.
    pub fn actor(&self) -> Option<&Actor> {
        self.envelope.actor()
    }

    /// The event's context; see [`AnyTracked::context`].
    pub fn context(&self) -> Option<&Context> {
        self.envelope.context()
    }

    /// When it happened, to the microsecond.
    pub fn created(&self) -> DateTime<Utc> {
        self.envelope.created()
    }

    /// Says how durably the event is stored; see [`AnyTracked::promise`].
    pub fn promise(&self, durability: Durability) {
        self.envelope.promise(durability);
    }

    /// The best so far; see [`AnyTracked::durability`].
    pub fn durability(&self) -> Durability {
        self.envelope.durability()
    }

    #[inline]
    pub(crate) fn envelope(&self) -> &Envelope {
        &self.envelope
    }
}

impl<E: Event> TrackedOf<E> {
    #[inline]
    pub(crate) fn now(event: E, actor: Option<Actor>) -> Self {
        Self { envelope: Envelope::now(event.event_type(), actor), event, forms: OnceLock::new() }
    }

    pub(crate) fn new(event: E, said: Said) -> Self {
        Self { envelope: Envelope::new(event.event_type(), said), event, forms: OnceLock::new() }
    }

    /// An event that was read back from where it is kept. Its properties are the record's, also if `E` would write others.
    pub(crate) fn stored(event: E, event_type: EventType, record: &Record) -> Self {
        let details = Details {
            id: Some(record.id),
            created: Some(record.created),
            context: record.context.clone().unwrap_or_default(),
        };
        let said = Said { actor: record.actor.clone(), given: Some(Box::new(details)) };
        let forms = Forms {
            map: OnceLock::from(Ok(record.properties.clone())),
            text: OnceLock::new(),
            is_stored: true,
        };
        Self { envelope: Envelope::new(event_type, said), event, forms: OnceLock::from(Box::new(forms)) }
    }

    /// Does the same as dropping it, but inlined: the compiler doesn't inline drop glue here.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "a frame more costs a tenth of what an event may cost")]
    pub(crate) fn end(self) {
        let Self { event, envelope, forms } = self;
        if std::mem::needs_drop::<E>() {
            foreign::discard(event);
        }
        drop(envelope.into_actor());
        drop(forms.into_inner());
    }

    fn forms(&self) -> &Forms {
        self.forms.get_or_init(Box::default)
    }

    /// The event's fields as a JSON object; see [`AnyTracked::properties`].
    ///
    /// # Errors
    /// When a field can't be written as JSON.
    pub fn properties(&self) -> Result<&Properties, PropertiesError> {
        self.forms().map.get_or_init(|| json::to_map(&self.event)).as_ref().map_err(Clone::clone)
    }

    /// The event's fields as JSON text; see [`AnyTracked::properties_json`].
    ///
    /// # Errors
    /// When a field can't be written as JSON.
    #[expect(clippy::missing_panics_doc, reason = "serde_json writes UTF-8")]
    pub fn properties_json(&self) -> Result<&str, PropertiesError> {
        let text = self.forms().text.get_or_init(|| {
            let mut text = Vec::with_capacity(128);
            self.write_text(&mut text)?;
            Ok(String::from_utf8(text).expect("serde_json writes UTF-8"))
        });
        text.as_deref().map_err(Clone::clone)
    }

    /// Appends the event's fields as JSON text; see [`AnyTracked::write_properties`].
    ///
    /// # Errors
    /// When a field can't be written as JSON; `out` is then as it was.
    pub fn write_properties(&self, out: &mut Vec<u8>) -> Result<(), PropertiesError> {
        match self.forms.get().and_then(|forms| forms.text.get()) {
            Some(Ok(text)) => {
                out.extend_from_slice(text.as_bytes());
                Ok(())
            }
            Some(Err(error)) => Err(error.clone()),
            None => self.write_text(out),
        }
    }

    fn write_text(&self, out: &mut Vec<u8>) -> Result<(), PropertiesError> {
        match self.forms.get().filter(|forms| forms.is_stored).and_then(|forms| forms.map.get()) {
            Some(Ok(map)) => json::of_record(self.name(), map, out),
            _ => json::to_text(&self.event, out),
        }
    }

    /// The event with its envelope as plain data; see [`AnyTracked::to_record`].
    ///
    /// # Errors
    /// When a field can't be written as JSON.
    pub fn to_record(&self) -> Result<Record, PropertiesError> {
        Ok(Record {
            id: self.id(),
            name: self.name().to_owned(),
            version: self.version(),
            created: self.created(),
            actor: self.actor().cloned(),
            context: self.context().cloned(),
            properties: self.properties()?.clone(),
            text: Text::default(),
        })
    }
}

impl<E> std::ops::Deref for TrackedOf<E> {
    type Target = E;

    fn deref(&self) -> &E {
        &self.event
    }
}

impl<E: Event> std::fmt::Debug for TrackedOf<E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        (self as &dyn AnyTracked).fmt(f)
    }
}

impl<E: Event> AnyTracked for TrackedOf<E> {
    fn name(&self) -> &str {
        self.name()
    }

    fn version(&self) -> u32 {
        self.version()
    }

    fn id(&self) -> Uuid {
        self.id()
    }

    fn actor(&self) -> Option<&Actor> {
        self.actor()
    }

    fn context(&self) -> Option<&Context> {
        self.context()
    }

    fn created(&self) -> DateTime<Utc> {
        self.created()
    }

    fn properties(&self) -> Result<&Properties, PropertiesError> {
        self.properties()
    }

    fn properties_json(&self) -> Result<&str, PropertiesError> {
        self.properties_json()
    }

    fn write_properties(&self, out: &mut Vec<u8>) -> Result<(), PropertiesError> {
        self.write_properties(out)
    }

    fn promise(&self, durability: Durability) {
        self.promise(durability);
    }

    fn durability(&self) -> Durability {
        self.durability()
    }

    fn to_record(&self) -> Result<Record, PropertiesError> {
        self.to_record()
    }
}

mod sealed {
    use crate::event::envelope::Envelope;

    pub trait Sealed {
        /// `None` if it isn't tracked by an app: a record.
        #[expect(private_interfaces, reason = "only this crate asks for it")]
        fn own_envelope(&self) -> Option<&Envelope>;
    }

    impl<E: super::Event> Sealed for super::TrackedOf<E> {
        #[expect(private_interfaces, reason = "as above")]
        fn own_envelope(&self) -> Option<&Envelope> {
            Some(self.envelope())
        }
    }

    impl Sealed for super::Record {
        #[expect(private_interfaces, reason = "as above")]
        fn own_envelope(&self) -> Option<&Envelope> {
            None
        }
    }
}
