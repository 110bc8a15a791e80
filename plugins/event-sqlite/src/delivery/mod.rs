//! How the events of a write reach their implementations once it is committed.

mod executor;

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};

use event_core::{App, Prepared};

use self::executor::Executor;
pub(crate) use self::executor::block_on;
use crate::database::Sender;
use crate::log::{line, log};
use crate::row::Ledger;
use crate::written::Written;

/// A task that delivers the events of one write.
pub type Delivery = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Where the implementations run that hear the events of a write.
///
/// Without one, that is a thread of this plugin, outside of any runtime. Writes begin there in the order of their
/// commits; while an implementation that is an `async fn` waits, the others go on. Implementations that need a runtime
/// (its timers, its sockets) need a spawner:
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
/// It is called on a thread that is in no runtime: hence the handle. What it drops, or what its runtime drops before it
/// is done, goes on on the plugin's thread.
pub struct Spawner(Box<dyn Fn(Delivery) + Send + Sync>);

impl Spawner {
    /// A spawner that hands each delivery to this function.
    pub fn new(spawn: impl Fn(Delivery) + Send + Sync + 'static) -> Self {
        Self(Box::new(spawn))
    }
}

impl std::fmt::Debug for Spawner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Spawner")
    }
}

/// The thread that delivers. It starts when it is needed first, and ends with the app.
#[derive(Default)]
pub(crate) struct Deliveries {
    executor: Arc<Executor>,
    has_thread: OnceLock<bool>,
}

impl Drop for Deliveries {
    fn drop(&mut self) {
        self.executor.close();
    }
}

impl Deliveries {
    /// Has the events of a committed write delivered, and then the write's outcome sent to whoever waits for it.
    pub(crate) fn deliver<T: Send + 'static>(
        self: &Arc<Self>,
        app: &App,
        ledger: Option<Arc<Ledger>>,
        value: T,
        events: Vec<Prepared>,
        sender: Sender<T>,
    ) {
        if events.is_empty() {
            // Whoever doesn't wait any more has its write all the same.
            let _ = sender.send(Ok(Written { value, deliveries: Vec::new() }));
            return;
        }
        let ids = events.iter().map(|event| event.event().id()).collect();
        let ahead = ledger.map(|ledger| ledger.write_ahead(ids));
        let delivery = Box::pin(async move {
            let mut deliveries = Vec::with_capacity(events.len());
            for event in events {
                deliveries.push(event.deliver().await);
            }
            drop(ahead);
            if let Err(Ok(Written { deliveries, .. })) = sender.send(Ok(Written { value, deliveries })) {
                // Other failures went to the app's failure handler.
                for refused in deliveries.into_iter().filter_map(Result::err) {
                    log(format_args!("nobody waits to be told: {}", line(&refused)));
                }
            }
        });
        let Ok(spawner) = app.state::<Spawner>() else {
            self.on_thread(delivery);
            return;
        };
        let handed = Box::pin(Handed { delivery: Some(delivery), deliveries: self.clone() });
        if catch_unwind(AssertUnwindSafe(|| (spawner.0)(handed))).is_err() {
            log(format_args!(
                "the spawner panicked; the events of a write are delivered on the plugin's thread"
            ));
        }
    }

    fn on_thread(&self, delivery: Delivery) {
        if self.has_thread() {
            self.executor.spawn(delivery);
        } else {
            // Late for others is better than never.
            pollster::block_on(delivery);
        }
    }

    fn has_thread(&self) -> bool {
        let spawn = || {
            let executor = self.executor.clone();
            std::thread::Builder::new().name("event-sqlite deliver".to_owned()).spawn(move || executor.run())
        };
        *self.has_thread.get_or_init(|| spawn().is_ok())
    }
}

/// A delivery in the hands of the application's runtime.
struct Handed {
    /// Until it is done.
    delivery: Option<Delivery>,
    deliveries: Arc<Deliveries>,
}

impl Future for Handed {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let Some(delivery) = &mut self.delivery else { return Poll::Ready(()) };
        ready!(delivery.as_mut().poll(context));
        self.delivery = None;
        Poll::Ready(())
    }
}

impl Drop for Handed {
    fn drop(&mut self) {
        if let Some(delivery) = self.delivery.take() {
            self.deliveries.on_thread(delivery);
        }
    }
}
