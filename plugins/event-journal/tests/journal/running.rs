//! Where calls run, by which clock, and what an idle consumer costs.

use std::sync::mpsc::{self, Sender};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use event_core::durable::{Delivery, Retry};
use event_core::prelude::*;
#[cfg(feature = "tokio")]
use event_journal::JournalExt;
use event_journal::MemoryJournal;
use event_journal::journal::Journal;
use event_journal::testing;

use crate::faults::{Asked, FaultyJournal};
use crate::orders::{BILLING, Calls, OrderPlaced, Setup, Told};

/// What a test waits for at most, before it fails.
const LONG: Duration = Duration::from_mins(2);

struct Heard(Mutex<Sender<(u32, u32)>>);

impl Heard {
    fn note(&self, order: u32, delivery: &Delivery) {
        let _ = self.0.lock().unwrap_or_else(PoisonError::into_inner).send((order, delivery.attempt()));
    }
}

#[hookimpl(track_event, durable)]
fn fail_for_a_millisecond(app: &App, event: &OrderPlaced, delivery: &Delivery) -> Told {
    app.state::<Heard>()?.note(event.order, delivery);
    match delivery.attempt() {
        1 => Err(Retry::after(Duration::from_millis(1), "busy").into()),
        2 => Err("down".into()),
        _ => Ok(()),
    }
}

#[hookimpl(track_event, durable(timeout_s = 1))]
async fn hang_once(app: &App, event: &OrderPlaced, delivery: &Delivery) -> Told {
    app.state::<Heard>()?.note(event.order, delivery);
    if delivery.attempt() == 1 {
        std::future::pending::<()>().await;
    }
    Ok(())
}

#[test]
fn without_a_clock_of_the_test_pauses_and_timeouts_go_by_the_systems() {
    for hangs in [false, true] {
        let (sender, heard) = mpsc::channel();
        let builder = testing::app(&MemoryJournal::new())
            .insert(Heard(Mutex::new(sender)))
            .failure_handler(|_| ())
            .event::<OrderPlaced>();
        let builder = if hangs { builder.hook(hang_once) } else { builder.hook(fail_for_a_millisecond) };
        let app = builder.start().wait().expect("the app starts");
        app.track(OrderPlaced { order: 0 }).wait().expect("it is kept");
        for attempt in 1..=if hangs { 2 } else { 3 } {
            assert_eq!(heard.recv_timeout(LONG), Ok((0, attempt)));
        }
        app.shutdown().wait().expect("it ends");
    }
}

#[cfg(feature = "tokio")]
#[hookimpl(track_event, durable)]
async fn use_tokio(app: &App, event: &OrderPlaced, delivery: &Delivery) -> Told {
    tokio::time::timeout(Duration::from_millis(1), std::future::pending::<()>())
        .await
        .expect_err("it never ends");
    tokio::spawn(async {}).await?;
    app.state::<Heard>()?.note(event.order, delivery);
    Ok(())
}

#[cfg(feature = "tokio")]
#[test]
fn an_asynchronous_implementation_has_a_runtime_also_if_the_application_has_none_or_drops_its_own() {
    for has_runtime in [false, true] {
        let (sender, heard) = mpsc::channel();
        let builder = testing::app(&MemoryJournal::new())
            .insert(Heard(Mutex::new(sender)))
            .event::<OrderPlaced>()
            .hook(use_tokio);
        let app = if has_runtime {
            // No thread drives it after this, and it goes before the app.
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("there is room for a runtime").block_on(builder.start())
        } else {
            builder.start().wait()
        };
        let app = app.expect("the app starts");
        app.track(OrderPlaced { order: 0 }).wait().expect("it is kept");
        assert_eq!(heard.recv_timeout(LONG), Ok((0, 1)));
        app.shutdown().wait().expect("it ends");
    }
}

