//! How the events of a write reach their implementations once it is committed.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError, mpsc};

use event_core::{App, Prepared};

use crate::database::Sender;
use crate::log::{line, log};
use crate::row::Ledger;
use crate::written::Written;

/// A task that delivers the events of one write.
pub type Delivery = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Where the implementations run that hear the events of a write.
///
/// Without one, that is a thread of this plugin: one write after the other, in the order of their commits, and outside
/// of any runtime. Implementations that need a runtime (its timers, its sockets) need a spawner:
///
/// ```
/// use event_core::prelude::*;
/// use event_sqlite::Spawner;
///
/// let builder = App::builder().insert(Spawner::new(|delivery| drop(tokio::spawn(delivery))));
/// ```
///
/// It is called on the thread that writes, so it must find its runtime from there; tokio's `Handle::spawn` does.
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

/// The thread that delivers, which starts when it is needed first.
#[derive(Default)]
pub(crate) struct Deliveries {
    thread: Mutex<Option<mpsc::Sender<Delivery>>>,
}

impl Deliveries {
    /// Has the events of a committed write delivered, and then the write's outcome sent to whoever waits for it.
    pub(crate) fn deliver<T: Send + 'static>(
        &self,
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
        match app.state::<Spawner>() {
            Ok(spawner) => (spawner.0)(delivery),
            Err(_) => self.on_thread(delivery),
        }
    }

    fn on_thread(&self, delivery: Delivery) {
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(thread) = &*thread {
            thread.send(delivery).expect("the thread ends with its last sender");
            return;
        }
        let (sender, receiver) = mpsc::channel::<Delivery>();
        let run = move || receiver.into_iter().for_each(pollster::block_on);
        match std::thread::Builder::new().name("event-sqlite deliver".to_owned()).spawn(run) {
            Ok(_) => {
                sender.send(delivery).expect("the thread has just started");
                *thread = Some(sender);
            }
            // A delivery that is late for others is better than none.
            Err(_) => pollster::block_on(delivery),
        }
    }
}
