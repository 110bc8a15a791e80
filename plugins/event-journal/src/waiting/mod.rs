//! How tasks and threads wait for each other. Nothing here knows SQLite.

pub(crate) mod call_depth;
pub(crate) mod change_signal;
mod executor;
mod future;
mod runtime;
pub(crate) mod waiters;

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

pub(crate) use self::executor::{Executor, block_on, report_panic};
pub(crate) use self::future::ReportLate;
pub use self::future::Waiting;
pub(crate) use self::runtime::Runtime;

/// A task that delivers the events of one write.
pub type Delivery = Pin<Box<dyn Future<Output = ()> + Send>>;

/// How long a `.wait()` waits before it says so.
pub(crate) const LATE: Duration = Duration::from_secs(5);
