//! How long the writer waits for more entries before it commits again.

use std::time::Duration;

use crate::queue::{Awake, Job, Queue, Worth};

/// What the last commit says about the next one.
#[derive(Clone, Copy, Debug)]
pub enum Pace {
    /// Idle: the next entry wakes the writer.
    Idle,
    /// So many callers were answered at once. They will be back in a moment, and then one commit serves them all
    /// again; without the wait, the first of them would get a commit of its own, and the others wait for that.
    Gather {
        /// How many they were.
        awaited: usize,
        /// How long to wait for them at most.
        longest: Duration,
    },
    /// Events come without waiting callers. Waking the writer for each would cost the tracking thread more than the rest of
    /// the event.
    Linger,
}

/// How long events without waiting callers wait for others.
const ROUND: Duration = Duration::from_millis(1);
/// After so many rounds without an event the writer sleeps, and the next event pays for waking it.
const ROUNDS: u32 = 50;
/// The writer looks after the file when it was idle for this long; never in tests that choose the order of turns.
const IDLE: Option<Duration> = if cfg!(shuttle) { None } else { Some(Duration::from_secs(1)) };
/// This much is worth a commit at once.
const PLENTY: usize = 1024;

impl Pace {
    /// Sleeps until it is time for the next commit, and calls `idle` now and then while there is none. Gives `false`
    /// when the queue is closed and nothing waits.
    pub fn wait<J: Job, A>(self, queue: &Queue<J, A>, mut idle: impl FnMut()) -> bool {
        let company = match self {
            Self::Idle => Awake::TimeOut,
            Self::Gather { awaited, longest } => {
                queue.sleep(Worth { entries: PLENTY, awaited }, Some(longest))
            }
            Self::Linger => linger(queue),
        };
        match company {
            Awake::Worth => true,
            Awake::TimeOut => loop {
                match queue.sleep(Worth::ANYTHING, IDLE) {
                    Awake::TimeOut => idle(),
                    awake => return awake == Awake::Worth,
                }
            },
            // What came before the end is still written.
            Awake::Closed => queue.sleep(Worth::ANYTHING, Some(Duration::ZERO)) == Awake::Worth,
        }
    }
}

fn linger<J: Job, A>(queue: &Queue<J, A>) -> Awake {
    for _ in 0..ROUNDS {
        let awake = queue.sleep(Worth { entries: PLENTY, awaited: 1 }, Some(ROUND));
        if awake != Awake::TimeOut || queue.waiting() > 0 {
            return awake;
        }
    }
    Awake::TimeOut
}
