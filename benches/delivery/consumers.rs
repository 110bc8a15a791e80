//! The durable implementations that are measured.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use event_core::AppBuilder;
use event_core::durable::Delivery;
use event_core::prelude::*;
use event_sqlite::{DeliveryExt, SqliteExt};

/// How many events [`count`] has got.
pub(crate) static COUNTED: AtomicU64 = AtomicU64::new(0);

#[hookimpl(track_event, durable(from = "start"))]
pub(crate) fn count(event: &Tracked) {
    std::hint::black_box(event);
    COUNTED.fetch_add(1, Ordering::Relaxed);
}

#[hookimpl(track_event, durable(from = "start", batch = 100))]
pub(crate) fn count_batches(events: &[&Tracked]) {
    COUNTED.fetch_add(std::hint::black_box(events).len() as u64, Ordering::Relaxed);
}

#[derive(Event)]
pub(crate) struct Moved {
    pub(crate) user: u64,
    pub(crate) order: u64,
    pub(crate) express: bool,
}

#[hookimpl(track_event, durable(from = "start", key = "user", concurrency = 8))]
pub(crate) fn count_by_user(event: &Tracked) {
    std::hint::black_box(event);
    COUNTED.fetch_add(1, Ordering::Relaxed);
}

/// As long as a receiver takes that is near.
const A_MILLISECOND: Duration = Duration::from_millis(1);

#[hookimpl(track_event, durable(name = "wait", from = "start", unordered, concurrency = 1))]
pub(crate) fn wait_one_by_one() {
    std::thread::park_timeout(A_MILLISECOND);
}

#[hookimpl(track_event, durable(name = "wait", from = "start", unordered, concurrency = 8))]
pub(crate) fn wait_side_by_side() {
    std::thread::park_timeout(A_MILLISECOND);
}

#[hookimpl(track_event, durable(name = "wait", from = "start", unordered, concurrency = 1))]
pub(crate) async fn wait_one_by_one_async() {
    let never = std::future::pending::<()>();
    let _ = tokio::time::timeout(A_MILLISECOND, never).await;
}

#[hookimpl(track_event, durable(name = "wait", from = "start", unordered, concurrency = 8))]
pub(crate) async fn wait_side_by_side_async() {
    let never = std::future::pending::<()>();
    let _ = tokio::time::timeout(A_MILLISECOND, never).await;
}

/// One row for each event, in the transaction that says that it is delivered.
#[hookimpl(track_event, durable(from = "start"))]
pub(crate) fn write_once(app: &App, event: &Tracked, delivery: &Delivery) -> event_sqlite::Result<()> {
    let (id, delivery) = (event.id().to_string(), delivery.clone());
    let written = app.sqlite_store()?.database().write(move |tx| {
        tx.prepare_cached("INSERT INTO effect VALUES (?)")?.execute((id,))?;
        delivery.done_in(tx)
    });
    written.wait().map(drop)
}

/// When each call of [`note_the_time`] began.
pub(crate) static CALLED: Mutex<Vec<Instant>> = Mutex::new(Vec::new());

#[hookimpl(track_event, durable)]
pub(crate) fn note_the_time() {
    CALLED.lock().unwrap_or_else(PoisonError::into_inner).push(Instant::now());
}

/// Whether [`stuck`] may return.
static FREE: (Mutex<bool>, Condvar) = (Mutex::new(false), Condvar::new());

#[hookimpl(track_event, durable(from = "start"))]
pub(crate) fn stuck() {
    let free = FREE.0.lock().unwrap_or_else(PoisonError::into_inner);
    drop(FREE.1.wait_while(free, |free| !*free));
}

/// Lets [`stuck`] return, or not any more.
pub(crate) fn set_free(is_free: bool) {
    *FREE.0.lock().unwrap_or_else(PoisonError::into_inner) = is_free;
    FREE.1.notify_all();
}

macro_rules! many {
    ($($name:ident)*) => {
        $(
            #[hookimpl(track_event, durable(from = "start"))]
            fn $name(event: &Tracked) {
                std::hint::black_box(event);
            }
        )*

        /// So many implementations that do nothing, 64 at most.
        pub(crate) fn with_many(mut builder: AppBuilder, count: usize) -> AppBuilder {
            let mut left = count;
            $(
                if left > 0 {
                    builder = builder.hook($name);
                    left -= 1;
                }
            )*
            assert_eq!(left, 0, "there are 64");
            builder
        }
    };
}

many! {
    n00 n01 n02 n03 n04 n05 n06 n07 n08 n09 n10 n11 n12 n13 n14 n15 n16 n17 n18 n19 n20 n21 n22 n23 n24 n25 n26 n27 n28 n29
    n30 n31 n32 n33 n34 n35 n36 n37 n38 n39 n40 n41 n42 n43 n44 n45 n46 n47 n48 n49 n50 n51 n52 n53 n54 n55 n56 n57 n58 n59
    n60 n61 n62 n63
}
