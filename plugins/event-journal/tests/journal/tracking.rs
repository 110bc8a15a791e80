//! What durable implementations hear, and what hears of them.

use std::sync::{Arc, Mutex, PoisonError};

use event_core::observe::{CallEnd, ObservedCall, Observer};
use event_core::prelude::*;
use event_core::{Next, Outcome, Record};
use event_journal::MemoryJournal;
use event_journal::journal::Journal;
use serde::Serialize;

use crate::orders::{Noted, OrderPlaced, Setup, Told};

fn noting(noted: &Noted, with: impl Fn(event_core::AppBuilder) -> event_core::AppBuilder + 'static) -> Setup {
    noting_over(&MemoryJournal::new(), noted, with)
}

fn noting_over(
    journal: &MemoryJournal,
    noted: &Noted,
    with: impl Fn(event_core::AppBuilder) -> event_core::AppBuilder + 'static,
) -> Setup {
    let noted = noted.clone();
    Setup::over(journal, |_, _| Ok(())).without_billing().with(move |builder| {
        with(builder.insert(noted.clone()).event::<OrderPlaced>().event::<OrderShipped>())
    })
}

#[derive(Event, serde::Deserialize)]
pub struct OrderShipped {
    #[serde(default)]
    order: u32,
    #[serde(default, skip_serializing)]
    cost: u32,
}

#[hookimpl(track_event, durable)]
fn take_the_event(app: &App, event: &OrderShipped) -> Told {
    app.state::<Noted>()?.note(format!("event {} {}", event.order, event.cost));
    Ok(())
}

#[hookimpl(track_event, durable)]
async fn take_the_tracked_event(app: &App, event: &Tracked<OrderShipped>) -> Told {
    let (order, actor) = (event.order, event.actor().and_then(|actor| actor.id().map(str::to_owned)));
    app.state::<Noted>()?.note(format!("tracked {order} by {actor:?}: {}", event.properties_json()?));
    Ok(())
}

#[hookimpl(track_event, durable)]
fn take_every_event(app: &App, event: &Tracked) -> Told {
    let is_typed = event.downcast_ref::<OrderShipped>().is_some();
    app.state::<Noted>()?.note(format!("every {} {is_typed}: {}", event.name(), event.properties_json()?));
    Ok(())
}

#[test]
fn an_implementation_takes_an_event_a_tracked_event_or_every_event_as_it_is_stored() {
    let journal = MemoryJournal::new();
    let noted = Noted::default();
    let setup = noting_over(&journal, &noted, |builder| {
        builder.hook(take_the_event).hook(take_the_tracked_event).hook(take_every_event)
    });
    let shop = setup.start();
    let event = OrderShipped { order: 7, cost: 12 };
    shop.app.track(event).by("root").wait().expect("it is kept");
    shop.app.track(OrderPlaced { order: 1 }).wait().expect("it is kept");
    shop.settled();
    let mut heard = noted.take();
    heard.sort();
    assert_eq!(
        heard,
        [
            "event 7 0",
            r#"every order-placed false: {"order":1}"#,
            r#"every order-shipped false: {"order":7}"#,
            r#"tracked 7 by Some("root"): {"order":7}"#,
        ]
    );
}

fn record(name: &str, version: u32, properties: &impl Serialize) -> Record {
    let stored = serde_json::json!({
        "id": uuid::Uuid::new_v4(),
        "name": name,
        "version": version,
        "created": "2026-11-29T08:00:00Z",
        "actor": null,
        "properties": properties,
    });
    serde_json::from_value(stored).expect("it is a record")
}

