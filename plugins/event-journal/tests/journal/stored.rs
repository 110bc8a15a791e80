//! What a durable implementation sees of an event that was stored, also by another version of the program.

use std::sync::{Arc, Mutex, PoisonError};

use event_core::prelude::*;
use event_journal::{JournalExt, MemoryJournal, testing};
use serde_json::Value;

/// As it was when it was tracked.
#[derive(Event)]
#[event(name = "order-noted")]
struct WithNote {
    order: u32,
    note: &'static str,
}

/// As the program has it now.
#[derive(Event, serde::Deserialize)]
#[event(name = "order-noted")]
struct WithoutNote {
    order: u32,
}

#[derive(Event, serde::Deserialize)]
struct ShopOpened;

#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<Value>>>);

impl Seen {
    fn add(app: &App, seen: Value) {
        let all = app.state::<Self>().expect("the test puts it there");
        all.0.lock().unwrap_or_else(PoisonError::into_inner).push(seen);
    }

    fn take(&self) -> Vec<Value> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[hookimpl(track_event, durable(from = "start"))]
fn hear_orders(app: &App, event: &Tracked<WithoutNote>) {
    let mut written = Vec::new();
    event.write_properties(&mut written).expect("it is JSON");
    let text = event.properties_json().expect("it is JSON");
    assert_eq!(written, text.as_bytes());
    Seen::add(app, json!([event.order, event.properties().expect("it is JSON"), text, event.actor()]));
}

#[hookimpl(track_event, durable(from = "start"))]
fn hear_of_the_opening(app: &App, event: &ShopOpened) {
    let ShopOpened = event;
    Seen::add(app, json!("opened"));
}

fn tracked(journal: &MemoryJournal) {
    let app =
        testing::app(journal).event::<WithNote>().event::<ShopOpened>().start().wait().expect("it starts");
    app.track(WithNote { order: 7, note: "fragile" }).by(Actor::new("ada")).wait().expect("it is kept");
    app.track(ShopOpened).wait().expect("it is kept");
    app.shutdown().wait().expect("it ends");
}

#[test]
fn a_typed_event_has_the_stored_properties_though_its_type_would_write_others() {
    let (journal, seen) = (MemoryJournal::new(), Seen::default());
    tracked(&journal);
    let builder = testing::app(&journal).insert(seen.clone()).event::<WithoutNote>().hook(hear_orders);
    let app = builder.start().wait().expect("it starts");
    app.deliveries().expect("it is open").settled().wait().expect("it runs");
    let properties = json!({ "order": 7, "note": "fragile" });
    assert_eq!(seen.take(), [json!([7, properties, properties.to_string(), { "id": "ada" }])]);
    app.shutdown().wait().expect("it ends");
}

#[test]
fn an_event_without_fields_is_read_back() {
    let (journal, seen) = (MemoryJournal::new(), Seen::default());
    tracked(&journal);
    let builder = testing::app(&journal).insert(seen.clone()).event::<ShopOpened>().hook(hear_of_the_opening);
    let app = builder.start().wait().expect("it starts");
    app.deliveries().expect("it is open").settled().wait().expect("it runs");
    assert_eq!(seen.take(), [json!("opened")]);
    app.shutdown().wait().expect("it ends");
}
