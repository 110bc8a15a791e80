//! The query for events, as SQL.

use std::fmt::{Display, Write};

use chrono::{DateTime, Datelike, TimeDelta, Timelike, Utc};
use event_core::Record;
use event_core::plugin::{NamePattern, RecordTexts, write_rfc3339};
use event_journal::journal::Filter;
use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, Row, params_from_iter};
use serde::de::Error as _;
use uuid::Uuid;

use crate::error::Result;
use crate::row::YEARS;

/// Which events are read, and in which order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Query {
    pub(crate) filter: Filter,
    pub(crate) newest_first: bool,
}

/// Some of the events that are asked for.
pub(crate) struct Chunk {
    /// Each with its place, or the reason why it can't be read.
    pub(crate) events: Vec<(i64, serde_json::Result<Record>)>,
    /// How many bytes their texts have.
    pub(crate) bytes: usize,
    /// There are no more.
    pub(crate) is_last: bool,
}

/// More names are looked for among all events. SQLite's limit is 500.
const MOST_PARTS: usize = 64;

/// A chunk ends after so many events, or so many bytes of their texts.
const MOST_EVENTS: u64 = 256;
const MOST_BYTES: usize = 1 << 20;

/// What is read of each event.
const SELECT: &str = "SELECT seq, id, name, version, created, actor, properties, context FROM main.events";

impl Query {
    /// The first events that are asked for from `position` on: after it, or before it if the newest come first. `limit` at most.
    pub(crate) fn chunk(&self, connection: &Connection, position: i64, limit: u64) -> Result<Chunk> {
        let mut chunk = Chunk { events: Vec::new(), bytes: 0, is_last: true };
        let wanted = limit.min(MOST_EVENTS);
        let Some((sql, values)) = self.sql(connection, position, wanted)? else { return Ok(chunk) };
        let mut statement = connection.prepare_cached(&sql)?;
        let mut rows = statement.query(params_from_iter(values))?;
        while chunk.bytes < MOST_BYTES {
            let Some(row) = rows.next()? else {
                chunk.is_last = (chunk.events.len() as u64) < wanted || limit == wanted;
                return Ok(chunk);
            };
            chunk.bytes += length(row, 5) + length(row, 6) + length(row, 7);
            chunk.events.push(event(row)?);
        }
        chunk.is_last = false;
        Ok(chunk)
    }

    /// How many events there are after this place, up to `most`.
    pub(crate) fn count(&self, connection: &Connection, after: i64, most: u64) -> Result<u64> {
        let (conditions, values) = self.conditions(after);
        let count = |name: Option<String>, most: u64| -> Result<u64> {
            let mut values = values.clone();
            let and =
                if name.is_some() { format!(" AND name = ?{}", values.len() + 1) } else { String::new() };
            values.extend(name.map(Value::Text));
            values.push(place(most).into());
            let limit = values.len();
            let sql =
                format!("SELECT count(*) FROM (SELECT 1 FROM main.events{conditions}{and} LIMIT ?{limit})");
            let mut statement = connection.prepare_cached(&sql)?;
            let count: i64 = statement.query_row(params_from_iter(values), |row| row.get(0))?;
            Ok(count.unsigned_abs())
        };
        match self.names(connection)? {
            Names::All => count(None, most),
            Names::These(names) => {
                names.into_iter().try_fold(0, |sum, name| Ok(sum + count(Some(name), most - sum)?))
            }
        }
    }

    /// The statement, with the values of its parameters; `None` where there can't be such an event.
    fn sql(
        &self,
        connection: &Connection,
        position: i64,
        limit: u64,
    ) -> Result<Option<(String, Vec<Value>)>> {
        let select = SELECT;
        let order = if self.newest_first { "ORDER BY seq DESC" } else { "ORDER BY seq" };
        let (conditions, mut values) = self.conditions(position);
        let sql = match self.names(connection)? {
            Names::All => format!("{select}{conditions}"),
            Names::These(names) if names.is_empty() => return Ok(None),
            Names::These(names) if names.len() > MOST_PARTS => {
                let places: Vec<_> =
                    (1..=names.len()).map(|place| format!("?{}", values.len() + place)).collect();
                values.extend(names.into_iter().map(Value::Text));
                // The plus keeps SQLite from the index, and so from sorting: in the order of seq it can stop.
                format!("{select}{conditions} AND +name IN ({})", places.join(","))
            }
            // One part for each name, each of which comes out of the index in the order of seq: SQLite merges them
            // and stops at the limit. Any other way to say it collects and sorts all events of these names first.
            Names::These(names) => {
                let first = values.len();
                let part = |place: usize| format!("{select}{conditions} AND name = ?{}", first + place + 1);
                let parts: Vec<_> = (0..names.len()).map(part).collect();
                values.extend(names.into_iter().map(Value::Text));
                parts.join(" UNION ALL ")
            }
        };
        Ok(Some((format!("{sql} {order} LIMIT {limit}"), values)))
    }

