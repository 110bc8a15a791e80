//! The events of these tests, and an app that delivers them to an implementation of the test's choice.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use event_core::AppBuilder;
use event_core::durable::Delivery;
use event_core::prelude::*;
use event_journal::testing::{self, ManualClock};
use event_journal::{ConsumerStatus, JournalExt, MemoryJournal};

#[derive(Event, serde::Deserialize)]
pub struct OrderPlaced {
    pub order: u32,
}

/// What a call of [`tell_billing`] returns.
pub type Told = Result<(), Box<dyn std::error::Error + Send + Sync>>;

type Billing = dyn Fn(u32, &Delivery) -> Told + Send + Sync;

/// Calls that [`tell_billing`] got, and what it answers.
#[derive(Clone)]
pub struct Calls {
    calls: Arc<Mutex<Vec<(u32, u32)>>>,
    answer: Arc<Billing>,
}

impl Calls {
    pub fn new(answer: impl Fn(u32, &Delivery) -> Told + Send + Sync + 'static) -> Self {
        Self { calls: Arc::default(), answer: Arc::new(answer) }
    }

    /// The orders and attempts since this was asked last.
    pub fn take(&self) -> Vec<(u32, u32)> {
        std::mem::take(&mut *self.calls.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[hookimpl(track_event, durable)]
pub fn tell_billing(app: &App, event: &OrderPlaced, delivery: &Delivery) -> Told {
    let calls = app.state::<Calls>()?;
    calls.calls.lock().unwrap_or_else(PoisonError::into_inner).push((event.order, delivery.attempt()));
    (calls.answer)(event.order, delivery)
}

/// An app with [`tell_billing`], whose time only the test moves.
pub struct Shop {
    pub app: App,
    pub clock: ManualClock,
    pub calls: Calls,
}

impl Shop {
    pub fn start(journal: &MemoryJournal, calls: &Calls) -> Self {
        Self::start_with(journal, calls, |builder| builder)
    }

    pub fn start_with(
        journal: &MemoryJournal,
        calls: &Calls,
        with: impl FnOnce(AppBuilder) -> AppBuilder,
    ) -> Self {
        let clock = ManualClock::new("2026-11-29T08:00:00Z".parse().expect("a time"));
        let builder = testing::app(journal)
            .insert(clock.clone())
            .insert(calls.clone())
            .failure_handler(|_| ())
            .event::<OrderPlaced>()
            .hook(tell_billing);
        let app = with(builder).start().wait().expect("the app starts");
        Self { app, clock, calls: calls.clone() }
    }

    pub fn place(&self, orders: std::ops::Range<u32>) {
        for order in orders {
            self.app.track(OrderPlaced { order }).wait().expect("it is kept");
        }
    }

    /// Waits until nothing can be called now; the calls until then.
    pub fn settled(&self) -> Vec<(u32, u32)> {
        self.app.deliveries().expect("the journal is open").settled().wait().expect("it runs");
        self.calls.take()
    }

    pub fn after(&self, time: Duration) -> Vec<(u32, u32)> {
        self.clock.advance(time);
        self.settled()
    }

    pub fn status(&self) -> ConsumerStatus {
        let deliveries = self.app.deliveries().expect("the journal is open");
        deliveries.consumers().wait().expect("it runs").remove(0)
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        let _ = self.app.shutdown().wait();
    }
}
