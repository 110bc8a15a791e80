//! How a test sees its own standard error: it runs itself once more as a child process, whose standard error is a
//! pipe (or a socket, or closed), and looks at what came out.

use std::process::{Command, Output, Stdio};

use event_core::prelude::*;
use event_core::{AppBuilder, Failure};
use serde_json::Value;

const CHILD: &str = "EVENT_STDERR_TEST_CHILD";

/// In the child, starts the app, runs `child` and ends the process; in the parent, gives a command that starts such
/// a child.
pub(crate) fn as_child(test: &str, builder: AppBuilder, child: impl FnOnce(&App)) -> Command {
    if std::env::var_os(CHILD).is_some() {
        // A failure would otherwise be a line among those of the events.
        let app = builder.failure_handler(|_| {}).start().wait().expect("the app starts");
        child(&app);
        app.shutdown().wait().expect("the app stops");
        std::process::exit(0);
    }
    let mut command = Command::new(std::env::current_exe().expect("a test is a program"));
    command.args([test, "--exact", "--nocapture"]).env(CHILD, "1").stdin(Stdio::null());
    command
}

/// What the child wrote to standard error.
pub(crate) fn run(mut child: Command) -> String {
    let Output { status, stdout, stderr } = child.output().expect("the child starts");
    let stderr = String::from_utf8(stderr).expect("lines are UTF-8");
    assert!(status.success(), "{status}\n{}\n{stderr}", String::from_utf8_lossy(&stdout));
    stderr
}

/// A section of this plugin and nothing else.
pub(crate) fn section(section: &Value) -> Value {
    json!({ "plugins": { "event-stderr": section } })
}

#[track_caller]
pub(crate) fn assert_tracked(app: &App, event: impl Event) {
    let receipt = app.track(event).by(Actor::new("ada")).wait().expect("nothing refuses");
    assert!(receipt.failures().is_empty(), "{:?}", receipt.failures());
}

/// Tracks an event that has no line, and gives the reason.
#[track_caller]
pub(crate) fn failure(app: &App, event: impl Event) -> Failure {
    let receipt = app.track(event).wait().expect("nothing refuses");
    let [failure] = receipt.failures() else { panic!("one failure: {:?}", receipt.failures()) };
    assert_eq!(failure.implementation().path(), "event_stderr::write_to_stderr");
    failure.clone()
}
