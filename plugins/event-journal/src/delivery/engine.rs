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

use event_core::{Durability, WeakApp};
use futures_channel::oneshot;
use uuid::Uuid;

use crate::delivery::clock::{Clock, later};
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
/// By how many events that aren't meant for a consumer its position moves without being saved. Retention keeps them.
const UNSAVED: u64 = 10_000;
/// How long a journal isn't asked for newer events, after it couldn't tell.
const WATCH_AGAIN: Duration = Duration::from_millis(200);
/// The same, after it has said that there are some: those of a moment are read together.
const WATCH_SOON: Duration = Duration::from_millis(5);

/// What wakes the engine.
pub(crate) enum Message {
    Wake,
    /// The lane of the consumer at this index has ended.
    Ended(usize, Ended),
    Request(Request),
    /// A thread that tells the application something has ended.
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
    pub(crate) stalled_after: Duration,
    pub(crate) inbox: Receiver<Message>,
    pub(crate) outbox: Sender<Message>,
    pub(crate) threads: Threads,
    pub(crate) owner: Uuid,
    /// The consumer that calls an event which may end the process.
    pub(crate) suspect_turn: Option<usize>,
    pub(crate) newer: Option<Newer>,
    /// Wakes the engine when `newer` is to be polled.
    pub(crate) waker: Waker,
    /// `newer` isn't asked for again before.
    pub(crate) watch_at: Option<Instant>,
    pub(crate) save_at: Option<Instant>,
    /// How many threads tell the application something.
    pub(crate) telling: usize,
    pub(crate) settling: Vec<oneshot::Sender<Result<(), Refused>>>,
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
                    Message::Told => self.telling -= 1,
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
        let due = self.consumers.iter().filter_map(|held| match &held.state {
            State::Waiting(due) => self.clock.until(*due),
            State::Running(running) => self.clock.until(running.progress.deadline()?),
            _ => None,
        });
        let timers = [self.save_at, self.watch_at].into_iter().flatten();
        let timers = timers.map(|at| at.saturating_duration_since(Instant::now()));
        due.chain(timers).chain(self.next_stall()).min()
    }

    pub(super) fn step_all(&mut self) {
        let now = self.clock.now();
        for place in 0..self.consumers.len() {
            self.consumers[place].take_progress(now);
            if let State::Running(running) = &self.consumers[place].state {
                running.progress.give_up(now);
            }
            if let State::Waiting(due) = self.consumers[place].state
                && due <= now
            {
                self.consumers[place].state = State::Idle;
            }
            while matches!(self.consumers[place].state, State::Idle) && self.step(place) {}
            self.read_ahead(place);
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
        let held = &self.consumers[place];
        if held.value.position < held.suspect_upto && self.is_others_turn(place) {
            // Not even read: the end of the call that runs would wait for that, and look like the death of the process.
            return Ok(false);
        }
        if let Some(seq) = self.consumers[place].value.rearmed.first().copied() {
            return self.call_rearmed(place, seq);
        }
        if self.consumers[place].ahead.is_empty() && !self.read(place)? {
            return Ok(false);
        }
        self.call(place)
    }

    /// Reads the events after those that a lane is calling, so that the lane needn't wait for them.
    fn read_ahead(&mut self, place: usize) {
        let held = &self.consumers[place];
        let State::Running(running) = &held.state else { return };
        // The end of an event that may end the process isn't made to wait.
        if held.ahead.is_empty() && !running.is_suspect {
            // What fails is read again when the lane has ended, and reported then.
            let _ = self.read(place);
        }
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
        if held.ahead.is_empty() && matches!(held.state, State::Running(_)) {
            // Once more when the lane has ended: until then, the position is the lane's.
            held.look = true;
            return Ok(false);
        }
        if held.ahead.is_empty() {
            // Nothing for this consumer up to there. Not worth a save of its own.
            held.value.position = held.value.position.max(held.read_upto);
            held.dirty |= held.value.position - held.saved_position > UNSAVED;
            held.moved = self.clock.now();
            held.stall_told = false;
            return Ok(held.look);
        }
        Ok(true)
    }

    /// Gives the events that were read to the consumer's lane.
    fn call(&mut self, place: usize) -> journal::Result<bool> {
        let held = &self.consumers[place];
        let first = held.ahead.front().expect("there is one").seq;
        let is_suspect = first <= held.suspect_upto;
        if is_suspect && self.is_others_turn(place) {
            return Ok(false);
        }
        if is_suspect && held.has_died_of(first) {
            let entry = held.ahead.front().cloned().expect("there is one");
            return self.bury_deadly(place, &entry);
        }
        let held = &mut self.consumers[place];
        let entries: VecDeque<_> =
            if is_suspect { held.ahead.drain(..1).collect() } else { std::mem::take(&mut held.ahead) };
        held.value.scanned = held.value.scanned.max(entries.back().expect("there is one").seq);
        if let Err(error) = self.announce(place, first, is_suspect) {
            let held = &mut self.consumers[place];
            for entry in entries.into_iter().rev() {
                held.ahead.push_front(entry);
            }
            return Err(error);
        }
        self.start(place, entries, &Kind { is_rearmed: false, is_suspect });
        Ok(false)
    }

    /// Calls an event that was a dead letter.
    fn call_rearmed(&mut self, place: usize, seq: u64) -> journal::Result<bool> {
        let is_suspect = self.consumers[place].suspect_rearmed.contains(&seq);
        if is_suspect && self.is_others_turn(place) {
            return Ok(false);
        }
        // It may still be there, if the process ended between.
        self.remove_letter(place, seq)?;
        let page = wait(self.journal.read(seq - 1, &Filter::all(), 1));
        let entry = match page {
            Ok(page) => page.entries.into_iter().find(|entry| entry.seq == seq),
            Err(journal::Error::Gone { .. }) => None,
            Err(error) => return Err(error),
        };
        let held = &mut self.consumers[place];
        let Some(entry) = entry else {
            log(format_args!(
                "`{}`: event {seq} is gone from the journal, so it isn't tried again",
                held.name()
            ));
            held.value.rearmed.remove(&seq);
            held.value.open.remove(&seq);
            held.dirty = true;
            self.save(place, Durability::OnDisk)?;
            return Ok(true);
        };
        if is_suspect && held.has_died_of(seq) {
            return self.bury_deadly(place, &entry);
        }
        self.announce(place, seq, is_suspect)?;
        self.start(place, VecDeque::from([entry]), &Kind { is_rearmed: true, is_suspect });
        Ok(false)
    }

    fn is_others_turn(&self, place: usize) -> bool {
        self.suspect_turn.is_some_and(|other| other != place)
    }

    /// Saves what is about to be called, or a crash in it isn't noticed, and neither is another owner.
    fn announce(&mut self, place: usize, first: u64, is_suspect: bool) -> journal::Result<()> {
        if is_suspect {
            self.save_survivals(place)?;
        }
        let now = self.clock.now();
        let held = &mut self.consumers[place];
        if is_suspect {
            held.value.open.entry(first).or_insert_with(|| Open::new(now)).crashes += 1;
        }
        held.dirty = true;
        let saved = self.save(place, Durability::Enqueued);
        match saved {
            Ok(()) if is_suspect => self.suspect_turn = Some(place),
            Err(_) if is_suspect => self.consumers[place].has_survived(first),
            _ => {}
        }
        saved
    }

    /// That the suspects of other consumers have survived, before the process may die of this one's.
    fn save_survivals(&mut self, place: usize) -> journal::Result<()> {
        for other in 0..self.consumers.len() {
            if other != place
                && self.consumers[other].is_to_be_saved()
                && let Err(error) = self.save(other, Durability::Enqueued)
            {
                self.journal_failed(other, &error);
                if !self.consumers[other].is_lost() {
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    fn bury_deadly(&mut self, place: usize, entry: &Entry) -> journal::Result<bool> {
        let reason = "the process ended each time while the implementation was called".to_owned();
        self.report_death(place, entry, reason.clone());
        self.bury_entry(place, entry, reason)?;
        Ok(true)
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
        let ids: Vec<_> = ids.collect();
        let first = ids[0].0;
        let outbox = self.outbox.clone();
        let ended = move |ended| drop(outbox.send(Message::Ended(place, ended)));
        let Kind { is_rearmed, is_suspect } = *kind;
        held.state = State::Running(Running {
            progress: progress.clone(),
            ids,
            is_rearmed,
            is_suspect,
            is_taken_over: false,
        });
        if let Err(error) = self.threads.start(&held.lane, work, &progress, ended) {
            log(format_args!("failed to start a thread for `{}`: {error}; it is tried again", held.name()));
            // The work is lost with the thread, so it is read again.
            self.try_anew(place, is_suspect.then_some(first));
        }
    }

    /// What a lane had is read again, and called a little later.
    fn try_anew(&mut self, place: usize, suspect: Option<u64>) {
        let held = &mut self.consumers[place];
        held.read_anew();
        held.state = State::Waiting(later(self.clock.now(), TRY_AGAIN));
        if let Some(seq) = suspect {
            held.has_survived(seq);
            self.suspect_turn = None;
        }
    }

    /// A lane has ended.
    pub(super) fn ended(&mut self, place: usize, ended: Ended) {
        let now = self.clock.now();
        self.consumers[place].take_progress(now);
        let held = &mut self.consumers[place];
        let State::Running(running) = std::mem::replace(&mut held.state, State::Idle) else { return };
        let first = running.ids[0].0;
        if running.is_suspect {
            self.suspect_turn = None;
            held.has_survived(first);
        }
        if running.is_taken_over {
            return self.journal_failed(place, &journal::Error::Conflict);
        }
        match ended {
            Ended::All => {
                if running.is_rearmed {
                    self.rearmed_is_delivered(place, first);
                }
            }
            Ended::Stopped(left) => self.put_back(place, left, running.is_rearmed),
            Ended::Failed(failed, left) => {
                let entry = left.front().cloned();
                self.put_back(place, left, running.is_rearmed);
                if let Some(entry) = entry {
                    self.failed(place, &entry, failed);
                }
            }
            Ended::Panicked(message) => {
                log(format_args!("the calls of `{}` panicked: {message}; they are made again", held.name()));
                self.try_anew(place, None);
            }
        }
        if running.is_suspect && self.consumers[place].is_to_be_saved() {
            // Or it would count as one in whose call the process died, if that dies after the call.
            if let Err(error) = self.save(place, Durability::Enqueued) {
                self.journal_failed(place, &error);
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
        held.stall_told = false;
        held.dirty = true;
        if let Err(error) = self.save(place, Durability::OnDisk) {
            self.journal_failed(place, &error);
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
                let caught_up = self.consumers.iter().filter(|held| {
                    !held.look && matches!(held.state, State::Idle | State::Waiting(_) | State::Held(_))
                });
                let Some(upto) = caught_up.map(|held| held.read_upto).min() else { return };
                let journal = self.journal.clone();
                self.newer = Some(Newer(Box::pin(async move { journal.newer(upto).await })));
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
        let Ok(end) = wait(self.journal.end()) else { return false };
        let now = self.clock.now();
        let mut is_news = false;
        for held in &mut self.consumers {
            is_news |= held.look_again(end, now);
        }
        is_news
    }
}

struct Kind {
    is_rearmed: bool,
    is_suspect: bool,
}
