//! Which events are old enough to be removed, and how they are removed without blocking others.

use std::num::NonZero;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::{Days, Utc};
use event_core::prelude::*;
use rusqlite::{Connection, OptionalExtension};

use crate::error::{Error, Result};
use crate::log::{line, log};
use crate::store::query::bound;
use crate::store::{SqliteStore, journal};

/// The `seq` of the first event that the implementation's plugin still needs, because it has yet to deliver it: the
/// store's retention keeps that one and all after it. `i64::MAX` where none is needed.
///
/// Called before old events are removed. A failure keeps all of them until the next time.
#[hookspec]
pub fn events_needed_from(app: &App) -> i64;

/// How long events are kept, unless forever.
pub(crate) struct Retention {
    pub(crate) days: Option<NonZero<u32>>,
    pub(crate) rows: Option<NonZero<u64>>,
    /// When old events are looked for next.
    due: Mutex<Instant>,
    runs: AtomicBool,
    /// The consumer that was said to keep old events.
    held_by: Mutex<Option<String>>,
}

/// Between two looks.
const PAUSE: Duration = Duration::from_mins(1);
/// Rows that are removed in one transaction: others wait for it, a few milliseconds.
const STEP: i64 = 500;

impl Retention {
    pub(crate) fn new(days: Option<NonZero<u32>>, rows: Option<NonZero<u64>>) -> Option<Self> {
        let limited = days.is_some() || rows.is_some();
        limited.then(|| Self {
            days,
            rows,
            due: Mutex::new(Instant::now()),
            runs: AtomicBool::new(false),
            held_by: Mutex::default(),
        })
    }

    /// Removes old events in the background, if it is time to look for some.
    ///
    /// Events are what makes it look: a thread that looks by itself would have to hold the app, and keep it from
    /// ending.
    pub(crate) fn look_if_due(&self, store: &SqliteStore) {
        let now = Instant::now();
        let mut due = self.due.lock().unwrap_or_else(PoisonError::into_inner);
        if *due > now || self.runs.swap(true, Ordering::AcqRel) {
            return;
        }
        *due = now + PAUSE;
        drop(due);
        let store = store.clone();
        let runtime = store.database().runtime();
        let look = move || {
            match runtime.run(|| store.remove_old().wait()) {
                Ok(_) | Err(Error::Closed { .. } | Error::Event(_)) => {}
                Err(error) => log(format_args!("failed to remove old events: {}", line(&error))),
            }
            if let Some(retention) = store.retention() {
                retention.runs.store(false, Ordering::Release);
            }
        };
        if std::thread::Builder::new().name("event-sqlite remove".to_owned()).spawn(look).is_err() {
            self.runs.store(false, Ordering::Release);
        }
    }

    /// Says once that a consumer keeps old events, until it is another one, or none does.
    fn say_who_holds(&self, holds: Option<(String, i64)>) {
        let mut held_by = self.held_by.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((consumer, first)) =
            holds.as_ref().filter(|(consumer, _)| held_by.as_ref() != Some(consumer))
        {
            log(format_args!(
                "old events are kept from seq {first} on: the durable implementation `{consumer}` hasn't got further"
            ));
        }
        *held_by = holds.map(|(consumer, _)| consumer);
    }

    /// The place of the newest event that is too old.
    fn last_old(&self, connection: &Connection) -> Result<Option<i64>> {
        let too_many = match self.rows {
            None => None,
            Some(rows) => connection
                .query_row(
                    "SELECT seq FROM main.events ORDER BY seq DESC LIMIT 1 OFFSET ?",
                    (i64::try_from(rows.get()).unwrap_or(i64::MAX),),
                    |row| row.get(0),
                )
                .optional()?,
        };
        let start = self.days.and_then(|days| Utc::now().checked_sub_days(Days::new(days.get().into())));
        let too_old = match start {
            None => None,
            Some(start) => {
                let young = "SELECT seq - 1 FROM main.events WHERE created >= ? ORDER BY seq LIMIT 1";
                let last = "SELECT seq FROM main.events ORDER BY seq DESC LIMIT 1";
                match connection.query_row(young, (bound(start),), |row| row.get(0)).optional()? {
                    Some(seq) => Some(seq),
                    None => connection.query_row(last, (), |row| row.get(0)).optional()?,
                }
            }
        };
        Ok(too_many.max(too_old))
    }
}

/// Removes events that are too old and not needed any more; returns their number.
pub(crate) async fn remove_old(store: &SqliteStore) -> Result<u64> {
    let database = store.database();
    let Some(retention) = store.retention() else { return Ok(0) };
    let needed = events_needed_from::call(database.app()).await?;
    if let [failure, ..] = needed.failures.as_slice() {
        // An implementation that fails to say what it needs may need everything.
        return Err(Error::own(failure.clone()));
    }
    let needed = needed.values.into_iter().min().unwrap_or(i64::MAX);
    let reads = store.clone();
    let last = store.database().clone().read(move |connection| match reads.retention() {
        Some(retention) => {
            Ok(retention.last_old(connection)?.map(|last| (last, journal::needed(connection))))
        }
        None => Ok(None),
    });
    let Some((last, by_consumers)) = last.await? else { return Ok(0) };
    let by_consumers = by_consumers?;
    retention.say_who_holds(by_consumers.undelivered.filter(|(_, first)| *first <= last));
    let last = last.min(needed.min(by_consumers.from).saturating_sub(1));
    let mut removed = 0;
    loop {
        let step = "DELETE FROM main.events WHERE seq IN \
                    (SELECT seq FROM main.events WHERE seq <= ? ORDER BY seq LIMIT ?)";
        match database.execute_write(step, (last, STEP)).await? {
            0 => return Ok(removed),
            rows => removed += rows as u64,
        }
    }
}
