//! What `[plugins.event-sqlite]` may say.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::database::DatabaseOptions;
use crate::store::StoreSettings;

#[derive(Debug, Deserialize)]
#[serde(default)]
pub(crate) struct Settings {
    pub(crate) databases: BTreeMap<String, DatabaseOptions>,
    pub(crate) store: StoreSettings,
    pub(crate) shutdown_ms: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { databases: BTreeMap::new(), store: StoreSettings::default(), shutdown_ms: 10_000 }
    }
}
