//! What the macros wrote in the strict library works.

use event_core::App;
use strict::{BanUser, Imported, ReadOnly, User, many, permission_allowed};

event_core::plugins![strict];

#[test]
fn events_and_hooks_of_a_strict_library_reach_each_other() -> event_core::Result<()> {
    let app = App::start().wait()?;
    let root = User { name: "root".to_owned() };
    assert_eq!(permission_allowed::call(&app, Some(&root), "ban", 1).wait()?, Some(true));
    assert_eq!(permission_allowed::call(&app, None, "ban", 7).wait()?, Some(false));
    assert_eq!(permission_allowed::call(&app, None, "ban", 1).wait()?, None);
    assert_eq!(many::call(&app, 1, 2, 3, 4, 5, 6, &[7]).wait()?.values, [["1", "1"]]);
    #[allow(deprecated)]
    let ban = |user: &str| BanUser { user: user.to_owned(), days: None, hours: 1 };
    assert!(app.track(ban("mallory")).wait()?.failures().is_empty());
    let nameless = app.track(ban("")).wait()?.strict().unwrap_err();
    assert!(nameless.to_string().contains("`strict::tell`"), "{nameless}");
    assert!(app.track(ReadOnly).wait()?.failures().is_empty());
    assert!(app.track(Imported { items: vec![1_u8], more: [0; 3] }).wait()?.failures().is_empty());
    app.shutdown().wait()
}
