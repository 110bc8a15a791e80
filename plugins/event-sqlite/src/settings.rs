//! What `[plugins.event-sqlite]` may say.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::database::{DatabaseOptions, read_by_name};
use crate::store::StoreSettings;

#[derive(Debug, Deserialize)]
#[serde(default)]
pub(crate) struct Settings {
    #[serde(deserialize_with = "read_by_name")]
    pub(crate) databases: BTreeMap<String, DatabaseOptions>,
    /// `None` where the section has no word about the store.
    pub(crate) store: Option<StoreSettings>,
    pub(crate) shutdown_ms: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { databases: BTreeMap::new(), store: None, shutdown_ms: 10_000 }
    }
}
