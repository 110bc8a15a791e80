//! The store as a journal: its rows are read back and delivered, and how far durable implementations have got is beside them.

use std::future::poll_fn;
use std::sync::Arc;

use event_core::{App, Durability, Record, WeakApp};
use event_journal::journal::{Entry, Error, Filter, Journal, Page, Pending, Result, Saved, Unreadable};
use rusqlite::{Connection, OptionalExtension};
use serde::Deserialize;
use uuid::Uuid;

use crate::error;
use crate::row;
use crate::store::SqliteStore;
use crate::store::query::{self, Query, place};

/// The journal of an app's store. It keeps no app in memory.
pub(crate) struct StoreJournal {
    app: WeakApp,
    store_of: fn(&App) -> error::Result<SqliteStore>,
    place: String,
}

impl StoreJournal {
    pub(crate) fn new(app: &App, store_of: fn(&App) -> error::Result<SqliteStore>) -> error::Result<Self> {
        let place = store_of(app)?.database().path().display().to_string();
        Ok(Self { app: app.downgrade(), store_of, place })
    }

    fn store(&self) -> Result<SqliteStore> {
        let app = self.app.upgrade().ok_or_else(|| failed(error::Error::own("the app has ended")))?;
        (self.store_of)(&app).map_err(failed)
    }

    fn read_with<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> error::Result<T> + Send + 'static,
    ) -> Pending<'_, T> {
        self.ask(move |store| store.database().read(read))
    }

    fn write_with<T: Send + 'static>(
        &self,
        durability: Durability,
        write: impl FnOnce(&Connection) -> error::Result<T> + Send + 'static,
    ) -> Pending<'_, T> {
        self.ask(move |store| {
            store.database().write_with(durability, |tx| write(tx)).map(|written| written.value)
        })
    }

    fn ask<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&SqliteStore) -> error::Waiting<T> + Send + 'static,
    ) -> Pending<'_, T> {
        Box::pin(async move {
            let waiting = ask(&self.store()?);
            waiting.await.map_err(failed)
        })
    }

    fn page<'a>(&'a self, filter: &Filter, newest_first: bool, from: u64, limit: usize) -> Pending<'a, Page> {
        let query = Query { filter: filter.clone(), newest_first };
        self.read_with(move |connection| read_page(connection, &query, from, limit))
    }
}

fn failed(error: error::Error) -> Error {
    match error {
        error::Error::Closed { .. } => Error::Closed,
        error::Error::IdTaken { .. }
        | error::Error::Ignored { .. }
        | error::Error::TooLarge { .. }
        | error::Error::Properties(_) => Error::Refused(Arc::new(error)),
        // A full disk, a lock, a file that was moved away: it can succeed later.
        error => Error::Unavailable(Arc::new(error)),
    }
}

impl Journal for StoreJournal {
    fn place(&self) -> String {
        self.place.clone()
    }

