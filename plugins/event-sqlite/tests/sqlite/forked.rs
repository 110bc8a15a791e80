//! What a process that was forked off a running program can do with its databases.

use event_core::prelude::*;
use event_sqlite::{Error, JournalExt, SqliteExt};

use crate::files::{Files, banned};

/// Set for a process that may fork, since it has no other tests.
const FORKS: &str = "EVENT_SQLITE_TEST_FORKS";

/// Without the look at the process, the first call waited for good for a thread that isn't there.
#[cfg(unix)]
#[test]
fn a_forked_process_is_refused_with_the_reason_and_ends() {
    if std::env::var_os(FORKS).is_none() {
        let mut itself = std::process::Command::new(std::env::current_exe().expect("a test is a program"));
        let name = "forked::a_forked_process_is_refused_with_the_reason_and_ends";
        let output = itself.args([name, "--exact", "--nocapture"]).env(FORKS, "").output();
        let output = output.expect("it can be started");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        return;
    }
    let files = Files::new();
    let app = files.start(json!({ "store": { "path": "store.db" } }));
    app.track(banned("parent")).wait().expect("nothing refuses");
    match fork::fork().expect("it can be forked") {
        fork::Fork::Child => {
            let refused =
                std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| everything_is_refused(app)));
            std::process::exit(i32::from(refused.is_err()));
        }
        fork::Fork::Parent(child) => {
            let status = fork::waitpid(child).expect("it ends");
            assert_eq!(status, 0, "what the child found is on standard error");
            app.track(banned("parent again")).wait().expect("nothing refuses");
            app.shutdown().wait().expect("all is written");
            assert_eq!(files.texts("store.db", "SELECT properties ->> '$.user' FROM events").len(), 2);
        }
    }
}

fn everything_is_refused(app: App) {
    let is_forked = |error: &Error| {
        assert!(matches!(error, Error::Forked { .. }), "{error}");
        assert!(error.to_string().contains("start the app in the child"), "{error}");
    };
    let store = app.sqlite_store().expect("it is there");
    match app.track(banned("child")).wait() {
        Err(event_core::Error::Refused(failure)) => {
            is_forked(failure.cause().downcast_ref().expect("it is this plugin's"));
        }
        other => panic!("{other:?}"),
    }
    let database = app.database("store").expect("it is there");
    is_forked(&database.execute_write("DELETE FROM events", ()).wait().expect_err("no thread writes"));
    let unread = app.store().expect("it is there").events().list().wait().expect_err("no thread reads");
    assert!(event_core::plugin::error_line(&unread).contains("start the app in the child"), "{unread:?}");
    is_forked(&store.status().failing.expect("it can't be used"));
    assert!(app.shutdown().wait().is_err(), "nothing can be written here");
    drop((database, store, app));
}
