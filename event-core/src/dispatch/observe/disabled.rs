//! Replaces `enabled.rs` without the feature `tracing`, at no cost.
#![expect(clippy::unused_self, reason = "the same as with the feature")]

use std::future::Future;
use std::time::Duration;

use crate::dispatch::error::Result;
use crate::dispatch::implementation::Implementation;
use crate::dispatch::observe::CallEnd;
use crate::dispatch::receipt::Receipt;
use crate::event::tracked::Tracked;

#[inline]
pub(crate) fn may_be_heard() -> bool {
    false
}

pub(crate) struct CallSpan;

pub(crate) struct EnteredSpan<'a>(std::marker::PhantomData<&'a CallSpan>);

impl CallSpan {
    pub(crate) fn of(_: &Implementation) -> Self {
        Self
    }

    pub(crate) fn enter(&self) -> EnteredSpan<'_> {
        EnteredSpan(std::marker::PhantomData)
    }

    pub(crate) fn end(&self, _: &CallEnd<'_>, _: Duration) {}
}

pub(crate) struct EventSpan;

impl EventSpan {
    pub(crate) fn of(_: &Tracked) -> Self {
        Self
    }

    pub(crate) fn in_scope<T>(&self, call: impl FnOnce() -> T) -> T {
        call()
    }

    pub(crate) fn around<F: Future>(&self, call: F) -> F {
        call
    }

    pub(crate) fn end(self, _: &Result<Receipt>) {}
}
