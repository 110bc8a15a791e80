//! Events: appended once, read in their order, counted, waited for.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::mpsc::{self, Sender};
use std::task::{Context, Wake, Waker};
use std::thread;

use event_core::Record;
use serde_json::json;
use uuid::Uuid;

use super::{ODD, all, done, event, events, ids, ids_of, seqs};
use crate::journal::{Error, Filter, Journal};

pub(super) fn an_empty_journal_ends_at_0(journal: &dyn Journal) {
    assert_eq!(done(journal.end()), 0);
    let page = done(journal.read(0, &Filter::all(), 10));
    assert_eq!((page.entries.len(), page.upto), (0, 0));
    assert_eq!(done(journal.count(0, &Filter::all(), 10)), 0);
    assert_eq!(done(journal.append(&[])), 0);
}

pub(super) fn events_are_read_in_the_order_in_which_they_were_appended(journal: &dyn Journal) {
    let events = events("order-placed", 0..100);
    for some in events.chunks(7) {
        let last = done(journal.append(some));
        assert_eq!(last, done(journal.end()), "`append` gives the seq of the last event");
    }
    for size in [1, 7, 100, 1_000] {
        let entries = all(journal, &Filter::all(), size);
        assert_eq!(ids(&entries), ids_of(&events));
        assert!(seqs(&entries).is_sorted_by(|one, other| one < other));
        assert_eq!(entries.last().map(|entry| entry.seq), Some(done(journal.end())));
    }
    let read = all(journal, &Filter::all(), 100);
    assert!(read.iter().zip(&events).all(|(entry, event)| entry.event.as_ref() == Ok(event)));
}

pub(super) fn an_event_whose_id_is_known_is_no_second_event(journal: &dyn Journal) {
    let events = events("order-placed", 0..4);
    let end = done(journal.append(&events[..2]));
    // It may leave a hole.
    assert!(done(journal.append(&events[..2])) >= end);
    // When it happened and in which request may differ: it is tracked again.
    let mut again = events[0].clone();
    again.created += chrono::TimeDelta::seconds(1);
    again.context = None;
    assert!(done(journal.append(&[again])) >= end);
    let repeated = [&events[2], &events[1], &events[2], &events[3], &events[3]].map(Clone::clone);
    let last = done(journal.append(&repeated));
    let entries = all(journal, &Filter::all(), 10);
    assert_eq!(ids(&entries), ids_of(&events));
    assert_eq!(entries[0].event.as_ref().map(|event| &*event.name), Ok("order-placed"));
    assert!(entries[3].seq <= last && last <= done(journal.end()));
    assert_eq!(done(journal.count(0, &Filter::all(), 100)), 4);
}

pub(super) fn another_event_with_a_known_id_is_refused_and_nothing_beside_it_is_appended(
    journal: &dyn Journal,
) {
    let known = event("order-placed", &json!({ "number": 1 }));
    done(journal.append(std::slice::from_ref(&known)));
    let changes: [fn(&mut Record); 4] = [
        |event| "another-name".clone_into(&mut event.name),
        |event| event.version += 1,
        |event| event.actor = None,
        |event| event.properties = serde_json::Map::default(),
    ];
    for change in changes {
        let mut other = known.clone();
        change(&mut other);
        let refused = pollster::block_on(journal.append(&[event("order-shipped", &json!({})), other]));
        assert!(matches!(refused, Err(Error::Refused(_))), "{refused:?}");
        let entries = all(journal, &Filter::all(), 10);
        assert_eq!(ids(&entries), [known.id], "all of them, or none");
        assert_eq!(entries[0].event.as_ref(), Ok(&known));
    }
    // Two of one call.
    let [one, mut other] = [event("order-placed", &json!({})), event("order-shipped", &json!({}))];
    other.id = one.id;
    let refused = pollster::block_on(journal.append(&[one, other]));
    assert!(matches!(refused, Err(Error::Refused(_))), "{refused:?}");
    assert_eq!(done(journal.count(0, &Filter::all(), 10)), 1);
}

pub(super) fn a_page_says_up_to_where_it_has_looked(journal: &dyn Journal) {
    done(journal.append(&events("order-placed", 0..10)));
    let seqs = seqs(&all(journal, &Filter::all(), 100));
    let page = done(journal.read(seqs[2], &Filter::all(), 4));
    assert_eq!(page.entries.iter().map(|entry| entry.seq).collect::<Vec<_>>(), seqs[3..7]);
    assert_eq!(page.upto, seqs[6], "a full page has looked up to its last entry");
    let page = done(journal.read(seqs[6], &Filter::all(), 4));
    assert_eq!((page.entries.len(), page.upto), (3, seqs[9]));
    let page = done(journal.read(seqs[9], &Filter::all(), 4));
    assert_eq!((page.entries.len(), page.upto), (0, seqs[9]));
}

pub(super) fn a_filter_lets_through_its_names_in_the_order_of_the_log(journal: &dyn Journal) {
    let names = ["order-placed", "order-shipped", "rare", "order-placed-too"];
    let mixed: Vec<_> = (0..60)
        .map(|number| event(names[if number == 31 { 2 } else { [0, 1, 0, 3][number % 4] }], &json!({})))
        .collect();
    done(journal.append(&mixed));
    for wanted in [&["order-shipped", "order-placed"][..], &["rare"], &["rare", "never", "order-placed-too"]]
    {
        let of_names: Vec<_> = mixed.iter().filter(|event| wanted.contains(&&*event.name)).cloned().collect();
        let filter = Filter::of_names(wanted.iter().copied());
        for size in [1, 3, 100] {
            let entries = all(journal, &filter, size);
            assert_eq!(ids(&entries), ids_of(&of_names), "{wanted:?}");
            assert!(seqs(&entries).is_sorted_by(|one, other| one < other));
        }
    }
}

