//! As which types does an implementation take the arguments of a hook?

use event_core::prelude::*;

#[derive(Event)]
struct BanUser {
    user: String,
}

/// May this ban be lifted? Its event is always a ban.
#[hookspec]
fn lift(app: &App, ban: &Tracked<BanUser>, why: &str) -> String;

#[hookimpl(lift)]
fn a_as_it_is_given(ban: &Tracked<BanUser>, why: &str) -> String {
    format!("{} of {} for {why}", ban.name(), ban.user)
}

#[hookimpl(lift)]
fn b_the_event_alone(ban: &BanUser) -> String {
    ban.user.clone()
}

#[hookimpl(lift)]
async fn c_later(why: &str, ban: &BanUser) -> String {
    format!("{why} of {}", ban.user)
}

#[hookimpl(lift, wrapper)]
async fn d_wrapper(ban: &BanUser, next: Next<'_, lift>) -> Outcome<lift> {
    let mut outcome = next.run().await;
    outcome.values.insert(0, format!("around {}", ban.user));
    outcome
}

#[hookimpl(track_event)]
async fn ask(app: &App, event: &Tracked<BanUser>) -> event_core::Result<()> {
    let values = lift::call(app, event, "mercy").await?.values;
    assert_eq!(values, ["around eve", "ban-user of eve for mercy", "eve", "mercy of eve"]);
    Ok(())
}

#[test]
fn an_argument_that_is_one_type_of_event_is_also_taken_without_its_envelope() {
    let app = App::builder().without_linked().event::<BanUser>().hook(ask);
    let app = app.hook(a_as_it_is_given).hook(b_the_event_alone).hook(c_later).hook(d_wrapper);
    app.start().wait().unwrap().track(BanUser { user: "eve".into() }).wait().unwrap().strict().unwrap();
}
