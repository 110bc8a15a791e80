//! The deliveries of an app: each durable implementation is a consumer, which is called for the events of the journal.

mod again;
mod call;
pub(crate) mod clock;
pub(crate) mod command;
mod commands;
mod consumer;
pub(crate) mod deliveries;
pub(crate) mod done;
mod ending;
mod engine;
mod failing;
mod guarded;
#[cfg(all(test, shuttle))]
mod interleavings;
mod jobs;
mod lanes;
mod leases;
pub(crate) mod letters;
mod next;
mod order;
mod outcomes;
mod pauses;
mod rearming;
mod removing;
mod renaming;
mod requests;
mod saving;
mod stalls;
pub(crate) mod status;
mod suspects;
mod telling;
mod threads;
mod tombstone;
mod value;
mod window;
mod worker;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use event_core::App;
use event_core::plugin::{Consumer, Order};
use futures_channel::oneshot;
use uuid::Uuid;

use self::clock::{Clock, Jumps, ManualClock};
use self::command::Refused;
use self::consumer::{Held, Lease, Ownership, State};
use self::engine::{Engine, LOW, Message};
use self::guarded::guarded;
use self::lanes::Lanes;
use self::renaming::{Loaded, load_or_create};
use self::saving::{read_next, wait};
use self::telling::Teller;
use self::threads::Threads;
use self::window::Window;
use self::worker::Caller;
use crate::error::{Error, Result};
use crate::journal::{Filter, Journal};
use crate::log::log;
use crate::settings::{Settings, Tries};
use crate::waiting::Process;

/// The state of this plugin in an app.
pub(crate) struct Delivering {
    asked: Arc<Asked>,
    /// Until the app has started.
    engine: Mutex<Option<Engine>>,
    shutdown: Duration,
}

/// What is asked through [`Deliveries`], which keep no engine running whose app is gone.
struct Asked {
    /// Of an app without durable implementations, none.
    journal: Option<Arc<dyn Journal>>,
    /// The names of the app's consumers.
    consumers: Vec<String>,
    /// To the engine, once it runs.
    outbox: OnceLock<Sender<Message>>,
    process: Process,
    /// With what message the engine has panicked, if it has.
    panicked: OnceLock<String>,
}

impl Asked {
    fn new(journal: Option<Arc<dyn Journal>>, consumers: &[Held]) -> Arc<Self> {
        Arc::new(Self {
            journal,
            consumers: consumers.iter().map(|held| held.name().to_owned()).collect(),
            outbox: OnceLock::new(),
            process: Process::this(),
            panicked: OnceLock::new(),
        })
    }

    /// Asked before any lock is taken: of a forked process, which has none of the engine's threads.
    fn journal(&self) -> Result<&Arc<dyn Journal>, Refused> {
        let journal = self.journal.as_ref().ok_or(Refused::NotRunning)?;
        if self.process.is_another() { Err(Refused::Forked) } else { Ok(journal) }
    }

    fn outbox(&self) -> Result<&Sender<Message>, Refused> {
        self.journal()?;
        self.outbox.get().ok_or(Refused::NotRunning)
    }

    fn run(&self, engine: Engine) {
        if let Err(message) = guarded(|| engine.run()) {
            log(format_args!(
                "the engine has panicked, and delivers nothing until the next start: {message}"
            ));
            let _ = self.panicked.set(message);
        }
    }
}

