//! Calls that take too long.

use std::future::pending;
use std::sync::mpsc::{self, Sender};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use event_core::durable::Delivery;
use event_core::prelude::*;
use event_journal::MemoryJournal;
use serde_json::json;

use crate::orders::{Calls, OrderPlaced, Setup, Told};

const SLOW: &str = "event-journal::slow";

struct Entered(Mutex<Sender<u32>>);

#[hookimpl(track_event, durable(name = "slow", timeout_s = 30))]
async fn slow(app: &App, event: &OrderPlaced, delivery: &Delivery) -> Told {
    app.state::<Calls>()?.answer(event.order, delivery)?;
    if delivery.attempt() < 3 {
        let _dropped = PanicsInDrop;
        app.state::<Entered>()?.0.lock().unwrap_or_else(PoisonError::into_inner).send(delivery.attempt())?;
        pending::<()>().await;
    }
    Ok(())
}

struct PanicsInDrop;

impl Drop for PanicsInDrop {
    fn drop(&mut self) {
        panic!("dropped");
    }
}

#[hookimpl(track_event, durable(name = "slow", timeout_s = 30))]
fn plain(app: &App, event: &OrderPlaced, delivery: &Delivery) -> Told {
    app.state::<Calls>()?.answer(event.order, delivery)?;
    app.state::<Entered>()?.0.lock().unwrap_or_else(PoisonError::into_inner).send(delivery.attempt())?;
    let _ = app.state::<Gate>()?.0.lock().unwrap_or_else(PoisonError::into_inner).recv();
    Ok(())
}

struct Gate(Mutex<mpsc::Receiver<()>>);

fn setup(is_async: bool) -> (Setup, mpsc::Receiver<u32>, Sender<()>) {
    let (entered_sender, entered) = mpsc::channel();
    let (gate, gate_receiver) = mpsc::channel();
    let states = Mutex::new(Some((entered_sender, gate_receiver)));
    let setup = Setup::over(&MemoryJournal::new(), |_, _| Ok(())).without_billing().with(move |builder| {
        let (entered, gate) =
            states.lock().unwrap_or_else(PoisonError::into_inner).take().expect("it starts once");
        let builder = builder
            .event::<OrderPlaced>()
            .insert(Entered(Mutex::new(entered)))
            .insert(Gate(Mutex::new(gate)));
        if is_async { builder.hook(slow) } else { builder.hook(plain) }
    });
    (setup, entered, gate)
}

#[test]
fn an_asynchronous_call_is_dropped_at_its_timeout_and_counts_as_an_error() {
    let (setup, entered, _gate) = setup(true);
    let shop = setup.configured(json!({ "consumers": { SLOW: { "max_attempts": 2 } } })).start();
    shop.place(0..1);
    assert_eq!(entered.recv(), Ok(1));
    shop.clock.advance(Duration::from_millis(29_999));
    // A call that was given up would end while the engine answers.
    for _ in 0..500 {
        assert_eq!(shop.status_of(SLOW).calling, Some(1));
    }
    shop.clock.advance(Duration::from_millis(1));
    assert_eq!(shop.settled(), [(0, 1)]);
    assert_eq!(shop.status_of(SLOW).last_error.as_deref(), Some("the call took longer than 30 s"));
    shop.clock.advance(Duration::from_secs(1));
    assert_eq!(entered.recv(), Ok(2));
    shop.clock.advance(Duration::from_secs(30));
    assert_eq!(shop.settled(), [(0, 2)]);
    assert_eq!(shop.dead_letters_of(SLOW)[0].attempts, 2);
}

#[test]
fn later_events_of_a_consumer_go_on_after_a_timeout() {
    let (setup, entered, _gate) = setup(true);
    let shop = setup.start();
    shop.place(0..1);
    for attempt in 1..3 {
        assert_eq!(entered.recv(), Ok(attempt));
        shop.clock.advance(Duration::from_secs(30));
        assert_eq!(shop.settled(), [(0, attempt)]);
        shop.clock.advance(Duration::from_secs(1));
    }
    assert_eq!(shop.settled(), [(0, 3)]);
    assert_eq!(shop.status_of(SLOW).delivered, 1);
}

#[test]
fn a_plain_function_keeps_its_lane_after_the_timeout_and_its_result_counts() {
    let (setup, entered, gate) = setup(false);
    let shop = setup.start();
    shop.place(0..2);
    assert_eq!(entered.recv(), Ok(1));
    let began = shop.clock.now();
    shop.clock.advance(Duration::from_hours(1));
    let status = shop.status_of(SLOW);
    assert_eq!((status.calling, status.calling_since), (Some(1), Some(began)));
    gate.send(()).expect("it waits");
    gate.send(()).expect("it waits");
    assert_eq!(shop.settled(), [(0, 1), (1, 1)]);
    assert_eq!((shop.status_of(SLOW).delivered, shop.status_of(SLOW).dead), (2, 0));
}
