//! Durable implementations of the process that is killed: each says of every call that it begins, and that it has ended.

use std::fmt;
use std::time::Duration;

use event_core::AppBuilder;
use event_core::durable::{Delivery, Rejected, Retry};
use event_core::prelude::*;
use event_journal::{DeadLetter, Deliveries, JournalExt};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::dying::{DEADLY, Dies, open_deadly};
#[cfg(unix)]
use crate::exactly_once;
use crate::shutdown::pause;
use crate::writer::{Counted, Noted, say};

/// What a process does with its durable implementations.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Consumers {
    /// The event in whose call [`would_die_of_one`] ends the process; without one, that implementation isn't there.
    pub(crate) poison: Option<Uuid>,
    /// Whether everything is delivered before the process ends by itself.
    pub(crate) settles: bool,
    /// Whether the poison is delivered again when it is a dead letter.
    pub(crate) retries_poison: bool,
    /// At which call of its journal the process dies.
    pub(crate) dies: Option<Dies>,
    /// Whether it has those of [`exactly_once`] instead.
    pub(crate) exactly_once: bool,
}

/// Those that no event ends, with the event that they hear if it is only one.
pub(crate) const INNOCENT: [(&str, Option<&str>); 6] = [
    ("hears_all", None),
    ("hears_all_later", None),
    ("hears_counted", Some("counted")),
    ("hears_noted", Some("noted")),
    ("fails_now_and_then", None),
    (REJECTS, None),
];

const REJECTS: &str = "rejects_some";

/// Whether the event is a dead letter of this consumer, whatever happens.
pub(crate) fn is_rejected(consumer: &str, id: Uuid) -> bool {
    let (_, number) = id.as_u64_pair();
    consumer == REJECTS && number % 11 == 5
}

/// How long calls of the poison take: the process ends while other consumers would be in it.
const POISON_TAKES: Duration = Duration::from_millis(300);

#[hookimpl(track_event, durable)]
fn hears_all(app: &App, event: &Tracked) {
    let call = Call::begin("hears_all", event.id());
    if is_poison(app, event) {
        pause(POISON_TAKES);
    }
    call.end();
}

#[hookimpl(track_event, durable)]
async fn hears_all_later(app: &App, event: &Tracked) {
    let call = Call::begin("hears_all_later", event.id());
    let takes = if is_poison(app, event) { POISON_TAKES } else { Duration::ZERO };
    pause_async(takes).await;
    call.end();
}

fn is_poison(app: &App, event: &Tracked) -> bool {
    app.state::<Consumers>().expect("it is there").poison == Some(event.id())
}

#[hookimpl(track_event, durable)]
fn hears_counted(event: &Tracked<Counted>) {
    Call::begin("hears_counted", event.id()).end();
}

#[hookimpl(track_event, durable)]
async fn hears_noted(event: &Tracked<Noted>) {
    let call = Call::begin("hears_noted", event.id());
    pause_async(Duration::from_micros(u64::from(event.number % 7) * 100)).await;
    call.end();
}

/// Every seventh of a producer's events twice, and every fiftieth by a panic.
#[hookimpl(track_event, durable)]
async fn fails_now_and_then(event: &Tracked, delivery: &Delivery) -> Result<(), Retry> {
    let call = Call::begin("fails_now_and_then", event.id());
    let (_, number) = event.id().as_u64_pair();
    if number % 7 == 3 && delivery.attempt() < 3 {
        return Err(Retry::after(Duration::from_millis(1), "it fails now and then"));
    }
    assert!(number % 50 != 49 || delivery.attempt() > 1, "it panics now and then");
    call.end();
    Ok(())
}

#[hookimpl(track_event, durable)]
fn rejects_some(event: &Tracked) -> Result<(), Rejected> {
    let call = Call::begin(REJECTS, event.id());
    if is_rejected(REJECTS, event.id()) {
        return Err(Rejected::new("it isn't for this one"));
    }
    call.end();
    Ok(())
}

#[hookimpl(event_journal::delivery_failed)]
pub(crate) fn says_what_is_buried(letter: &DeadLetter) {
    say(&format!("has buried {} {}", short(&letter.consumer), letter.event_id));
}

#[hookimpl(track_event, durable)]
fn would_die_of_one(app: &App, event: &Tracked) {
    let call = Call::begin("would_die_of_one", event.id());
    if is_poison(app, event) {
        pause(POISON_TAKES / 2);
        std::process::abort();
    }
    call.end();
}

