//! The query for events, as SQL.

use std::fmt::{Display, Write};

use chrono::{DateTime, Datelike, TimeDelta, Timelike, Utc};
use event_core::plugin::{NamePattern, write_rfc3339};
use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, Row, params_from_iter};
use serde::de::Error as _;

use crate::error::Result;
use crate::row::YEARS;
use crate::store::stored::{Columns, FromColumns};

/// The filters of a query, and its order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Query {
    /// Any of them; none means all.
    pub(crate) names: Vec<NamePattern>,
    pub(crate) actor: Option<String>,
    pub(crate) since: Option<DateTime<Utc>>,
    pub(crate) until: Option<DateTime<Utc>>,
    pub(crate) after: Option<i64>,
    pub(crate) before: Option<i64>,
    pub(crate) newest_first: bool,
}

/// Some of the events that are asked for.
pub(crate) struct Chunk<T> {
    /// Each with its place, or the reason why it can't be read.
    pub(crate) events: Vec<(i64, serde_json::Result<T>)>,
    /// There are no more.
    pub(crate) is_last: bool,
}

/// More names are looked for among all events. SQLite's limit is 500.
const MOST_PARTS: usize = 64;

/// A chunk ends after so many events, or so many bytes of their texts.
const MOST_EVENTS: u64 = 256;
const MOST_BYTES: usize = 1 << 20;

impl Query {
    /// The first events that are asked for, or those after `position`; `limit` at most.
    pub(crate) fn chunk<T: FromColumns>(
        &self,
        connection: &Connection,
        position: Option<i64>,
        limit: Option<u64>,
    ) -> Result<Chunk<T>> {
        let wanted = limit.map_or(MOST_EVENTS, |limit| limit.min(MOST_EVENTS));
        let Some((sql, values)) = self.sql(connection, position, wanted)? else {
            return Ok(Chunk { events: Vec::new(), is_last: true });
        };
        let mut statement = connection.prepare_cached(&sql)?;
        let mut rows = statement.query(params_from_iter(values))?;
        let (mut events, mut bytes) = (Vec::new(), 0);
        while bytes < MOST_BYTES {
            let Some(row) = rows.next()? else {
                let is_last = (events.len() as u64) < wanted || limit == Some(wanted);
                return Ok(Chunk { events, is_last });
            };
            bytes += length(row, 5) + length(row, 6) + length(row, 7);
            let seq = row.get(0)?;
            events.push((seq, columns(seq, row).and_then(|columns| T::from_columns(&columns))));
        }
        Ok(Chunk { events, is_last: false })
    }

    /// The statement, with the values of its parameters; `None` where there can't be such an event.
    fn sql(
        &self,
        connection: &Connection,
        position: Option<i64>,
        limit: u64,
    ) -> Result<Option<(String, Vec<Value>)>> {
        let select = "SELECT seq, id, name, version, created, actor, properties, context FROM main.events";
        let order = if self.newest_first { "ORDER BY seq DESC" } else { "ORDER BY seq" };
        let (conditions, mut values) = self.conditions(position);
        let sql = match self.names(connection)? {
            Names::All => select.to_owned() + &conditions,
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

    fn conditions(&self, position: Option<i64>) -> (String, Vec<Value>) {
        let (mut sql, mut values) = (" WHERE TRUE".to_owned(), Vec::new());
        let mut and = |condition: &str, value: Value| {
            values.push(value);
            let _ = write!(sql, " AND {condition} ?{}", values.len());
        };
        let (position_after, position_before) =
            if self.newest_first { (None, position) } else { (position, None) };
        if let Some(after) = self.after.max(position_after) {
            and("seq >", after.into());
        }
        if let Some(before) = position_before.or(self.before) {
            and("seq <", before.into());
        }
        if let Some(actor) = &self.actor {
            and("actor_id =", actor.clone().into());
        }
        if let Some(since) = self.since {
            and("created >=", bound(since));
        }
        if let Some(until) = self.until {
            and("created <", bound(until));
        }
        (sql, values)
    }

    /// The names that the patterns stand for.
    fn names(&self, connection: &Connection) -> Result<Names> {
        if self.names.is_empty() {
            return Ok(Names::All);
        }
        let mut names: Vec<String> =
            self.names.iter().filter_map(NamePattern::as_name).map(str::to_owned).collect();
        if names.len() < self.names.len() {
            let all = all_names(connection)?;
            names.extend(
                all.into_iter().filter(|name| self.names.iter().any(|pattern| pattern.matches(name))),
            );
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

/// What a row holds, unless another program wrote something there that no event has.
fn columns<'r>(seq: i64, row: &'r Row<'_>) -> serde_json::Result<Columns<'r>> {
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
    Ok(Columns {
        seq,
        id: text(1, "id")?,
        name: text(2, "name")?,
        version: version?,
        created: text(4, "created")?,
        actor: optional(5, "actor")?,
        properties: text(6, "properties")?,
        context: optional(7, "context")?,
    })
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
        let names = |patterns: &[&str]| patterns.iter().map(|it| it.parse().expect("a pattern")).collect();
        for (query, wanted) in [
            (Query::default(), "SCAN main.events"),
            (
                Query { names: names(&["n1"]), ..Query::default() },
                "SEARCH main.events USING INDEX events_by_name (name=?)",
            ),
            (Query { names: names(&["n1", "n2"]), ..Query::default() }, "MERGE (UNION ALL)"),
            (
                Query { names: names(&["n1*"]), actor: Some("a".to_owned()), ..Query::default() },
                "MERGE (UNION ALL)",
            ),
            (Query { names: names(&["n*"]), ..Query::default() }, "SCAN main.events"),
        ] {
            for query in [query.clone(), Query { newest_first: true, ..query }] {
                let (sql, values) =
                    query.sql(&connection, None, 100).expect("it can be read").expect("there are some");
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
