//! What implementations and callers see of one event: its envelope, its record, its receipt.

use std::sync::{Arc, Mutex};

use chrono::{DateTime, Timelike, Utc};
use event_core::prelude::*;
use event_core::{Durability, IntoActor, Record};
use uuid::Uuid;

/// A moderator banned a user.
///
/// Lasting.
#[derive(Event)]
#[event(version = 3)]
struct BanUserEvent {
    /// Who was banned.
    user: String,
    r#type: Option<u8>,
}

fn ban() -> BanUserEvent {
    BanUserEvent { user: "mallory".into(), r#type: None }
}

type Kept = Arc<Mutex<Vec<Record>>>;

#[hookimpl(track_event)]
fn keep(app: &App, event: &Tracked) -> event_core::Result<()> {
    app.state::<Kept>()?.lock().unwrap().push(event.to_record()?);
    Ok(())
}

fn app() -> (App, Kept) {
    let kept = Kept::default();
    let app = App::builder().without_linked().event::<BanUserEvent>().insert(kept.clone()).hook(keep);
    (app.start().wait().unwrap(), kept)
}

#[test]
fn what_the_derive_read_is_kept_in_the_event_type() {
    let known = EventType::of::<BanUserEvent>();
    assert_eq!((known.name(), known.version(), known.plugin()), ("ban-user", 3, "tests"));
    assert_eq!(known.doc(), "A moderator banned a user.\n\nLasting.");
    assert_eq!(known.rust_type(), "behaviour::tracked::BanUserEvent");
    let fields: Vec<_> = known.fields().iter().map(|it| (it.name(), it.rust_type(), it.doc())).collect();
    assert_eq!(fields, [("user", "String", "Who was banned."), ("type", "Option<u8>", "")]);
    assert!(known.location().file().ends_with("tracked.rs"));
}

struct Moderator(&'static str);

impl IntoActor for Moderator {
    fn into_actor(self) -> Option<Actor> {
        Some(Actor::new(self.0).with("role", "moderator"))
    }
}

#[test]
fn an_actor_is_given_as_itself_as_a_text_or_as_whatever_becomes_one() {
    let (app, kept) = app();
    let (root, name) = (Actor::new("root"), "root".to_owned());
    let expected = Some(root.clone());
    app.track(ban()).by("root").wait().unwrap();
    app.track(ban()).by(&name).wait().unwrap();
    app.track(ban()).by(name).wait().unwrap();
    app.track(ban()).by(&root).wait().unwrap();
    app.track(ban()).by(Some(root.clone())).wait().unwrap();
    app.track(ban()).by(root).wait().unwrap();
    assert!(kept.lock().unwrap().drain(..).all(|record| record.actor == expected));

    app.track(ban()).by(None).wait().unwrap();
    app.track(ban()).by(Moderator("ada")).wait().unwrap();
    let actors: Vec<_> = kept.lock().unwrap().drain(..).map(|record| record.actor).collect();
    assert_eq!(actors, [None, Some(Actor::new("ada").with("role", "moderator"))]);
}

#[test]
fn id_actor_and_time_are_what_the_caller_gives() {
    let (app, kept) = app();
    let id = Uuid::from_u128(7);
    let at: DateTime<Utc> = "2020-01-02T03:04:05.123456789Z".parse().unwrap();
    let receipt = app.track(ban()).id(id).at(at).by(Actor::new("root").with("token", "t")).wait().unwrap();
    let record = kept.lock().unwrap().pop().unwrap();
    assert_eq!((record.id, receipt.id()), (id, id));
    assert_eq!(record.created.to_rfc3339(), "2020-01-02T03:04:05.123456+00:00");
    assert_eq!(record.actor.unwrap().get("token").unwrap(), "t");
    assert_eq!((record.name.as_str(), record.version), ("ban-user", 3));
}

#[test]
fn without_words_the_id_is_a_uuidv7_of_now_and_nobody_is_the_actor() {
    let (app, kept) = app();
    let before = Utc::now();
    let receipt = app.track(ban()).wait().unwrap();
    let record = kept.lock().unwrap().pop().unwrap();
    assert_eq!(record.id, receipt.id());
    assert_eq!(record.id.get_version_num(), 7);
    assert!(record.actor.is_none());
    assert!(before.with_nanosecond(0).unwrap() <= record.created && record.created <= Utc::now());
}

#[test]
fn an_actor_can_be_given_by_value_by_reference_or_not_at_all() {
    let (app, kept) = app();
    let actor = Actor::new("root");
    app.track(ban()).by(&actor).wait().unwrap();
    app.track(ban()).by(Some(actor.clone())).wait().unwrap();
    app.track(ban()).by(None).wait().unwrap();
    let actors: Vec<_> = kept.lock().unwrap().iter().map(|record| record.actor.clone()).collect();
    assert_eq!(actors, [Some(actor.clone()), Some(actor), None]);
}

#[test]
fn a_receipts_id_stays_when_nobody_asked_before() {
    let app = App::builder().without_linked().event::<BanUserEvent>().on::<Tracked<BanUserEvent>, _>(|_| ());
    let app = app.start().wait().unwrap();
    let receipt = app.track(ban()).wait().unwrap();
    assert_eq!(receipt.id(), receipt.id());
    let at = "2001-01-01T00:00:00Z".parse::<DateTime<Utc>>().unwrap();
    let receipt = app.track(ban()).at(at).wait().unwrap();
    assert_eq!(receipt.id().get_timestamp().unwrap().to_unix().0, at.timestamp().unsigned_abs());
}

#[test]
fn a_record_crosses_serde_and_threads_and_is_a_tracked_event_again() {
    let (app, kept) = app();
    app.track(ban()).by(Actor::new("root")).wait().unwrap();
    let record = kept.lock().unwrap().pop().unwrap();
    let json = serde_json::to_string(&record).unwrap();
    let keys: Vec<String> = serde_json::from_str::<serde_json::Map<_, _>>(&json)
        .unwrap()
        .into_iter()
        .map(|(key, _)| key)
        .collect();
    assert_eq!(keys, ["id", "name", "version", "created", "actor", "properties"]);
    let read: Record = std::thread::spawn(move || serde_json::from_str(&json).unwrap()).join().unwrap();
    assert_eq!(read, record);
    let event: &Tracked = &read;
    assert_eq!((event.name(), event.id(), event.created()), ("ban-user", record.id, record.created));
    assert_eq!(event.properties_json().unwrap(), r#"{"user":"mallory","type":null}"#);
    assert_eq!(event.to_record().unwrap(), record);
    assert!(event.downcast_ref::<BanUserEvent>().is_none(), "a record has the fields, not the type");
}

#[hookimpl(track_event)]
fn downcasts(event: &Tracked) -> Result<(), String> {
    let ban = event.downcast_ref::<BanUserEvent>().ok_or("no ban")?;
    if event.is::<BanUserEvent>() && ban.user == "mallory" { Ok(()) } else { Err("another".into()) }
}

#[hookimpl(track_event, tryfirst)]
fn on_disk(event: &Tracked) {
    event.promise(Durability::OnDisk);
}

#[hookimpl(track_event)]
fn enqueued(event: &Tracked<BanUserEvent>) {
    event.promise(Durability::Enqueued);
}

#[test]
fn a_tracked_event_can_be_downcast() {
    let app = App::builder().without_linked().event::<BanUserEvent>().hook(downcasts).start().wait().unwrap();
    assert!(app.track(ban()).wait().unwrap().failures().is_empty());
}

#[test]
fn the_receipt_has_the_best_promise_that_was_given() {
    let builder = || App::builder().without_linked().event::<BanUserEvent>();
    let promised = |app: App| app.track(ban()).wait().unwrap().durability();
    assert_eq!(promised(builder().start().wait().unwrap()), Durability::Nothing);
    assert_eq!(promised(builder().hook(enqueued).start().wait().unwrap()), Durability::Enqueued);
    assert_eq!(promised(builder().hook(enqueued).hook(on_disk).start().wait().unwrap()), Durability::OnDisk);
}
