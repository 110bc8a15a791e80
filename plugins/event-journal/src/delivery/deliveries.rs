//! What an application asks of the deliveries, and an operator: `app.deliveries()`.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use futures_channel::oneshot;

use crate::dead_letter::{self, DeadLetter};
use crate::delivery::command::{Command, Refused, Request, Sender};
use crate::delivery::engine::Message;
use crate::delivery::letters::Letters;
use crate::delivery::status::ConsumerStatus;
use crate::delivery::tombstone::Tombstone;
use crate::delivery::{Asked, Delivering, value};
use crate::journal::Filter;
use crate::waiting::Waiting;

/// The deliveries of an app: `app.deliveries()`. A cheap clone.
///
/// What changes a consumer is done by the process that delivers to it. Where that is another one, the command is saved in the journal,
/// the other process looks at it within a fifth of its lease (a second), and the answer comes the same way.
#[derive(Clone)]
pub struct Deliveries(Arc<Asked>);

impl Deliveries {
    pub(crate) fn new(delivering: &Delivering) -> Self {
        Self(delivering.asked.clone())
    }

    /// How each consumer is doing: those of the app, by name, and those that the journal knows beside them.
    ///
    /// # Errors
    /// [`Refused::NotRunning`], [`Refused::Stopped`] and [`Refused::Forked`].
    pub fn consumers(&self) -> Waiting<Vec<ConsumerStatus>, Refused> {
        self.ask(Request::List)
    }

    /// Resolves when this process can call nothing now: everything is delivered, dead, waits for a time or for a person, or is
    /// another process's.
    ///
    /// # Errors
    /// [`Refused::NotRunning`], [`Refused::Stopped`] and [`Refused::Forked`].
    pub fn settled(&self) -> Waiting<(), Refused> {
        self.ask(Request::Settle)
    }

    /// Lets a consumer of this process try what has failed now, instead of at its time.
    ///
    /// # Errors
    /// [`Refused::UnknownConsumer`], [`Refused::NotRunning`], [`Refused::Stopped`] and [`Refused::Forked`].
    pub fn deliver_now(&self, consumer: impl Into<String>) -> Waiting<(), Refused> {
        let consumer = consumer.into();
        self.ask(|sender| Request::DeliverNow(consumer, sender))
    }

    /// Lets a consumer wait until it is resumed, or a process that has it starts. A running call ends first.
    ///
    /// # Errors
    /// Those of every command: [`Refused::UnknownConsumer`], [`Refused::Later`] where no process has done it in two leases,
    /// [`Refused::Journal`], [`Refused::ByOwner`] with what another process says, [`Refused::NotRunning`], [`Refused::Stopped`] and [`Refused::Forked`].
    pub fn pause(&self, consumer: impl Into<String>) -> Waiting<(), Refused> {
        self.command(consumer, Command::Pause("paused by hand".to_owned())).map(|_| ())
    }

    /// Lets a paused consumer go on.
    ///
    /// # Errors
    /// Those of a [command](Self::pause).
    pub fn resume(&self, consumer: impl Into<String>) -> Waiting<(), Refused> {
        self.command(consumer, Command::Resume).map(|_| ())
    }

    /// The dead letters of a consumer whose seq is larger than `after`, by seq: so many at most. It can be one of another program,
    /// if the journal knows it.
    ///
    /// # Errors
    /// [`Refused::UnknownConsumer`] where neither the app nor the journal knows it; [`Refused::NotRunning`], [`Refused::Forked`]
    /// and [`Refused::Journal`].
    pub fn dead_letters(
        &self,
        consumer: impl Into<String>,
        after: u64,
        limit: usize,
    ) -> Waiting<Vec<DeadLetter>, Refused> {
        let (asked, consumer) = (self.0.clone(), consumer.into());
        Waiting::new(async move {
            let journal = asked.journal()?;
            let saved = journal.load(&value::key(&consumer)).await.map_err(Refused::Journal)?;
            let is_known = asked.consumers.contains(&consumer)
                || saved.is_some_and(|saved| Tombstone::read(&saved.value).is_none());
            if !is_known {
                let known = asked.consumers.clone();
                return Err(Refused::UnknownConsumer { name: consumer, known });
            }
            let (prefix, after) = (dead_letter::prefix(&consumer), dead_letter::key(&consumer, after));
            let listed = journal.list(&prefix, &after, limit).await.map_err(Refused::Journal)?;
            // A letter that can't be read is another version's.
            Ok(listed.iter().filter_map(|(_, saved)| serde_json::from_slice(&saved.value).ok()).collect())
        })
    }

    /// Delivers a dead letter again, before later events of its lane. Without such a letter nothing happens.
    ///
    /// # Errors
    /// Those of a [command](Self::pause). [`Refused::Journal`] with [`Gone`](crate::journal::Error::Gone), if the event was removed
    /// from the journal: then the letter stays.
    pub fn retry(&self, letter: &DeadLetter) -> Waiting<(), Refused> {
        self.command(&*letter.consumer, Command::Retry(Letters::one(letter.seq))).map(|_| ())
    }

