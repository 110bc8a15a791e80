//! What is left under the name of a consumer that has it no more, so that programs that know it by that name don't begin anew.

use serde::{Deserialize, Serialize};

use crate::delivery::value::Value;

/// Why a consumer isn't there under its name any more.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Tombstone {
    /// An operator has removed it.
    Removed,
    /// A newer program calls it so.
    Renamed {
        to: String,
        /// As it was, if it was there: until it is saved under that name.
        value: Option<Box<Value>>,
    },
}

/// How it is saved: in the place of a consumer's value, of which it has no field.
#[derive(Serialize, Deserialize)]
struct Saved {
    gone: Tombstone,
}

impl Tombstone {
    /// `None` for a consumer's value.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok().map(|Saved { gone }| gone)
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(&Saved { gone: self.clone() }).expect("it is plain data")
    }

    /// Why a program that has the consumer under this name stands by.
    pub(crate) fn reason(&self, name: &str) -> String {
        match self {
            Self::Removed => format!(
                "it was removed from the journal; if this program is to deliver to it, `deliveries().adopt(\"{name}\")` makes it anew"
            ),
            Self::Renamed { to, .. } => format!(
                "a newer program has renamed it to `{to}`, and delivers to it; if this program is right, \
                 `deliveries().adopt(\"{name}\")` takes it back"
            ),
        }
    }
}
