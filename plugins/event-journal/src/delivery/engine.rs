//! The engine: one thread for an app. It reads the journal, gives events to the lanes of their consumers, saves how far each
//! has got, and runs the timers. It never runs an implementation, so that none can delay a save.
//!
//! For each consumer it goes through these steps:
//!
//! 1. *Claim.* Save the value with a new epoch. From then on another owner's save is a conflict, and so is ours after a claim
//!    of another owner's.
//! 2. *Read* up to a window of events, and save the seq of the last one as `scanned` before any of them is called.
//! 3. Workers *call* them, each lane in its order. Take over what is done, and save that every 100 ms.
//! 4. An event that fails waits, and with it the later ones of its lane; or it becomes a dead letter.
//! 5. After a crash, the events that may have been called are called one at a time, over all consumers of the process,
//!    and counted before the call: one in whose call the process dies again and again becomes a dead letter.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use event_core::{Durability, WeakApp};
use futures_channel::oneshot;
use uuid::Uuid;

use crate::delivery::clock::{Clock, Jumps, later, shifted};
use crate::delivery::command::{self, Request};
use crate::delivery::commands::Task;
use crate::delivery::consumer::{Held, Ownership, State};
use crate::delivery::leases::Moment;
use crate::delivery::removing::Removal;
use crate::delivery::saving::{TRY_AGAIN, asked, read_next, wait};
use crate::delivery::suspects::Turn;
use crate::delivery::telling::Teller;
use crate::delivery::threads::Threads;
use crate::delivery::worker::Worker;
use crate::journal::{self, Entry, Journal};
use crate::log::log;

/// How many events of a consumer are read and not done, at most.
const WINDOW: usize = 1_000;
/// How many bytes they have, before no more are read.
const WINDOW_BYTES: u64 = 4 << 20;
/// With fewer than these in the lanes, more are read.
pub(super) const LOW: usize = WINDOW / 4;
/// By how many events that aren't meant for a consumer its position moves without being saved. Retention keeps them.
const UNSAVED: u64 = 10_000;
/// How long a journal isn't asked for newer events, after it couldn't tell.
const WATCH_AGAIN: Duration = Duration::from_millis(200);
/// The same, after it has said that there are some: those of a moment are read together.
const WATCH_SOON: Duration = Duration::from_millis(5);

/// What wakes the engine.
pub(crate) enum Message {
    Wake,
    Request(Request),
    /// The application was told something.
    Told,
    /// Ends the engine. What still runs after this time is abandoned; the answer names it.
    Stop(Duration, oneshot::Sender<Vec<String>>),
    /// The app is gone.
    Abandon,
}

pub(crate) struct Engine {
    pub(crate) app: WeakApp,
    pub(crate) journal: Arc<dyn Journal>,
    pub(crate) consumers: Vec<Held>,
    pub(crate) clock: Clock,
    pub(crate) jumps: Jumps,
    pub(crate) stalled_after: Duration,
    pub(crate) inbox: Receiver<Message>,
    pub(crate) outbox: Sender<Message>,
    pub(crate) threads: Threads,
    pub(crate) owner: Uuid,
    /// The end of the journal, as far as it was asked for.
    pub(crate) known_end: u64,
    /// That of the journal's log.
    pub(crate) log_identity: String,
    /// After which time without a save another process takes a consumer over.
    pub(crate) lease: Duration,
    pub(crate) began: Instant,
    /// When the values of other processes were looked at last.
    pub(crate) watched_at: Option<Moment>,
    /// Who calls an event which may end the process.
    pub(crate) suspect_turn: Option<Turn>,
    pub(crate) newer: Option<Newer>,
    /// Wakes the engine when `newer` is to be polled.
    pub(crate) waker: Waker,
    /// `newer` isn't asked for again before.
    pub(crate) watch_at: Option<Instant>,
    pub(crate) save_at: Option<Instant>,
    pub(crate) teller: Teller,
    pub(crate) settling: Vec<command::Sender<()>>,
    /// Commands that are done, or waited for.
    pub(crate) tasks: Vec<Task>,
    pub(crate) removals: Vec<Removal>,
}

/// Waits for events after what was read.
pub(crate) struct Newer(Pin<Box<dyn Future<Output = journal::Result<()>> + Send>>);

/// A waker that sends the engine a message.
pub(crate) fn waker(outbox: &Sender<Message>) -> Waker {
    Waker::from(Arc::new(WakeEngine(outbox.clone())))
}

struct WakeEngine(Sender<Message>);

impl Wake for WakeEngine {
    fn wake(self: Arc<Self>) {
        let _ = self.0.send(Message::Wake);
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // Workers that have nothing to do would wait for ever.
        for held in &self.consumers {
            held.lanes.end();
        }
    }
}

