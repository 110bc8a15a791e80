//! Where calls run: a plain `fn` on a thread of its consumer's, an `async fn` in a tokio runtime of this plugin's.

use std::io;
use std::sync::Arc;
use std::thread;

use event_core::App;

use crate::delivery::guarded::guarded_future;
use crate::delivery::lane::{Ended, Lane, Progress, Work};
use crate::waiting::OwnRuntime;

/// Starts lanes.
pub(crate) struct Threads {
    #[cfg_attr(not(feature = "tokio"), expect(dead_code, reason = "it is of that feature"))]
    runtime: OwnRuntime,
}

impl Threads {
    pub(crate) fn of(app: &App) -> Self {
        Self { runtime: OwnRuntime::of(app) }
    }

    /// Calls the events in the background; `ended` gets the result.
    #[cfg_attr(
        not(feature = "tokio"),
        expect(clippy::unused_self, reason = "its runtime is of that feature")
    )]
    pub(crate) fn start(
        &self,
        lane: &Arc<Lane>,
        work: Work,
        progress: &Arc<Progress>,
        ended: impl FnOnce(Ended) + Send + 'static,
    ) -> io::Result<()> {
        let consumer = lane.consumer.clone();
        let (lane, progress) = (lane.clone(), progress.clone());
        let run = async move {
            let ran = guarded_future(async move { lane.run(work, &progress).await }).await;
            ended(ran.unwrap_or_else(Ended::Panicked));
        };
        #[cfg(feature = "tokio")]
        if consumer.implementation().is_async() {
            self.runtime.handle()?.spawn(run);
            return Ok(());
        }
        let name = format!("deliver {}", consumer.name());
        thread::Builder::new().name(name).spawn(move || pollster::block_on(run)).map(drop)
    }
}