impl Delivering {
    /// Saves where each new consumer begins, and loads how far the others have got.
    pub(crate) fn open(
        app: &App,
        consumers: Vec<Consumer>,
        journal: Option<Arc<dyn Journal>>,
        settings: &Settings,
    ) -> Result<Self> {
        let shutdown = Duration::from_millis(settings.shutdown_ms);
        let (Some(journal), false) = (journal, consumers.is_empty()) else {
            return Ok(Self { asked: Asked::new(None, &[]), engine: Mutex::new(None), shutdown });
        };
        let clock = app.state::<ManualClock>().map_or(Clock::System, |clock| Clock::Manual((*clock).clone()));
        let failed = |error| Error::Journal { place: journal.place(), cause: error };
        let identity = wait(|| journal.identity()).map_err(failed)?;
        let end = wait(|| journal.end()).map_err(failed)?;
        let (outbox, inbox) = mpsc::channel();
        let mut engine = Engine {
            app: app.downgrade(),
            journal: journal.clone(),
            consumers: Vec::new(),
            stalled_after: Duration::from_secs(settings.stalled_after_s.get()),
            inbox,
            waker: engine::waker(&outbox),
            watch_at: None,
            outbox,
            threads: Threads::of(app),
            owner: Uuid::new_v4(),
            known_end: end,
            log_identity: identity.clone(),
            lease: Duration::from_millis(settings.lease_ms.get()),
            began: Instant::now(),
            watched_at: None,
            suspect_turn: None,
            newer: None,
            save_at: None,
            teller: Teller::default(),
            settling: Vec::new(),
            tasks: Vec::new(),
            removals: Vec::new(),
            clock,
            jumps: Jumps::new(),
        };
        for consumer in consumers {
            let key = value::key(consumer.name());
            let loaded = load_or_create(&*journal, &consumer, &identity, end).map_err(failed)?;
            let Loaded { mut value, version, tombstone } =
                loaded.map_err(|reason| Error::Value { consumer: consumer.name().to_owned(), reason })?;
            value.mend_times(engine.clock.now());
            check_log(&*journal, consumer.name(), &value, &identity, end)?;
            let tries = Tries::of(&consumer, settings);
            let filter = consumer.event_names().map_or_else(Filter::all, Filter::of_names);
            let (app, clock) = (app.downgrade(), engine.clock.clone());
            let caller = Caller { consumer: consumer.clone(), owner: engine.owner, app, clock, tries };
            let is_unordered = consumer.order() == Order::None;
            let lanes = Lanes::new(engine.waker.clone(), LOW, tries.batch, is_unordered);
            let ownership =
                if value.released { Ownership::Free } else { Ownership::Theirs { since: engine.moment() } };
            let lease = Lease {
                ownership,
                is_established: false,
                ends_pause: value.paused.is_some(),
                saved_at: engine.moment(),
                busy_at: engine.moment(),
            };
            engine.consumers.push(Held {
                lease,
                moved: engine.clock.now(),
                read_upto: value.position,
                saved_position: value.position,
                suspect_rearmed: BTreeSet::new(),
                consumer,
                key,
                filter,
                letters_of_rearmed: value.rearmed.clone(),
                value,
                version,
                tombstone,
                dirty: false,
                caller: Arc::new(caller),
                lanes: Arc::new(lanes),
                state: State::Active,
                look: true,
                window: Window::default(),
                ahead: VecDeque::new(),
                failed: BTreeMap::new(),
                rearmed: BTreeSet::new(),
                recorded: Some(BTreeSet::new()),
                suspect_upto: 0,
                suspect_called: None,
                without_key: 0,
                stall_told: false,
            });
        }
        engine.look_at_the_start(end);
        let asked = Asked::new(Some(journal), &engine.consumers);
        Ok(Self { asked, engine: Mutex::new(Some(engine)), shutdown })
    }

    /// Begins to call.
    pub(crate) fn begin(&self) -> std::io::Result<()> {
        let Some(engine) = self.take_engine() else { return Ok(()) };
        let _ = self.asked.outbox.set(engine.outbox.clone());
        let asked = self.asked.clone();
        std::thread::Builder::new()
            .name("event-journal".to_owned())
            .spawn(move || asked.run(engine))
            .map(drop)
    }

    /// Lets running calls end, and saves how far each consumer has got.
    pub(crate) async fn stop(&self) -> Result<()> {
        if matches!(self.asked.journal(), Err(Refused::Forked)) {
            return Err(Error::Forked);
        }
        if let Some(mut engine) = self.take_engine() {
            // The start has failed, and nothing was called.
            engine.stop(Duration::ZERO);
        }
        let Ok(outbox) = self.asked.outbox() else { return Ok(()) };
        let (sender, receiver) = oneshot::channel();
        let _ = outbox.send(Message::Stop(self.shutdown, sender));
        match (receiver.await, self.asked.panicked.get()) {
            (_, Some(message)) => Err(Error::Panicked { message: message.clone() }),
            (Ok(abandoned), None) if !abandoned.is_empty() => Err(Error::Abandoned { consumers: abandoned }),
            _ => Ok(()),
        }
    }

    /// Where it doesn't run yet.
    fn take_engine(&self) -> Option<Engine> {
        self.engine.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Drop for Delivering {
    fn drop(&mut self) {
        if let Ok(outbox) = self.asked.outbox() {
            let _ = outbox.send(Message::Abandon);
        }
    }
}

/// That the seqs of a consumer's value are of this log: not of a backup that was restored, or of another file.
fn check_log(
    journal: &dyn Journal,
    consumer: &str,
    value: &value::Value,
    identity: &str,
    end: u64,
) -> Result<()> {
    let another =
        |reason: String| Error::AnotherLog { consumer: consumer.to_owned(), place: journal.place(), reason };
    if value.log != identity {
        return Err(another(format!(
            "its position is of the log {}, and this is the log {identity}",
            value.log
        )));
    }
    if value.position > end {
        return Err(another(format!("its position is {}, and the log ends at {end}", value.position)));
    }
    let failed = |error| Error::Journal { place: journal.place(), cause: error };
    match read_next(journal, value.position) {
        Ok(_) => {}
        Err(error @ crate::journal::Error::Gone { .. }) => {
            return Err(another(format!("its position is {}, and {error}", value.position)));
        }
        Err(error) => return Err(failed(error)),
    }
    let Some(id) = value.last_id else { return Ok(()) };
    let page = match read_next(journal, value.last_seq - 1) {
        Ok(page) => page,
        // Retention has removed it.
        Err(crate::journal::Error::Gone { .. }) => return Ok(()),
        Err(error) => return Err(failed(error)),
    };
    let found = page
        .entries
        .first()
        .filter(|entry| entry.seq == value.last_seq)
        .and_then(|entry| entry.event.as_ref().ok());
    match found {
        Some(event) if event.id != id => Err(another(format!(
            "the last event that it handled, number {}, had the id {id}, and has {} now",
            value.last_seq, event.id
        ))),
        _ => Ok(()),
    }
}
