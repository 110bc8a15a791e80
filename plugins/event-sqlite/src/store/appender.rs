//! How an event gets from its caller into the writer's queue.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use event_core::{Durability, Tracked};
use futures_channel::oneshot;

use crate::database::{Open, Synchronous, reentrancy};
use crate::error::Result;
use crate::row::{self, TableState};
use crate::store::retention::Retention;
use crate::store::schema::Place;
use crate::store::settings::{Ack, StoreSettings};
use crate::store::status::Status;

/// The store's side that takes in events.
pub(crate) struct Appender {
    open: Arc<Open>,
    table_state: Arc<TableState>,
    ack: Ack,
    pub(crate) place: Place,
    pub(crate) wants_view: bool,
    has_view: AtomicBool,
    pub(crate) retention: Option<Retention>,
}

impl Appender {
    pub(crate) fn new(open: Arc<Open>, settings: &StoreSettings, place: Place, has_view: bool) -> Self {
        let table_state = Arc::<TableState>::default();
        open.core.set_table_state(table_state.clone());
        Self {
            open,
            table_state,
            ack: settings.ack,
            place,
            wants_view: settings.view,
            has_view: AtomicBool::new(has_view),
            retention: Retention::new(settings.keep_days, settings.keep_rows),
        }
    }

    pub(crate) fn open(&self) -> &Arc<Open> {
        &self.open
    }

    pub(crate) fn table_state(&self) -> &TableState {
        &self.table_state
    }

    pub(crate) fn set_has_view(&self, has_view: bool) {
        self.has_view.store(has_view, Ordering::Relaxed);
    }

    pub(crate) fn status(&self) -> Status {
        let usable = self.open.core.may_be_used();
        Status {
            waiting: if usable.is_ok() { self.open.core.queue.waiting() } else { 0 },
            written: self.table_state.written(),
            refused: self.table_state.refused(),
            failing: usable.err().or_else(|| self.table_state.failing()),
            has_view: self.has_view.load(Ordering::Relaxed),
        }
    }

    /// Stores the event, and promises its durability to the caller.
    pub(crate) async fn keep(&self, event: &Tracked) -> Result<()> {
        if self.table_state.is_ahead(|| event.id()) {
            event.promise(self.promise_of_commit());
            return Ok(());
        }
        let core = &self.open.core;
        core.may_write()?;
        let _waits = reentrancy::wait_for(core.id, &core.path)?;
        let row = Scratch::with(event)?;
        let (answer, written) = match self.ack {
            Ack::Enqueued => (None, None),
            Ack::Commit => {
                let (answer, written) = oneshot::channel();
                (Some(answer), Some(written))
            }
        };
        core.queue.push_row(&row.0, answer).await.map_err(|_| core.closed())?;
        drop(row);
        match written {
            None => event.promise(Durability::Enqueued),
            Some(written) => {
                written.await.unwrap_or_else(|_| Err(core.closed()))?;
                event.promise(self.promise_of_commit());
            }
        }
        Ok(())
    }

    /// With `synchronous = "normal"`, committed events can be lost at a power loss.
    fn promise_of_commit(&self) -> Durability {
        match self.open.core.options.synchronous {
            Synchronous::Full => Durability::OnDisk,
            Synchronous::Normal => Durability::Enqueued,
        }
    }
}

/// A buffer for one row, which its thread uses again.
struct Scratch(Vec<u8>);

thread_local! {
    static SCRATCH: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

impl Scratch {
    fn with(event: &Tracked) -> Result<Self> {
        let mut row = Self(SCRATCH.take());
        row.0.clear();
        row::encode(event, &mut row.0)?;
        Ok(row)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // An event of a megabyte needn't stay in the memory of each thread.
        if self.0.capacity() <= 64 << 10 {
            SCRATCH.set(std::mem::take(&mut self.0));
        }
    }
}
