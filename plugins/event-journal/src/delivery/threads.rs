//! Where calls run: a plain `fn` on a thread of its consumer's, an `async fn` in a tokio runtime of this plugin's.

use std::io;
use std::sync::Arc;
use std::thread;

use crate::delivery::guarded::guarded_future;
use crate::delivery::lane::{Ended, Lane, Progress, Work};

/// Starts lanes.
#[derive(Default)]
pub(crate) struct Threads {
    #[cfg(feature = "tokio")]
    runtime: Option<tokio::runtime::Runtime>,
}

impl Threads {
    /// Calls the events in the background; `ended` gets the result.
    #[cfg_attr(
        not(feature = "tokio"),
        expect(clippy::unused_self, reason = "its runtime is of that feature")
    )]
    pub(crate) fn start(
        &mut self,
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
            self.runtime()?.spawn(run);
            return Ok(());
        }
        let name = format!("deliver {}", consumer.name());
        thread::Builder::new().name(name).spawn(move || pollster::block_on(run)).map(drop)
    }

    #[cfg(feature = "tokio")]
    fn runtime(&mut self) -> io::Result<&tokio::runtime::Runtime> {
        if self.runtime.is_none() {
            let mut builder = tokio::runtime::Builder::new_multi_thread();
            self.runtime =
                Some(builder.worker_threads(1).thread_name("event-journal calls").enable_all().build()?);
        }
        Ok(self.runtime.as_ref().expect("it was just made"))
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        #[cfg(feature = "tokio")]
        if let Some(runtime) = self.runtime.take() {
            // It may be dropped by a thread of another runtime, which mustn't wait.
            runtime.shutdown_background();
        }
    }
}
