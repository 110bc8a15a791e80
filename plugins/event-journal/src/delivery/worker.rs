//! A worker of a consumer: it takes one event after the other from the lanes, or several, and calls the implementation.

use std::future::{Future, poll_fn};
use std::sync::Arc;
use std::task::Poll;

use event_core::durable::Delivery;
use event_core::plugin::{AnyTracked, Consumer, DeliveryError, error_line, report};
use event_core::{App, Context, Scope, WeakApp};
use uuid::Uuid;

use crate::delivery::call::{Call, GivenUp};
use crate::delivery::clock::{Clock, later};
use crate::delivery::guarded::{discard, guarded, guarded_future};
use crate::delivery::jobs::Job;
use crate::delivery::lanes::{End, Failed, Lanes, Taken};
use crate::delivery::next::{Next, Problem};
use crate::journal::Entry;
use crate::settings::Tries;

/// How a consumer is called: what all its workers share.
pub(crate) struct Caller {
    pub(crate) consumer: Consumer,
    /// The engine's.
    pub(crate) owner: Uuid,
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
                Some((called, end)) => self.lanes.finish(self.number, taken, called, end),
                None => self.lanes.give_back(self.number, taken),
            }
        }
    }

    /// Calls the implementation; gives with how many of the events, and how that has ended. `None` if the call doesn't count.
    async fn deliver(&self, app: &App, taken: &Taken) -> Option<(usize, End)> {
        let Job { entry, attempts, first_attempt, .. } = &taken.jobs[0];
        let now = self.caller.clock.now();
        let (attempt, first) = (attempts + 1, first_attempt.unwrap_or(now));
        let deadline = self.caller.tries.timeout.map(|timeout| later(now, timeout));
        let others = taken.jobs[1..].iter().map(|job| job.entry.seq).collect();
        let call = Call::new((entry.seq, others), now, deadline, self.caller.is_async());
        self.lanes.begin(self.number, call);
        let delivery = Delivery::new(self.caller.consumer.name(), attempt, first);
        // A batch has several, also where one of them is called alone.
        let seq = if self.caller.consumer.batch().is_none() { entry.seq } else { 0 };
        let delivery = delivery.at(seq).by(self.caller.owner, taken.epoch);
        let mut called = 1;
        let ended = guarded_future(self.call(app, &taken.jobs, &delivery, &mut called)).await;
        let problem = match ended {
            Ok(Ok(())) => return Some((called, End::Delivered)),
            Ok(Err(Problem::Abandoned)) => return None,
            Ok(Err(problem)) if called > 1 && problem.is_of_the_event() => {
                return Some((called, End::Halved));
            }
            Ok(Err(problem)) => problem,
            Err(message) => Problem::NotCalled(format!("the delivery itself panicked: {message}")),
        };
        let next = Next::after(&problem, &self.caller.tries, attempt, first, self.caller.clock.now());
        if attempt == 1 || matches!(next, Next::Bury) {
            self.caller.report(app, entry, &problem);
        }
        let (lane, entry) = (taken.lane, entry.clone());
        let failed = Failed { lane, entry, problem, next, attempts: attempt, first };
        Some((called, End::Failed(Box::new(failed))))
    }

    /// Calls the implementation with the events before the first one that can't be read; `called` is how many.
    async fn call(
        &self,
        app: &App,
        jobs: &[Job],
        delivery: &Delivery,
        called: &mut usize,
    ) -> Result<(), Problem> {
        let events = self.caller.read_all(app, jobs)?;
        *called = events.len();
        let call = self.caller.consumer.call(app, &events, delivery);
        let call = cause_of(&events).around(call);
        let ended = if self.caller.is_async() { self.unless_given_up(call).await } else { Ok(call.await) };
        discard(events);
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

/// What an event says that is tracked in a call of these: which one led to it, if it is one.
fn cause_of(events: &[Arc<dyn AnyTracked>]) -> Scope {
    match events {
        [event] => Scope::new().context(Context::new().with_cause(&**event)),
        _ => Scope::new(),
    }
}

impl Caller {
    pub(crate) fn is_async(&self) -> bool {
        self.consumer.implementation().is_async()
    }

    /// The events before the first one that can't be read.
    ///
    /// # Errors
    /// What is wrong with that one, if it is the first of all.
    fn read_all(&self, app: &App, jobs: &[Job]) -> Result<Vec<Arc<dyn AnyTracked>>, Problem> {
        let mut events = Vec::with_capacity(jobs.len());
        for job in jobs {
            match self.read(app, &job.entry) {
                Ok(event) => events.push(event),
                Err(problem) if events.is_empty() => return Err(problem),
                Err(_) => break,
            }
        }
        Ok(events)
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