pub(super) fn a_name_that_never_occurs_is_looked_for_up_to_the_end(journal: &dyn Journal) {
    let never = Filter::of_names(["never"]);
    let end = done(journal.append(&events("order-placed", 0..20)));
    let page = done(journal.read(0, &never, 5));
    assert_eq!((page.entries.len(), page.upto), (0, end));
    let end = done(journal.append(&events("order-placed", 20..21)));
    assert_eq!(done(journal.read(page.upto, &never, 5)).upto, end);
}

pub(super) fn a_filter_without_names_lets_nothing_through(journal: &dyn Journal) {
    let end = done(journal.append(&events("order-placed", 0..3)));
    let nothing = Filter::of_names([""; 0]);
    let page = done(journal.read(0, &nothing, 5));
    assert_eq!((page.entries.len(), page.upto), (0, end));
    assert_eq!(done(journal.count(0, &nothing, 5)), 0);
}

pub(super) fn odd_text_comes_back_as_it_was(journal: &dyn Journal) {
    let of_text =
        |text: &&str| event("order-placed", &json!({ "text": text, *text: [text, { *text: null }] }));
    let mut odd: Vec<_> = ODD.iter().map(of_text).collect();
    let numbers = r#"{"most":18446744073709551615,"least":-9223372036854775808,"small":5e-324,"large":1.7976931348623157e308}"#;
    odd.push(event("order-placed", &serde_json::from_str(numbers).expect("they are numbers")));
    done(journal.append(&odd));
    let read = all(journal, &Filter::all(), 100);
    assert_eq!(read.len(), odd.len());
    for (entry, event) in read.iter().zip(&odd) {
        assert_eq!(entry.event.as_ref(), Ok(event));
        let text = |event: &Record| serde_json::to_string(event).expect("it is plain data");
        assert_eq!(entry.event.as_ref().map(text), Ok(text(event)));
    }
}

pub(super) fn a_large_event_comes_back_as_it_was(journal: &dyn Journal) {
    // NATS takes a little less than a megabyte.
    let large = event("order-placed", &json!({ "text": "x".repeat(900_000) }));
    done(journal.append(std::slice::from_ref(&large)));
    assert_eq!(all(journal, &Filter::all(), 1)[0].event.as_ref(), Ok(&large));
}

pub(super) fn events_are_counted_up_to_a_limit(journal: &dyn Journal) {
    done(journal.append(&events("order-placed", 0..10)));
    done(journal.append(&events("order-shipped", 0..5)));
    let seqs = seqs(&all(journal, &Filter::all(), 100));
    let both = Filter::of_names(["order-placed", "order-shipped"]);
    let placed = Filter::of_names(["order-placed"]);
    for (after, filter, most, count) in [
        (0, &Filter::all(), 100, 15),
        (0, &Filter::all(), 15, 15),
        (0, &Filter::all(), 4, 4),
        (0, &Filter::all(), 0, 0),
        (0, &both, 100, 15),
        (0, &both, 12, 12),
        (0, &placed, 100, 10),
        (0, &placed, u64::MAX, 10),
        (seqs[7], &placed, 100, 2),
        (seqs[7], &both, 100, 7),
        (seqs[14], &Filter::all(), 100, 0),
    ] {
        assert_eq!(done(journal.count(after, filter, most)), count, "after {after}, {filter:?}, most {most}");
    }
}

pub(super) fn a_reader_beside_writers_misses_nothing(journal: &dyn Journal) {
    const WRITERS: u32 = 4;
    const EACH: u32 = 50;
    let mut read = Vec::new();
    let written: BTreeSet<Uuid> = thread::scope(|scope| {
        let writers: Vec<_> = (0..WRITERS)
            .map(|_| {
                scope.spawn(|| {
                    let events = events("order-placed", 0..EACH);
                    for some in events.chunks(3) {
                        done(journal.append(some));
                    }
                    ids_of(&events)
                })
            })
            .collect();
        let mut upto = 0;
        while read.len() < (WRITERS * EACH) as usize {
            done(journal.newer(upto));
            let page = done(journal.read(upto, &Filter::all(), 10));
            assert!(page.upto >= upto);
            read.extend(page.entries);
            upto = page.upto;
        }
        writers.into_iter().flat_map(|writer| writer.join().expect("it writes")).collect()
    });
    assert!(seqs(&read).is_sorted_by(|one, other| one < other));
    assert_eq!(ids(&read).into_iter().collect::<BTreeSet<_>>(), written);
}

/// A waker that says that it was woken.
struct Woken(Sender<()>);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        let _ = self.0.send(());
    }
}

pub(super) fn newer_wakes_a_waiting_reader(journal: &dyn Journal) {
    let end = done(journal.append(&events("order-placed", 0..1)));
    let (sender, woken) = mpsc::channel();
    let waker = Waker::from(Arc::new(Woken(sender)));
    let mut newer = journal.newer(end);
    let mut context = Context::from_waker(&waker);
    // A future that was dropped wakes nothing, and harms nothing.
    drop(journal.newer(end));
    let polled = newer.as_mut().poll(&mut context);
    done(journal.append(&events("order-placed", 1..2)));
    if polled.is_pending() {
        loop {
            woken.recv().expect("the journal keeps the waker");
            if newer.as_mut().poll(&mut context).is_ready() {
                break;
            }
        }
    }
    assert_eq!(done(journal.read(end, &Filter::all(), 10)).entries.len(), 1);
}

pub(super) fn newer_returns_at_once_if_there_is_something(journal: &dyn Journal) {
    done(journal.append(&events("order-placed", 0..2)));
    done(journal.newer(0));
    done(journal.newer(seqs(&all(journal, &Filter::all(), 10))[0]));
}
