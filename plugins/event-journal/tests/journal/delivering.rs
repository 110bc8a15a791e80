//! Which events are called, in which order, and where a consumer goes on.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use crate::faults::{Asked, Fault, FaultyJournal};
use crate::orders::Setup;

#[test]
fn events_are_called_one_after_the_other_in_the_order_of_the_journal() {
    let shop = Setup::new(|_, _| Ok(())).start();
    shop.place(0..2_500);
    assert!(shop.settled().into_iter().eq((0..2_500).map(|order| (order, 1))));
    let status = shop.status();
    assert_eq!((status.position, status.delivered, status.backlog), (2_500, 2_500, Some(0)));
}

#[test]
fn an_event_that_fails_holds_up_the_later_ones_until_it_succeeds() {
    let setup = Setup::new(|order, delivery| match order {
        1 if delivery.attempt() < 3 => Err("billing is down".into()),
        _ => Ok(()),
    });
    let shop = setup.start();
    shop.place(0..3);
    assert_eq!(shop.settled(), [(0, 1), (1, 1)]);
    assert_eq!(shop.status().last_error.as_deref(), Some("billing is down"));
    assert_eq!(shop.after(Duration::from_millis(200)), [(1, 2)]);
    assert_eq!(shop.after(Duration::from_millis(400)), [(1, 3), (2, 1)]);
    assert_eq!((shop.status().delivered, shop.status().dead), (3, 0));
}

#[test]
fn a_consumer_goes_on_after_a_restart_where_it_was() {
    let setup = Setup::new(|_, _| Ok(()));
    let shop = setup.start();
    shop.place(0..3);
    assert_eq!(shop.settled(), [(0, 1), (1, 1), (2, 1)]);
    drop(shop);
    let shop = setup.start();
    shop.place(3..5);
    assert_eq!(shop.settled(), [(3, 1), (4, 1)]);
}

/// Each save takes the journal's time from those who track.
#[test]
fn events_that_come_one_by_one_are_marked_together_at_most_once_in_5_ms() {
    let (journal, saves) = (FaultyJournal::new(), Arc::new(AtomicU32::new(0)));
    let shop = Setup::over_faulty(&journal, |_, _| Ok(())).start();
    let count = saves.clone();
    journal.set(move |asked| {
        count.fetch_add(u32::from(matches!(asked, Asked::Save(_))), Ordering::Relaxed);
        Fault::None
    });
    let start = Instant::now();
    for order in 0..40 {
        shop.place(order..order + 1);
        while shop.calls.take().is_empty() {
            std::thread::yield_now();
        }
    }
    let (time, saves) = (start.elapsed(), saves.load(Ordering::Relaxed));
    // And one of the progress each 100 ms.
    let most = time.as_millis() / 5 + time.as_millis() / 100 + 3;
    assert!(u128::from(saves) <= most, "{saves} saves in {time:?}");
}
