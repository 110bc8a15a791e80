//! What a file holds, held against what was told.

use std::path::Path;

use event_sqlite::rusqlite::{Connection, OpenFlags};

use crate::writer::{id, is_noted};

/// What is in a file.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    /// How many events of each producer: those with the numbers below this one, each once.
    pub(crate) events: Vec<u32>,
    /// How many events are missing of which a receipt had come.
    pub(crate) lost: u32,
}

/// Looks into the file, by a connection that has nothing to do with the plugin and leaves the write-ahead log for the
/// next process to recover.
///
/// Whatever was lost: the file isn't damaged, each producer's events are there from the first one on, in their order,
/// each once, at most one of them without a receipt, and each with the row that was written with it.
pub(crate) fn look(file: &Path, told: &[u32]) -> Kept {
    let mut events = vec![0; told.len()];
    let mut notes = Vec::new();
    if file.exists() {
        let connection = open(file);
        let damage: String =
            connection.query_row("PRAGMA integrity_check", (), |row| row.get(0)).expect("it can be checked");
        assert_eq!(damage, "ok", "{}", file.display());
        read_events(&connection, &mut events);
        notes = read_notes(&connection);
    }
    let told_of = || events.iter().zip(told);
    for (producer, (kept, told)) in told_of().enumerate() {
        assert!(*kept <= told + 1, "producer {producer} had {told} receipts, and there are {kept} events");
    }
    let with_row = (0_u32..).zip(&events).flat_map(|(producer, kept)| {
        (0..*kept).filter(|number| is_noted(*number)).map(move |number| (producer, number))
    });
    assert_eq!(
        notes,
        with_row.collect::<Vec<_>>(),
        "there is no event without its row, and no row without its event"
    );
    Kept { lost: told_of().map(|(kept, told)| told.saturating_sub(*kept)).sum(), events }
}

fn open(file: &Path) -> Connection {
    let journal = file.with_extension("db-journal");
    // A file whose creation was interrupted is rolled back by its next reader, if that may write.
    let flags =
        if journal.exists() { OpenFlags::SQLITE_OPEN_READ_WRITE } else { OpenFlags::SQLITE_OPEN_READ_ONLY };
    Connection::open_with_flags(file, flags).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

fn read_events(connection: &Connection, events: &mut [u32]) {
    if !has_table(connection, "events") {
        return;
    }
    let sql =
        "SELECT id, name, properties ->> '$.producer', properties ->> '$.number' FROM events ORDER BY seq";
    let mut statement = connection.prepare(sql).expect("the SQL is right");
    let mut rows = statement.query(()).expect("it can be read");
    while let Some(row) = rows.next().expect("it can be read") {
        let text = |column| row.get::<_, String>(column).expect("it is text");
        let number = |column| row.get::<_, u32>(column).expect("it is a number");
        let producer = number(2);
        let next = events[producer as usize];
        assert_eq!(number(3), next, "producer {producer}: the event after {next} others");
        assert_eq!(text(0), id(producer, next).to_string());
        assert_eq!(text(1), if is_noted(next) { "noted" } else { "counted" });
        events[producer as usize] += 1;
    }
}

fn read_notes(connection: &Connection) -> Vec<(u32, u32)> {
    if !has_table(connection, "note") {
        return Vec::new();
    }
    let mut statement =
        connection.prepare("SELECT producer, number FROM note ORDER BY 1, 2").expect("the SQL is right");
    let rows = statement.query_map((), |row| Ok((row.get(0)?, row.get(1)?))).expect("it can be read");
    rows.collect::<Result<_, _>>().expect("it can be read")
}

fn has_table(connection: &Connection, name: &str) -> bool {
    let sql = "SELECT count(*) FROM sqlite_schema WHERE name = ?";
    connection.query_row(sql, (name,), |row| row.get::<_, u32>(0)).expect("it can be read") == 1
}
