//! The store as a journal.

use std::cell::RefCell;

use event_journal::conformance;
use event_sqlite::open_journal;
use serde_json::json;

use crate::files::Files;

#[test]
fn the_store_does_what_every_journal_must_do() {
    // The journal keeps no app in memory.
    let opened = RefCell::new(Vec::new());
    conformance::check(|| {
        let files = Files::new();
        let app = files.start(json!({ "store": { "path": "store.db" } }));
        let journal = open_journal(&app).expect("the store is open");
        opened.borrow_mut().push((app, files));
        journal.into_journal().expect("the store is on")
    });
    for (app, _files) in opened.into_inner() {
        app.shutdown().wait().expect("everything is written");
    }
}
