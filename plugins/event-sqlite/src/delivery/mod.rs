//! How the events of a write reach their implementations once it is committed.

mod progress;
mod write_outcome;

use std::future::{Future, poll_fn};
use std::mem;
use std::panic::Location;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use event_core::plugin::{Prepared, watch_pending};
use event_core::{App, Receipt, Scope};
use event_journal::waiting::{Executor, OwnRuntime, Process, Runtime, call_depth, discard};
use futures_channel::oneshot;
use uuid::Uuid;

pub(crate) use self::progress::Progress;
pub use self::write_outcome::Written;
use crate::error::Result;
use crate::log::{line, log};
use crate::row::{self, TableState};

/// Where the outcome of a write goes.
pub(crate) type Sender<T> = oneshot::Sender<Result<Written<T>>>;

/// Where and in what a write was asked for.
#[derive(Clone)]
pub(crate) struct Caller {
    pub(crate) place: &'static Location<'static>,
    pub(crate) scope: Scope,
    pub(crate) depth: u32,
    /// Of its closure.
    pub(crate) runtime: Runtime,
    pub(crate) progress: Arc<Progress>,
}

/// The threads that deliver. They start when they are needed, and end with the app.
pub(crate) struct Deliveries {
    executor: Arc<Executor>,
    process: Process,
    /// For implementations.
    runtime: OwnRuntime,
    /// For closures of callers that are in none: the one in which the app was started.
    runtime_of_start: Runtime,
}

impl Drop for Deliveries {
    fn drop(&mut self) {
        if !self.process.is_another() {
            self.executor.close();
        }
    }
}

/// The number of events of one write that are delivered before other writes have their turn.
const TURN: usize = 64;

impl Deliveries {
    /// Of an app that is started on this thread.
    pub(crate) fn new(app: &App) -> Self {
        Self {
            executor: Arc::default(),
            process: Process::default(),
            runtime: OwnRuntime::of(app),
            runtime_of_start: Runtime::current(),
        }
    }

    /// The runtime for implementations.
    pub(crate) fn runtime(&self) -> Runtime {
        self.runtime.runtime()
    }

    /// The runtime for a closure of a caller on this thread.
    pub(crate) fn runtime_of_caller(&self) -> Runtime {
        Runtime::current().or(&self.runtime_of_start)
    }

    /// Delivers the events of a committed write, then sends the write's outcome to its caller.
    /// `caller` says in which scope the write was asked for, and how many writes it is inside of.
    pub(crate) fn deliver<T: Send + 'static>(
        &self,
        table_state: Option<Arc<TableState>>,
        value: T,
        events: Vec<Prepared>,
        sender: Sender<T>,
        caller: &Caller,
    ) {
        let Caller { depth, scope, progress, .. } = caller;
        if events.is_empty() {
            tell(sender, Written { value, deliveries: Vec::new() });
            return;
        }
        progress.begin(events.len());
        let progress = progress.clone();
        let delivery = async move {
            let mut deliveries = Vec::with_capacity(events.len());
            for (at, event) in events.into_iter().enumerate() {
                if at % TURN == TURN - 1 {
                    let_others().await;
                }
                let id = event.event().id();
                let delivered = row::written_ahead(table_state.as_ref(), id, event.deliver());
                let delivered = noted(&progress, delivered).await;
                report(id, &delivered);
                deliveries.push(delivered);
            }
            tell(sender, Written { value, deliveries });
        };
        let delivery = Box::pin(call_depth::at_depth(*depth, scope.around(delivery)));
        self.executor.spawn(delivery, *depth, self.runtime());
    }
}

/// Sends the outcome of a write. A caller that doesn't wait any more has its write all the same.
fn tell<T>(sender: Sender<T>, written: Written<T>) {
    let Err(Ok(Written { value, deliveries })) = sender.send(Ok(written)) else { return };
    discard(value);
    deliveries.into_iter().for_each(discard);
}

/// Reports why no implementation was called. The caller may not look for it, since its write is done. Failures of
/// implementations, those that refuse the event included, went to the app's failure handler.
fn report(id: Uuid, delivered: &event_core::Result<Receipt>) {
    match delivered {
        Ok(_) | Err(event_core::Error::Refused(_)) => {}
        Err(error) => log(format_args!("failed to deliver the event with id {id}: {}", line(error))),
    }
}

/// Notes what the future waits for, each time that it is pending.
async fn noted<F: Future>(progress: &Progress, future: F) -> F::Output {
    let mut future = pin!(future);
    let output = poll_fn(|context| {
        let (polled, pending) = watch_pending(|| future.as_mut().poll(context));
        if polled.is_pending() {
            progress.set_pending(pending);
        }
        polled
    });
    let output = output.await;
    progress.add_delivered();
    output
}

/// Ready when it is polled the second time.
async fn let_others() {
    let mut was_polled = false;
    poll_fn(|context| {
        if mem::replace(&mut was_polled, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
