//! What plugins put into the app for each other: one value of each type.

use std::any::{Any, TypeId, type_name};
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use crate::error::{Error, Result};

/// A tree, for a plugin may look for its value at each event: there are few, and hashing a type costs more than comparing
/// it with them.
#[derive(Default)]
pub(crate) struct State(RwLock<BTreeMap<TypeId, Arc<dyn Any + Send + Sync>>>);

impl State {
    pub(crate) fn insert<T: Send + Sync + 'static>(&self, value: T) -> Result<()> {
        let mut values = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if values.contains_key(&TypeId::of::<T>()) {
            return Err(Error::StateExists { rust_type: type_name::<T>() });
        }
        values.insert(TypeId::of::<T>(), Arc::new(value));
        Ok(())
    }

    pub(crate) fn get<T: Send + Sync + 'static>(&self) -> Result<Arc<T>> {
        let values = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let value = values.get(&TypeId::of::<T>()).cloned();
        let value = value.and_then(|value| value.downcast::<T>().ok());
        value.ok_or(Error::NoState { rust_type: type_name::<T>() })
    }
}
