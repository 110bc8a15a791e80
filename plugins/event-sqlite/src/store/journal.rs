//! The store as a journal: durable implementations are called for its rows, and how far they have got is beside them.

use std::future::poll_fn;
use std::sync::{Arc, OnceLock};

use event_core::plugin::NamePattern;
use event_core::{App, Durability, Record, WeakApp};
use event_journal::journal::{Entry, Error, Filter, Journal, Page, Pending, Result, Saved, Unreadable};
use event_journal::waiting::{ChangeSignal, Follower};
use rusqlite::{Connection, OptionalExtension};
use serde::Deserialize;

use crate::database::Database;
use crate::error;
use crate::row;
use crate::store::Store;
use crate::store::query::Query;
use crate::store::stored::Stored;

/// The journal of an app's store. It keeps no app in memory.
pub(crate) struct StoreJournal {
    app: WeakApp,
    store_of: fn(&App) -> error::Result<Store>,
    place: String,
    /// Has other processes' changes looked for from the first time that newer events were asked for: to begin takes a thread and
    /// a connection.
    follows: OnceLock<Follower>,
}

impl StoreJournal {
    pub(crate) fn new(app: &App, store_of: fn(&App) -> error::Result<Store>) -> error::Result<Self> {
        let place = store_of(app)?.database().path().display().to_string();
        Ok(Self { app: app.downgrade(), store_of, place, follows: OnceLock::new() })
    }

    fn store(&self) -> Result<Store> {
        let app = self.app.upgrade().ok_or_else(|| unavailable(error::Error::own("the app has ended")))?;
        (self.store_of)(&app).map_err(unavailable)
    }

    fn follow(&self, changes: &Arc<ChangeSignal>, database: &Database) -> Follower {
        let follow = || {
            let connect = database.connects();
            changes.follow(move || connect().ok().map(|connection| move || connection.data_version()))
        };
        self.follows.get_or_init(follow);
        follow()
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
        ask: impl FnOnce(&Store) -> error::Waiting<T> + Send + 'static,
    ) -> Pending<'_, T> {
        Box::pin(async move {
            let waiting = ask(&self.store()?);
            waiting.await.map_err(unavailable)
        })
    }
}

/// Whatever fails can succeed later: a full disk, a lock, a file that was moved away.
fn unavailable(error: error::Error) -> Error {
    Error::Unavailable(Arc::new(error))
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
        let query = query_of(filter);
        self.read_with(move |connection| {
            let Some(query) = query else {
                return Ok(Page { entries: Vec::new(), upto: end(connection)?.max(after) });
            };
            read_page(connection, &query, after, limit)
        })
    }

    fn newer(&self, than: u64) -> Pending<'_, ()> {
        Box::pin(async move {
            let store = self.store()?;
            let changes = store.changes().clone();
            let database = store.database().clone();
            // The future may wait for long, and must keep no app in memory.
            drop(store);
            let mut follower = self.follow(&changes, &database);
            let seen = changes.count();
            let is_newer =
                database.read(move |connection| Ok(end(connection)? > than)).await.map_err(unavailable)?;
            drop(database);
            if !is_newer {
                poll_fn(|context| follower.poll_newer(seen, context)).await;
            }
            Ok(())
        })
    }

    fn count<'a>(&'a self, after: u64, filter: &'a Filter, most: u64) -> Pending<'a, u64> {
        let names = filter.names().map(<[String]>::to_vec);
        self.read_with(move |connection| {
            let after = place(after);
            let count = |sql: &str, parameters: &[&dyn rusqlite::ToSql]| {
                connection.prepare_cached(sql)?.query_row(parameters, |row| row.get(0).map(number))
            };
            let Some(names) = names else {
                let sql = "SELECT count(*) FROM (SELECT 1 FROM main.events WHERE seq > ? LIMIT ?)";
                return Ok(count(sql, &[&after, &place(most)])?);
            };
            let sql = "SELECT count(*) FROM (SELECT 1 FROM main.events WHERE name = ? AND seq > ? LIMIT ?)";
            let mut sum = 0;
            for name in &names {
                sum += count(sql, &[name, &after, &place(most - sum)])?;
            }
            Ok(sum)
        })
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
            // Counted for all keys together, so that a key that was removed and made anew has no version a second time.
            let next =
                "UPDATE main.event_sqlite_journal SET last_version = last_version + 1 RETURNING last_version";
            let version: i64 = connection.query_row(next, (), |row| row.get(0))?;
            match &value {
                Some(value) => connection.execute(
                    "INSERT INTO main.event_sqlite_state (key, version, value) VALUES (?, ?, ?) \
                     ON CONFLICT (key) DO UPDATE SET version = excluded.version, value = excluded.value",
                    (&key, version, value),
                )?,
                None => connection.execute("DELETE FROM main.event_sqlite_state WHERE key = ?", (&key,))?,
            };
            Ok(Some(number(version)))
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
            let sql = "SELECT key, version, value FROM main.event_sqlite_state \
                       WHERE key > ?1 AND substr(key, 1, length(?2)) = ?2 AND key >= ?2 ORDER BY key LIMIT ?3";
            let mut statement = connection.prepare_cached(sql)?;
            let rows = statement.query_map((after, prefix, place(limit as u64)), |row| {
                Ok((row.get(0)?, Saved { version: number(row.get(1)?), value: row.get(2)? }))
            })?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }
}

