//! Durable implementations: called until they succeed, in order, at least once, also after a crash or an outage.
//!
//! ```
//! use event_core::prelude::*;
//! # #[derive(Debug)] struct BillingError;
//! # impl std::fmt::Display for BillingError { fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { Ok(()) } }
//! # impl std::error::Error for BillingError {}
//!
//! #[derive(Event, serde::Deserialize)]
//! struct OrderPlaced {
//!     order: u64,
//! }
//!
//! #[hookimpl(track_event, durable)]
//! async fn tell_billing(event: &Tracked<OrderPlaced>) -> Result<(), BillingError> {
//!     println!("order {} was placed at {}", event.order, event.created());
//!     Ok(())
//! }
//! ```
//!
//! It isn't called inside `track`. Once the event is kept in the app's journal, this plugin calls it, and goes on
//! where it stopped at the next start. event-sqlite's store is a journal, so a program that links event-sqlite needs nothing
//! else.
//!
//! # What is promised
//!
//! - Every event that was tracked since the implementation is known reaches it at least once. After a crash some reach it
//!   twice: those that were delivered since the last save (100 ms), and the one in flight. A receiver that must not act
//!   twice remembers the event's id.
//! - In the order of the journal, one at a time; with `durable(key = "user.id")` those of each key, and different keys side by side; with
//!   `durable(unordered)` in any order. An event that fails holds up the later ones of this implementation, or of its key.
//! - With `durable(batch = 100)` up to so many in one call. A batch that fails is halved until the event that fails is called alone.
//! - An event that can't be delivered becomes a [`DeadLetter`], which stays until it is retried or dropped.
//!
//! # What a failure means
//!
//! | the implementation returns | then |
//! |---|---|
//! | [`Retry`](event_core::durable::Retry) | an outage: it is tried again without limit, with pauses of up to 60 s, or after the time that the error names |
//! | [`Rejected`](event_core::durable::Rejected) | a dead letter at once |
//! | [`Stop`](event_core::durable::Stop) | the consumer pauses, until [`Deliveries::resume`] or a restart |
//! | any other error, or a panic | it is tried again with pauses of up to 10 minutes, for `give_up_after` (24 hours) or `max_attempts`; then it is a dead letter |
//! | nothing for `timeout_s` (an `async fn`) | the call is dropped, and counts as an error |
//!
//! The first of these errors that is found among an error and its sources counts, so any error type works. An event that can't
//! be read as the implementation's type is a dead letter; one of a newer version than the program knows waits for a newer program.
//! An event in whose call the process dies twice is a dead letter, too.
//!
//! # Reading events back
//!
//! [`JournalExt::store`] has the events that the journal keeps: by name, actor, time and place, typed or not, as a list, a stream,
//! or as they come. See [`Store`].
//!
//! # Settings
//!
//! In `[plugins.event-journal]`:
//!
//! | key | meaning | without it |
//! |---|---|---|
//! | `journal` | the plugin whose journal is used, where several have one | the only one |
//! | `shutdown_ms` | how many milliseconds shutdown waits for running calls | 10,000 |
//! | `stalled_after_s` | after how many seconds without progress a consumer that has events is reported | 300 |
//! | `lease_ms` | after how many milliseconds without a save of its process a consumer is taken over by another one | 5,000 |
//! | `deliver` | `false`: this process delivers nothing; or the consumers to which it delivers: `["shop::*"]` | `true` |
//! | `consumers."NAME".give_up_after_s` | for how many seconds an event of this consumer is tried that fails with any error | `give_up_after` in the source, or 86,400 |
//! | `consumers."NAME".max_attempts` | how often it is tried, beside that | `max_attempts` in the source, or without limit |
//! | `consumers."NAME".timeout_s` | how many seconds a call of an `async fn` may take; of a plain `fn`, after how many a line is written | `timeout_s` in the source, or without limit |
//! | `consumers."NAME".concurrency` | how many events are called side by side, where its order lets several be | `concurrency` in the source, or 8 |
//! | `consumers."NAME".batch` | how many events come in one call at most, where the source has a `batch` | `batch` in the source |
//!
//! # Features
//!
//! `tokio`, on by default: a durable `async fn` is in a tokio runtime of this plugin's own, so that reqwest, sqlx and timers
//! work. Its calls are made on a thread of its consumer's.
//!
//! `conformance`: a suite for the tests of a crate that has a journal of its own.

#![forbid(unsafe_code)]

