//! Deliveries that are recorded as done in the transaction of their effect.

use event_core::durable::Delivery;
use event_journal::record_done;

use crate::database::Tx;
use crate::error::{Error, Result};
use crate::store::journal::{load, put};

/// What this plugin adds to a [`Delivery`].
pub trait DeliveryExt {
    /// Records in a write that the consumer has got the event: what the write does and the delivery are committed together, or neither
    /// is. So the event has its effect exactly once, whenever the process is killed or stopped.
    ///
    /// The write is to the database that the store is in (`store.database = "app"`).
    ///
    /// ```
    /// use event_core::durable::Delivery;
    /// use event_core::prelude::*;
    /// use event_sqlite::{DeliveryExt, SqliteExt};
    ///
    /// #[derive(Event, serde::Deserialize)]
    /// struct PaymentReceived {
    ///     account: i64,
    ///     cents: i64,
    /// }
    ///
    /// #[hookimpl(track_event, durable)]
    /// async fn add_to_balance(
    ///     app: &App,
    ///     event: &PaymentReceived,
    ///     delivery: &Delivery,
    /// ) -> event_sqlite::Result<()> {
    ///     let (delivery, account, cents) = (delivery.clone(), event.account, event.cents);
    ///     let written = app.database("app")?.write(move |tx| {
    ///         tx.execute("UPDATE account SET balance = balance + ? WHERE id = ?", (cents, account))?;
    ///         delivery.done_in(tx)
    ///     });
    ///     written.await.map(drop)
    /// }
    /// ```
    ///
    /// Return an error of it from the closure, and from the implementation. Where the event is done already, by a call that was given up
    /// (`timeout_s`) and committed all the same, nothing is called again.
    ///
    /// # Errors
    /// [`Error::StoreElsewhere`] for another database. A [`DoneError`](event_journal::DoneError), for which
    /// [`downcast_ref`](Error::downcast_ref) asks: the consumer has another owner now, which delivers the event; the event is done already;
    /// the delivery is of another app's, or of a batch.
    fn done_in(&self, tx: &Tx<'_>) -> Result<()>;
}

impl DeliveryExt for Delivery {
    fn done_in(&self, tx: &Tx<'_>) -> Result<()> {
        let database = tx.database();
        if database.table_state().is_none() {
            return Err(Error::StoreElsewhere { path: database.path.clone(), name: database.name.clone() });
        }
        let load = |key: &str| Ok::<_, Error>(load(tx, key)?.map(|saved| saved.value));
        let (key, value) = record_done(self, load)?;
        put(tx, &key, Some(&value)).map(drop)
    }
}
