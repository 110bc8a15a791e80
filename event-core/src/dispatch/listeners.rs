//! The plan of an event, found by the number of its type.
//!
//! A [`TypeMap`] alone would do. But then each event costs 20 instructions more: 80 instead of 62 without implementations, and
//! a fixed part of 214 instead of 194, where the target is 200.

use std::any::TypeId;
use std::sync::Arc;

use crate::dispatch::builtin::track_event;
use crate::dispatch::plan::Plan;
use crate::dispatch::type_map::TypeMap;
use crate::event::event_type::{Event, EventType};
use crate::event::tracked::TrackedOf;
use crate::event::type_number::Number;

/// The plan of each event type that an app knows.
pub(crate) struct Listeners {
    /// By number. Types of other apps have a place here as well, but no plan.
    by_number: Box<[Option<Arc<Plan<track_event>>>]>,
    /// Of types without a number.
    by_type: TypeMap<Arc<Plan<track_event>>>,
}

impl Listeners {
    /// `None` if the app doesn't know the type.
    #[inline]
    pub(crate) fn of<E: Event>(&self) -> Option<&Arc<Plan<track_event>>> {
        let number = const {
            match E::TYPES {
                [first, ..] => first.number,
                [] => None,
            }
        };
        match number {
            Some(number) => self.by_number.get(number.get())?.as_ref(),
            None => self.by_type.get(&TypeId::of::<TrackedOf<E>>()),
        }
    }
}

impl FromIterator<(EventType, Arc<Plan<track_event>>)> for Listeners {
    fn from_iter<I: IntoIterator<Item = (EventType, Arc<Plan<track_event>>)>>(plans: I) -> Self {
        let (mut by_number, mut by_type) = (vec![None], Vec::new());
        for (event, plan) in plans {
            match event.number().map(Number::get_or_give) {
                Some(number) => {
                    if by_number.len() <= number {
                        by_number.resize(number + 1, None);
                    }
                    by_number[number] = Some(plan);
                }
                None => by_type.push((event.tracked_type(), plan)),
            }
        }
        Self { by_number: by_number.into(), by_type: by_type.into_iter().collect() }
    }
}

#[cfg(test)]
mod tests {
    use event_derive::Event;

    use super::*;

    #[derive(Event)]
    struct Banned;

    #[derive(Event)]
    struct Unbanned;

    #[derive(Event)]
    struct Imported<T> {
        item: T,
    }

    fn listeners(events: &[EventType]) -> (Vec<Arc<Plan<track_event>>>, Listeners) {
        let plans: Vec<_> = events.iter().map(|_| Arc::new(Plan::new([]))).collect();
        let listeners = events.iter().copied().zip(plans.iter().cloned()).collect();
        (plans, listeners)
    }

    fn is(found: Option<&Arc<Plan<track_event>>>, plan: &Arc<Plan<track_event>>) -> bool {
        found.is_some_and(|found| Arc::ptr_eq(found, plan))
    }

    #[test]
    fn each_app_finds_the_plans_of_the_types_that_it_knows_and_of_no_others() {
        let (of_one, one) = listeners(&[EventType::of::<Unbanned>(), EventType::of::<Imported<u8>>()]);
        let (of_other, other) = listeners(&[
            EventType::of::<Imported<u16>>(),
            EventType::of::<Banned>(),
            EventType::of::<Unbanned>(),
        ]);
        assert!(one.of::<Banned>().is_none());
        assert!(is(one.of::<Unbanned>(), &of_one[0]));
        assert!(is(one.of::<Imported<u8>>(), &of_one[1]));
        assert!(one.of::<Imported<u16>>().is_none());
        assert!(is(other.of::<Imported<u16>>(), &of_other[0]));
        assert!(is(other.of::<Banned>(), &of_other[1]));
        assert!(is(other.of::<Unbanned>(), &of_other[2]));
        assert!(other.of::<Imported<u8>>().is_none());
        assert!(listeners(&[]).1.of::<Unbanned>().is_none());
    }
}
