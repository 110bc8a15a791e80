//! How a plugin's threads survive panics of an application's closures and `drop`s.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Waker;

use event_core::plugin::panic_text;

use crate::log::log;

/// Runs code of the application.
///
/// # Errors
/// The message of a panic.
pub fn contained<T>(run: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(run)).map_err(|payload| {
        let message = panic_text(&*payload).to_owned();
        discard(payload);
        message
    })
}

/// Drops a value of the application's. A panic of its `drop` is a line on standard error.
///
/// Values that may panic are given to it one by one: when two fields of one value panic, the process aborts.
pub fn discard<T>(value: T) {
    let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(value))) else { return };
    log(format_args!("a value panicked while it was dropped: {}", panic_text(&*payload)));
    if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        // A payload whose `drop` panics with another such payload could go on for ever.
        std::mem::forget(again);
    }
}

/// Wakes tasks, whose wakers belong to the application's runtime.
pub fn wake_all(wakers: impl IntoIterator<Item = Waker>) {
    for waker in wakers {
        if let Err(message) = contained(|| waker.wake()) {
            log(format_args!("a waker panicked: {message}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::panic::panic_any;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::task::Wake;

    use super::*;

    /// Panics when it is dropped, with another one that does.
    struct Bomb(u32);

    impl Drop for Bomb {
        fn drop(&mut self) {
            if self.0 > 0 {
                panic_any(Self(self.0 - 1));
            }
        }
    }

    #[test]
    fn a_payload_that_panics_when_it_is_dropped_ends_no_thread_however_often_it_does() {
        for depth in 0..5 {
            assert_eq!(
                contained(|| panic_any(Bomb(depth))),
                Err::<(), _>("with a payload that is no text".to_owned())
            );
            discard(Bomb(depth));
        }
        assert_eq!(contained(|| panic!("text {}", 1)), Err::<(), _>("text 1".to_owned()));
    }

    #[test]
    fn a_waker_that_panics_keeps_no_other_from_being_woken() {
        struct Counts(AtomicU32);
        impl Wake for Counts {
            fn wake(self: Arc<Self>) {
                assert!(self.0.fetch_add(1, Ordering::Relaxed) > 0, "the first time it panics");
            }
        }
        let counts = Arc::new(Counts(AtomicU32::new(0)));
        wake_all([counts.clone().into(), counts.clone().into()]);
        assert_eq!(counts.0.load(Ordering::Relaxed), 2);
    }
}
