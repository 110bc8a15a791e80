//! The app's state: one value of each type.

use std::any::{Any, TypeId, type_name};
use std::marker::PhantomData;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::{self, ThreadId};

use crate::dispatch::error::{Error, Result};

/// A list that only grows: a plugin may look for its value at each event, there are few values, and so no look-up waits for
/// a lock.
#[derive(Default)]
pub(crate) struct StateMap(OnceLock<Box<Entry>>);

struct Entry {
    value_type: TypeId,
    rust_type: &'static str,
    value: Arc<dyn Any + Send + Sync>,
    rest: StateMap,
}

impl StateMap {
    pub(crate) fn insert<T: Send + Sync + 'static>(&self, value: T) -> Result<()> {
        let value_type = TypeId::of::<T>();
        let rust_type = type_name::<T>();
        let mut entry =
            Box::new(Entry { value_type, rust_type, value: Arc::new(value), rest: Self::default() });
        let mut end = self;
        while let Err(not_the_end) = end.0.set(entry) {
            entry = not_the_end;
            let there = end.0.get().expect("what can't be set is there");
            if there.value_type == value_type {
                return Err(Error::StateExists { rust_type });
            }
            end = &there.rest;
        }
        Ok(())
    }

    pub(crate) fn get<T: Send + Sync + 'static>(&self) -> Result<Arc<T>> {
        self.find().ok_or_else(|| self.missing(type_name::<T>()))
    }

    #[inline]
    fn find<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        let mut rest = self;
        while let Some(entry) = rest.0.get() {
            if entry.value_type == TypeId::of::<T>() {
                return Some(entry.value.clone().downcast().expect("it is of its type"));
            }
            rest = &entry.rest;
        }
        None
    }

    /// The value, or else the one that `init` makes. Threads that ask meanwhile wait for it. `turns` is a list beside
    /// this one, which holds no values of an application.
    #[inline]
    pub(crate) fn get_or_try_init<T: Send + Sync + 'static, E>(
        &self,
        turns: &Self,
        init: impl FnOnce() -> Result<T, E>,
    ) -> Result<Arc<T>, E> {
        match self.find() {
            Some(value) => Ok(value),
            None => self.try_init(turns, init),
        }
    }

    #[cold]
    fn try_init<T: Send + Sync + 'static, E>(
        &self,
        turns: &Self,
        init: impl FnOnce() -> Result<T, E>,
    ) -> Result<Arc<T>, E> {
        let _ = turns.insert(Turn::<T>::default());
        let turn = turns.find::<Turn<T>>().expect("it was put in at the latest now");
        let this_thread = Some(thread::current().id());
        assert!(
            *lock(&turn.holder) != this_thread,
            "the closure that makes the app's `{}` asks the app for it; use what the closure has already",
            type_name::<T>()
        );
        let _turn = lock(&turn.taken);
        if let Some(value) = self.find() {
            return Ok(value);
        }
        *lock(&turn.holder) = this_thread;
        let _holds = Holds(&turn.holder);
        let _ = self.insert(init()?);
        Ok(self.find().expect("it was put in at the latest now"))
    }

    #[cold]
    fn missing(&self, rust_type: &'static str) -> Error {
        let mut rest = self;
        while let Some(entry) = rest.0.get() {
            let held = entry.rust_type;
            if held == rust_type || has_argument(held, rust_type) || has_argument(rust_type, held) {
                return Error::OtherState { rust_type, held };
            }
            rest = &entry.rest;
        }
        Error::NoState { rust_type }
    }
}

/// Whose turn it is to make the value of type `T`.
struct Turn<T> {
    taken: Mutex<()>,
    holder: Mutex<Option<ThreadId>>,
    of: PhantomData<fn() -> T>,
}

impl<T> Default for Turn<T> {
    fn default() -> Self {
        Self { taken: Mutex::default(), holder: Mutex::default(), of: PhantomData }
    }
}

/// Gives the turn back, also when the closure panics.
struct Holds<'t>(&'t Mutex<Option<ThreadId>>);

impl Drop for Holds<'_> {
    fn drop(&mut self) {
        *lock(self.0) = None;
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether a type is generic over another, at any depth: `Arc<Mutex<Pool>>` over `Pool`.
fn has_argument(generic: &str, argument: &str) -> bool {
    let mut inner = generic;
    while let Some((_, arguments)) = inner.split_once('<') {
        inner = arguments.strip_suffix('>').unwrap_or(arguments);
        if inner == argument {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    struct Of<const NUMBER: usize>(usize);

    #[test]
    fn every_type_has_a_value_of_its_own_and_keeps_it() {
        let state = StateMap::default();
        assert!(matches!(state.get::<Of<0>>(), Err(Error::NoState { .. })));
        state.insert(Of::<0>(10)).expect("the first of its type");
        state.insert(Of::<1>(11)).expect("the first of its type");
        assert!(matches!(state.insert(Of::<0>(20)), Err(Error::StateExists { .. })));
        assert!(matches!(state.insert(Of::<1>(21)), Err(Error::StateExists { .. })));
        let found = (state.get::<Of<0>>().map(|it| it.0), state.get::<Of<1>>().map(|it| it.0));
        assert!(matches!(found, (Ok(10), Ok(11))));
        assert!(matches!(state.get::<Of<2>>(), Err(Error::NoState { .. })));
    }

    #[test]
    fn of_threads_that_insert_at_once_one_is_first_with_each_type_and_no_value_is_lost() {
        for _ in 0..200 {
            let state = &StateMap::default();
            let insert = |thread| {
                let inserted = [
                    state.insert(Of::<0>(thread)),
                    state.insert(Of::<1>(thread)),
                    state.insert(Of::<2>(thread)),
                ];
                inserted.iter().filter(|it| it.is_ok()).count()
            };
            let inserted: usize = thread::scope(|scope| {
                let threads = [0, 1, 2, 3].map(|thread| scope.spawn(move || insert(thread)));
                threads.map(|thread| thread.join().expect("it doesn't panic")).into_iter().sum()
            });
            assert_eq!(inserted, 3);
            assert!(
                state.get::<Of<0>>().is_ok() && state.get::<Of<1>>().is_ok() && state.get::<Of<2>>().is_ok()
            );
        }
    }
}