/// Waits in tokio's own way.
pub(crate) async fn pause_async(time: Duration) {
    // It is never ready.
    let _ = tokio::time::timeout(time, std::future::pending::<()>()).await;
}

/// A call that has begun.
struct Call(String);

impl Call {
    fn begin(consumer: &str, id: Uuid) -> Self {
        let call = format!("{consumer} {id}");
        say(&format!("begins {call}"));
        Self(call)
    }

    fn end(self) {
        say(&format!("ends {}", self.0));
    }
}

/// The app calls durable implementations, and prints no failure.
pub(crate) fn deliver(app: AppBuilder) -> AppBuilder {
    // The process after one that was killed goes on soon.
    let lease = json!({ "plugins": { "event-journal": { "lease_ms": 200 } } });
    app.failure_handler(|_| {})
        .config(lease)
        .hook(event_journal::open_the_journal)
        .hook(event_journal::begin_to_deliver)
        .hook(event_journal::stop_delivering)
}

/// Panics of these are expected, so only others are printed.
pub(crate) fn hook_into(app: AppBuilder, consumers: &Consumers) -> AppBuilder {
    #[cfg(unix)]
    if consumers.exactly_once {
        return exactly_once::hook_into(app, consumers);
    }
    let print = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if panic.payload_as_str() != Some("it panics now and then") {
            print(panic);
        }
    }));
    let app = match consumers.dies {
        None => app,
        Some(_) => {
            app.hook(open_deadly).config(json!({ "plugins": { "event-journal": { "journal": DEADLY } } }))
        }
    };
    let app = deliver(app)
        .insert(consumers.clone())
        .hook(hears_all)
        .hook(hears_all_later)
        .hook(hears_counted)
        .hook(hears_noted)
        .hook(fails_now_and_then)
        .hook(rejects_some)
        .hook(says_what_is_buried);
    if consumers.poison.is_some() { app.hook(would_die_of_one) } else { app }
}

/// Waits until every event is delivered or dead, and says which are dead. What is neither poison nor rejected is delivered again:
/// the process was killed in its call.
pub(crate) fn settle(app: &App) {
    let consumers = app.state::<Consumers>().expect("it is there");
    let deliveries = app.deliveries().expect("there are consumers");
    loop {
        deliver_all(&deliveries);
        let mut retried = 0;
        for consumer in deliveries.consumers().wait().expect("it runs") {
            let letters = deliveries.dead_letters(&consumer.name, 0, usize::MAX).wait();
            if letters.is_err() && consumers.dies.is_some() {
                // The journal is about to end the process.
                retried += 1;
                continue;
            }
            for letter in letters.expect("they can be read") {
                let (consumer, id) = (short(&consumer.name), letter.event_id.parse().expect("an id"));
                say(&format!("is dead {consumer} {id}"));
                let is_poison = consumers.poison == Some(id) && consumer == "would_die_of_one";
                if is_poison && !consumers.retries_poison || is_rejected(consumer, id) {
                    continue;
                }
                let rearmed = deliveries.retry(&letter).wait();
                assert!(rearmed.is_ok() || consumers.dies.is_some(), "{rearmed:?}");
                retried += 1;
            }
        }
        if retried == 0 {
            return;
        }
    }
}

fn deliver_all(deliveries: &Deliveries) {
    loop {
        deliveries.settled().wait().expect("it runs");
        let consumers = deliveries.consumers().wait().expect("it runs");
        if consumers.iter().all(|consumer| consumer.backlog == Some(0)) {
            return;
        }
        for consumer in consumers {
            deliveries.deliver_now(consumer.name).wait().expect("it is there");
        }
    }
}

/// A consumer's name without its plugin.
fn short(name: &str) -> &str {
    name.rsplit("::").next().unwrap_or(name)
}

/// What a process says of its calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    Begins,
    Ends,
    /// An event became a dead letter, which is written.
    HasBuried,
    /// There is a dead letter.
    IsDead,
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Begins => "begins",
            Self::Ends => "ends",
            Self::HasBuried => "has buried",
            Self::IsDead => "is dead",
        })
    }
}

/// What a line says, of which consumer and event.
pub(crate) fn read(line: &str) -> Option<(Said, &str, Uuid)> {
    let (said, rest) = [Said::Begins, Said::Ends, Said::HasBuried, Said::IsDead]
        .into_iter()
        .find_map(|said| Some((said, line.strip_prefix(&format!("{said} "))?)))?;
    let (consumer, id) = rest.split_once(' ').expect("a consumer and an event");
    Some((said, consumer, id.parse().expect("an id")))
}
