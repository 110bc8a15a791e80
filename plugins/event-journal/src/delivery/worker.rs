//! A worker of a consumer: it takes one event after the other from the lanes, and calls the implementation.

use std::future::{Future, poll_fn};
use std::sync::Arc;
use std::task::Poll;

use event_core::durable::Delivery;
use event_core::plugin::{AnyTracked, Consumer, DeliveryError, error_line, report};
use event_core::{App, WeakApp};

use crate::delivery::call::{Call, GivenUp};
use crate::delivery::clock::{Clock, later};
use crate::delivery::guarded::{discard, guarded, guarded_future};
use crate::delivery::lanes::{Failed, Job, Lanes, Taken};
use crate::delivery::next::{Next, Problem};
use crate::journal::Entry;
use crate::settings::Tries;

/// How a consumer is called: what all its workers share.
pub(crate) struct Caller {
    pub(crate) consumer: Consumer,
    pub(crate) app: WeakApp,
    pub(crate) clock: Clock,
    pub(crate) tries: Tries,
}

pub(crate) struct Worker {
    /// Among the workers of its consumer.
    pub(crate) number: usize,
    pub(crate) lanes: Arc<Lanes>,
    pub(crate) caller: Arc<Caller>,
}

impl Worker {
    pub(crate) async fn run(self) {
        while let Some(taken) = poll_fn(|context| self.lanes.poll_take(self.number, context)).await {
            let Some(app) = self.caller.app.upgrade() else {
                // The engine ends, too.
                return self.lanes.give_back(self.number, taken);
            };
            let ended = self.deliver(&app, &taken).await;
            // Before the engine hears of the end, after which the application may rely on having the last one.
            drop(app);
            match ended {
                Ok(()) => self.lanes.finish(self.number, taken, None),
                Err(None) => self.lanes.give_back(self.number, taken),
                Err(Some(failed)) => self.lanes.finish(self.number, taken, Some(failed)),
            }
        }
    }

    /// Calls the implementation.
    ///
    /// # Errors
    /// What has failed; `None` if the call doesn't count.
    async fn deliver(&self, app: &App, taken: &Taken) -> Result<(), Option<Failed>> {
        let Job { entry, attempts, first_attempt, .. } = &taken.job;
        let now = self.caller.clock.now();
        let (attempt, first) = (attempts + 1, first_attempt.unwrap_or(now));
        let deadline = self.caller.tries.timeout.map(|timeout| later(now, timeout));
        self.lanes.begin(self.number, Call::new(entry.seq, now, deadline, self.caller.is_async()));
        let delivery = Delivery::new(self.caller.consumer.name(), attempt, first);
        let called = guarded_future(self.call(app, entry, &delivery)).await;
        let problem = match called {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(Problem::Abandoned)) => return Err(None),
            Ok(Err(problem)) => problem,
            Err(message) => Problem::NotCalled(format!("the delivery itself panicked: {message}")),
        };
        let next = Next::after(&problem, &self.caller.tries, attempt, first, self.caller.clock.now());
        if attempt == 1 || matches!(next, Next::Bury) {
            self.caller.report(app, entry, &problem);
        }
        let (lane, entry) = (taken.lane, entry.clone());
        Err(Some(Failed { lane, entry, problem, next, attempts: attempt, first }))
    }

    async fn call(&self, app: &App, entry: &Entry, delivery: &Delivery) -> Result<(), Problem> {
        let event = self.caller.read(app, entry)?;
        let call = self.caller.consumer.call(app, &*event, delivery);
        let ended = if self.caller.is_async() { self.unless_given_up(call).await } else { Ok(call.await) };
        discard(event);
        let ended = ended.map_err(|why| match why {
            GivenUp::TimedOut => Problem::TimedOut(self.caller.tries.timeout.unwrap_or_default()),
            GivenUp::Abandoned => Problem::Abandoned,
        })?;
        ended.map_err(|error| match error {
            DeliveryError::Failed(failure) => Problem::Failed(failure),
            error => Problem::NotCalled(error_line(&error)),
        })
    }

    /// The output of a call, unless it is given up before.
    async fn unless_given_up<F: Future>(&self, call: F) -> Result<F::Output, GivenUp> {
        let mut call = Box::pin(call);
        let output = poll_fn(|context| match call.as_mut().poll(context) {
            Poll::Ready(output) => Poll::Ready(Ok(output)),
            Poll::Pending => self.lanes.poll_given_up(self.number, context).map(Err),
        })
        .await;
        // The future is the application's.
        discard(call);
        output
    }
}

impl Caller {
    pub(crate) fn is_async(&self) -> bool {
        self.consumer.implementation().is_async()
    }

    /// The event, as the type that the implementation takes.
    fn read(&self, app: &App, entry: &Entry) -> Result<Arc<dyn AnyTracked>, Problem> {
        let record = entry.event.as_ref().map_err(|odd| Problem::Undecodable(odd.reason.clone()))?;
        let known = self.consumer.version(app, &record.name);
        if let Some(known) = known.filter(|known| *known < record.version) {
            return Err(Problem::Newer { found: record.version, known });
        }
        let decoded = guarded(|| {
            self.consumer.decode(record.clone()).map_err(|error| {
                format!("its properties can't be read as the event's type: {}", error_line(&error))
            })
        });
        decoded.map_err(Problem::Panicked)?.map_err(Problem::Undecodable)
    }

    /// The failure handler is the application's, so it runs here, and not on the engine's thread.
    fn report(&self, app: &App, entry: &Entry, problem: &Problem) {
        match (problem, &entry.event) {
            (Problem::Failed(failure), _) => report(app, failure),
            (Problem::Newer { .. } | Problem::NotCalled(_) | Problem::Abandoned, _) => {}
            (problem, Ok(event)) => {
                report(app, &self.consumer.failure(&event.name, event.id, problem.to_line()));
            }
            (problem, Err(odd)) => {
                let id = odd.id.parse().unwrap_or_default();
                report(app, &self.consumer.failure(&odd.name, id, problem.to_line()));
            }
        }
    }
}
