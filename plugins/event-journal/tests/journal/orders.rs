//! The events of these tests, and an app that delivers them to an implementation of the test's choice.

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use event_core::durable::Delivery;
use event_core::prelude::*;
use event_core::{AppBuilder, Error};
use event_journal::testing::{self, ManualClock};
use event_journal::{ConsumerStatus, DeadLetter, Deliveries, JournalExt, MemoryJournal};

use crate::faults::FaultyJournal;

#[derive(Event, serde::Deserialize)]
pub struct OrderPlaced {
    pub order: u32,
}

/// What a call of [`tell_billing`] returns.
pub type Told = Result<(), BoxError>;
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

type With = Box<dyn Fn(AppBuilder) -> AppBuilder>;
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

    pub fn answer(&self, order: u32, delivery: &Delivery) -> Told {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).push((order, delivery.attempt()));
        (self.answer)(order, delivery)
    }
}

#[hookimpl(track_event, durable)]
pub fn tell_billing(app: &App, event: &OrderPlaced, delivery: &Delivery) -> Told {
    app.state::<Calls>()?.answer(event.order, delivery)
}

pub const BILLING: &str = "event-journal::tell_billing";

/// What apps are started with, one after the other: the same journal, the same time.
pub struct Setup {
    base: Box<dyn Fn() -> AppBuilder>,
    with: Vec<With>,
    pub clock: ManualClock,
    pub calls: Calls,
}

impl Setup {
    /// With a journal of its own, and [`tell_billing`], which answers so.
    pub fn new(answer: impl Fn(u32, &Delivery) -> Told + Send + Sync + 'static) -> Self {
        Self::over(&MemoryJournal::new(), answer)
    }

    pub fn over(
        journal: &MemoryJournal,
        answer: impl Fn(u32, &Delivery) -> Told + Send + Sync + 'static,
    ) -> Self {
        let journal = journal.clone();
        Self::based_on(move || testing::app(&journal), answer)
    }

    pub fn over_faulty(
        journal: &FaultyJournal,
        answer: impl Fn(u32, &Delivery) -> Told + Send + Sync + 'static,
    ) -> Self {
        let journal = journal.clone();
        Self::based_on(move || journal.app(), answer)
    }

    fn based_on(
        base: impl Fn() -> AppBuilder + 'static,
        answer: impl Fn(u32, &Delivery) -> Told + Send + Sync + 'static,
    ) -> Self {
        let clock = ManualClock::new("2026-11-29T08:00:00Z".parse().expect("a time"));
        let with: With = Box::new(|builder| builder.event::<OrderPlaced>().hook(tell_billing));
        Self { base: Box::new(base), with: vec![with], clock, calls: Calls::new(answer) }
    }

    /// The same with more.
    pub fn with(mut self, with: impl Fn(AppBuilder) -> AppBuilder + 'static) -> Self {
        self.with.push(Box::new(with));
        self
    }

    /// The same without [`tell_billing`].
    pub fn without_billing(mut self) -> Self {
        drop(self.with.remove(0));
        self
    }

    /// The same with these keys of `[plugins.event-journal]`.
    pub fn configured(self, keys: serde_json::Value) -> Self {
        self.with(move |builder| {
            builder.config(serde_json::json!({ "plugins": { "event-journal": keys.clone() } }))
        })
    }

    pub fn try_start(&self) -> Result<App, Error> {
        let builder =
            (self.base)().insert(self.clock.clone()).insert(self.calls.clone()).failure_handler(|_| ());
        let builder = self.with.iter().fold(builder, |builder, with| with(builder));
        builder.start().wait()
    }

    pub fn start(&self) -> Shop {
        let app = self.try_start().expect("the app starts");
        Shop { app, clock: self.clock.clone(), calls: self.calls.clone() }
    }

    /// Why it doesn't start, with all causes.
    pub fn start_error(&self) -> String {
        event_core::plugin::error_line(&self.try_start().expect_err("the app doesn't start"))
    }
}

/// An app whose time only the test moves.
pub struct Shop {
    pub app: App,
    pub clock: ManualClock,
    pub calls: Calls,
}

impl Shop {
    pub fn place(&self, orders: Range<u32>) {
        for order in orders {
            self.app.track(OrderPlaced { order }).wait().expect("it is kept");
        }
    }

    /// The same, and they are called without a save between.
    pub fn place_at_once(&self, orders: Range<u32>) {
        self.deliveries().pause(BILLING).wait().expect("it is paused");
        self.place(orders);
        self.deliveries().resume(BILLING).wait().expect("it is resumed");
    }

    pub fn deliveries(&self) -> Deliveries {
        self.app.deliveries().expect("the journal is open")
    }

    /// Waits until nothing can be called now; the calls until then.
    pub fn settled(&self) -> Vec<(u32, u32)> {
        self.deliveries().settled().wait().expect("it runs");
        self.calls.take()
    }

    pub fn after(&self, time: Duration) -> Vec<(u32, u32)> {
        self.clock.advance(time);
        self.settled()
    }

    /// The calls, if the consumer doesn't wait for the time of the next try.
    pub fn now(&self) -> Vec<(u32, u32)> {
        self.deliveries().deliver_now(BILLING).wait().expect("it runs");
        self.settled()
    }

    pub fn status(&self) -> ConsumerStatus {
        self.status_of(BILLING)
    }

    pub fn status_of(&self, consumer: &str) -> ConsumerStatus {
        let consumers = self.deliveries().consumers().wait().expect("it runs");
        consumers.into_iter().find(|status| status.name == consumer).expect("the app has this consumer")
    }

    pub fn dead_letters(&self) -> Vec<DeadLetter> {
        self.dead_letters_of(BILLING)
    }

    pub fn dead_letters_of(&self, consumer: &str) -> Vec<DeadLetter> {
        self.deliveries().dead_letters(consumer, 0, 100).wait().expect("the journal can be read")
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        let _ = self.app.shutdown().wait();
    }
}

/// What implementations of a test have noted, in order.
#[derive(Clone, Default)]
pub struct Noted(Arc<Mutex<Vec<String>>>);

impl Noted {
    pub fn note(&self, text: impl Into<String>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(text.into());
    }

    /// What was noted since this was asked last.
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
