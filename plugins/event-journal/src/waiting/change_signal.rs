//! How those who follow a log learn that there is something new, from this process or another.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use crate::waiting::{Place, Waiters, discard, wake_all};

/// Counts up whenever the log may have changed.
#[derive(Default)]
pub struct ChangeSignal {
    state: Mutex<State>,
    /// Where the thread waits that looks for other processes.
    work: Condvar,
}

#[derive(Default)]
struct State {
    count: u64,
    waiting: Waiters,
    followers: usize,
    is_watched: bool,
    is_over: bool,
}

/// What another process has changed has to be asked for: so often.
const PAUSE: Duration = Duration::from_millis(50);
/// How long the thread that asks waits for another follower: who reads between two waits follows again and again.
const LINGERS: Duration = Duration::from_secs(1);

impl ChangeSignal {
    /// How often it has changed.
    pub fn count(&self) -> u64 {
        self.lock().count
    }

    fn poll_newer(&self, place: &mut Place, seen: u64, context: &mut Context<'_>) -> Poll<()> {
        let mut state = self.lock();
        if state.count != seen || state.is_over {
            return Poll::Ready(());
        }
        let before = state.waiting.register(place, context.waker());
        drop(state);
        discard(before);
        Poll::Pending
    }

    /// Wakes all followers.
    pub fn publish(&self) {
        let mut state = self.lock();
        state.count += 1;
        let waiting = state.waiting.take();
        drop(state);
        wake_all(waiting);
    }

    /// There will be no more.
    pub fn end(&self) {
        self.lock().is_over = true;
        self.work.notify_all();
        self.publish();
    }

    /// Looks for other processes' changes as long as the guard is there. `open` gives a function that returns a number
    /// which another process's change changes.
    pub fn follow<V: FnMut() -> Option<i64>>(
        self: &Arc<Self>,
        open: impl FnOnce() -> Option<V> + Send + 'static,
    ) -> Follower {
        let mut state = self.lock();
        state.followers += 1;
        if !state.is_watched && !state.is_over {
            let changes = self.clone();
            let thread = std::thread::Builder::new().name("event-journal follow".to_owned());
            state.is_watched = thread.spawn(move || changes.watch(open())).is_ok();
        }
        drop(state);
        self.work.notify_all();
        Follower { changes: self.clone(), place: Place::default() }
    }

    /// Without a number (the file is gone, or there is no handle left) everything may have changed at any time.
    fn watch(&self, mut version: Option<impl FnMut() -> Option<i64>>) {
        let mut seen = None;
        loop {
            let now = version.as_mut().and_then(|version| version());
            // The first time, too: it may have changed since the first follower looked.
            if now.is_none() || now != seen {
                self.publish();
            }
            seen = now;
            let state = self.lock();
            let mut state = self
                .work
                .wait_timeout_while(state, PAUSE, |state| state.followers > 0 && !state.is_over)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
            if state.followers == 0 {
                state = self
                    .work
                    .wait_timeout_while(state, LINGERS, |state| state.followers == 0 && !state.is_over)
                    .unwrap_or_else(PoisonError::into_inner)
                    .0;
            }
            if state.followers == 0 || state.is_over {
                state.is_watched = false;
                return;
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A follower, and its task's waker while it waits.
pub struct Follower {
    changes: Arc<ChangeSignal>,
    place: Place,
}

impl Follower {
    /// Ready when there is something newer than `seen`.
    pub fn poll_newer(&mut self, seen: u64, context: &mut Context<'_>) -> Poll<()> {
        self.changes.poll_newer(&mut self.place, seen, context)
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        let mut state = self.changes.lock();
        state.followers -= 1;
        let waker = state.waiting.remove(&mut self.place);
        drop(state);
        discard(waker);
        self.changes.work.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::task::{Wake, Waker};

    use super::*;

    struct Counted;

    impl Wake for Counted {
        fn wake(self: Arc<Self>) {}
    }

    #[test]
    fn nothing_is_asked_any_more_when_the_last_follower_is_gone() {
        let changes = Arc::<ChangeSignal>::default();
        let (asks, asked) = std::sync::mpsc::channel();
        let asks = move || {
            let _ = asks.send(());
            Some(1)
        };
        let followers = [changes.follow(|| Some(asks)), changes.follow(|| None::<fn() -> _>)];
        asked.recv().expect("a thread asks");
        drop(followers);
        // The thread has dropped what it asks with.
        while asked.recv().is_ok() {}
        assert!(!changes.lock().is_watched);
    }

    #[test]
    fn a_follower_keeps_the_waker_of_the_task_that_polled_it_last_and_none_when_it_is_dropped() {
        let changes = Arc::<ChangeSignal>::default();
        changes.lock().followers += 1;
        let mut follower = Follower { changes: changes.clone(), place: Place::default() };
        let wakers: Vec<_> = (0..100).map(|_| Arc::new(Counted)).collect();
        for waker in &wakers {
            let waker = Waker::from(waker.clone());
            assert!(follower.poll_newer(0, &mut Context::from_waker(&waker)).is_pending());
        }
        let kept = || wakers.iter().filter(|waker| Arc::strong_count(waker) > 1).count();
        assert_eq!(kept(), 1);
        drop(follower);
        assert_eq!(kept(), 0);
    }
}
