//! An app whose durable implementation tells its test what it hears, and that the test can hold in a call.

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, PoisonError};

use event_core::AppBuilder;
use event_core::durable::Rejected;
use event_core::prelude::*;
use event_journal::{Deliverer, Deliveries, JournalExt};

use crate::consumers::deliver;
use crate::writer::{Counted, Task, Told, app};

/// What [`hears`] got, and how a test holds it in its call.
struct Listener {
    heard: Mutex<Vec<u32>>,
    held_at: u32,
    rejected: AtomicU32,
    is_held: Sender<()>,
    go: Mutex<Receiver<()>>,
}

#[hookimpl(track_event, durable)]
pub(crate) fn hears(app: &App, event: &Counted) -> Result<(), Rejected> {
    let listener = app.state::<Listener>().expect("it is there");
    if event.number == listener.rejected.load(Ordering::Relaxed) {
        return Err(Rejected::new("it isn't for this one"));
    }
    listener.heard.lock().unwrap_or_else(PoisonError::into_inner).push(event.number);
    if event.number == listener.held_at {
        listener.is_held.send(()).expect("the test waits");
        let _ = listener.go.lock().unwrap_or_else(PoisonError::into_inner).recv();
    }
    Ok(())
}

pub(crate) const NONE: u32 = u32::MAX;

/// An app with [`hears`], which is held in the call of one event until the test lets it go.
pub(crate) struct Listening {
    pub(crate) app: App,
    pub(crate) is_held: Receiver<()>,
    pub(crate) go: Sender<()>,
}

impl Listening {
    pub(crate) fn start(file: &Path, held_at: u32, rejected: u32) -> Self {
        Self::try_start(file, held_at, rejected, |builder| builder.hook(hears)).expect("the app starts")
    }

    /// One that keeps only its newest event, and whose consumer is held by nothing.
    pub(crate) fn start_keeping_one(file: &Path, rejected: u32) -> Self {
        let keep = json!({ "plugins": { "event-sqlite": { "store": { "keep_rows": 1 } } } });
        let with = |builder: AppBuilder| builder.hook(hears).config(keep);
        Self::try_start(file, NONE, rejected, with).expect("the app starts")
    }

    pub(crate) fn try_start(
        file: &Path,
        held_at: u32,
        rejected: u32,
        with: impl FnOnce(AppBuilder) -> AppBuilder,
    ) -> event_core::Result<Self> {
        let ((held, is_held), (go, goes)) = (channel(), channel());
        let rejected = AtomicU32::new(rejected);
        let listener =
            Listener { heard: Mutex::default(), held_at, rejected, is_held: held, go: Mutex::new(goes) };
        let builder = deliver(app(&Task::endless(file.to_owned(), Told::default()))).insert(listener);
        Ok(Self { app: with(builder).start().wait()?, is_held, go })
    }

    pub(crate) fn reject(&self, number: u32) {
        self.app.state::<Listener>().expect("it is there").rejected.store(number, Ordering::Relaxed);
    }

    pub(crate) fn track(&self, number: u32) {
        let event = Counted { producer: 0, number, filler: String::new() };
        self.app.track(event).wait().expect("the disk works");
    }

    pub(crate) fn heard(&self) -> Vec<u32> {
        let listener = self.app.state::<Listener>().expect("it is there");
        listener.heard.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn deliveries(&self) -> Deliveries {
        self.app.deliveries().expect("it has a consumer")
    }

    /// Nothing can be called now: all are delivered, or the disk keeps it from going on.
    pub(crate) fn settle(&self) {
        loop {
            self.deliveries().settled().wait().expect("it runs");
            let consumers = self.deliveries().consumers().wait().expect("it runs");
            // One that couldn't let go of its consumers has them for a lease.
            if consumers.iter().all(|consumer| consumer.deliverer != Deliverer::AnotherProcess) {
                return;
            }
            std::thread::yield_now();
        }
    }

    pub(crate) fn dead(&self) -> usize {
        let name = self.name();
        self.deliveries().dead_letters(name, 0, 9).wait().expect("they can be read").len()
    }

    pub(crate) fn name(&self) -> String {
        self.deliveries().consumers().wait().expect("it runs").remove(0).name
    }
}
