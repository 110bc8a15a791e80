//! How a database is opened.

use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::de::value::MapAccessDeserializer;
use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::database::mode::Mode;
use crate::error::OpenError;

/// How a database is opened: its file, and the trade between safety and speed.
///
/// ```
/// use event_sqlite::{DatabaseOptions, Synchronous};
/// use std::time::Duration;
///
/// let options = DatabaseOptions::new("data/app.db")
///     .synchronous(Synchronous::Normal)
///     .busy_timeout(Duration::from_secs(1));
/// assert!(options.path().is_absolute() && options.path().ends_with("data/app.db"));
/// ```
///
/// A section `[plugins.event-sqlite.databases.NAME]` is read as this, and so can be an application's own configuration:
/// with the keys of the [settings](crate#settings).
#[derive(Clone, Debug, Deserialize)]
#[serde(remote = "Self")]
#[must_use = "options open nothing until a database is added with them"]
pub struct DatabaseOptions {
    #[serde(deserialize_with = "read_path")]
    pub(crate) path: PathBuf,
    #[serde(default)]
    pub(crate) synchronous: Synchronous,
    #[serde(rename = "busy_timeout_ms", default = "busy_timeout", deserialize_with = "read_milliseconds")]
    pub(crate) busy_timeout: Duration,
    #[serde(default = "readers", deserialize_with = "read_readers")]
    pub(crate) readers: NonZero<usize>,
    #[serde(default, deserialize_with = "read_mode")]
    pub(crate) mode: Mode,
    #[serde(skip)]
    pub(crate) vfs: Option<String>,
}

/// The keys, as the derive reads them.
const KEYS: &[&str] = &["path", "synchronous", "busy_timeout_ms", "readers", "mode"];

/// Of a table. A text gets the table to write for it.
impl<'de> Deserialize<'de> for DatabaseOptions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Table;

        impl<'de> Visitor<'de> for Table {
            type Value = DatabaseOptions;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a table with the file's path, such as {\"path\": \"app.db\"}")
            }

            fn visit_str<E: de::Error>(self, path: &str) -> Result<DatabaseOptions, E> {
                Err(E::custom(format_args!(
                    "a database is a table: write {{\"path\": {path:?}}} for {path:?}"
                )))
            }

            fn visit_map<A: MapAccess<'de>>(self, table: A) -> Result<DatabaseOptions, A::Error> {
                DatabaseOptions::deserialize(MapAccessDeserializer::new(table))
            }
        }

        deserializer.deserialize_struct("DatabaseOptions", KEYS, Table)
    }
}

/// Reads the databases by their names. A text gets the table to write for it.
pub(crate) fn read_by_name<'de, D>(deserializer: D) -> Result<BTreeMap<String, DatabaseOptions>, D::Error>
where
    D: Deserializer<'de>,
{
    struct ByName;

    impl<'de> Visitor<'de> for ByName {
        type Value = BTreeMap<String, DatabaseOptions>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a table of databases by name, such as {\"app\": {\"path\": \"app.db\"}}")
        }

        fn visit_str<E: de::Error>(self, path: &str) -> Result<Self::Value, E> {
            Err(E::custom(format_args!(
                "a database has a name: write {{\"app\": {{\"path\": {path:?}}}}} for {path:?}"
            )))
        }

        fn visit_map<A: MapAccess<'de>>(self, table: A) -> Result<Self::Value, A::Error> {
            BTreeMap::deserialize(MapAccessDeserializer::new(table))
        }
    }

    deserializer.deserialize_map(ByName)
}

const fn busy_timeout() -> Duration {
    Duration::from_secs(5)
}

const fn readers() -> NonZero<usize> {
    const { NonZero::new(2).unwrap() }
}

fn read_path<'de, D: Deserializer<'de>>(deserializer: D) -> Result<PathBuf, D::Error> {
    PathBuf::deserialize(deserializer).map(absolute)
}

// A value can be null where a type of the application's own has an `Option`.

fn read_milliseconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    Ok(Option::deserialize(deserializer)?.map_or_else(busy_timeout, Duration::from_millis))
}

