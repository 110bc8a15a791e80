//! A plugin's method of the app, without the plugin's trait.

use event_core::prelude::*;

mod event_sqlite {
    pub trait JournalExt {
        fn store(&self) {}
    }

    impl JournalExt for event_core::App {}
}

fn ban(app: &App) {
    app.store();
}

fn main() {}
