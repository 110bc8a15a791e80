//! Where calls run: on threads of their consumer's. That of an `async fn` is in the tokio runtime of this plugin's, whose own thread
//! only wakes it, so that a function that blocks holds up no other consumer.

use std::io;
use std::thread;

use event_core::App;

use crate::delivery::worker::Worker;
use crate::waiting::OwnRuntime;

/// Starts workers.
pub(crate) struct Threads {
    runtime: OwnRuntime,
}

impl Threads {
    pub(crate) fn of(app: &App) -> Self {
        Self { runtime: OwnRuntime::of(app) }
    }

    /// Lets a worker call events in the background.
    pub(crate) fn start(&self, worker: Worker) -> io::Result<()> {
        let runtime = worker.caller.is_async().then(|| self.runtime.runtime());
        let name = format!("deliver {}", worker.caller.consumer.name());
        let run = move || match runtime {
            Some(runtime) => runtime.run(|| pollster::block_on(worker.run())),
            None => pollster::block_on(worker.run()),
        };
        thread::Builder::new().name(name).spawn(run).map(drop)
    }
}