fn read_readers<'de, D: Deserializer<'de>>(deserializer: D) -> Result<NonZero<usize>, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_else(readers))
}

fn read_mode<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Mode, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// When SQLite waits for the disk (`PRAGMA synchronous`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Synchronous {
    /// At every commit: what was committed survives a power loss. Commits that wait at the same time share one wait.
    #[default]
    Full,
    /// At checkpoints only: what was committed survives a crash of the process, but a power loss can take the last
    /// commits (never half of one).
    Normal,
}

impl DatabaseOptions {
    /// The file at this path, with what is safe for the rest. A relative path is relative to the directory that the
    /// program runs in at this moment; directories that are missing are created.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: absolute(path.into()),
            synchronous: Synchronous::Full,
            busy_timeout: busy_timeout(),
            readers: readers(),
            mode: Mode::default(),
            vfs: None,
        }
    }

    /// When SQLite waits for the disk; [`Synchronous::Full`] without it.
    pub fn synchronous(mut self, synchronous: Synchronous) -> Self {
        self.synchronous = synchronous;
        self
    }

    /// How long a write waits for another process that holds the lock, before it is an error; 5 s without it. SQLite
    /// can't wait longer than 24 days.
    pub fn busy_timeout(mut self, timeout: Duration) -> Self {
        self.busy_timeout = timeout;
        self
    }

    /// How many reads run at the same time, on a thread and a connection each; 2 without it. A thread starts when
    /// it is needed first.
    pub fn readers(mut self, readers: NonZero<usize>) -> Self {
        self.readers = readers;
        self
    }

    /// The permissions of a file that is created, as `chmod` takes them: `0o640`; `0o600` without it. Directories that are
    /// created get the right to enter them for all who may read. A file that is there keeps what it has.
    ///
    /// The owner must be able to read and write, and files aren't for running: anything else is an error when the database
    /// is opened. Outside of Unix it has no meaning.
    pub fn mode(mut self, mode: u32) -> Self {
        self.mode = Mode::of_bits(mode);
        self
    }

    /// Another of SQLite's ways to the operating system, by its name; see <https://sqlite.org/vfs.html>. It must be
    /// able to share memory between connections, which the write-ahead log needs.
    pub fn vfs(mut self, name: impl Into<String>) -> Self {
        self.vfs = Some(name.into());
        self
    }

    /// The file, by its absolute path.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Each connection finds the same file, also after the program went to another directory. What is no path stays as it
/// is, to be refused by its name.
fn absolute(path: PathBuf) -> PathBuf {
    if no_file(&path).is_some() {
        return path;
    }
    std::path::absolute(&path).unwrap_or(path)
}

/// Why SQLite would take this for something else than the path of a file.
pub(crate) fn no_file(path: &Path) -> Option<OpenError> {
    let text = path.as_os_str();
    if text.is_empty() || text == ":memory:" {
        Some(OpenError::NoFile)
    } else if text.as_encoded_bytes().starts_with(b"file:") {
        Some(OpenError::Uri)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_section_says_what_the_methods_say_and_leaves_out_what_new_says() {
        let read = |section| serde_json::from_value::<DatabaseOptions>(section).map(|it| format!("{it:?}"));
        let given = DatabaseOptions::new("data/app.db");
        let only_path = format!("{given:?}");
        assert_eq!(read(json!({ "path": "data/app.db" })).ok(), Some(only_path.clone()));
        let null = json!({ "path": "data/app.db", "busy_timeout_ms": null, "readers": null, "mode": null });
        assert_eq!(read(null).ok(), Some(only_path));
        let given = given.synchronous(Synchronous::Normal).busy_timeout(Duration::from_millis(17));
        let all =
            json!({ "path": "data/app.db", "synchronous": "normal", "busy_timeout_ms": 17, "readers": 3 });
        let given = given.readers(NonZero::new(3).expect("it isn't 0"));
        assert_eq!(read(all).ok(), Some(format!("{given:?}")));
        assert!(read(json!({})).is_err() && read(json!({ "path": "a", "readers": 0 })).is_err());
    }
}
