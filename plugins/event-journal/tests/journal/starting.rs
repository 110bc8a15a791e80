//! What an app with durable implementations refuses to start with, and what the error says.

use std::sync::Arc;

use event_core::prelude::*;
use event_journal::journal::{Error, Journal};
use event_journal::{MemoryJournal, OpenedJournal};
use serde_json::{Value, json};

use crate::faults::{Asked, Fault, FaultyJournal};
use crate::orders::{BILLING, Noted, OrderPlaced, Setup, Told, tell_billing};

fn setup() -> Setup {
    Setup::new(|_, _| Ok(()))
}

#[hookimpl(event_journal::open_journal)]
fn open_another() -> OpenedJournal {
    OpenedJournal::new("event-postgres", MemoryJournal::new())
}

#[test]
fn two_journals_need_a_choice() {
    let error = setup().with(|builder| builder.hook(open_another)).start_error();
    assert!(error.contains("`event-journal`") && error.contains("`event-postgres`"), "{error}");
    assert!(error.contains(r#"plugins.event-journal.journal = ""#), "{error}");

    let chosen =
        setup().with(|builder| builder.hook(open_another)).configured(json!({ "journal": "event-journal" }));
    let shop = chosen.start();
    shop.place(0..1);
    assert_eq!(shop.settled(), [(0, 1)]);

    let error = setup()
        .with(|builder| builder.hook(open_another))
        .configured(json!({ "journal": "event-sqlite" }))
        .start_error();
    assert!(error.contains("`event-sqlite`") && error.contains("it has none"), "{error}");
}

#[hookimpl(event_journal::open_journal)]
async fn open_a_little_later() -> OpenedJournal {
    let mut was_polled = false;
    std::future::poll_fn(|context| {
        if std::mem::replace(&mut was_polled, true) {
            return std::task::Poll::Ready(());
        }
        context.waker().wake_by_ref();
        std::task::Poll::Pending
    })
    .await;
    OpenedJournal::new("event-postgres", MemoryJournal::new())
}

#[test]
fn a_journal_can_be_opened_by_an_async_function() {
    let chosen = setup().with(|builder| builder.hook(open_a_little_later));
    let shop = chosen.configured(json!({ "journal": "event-postgres" })).start();
    assert_eq!(shop.status().position, 0);
}

#[test]
fn a_main_that_returns_an_error_of_this_plugin_prints_its_text_and_each_cause() {
    let down = Arc::new(std::io::Error::other("the disk is full"));
    let cause = Error::Unavailable(down);
    let text = "the journal can't be used now\n  caused by: the disk is full";
    assert_eq!(format!("{cause:?}"), text);
    let error = event_journal::Error::Journal { place: "store.db".into(), cause: cause.clone() };
    assert_eq!(
        format!("{error:?}"),
        "failed to use the journal store.db\n  caused by: the journal can't be used now\n  caused by: the disk is full"
    );
    let refused = event_journal::Refused::Journal(cause);
    assert!(format!("{refused:?}").starts_with("failed to use the journal\n  caused by: "), "{refused:?}");
    let started = App::builder().without_linked().start().wait().expect("it has nothing");
    let error = event_journal::JournalExt::deliveries(&started).expect_err("it has no journal");
    assert!(format!("{error:?}").starts_with("the app delivers nothing"), "{error:?}");
}

#[test]
fn durable_implementations_without_a_journal_are_named_with_the_line_to_write() {
    let builder = App::builder().without_linked().event::<OrderPlaced>().hook(tell_billing);
    let builder = builder
        .hook(event_journal::open_the_journal)
        .hook(event_journal::begin_to_deliver)
        .hook(event_journal::stop_delivering);
    let error = event_core::plugin::error_line(&builder.start().wait().expect_err("it has no journal"));
    assert!(error.contains("tell_billing") && error.contains("plugins![event_sqlite]"), "{error}");
}

#[test]
fn a_choice_of_a_plugin_that_has_no_journal_is_an_error_that_names_it() {
    let builder = App::builder().without_linked().event::<OrderPlaced>().hook(tell_billing);
    let builder = builder
        .config(json!({ "plugins": { "event-journal": { "journal": "event-postgres" } } }))
        .hook(event_journal::open_the_journal)
        .hook(event_journal::begin_to_deliver)
        .hook(event_journal::stop_delivering);
    let error = event_core::plugin::error_line(&builder.start().wait().expect_err("it has no journal"));
    assert!(error.contains("event-postgres"), "{error}");
}

#[test]
fn a_configured_consumer_that_the_app_does_not_have_is_an_error_that_names_those_it_has() {
    let configured = json!({ "consumers": { "event-journal::tell_biling": { "max_attempts": 3 } } });
    let error = setup().configured(configured.clone()).start_error();
    assert!(error.contains("tell_biling") && error.contains(BILLING), "{error}");
    let error = setup().without_billing().configured(configured).start_error();
    assert!(error.contains("has no durable implementation at all"), "{error}");
}

#[test]
fn unknown_and_impossible_settings_are_errors_that_say_what_can_be() {
    for (keys, named) in [
        (json!({ "shutdwon": "1s" }), "shutdwon"),
        (json!({ "consumers": { BILLING: { "max_atempts": 1 } } }), "max_atempts"),
        (json!({ "deliver": 1 }), "`true`, `false`, or a list of consumers"),
    ] {
        let error = setup().configured(keys).start_error();
        assert!(error.contains(named), "{error}");
    }
}

type Section<'a> = &'a dyn Fn(&str, &Value) -> Value;

#[test]
fn a_number_that_a_setting_can_not_have_is_told_those_it_can_with_their_unit() {
    let top = |key: &str, value: &Value| json!({ key: value });
    let of_consumer = |key: &str, value: &Value| json!({ "consumers": { BILLING: { key: value } } });
    for (key, section, expected) in [
        ("shutdown_ms", &top as Section<'_>, "a whole number from 0 on, of milliseconds"),
        ("stalled_after_s", &top, "a whole number from 1 on, of seconds"),
        ("lease_ms", &top, "a whole number from 1 on, of milliseconds"),
        ("give_up_after_s", &of_consumer, "a whole number from 1 on, of seconds"),
        ("timeout_s", &of_consumer, "a whole number from 1 to 4294967295, of seconds"),
        ("max_attempts", &of_consumer, "a whole number from 1 to 4294967295"),
        ("concurrency", &of_consumer, "a whole number from 1 to 4294967295"),
        ("batch", &of_consumer, "a whole number from 1 to 4294967295"),
    ] {
        let wrong = [json!(0), json!(-1), json!(1.5), json!("soon")];
        for value in wrong.iter().filter(|value| !(key == "shutdown_ms" && **value == json!(0))) {
            let error = setup().configured(section(key, value)).start_error();
            let shown = value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
            let says = [format!("{key}`: invalid "), shown, format!("expected {expected}")];
            assert!(says.iter().all(|part| error.contains(part.as_str())), "{says:?}: {error}");
        }
    }
    let error = setup().configured(of_consumer("timeout_s", &json!(1_u64 << 32))).start_error();
    assert!(error.contains("timeout_s`: invalid value: integer `4294967296`"), "{error}");
}

#[test]
fn a_batch_that_is_configured_for_a_function_that_takes_one_event_is_an_error_that_names_it() {
    let error = setup().configured(json!({ "consumers": { BILLING: { "batch": 10 } } })).start_error();
    assert!(
        error.contains(BILLING) && error.contains("orders.rs") && error.contains("events: &["),
        "{error}"
    );
}

#[test]
fn the_largest_settings_are_possible() {
    let most = json!({
        "shutdown_ms": i64::MAX,
        "stalled_after_s": i64::MAX,
        "consumers": { BILLING: { "give_up_after_s": i64::MAX, "timeout_s": u32::MAX, "max_attempts": u32::MAX } },
    });
    let shop = setup().configured(most).start();
    shop.place(0..1);
    assert_eq!(shop.settled(), [(0, 1)]);
    shop.app.shutdown().wait().expect("it ends");
}

mod other {
    use event_core::prelude::*;

    #[hookimpl(track_event, durable)]
    pub fn tell_billing() {}

    #[hookimpl(track_event, durable(name = "tell_accounting"))]
    pub fn tell_billing_too() {}
}

#[test]
fn two_consumers_of_one_name_are_an_error_that_says_how_to_name_them() {
    let error = setup().with(|builder| builder.hook(other::tell_billing)).start_error();
    assert!(error.contains(BILLING) && error.contains(r#"durable(name = "…")"#), "{error}");
    let shop = setup().with(|builder| builder.hook(other::tell_billing_too)).start();
    shop.place(0..1);
    shop.settled();
    assert_eq!(shop.status_of("event-journal::tell_accounting").delivered, 1);
}

#[test]
fn a_description_lists_durable_implementations_and_opens_nothing() {
    let described = App::builder()
        .without_linked()
        .event::<OrderPlaced>()
        .hook(tell_billing)
        .describe()
        .wait()
        .expect("it can be described");
    let text = described.to_string();
    assert!(text.contains("tell_billing"), "{text}");
}

/// Moves what is saved of the consumers of one journal into another one.
fn with_consumers_of(from: &FaultyJournal, to: FaultyJournal) -> FaultyJournal {
    let moved = async {
        for (key, saved) in from.list("consumer/", "", 100).await? {
            let version = to.load(&key).await?.map_or(0, |saved| saved.version);
            to.save(&key, version, Some(&saved.value), event_core::Durability::OnDisk).await?;
        }
        Ok::<_, Error>(())
    };
    pollster::block_on(moved).expect("both can be used");
    to
}

/// A journal whose events are delivered.
fn delivered(identity: &str, orders: u32) -> FaultyJournal {
    let journal = FaultyJournal::new().with_identity(identity);
    let shop = Setup::over_faulty(&journal, |_, _| Ok(())).start();
    shop.place(0..orders);
    shop.settled();
    journal
}

fn start_error_over(journal: &FaultyJournal) -> String {
    let error = Setup::over_faulty(journal, |_, _| Ok(())).start_error();
    assert!(error.contains(BILLING) && error.contains("durable(name = "), "{error}");
    error
}

#[test]
fn another_log_under_the_same_name_is_an_error_with_the_ways_on() {
    let other = with_consumers_of(&delivered("one", 3), delivered("two", 5));
    assert!(start_error_over(&other).contains("its position is of the log one, and this is the log two"));
}

#[test]
fn a_log_that_ends_before_the_position_is_an_error_with_the_ways_on() {
    let shorter = with_consumers_of(&delivered("one", 5), delivered("one", 3));
    assert!(start_error_over(&shorter).contains("the log ends at 3"));
}

#[test]
fn a_log_that_lost_its_tail_and_grew_again_is_an_error_with_the_ways_on() {
    let grown = with_consumers_of(&delivered("one", 3), delivered("one", 5));
    assert!(start_error_over(&grown).contains("had the id"));
}

#[derive(Event, serde::Deserialize)]
struct Rare {
    number: u32,
}

#[hookimpl(track_event, durable)]
fn hear_the_rare(app: &App, event: &Rare) -> Told {
    app.state::<Noted>()?.note(event.number.to_string());
    Ok(())
}

#[test]
fn a_tail_that_was_lost_is_noticed_by_a_consumer_that_none_of_its_events_was_meant_for() {
    let rare = |journal: &FaultyJournal| {
        Setup::over_faulty(journal, |_, _| Ok(())).without_billing().with(|builder| {
            let builder = builder.event::<OrderPlaced>().event::<Rare>();
            builder.insert(Noted::default()).hook(hear_the_rare)
        })
    };
    let heard = |many| {
        let journal = FaultyJournal::new().with_identity("one");
        let shop = rare(&journal).start();
        shop.place(0..many);
        shop.settled();
        journal
    };
    let error = rare(&with_consumers_of(&heard(3), heard(5))).start_error();
    assert!(error.contains("had the id"), "{error}");
}

#[test]
fn events_that_are_gone_before_they_were_delivered_are_an_error_with_the_ways_on() {
    let journal = delivered("one", 3);
    journal.set(|asked| match asked {
        Asked::Read(_) => Fault::Before(Error::Gone { first: 70 }),
        _ => Fault::None,
    });
    assert!(start_error_over(&journal).contains("number 70"));
}

#[test]
fn a_value_of_a_newer_format_is_an_error_that_says_so_and_stays_as_it_is() {
    let journal = delivered("one", 1);
    let key = format!("consumer/{BILLING}");
    let newer = br#"{"format":99}"#;
    let replaced = async {
        let saved = journal.load(&key).await?.ok_or(Error::Conflict)?;
        journal.save(&key, saved.version, Some(newer), event_core::Durability::OnDisk).await
    };
    pollster::block_on(replaced).expect("it can be replaced");
    let error = Setup::over_faulty(&journal, |_, _| Ok(())).start_error();
    assert!(error.contains("format 99") && error.contains("use a newer one"), "{error}");
    let kept = pollster::block_on(journal.load(&key)).expect("it can be read").expect("it is there");
    assert_eq!(kept.value, newer);
}
