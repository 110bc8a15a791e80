//! A durable implementation, as the plugin sees it that calls it.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use uuid::Uuid;

use crate::dispatch::call_depth;
use crate::dispatch::durable::batch::{self, Batch};
use crate::dispatch::durable::hook::track_event;
use crate::dispatch::durable::options::{DurableOptions, Order, StartsFrom};
use crate::dispatch::durable::words::Delivery;
use crate::dispatch::error::Error;
use crate::dispatch::execute;
use crate::dispatch::failure::{BoxError, Failure};
use crate::dispatch::hook::HookSpec;
use crate::dispatch::host::App;
use crate::dispatch::implementation::Implementation;
use crate::dispatch::plan::Plan;
use crate::dispatch::reentrancy;
use crate::event::event_type::EventType;
use crate::event::foreign::error_lines;
use crate::event::record::Record;
use crate::event::tracked::AnyTracked;

/// A durable implementation: what it hears, how often it is tried, and its call. A cheap clone.
#[derive(Clone)]
pub struct Consumer(Arc<Inner>);

struct Inner {
    name: String,
    implementation: Arc<Implementation>,
    options: DurableOptions,
    plan: EitherPlan,
}

/// How the function is called.
enum EitherPlan {
    OfOne(Plan<track_event>),
    OfBatches(Plan<batch::track_event>),
}

impl Consumer {
    /// Of an implementation of the durable hook.
    pub(crate) fn new(implementation: &Arc<Implementation>) -> Self {
        let options = implementation.durable_options().expect("an implementation of this hook is durable");
        let function = options.name.unwrap_or(implementation.function());
        Self(Arc::new(Inner {
            name: format!("{}::{function}", implementation.plugin()),
            implementation: implementation.clone(),
            options: *options,
            plan: match options.batch {
                None => EitherPlan::OfOne(Plan::new([implementation])),
                Some(_) => EitherPlan::OfBatches(Plan::new([implementation])),
            },
        }))
    }

    /// The stable name, under which its position is kept: the plugin and the function, such as `shop::tell_billing`. The
    /// option `name` replaces the function's.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The name that it had before, if it was renamed: `renamed_from`. Its position is taken over.
    pub fn renamed_from(&self) -> Option<String> {
        let name = self.0.options.renamed_from?;
        let plugin = self.0.implementation.plugin();
        Some(if name.contains("::") { name.to_owned() } else { format!("{plugin}::{name}") })
    }

    /// The implementation.
    pub fn implementation(&self) -> &Arc<Implementation> {
        &self.0.implementation
    }

