//! What `[plugins.event-sqlite.store]` may say.

use std::num::NonZero;
use std::path::PathBuf;

use serde::Deserialize;

use crate::database::Mode;

#[derive(Debug, Deserialize)]
#[serde(default, expecting = "a table, such as {\"path\": \"events.db\"}")]
pub(crate) struct StoreSettings {
    pub(crate) enabled: bool,
    pub(crate) database: Option<String>,
    pub(crate) path: Option<PathBuf>,
    pub(crate) mode: Option<Mode>,
    pub(crate) ack: Ack,
    pub(crate) queue: NonZero<usize>,
    pub(crate) keep_days: Option<NonZero<u32>>,
    pub(crate) keep_rows: Option<NonZero<u64>>,
    pub(crate) view: bool,
}

/// When `track` resolves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Ack {
    /// When the event's row is committed.
    #[default]
    Commit,
    /// When the event is in the queue.
    Enqueued,
}

impl Default for StoreSettings {
    fn default() -> Self {
        Self {
            enabled: true,
            database: None,
            path: None,
            mode: None,
            ack: Ack::Commit,
            queue: const { NonZero::new(65_536).unwrap() },
            keep_days: None,
            keep_rows: None,
            view: true,
        }
    }
}
