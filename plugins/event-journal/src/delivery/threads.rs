//! Where calls run: a plain `fn` on a thread of its consumer's, an `async fn` in a tokio runtime of this plugin's.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};
use std::{cell::Cell, io};

use crate::delivery::lane::{Ended, Lane, Limit, Progress, Work};

/// Starts lanes.
#[derive(Default)]
pub(crate) struct Threads {
    #[cfg(feature = "tokio")]
    runtime: Option<tokio::runtime::Runtime>,
}

impl Threads {
    /// Calls the events in the background; `ended` gets the result.
    pub(crate) fn start(
        &mut self,
        lane: &Arc<Lane>,
        work: Work,
        progress: &Arc<Progress>,
        ended: impl FnOnce(Ended) + Send + 'static,
    ) -> io::Result<()> {
        let (lane, progress) = (lane.clone(), progress.clone());
        #[cfg(feature = "tokio")]
        if lane.consumer.implementation().is_async() {
            let runtime = self.runtime()?;
            runtime.spawn(async move { ended(lane.run(&InTokio, work, &progress).await) });
            return Ok(());
        }
        let name = format!("deliver {}", lane.consumer.name());
        let run = move || ended(block_on(lane.run(&OnThread, work, &progress)));
        thread::Builder::new().name(name).spawn(run).map(drop)
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

#[cfg(feature = "tokio")]
struct InTokio;

#[cfg(feature = "tokio")]
impl Limit for InTokio {
    async fn within<T: Send>(&self, timeout: Duration, future: impl Future<Output = T> + Send) -> Option<T> {
        tokio::time::timeout(timeout, future).await.ok()
    }
}

struct OnThread;

thread_local! {
    /// When the future that this thread blocks on is to be polled again, at the latest.
    static DEADLINE: Cell<Option<Instant>> = const { Cell::new(None) };
}

impl Limit for OnThread {
    async fn within<T: Send>(&self, timeout: Duration, future: impl Future<Output = T> + Send) -> Option<T> {
        let deadline = Instant::now() + timeout;
        let mut future = pin!(future);
        poll_fn(|context| match future.as_mut().poll(context) {
            Poll::Ready(value) => Poll::Ready(Some(value)),
            Poll::Pending if Instant::now() >= deadline => Poll::Ready(None),
            Poll::Pending => {
                DEADLINE.set(Some(deadline));
                Poll::Pending
            }
        })
        .await
    }
}

fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread, AtomicBool);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.1.store(true, Ordering::Release);
            self.0.unpark();
        }
    }
    let unpark = Arc::new(Unpark(thread::current(), AtomicBool::new(false)));
    let waker = Waker::from(unpark.clone());
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        let deadline = DEADLINE.take();
        while !unpark.1.swap(false, Ordering::Acquire) {
            match deadline.map(|deadline| deadline.saturating_duration_since(Instant::now())) {
                None => thread::park(),
                Some(Duration::ZERO) => break,
                Some(left) => thread::park_timeout(left),
            }
        }
    }
}
