//! The engine: one thread for an app. It reads the journal, gives events to lanes, saves how far each consumer has got, and
//! runs the timers. It never runs an implementation, so that none can delay a save.
//!
//! For each consumer it goes through these steps:
//!
//! 1. *Claim.* Save the value with a new epoch. From then on another owner's save is a conflict, and so is ours after a claim
//!    of another owner's.
//! 2. *Read* up to a window of events, and save the seq of the last one as `scanned` before any of them is called.
//! 3. *Call* them in their order, in a lane. Take over how far it has got, and save that every 100 ms.
//! 4. An event that fails waits, and with it the later ones of this consumer; or it becomes a dead letter.
//! 5. After a crash, the events between `position` and `scanned` are called one at a time, over all consumers of the process,
//!    and counted before the call: one in whose call the process dies again and again becomes a dead letter.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use event_core::{Durability, WeakApp};
use futures_channel::oneshot;
use uuid::Uuid;

use crate::delivery::clock::Clock;
use crate::delivery::command::{Refused, Request};
use crate::delivery::consumer::{Held, Running, State};
use crate::delivery::lane::{Ended, Progress, Work};
use crate::delivery::saving::{TRY_AGAIN, wait};
use crate::delivery::threads::Threads;
use crate::delivery::value::Open;
use crate::journal::{self, Entry, Filter, Journal};
use crate::log::log;

/// How many events a consumer reads ahead.
const WINDOW: usize = 1_000;
/// In how many calls of an event the process may die.
const MAX_CRASHES: u32 = 2;

/// What wakes the engine.
pub(crate) enum Message {
    Wake,
    /// The lane of the consumer at this index has ended.
    Ended(usize, Ended),
    Request(Request),
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
    pub(crate) stalled_after: TimeDelta,
    pub(crate) inbox: Receiver<Message>,
    pub(crate) outbox: Sender<Message>,
    pub(crate) threads: Threads,
    pub(crate) owner: Uuid,
    /// The consumer that calls an event which may end the process.
    pub(crate) suspect_turn: Option<usize>,
    pub(crate) newer: Option<Newer>,
    pub(crate) save_at: Option<Instant>,
    pub(crate) settling: Vec<oneshot::Sender<Result<(), Refused>>>,
}

/// Waits for events after what was read.
pub(crate) struct Newer(Pin<Box<dyn Future<Output = journal::Result<()>> + Send>>);

struct WakeEngine(Sender<Message>);

impl Wake for WakeEngine {
    fn wake(self: Arc<Self>) {
        let _ = self.0.send(Message::Wake);
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
                    Message::Ended(place, ended) => self.ended(place, ended),
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
        let due = self.consumers.iter().filter_map(|held| match held.state {
            State::Waiting(due) => self.clock.until(due),
            _ => None,
        });
        let save = self.save_at.map(|at| at.saturating_duration_since(Instant::now()));
        let stall = self.next_stall();
        due.chain(save).chain(stall).min()
    }

    pub(super) fn step_all(&mut self) {
        let now = self.clock.now();
        for place in 0..self.consumers.len() {
            self.consumers[place].take_progress(now);
            if let State::Waiting(due) = self.consumers[place].state
                && due <= now
            {
                self.consumers[place].state = State::Idle;
            }
            while matches!(self.consumers[place].state, State::Idle) && self.step(place) {}
        }
        self.save_what_is_due();
        self.tell_stalls(now);
    }

    /// Brings an idle consumer one step further; gives whether there may be another one.
    fn step(&mut self, place: usize) -> bool {
        if self.consumers[place].value.paused.is_some() {
            return false;
        }
        let done = self.try_step(place);
        done.unwrap_or_else(|error| {
            self.journal_failed(place, &error);
            false
        })
    }

    fn try_step(&mut self, place: usize) -> journal::Result<bool> {
        self.finish_burying(place)?;
        if let Some(seq) = self.consumers[place].value.rearmed.first().copied() {
            return self.call_rearmed(place, seq);
        }
        if self.consumers[place].ahead.is_empty() && !self.read(place)? {
            return Ok(false);
        }
        self.call(place)
    }

