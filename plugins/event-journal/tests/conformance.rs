//! The journal in memory does what every journal must do.

use event_journal::{MemoryJournal, conformance};

#[test]
fn the_journal_in_memory_conforms() {
    conformance::check(|| Box::new(MemoryJournal::new()));
}