#[cfg(feature = "tokio")]
#[tokio::test]
async fn an_app_can_be_dropped_within_a_runtime() {
    let (sender, heard) = mpsc::channel();
    let builder = testing::app(&MemoryJournal::new())
        .insert(Heard(Mutex::new(sender)))
        .event::<OrderPlaced>()
        .hook(use_tokio);
    let app = builder.start().await.expect("the app starts");
    app.track(OrderPlaced { order: 0 }).await.expect("it is kept");
    app.deliveries().expect("it runs").settled().await.expect("it runs");
    drop(app);
    assert_eq!(heard.recv_timeout(LONG), Ok((0, 1)));
    // The sender goes with the app.
    assert!(heard.recv_timeout(LONG).is_err());
}

fn saves(journal: &FaultyJournal) -> usize {
    journal.take_asked().iter().filter(|asked| matches!(asked, Asked::Save(_))).count()
}

#[test]
fn an_idle_consumer_writes_nothing() {
    let journal = FaultyJournal::new();
    let shop = Setup::over_faulty(&journal, |_, _| Ok(())).start();
    shop.place(0..3);
    shop.settled();
    // Saves what is left to save.
    shop.deliveries().resume(BILLING).wait().expect("the journal can be written");
    // Lets the consumer go.
    shop.after(Duration::from_mins(1));
    journal.take_asked();
    // Longer than progress waits to be saved.
    let began = Instant::now();
    while began.elapsed() < Duration::from_millis(300) {
        shop.after(Duration::from_mins(1));
        shop.status();
    }
    assert_eq!(saves(&journal), 0);
}

#[derive(Event, serde::Deserialize)]
struct Rare {
    order: u32,
}

#[hookimpl(track_event, durable)]
fn hear_the_rare(app: &App, event: &Rare, delivery: &Delivery) -> Told {
    app.state::<Calls>()?.answer(event.order, delivery)
}

#[test]
fn the_position_of_a_consumer_that_hears_little_does_not_stay_far_behind() {
    let journal = MemoryJournal::new();
    let shop = Setup::over(&journal, |_, _| Ok(()))
        .without_billing()
        .with(|builder| builder.event::<OrderPlaced>().event::<Rare>().hook(hear_the_rare))
        .start();
    shop.place(0..10_500);
    shop.settled();
    let began = Instant::now();
    loop {
        let saved = pollster::block_on(journal.load("consumer/event-journal::hear_the_rare"));
        let saved = saved.expect("it can be read").expect("it is there");
        let value: serde_json::Value = serde_json::from_slice(&saved.value).expect("it is JSON");
        if value["position"].as_u64() >= Some(10_000) {
            break;
        }
        assert!(began.elapsed() < LONG, "retention would keep all of them: {value}");
        // It saves while it answers.
        shop.status_of("event-journal::hear_the_rare");
    }
}

struct Gate(Mutex<mpsc::Receiver<()>>);

#[hookimpl(track_event, durable)]
async fn block_the_thread(app: &App, event: &OrderPlaced) -> Told {
    if event.order == 0 {
        let _ = app.state::<Gate>()?.0.lock().unwrap_or_else(PoisonError::into_inner).recv();
    }
    Ok(())
}

#[hookimpl(track_event, durable)]
async fn hear_beside(app: &App, event: &OrderPlaced, delivery: &Delivery) -> Told {
    app.state::<Heard>()?.note(event.order, delivery);
    Ok(())
}

#[test]
fn an_asynchronous_implementation_that_blocks_its_thread_holds_up_no_other() {
    let (sender, heard) = mpsc::channel();
    let (gate, goes) = mpsc::channel();
    let app = testing::app(&MemoryJournal::new())
        .insert(Heard(Mutex::new(sender)))
        .insert(Gate(Mutex::new(goes)))
        .event::<OrderPlaced>()
        .hook(block_the_thread)
        .hook(hear_beside)
        .start()
        .wait()
        .expect("the app starts");
    for order in 0..3 {
        app.track(OrderPlaced { order }).wait().expect("it is kept");
        assert_eq!(heard.recv_timeout(LONG), Ok((order, 1)));
    }
    drop(gate);
    app.shutdown().wait().expect("it ends");
}
