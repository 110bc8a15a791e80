//! When calls begin, how they end with the app, and what a restart finds.

use std::future::{Future, pending};
use std::pin::pin;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Waker};
use std::time::Duration;

use event_core::prelude::*;
use event_journal::journal::Journal;
use event_journal::{JournalExt, MemoryJournal, Refused};
use serde_json::json;

use crate::crashes::LEASE;
use crate::faults::FaultyJournal;
use crate::orders::{BILLING, Calls, Noted, OrderPlaced, Setup, Told};

/// What a test waits for at most, before it fails.
const LONG: Duration = Duration::from_mins(2);

#[hookimpl(startup, trylast)]
fn track_early(app: &App) -> Told {
    app.track(OrderPlaced { order: 100 }).wait()?;
    let asked = app.deliveries()?.settled().wait();
    assert!(matches!(asked, Err(Refused::NotRunning)), "{asked:?}");
    assert_eq!(app.state::<Calls>()?.take(), []);
    Ok(())
}

#[hookimpl(startup, trylast)]
fn fail_to_start() -> Told {
    Err("no port is free".into())
}

#[test]
fn nothing_is_called_before_every_startup_has_succeeded_and_nothing_tracked_there_is_lost() {
    let shop = Setup::new(|_, _| Ok(())).with(|builder| builder.hook(track_early)).start();
    shop.place(0..1);
    assert_eq!(shop.settled(), [(100, 1), (0, 1)]);
}

#[test]
fn a_start_that_fails_ends_without_a_call_and_the_next_one_delivers() {
    let journal = MemoryJournal::new();
    let setup =
        Setup::over(&journal, |_, _| Ok(())).with(|builder| builder.hook(track_early).hook(fail_to_start));
    assert!(setup.start_error().contains("no port is free"));
    assert_eq!(setup.calls.take(), []);
    let saved = pollster::block_on(journal.load(&format!("consumer/{BILLING}")));
    let saved = saved.expect("it can be read").expect("it is there");
    let value: serde_json::Value = serde_json::from_slice(&saved.value).expect("it is JSON");
    assert_eq!(value["clean"], true, "it has ended in order");
    let shop = Setup::over(&journal, |_, _| Ok(())).start();
    assert_eq!(shop.settled(), [(100, 1)]);
}

#[hookimpl(track_event, durable(from = "start"))]
fn hear_all(app: &App, event: &OrderPlaced) -> Told {
    app.state::<Noted>()?.note(event.order.to_string());
    Ok(())
}

#[hookimpl(track_event, durable(from = "now"))]
fn hear_new(app: &App, event: &OrderPlaced) -> Told {
    app.state::<Noted>()?.note(format!("new {}", event.order));
    Ok(())
}

#[test]
fn a_new_consumer_hears_all_events_or_those_since_the_start() {
    for (hears_all, heard) in [(true, &["0", "1", "2", "3"][..]), (false, &["new 3"])] {
        let (journal, noted) = (MemoryJournal::new(), Noted::default());
        let shop = Setup::over(&journal, |_, _| Ok(())).start();
        shop.place(0..3);
        drop(shop);
        let inserted = noted.clone();
        let setup = Setup::over(&journal, |_, _| Ok(())).without_billing().with(move |builder| {
            let builder = builder.insert(inserted.clone()).event::<OrderPlaced>();
            if hears_all { builder.hook(hear_all) } else { builder.hook(hear_new) }
        });
        let shop = setup.start();
        shop.place(3..4);
        shop.settled();
        assert_eq!(noted.take(), heard);
        drop(shop);
        let shop = setup.start();
        shop.settled();
        assert_eq!(noted.take(), [""; 0]);
    }
}

#[test]
fn shutdown_waits_for_the_running_call_and_begins_no_other() {
    let journal = MemoryJournal::new();
    let setup = Setup::over(&journal, |_, _| Ok(()))
        .without_billing()
        .with(|builder| builder.event::<OrderPlaced>().hook(run_into_the_shutdown));
    let (sender, entered) = mpsc::channel();
    let noted = Noted::default();
    let inserted = noted.clone();
    let setup = setup
        .with(move |builder| builder.insert(Entered(Mutex::new(sender.clone()))).insert(inserted.clone()));
    let shop = setup.start();
    shop.place(0..3);
    entered.recv_timeout(LONG).expect("it is called");
    shop.app.shutdown().wait().expect("the call ends");
    assert_eq!(noted.take(), ["0 ended"]);
    drop(shop);

    let shop = Setup::over(&journal, |_, _| Ok(()))
        .without_billing()
        .with({
            let noted = noted.clone();
            move |builder| builder.insert(noted.clone()).event::<OrderPlaced>().hook(hear_more)
        })
        .start();
    shop.settled();
    assert_eq!(noted.take(), ["1, attempt 1", "2, attempt 1"]);
}

