//! How the events of a write reach their implementations once it is committed.

mod progress;
mod write_outcome;

use std::future::{Future, poll_fn};
use std::mem;
use std::panic::Location;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use event_core::plugin::{Prepared, watch_pending};
use event_core::{App, Receipt, Scope};
use event_journal::waiting::{Executor, Process, Runtime, Task, call_depth, contained, discard};
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
    pub(crate) runtime: Runtime,
    pub(crate) progress: Arc<Progress>,
}

/// Where the implementations run that hear the events of a write.
///
/// Without one, that is a thread of this plugin. Writes begin there in the order of their
/// commits; while an implementation waits for this plugin, the others go on: where it is an `fn` that calls `.wait()`, on
/// a further thread (32 such implementations may wait at a time, and those that their writes cause).
///
/// tokio's timers, sockets and `spawn` work there: the thread enters the tokio runtime in which the write was awaited (or
/// waited for), or else the one in which the app was started. That needs the feature `tokio` of this crate, which is on by
/// default. A spawner is for the rest: implementations that are to run on the runtime's own threads, and other runtimes.
///
/// ```
/// use event_core::prelude::*;
/// use event_sqlite::Spawner;
///
/// # let runtime = tokio::runtime::Runtime::new()?;
/// # runtime.block_on(async {
/// let handle = tokio::runtime::Handle::current();
/// let builder = App::builder().insert(Spawner::new(move |delivery| drop(handle.spawn(delivery))));
/// # });
/// # Ok::<_, std::io::Error>(())
/// ```
///
/// It is called on a thread of the plugin, for a caller without a runtime as well: hence the handle. What it drops, or what
/// its runtime drops before it is done, goes on on the plugin's thread.
pub struct Spawner(Box<dyn Fn(Task) + Send + Sync>);

impl Spawner {
    /// A spawner that hands each delivery to this function.
    pub fn new(spawn: impl Fn(Task) + Send + Sync + 'static) -> Self {
        Self(Box::new(spawn))
    }
}

impl std::fmt::Debug for Spawner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Spawner")
    }
}

/// The threads that deliver. They start when they are needed, and end with the app.
pub(crate) struct Deliveries {
    executor: Arc<Executor>,
    process: Process,
    /// For callers that are in none: the one in which the app was started.
    runtime: Runtime,
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
    pub(crate) fn new() -> Self {
        Self { executor: Arc::default(), process: Process::default(), runtime: Runtime::current() }
    }

    /// The runtime for the code of a caller on this thread.
    pub(crate) fn runtime(&self) -> Runtime {
        Runtime::current().or(&self.runtime)
    }

    /// Delivers the events of a committed write, then sends the write's outcome to its caller.
    /// `caller` says in which scope the write was asked for, and how many writes it is inside of.
    pub(crate) fn deliver<T: Send + 'static>(
        self: &Arc<Self>,
        app: &App,
        table_state: Option<Arc<TableState>>,
        value: T,
        events: Vec<Prepared>,
        sender: Sender<T>,
        caller: &Caller,
    ) {
        let Caller { depth, runtime, progress, .. } = caller;
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
        let delivery = Box::pin(call_depth::at_depth(*depth, caller.scope.around(delivery)));
        let Ok(spawner) = app.state::<Spawner>() else {
            self.on_thread(delivery, *depth, runtime);
            return;
        };
        let handed = Box::pin(Handed {
            delivery: Some(delivery),
            deliveries: self.clone(),
            depth: *depth,
            runtime: runtime.clone(),
        });
        if let Err(message) = contained(|| runtime.run(|| (spawner.0)(handed))) {
            log(format_args!(
                "failed to spawn a delivery, so the plugin's thread delivers the events of a write: the spawner panicked: {message}"
            ));
        }
    }

    fn on_thread(&self, delivery: Task, depth: u32, runtime: &Runtime) {
        self.executor.spawn(delivery, depth, runtime.clone());
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

/// A delivery that the application's runtime runs.
struct Handed {
    /// Until it is done.
    delivery: Option<Task>,
    deliveries: Arc<Deliveries>,
    depth: u32,
    /// For the plugin's thread. In the application's runtime, that one counts.
    runtime: Runtime,
}

impl Future for Handed {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let Some(delivery) = &mut self.delivery else { return Poll::Ready(()) };
        // A panic ends this delivery, not the runtime's task.
        match contained(|| delivery.as_mut().poll(context)) {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(())) => {}
            Err(message) => log(format_args!("the delivery of a write's events panicked: {message}")),
        }
        discard(self.delivery.take());
        Poll::Ready(())
    }
}

impl Drop for Handed {
    fn drop(&mut self) {
        if let Some(delivery) = self.delivery.take() {
            self.deliveries.on_thread(delivery, self.depth, &self.runtime);
        }
    }
}