    fn identity(&self) -> Pending<'_, String> {
        self.read_with(|connection| {
            Ok(connection
                .query_row("SELECT identity FROM main.event_sqlite_journal", (), |row| row.get(0))?)
        })
    }

    fn append<'a>(&'a self, events: &'a [Record]) -> Pending<'a, u64> {
        let mut rows = Vec::with_capacity(events.len());
        for event in events {
            let mut row = Vec::new();
            if let Err(cause) = row::encode(event, &mut row) {
                return Box::pin(std::future::ready(Err(Error::Refused(Arc::new(cause)))));
            }
            rows.push(row);
        }
        self.write_with(Durability::OnDisk, move |connection| {
            let mut inserter = row::Inserter::new(connection, std::path::Path::new("the journal"));
            for row in &rows {
                inserter.insert_one(row)?;
            }
            end(connection)
        })
    }

    fn end(&self) -> Pending<'_, u64> {
        self.read_with(end)
    }

    fn read<'a>(&'a self, after: u64, filter: &'a Filter, limit: usize) -> Pending<'a, Page> {
        self.page(filter, false, after, limit)
    }

    fn read_back<'a>(&'a self, before: u64, filter: &'a Filter, limit: usize) -> Pending<'a, Page> {
        self.page(filter, true, before, limit)
    }

    fn find(&self, id: Uuid) -> Pending<'_, Option<Entry>> {
        self.read_with(move |connection| {
            query::find(connection, id)?.map(|(seq, event)| entry(connection, seq, event)).transpose()
        })
    }

    fn waits_for(&self) -> String {
        self.store().map_or_else(|error| error.to_string(), |store| store.database().readers_turn())
    }

    fn newer(&self, than: u64) -> Pending<'_, ()> {
        Box::pin(async move {
            let store = self.store()?;
            let changes = store.changes().clone();
            let database = store.database().clone();
            // The future may wait for long, and must keep no app in memory.
            drop(store);
            let connect = database.connects();
            let mut follower =
                changes.follow(move || connect().ok().map(|connection| move || connection.data_version()));
            let seen = changes.count();
            let is_newer =
                database.read(move |connection| Ok(end(connection)? > than)).await.map_err(failed)?;
            drop(database);
            if !is_newer {
                poll_fn(|context| follower.poll_newer(seen, context)).await;
            }
            Ok(())
        })
    }

    fn count<'a>(&'a self, after: u64, filter: &'a Filter, most: u64) -> Pending<'a, u64> {
        let query = Query { filter: filter.clone(), newest_first: false };
        self.read_with(move |connection| query.count(connection, place(after), most))
    }

    fn load<'a>(&'a self, key: &'a str) -> Pending<'a, Option<Saved>> {
        let key = key.to_owned();
        self.read_with(move |connection| load(connection, &key))
    }

    fn save<'a>(
        &'a self,
        key: &'a str,
        expected: u64,
        value: Option<&'a [u8]>,
        durability: Durability,
    ) -> Pending<'a, u64> {
        let (key, value) = (key.to_owned(), value.map(<[u8]>::to_vec));
        let saved = self.write_with(durability, move |connection| {
            if load(connection, &key)?.map_or(0, |saved| saved.version) != expected {
                return Ok(None);
            }
            put(connection, &key, value.as_deref()).map(Some)
        });
        Box::pin(async move { saved.await?.ok_or(Error::Conflict) })
    }

    fn list<'a>(
        &'a self,
        prefix: &'a str,
        after: &'a str,
        limit: usize,
    ) -> Pending<'a, Vec<(String, Saved)>> {
        let (prefix, after) = (prefix.to_owned(), after.to_owned());
        self.read_with(move |connection| {
            // One range of the keys, in which nothing is passed by: no text has the byte FF. A `+` keeps a condition from being a range.
            let sql = "SELECT key, version, value FROM main.event_sqlite_state \
                       WHERE key >= max(?1, ?2) AND key < ?2 || CAST(x'ff' AS TEXT) AND +key > ?1 ORDER BY key LIMIT ?3";
            let mut statement = connection.prepare_cached(sql)?;
            let rows = statement.query_map((after, prefix, place(limit as u64)), |row| {
                Ok((row.get(0)?, Saved { version: number(row.get(1)?), value: row.get(2)? }))
            })?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }
}

/// Saves a value, or removes it, whatever was there; gives its version.
pub(crate) fn put(connection: &Connection, key: &str, value: Option<&[u8]>) -> error::Result<u64> {
    // Counted for all keys together, so that a key that was removed and made anew has no version a second time.
    let next = "UPDATE main.event_sqlite_journal SET last_version = last_version + 1 RETURNING last_version";
    let version: i64 = connection.prepare_cached(next)?.query_row((), |row| row.get(0))?;
    match value {
        Some(value) => {
            let sql = "INSERT INTO main.event_sqlite_state (key, version, value) VALUES (?, ?, ?) \
                       ON CONFLICT (key) DO UPDATE SET version = excluded.version, value = excluded.value";
            connection.prepare_cached(sql)?.execute((key, version, value))?
        }
        None => connection.execute("DELETE FROM main.event_sqlite_state WHERE key = ?", (key,))?,
    };
    Ok(number(version))
}

/// The seq of the last event that there ever was, also if it was removed.
fn end(connection: &Connection) -> error::Result<u64> {
    let last = "SELECT seq FROM main.sqlite_sequence WHERE name = 'events'";
    Ok(connection.prepare_cached(last)?.query_row((), |row| row.get(0).map(number)).optional()?.unwrap_or(0))
}

