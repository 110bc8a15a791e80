//! The envelope of a tracked event: its type, its id, who caused it and when.

use std::sync::atomic::{AtomicU8, Ordering};
use std::time::SystemTime;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::event::actor::Actor;
use crate::event::context::Context;
use crate::event::date::date_of;
use crate::event::durability::Durability;
use crate::event::event_type::EventType;
use crate::event::id::{self, LazyId};
use crate::event::rfc3339::fault_of_time;
use crate::event::test_clock::TestClock;

/// The envelope that implementations see.
pub(crate) struct Envelope {
    event_type: EventType,
    created: SystemTime,
    actor: Option<Actor>,
    id: LazyId,
    rare: Option<Box<Rare>>,
    durability: AtomicU8,
}

/// Parts that few events have; in a box, so that the others stay small.
struct Rare {
    id: Option<Uuid>,
    context: Context,
}

/// What a caller said about an event.
#[derive(Default)]
pub(crate) struct Said {
    pub(crate) actor: Option<Actor>,
    pub(crate) given: Option<Box<Details>>,
}

/// Parts that few callers give; in a box, so that other calls stay small.
#[derive(Default)]
pub(crate) struct Details {
    pub(crate) id: Option<Uuid>,
    pub(crate) created: Option<DateTime<Utc>>,
    pub(crate) context: Context,
}

impl Said {
    /// Whether it has more than an actor that can be written.
    #[inline]
    fn is_unusual(&self) -> bool {
        self.given.is_some() || Self::is_fault(self.actor.as_ref())
    }

    /// Whether this actor can't be written.
    #[inline]
    pub(crate) fn is_fault(actor: Option<&Actor>) -> bool {
        actor.is_some_and(|actor| actor.fault().is_some())
    }

    /// With the time and the id that the app fixes for tests, unless the caller gave them.
    ///
    /// # Errors
    /// Refuses parts that can't be written and read back as the same.
    #[inline]
    pub(crate) fn completed(mut self, clock: Option<&TestClock>) -> Result<Self, String> {
        if let Some(clock) = clock {
            clock.complete(&mut self);
        }
        if self.is_unusual()
            && let Some(why) = self.fault()
        {
            return Err(why);
        }
        Ok(self)
    }

    #[cold]
    fn fault(&self) -> Option<String> {
        let actor = self.actor.as_ref().and_then(Actor::fault);
        let actor = actor.map(|why| format!("its actor can't be written: {why}"));
        let created = self.given.as_ref().and_then(|given| given.created);
        actor.or_else(|| created.and_then(fault_of_time))
    }
}

impl Envelope {
    /// Of an event that happens now.
    #[inline]
    pub(crate) fn now(event_type: EventType, actor: Option<Actor>) -> Self {
        Self::at(now(), event_type, actor)
    }

    /// With what the caller gave.
    #[inline]
    pub(crate) fn new(event_type: EventType, said: Said) -> Self {
        match said.given {
            None => Self::now(event_type, said.actor),
            Some(given) => Self::of_given(event_type, said.actor, *given),
        }
    }

    /// With a given time, the clock isn't read: there may be none.
    #[cold]
    fn of_given(event_type: EventType, actor: Option<Actor>, given: Details) -> Self {
        if given.created.is_some() && given.id.is_none() {
            id::follow_process();
        }
        let created = given.created.map_or_else(now, SystemTime::from);
        let rare = Rare { id: given.id, context: given.context };
        let rare = (rare.id.is_some() || !rare.context.is_empty()).then(|| Box::new(rare));
        Self { rare, ..Self::at(created, event_type, actor) }
    }

    #[inline]
    fn at(created: SystemTime, event_type: EventType, actor: Option<Actor>) -> Self {
        Self {
            event_type,
            created,
            actor,
            id: LazyId::default(),
            rare: None,
            durability: AtomicU8::new(Durability::Nothing as u8),
        }
    }

    #[inline]
    pub(crate) fn into_actor(self) -> Option<Actor> {
        let Self { actor, rare, .. } = self;
        if rare.is_some() {
            end(rare);
        }
        actor
    }

    pub(crate) fn name(&self) -> &'static str {
        self.event_type.name()
    }

    pub(crate) fn version(&self) -> u32 {
        self.event_type.version()
    }

    pub(crate) fn id(&self) -> Uuid {
        self.given_id().unwrap_or_else(|| self.id.get_or_make(self.created))
    }

    pub(crate) fn actor(&self) -> Option<&Actor> {
        self.actor.as_ref()
    }

    /// To the microsecond, which every form of the time can represent.
    pub(crate) fn created(&self) -> DateTime<Utc> {
        date_of(self.created)
    }

    pub(crate) fn promise(&self, durability: Durability) {
        self.durability.fetch_max(durability as u8, Ordering::Relaxed);
    }

    /// The promised durability as a number, as a receipt keeps it.
    #[inline]
    pub(crate) fn durability_number(&self) -> u8 {
        self.durability.load(Ordering::Relaxed)
    }

    pub(crate) fn durability(&self) -> Durability {
        Durability::from_u8(self.durability.load(Ordering::Relaxed))
    }

    /// The random part of the id, if it was made, and the time: a receipt makes the id from both.
    #[inline]
    pub(crate) fn lazy_id(&self) -> (LazyId, SystemTime) {
        (self.id.clone(), self.created)
    }

    pub(crate) fn given_id(&self) -> Option<Uuid> {
        self.rare.as_ref()?.id
    }

    pub(crate) fn context(&self) -> Option<&Context> {
        self.rare.as_ref().map(|rare| &rare.context).filter(|context| !context.is_empty())
    }
}

/// Drops the parts that few events have, out of line.
#[cold]
#[inline(never)]
fn end(rare: Option<Box<Rare>>) {
    drop(rare);
}

/// The clock's time. Reading it is cheap, converting it to a date isn't.
#[inline]
pub(crate) fn now() -> SystemTime {
    // Without an operating system, only chrono knows the clock.
    if cfg!(all(target_family = "wasm", target_os = "unknown")) {
        Utc::now().into()
    } else {
        SystemTime::now()
    }
}
