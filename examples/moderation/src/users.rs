//! The users, and what moderators do to them.

use event_core::prelude::*;
use event_sqlite::rusqlite::OptionalExtension;
use event_sqlite::{Database, SqliteExt, Tx, Written};

use crate::events::{UserBanned, UserUnbanned};

/// Makes the table, with three users to begin with.
#[hookimpl]
async fn startup(app: &App) -> event_sqlite::Result<()> {
    let database = app.database("app")?;
    let made = database.write(|tx| {
        tx.execute_batch(
            "CREATE TABLE IF NOT EXISTS user (
                id INTEGER PRIMARY KEY, name TEXT NOT NULL, banned INTEGER NOT NULL DEFAULT 0
            ) STRICT;
            INSERT OR IGNORE INTO user (id, name) VALUES (1, 'mallory'), (2, 'trent'), (3, 'peggy');",
        )?;
        Ok(())
    });
    made.await?;
    Ok(())
}

/// The result of a request to ban a user, or to lift a ban.
pub enum Changed {
    Done,
    NoSuchUser,
    /// The user is banned already, or isn't.
    AsBefore,
}

/// Bans a user. The row and the event are written in one transaction.
pub async fn ban(
    database: &Database,
    user: i64,
    reason: String,
    actor: Option<Actor>,
) -> event_sqlite::Result<Written<Changed>> {
    let write = database.write(move |tx| {
        change(tx, user, true, |name| {
            tx.track(UserBanned { user, name, reason })?.by(actor);
            Ok(())
        })
    });
    write.await
}

/// Lifts a ban.
pub async fn unban(
    database: &Database,
    user: i64,
    actor: Option<Actor>,
) -> event_sqlite::Result<Written<Changed>> {
    let write = database.write(move |tx| {
        change(tx, user, false, |name| {
            tx.track(UserUnbanned { user, name })?.by(actor);
            Ok(())
        })
    });
    write.await
}

fn change(
    tx: &Tx<'_>,
    user: i64,
    banned: bool,
    track: impl FnOnce(String) -> event_sqlite::Result<()>,
) -> event_sqlite::Result<Changed> {
    let found: Option<(String, bool)> = tx
        .query_row("SELECT name, banned FROM user WHERE id = ?", (user,), |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()?;
    let Some((name, is_banned)) = found else { return Ok(Changed::NoSuchUser) };
    if is_banned == banned {
        return Ok(Changed::AsBefore);
    }
    tx.execute("UPDATE user SET banned = ? WHERE id = ?", (banned, user))?;
    track(name)?;
    Ok(Changed::Done)
}