struct Entered(Mutex<Sender<()>>);

impl Entered {
    fn tell(&self) {
        let _ = self.0.lock().unwrap_or_else(PoisonError::into_inner).send(());
    }
}

#[hookimpl(track_event, durable(name = "slow"))]
fn run_into_the_shutdown(app: &App, event: &OrderPlaced) -> Told {
    app.state::<Entered>()?.tell();
    // While it is shut down, the engine refuses what it is asked for.
    while !matches!(app.deliveries()?.consumers().wait(), Err(Refused::Stopped)) {}
    app.state::<Noted>()?.note(format!("{} ended", event.order));
    Ok(())
}

#[hookimpl(track_event, durable(name = "slow"))]
fn hear_more(app: &App, event: &OrderPlaced, delivery: &event_core::durable::Delivery) -> Told {
    app.state::<Noted>()?.note(format!("{}, attempt {}", event.order, delivery.attempt()));
    Ok(())
}

/// Lets calls of the test's end.
struct Gate(Mutex<Receiver<()>>);

#[hookimpl(track_event, durable(name = "slow"))]
fn wait_at_the_gate(app: &App, _event: &OrderPlaced) -> Told {
    app.state::<Entered>()?.tell();
    let _ = app.state::<Gate>()?.0.lock().unwrap_or_else(PoisonError::into_inner).recv();
    Ok(())
}

#[hookimpl(track_event)]
async fn never_ready(event: &OrderPlaced) {
    if event.order == 100 {
        pending::<()>().await;
    }
}

#[test]
fn after_a_shutdown_that_is_dropped_no_event_is_accepted_and_the_next_one_waits_for_the_same_call() {
    for in_a_call_of in ["durable", "ordinary"] {
        let journal = MemoryJournal::new();
        let (gate_sender, gate) = mpsc::channel::<()>();
        let (entered_sender, entered) = mpsc::channel();
        let states = Mutex::new(Some((gate, entered_sender)));
        let shop = Setup::over(&journal, |_, _| Ok(()))
            .without_billing()
            .with(move |builder| {
                let (gate, entered) =
                    states.lock().unwrap_or_else(PoisonError::into_inner).take().expect("it starts once");
                let builder = builder.insert(Gate(Mutex::new(gate))).insert(Entered(Mutex::new(entered)));
                builder.event::<OrderPlaced>().hook(wait_at_the_gate).hook(never_ready)
            })
            .start();
        shop.place(0..1);
        entered.recv_timeout(LONG).expect("it is called");
        let mut context = Context::from_waker(Waker::noop());
        if in_a_call_of == "durable" {
            assert!(pin!(shop.app.shutdown()).poll(&mut context).is_pending());
            let refused = shop.app.track(OrderPlaced { order: 1 }).wait();
            assert!(matches!(refused, Err(event_core::Error::ShutdownDropped)), "{refused:?}");
            gate_sender.send(()).expect("it is called");
        } else {
            let mut call = Box::pin(shop.app.track(OrderPlaced { order: 100 }));
            assert!(call.as_mut().poll(&mut context).is_pending());
            gate_sender.send(()).expect("it is called");
            gate_sender.send(()).expect("it is called");
            shop.deliveries().settled().wait().expect("it runs");
            {
                let mut shutdown = pin!(shop.app.shutdown());
                assert!(shutdown.as_mut().poll(&mut context).is_pending());
                // The engine ends.
                while !matches!(shop.deliveries().consumers().wait(), Err(Refused::Stopped)) {}
                assert!(shutdown.as_mut().poll(&mut context).is_pending());
            }
            let refused = shop.app.track(OrderPlaced { order: 1 }).wait();
            assert!(matches!(refused, Err(event_core::Error::ShutdownDropped)), "{refused:?}");
        }
        shop.app.shutdown().wait().expect("the call has ended");
        drop(shop);

        let noted = Noted::default();
        let inserted = noted.clone();
        let shop = Setup::over(&journal, |_, _| Ok(()))
            .without_billing()
            .with(move |builder| builder.insert(inserted.clone()).event::<OrderPlaced>().hook(hear_more))
            .start();
        shop.settled();
        assert_eq!(noted.take(), [""; 0], "all was delivered, and saved");
    }
}