    /// Reads the next events; gives whether there are some.
    fn read(&mut self, place: usize) -> journal::Result<bool> {
        let held = &mut self.consumers[place];
        if !held.look {
            return Ok(false);
        }
        let after = held.read_upto.max(held.value.position);
        let page = wait(self.journal.read(after, &held.filter, WINDOW))?;
        held.read_upto = page.upto.max(after);
        held.look = page.entries.len() == WINDOW;
        held.ahead.extend(page.entries);
        if held.ahead.is_empty() {
            // Nothing for this consumer up to there. Not worth a save of its own.
            held.value.position = held.value.position.max(held.read_upto);
            held.moved = self.clock.now();
            return Ok(held.look);
        }
        Ok(true)
    }

    /// Gives the events that were read to the consumer's lane.
    fn call(&mut self, place: usize) -> journal::Result<bool> {
        let held = &self.consumers[place];
        let first = held.ahead.front().expect("there is one").seq;
        let is_suspect = first <= held.suspect_upto;
        if is_suspect && self.suspect_turn.is_some_and(|other| other != place) {
            return Ok(false);
        }
        if is_suspect && held.value.open.get(&first).is_some_and(|open| open.crashes >= MAX_CRASHES) {
            let reason = "the process ended each time while the implementation was called".to_owned();
            self.bury(place, reason)?;
            return Ok(true);
        }
        let now = self.clock.now();
        let held = &mut self.consumers[place];
        let entries: VecDeque<_> =
            if is_suspect { held.ahead.drain(..1).collect() } else { std::mem::take(&mut held.ahead) };
        let last = entries.back().expect("there is one").seq;
        if is_suspect {
            let open = held.value.open.entry(first).or_insert_with(|| Open::new(now));
            open.crashes += 1;
            held.dirty = true;
        }
        if last > held.value.scanned {
            held.value.scanned = last;
            held.dirty = true;
        }
        // Before the call, or a crash in it isn't noticed.
        if (is_suspect || last == held.value.scanned)
            && let Err(error) = self.save(place, Durability::Enqueued)
        {
            let held = &mut self.consumers[place];
            for entry in entries.into_iter().rev() {
                held.ahead.push_front(entry);
            }
            if is_suspect && let Some(open) = held.value.open.get_mut(&first) {
                open.crashes -= 1;
            }
            return Err(error);
        }
        self.suspect_turn = if is_suspect { Some(place) } else { self.suspect_turn };
        self.start(place, entries, &Kind { is_rearmed: false, is_suspect });
        Ok(false)
    }

    /// Calls an event that was a dead letter.
    fn call_rearmed(&mut self, place: usize, seq: u64) -> journal::Result<bool> {
        let page = wait(self.journal.read(seq - 1, &Filter::all(), 1));
        let entry = match page {
            Ok(page) => page.entries.into_iter().find(|entry| entry.seq == seq),
            Err(journal::Error::Gone { .. }) => None,
            Err(error) => return Err(error),
        };
        let Some(entry) = entry else {
            log(format_args!(
                "`{}`: event {seq} is gone from the journal, so it isn't tried again",
                self.consumers[place].name()
            ));
            self.consumers[place].value.rearmed.remove(&seq);
            self.save(place, Durability::OnDisk)?;
            return Ok(true);
        };
        self.start(place, VecDeque::from([entry]), &Kind { is_rearmed: true, is_suspect: false });
        Ok(false)
    }

