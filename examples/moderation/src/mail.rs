//! Mails to banned users. The mailer isn't always there, and no mail may be lost: so the implementation is durable.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use event_core::durable::{Delivery, Retry};
use event_core::prelude::*;

use crate::events::UserBanned;

/// Stands for a mail server, which can't be reached now and then.
#[derive(Default)]
pub struct Mailer {
    refused: Mutex<HashSet<String>>,
}

impl Mailer {
    /// The first mail to each second user is refused.
    fn send(&self, number: i64, to: &str, text: &str) -> Result<(), String> {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        if number % 2 == 0 && refused.insert(to.to_owned()) {
            return Err("the mail server is busy".to_owned());
        }
        println!("  mail to {to}: {text}");
        Ok(())
    }
}

/// Runs after the ban is committed, is tried again while the mailer is busy, and goes on after a restart.
#[hookimpl(track_event, durable)]
fn mail_the_banned(
    app: &App,
    event: &Tracked<UserBanned>,
    delivery: &Delivery,
) -> event_core::Result<(), Retry> {
    let text = format!("you were banned, because of {} (attempt {})", event.reason, delivery.attempt());
    let mailer = app.state::<Mailer>().map_err(Retry::new)?;
    mailer.send(event.user, &event.name, &text).map_err(Retry::new)
}
