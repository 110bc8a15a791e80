//! A start reports all that is wrong, not only the first.

use crate::build::{program, succeeded};

#[test]
fn eight_problems_of_a_start_are_reported_together_each_with_its_place() {
    let said = succeeded(&mut program("problems-app", "problems-app", "dev"));
    let mut lines = said.lines();
    assert_eq!(lines.next(), Some("failed to start the app: 8 problems:"));
    let problems = [
        "problems/app/src/main.rs:19: the app already holds a `&str`",
        "`problems_app::no_implementation`, given to the builder at problems/app/src/main.rs:20, has no `#[hookimpl]`",
        "plugin `undeclared-plugin`, named in `plugins![…]` at problems/app/src/main.rs:5, registered no event",
        "plugin `event-sqlite`, required at problems/app/src/main.rs:21, isn't linked into this program",
        "`before` and `after` go around in a circle: `problems_chat::show` (hook track_event, plugin problems-chat, \
         problems/chat/src/lib.rs:15)",
        "`problems_mail::open` (hook startup, plugin problems-mail, problems/mail/src/lib.rs:18) says \
         after = \"problems-app\", but it is tryfirst and `problems_app::begin` (hook startup, plugin problems-app, \
         problems/app/src/main.rs:12) is trylast",
        "`problems_chat::register_events` (hook register_events, plugin problems-chat, problems/chat/src/lib.rs:21) \
         failed: the list of types can't be read",
        "two events are called `message-sent`: `problems_chat::MessageSent` (problems/chat/src/lib.rs:9) and \
         `problems_mail::LetterSent` (problems/mail/src/lib.rs:10); give one of them another name with \
         `#[event(name = \"…\")]`",
    ];
    for problem in problems {
        let line = lines.next().unwrap_or_default();
        assert!(line.starts_with(&format!("- {problem}")), "expected {problem:?}, got {line:?} in\n{said}");
    }
    assert_eq!(lines.next(), None, "{said}");
}