#[cfg(feature = "conformance")]
pub mod conformance;
mod dead_letter;
mod delivery;
mod error;
pub mod journal;
mod log;
mod memory;
pub mod query;
pub mod queue;
mod settings;
#[doc(hidden)]
pub mod sync;
pub mod testing;
pub mod waiting;

use std::collections::BTreeMap;
use std::sync::Arc;

use event_core::describe::HookCalls;
use event_core::plugin::{Consumer, claim_consumers};
use event_core::prelude::*;

pub use self::dead_letter::DeadLetter;
use self::delivery::Delivering;
pub use self::delivery::command::Refused;
pub use self::delivery::deliveries::Deliveries;
pub use self::delivery::done::{DoneError, record_done};
pub use self::delivery::letters::Letters;
pub use self::delivery::status::{ConsumerStatus, Deliverer};
pub use self::error::{Error, Result};
use self::journal::Journal;
pub use self::memory::MemoryJournal;
use self::query::Ending;
pub use self::query::{ReadBack, Store, Stored, StoredOf};
use self::settings::Settings;
pub use self::waiting::Waiting;

event_core::plugin!();

/// What this plugin adds to an [`App`].
pub trait JournalExt {
    /// The deliveries to the app's durable implementations.
    ///
    /// # Errors
    /// [`Error::NotRunning`] before the app's journal is open.
    fn deliveries(&self) -> Result<Deliveries>;

    /// The events that the app keeps in its journal.
    ///
    /// # Errors
    /// [`Error::NoStore`] when no plugin has a journal that is switched on, and [`Error::Choice`] when several have one and none is
    /// chosen. At the first use, also the errors of opening it.
    fn store(&self) -> Result<Store>;
}

impl JournalExt for App {
    fn store(&self) -> Result<Store> {
        let opened = Opened::of(self)?;
        Ok(Store::new(self.clone(), opened.journal.clone(), opened.ending.clone()))
    }

    fn deliveries(&self) -> Result<Deliveries> {
        self.state::<Delivering>().map(|it| Deliveries::new(&it)).map_err(|_| Error::NotRunning)
    }
}

/// A journal, and the plugin that it belongs to. Or why that has none.
pub struct OpenedJournal {
    plugin: &'static str,
    /// Or why there is none.
    journal: Result<Box<dyn Journal>, String>,
}

impl OpenedJournal {
    /// With the plugin's package: `OpenedJournal::new(env!("CARGO_PKG_NAME"), journal)`.
    pub fn new(plugin: &'static str, journal: impl Journal) -> Self {
        Self { plugin, journal: Ok(Box::new(journal)) }
    }

    /// Of a plugin that has no journal in this app, with the reason and the remedy. An app that finds no other one says them.
    pub fn off(plugin: &'static str, why: impl Into<String>) -> Self {
        Self { plugin, journal: Err(why.into()) }
    }

    /// The journal itself, for a test of the plugin's.
    ///
    /// # Errors
    /// The reason of a plugin that has none.
    pub fn into_journal(self) -> Result<Box<dyn Journal>, String> {
        self.journal
    }
}

impl std::fmt::Debug for OpenedJournal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OpenedJournal").field("plugin", &self.plugin).finish_non_exhaustive()
    }
}

/// The plugin's journal, opened: a plugin that keeps events implements this hook. Called once, at the start or at the first use of
/// the [`Store`]. [`OpenedJournal::off`] where it is switched off.
#[hookspec]
pub fn open_journal(app: &App) -> OpenedJournal;

/// A consumer has given up an event. Best effort: the dead letter itself is in the journal.
#[hookspec]
pub fn delivery_failed(app: &App, letter: &DeadLetter);

/// A consumer that has events has delivered none for `stalled_after_s`, for this reason. Told once for each time.
#[hookspec]
pub fn delivery_stalled(app: &App, consumer: &str, reason: &str);

/// Opens the journal and saves where new consumers begin, before anything of this process is tracked.
#[hookimpl(startup, tryfirst)]
pub async fn open_the_journal(app: &App) -> Result<()> {
    let settings: Settings = app.plugin_config(env!("CARGO_PKG_NAME")).map_err(Error::Settings)?;
    let consumers = claim_consumers(app);
    check_configured(&settings, &consumers)?;
    let journal = match Opened::at_start(app).await {
        Ok(opened) => Some(opened.journal.clone()),
        Err(Error::NoStore { .. }) if consumers.is_empty() => None,
        Err(Error::NoStore { off }) => {
            let implementations = consumers.iter().map(|it| it.implementation().to_string()).collect();
            return Err(Error::NoJournal { implementations, off });
        }
        Err(error) => return Err(error),
    };
    app.state_or_try_init(|| Delivering::open(app, consumers, journal, &settings)).map(drop)
}

