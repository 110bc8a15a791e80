//! How tasks and threads wait for each other, for crates that have a journal or a database of their own.
//!
//! What such a crate does on threads of its own, its callers wait for with a [`Waiting`]. An [`Executor`] runs tasks that wait on
//! their threads, such as implementations that are plain `fn`s. A [`ChangeSignal`] tells those who follow a log that there
//! is something new. [`contained`] and [`discard`] keep a panic of an application's code from ending such a thread.

pub mod call_depth;
mod change_signal;
mod contain;
mod executor;
mod future;
mod process;
mod runtime;
mod waiters;

use std::time::Duration;

pub use self::change_signal::{ChangeSignal, Follower};
pub use self::contain::{contained, discard, wake_all};
pub use self::executor::{Executor, Task, block_on};
pub use self::future::{ReportLate, Waiting, report_late};
pub use self::process::Process;
pub use self::runtime::{OwnRuntime, Runtime};
pub use self::waiters::{Place, Waiters};

/// How long a `.wait()` waits before it says so.
pub const LATE: Duration = Duration::from_secs(5);
