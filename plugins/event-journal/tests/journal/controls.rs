//! Pausing, resuming and asking, and consumers beside each other.

use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use event_core::AppBuilder;
use event_core::durable::Retry;
use event_core::prelude::*;
use event_journal::{MemoryJournal, Refused};

use crate::orders::{BILLING, Calls, OrderPlaced, Setup, Told};

#[test]
fn a_paused_consumer_is_not_called_until_it_is_resumed() {
    let shop = Setup::new(|_, _| Ok(())).start();
    shop.place(0..1);
    assert_eq!(shop.settled(), [(0, 1)]);
    shop.deliveries().pause(BILLING).wait().expect("it is paused");
    shop.place(1..3);
    assert_eq!(shop.settled(), []);
    assert_eq!(shop.now(), []);
    assert_eq!(shop.status().paused.as_deref(), Some("paused by hand"));
    assert_eq!(shop.status().backlog, Some(2));
    shop.deliveries().resume(BILLING).wait().expect("it is resumed");
    assert_eq!(shop.settled(), [(1, 1), (2, 1)]);
    assert_eq!(shop.status().paused, None);
}

#[test]
fn a_paused_consumer_goes_on_after_a_restart() {
    let setup = Setup::new(|_, _| Ok(()));
    let shop = setup.start();
    shop.deliveries().pause(BILLING).wait().expect("it is paused");
    shop.place(0..1);
    drop(shop);
    assert_eq!(setup.start().settled(), [(0, 1)]);
}

#[test]
fn a_consumer_that_is_paused_while_it_calls_ends_that_call_and_begins_no_other() {
    let (entered_sender, entered) = mpsc::channel();
    let (gate, gate_receiver) = mpsc::channel::<()>();
    let gate_receiver = Mutex::new(gate_receiver);
    let shop = Setup::new(move |order, _| {
        entered_sender.send(order)?;
        let _ = gate_receiver.lock().unwrap_or_else(PoisonError::into_inner).recv();
        Ok(())
    })
    .start();
    shop.place(0..3);
    assert_eq!(entered.recv(), Ok(0));
    shop.deliveries().pause(BILLING).wait().expect("it is paused");
    drop(gate);
    assert_eq!(shop.settled(), [(0, 1)]);
    shop.deliveries().resume(BILLING).wait().expect("it is resumed");
    assert_eq!(shop.settled(), [(1, 1), (2, 1)]);
}

#[test]
fn deliver_now_skips_the_pause_after_a_failure() {
    let shop = Setup::new(|_, delivery| match delivery.attempt() {
        1 => Err(Retry::after(Duration::from_hours(3), "busy").into()),
        _ => Ok(()),
    })
    .start();
    shop.place(0..1);
    assert_eq!(shop.settled(), [(0, 1)]);
    assert_eq!(shop.now(), [(0, 2)]);
}

#[test]
fn an_unknown_consumer_is_refused_with_the_names_that_there_are() {
    let shop = Setup::new(|_, _| Ok(())).start();
    let deliveries = shop.deliveries();
    let name = "event-journal::tell_biling";
    for answer in [deliveries.pause(name), deliveries.resume(name), deliveries.deliver_now(name)] {
        let error = answer.wait().expect_err("there is none of that name");
        assert!(matches!(error, Refused::UnknownConsumer { .. }), "{error:?}");
        assert!(error.to_string().contains(name) && error.to_string().contains(BILLING), "{error}");
    }
}

#[test]
fn an_app_without_durable_implementations_delivers_nothing_and_says_so() {
    let shop = Setup::new(|_, _| Ok(())).without_billing().with(AppBuilder::event::<OrderPlaced>).start();
    let asked = shop.deliveries().settled().wait();
    assert!(matches!(asked, Err(Refused::NotRunning)), "{asked:?}");
    let asked = shop.deliveries().dead_letters(BILLING, 0, 1).wait();
    assert!(matches!(asked, Err(Refused::NotRunning)), "{asked:?}");
}