    fn conditions(&self, position: i64) -> (String, Vec<Value>) {
        let (mut sql, mut values) = (" WHERE TRUE".to_owned(), Vec::new());
        let mut and = |condition: &str, value: Value| {
            values.push(value);
            let _ = write!(sql, " AND {condition} ?{}", values.len());
        };
        let Filter { actor, since, until, after, before, .. } = &self.filter;
        let (mut after, mut before) = (after.map(place), before.map(place));
        if self.newest_first {
            before = Some(before.unwrap_or(i64::MAX).min(position)).filter(|before| *before < i64::MAX);
        } else {
            after = Some(after.unwrap_or(0).max(position)).filter(|after| *after > 0);
        }
        if let Some(after) = after {
            and("seq >", after.into());
        }
        if let Some(before) = before {
            and("seq <", before.into());
        }
        if let Some(actor) = actor {
            and("actor_id =", actor.clone().into());
        }
        if let Some(since) = *since {
            and("created >=", bound(since));
        }
        if let Some(until) = *until {
            and("created <", bound(until));
        }
        (sql, values)
    }

    /// The names that the patterns stand for.
    fn names(&self, connection: &Connection) -> Result<Names> {
        let Some(patterns) = &self.filter.names else { return Ok(Names::All) };
        let mut names: Vec<String> =
            patterns.iter().filter_map(NamePattern::as_name).map(str::to_owned).collect();
        if names.len() < patterns.len() {
            let all = all_names(connection)?;
            names.extend(all.into_iter().filter(|name| patterns.iter().any(|it| it.matches(name))));
        }
        names.sort();
        names.dedup();
        Ok(Names::These(names))
    }
}

enum Names {
    All,
    These(Vec<String>),
}

/// The names of all events in the store: one step in the index for each, however many events there are.
fn all_names(connection: &Connection) -> Result<Vec<String>> {
    let mut statement = connection.prepare_cached(
        "WITH RECURSIVE names (name) AS (
            SELECT (SELECT name FROM main.events ORDER BY name LIMIT 1)
            UNION ALL
            SELECT (SELECT name FROM main.events WHERE name > names.name ORDER BY name LIMIT 1)
            FROM names WHERE name IS NOT NULL
        ) SELECT name FROM names WHERE name IS NOT NULL",
    )?;
    let mut rows = statement.query(())?;
    let mut names = Vec::new();
    while let Some(row) = rows.next()? {
        // A name that isn't UTF-8 is none that a pattern matches.
        names.extend(row.get_ref(0)?.as_str().ok().map(str::to_owned));
    }
    Ok(names)
}

/// A text that sorts among those in the table as the time does among theirs.
pub(crate) fn bound(time: DateTime<Utc>) -> Value {
    // Events have whole microseconds: the bound is the first one that isn't before.
    let beyond = i64::from(time.nanosecond() % 1000);
    let rounded =
        if beyond == 0 { Some(time) } else { time.checked_add_signed(TimeDelta::nanoseconds(1000 - beyond)) };
    let text = match rounded {
        Some(time) if time.year() < *YEARS.start() => String::new(),
        Some(time) if time.year() <= *YEARS.end() => {
            let mut text = Vec::new();
            write_rfc3339(time, &mut text);
            String::from_utf8(text).expect("a time is written in ASCII")
        }
        // The sign after `9`.
        _ => ":".to_owned(),
    };
    Value::Text(text)
}

