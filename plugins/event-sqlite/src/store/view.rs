//! The view that shows the store's events in Datasette.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension};

use crate::error::Result;
use crate::log::log;

/// The columns and meanings of datasette-events-db, so that whatever reads its table reads this. Times are as Python's
/// `isoformat` writes them, whole seconds without a fraction. `database` and `table` are columns, and no properties; what
/// is false in Python is null. Where SQLite can't read a row's JSON, the row has it as it is: an error would take all
/// other rows along.
const VIEW: &str = "CREATE VIEW datasette_events AS SELECT
    seq AS id,
    name AS event,
    rtrim(replace(created, '.000000Z', ''), 'Z') || '+00:00' AS created,
    actor_id,
    CASE WHEN json_valid(properties) THEN CASE json_type(properties, '$.database')
        WHEN 'text' THEN nullif(properties ->> '$.database', '')
        WHEN 'integer' THEN iif(properties ->> '$.database' = 0, NULL, properties -> '$.database')
        WHEN 'real' THEN iif(properties ->> '$.database' = 0, NULL, CAST(properties ->> '$.database' AS TEXT))
        WHEN 'true' THEN '1'
        WHEN 'array' THEN nullif(properties ->> '$.database', '[]')
        WHEN 'object' THEN nullif(properties ->> '$.database', '{}')
    END END AS database_name,
    CASE WHEN json_valid(properties) THEN CASE json_type(properties, '$.table')
        WHEN 'text' THEN nullif(properties ->> '$.table', '')
        WHEN 'integer' THEN iif(properties ->> '$.table' = 0, NULL, properties -> '$.table')
        WHEN 'real' THEN iif(properties ->> '$.table' = 0, NULL, CAST(properties ->> '$.table' AS TEXT))
        WHEN 'true' THEN '1'
        WHEN 'array' THEN nullif(properties ->> '$.table', '[]')
        WHEN 'object' THEN nullif(properties ->> '$.table', '{}')
    END END AS table_name,
    iif(json_valid(properties), json_remove(properties, '$.database', '$.table'), properties) AS properties
FROM events";

/// What it was before. Only these are replaced: another one is the application's.
const EARLIER: [&str; 2] = [
    "CREATE VIEW datasette_events AS SELECT
    seq AS id,
    name AS event,
    rtrim(created, 'Z') || '+00:00' AS created,
    actor_id,
    CASE json_type(properties, '$.database')
        WHEN 'text' THEN nullif(properties ->> '$.database', '')
        ELSE nullif(CAST(properties ->> '$.database' AS TEXT), '0')
    END AS database_name,
    CASE json_type(properties, '$.table')
        WHEN 'text' THEN nullif(properties ->> '$.table', '')
        ELSE nullif(CAST(properties ->> '$.table' AS TEXT), '0')
    END AS table_name,
    json_remove(properties, '$.database', '$.table') AS properties
FROM events",
    "CREATE VIEW datasette_events AS SELECT
    seq AS id,
    name AS event,
    rtrim(created, 'Z') || '+00:00' AS created,
    actor_id,
    CASE WHEN json_valid(properties) THEN CASE json_type(properties, '$.database')
        WHEN 'text' THEN nullif(properties ->> '$.database', '')
        ELSE nullif(CAST(properties ->> '$.database' AS TEXT), '0')
    END END AS database_name,
    CASE WHEN json_valid(properties) THEN CASE json_type(properties, '$.table')
        WHEN 'text' THEN nullif(properties ->> '$.table', '')
        ELSE nullif(CAST(properties ->> '$.table' AS TEXT), '0')
    END END AS table_name,
    iif(json_valid(properties), json_remove(properties, '$.database', '$.table'), properties) AS properties
FROM events",
];

/// Makes the view, unless the application has something of that name. Gives whether the view is there.
pub(crate) fn make(connection: &Connection, path: &Path) -> Result<bool> {
    let found: Option<(String, String)> =
        connection.query_row(FIND, (), |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    match found {
        None => connection.execute_batch(&view_in_main())?,
        Some((_, sql)) if sql == VIEW => {}
        Some((_, sql)) if EARLIER.contains(&sql.as_str()) => {
            connection.execute_batch("DROP VIEW main.datasette_events")?;
            connection.execute_batch(&view_in_main())?;
        }
        Some((kind, _)) => {
            log(format_args!(
                "{}: the application has a {kind} `datasette_events` of its own, so the store's view isn't made; \
                 `plugins.event-sqlite.store.view = false` says that this is so on purpose",
                path.display()
            ));
            return Ok(false);
        }
    }
    Ok(true)
}

/// A trigger has its name to itself.
const FIND: &str = "SELECT type, sql FROM main.sqlite_schema
    WHERE name = 'datasette_events' COLLATE NOCASE AND type <> 'trigger'";

/// What SQLite keeps of it is [`VIEW`].
fn view_in_main() -> String {
    VIEW.replacen("CREATE VIEW ", "CREATE VIEW main.", 1)
}
