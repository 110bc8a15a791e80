//! Which events are called, in which order, and where a consumer goes on.

use std::time::Duration;

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