    /// Delivers these dead letters again, up to a hundred at a time; gives how many. Those whose event is gone stay.
    ///
    /// Resolves when all are on their way. If the process ends before, the next one goes on.
    ///
    /// # Errors
    /// Those of a [command](Self::pause).
    pub fn retry_all(&self, consumer: impl Into<String>, letters: Letters) -> Waiting<u64, Refused> {
        self.command(consumer, Command::Retry(letters))
    }

    /// Removes a dead letter. The event stays in the journal.
    ///
    /// # Errors
    /// Those of a [command](Self::pause).
    pub fn drop_letter(&self, letter: &DeadLetter) -> Waiting<(), Refused> {
        self.command(&*letter.consumer, Command::Drop(Letters::one(letter.seq))).map(|_| ())
    }

    /// Removes these dead letters; gives how many.
    ///
    /// # Errors
    /// Those of a [command](Self::pause).
    pub fn drop_all(&self, consumer: impl Into<String>, letters: Letters) -> Waiting<u64, Refused> {
        self.command(consumer, Command::Drop(letters))
    }

    /// Delivers what comes after this seq, again or for the first time; gives how many seqs that are. 0 is everything that is
    /// kept. Calls that run end first, and dead letters stay.
    ///
    /// # Errors
    /// Those of a [command](Self::pause).
    pub fn replay_after(&self, consumer: impl Into<String>, seq: u64) -> Waiting<u64, Refused> {
        self.command(consumer, Command::Replay { after: seq })
    }

    /// Delivers what happened then or later, and all that came into the journal after that; gives how many seqs that are.
    ///
    /// # Errors
    /// Those of a [command](Self::pause).
    pub fn replay_since(&self, consumer: impl Into<String>, time: DateTime<Utc>) -> Waiting<u64, Refused> {
        let (deliveries, consumer) = (self.clone(), consumer.into());
        Waiting::new(async move {
            let journal = deliveries.0.journal()?;
            let since = Filter { since: Some(time), ..Filter::all() };
            let page = journal.read(0, &since, 1).await.map_err(Refused::Journal)?;
            let after = page.entries.first().map_or(page.upto, |first| first.seq - 1);
            deliveries.replay_after(consumer, after).await
        })
    }

    /// Makes an event that waits a dead letter without another try, for this reason: the way past one that holds a consumer up.
    ///
    /// # Errors
    /// Those of a [command](Self::pause), and [`Refused::NotWaiting`].
    pub fn skip(
        &self,
        consumer: impl Into<String>,
        seq: u64,
        reason: impl Into<String>,
    ) -> Waiting<(), Refused> {
        self.command(consumer, Command::Skip { seq, reason: reason.into() }).map(|_| ())
    }

    /// Lets this program deliver to a consumer although the journal says that it hears events which it doesn't hear here: after a
    /// deploy was taken back, or when an implementation hears less on purpose. Events of those names are passed by.
    ///
    /// One that a newer program has renamed gets its old name again, with its position, also from a process that runs: that one
    /// stands by. One that was removed begins anew.
    ///
    /// # Errors
    /// [`Refused::ByOwner`] while another process delivers to it, [`Refused::UnknownConsumer`], [`Refused::Journal`],
    /// [`Refused::NotRunning`], [`Refused::Stopped`] and [`Refused::Forked`].
    pub fn adopt(&self, consumer: impl Into<String>) -> Waiting<(), Refused> {
        let consumer = consumer.into();
        self.ask(|sender| Request::Adopt(consumer, sender))
    }

    /// Forgets a consumer that no program has any more: its position, and its dead letters. Until then, retention keeps
    /// what it hasn't got. A program that is started with it all the same stands by, until it is told to [`adopt`](Self::adopt) it.
    ///
    /// If the process that had it didn't end in order, that takes a lease.
    ///
    /// # Errors
    /// [`Refused::InUse`] for a consumer of the app, [`Refused::ByOwner`] for one of another process that runs,
    /// [`Refused::UnknownConsumer`], [`Refused::Journal`], [`Refused::NotRunning`], [`Refused::Stopped`] and [`Refused::Forked`].
    pub fn remove(&self, consumer: impl Into<String>) -> Waiting<(), Refused> {
        let consumer = consumer.into();
        self.ask(|sender| Request::Remove(consumer, sender))
    }

    fn command(&self, consumer: impl Into<String>, command: Command) -> Waiting<u64, Refused> {
        let consumer = consumer.into();
        self.ask(|sender| Request::Command(consumer, command, sender))
    }

    fn ask<T: Send + 'static>(&self, request: impl FnOnce(Sender<T>) -> Request) -> Waiting<T, Refused> {
        let (asked, (sender, receiver)) = (self.0.clone(), oneshot::channel());
        let request = request(sender);
        Waiting::new(async move {
            let outbox = asked.outbox()?;
            let sent = outbox.send(Message::Request(request));
            drop(asked);
            sent.map_err(|_| Refused::Stopped)?;
            receiver.await.unwrap_or(Err(Refused::Stopped))
        })
    }
}

impl std::fmt::Debug for Deliveries {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Deliveries").finish_non_exhaustive()
    }
}