struct TellsItsDrop(Sender<()>);

impl Drop for TellsItsDrop {
    fn drop(&mut self) {
        let _ = self.0.send(());
    }
}

#[hookimpl(track_event, durable(name = "slow"))]
async fn never_end(app: &App, _event: &OrderPlaced) -> Told {
    let _dropped =
        TellsItsDrop(app.state::<Dropped>()?.0.lock().unwrap_or_else(PoisonError::into_inner).clone());
    app.state::<Entered>()?.tell();
    pending::<()>().await;
    Ok(())
}

struct Dropped(Mutex<Sender<()>>);

#[test]
fn shutdown_abandons_a_call_that_does_not_end_and_counts_an_attempt_and_no_death() {
    for is_async in [false, true] {
        let journal = MemoryJournal::new();
        let (gate_sender, gate) = mpsc::channel::<()>();
        let (entered_sender, entered) = mpsc::channel();
        let (dropped_sender, dropped) = mpsc::channel();
        let states = Mutex::new(Some((gate, entered_sender, dropped_sender)));
        let shop = Setup::over(&journal, |_, _| Ok(()))
            .without_billing()
            .configured(json!({ "shutdown_ms": 1 }))
            .with(move |builder| {
                let (gate, entered, dropped) =
                    states.lock().unwrap_or_else(PoisonError::into_inner).take().expect("it starts once");
                let builder = builder
                    .event::<OrderPlaced>()
                    .insert(Gate(Mutex::new(gate)))
                    .insert(Entered(Mutex::new(entered)))
                    .insert(Dropped(Mutex::new(dropped)));
                if is_async { builder.hook(never_end) } else { builder.hook(wait_at_the_gate) }
            })
            .start();
        shop.place(0..2);
        entered.recv_timeout(LONG).expect("it is called");
        let error = shop.app.shutdown().wait().expect_err("the call doesn't end");
        let text = event_core::plugin::error_line(&error);
        assert!(text.contains("event-journal::slow") && text.contains("shutdown_ms"), "{text}");
        drop(shop);
        if is_async {
            dropped.recv_timeout(LONG).expect("the future is dropped");
        }
        drop(gate_sender);

        let noted = Noted::default();
        let inserted = noted.clone();
        let shop = Setup::over(&journal, |_, _| Ok(()))
            .without_billing()
            .with(move |builder| builder.insert(inserted.clone()).event::<OrderPlaced>().hook(hear_more))
            .start();
        // What still runs has so long.
        shop.after(LEASE);
        assert_eq!(noted.take(), ["0, attempt 2", "1, attempt 1"]);
        assert_eq!(shop.status_of("event-journal::slow").dead, 0);
    }
}

#[test]
fn an_app_that_is_dropped_without_shutdown_ends_its_engine() {
    for fails in [false, true] {
        let (alive, engine_ended) = mpsc::channel();
        let journal = FaultyJournal::new().with_token(alive);
        let setup = Setup::over_faulty(&journal, move |_, _| if fails { Err("down".into()) } else { Ok(()) });
        drop(journal);
        let app = setup.try_start().expect("the app starts");
        drop(setup);
        app.track(OrderPlaced { order: 0 }).wait().expect("it is kept");
        let deliveries = app.deliveries().expect("it runs");
        deliveries.settled().wait().expect("it runs");
        drop(app);
        // What asks keeps nothing running.
        let asked = deliveries.settled().wait();
        assert!(matches!(asked, Err(Refused::Stopped)), "{asked:?}");
        drop(deliveries);
        assert_eq!(engine_ended.recv_timeout(LONG), Err(RecvTimeoutError::Disconnected));
    }
}

#[test]
fn after_shutdown_the_deliveries_refuse() {
    let shop = Setup::new(|_, _| Ok(())).start();
    let deliveries = shop.deliveries();
    shop.app.shutdown().wait().expect("it ends");
    assert!(matches!(deliveries.settled().wait(), Err(Refused::Stopped)));
    assert!(matches!(deliveries.consumers().wait(), Err(Refused::Stopped)));
    assert!(matches!(deliveries.pause(BILLING).wait(), Err(Refused::Stopped)));
}
