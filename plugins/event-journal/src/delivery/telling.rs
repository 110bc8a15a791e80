//! What the application is told: by a thread of its own, one after the other, since its hooks may take any time.

use std::sync::mpsc::{self, Sender};

use event_core::App;

use crate::delivery::engine::{Engine, Message};
use crate::delivery::guarded::guarded;
use crate::log::log;

/// How much waits to be told, at most. It is best effort: the journal has the dead letters, and the status has the stalls.
const MOST: usize = 1_000;

/// The thread that tells.
#[derive(Default)]
pub(crate) struct Teller {
    /// From the first time on.
    jobs: Option<Sender<Job>>,
    /// How much isn't told yet.
    waiting: usize,
}

type Job = Box<dyn FnOnce() + Send>;

impl Teller {
    pub(super) fn is_busy(&self) -> bool {
        self.waiting > 0
    }

    pub(super) fn told(&mut self) {
        self.waiting -= 1;
    }

    fn send(&mut self, job: Job) -> std::io::Result<()> {
        let jobs = if let Some(jobs) = &self.jobs {
            jobs
        } else {
            let (sender, jobs) = mpsc::channel::<Job>();
            let run = move || jobs.into_iter().for_each(|job| job());
            std::thread::Builder::new().name("event-journal tells".to_owned()).spawn(run)?;
            self.jobs.insert(sender)
        };
        if jobs.send(job).is_ok() {
            self.waiting += 1;
        }
        Ok(())
    }
}

impl Engine {
    /// Runs code of the application's. The app's end waits for it.
    pub(super) fn tell(&mut self, tell: impl FnOnce(&App) + Send + 'static) {
        let Some(app) = self.app.upgrade() else { return };
        if self.teller.waiting >= MOST {
            return log(format_args!(
                "{MOST} dead letters and stalls wait to be told to the application, whose hook takes long; this one isn't told"
            ));
        }
        let outbox = self.outbox.clone();
        let job = move || {
            let _ = guarded(move || tell(&app));
            let _ = outbox.send(Message::Told);
        };
        if let Err(error) = self.teller.send(Box::new(job)) {
            log(format_args!("failed to start a thread that tells the application: {error}"));
        }
    }
}