impl Engine {
    pub(crate) fn run(mut self) {
        let outbox = self.outbox.clone();
        self.clock.listen(move || drop(outbox.send(Message::Wake)));
        let stop = loop {
            self.step_all();
            self.watch();
            self.answer_settled();
            let first = match self.pause() {
                None => self.inbox.recv().ok(),
                Some(pause) => match self.inbox.recv_timeout(pause) {
                    Ok(message) => Some(message),
                    Err(RecvTimeoutError::Timeout) => Some(Message::Wake),
                    Err(RecvTimeoutError::Disconnected) => None,
                },
            };
            let messages: Vec<_> = first.into_iter().chain(self.inbox.try_iter()).collect();
            if messages.is_empty() {
                return;
            }
            let mut stop = None;
            for message in messages {
                match message {
                    Message::Wake => {}
                    Message::Told => self.teller.told(),
                    Message::Request(request) => self.answer(request),
                    Message::Stop(longest, sender) => stop = Some((longest, Some(sender))),
                    Message::Abandon => stop = Some((Duration::ZERO, None)),
                }
            }
            if let Some(stop) = stop {
                break stop;
            }
        };
        let abandoned = self.stop(stop.0);
        if let Some(sender) = stop.1 {
            let _ = sender.send(abandoned);
        }
    }

    /// Until when nothing has to be done; `None` if only a message brings something.
    fn pause(&self) -> Option<Duration> {
        let due = self.consumers.iter().enumerate().flat_map(|(place, held)| {
            let waits = match held.state {
                State::Waiting(due) => Some(due),
                _ => None,
            };
            let failed = held
                .failed
                .iter()
                .filter(|(seq, lane)| held.may_call() && self.may_try(place, **seq, **lane));
            failed
                .filter_map(|(seq, _)| held.due(*seq))
                .min()
                .into_iter()
                .chain(waits)
                .chain(held.lanes.deadline())
        });
        let due = due.filter_map(|due| self.clock.until(due));
        let timers = [self.save_at, self.watch_at].into_iter().flatten();
        let timers = timers.map(|at| at.saturating_duration_since(Instant::now()));
        due.chain(timers)
            .chain(self.next_stall())
            .chain(self.until_watch())
            .chain(self.until_turn_ends())
            .chain(self.until_command())
            .min()
    }

    pub(super) fn step_all(&mut self) {
        self.notice_clock();
        self.end_long_turn();
        let now = self.clock.now();
        for place in 0..self.consumers.len() {
            self.take_outcomes(place);
        }
        self.watch_owners();
        self.work_on_commands();
        self.go_on_removing();
        for place in 0..self.consumers.len() {
            self.give_up_late(place, now);
            if let State::Waiting(due) = self.consumers[place].state
                && due <= now
            {
                self.consumers[place].set(State::Active);
            }
        }
        let mut places: Vec<_> = (0..self.consumers.len()).collect();
        while !places.is_empty() {
            places.retain(|place| self.step(*place, now));
            let announced = self.save_all(&places, Durability::Enqueued);
            let announced = places.iter().copied().zip(announced);
            places = announced.filter_map(|(place, saved)| self.hand_over(place, saved, now)).collect();
        }
        self.save_what_is_due();
        self.tell_stalls(now);
    }

    /// Where the system's clock was set, pauses are as long as before, and no time to give up has come.
    fn notice_clock(&mut self) {
        let Clock::System = self.clock else { return };
        let Some(jump) = self.jumps.since_last() else { return };
        log(format_args!(
            "the system's clock was set by {} s; pauses are as long as before",
            jump.num_seconds()
        ));
        for held in &mut self.consumers {
            held.value.shift(jump);
            held.moved = shifted(held.moved, jump);
            held.lanes.shift(jump);
            if let State::Waiting(due) = &mut held.state {
                *due = shifted(*due, jump);
            }
        }
    }

    /// Brings a consumer as far as it goes now; gives whether it has read events that can be handed over when its value is saved.
    fn step(&mut self, place: usize, now: DateTime<Utc>) -> bool {
        self.consumers[place].may_call()
            && self.try_step(place, now).unwrap_or_else(|error| {
                self.journal_failed(place, &error);
                false
            })
    }

    fn try_step(&mut self, place: usize, now: DateTime<Utc>) -> journal::Result<bool> {
        let moment = self.moment();
        let held = &mut self.consumers[place];
        if held.lanes.is_busy() {
            held.lease.busy_at = moment;
        }
        if held.lease.ownership == Ownership::Free && !held.value.clean && !self.claim(place) {
            return Ok(false);
        }
        self.take_recorded(place)?;
        self.finish_burying(place)?;
        if self.consumers[place].suspect_called.is_some() {
            // It is called alone, so that nothing else can be what the process dies of.
            return Ok(false);
        }
        self.deliver_rearmed(place)?;
        self.try_failed(place, now)?;
        if self.has_suspects_to_call(place) {
            if !self.may_call_suspect(place) {
                // Not even read: the end of the call that runs would wait for that, and look like the death of the process.
                return Ok(false);
            }
            self.call_suspects(place, now)?;
        }
        if self.has_suspects_to_call(place) || !self.has_room(place) {
            return Ok(false);
        }
        let has_read = !self.consumers[place].ahead.is_empty() || self.read(place)?;
        if has_read {
            self.consumers[place].scan();
        }
        Ok(has_read)
    }