/// The event with this id, and its place.
pub(crate) fn find(connection: &Connection, id: Uuid) -> Result<Option<(i64, serde_json::Result<Record>)>> {
    let mut statement = connection.prepare_cached(&format!("{SELECT} WHERE id = ?"))?;
    let mut rows = statement.query((id.hyphenated().to_string(),))?;
    rows.next()?.map(event).transpose()
}

/// The event of a row, and its place.
fn event(row: &Row<'_>) -> Result<(i64, serde_json::Result<Record>)> {
    Ok((row.get(0)?, texts(row).and_then(RecordTexts::read)))
}

/// What a row holds, unless another program wrote something there that no event has.
fn texts<'r>(row: &'r Row<'_>) -> serde_json::Result<RecordTexts<'r>> {
    let wrong =
        |name: &str, what: &dyn Display| serde_json::Error::custom(format_args!("`{name}` is {what}"));
    let optional = |index, name| match row.get_ref(index) {
        Ok(ValueRef::Null) => Ok(None),
        Ok(ValueRef::Text(text)) => std::str::from_utf8(text).map(Some).map_err(|_| wrong(name, &"no UTF-8")),
        Ok(other) => Err(wrong(name, &format_args!("{}, no text", other.data_type()))),
        Err(cause) => Err(wrong(name, &cause)),
    };
    let text = |index, name| optional(index, name)?.ok_or_else(|| wrong(name, &"null"));
    let version = match row.get_ref(3) {
        Ok(ValueRef::Integer(number)) => u32::try_from(number)
            .ok()
            .filter(|version| *version > 0)
            .ok_or_else(|| wrong("version", &format_args!("{number}; it can be 1 to {}", u32::MAX))),
        Ok(other) => Err(wrong("version", &format_args!("{}, no number", other.data_type()))),
        Err(cause) => Err(wrong("version", &cause)),
    };
    Ok(RecordTexts {
        id: text(1, "id")?,
        name: text(2, "name")?,
        version: version?,
        created: text(4, "created")?,
        actor: optional(5, "actor")?,
        properties: text(6, "properties")?,
        context: optional(7, "context")?,
    })
}

/// A seq as SQLite has it, whose numbers have a sign.
pub(crate) fn place(seq: u64) -> i64 {
    i64::try_from(seq).unwrap_or(i64::MAX)
}

fn length(row: &Row<'_>, index: usize) -> usize {
    row.get_ref(index).ok().and_then(|value| value.as_bytes_or_null().ok().flatten()).map_or(0, <[u8]>::len)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::store::schema::{self, Place};

    /// The plan, at which a clock would only guess: nothing is collected and sorted that isn't returned.
    #[test]
    fn events_come_out_of_an_index_in_their_order_whatever_is_asked_for() {
        let connection = Connection::open_in_memory().expect("there is memory");
        schema::prepare(&connection, Path::new("store.db"), Place::Own, true).expect("the schema is right");
        let insert =
            "INSERT INTO events (id, name, version, created, properties) VALUES (?1, 'n' || ?1, 1, '', '{}')";
        for number in 0..100 {
            connection.execute(insert, (number,)).expect("it can be written");
        }
        let of = |patterns: &[&str]| Filter {
            names: Some(patterns.iter().map(|it| it.parse().expect("a pattern")).collect()),
            ..Filter::all()
        };
        for (filter, wanted) in [
            (Filter::all(), "SCAN main.events"),
            (of(&["n1"]), "SEARCH main.events USING INDEX events_by_name (name=?)"),
            (of(&["n1", "n2"]), "MERGE (UNION ALL)"),
            (Filter { actor: Some("a".to_owned()), ..of(&["n1*"]) }, "MERGE (UNION ALL)"),
            (of(&["n*"]), "SCAN main.events"),
        ] {
            for (newest_first, position) in [(false, 0), (true, i64::MAX)] {
                let query = Query { filter: filter.clone(), newest_first };
                let (sql, values) =
                    query.sql(&connection, position, 100).expect("it can be read").expect("there are some");
                let mut plan =
                    connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).expect("the SQL is right");
                let steps =
                    plan.query_map(params_from_iter(values), |row| row.get::<_, String>(3)).expect("it runs");
                let plan = steps.collect::<rusqlite::Result<Vec<_>>>().expect("it can be read").join("\n");
                assert!(plan.contains(wanted) && !plan.contains("TEMP B-TREE"), "{query:?}\n{plan}");
            }
        }
    }
}