/// Begins to call, when every `startup` has succeeded.
#[hookimpl(started)]
pub fn begin_to_deliver(app: &App) -> Result<()> {
    match app.state::<Delivering>() {
        Ok(delivering) => delivering.begin().map_err(Error::Thread),
        Err(_) => Ok(()),
    }
}

/// Ends the calls, before the app refuses what they track.
#[hookimpl(stopping)]
pub async fn stop_delivering(app: &App) -> Result<()> {
    match app.state::<Delivering>() {
        Ok(delivering) => delivering.stop().await,
        Err(_) => Ok(()),
    }
}

/// Ends what follows the journal.
#[hookimpl(shutdown)]
pub fn end_following(app: &App) {
    if let Ok(opened) = app.state::<Opened>() {
        opened.ending.end();
    }
}

fn check_configured(settings: &Settings, consumers: &[Consumer]) -> Result<()> {
    let known = || consumers.iter().map(|consumer| consumer.name().to_owned());
    for (name, configured) in &settings.consumers {
        let Some(consumer) = consumers.iter().find(|consumer| consumer.name() == name) else {
            return Err(Error::UnknownConsumer { name: name.clone(), known: known().collect() });
        };
        if configured.batch.is_some() && consumer.batch().is_none() {
            let location = consumer.implementation().location();
            return Err(Error::NoBatch { name: name.clone(), location });
        }
    }
    Ok(())
}

/// The plugin that `plugins.event-journal.journal` names: a plugin whose journal isn't that one keeps no events, unless its own
/// settings ask for it.
///
/// # Errors
/// If the section can't be read.
pub fn chosen_journal(app: &App) -> event_core::Result<Option<String>> {
    Ok(app.plugin_config::<Settings>(env!("CARGO_PKG_NAME"))?.journal)
}

/// The journal of an app, in its state.
struct Opened {
    journal: Arc<dyn Journal>,
    ending: Arc<Ending>,
}

impl Opened {
    fn of(app: &App) -> Result<Arc<Self>> {
        app.state_or_try_init(|| Self::choose(app, open_journal::call(app).wait()))
    }

    /// The same, for implementations that are asynchronous.
    async fn at_start(app: &App) -> Result<Arc<Self>> {
        if let Ok(opened) = app.state() {
            return Ok(opened);
        }
        let outcome = open_journal::call(app).await;
        app.state_or_try_init(|| Self::choose(app, outcome))
    }

    fn choose(app: &App, outcome: event_core::Result<Outcome<open_journal>>) -> Result<Self> {
        let outcome = outcome.map_err(Error::Ask)?;
        Ok(Self { journal: choose_journal(app, outcome)?, ending: Arc::default() })
    }
}

fn choose_journal(app: &App, outcome: Outcome<open_journal>) -> Result<Arc<dyn Journal>> {
    if let Some(failure) = outcome.failures.into_iter().next() {
        return Err(Error::Open(failure));
    }
    let (mut opened, mut off) = (Vec::new(), disabled(app));
    for OpenedJournal { plugin, journal } in outcome.values {
        match journal {
            Ok(journal) => opened.push((plugin, journal)),
            Err(why) => _ = off.insert(plugin, format!("`{plugin}` has none: {why}")),
        }
    }
    let names: Vec<_> = opened.iter().map(|(plugin, _)| *plugin).collect();
    if let Some(wanted) = chosen_journal(app).map_err(Error::Settings)? {
        opened.retain(|(plugin, _)| *plugin == wanted);
        if opened.is_empty() {
            let off = off.remove(&*wanted);
            return Err(Error::Choice { wanted: Some(wanted), found: names, off });
        }
    }
    match opened.len() {
        0 => Err(Error::NoStore { off: off.into_values().collect() }),
        1 => Ok(opened.remove(0).1.into()),
        _ => Err(Error::Choice { wanted: None, found: names, off: None }),
    }
}

/// The plugins that could open a journal and aren't called, each with the reason and the remedy.
fn disabled(app: &App) -> BTreeMap<&'static str, String> {
    let described = app.describe();
    let is_asked =
        |hook: &&HookCalls| (hook.hook.name(), hook.hook.module_path()) == ("open_journal", module_path!());
    let not_called = described.hooks.iter().filter(is_asked).flat_map(|hook| &hook.not_called);
    not_called.filter_map(|it| Some((it.plugin(), format!("{}; leave that out", it.not_called()?)))).collect()
}