#[test]
fn the_properties_are_those_that_are_stored_also_those_that_the_type_does_not_know() {
    let (journal, noted) = (MemoryJournal::new(), Noted::default());
    let setup = noting_over(&journal, &noted, |builder| builder.hook(take_the_tracked_event));
    let shop = setup.start();
    let odd = record("order-shipped", 1, &serde_json::json!({ "order": 3, "carrier": "pigeon" }));
    journal.append(&[odd]).wait_here();
    shop.settled();
    assert_eq!(noted.take(), [r#"tracked 3 by None: {"order":3,"carrier":"pigeon"}"#]);
}

trait WaitHere {
    fn wait_here(self);
}

impl<T> WaitHere for event_journal::journal::Pending<'_, T> {
    fn wait_here(self) {
        assert!(pollster::block_on(self).is_ok(), "the journal can be written");
    }
}

#[test]
fn an_event_that_can_not_be_read_is_a_dead_letter_that_says_so_and_the_later_ones_go_on() {
    let (journal, noted) = (MemoryJournal::new(), Noted::default());
    let setup = noting_over(&journal, &noted, |builder| builder.hook(take_the_event).hook(take_every_event));
    let shop = setup.start();
    let odd = record("order-shipped", 1, &serde_json::json!({ "order": "seven" }));
    journal.append(&[odd]).wait_here();
    shop.app.track(OrderShipped { order: 8, cost: 0 }).wait().expect("it is kept");
    shop.settled();
    let letters = shop.dead_letters_of("event-journal::take_the_event");
    assert_eq!(letters.len(), 1);
    assert!(
        letters[0].reason.contains("can't be read as the event's type")
            && letters[0].reason.contains("seven"),
        "{}",
        letters[0]
    );
    assert!(noted.take().contains(&"event 8 0".to_owned()));
    assert_eq!(shop.dead_letters_of("event-journal::take_every_event"), []);
}

#[test]
fn an_event_of_a_newer_version_waits_for_a_newer_program_with_the_later_ones() {
    for takes_every in [false, true] {
        let (journal, noted) = (MemoryJournal::new(), Noted::default());
        let setup = noting_over(&journal, &noted, move |builder| {
            if takes_every { builder.hook(take_every_event) } else { builder.hook(take_the_event) }
        });
        let consumer =
            if takes_every { "event-journal::take_every_event" } else { "event-journal::take_the_event" };
        let shop = setup.start();
        journal.append(&[record("order-shipped", 2, &serde_json::json!({ "order": 1 }))]).wait_here();
        shop.app.track(OrderShipped { order: 8, cost: 0 }).wait().expect("it is kept");
        shop.settled();
        assert_eq!(shop.after(std::time::Duration::from_hours(48)), []);
        assert_eq!(noted.take(), [""; 0]);
        let status = shop.status_of(consumer);
        assert_eq!((status.dead, status.backlog), (0, Some(2)));
        assert!(status.paused.is_some_and(|reason| reason.contains("version 2")));
    }
}

/// Panics when it is read or dropped.
#[derive(Event)]
struct Odd {
    panics_when_read: bool,
}

impl<'de> serde::Deserialize<'de> for Odd {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(serde::Deserialize)]
        struct Fields {
            panics_when_read: bool,
        }
        let Fields { panics_when_read } = Fields::deserialize(deserializer)?;
        assert!(!panics_when_read, "not readable");
        Ok(Self { panics_when_read })
    }
}

impl Drop for Odd {
    fn drop(&mut self) {
        assert!(self.panics_when_read, "dropped");
    }
}

#[hookimpl(track_event, durable)]
fn take_the_odd_event(app: &App, event: &Odd) -> Told {
    app.state::<Noted>()?.note(format!("{}", event.panics_when_read));
    Ok(())
}

#[hookimpl(track_event, durable)]
async fn take_the_odd_event_later(app: &App, event: &Odd) -> Told {
    app.state::<Noted>()?.note(format!("{}", event.panics_when_read));
    Ok(())
}

#[test]
fn an_event_that_panics_when_it_is_dropped_is_delivered_and_one_that_panics_when_it_is_read_fails() {
    for is_async in [false, true] {
        let (journal, noted) = (MemoryJournal::new(), Noted::default());
        let setup = noting_over(&journal, &noted, move |builder| {
            let builder = builder.event::<Odd>();
            if is_async { builder.hook(take_the_odd_event_later) } else { builder.hook(take_the_odd_event) }
        });
        let shop = setup.start();
        let odd = |panics: bool| record("odd", 1, &serde_json::json!({ "panics_when_read": panics }));
        journal.append(&[odd(false), odd(false), odd(true)]).wait_here();
        shop.settled();
        assert_eq!(noted.take(), ["false", "false"]);
        let status = &shop.deliveries().consumers().wait().expect("it runs")[0];
        assert_eq!((status.delivered, status.dead), (2, 0));
        assert!(status.last_error.as_ref().is_some_and(|error| error.contains("not readable")), "{status}");
    }
}