/// The seq of the last event that there ever was, also if it was removed.
fn end(connection: &Connection) -> error::Result<u64> {
    let last = "SELECT seq FROM main.sqlite_sequence WHERE name = 'events'";
    Ok(connection.prepare_cached(last)?.query_row((), |row| row.get(0).map(number)).optional()?.unwrap_or(0))
}

fn load(connection: &Connection, key: &str) -> error::Result<Option<Saved>> {
    let sql = "SELECT version, value FROM main.event_sqlite_state WHERE key = ?";
    let saved = connection
        .prepare_cached(sql)?
        .query_row((key,), |row| Ok(Saved { version: number(row.get(0)?), value: row.get(1)? }));
    Ok(saved.optional()?)
}

fn place(seq: u64) -> i64 {
    i64::try_from(seq).unwrap_or(i64::MAX)
}

/// SQLite's numbers have a sign; those of the store are never negative.
fn number(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}

/// `None` where no event is let through.
fn query_of(filter: &Filter) -> Option<Query> {
    let Some(names) = filter.names() else { return Some(Query::default()) };
    let names: Vec<_> = names.iter().filter_map(|name| NamePattern::try_from(name.clone()).ok()).collect();
    (!names.is_empty()).then(|| Query { names, ..Query::default() })
}

/// All in one state of the database, so that nothing comes between the events and the end.
fn read_page(connection: &Connection, query: &Query, after: u64, limit: usize) -> error::Result<Page> {
    let upto = end(connection)?.max(after);
    let mut entries = Vec::new();
    let mut position = place(after);
    loop {
        let chunk =
            query.chunk::<Stored>(connection, Some(position), Some((limit - entries.len()) as u64))?;
        for (seq, read) in chunk.events {
            position = seq;
            let event = match read {
                Ok(stored) => Ok(stored.record),
                Err(reason) => Err(unreadable(connection, seq, reason.to_string())?),
            };
            entries.push(Entry { seq: number(seq), event });
        }
        if entries.len() == limit {
            return Ok(Page { upto: number(position), entries });
        }
        if chunk.is_last {
            return Ok(Page { entries, upto });
        }
    }
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
    let sql = "SELECT key, value FROM main.event_sqlite_state WHERE key >= 'consumer/' AND key < 'consumer0'";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(())?;
    let mut needed = Needed { undelivered: None, from: i64::MAX };
    while let Some(row) = rows.next()? {
        let key: String = row.get(0)?;
        // What a newer version of event-journal has written may need everything.
        let everything = Value { position: 0, last_seq: 0, rearmed: Vec::new() };
        let value = serde_json::from_slice(&row.get::<_, Vec<u8>>(1)?).unwrap_or(everything);
        let first = value.rearmed.into_iter().min().unwrap_or(i64::MAX).min(value.position + 1);
        let at_position = if value.last_seq == value.position { value.position } else { first };
        needed.from = needed.from.min(first).min(at_position);
        if needed.undelivered.as_ref().is_none_or(|(_, seq)| first < *seq) {
            needed.undelivered = Some((key.trim_start_matches("consumer/").to_owned(), first));
        }
    }
    Ok(needed)
}