    fn start(&mut self, place: usize, entries: VecDeque<Entry>, kind: &Kind) {
        let held = &mut self.consumers[place];
        let open = entries.front().and_then(|entry| held.value.open.get(&entry.seq));
        let work = Work {
            attempts: open.map_or(0, |open| open.attempts),
            first_attempt: open.filter(|open| open.attempts > 0).map(|open| open.first),
            entries,
        };
        let progress = Arc::new(Progress::default());
        let ids =
            work.entries.iter().map(|entry| (entry.seq, entry.event.as_ref().ok().map(|event| event.id)));
        let ids = ids.collect();
        let outbox = self.outbox.clone();
        let ended = move |ended| drop(outbox.send(Message::Ended(place, ended)));
        let Kind { is_rearmed, is_suspect } = *kind;
        held.state = State::Running(Running { progress: progress.clone(), ids, is_rearmed, is_suspect });
        if let Err(error) = self.threads.start(&held.lane, work, &progress, ended) {
            log(format_args!("failed to start a thread for `{}`: {error}; it is tried again", held.name()));
            // The work is lost with the thread, so it is read again.
            held.ahead.clear();
            held.read_upto = held.value.position;
            held.look = true;
            held.state = State::Waiting(self.clock.now() + TRY_AGAIN);
        }
    }

    /// A lane has ended.
    pub(super) fn ended(&mut self, place: usize, ended: Ended) {
        let now = self.clock.now();
        self.consumers[place].take_progress(now);
        let held = &mut self.consumers[place];
        let State::Running(running) = std::mem::replace(&mut held.state, State::Idle) else { return };
        if running.is_suspect {
            self.suspect_turn = None;
            let seq = running.ids[0].0;
            if let Some(open) = held.value.open.get_mut(&seq) {
                // It hasn't died.
                open.crashes -= 1;
                held.dirty = true;
            }
        }
        match ended {
            Ended::All => {
                if running.is_rearmed {
                    self.rearmed_is_delivered(place, running.ids[0].0);
                }
            }
            Ended::Stopped(left) => self.put_back(place, left, running.is_rearmed),
            Ended::Failed(problem, left) => {
                let entry = left.front().cloned();
                self.put_back(place, left, running.is_rearmed);
                if let Some(entry) = entry {
                    self.failed(place, &entry, &problem);
                }
            }
        }
        self.schedule_save();
    }

    pub(super) fn put_back(&mut self, place: usize, left: VecDeque<Entry>, is_rearmed: bool) {
        // A dead letter that is delivered again is read anew.
        if !is_rearmed {
            for entry in left.into_iter().rev() {
                self.consumers[place].ahead.push_front(entry);
            }
        }
    }

    fn rearmed_is_delivered(&mut self, place: usize, seq: u64) {
        let held = &mut self.consumers[place];
        held.value.rearmed.remove(&seq);
        held.value.open.remove(&seq);
        held.value.delivered += 1;
        held.moved = self.clock.now();
        held.dirty = true;
        if let Err(error) = self.save(place, Durability::OnDisk) {
            self.journal_failed(place, &error);
        }
    }

    /// Waits for newer events, while a consumer has read all there are.
    fn watch(&mut self) {
        loop {
            if self.newer.is_none() {
                let caught_up = self.consumers.iter().filter(|held| {
                    matches!(held.state, State::Idle) && !held.look && held.value.paused.is_none()
                });
                let Some(upto) = caught_up.map(|held| held.read_upto).min() else { return };
                let journal = self.journal.clone();
                self.newer = Some(Newer(Box::pin(async move { journal.newer(upto).await })));
            }
            let waker = Waker::from(Arc::new(WakeEngine(self.outbox.clone())));
            let Some(Newer(newer)) = &mut self.newer else { return };
            match newer.as_mut().poll(&mut Context::from_waker(&waker)) {
                Poll::Pending => return,
                Poll::Ready(_) => {
                    self.newer = None;
                    let Ok(end) = wait(self.journal.end()) else { return self.schedule_save() };
                    let mut is_news = false;
                    for held in self.consumers.iter_mut().filter(|held| held.read_upto < end) {
                        held.look = true;
                        is_news |= matches!(held.state, State::Idle);
                    }
                    if is_news {
                        self.step_all();
                    }
                }
            }
        }
    }
}

struct Kind {
    is_rearmed: bool,
    is_suspect: bool,
}