#[hookimpl(track_event, durable)]
fn ship_the_order(app: &App, event: &OrderPlaced) -> Told {
    app.state::<Noted>()?.note(format!("ship {}", event.order));
    app.track(OrderShipped { order: event.order, cost: 0 }).wait()?;
    Ok(())
}

#[hookimpl(track_event, durable)]
async fn ship_the_order_later(app: &App, event: &OrderPlaced) -> Told {
    app.state::<Noted>()?.note(format!("ship {}", event.order));
    app.track(OrderShipped { order: event.order, cost: 0 }).await?;
    Ok(())
}

#[test]
fn what_a_durable_implementation_tracks_is_delivered_before_it_is_settled() {
    for is_async in [false, true] {
        let noted = Noted::default();
        let shop = noting(&noted, move |builder| {
            let builder = builder.hook(take_the_event);
            if is_async { builder.hook(ship_the_order_later) } else { builder.hook(ship_the_order) }
        })
        .start();
        shop.place(0..3);
        shop.settled();
        let mut heard = noted.take();
        heard.sort();
        assert_eq!(heard, ["event 0 0", "event 1 0", "event 2 0", "ship 0", "ship 1", "ship 2"]);
    }
}

#[hookimpl(track_event, wrapper)]
async fn wrap(app: &App, next: Next<'_>) -> Outcome {
    if let Ok(noted) = app.state::<Noted>() {
        noted.note("wrapped");
    }
    next.run().await
}

#[hookimpl(track_event, durable)]
fn fail_once(app: &App, event: &OrderPlaced, delivery: &event_core::durable::Delivery) -> Told {
    app.state::<Noted>()?.note(format!("{} {}", event.order, delivery.attempt()));
    if delivery.attempt() == 1 { Err("down".into()) } else { Ok(()) }
}

#[derive(Clone, Default)]
struct Ends(Arc<Mutex<Vec<(String, bool)>>>);

impl Observer for Ends {
    fn after(&self, call: &ObservedCall<'_>, end: &CallEnd<'_>) {
        let failed = matches!(end, CallEnd::Failed(_));
        let ended = (call.implementation.path().to_string(), failed);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(ended);
    }
}

#[test]
fn wrappers_surround_the_tracking_and_no_durable_call() {
    let noted = Noted::default();
    let shop = noting(&noted, |builder| builder.hook(wrap).hook(fail_once)).start();
    shop.place(0..1);
    shop.settled();
    shop.deliveries().deliver_now("event-journal::fail_once").wait().expect("it runs");
    shop.settled();
    assert_eq!(noted.take(), ["wrapped", "0 1", "0 2"]);
}

#[test]
fn observers_see_each_attempt_and_the_receipt_and_the_recorder_see_none() {
    let (noted, ends) = (Noted::default(), Ends::default());
    let observer = ends.clone();
    let shop = noting(&noted, move |builder| builder.hook(fail_once).observer(observer.clone())).start();
    let recorder = shop.app.recorder();
    let receipt = shop.app.track(OrderPlaced { order: 0 }).wait().expect("it is kept");
    shop.settled();
    shop.deliveries().deliver_now("event-journal::fail_once").wait().expect("it runs");
    shop.settled();
    assert!(receipt.failures().is_empty());
    let seen = ends.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let durable: Vec<_> = seen.iter().filter(|(path, _)| path.ends_with("fail_once")).collect();
    assert_eq!(durable.iter().map(|(_, failed)| *failed).collect::<Vec<_>>(), [true, false]);
    assert_eq!(recorder.all().len(), 1);
}
