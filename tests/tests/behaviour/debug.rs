//! What `{:?}` shows of public types: short, and nothing that can be secret.

use event_core::prelude::*;
use event_core::{Context, Scope};
use uuid::Uuid;

#[derive(Event)]
struct BanUser {
    token: &'static str,
}

#[hookimpl(track_event)]
fn mail(event: &BanUser) -> Result<(), String> {
    Err(format!("no address for {} letters", event.token.len()))
}

const ID: &str = "019aab2c-5a00-7000-8000-000000000001";
const TIME: &str = "2026-11-22T11:57:54Z";

fn app() -> App {
    App::builder()
        .without_linked()
        .event::<BanUser>()
        .hook(mail)
        .failure_handler(|_| ())
        .start()
        .wait()
        .unwrap()
}

fn ban(app: &App) -> Receipt {
    let actor = Actor::new("root").with("password", "hunter2");
    let track = app.track(BanUser { token: "hunter2" }).by(actor);
    track.id(Uuid::parse_str(ID).unwrap()).at(TIME.parse().unwrap()).wait().unwrap()
}

#[test]
fn an_app_is_counted_and_says_whether_it_is_shut_down() {
    let app = app();
    assert_eq!(format!("{app:?}"), "App { events: 1, implementations: 1, is_shut_down: false, .. }");
    app.shutdown().wait().unwrap();
    assert_eq!(format!("{app:?}"), "App { events: 1, implementations: 1, is_shut_down: true, .. }");
}

#[test]
fn a_receipt_has_its_failures_each_with_its_implementation_and_its_event() {
    let receipt = ban(&app());
    let failure = "Failure { implementation: \"`behaviour::debug::mail` (hook track_event, plugin tests, \
         tests/tests/behaviour/debug.rs:13)\", event: Some(\"ban-user\"), cause: \"no address for 7 letters\" }";
    assert_eq!(
        format!("{receipt:?}"),
        format!("Receipt {{ id: {ID}, durability: Nothing, failures: [{failure}], stopped_by: None }}")
    );
    assert_eq!(
        format!("{:?}", receipt.failures()[0].implementation()),
        "Implementation { path: \"behaviour::debug::mail\", hook: \"track_event\", plugin: \"tests\", location: \
         tests/tests/behaviour/debug.rs:13, .. }"
    );
}

#[test]
fn nothing_that_belongs_to_an_event_or_an_actor_shows_but_names_ids_and_times() {
    let app = app();
    let recorder = app.recorder();
    ban(&app);
    let event = recorder.last().unwrap();
    assert_eq!(
        format!("{event:?}"),
        format!("Tracked {{ name: \"ban-user\", id: {ID}, created: {TIME}, .. }}")
    );
    assert_eq!(
        format!("{:?}", event.to_record().unwrap()),
        format!(
            "Record {{ name: \"ban-user\", version: 1, id: {ID}, created: {TIME}, actor: Some(Actor {{ id: \"root\", .. }}), .. }}"
        )
    );
    assert_eq!(format!("{:?}", Actor::new("root")), "Actor { id: \"root\" }");
    let context = Context::new().with_request_id("r1").with("shop", "channel", "web");
    let scope = Scope::new().actor(Actor::new("ada").with("token", "hunter2")).context(context);
    assert_eq!(
        format!("{scope:?}"),
        "Scope { actor: Some(Actor { id: \"ada\", .. }), context: Context { request_id: \"r1\", shop: [\"channel\"] }, .. }"
    );
}

#[test]
fn a_description_and_a_builder_show_names_and_no_internals() {
    let builder = App::builder().without_linked().event::<BanUser>().config(json!({ "password": "hunter2" }));
    assert_eq!(format!("{builder:?}"), "AppBuilder { linked: false, events: 1, hooks: 0, .. }");
    let description = format!("{:?}", app().describe());
    let event = "EventType { name: \"ban-user\", version: 1, rust_type: \"behaviour::debug::BanUser\", .. }";
    assert!(description.contains(event), "{description}");
    for internal in ["TypeId", "0x", "no_such_argument"] {
        assert!(!description.contains(internal), "{description}");
    }
    assert!(description.len() < 700, "{description}");
}
