//! Reading back: from the newest on, by every part of a filter, and by id.

use event_core::Record;
use serde_json::json;
use uuid::Uuid;

use super::{all, done, event, events, ids, ids_of, seqs};
use crate::journal::{Entry, Filter, Journal};

/// All entries, read backwards in pages of this size, in the order in which they were read.
fn all_back(journal: &dyn Journal, filter: &Filter, size: usize) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut before = u64::MAX;
    while before > 0 {
        let page = done(journal.read_back(before, filter, size));
        assert!(page.entries.len() <= size, "a page of {} has {} entries", size, page.entries.len());
        assert!(page.entries.iter().all(|entry| entry.seq < before && entry.seq >= page.upto));
        assert!(page.upto < before, "it goes on");
        entries.extend(page.entries);
        before = page.upto;
    }
    entries
}

pub(super) fn an_empty_journal_is_read_backwards_at_once(journal: &dyn Journal) {
    let page = done(journal.read_back(u64::MAX, &Filter::all(), 10));
    assert_eq!((page.entries.len(), page.upto), (0, 0));
    assert!(done(journal.find(Uuid::now_v7())).is_none());
}

pub(super) fn events_are_read_backwards_in_pages_of_any_size(journal: &dyn Journal) {
    done(journal.append(&events("order-placed", 0..50)));
    let forwards = all(journal, &Filter::all(), 100);
    for size in [1, 7, 50, 1_000] {
        let mut backwards = all_back(journal, &Filter::all(), size);
        backwards.reverse();
        assert_eq!(seqs(&backwards), seqs(&forwards), "pages of {size}");
        assert_eq!(ids(&backwards), ids(&forwards));
    }
    let seqs = seqs(&forwards);
    let page = done(journal.read_back(seqs[20], &Filter::all(), 2));
    assert_eq!(page.entries.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [seqs[19], seqs[18]]);
    assert_eq!(page.upto, seqs[18], "a full page has looked down to its last entry");
    let page = done(journal.read_back(seqs[1], &Filter::all(), 2));
    assert_eq!((page.entries.len(), page.upto), (1, 0), "there are no more");
}

/// So many events of several names, actors and times.
fn mixed() -> Vec<Record> {
    let mut mixed = Vec::new();
    for number in 0..40_u32 {
        let name = ["order-placed", "order-shipped", "user-banned"][number as usize % 3];
        let mut event = event(name, &json!({ "number": number }));
        let actor = [json!({ "id": "ada" }), json!({ "id": 17 }), json!({ "name": "ada" }), json!(null)];
        event.actor =
            serde_json::from_value(actor[number as usize % 4].clone()).expect("it is an actor or none");
        event.created = time(number);
        mixed.push(event);
    }
    mixed
}

/// They don't happen in the order in which they are appended.
fn time(number: u32) -> chrono::DateTime<chrono::Utc> {
    let time = format!("2026-11-29T08:{:02}:00.000001Z", (number * 7) % 40);
    time.parse().expect("it is a time")
}

pub(super) fn each_part_of_a_filter_and_all_together_choose_in_both_directions(journal: &dyn Journal) {
    let mixed = mixed();
    done(journal.append(&mixed));
    let seqs = seqs(&all(journal, &Filter::all(), 100));
    let of = |pattern: &str| Some(vec![pattern.parse().expect("it is a pattern")]);
    let filters = [
        Filter { names: of("order-*"), ..Filter::all() },
        Filter { names: of("*-banned"), ..Filter::all() },
        Filter { names: of("nothing-*"), ..Filter::all() },
        Filter { actor: Some("ada".to_owned()), ..Filter::all() },
        Filter { actor: Some("17".to_owned()), ..Filter::all() },
        Filter { actor: Some("ad".to_owned()), ..Filter::all() },
        Filter { since: Some(time(5)), ..Filter::all() },
        Filter { until: Some(time(5)), ..Filter::all() },
        Filter { since: Some(time(3)), until: Some(time(4)), ..Filter::all() },
        Filter { after: Some(seqs[9]), ..Filter::all() },
        Filter { before: Some(seqs[9]), ..Filter::all() },
        Filter { after: Some(seqs[9]), before: Some(seqs[10]), ..Filter::all() },
        Filter {
            names: of("order-*"),
            actor: Some("ada".to_owned()),
            since: Some(time(4)),
            until: Some(time(16)),
            after: Some(seqs[3]),
            before: Some(seqs[36]),
        },
    ];
    for filter in filters {
        let chosen = seqs.iter().zip(&mixed).filter(|(seq, event)| filter.lets_through(**seq, event));
        let mut chosen: Vec<_> = chosen.map(|(_, event)| event.id).collect();
        for size in [1, 4, 100] {
            assert_eq!(ids(&all(journal, &filter, size)), chosen, "{filter:?}");
        }
        assert_eq!(done(journal.count(0, &filter, 100)), chosen.len() as u64, "{filter:?}");
        chosen.reverse();
        for size in [1, 4, 100] {
            assert_eq!(ids(&all_back(journal, &filter, size)), chosen, "backwards, {filter:?}");
        }
    }
}

pub(super) fn an_event_is_found_by_its_id_whenever_it_happened(journal: &dyn Journal) {
    let mut appended = events("order-placed", 0..300);
    for (number, event) in appended.iter_mut().enumerate() {
        match number % 3 {
            // Its id has a time, which is that of the event.
            0 => (event.id, event.created) = (Uuid::now_v7(), chrono::Utc::now()),
            // It has another one, as after an import.
            1 => event.id = Uuid::now_v7(),
            // It has none.
            _ => {}
        }
    }
    done(journal.append(&appended));
    assert_eq!(ids(&all(journal, &Filter::all(), 1_000)), ids_of(&appended));
    for event in appended.iter().step_by(50).chain(&appended[297..]) {
        let found = done(journal.find(event.id)).expect("it is there");
        assert_eq!(found.event.as_ref().map(|event| event.id), Ok(event.id));
        let page = done(journal.read(found.seq - 1, &Filter::all(), 1));
        assert_eq!(ids(&page.entries), [event.id], "its seq is the right one");
    }
    for unknown in [Uuid::now_v7(), Uuid::new_v4(), Uuid::nil(), Uuid::max()] {
        assert!(done(journal.find(unknown)).is_none(), "{unknown}");
    }
}