    /// The names of the events that it hears; `None` if it hears all.
    pub fn event_names(&self) -> Option<Vec<&'static str>> {
        let decoder = self.0.options.decoder?;
        Some(decoder.types.iter().map(|declaration| EventType::declared(declaration).name()).collect())
    }

    /// The version of an event of this name that the program knows.
    pub fn version(&self, app: &App, event: &str) -> Option<u32> {
        let known = self.0.options.decoder.map_or(&[][..], |decoder| decoder.types);
        let known = known.iter().map(EventType::declared).find(|known| known.name() == event);
        known.or_else(|| app.event_type(event)).map(|known| known.version())
    }

    /// Which events it hears when it is new.
    pub fn starts_from(&self) -> StartsFrom {
        self.0.options.from
    }

    /// For how long an event is tried that fails with any error, from its first attempt on.
    pub fn give_up_after(&self) -> Duration {
        self.0.options.give_up_after
    }

    /// How often such an event is tried at most, if that is limited.
    pub fn max_attempts(&self) -> Option<u32> {
        self.0.options.max_attempts
    }

    /// For how long an asynchronous call may run.
    pub fn timeout(&self) -> Option<Duration> {
        self.0.options.timeout
    }

    /// Which events are called one after the other.
    pub fn order(&self) -> Order {
        self.0.options.order
    }

    /// How many events are called side by side at most, if that is given and the order lets several be.
    pub fn concurrency(&self) -> Option<u32> {
        self.0.options.concurrency
    }

    /// How many events it takes in one call at most; `None` if it takes one event as such.
    pub fn batch(&self) -> Option<u32> {
        self.0.options.batch
    }

    /// The stored event, as the type that the implementation takes. Its properties are the stored ones.
    ///
    /// # Errors
    /// When the properties aren't those of that type.
    pub fn decode(&self, record: Record) -> Result<Arc<dyn AnyTracked>, serde_json::Error> {
        match self.0.options.decoder {
            Some(decoder) => (decoder.decode)(&record),
            None => Ok(Arc::new(record)),
        }
    }

    /// The failure of a delivery that the implementation hasn't reported itself: a call that took too long, or an event that
    /// can't be read.
    pub fn failure(&self, event_name: &str, event_id: Uuid, cause: impl Into<BoxError>) -> Failure {
        Failure::on_record(&self.0.implementation, (event_name.to_owned(), event_id), cause.into())
    }

    /// Calls the implementation with one event; with several, if it has a [`batch`](Self::batch). Wrappers of `track_event` aren't
    /// called, and the app's shutdown doesn't wait for it; its observers see it.
    ///
    /// # Errors
    /// The implementation's failure, which the app's failure handler doesn't get by itself.
    ///
    /// # Panics
    /// Without a `batch`, if there isn't exactly one event.
    pub async fn call(
        &self,
        app: &App,
        events: &[Arc<dyn AnyTracked>],
        delivery: &Delivery,
    ) -> Result<(), DeliveryError> {
        match &self.0.plan {
            EitherPlan::OfOne(plan) => {
                let [event] = events else { panic!("`{}` takes one event in a call", self.name()) };
                run(app, plan, track_event::args(app, &**event, delivery)).await
            }
            EitherPlan::OfBatches(plan) => {
                run(app, plan, batch::track_event::args(app, Batch::new(events), delivery)).await
            }
        }
    }
}

async fn run<'a, S: HookSpec>(
    app: &'a App,
    plan: &'a Plan<S>,
    args: S::Args<'a>,
) -> Result<(), DeliveryError> {
    call_depth::check_next::<S>(args)?;
    let ran = reentrancy::marked(&app.inner, execute::execute_call(plan, args)).await;
    match ran.outcome().failures.pop() {
        Some(failure) => Err(DeliveryError::Failed(failure)),
        None => Ok(()),
    }
}

/// Why a durable implementation hasn't succeeded.
#[non_exhaustive]
pub enum DeliveryError {
    /// It returned an error or panicked.
    Failed(Failure),
    /// It wasn't called.
    NotCalled(Error),
}

impl From<Error> for DeliveryError {
    fn from(error: Error) -> Self {
        Self::NotCalled(error)
    }
}

impl fmt::Display for DeliveryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(failure) => failure.fmt(f),
            Self::NotCalled(error) => error.fmt(f),
        }
    }
}

/// The output of a `main` that returns this: the message, and each cause on a line of its own.
impl fmt::Debug for DeliveryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&error_lines(self))
    }
}

impl std::error::Error for DeliveryError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Failed(failure) => std::error::Error::source(failure),
            Self::NotCalled(error) => std::error::Error::source(error),
        }
    }
}

impl fmt::Debug for Consumer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Consumer")
            .field("name", &self.name())
            .field("options", &self.0.options)
            .finish_non_exhaustive()
    }
}

/// The durable implementations of an app, for the plugin that calls them; empty for every plugin but the first that asks.
///
/// An app with durable implementations that no plugin has claimed when every `startup` has succeeded doesn't start.
pub fn claim_consumers(app: &App) -> Vec<Consumer> {
    if app.inner.consumers_claimed.swap(true, Ordering::Relaxed) {
        return Vec::new();
    }
    app.inner.parts.consumers.clone()
}
