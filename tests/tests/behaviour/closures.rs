//! Which events a closure hears that was given to the builder?

use event_core::prelude::*;

use crate::log::{Log, logged};

#[derive(Event)]
struct BanUser {
    user: String,
}

#[derive(Event)]
struct UnbanUser;

fn by_function(event: &BanUser) -> Result<(), String> {
    if event.user.is_empty() { Err("a user has a name".to_owned()) } else { Ok(()) }
}

#[test]
fn a_closure_hears_what_its_argument_says() {
    let log = Log::default();
    let (all, tracked, bans) = (log.clone(), log.clone(), log.clone());
    let app = App::builder()
        .without_linked()
        .event::<BanUser>()
        .event::<UnbanUser>()
        .insert(log)
        .failure_handler(|_| ())
        .on(move |event: &Tracked| all.add(format!("any {}", event.name())))
        .on(move |event: &Tracked<BanUser>| tracked.add(format!("{} {}", event.name(), event.user)))
        .on(move |event: &BanUser| bans.add(format!("only {}", event.user)))
        .on(by_function)
        .on::<Tracked, _>(|_| ())
        .on::<BanUser, _>(|event| assert_ne!(event.user, "mallory", "a panic is a failure"))
        .on::<Tracked<BanUser>, _>(|event| event.properties().map(|_| ()));
    let app = app.start().wait().unwrap();

    app.track(UnbanUser).wait().unwrap().strict().unwrap();
    assert_eq!(logged(&app), ["any unban-user"]);

    let receipt = app.track(BanUser { user: "mallory".into() }).wait().unwrap();
    assert_eq!(logged(&app), ["any ban-user", "ban-user mallory", "only mallory"]);
    assert_eq!(receipt.failures().len(), 1);

    let receipt = app.track(BanUser { user: String::new() }).wait().unwrap();
    assert_eq!(receipt.failures()[0].cause().to_string(), "a user has a name");
}
