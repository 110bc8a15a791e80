//! Events. No file here depends on hooks, apps or configuration.

pub(crate) mod actor;
pub(crate) mod cause;
pub(crate) mod context;
pub(crate) mod date;
pub(crate) mod durability;
pub(crate) mod envelope;
pub(crate) mod escape;
pub(crate) mod event_type;
pub(crate) mod foreign;
pub(crate) mod id;
pub(crate) mod json;
pub(crate) mod name_pattern;
pub(crate) mod plugin_identity;
pub(crate) mod record;
pub(crate) mod rfc3339;
pub(crate) mod shared;
pub(crate) mod test_clock;
pub(crate) mod tracked;
pub(crate) mod type_number;