#[test]
fn how_a_consumer_is_doing_is_data_text_and_json() {
    let shop = Setup::new(|order, _| if order == 1 { Err("billing is down".into()) } else { Ok(()) }).start();
    shop.place(0..3);
    shop.settled();
    let status = shop.status();
    assert_eq!((status.position, status.backlog, status.delivered, status.dead), (1, Some(2), 1, 0));
    assert!(status.oldest.is_some() && status.next_attempt.is_some());
    let text = status.to_string();
    assert!(
        text.contains(BILLING)
            && text.contains("2 waiting")
            && text.ends_with("; 1 attempt: billing is down"),
        "{text}"
    );
    let json = serde_json::to_value(&status).expect("it is plain data");
    assert_eq!((json["name"].as_str(), json["attempts"].as_u64()), (Some(BILLING), Some(1)));
    shop.after(Duration::from_secs(1));
    assert!(shop.status().to_string().contains("; 2 attempts: "), "{}", shop.status());
}

struct Heard(Mutex<Sender<&'static str>>);

fn hear(app: &App, consumer: &'static str) {
    if let Ok(heard) = app.state::<Heard>() {
        let _ = heard.0.lock().unwrap_or_else(PoisonError::into_inner).send(consumer);
    }
}

macro_rules! consumers {
    ($($name:ident)*) => {
        $(
            #[hookimpl(track_event, durable)]
            fn $name(app: &App) {
                hear(app, stringify!($name));
            }
        )*

        fn with_all(builder: AppBuilder) -> AppBuilder {
            builder$(.hook($name))*
        }

        const NAMES: &[&str] = &[$(stringify!($name)),*];
    };
}

consumers! {
    c00 c01 c02 c03 c04 c05 c06 c07 c08 c09 c10 c11 c12 c13 c14 c15 c16 c17 c18 c19 c20
    c21 c22 c23 c24 c25 c26 c27 c28 c29 c30 c31 c32 c33 c34 c35 c36 c37 c38 c39 c40 c41
    c42 c43 c44 c45 c46 c47 c48 c49 c50 c51 c52 c53 c54 c55 c56 c57 c58 c59 c60 c61 c62
}

#[test]
fn a_consumer_that_is_stuck_holds_up_none_of_63_others() {
    let (gate, gate_receiver) = mpsc::channel::<()>();
    let (heard_sender, heard) = mpsc::channel();
    let made = Mutex::new(Some((gate_receiver, heard_sender)));
    let setup = Setup::over(&MemoryJournal::new(), |_, _| Ok(())).without_billing().with(move |builder| {
        let (gate, heard) =
            made.lock().unwrap_or_else(PoisonError::into_inner).take().expect("it starts once");
        let builder =
            builder.event::<OrderPlaced>().insert(Gate(Mutex::new(gate))).insert(Heard(Mutex::new(heard)));
        with_all(builder.hook(stuck))
    });
    let shop = setup.start();
    shop.place(0..20);
    let mut counts = std::collections::BTreeMap::<_, u32>::new();
    let is_done = |count: &u32| *count == 20;
    while counts.len() <= NAMES.len() || counts.values().filter(|count| is_done(count)).count() < NAMES.len()
    {
        *counts.entry(heard.recv().expect("the others are called")).or_default() += 1;
    }
    let status = shop.status_of("event-journal::stuck");
    assert_eq!((status.calling, status.delivered, status.backlog), (Some(1), 0, Some(20)));
    drop(gate);
    shop.settled();
    assert_eq!(shop.status_of("event-journal::stuck").delivered, 20);
}

struct Gate(Mutex<Receiver<()>>);

#[hookimpl(track_event, durable)]
fn stuck(app: &App, event: &OrderPlaced, delivery: &event_core::durable::Delivery) -> Told {
    hear(app, "stuck");
    let _ = app.state::<Gate>()?.0.lock().unwrap_or_else(PoisonError::into_inner).recv();
    app.state::<Calls>()?.answer(event.order, delivery)
}