pub(crate) fn load(connection: &Connection, key: &str) -> error::Result<Option<Saved>> {
    let sql = "SELECT version, value FROM main.event_sqlite_state WHERE key = ?";
    let saved = connection
        .prepare_cached(sql)?
        .query_row((key,), |row| Ok(Saved { version: number(row.get(0)?), value: row.get(1)? }));
    Ok(saved.optional()?)
}

/// SQLite's numbers have a sign; those of the store are never negative.
fn number(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}

/// Fewer events than were asked for, if they have so many bytes.
const MOST_BYTES: u64 = 8 << 20;

/// All in one state of the database, so that nothing comes between the events and the end.
fn read_page(connection: &Connection, query: &Query, from: u64, limit: usize) -> error::Result<Page> {
    let end = if query.newest_first { 0 } else { end(connection)?.max(from) };
    let mut page = Page { upto: end, ..Page::default() };
    let mut position = place(from);
    while page.entries.len() < limit && page.bytes < MOST_BYTES {
        let chunk = query.chunk(connection, position, (limit - page.entries.len()) as u64)?;
        page.bytes += chunk.bytes as u64;
        for (seq, event) in chunk.events {
            position = seq;
            page.entries.push(entry(connection, seq, event)?);
        }
        if chunk.is_last && page.entries.len() < limit {
            return Ok(page);
        }
    }
    page.upto = number(position);
    Ok(page)
}

fn entry(connection: &Connection, seq: i64, event: serde_json::Result<Record>) -> error::Result<Entry> {
    let event = match event {
        Ok(record) => Ok(record),
        Err(reason) => Err(unreadable(connection, seq, reason.to_string())?),
    };
    Ok(Entry { seq: number(seq), event })
}

fn unreadable(connection: &Connection, seq: i64, reason: String) -> error::Result<Unreadable> {
    let sql = "SELECT CAST(id AS BLOB), CAST(name AS BLOB) FROM main.events WHERE seq = ?";
    let text = |bytes: Option<Vec<u8>>| String::from_utf8_lossy(&bytes.unwrap_or_default()).into_owned();
    let (id, name) = connection.query_row(sql, (seq,), |row| Ok((text(row.get(0)?), text(row.get(1)?))))?;
    Ok(Unreadable { id, name, reason })
}

/// The events that consumers need.
pub(crate) struct Needed {
    /// The consumer that holds back most, and the first event that it still has to deliver.
    pub(crate) undelivered: Option<(String, i64)>,
    /// This event and the later ones stay: with those to be delivered, the one at each position, by whose id another log is
    /// recognised.
    pub(crate) from: i64,
}

/// What the values of all consumers say that they need.
pub(crate) fn needed(connection: &Connection) -> error::Result<Needed> {
    #[derive(Deserialize)]
    struct Value {
        position: i64,
        last_seq: i64,
        rearmed: Vec<i64>,
    }
    /// Under a name that a consumer has no more.
    #[derive(Deserialize)]
    struct Tombstone {
        gone: Gone,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "kebab-case")]
    enum Gone {
        Removed,
        Renamed { to: String, value: Option<Value> },
    }
    let sql = "SELECT key, value FROM main.event_sqlite_state WHERE key >= 'consumer/' AND key < 'consumer0'";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(())?;
    let mut needed = Needed { undelivered: None, from: i64::MAX };
    while let Some(row) = rows.next()? {
        let (key, bytes): (String, Vec<u8>) = (row.get(0)?, row.get(1)?);
        // What a newer version of event-journal has written may need everything.
        let everything = Value { position: 0, last_seq: 0, rearmed: Vec::new() };
        let value = match serde_json::from_slice(&bytes).map(|Tombstone { gone }| gone) {
            Ok(Gone::Renamed { to, value: Some(value) })
                if load(connection, &format!("consumer/{to}"))?.is_none() =>
            {
                value
            }
            Ok(Gone::Removed | Gone::Renamed { .. }) => continue,
            Err(_) => serde_json::from_slice(&bytes).unwrap_or(everything),
        };
        let first = value.rearmed.into_iter().min().unwrap_or(i64::MAX).min(value.position + 1);
        let at_position = if value.last_seq == value.position { value.position } else { first };
        needed.from = needed.from.min(first).min(at_position);
        if needed.undelivered.as_ref().is_none_or(|(_, seq)| first < *seq) {
            needed.undelivered = Some((key.trim_start_matches("consumer/").to_owned(), first));
        }
    }
    Ok(needed)
}
