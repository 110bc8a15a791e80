//! Programs of different versions beside each other, and one after the other.

use event_core::prelude::*;
use event_journal::{Deliverer, MemoryJournal};

use crate::orders::{Noted, OrderPlaced, Setup, Shop, Told};

#[derive(Event, serde::Deserialize)]
struct OrderShipped;

const NOTE: &str = "event-journal::note";

#[hookimpl(track_event, durable(name = "note"))]
fn note_placed(app: &App, event: &OrderPlaced) -> Told {
    app.state::<Noted>()?.note(format!("old {}", event.order));
    Ok(())
}

#[hookimpl(track_event, durable(name = "note"))]
fn note_all(app: &App, event: &Tracked) -> Told {
    app.state::<Noted>()?.note(format!("new {}", event.name()));
    Ok(())
}

fn program(journal: &MemoryJournal, is_new: bool, noted: &Noted) -> Setup {
    let noted = noted.clone();
    Setup::over(journal, |_, _| Ok(())).without_billing().with(move |builder| {
        let builder = builder.insert(noted.clone()).event::<OrderPlaced>().event::<OrderShipped>();
        if is_new { builder.hook(note_all) } else { builder.hook(note_placed) }
    })
}

fn ship(shop: &Shop) {
    shop.app.track(OrderShipped).wait().expect("it is kept");
}

#[test]
fn a_program_that_hears_more_goes_on_from_where_the_older_one_was() {
    let (journal, noted) = (MemoryJournal::new(), Noted::default());
    let old = program(&journal, false, &noted).start();
    old.place(0..1);
    old.settled();
    drop(old);
    let new = program(&journal, true, &noted).start();
    ship(&new);
    new.settled();
    assert_eq!(noted.take(), ["old 0", "new order-shipped"]);
}

#[test]
fn an_older_program_that_starts_after_one_that_hears_more_stands_by_and_says_what_to_do() {
    for new_ends_first in [true, false] {
        let (journal, noted) = (MemoryJournal::new(), Noted::default());
        let new = program(&journal, true, &noted).start();
        new.settled();
        let new = Some(new).filter(|_| !new_ends_first);
        let old = program(&journal, false, &noted).start();
        old.place(0..1);
        ship(&old);
        assert_eq!(old.settled(), []);
        let status = old.status_of(NOTE);
        let paused = status.paused.expect("it stands by");
        assert!(
            paused.contains("every event") && paused.contains("adopt(\"event-journal::note\")"),
            "{paused}"
        );
        if let Some(new) = new {
            new.settled();
            assert_eq!(noted.take(), ["new order-placed", "new order-shipped"]);
            drop(new);
            old.place(1..2);
            old.settled();
            assert!(old.status_of(NOTE).paused.is_some(), "it stands by also when the newer one has ended");
        }
        assert_eq!(noted.take(), [""; 0]);
        for _ in 0..2 {
            // Neither is a way past it by accident.
            old.deliveries().deliver_now(NOTE).wait().expect("it is there");
            old.settled();
            assert_eq!(noted.take(), [""; 0]);
        }
        old.deliveries().adopt(NOTE).wait().expect("no process delivers");
        old.settled();
        let expected: &[&str] = if new_ends_first { &["old 0"] } else { &["old 1"] };
        assert_eq!(noted.take(), expected);
        assert_eq!(old.status_of(NOTE).deliverer, Deliverer::ThisProcess);
    }
}
