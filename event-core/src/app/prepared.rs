//! An event that is accepted now and delivered later, for plugins that store it first.

use std::slice;
use std::sync::Arc;

use crate::app::track;
use crate::dispatch::blocking::Deferred;
use crate::dispatch::builtin::track_event;
use crate::dispatch::error::{Error, Result};
use crate::dispatch::host::App;
use crate::dispatch::in_flight::Held;
use crate::dispatch::plan::Plan;
use crate::dispatch::receipt::Receipt;
use crate::dispatch::reentrancy;
use crate::event::foreign::Guarded;
use crate::event::tracked::{AnyTracked, Tracked};

/// An event that was accepted by [`Track::prepare`](crate::Track::prepare) and that no implementation has heard yet.
///
/// For plugins that keep an event together with something else, in one transaction: the event exists, with its
/// envelope, before the transaction ends, and its implementations run when it has succeeded. Dropped, it was never
/// tracked.
///
/// The app's shutdown waits for it as for a running call: deliver it or drop it.
///
/// ```
/// use event_core::prelude::*;
///
/// #[derive(Event)]
/// struct UserBanned {
///     user: u64,
/// }
///
/// let app = App::builder()
///     .without_linked()
///     .on(|event: &Tracked<UserBanned>| println!("{} was banned", event.user))
///     .event::<UserBanned>()
///     .start()
///     .wait()?;
/// let prepared = app.track(UserBanned { user: 17 }).prepare()?;
/// let id = prepared.event().id();
/// // … write the event where it is kept, and commit …
/// let receipt = prepared.deliver().wait()?;
/// assert_eq!(receipt.id(), id);
/// # Ok::<_, event_core::Error>(())
/// ```
#[must_use = "no implementation hears the event until it is delivered"]
pub struct Prepared {
    event: Guarded<Arc<dyn AnyTracked>>,
    plan: Arc<Plan<track_event>>,
    // Last: the app's shutdown must wait until the event is dropped.
    held: Held,
}

impl Prepared {
    pub(crate) fn new(app: &App, plan: Arc<Plan<track_event>>, event: Arc<dyn AnyTracked>) -> Result<Self> {
        Ok(Self { event: Guarded::new(event), plan, held: Held::new(app)? })
    }

    /// The event with its envelope, as its implementations will see it.
    pub fn event(&self) -> &Tracked {
        &**self.event.get()
    }

    /// Calls the event's implementations; `.await` it, or `.wait()`.
    ///
    /// Every failure goes to the app's failure handler, also that of an `essential` implementation. Where the event is kept
    /// already, such a refusal comes too late, and the one who reads this result may not be the one who caused the event.
    ///
    /// # Errors
    /// [`Error::Refused`](crate::Error::Refused) when an `essential` implementation failed; for `.wait()` inside an
    /// implementation [`Error::WouldBlock`](crate::Error::WouldBlock); [`Error::TooDeep`](crate::Error::TooDeep).
    pub fn deliver(self) -> Deferred<'static, Receipt> {
        Deferred::new(async move {
            let Self { event, plan, held } = self;
            let (app, tracked) = (held.app(), &**event.get());
            let delivery = track::deliver_async(app, &plan, tracked, tracked.envelope());
            let receipt = reentrancy::marked(&app.inner, delivery).await;
            if let Err(Error::Refused(failure)) = &receipt {
                // The caller of the operation that the event belongs to may never look at this error.
                app.inner.report_all(slice::from_ref(failure));
            }
            if receipt.is_ok() {
                track::record(app, || event.into_inner());
            }
            receipt
        })
    }
}

impl std::fmt::Debug for Prepared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Prepared").field(&self.event()).finish()
    }
}
