//! The event that led to another one, where an implementation tracks it in its call.

use event_core::prelude::*;
use event_core::{AppBuilder, Context};
use event_journal::{JournalExt, MemoryJournal};

use crate::orders::{OrderPlaced, Setup, Shop, Told};

#[derive(Event)]
struct MailSent {
    how: &'static str,
}

#[hookimpl(track_event, durable)]
fn mail(app: &App, event: &Tracked<OrderPlaced>) -> Told {
    let _ = event;
    app.track(MailSent { how: "plain" }).context(Context::new().with_tenant("acme")).wait()?;
    Ok(())
}

#[hookimpl(track_event, durable)]
async fn mail_async(app: &App, event: &OrderPlaced) -> Told {
    let _ = event;
    app.track(MailSent { how: "async" }).await?;
    Ok(())
}

/// It knows better.
#[hookimpl(track_event, durable)]
fn mail_for_another(app: &App, event: &Tracked<OrderPlaced>) -> Told {
    let another = app.track(MailSent { how: "first" }).caused_by(event).wait()?;
    app.track(MailSent { how: "second" }).caused_by(&another).wait()?;
    Ok(())
}

#[hookimpl(track_event, durable(batch = 10))]
fn mail_all(app: &App, events: &[&Tracked<OrderPlaced>]) -> Told {
    app.track(MailSent { how: if events.len() == 1 { "batch of one" } else { "batch" } }).wait()?;
    Ok(())
}

fn start(with: impl Fn(AppBuilder) -> AppBuilder + 'static) -> Shop {
    let setup = Setup::over(&MemoryJournal::new(), |_, _| Ok(())).without_billing();
    setup.with(move |builder| with(builder.event::<OrderPlaced>().event::<MailSent>())).start()
}

/// What each event says of the one that led to it: the place of that one in the journal.
fn causes(shop: &Shop) -> Vec<(String, Option<usize>)> {
    let events = shop.app.store().expect("it has one").events().list().wait().expect("they can be read");
    let place = |id| events.iter().position(|event| event.id == id);
    let of_mails = events.iter().filter(|event| event.name == "mail-sent").map(|event| {
        let cause = event.context.as_ref().and_then(Context::cause);
        (event.properties["how"].as_str().unwrap_or_default().to_owned(), cause.and_then(place))
    });
    of_mails.collect()
}

#[test]
fn what_a_durable_call_tracks_says_which_event_led_to_it() {
    let shop = start(|builder| builder.hook(mail));
    for order in 0..2 {
        shop.place(order..order + 1);
        shop.settled();
    }
    let plain = |place| ("plain".to_owned(), Some(place));
    assert_eq!(causes(&shop), [plain(0), plain(2)], "each order has its mail behind it");
    let shop = start(|builder| builder.hook(mail_async));
    shop.place(0..1);
    shop.settled();
    assert_eq!(causes(&shop), [("async".to_owned(), Some(0))]);
}

#[test]
fn what_a_call_says_of_its_cause_wins_over_the_event_that_is_delivered() {
    let shop = start(|builder| builder.hook(mail_for_another));
    shop.place(0..1);
    shop.settled();
    assert_eq!(causes(&shop), [("first".to_owned(), Some(0)), ("second".to_owned(), Some(1))]);
}

#[test]
fn a_batch_of_several_events_leads_to_none_and_one_of_one_to_that() {
    let shop = start(|builder| builder.hook(mail_all));
    shop.place(0..1);
    shop.settled();
    shop.deliveries().pause("event-journal::mail_all").wait().expect("it is paused");
    shop.place(1..3);
    shop.deliveries().resume("event-journal::mail_all").wait().expect("it goes on");
    shop.settled();
    assert_eq!(causes(&shop), [("batch of one".to_owned(), Some(0)), ("batch".to_owned(), None)]);
}

#[test]
fn outside_of_a_durable_call_an_event_has_no_cause() {
    let shop = start(|builder| builder.hook(mail));
    shop.app.track(MailSent { how: "by itself" }).wait().expect("it is kept");
    assert_eq!(causes(&shop), [("by itself".to_owned(), None)]);
}