    /// Whether the lanes of a consumer can take more.
    fn has_room(&self, place: usize) -> bool {
        let held = &self.consumers[place];
        held.lanes.callable() < LOW && !held.has_stuck_lane()
    }

    /// Gives the events that were read to the lanes, if that was saved; gives the consumer again, if there may be more to do.
    fn hand_over(&mut self, place: usize, saved: journal::Result<()>, now: DateTime<Utc>) -> Option<usize> {
        if let Err(error) = saved {
            self.journal_failed(place, &error);
            return None;
        }
        let held = &mut self.consumers[place];
        let entries = std::mem::take(&mut held.ahead);
        let jobs: Vec<_> = entries
            .into_iter()
            .map(|entry| {
                let lane = held.lane_of(&entry);
                let waits = held.due(entry.seq).is_some_and(|due| due > now);
                if waits {
                    held.failed.insert(entry.seq, lane);
                }
                (lane, held.job(entry, false, waits))
            })
            .collect();
        held.lanes.add(jobs);
        self.start_workers(place);
        Some(place)
    }

    /// Reads the next events; gives whether there are some.
    pub(super) fn read(&mut self, place: usize) -> journal::Result<bool> {
        let now = self.clock.now();
        let held = &mut self.consumers[place];
        let room = WINDOW.saturating_sub(held.window.undone());
        if !held.look || room == 0 || held.window.bytes() >= WINDOW_BYTES {
            return Ok(false);
        }
        let after = held.read_upto.max(held.value.position);
        let page = wait(|| self.journal.read(after, &held.filter, room))?;
        held.take_page(page, after, room, self.known_end, now);
        if held.window.undone() == 0 {
            // Nothing for this consumer up to there. Not worth a save of its own.
            held.value.position = held.value.position.max(held.read_upto);
            held.value.frontier = held.value.frontier.max(held.value.position);
            held.dirty |= held.value.position - held.saved_position > UNSAVED;
            held.has_moved(now);
        }
        Ok(!held.ahead.is_empty() || held.look && self.read(place)?)
    }

    /// The event at this place; `None` if it is gone.
    pub(super) fn read_one(&self, seq: u64) -> journal::Result<Option<Entry>> {
        match read_next(&*self.journal, seq - 1) {
            Ok(page) => Ok(page.entries.into_iter().find(|entry| entry.seq == seq)),
            Err(journal::Error::Gone { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// As many workers as there are lanes to call, and the consumer may have.
    pub(super) fn start_workers(&mut self, place: usize) {
        let held = &mut self.consumers[place];
        while held.lanes.workers() < held.lanes.wanted_workers().min(held.caller.tries.concurrency) {
            let number = held.lanes.add_worker();
            let worker = Worker { number, lanes: held.lanes.clone(), caller: held.caller.clone() };
            if let Err(error) = self.threads.start(worker) {
                held.lanes.remove_worker();
                log(format_args!(
                    "failed to start a thread for `{}`: {error}; it is tried again",
                    held.name()
                ));
                held.set(State::Waiting(later(self.clock.now(), TRY_AGAIN)));
                return;
            }
        }
    }

    /// Waits for newer events, while a consumer has read all there are.
    fn watch(&mut self) {
        if self.watch_at.is_some_and(|at| at > Instant::now()) {
            return;
        }
        self.watch_at = None;
        let mut is_second = false;
        loop {
            if self.newer.is_none() {
                let caught_up = self
                    .consumers
                    .iter()
                    .filter(|held| !held.look && held.caller.tries.deliver && !held.is_theirs());
                let Some(upto) = caught_up.map(|held| held.read_upto).min() else { return };
                let journal = self.journal.clone();
                self.newer = Some(Newer(Box::pin(asked(async move { journal.newer(upto).await }))));
            }
            let Some(Newer(newer)) = &mut self.newer else { return };
            let Poll::Ready(told) = newer.as_mut().poll(&mut Context::from_waker(&self.waker)) else {
                return;
            };
            self.newer = None;
            if self.look_again() {
                self.step_all();
                // What comes within a moment is read together, and marked by one save.
                self.watch_at = Some(Instant::now() + WATCH_SOON);
                return;
            }
            if told.is_err() || is_second {
                let pause = if told.is_err() { WATCH_AGAIN } else { WATCH_SOON };
                self.watch_at = Some(Instant::now() + pause);
                return;
            }
            is_second = true;
        }
    }

    /// Whether a consumer has events that it didn't know of.
    pub(super) fn look_again(&mut self) -> bool {
        let Ok(end) = wait(|| self.journal.end()) else { return false };
        self.known_end = end;
        let now = self.clock.now();
        let mut is_news = false;
        for held in &mut self.consumers {
            is_news |= held.look_again(end, now);
        }
        is_news
    }
}
