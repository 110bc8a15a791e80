//! A closure that waits for its turn to write.

use std::panic::Location;

use event_core::plugin::Prepared;
use event_core::{App, Durability, Scope};
use event_journal::queue;
use event_journal::waiting::{Runtime, call_depth, contained};
use futures_channel::oneshot;
use rusqlite::Connection;

use crate::database::Core;
use crate::database::transaction::Tx;
use crate::delivery::{Caller, Sender};
use crate::error::{Error, Result};

/// The sender of a row's outcome, if a caller waits for it.
pub(crate) type Answer = oneshot::Sender<Result<()>>;

/// What waits for the writer, and what it writes in one transaction.
pub(crate) type Queue = queue::Queue<Box<dyn Job>, Answer>;
pub(crate) type Batch = queue::Batch<Box<dyn Job>, Answer>;

/// A closure of any type, first in the queue, then in a transaction.
pub(crate) trait Job: Send {
    /// Where the closure is written.
    fn place(&self) -> &'static Location<'static>;

    /// What its caller waits for.
    fn durability(&self) -> Durability;

    /// Runs the closure and keeps its outcome. If it failed, the caller undoes its writes.
    fn run(&mut self, turn: &mut Turn<'_>) -> Result<(), Undo>;

    /// Sends the outcome to the caller: the job's own failure, or how the transaction ended.
    ///
    /// # Errors
    /// The failure, where its caller has stopped waiting.
    fn answer(self: Box<Self>, transaction: Result<()>) -> Result<()>;
}

impl queue::Job for Box<dyn Job> {
    fn durability(&self) -> Durability {
        (**self).durability()
    }
}

/// What the job wrote is to be undone.
pub(crate) struct Undo;

/// What a running job gets.
pub(crate) struct Turn<'t> {
    pub(crate) connection: &'t Connection,
    pub(crate) core: &'t Core,
    /// Writes the events that the closure tracked into the same transaction, if the store is in this database.
    pub(crate) keep: &'t mut dyn FnMut(&[Prepared]) -> Result<()>,
}

/// What is done with the events of a write when it is committed, and with its outcome then.
pub(crate) type Deliver<T> = Box<dyn FnOnce(T, Vec<Prepared>, Sender<T>) + Send>;

pub(crate) struct Closure<T, F> {
    app: App,
    place: &'static Location<'static>,
    durability: Durability,
    /// The scope in which the write was asked for.
    scope: Scope,
    /// Until its turn.
    function: Option<F>,
    /// How many writes it is inside of, itself included.
    depth: u32,
    runtime: Runtime,
    outcome: Option<Result<(T, Vec<Prepared>)>>,
    deliver: Deliver<T>,
    sender: Sender<T>,
}

impl<T, F> Closure<T, F>
where
    T: Send + 'static,
    F: FnOnce(&Tx<'_>) -> Result<T> + Send + 'static,
{
    pub(crate) fn boxed(
        app: App,
        caller: Caller,
        durability: Durability,
        function: F,
        deliver: Deliver<T>,
        sender: Sender<T>,
    ) -> Box<dyn Job> {
        let Caller { place, scope, depth, runtime, .. } = caller;
        let function = Some(function);
        Box::new(Self {
            app,
            place,
            durability,
            scope,
            function,
            depth,
            runtime,
            outcome: None,
            deliver,
            sender,
        })
    }
}

impl<T: Send, F: FnOnce(&Tx<'_>) -> Result<T> + Send> Job for Closure<T, F> {
    fn place(&self) -> &'static Location<'static> {
        self.place
    }

    fn durability(&self) -> Durability {
        self.durability
    }

    fn run(&mut self, turn: &mut Turn<'_>) -> Result<(), Undo> {
        let function = self.function.take().expect("a job has one turn");
        let app = &self.app;
        let run = || {
            let tx = Tx::new(turn.connection, turn.core, app);
            let value = function(&tx)?;
            let events = tx.into_events()?;
            (turn.keep)(&events)?;
            Ok((value, events))
        };
        let _at = call_depth::At::depth(self.depth);
        let outcome = contained(|| self.runtime.run(|| self.scope.run(run)))
            .unwrap_or_else(|message| Err(Error::Panicked { path: turn.core.path.clone(), message }))
            .map_err(|error: Error| error.about(&turn.core.path));
        let undo = outcome.as_ref().map(drop).map_err(|_| Undo);
        self.outcome = Some(outcome);
        undo
    }

    fn answer(self: Box<Self>, transaction: Result<()>) -> Result<()> {
        let Self { outcome, deliver, sender, .. } = *self;
        let failure = match (outcome, transaction) {
            (Some(Err(own)), _) => own,
            (_, Err(transaction)) => transaction,
            (Some(Ok((value, events))), Ok(())) => {
                deliver(value, events, sender);
                return Ok(());
            }
            (None, Ok(())) => unreachable!("a transaction isn't committed before all its jobs have run"),
        };
        match sender.send(Err(failure)) {
            Err(Err(failure)) => Err(failure),
            Ok(()) | Err(Ok(_)) => Ok(()),
        }
    }
}
