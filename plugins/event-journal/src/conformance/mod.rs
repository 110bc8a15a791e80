//! What every journal must do: a suite for the tests of a crate that has a journal of its own.
//!
//! ```
//! use event_journal::{MemoryJournal, conformance};
//!
//! conformance::check(|| Box::new(MemoryJournal::new()));
//! ```

mod log;
mod reading;
mod values;

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use event_core::{Durability, Record};
use serde_json::{Value, json};
use uuid::Uuid;

use self::values::{load, save};
use crate::journal::{Entry, Error, Filter, Journal, Pending};

/// Checks a journal. Each call of `open` gives a new one without events and values.
///
/// # Panics
/// If the journal doesn't do what [`Journal`] says. The panic and a line on standard error say which check it was.
pub fn check(open: impl Fn() -> Box<dyn Journal>) {
    for (name, check) in CHECKS {
        let journal = open();
        let checked = catch_unwind(AssertUnwindSafe(|| match check {
            Check::One(check) => check(&*journal),
            Check::Two(check) => check(&*journal, &*open()),
        }));
        if let Err(panic) = checked {
            eprintln!("the journal {} fails the check `{name}`", journal.place());
            resume_unwind(panic);
        }
    }
}

enum Check {
    One(fn(&dyn Journal)),
    Two(fn(&dyn Journal, &dyn Journal)),
}

macro_rules! checks {
    ($($kind:ident $name:path,)*) => {
        const CHECKS: &[(&str, Check)] = &[$((stringify!($name), Check::$kind($name)),)*];
    };
}

checks! {
    One log::an_empty_journal_ends_at_0,
    One log::events_are_read_in_the_order_in_which_they_were_appended,
    One log::an_event_whose_id_is_known_is_no_second_event,
    One log::a_page_says_up_to_where_it_has_looked,
    One log::a_filter_lets_through_its_names_in_the_order_of_the_log,
    One log::a_name_that_never_occurs_is_looked_for_up_to_the_end,
    One log::a_filter_without_names_lets_nothing_through,
    One log::odd_text_comes_back_as_it_was,
    One log::a_large_event_comes_back_as_it_was,
    One log::events_are_counted_up_to_a_limit,
    One log::a_reader_beside_writers_misses_nothing,
    One log::newer_wakes_a_waiting_reader,
    One log::newer_returns_at_once_if_there_is_something,
    One log::another_event_with_a_known_id_is_refused_and_nothing_beside_it_is_appended,
    One reading::an_empty_journal_is_read_backwards_at_once,
    One reading::events_are_read_backwards_in_pages_of_any_size,
    One reading::each_part_of_a_filter_and_all_together_choose_in_both_directions,
    One reading::an_event_is_found_by_its_id_whenever_it_happened,
    One values::a_value_is_saved_only_over_the_version_that_was_read,
    One values::a_key_that_is_removed_and_made_again_has_another_version,
    One values::of_savers_at_the_same_time_one_wins,
    One values::values_are_any_bytes_up_to_a_megabyte,
    One values::keys_are_listed_by_prefix_in_pages,
    One values::keys_are_any_text,
    One futures_that_are_dropped_leave_a_journal_that_works,
    Two identities_differ_and_stay,
}

fn done<T>(pending: Pending<'_, T>) -> T {
    pollster::block_on(pending).unwrap_or_else(|error| panic!("{}", event_core::plugin::error_line(&error)))
}

fn event(name: &str, properties: &Value) -> Record {
    let record = json!({
        "id": Uuid::new_v4(),
        "name": name,
        "version": 3,
        "created": "2026-11-29T08:00:00.123456Z",
        "actor": { "id": "root" },
        "context": { "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" },
        "properties": properties,
    });
    serde_json::from_value(record).expect("it is an event")
}

fn events(name: &str, numbers: std::ops::Range<u32>) -> Vec<Record> {
    numbers.map(|number| event(name, &json!({ "number": number }))).collect()
}

fn ids(entries: &[Entry]) -> Vec<Uuid> {
    let id = |entry: &Entry| entry.event.as_ref().expect("it can be read").id;
    entries.iter().map(id).collect()
}

fn ids_of(events: &[Record]) -> Vec<Uuid> {
    events.iter().map(|event| event.id).collect()
}

fn seqs(entries: &[Entry]) -> Vec<u64> {
    entries.iter().map(|entry| entry.seq).collect()
}

/// All entries, read in pages of this size from the start.
fn all(journal: &dyn Journal, filter: &Filter, size: usize) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut after = 0;
    loop {
        let page = done(journal.read(after, filter, size));
        assert!(page.entries.len() <= size, "a page of {} has {} entries", size, page.entries.len());
        assert!(page.entries.iter().all(|entry| entry.seq > after && entry.seq <= page.upto));
        entries.extend(page.entries);
        if page.upto == after {
            return entries;
        }
        after = page.upto;
    }
}

/// Text that databases, protocols and escapes have trouble with.
const ODD: &[&str] = &[
    "",
    "\0",
    "a\0b",
    "\\u0000",
    "\u{1}\u{7f}\u{80}\u{9f}",
    "'; DROP TABLE events; --",
    "\"quoted\" 'twice' `thrice`",
    "tab\tline\nreturn\r\n",
    "back\\slash\\",
    "%_*?[a]{b}",
    "$1 :name @name ?1",
    "日本語 \u{1f980} \u{10ffff} \u{feff}\u{fffd}\u{202e}",
    "e\u{301} \u{e9}",
    " leading and trailing ",
];

/// Polls a future once, and drops it.
fn drop_begun<T>(future: impl Future<Output = T>) -> Option<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

fn futures_that_are_dropped_leave_a_journal_that_works(journal: &dyn Journal) {
    let filter = Filter::all();
    let before = events("order-placed", 0..3);
    let dropped = events("order-placed", 3..6);
    done(journal.append(&before));
    let mut version = save(journal, "key", 0, Some(b"0")).expect("it is new");
    for number in 0..20_u8 {
        drop(journal.append(&dropped));
        drop_begun(journal.append(&dropped));
        drop_begun(journal.read(0, &filter, 10));
        drop_begun(journal.count(0, &filter, 10));
        drop_begun(journal.newer(u64::MAX));
        drop_begun(journal.end());
        drop_begun(journal.load("key"));
        drop_begun(journal.list("", "", 10));
        drop_begun(journal.save("key", version, Some(&[number]), Durability::Enqueued));
        // The dropped save has happened, will happen or won't.
        version = loop {
            let (found, _) = load(journal, "key").expect("nothing removes it");
            match save(journal, "key", found, Some(b"after")) {
                Ok(saved) => break saved,
                Err(Error::Conflict) => {}
                Err(error) => panic!("{error}"),
            }
        };
    }
    assert_eq!(load(journal, "key"), Some((version, b"after".to_vec())));
    done(journal.append(&dropped));
    let expected: Vec<_> = before.iter().chain(&dropped).cloned().collect();
    assert_eq!(
        ids(&all(journal, &filter, 10)),
        ids_of(&expected),
        "an append happens whole and once, or not at all"
    );
}

fn identities_differ_and_stay(journal: &dyn Journal, another: &dyn Journal) {
    let identity = done(journal.identity());
    done(journal.append(&events("order-placed", 0..2)));
    assert_eq!(done(journal.identity()), identity);
    assert_ne!(done(another.identity()), identity);
}
