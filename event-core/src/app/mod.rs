//! The running host: how it is put together, starts, tracks and stops.

pub(crate) mod assemble;
pub(crate) mod builder;
pub(crate) mod call_order;
pub(crate) mod default_app;
pub(crate) mod lifecycle;
pub(crate) mod prepared;
pub(crate) mod registry;
pub(crate) mod scope;
mod state;
pub(crate) mod track;
