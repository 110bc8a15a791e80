//! What tests of durable implementations use: a journal in memory, and a clock that only the test moves.

use event_core::prelude::*;
use event_core::{AppBuilder, Durability};

use crate::OpenedJournal;
pub use crate::delivery::clock::ManualClock;
use crate::journal::Journal;
use crate::memory::MemoryJournal;

/// A builder of an app without anything linked, whose events are kept in this journal and delivered from it.
///
/// ```
/// use std::time::Duration;
///
/// use event_core::prelude::*;
/// use event_journal::testing::{self, ManualClock};
/// use event_journal::{JournalExt, MemoryJournal};
///
/// #[derive(Event)]
/// struct OrderPlaced;
///
/// #[hookimpl(track_event, durable)]
/// fn tell_billing(delivery: &event_core::durable::Delivery) -> Result<(), &'static str> {
///     if delivery.attempt() < 3 { Err("billing is down") } else { Ok(()) }
/// }
///
/// let clock = ManualClock::new("2026-11-29T08:00:00Z".parse()?);
/// let builder = testing::app(&MemoryJournal::new()).insert(clock.clone()).failure_handler(|_| ());
/// let app = builder.event::<OrderPlaced>().hook(tell_billing).start().wait()?;
/// app.track(OrderPlaced).wait()?;
/// let deliveries = app.deliveries()?;
/// for attempts in 1..3 {
///     deliveries.settled().wait()?;
///     assert_eq!(deliveries.consumers().wait()?[0].attempts, attempts);
///     clock.advance(Duration::from_secs(1));
/// }
/// deliveries.settled().wait()?;
/// assert_eq!(deliveries.consumers().wait()?[0].delivered, 1);
/// # app.shutdown().wait()?;
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
pub fn app(journal: &MemoryJournal) -> AppBuilder {
    App::builder()
        .without_linked()
        .insert(journal.clone())
        .hook(open_memory)
        .hook(keep_in_memory)
        .hook(crate::open_the_journal)
        .hook(crate::begin_to_deliver)
        .hook(crate::stop_delivering)
        .hook(crate::end_following)
}

#[hookimpl(crate::open_journal, explicit)]
fn open_memory(app: &App) -> Option<OpenedJournal> {
    let journal = app.state::<MemoryJournal>().ok()?;
    Some(OpenedJournal::new(env!("CARGO_PKG_NAME"), (*journal).clone()))
}

#[hookimpl(track_event, essential, trylast, explicit)]
async fn keep_in_memory(
    app: &App,
    event: &Tracked,
) -> event_core::Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let Ok(journal) = app.state::<MemoryJournal>() else { return Ok(()) };
    journal.append(&[event.to_record()?]).await?;
    event.promise(Durability::Enqueued);
    Ok(())
}
