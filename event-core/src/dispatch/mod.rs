//! How a call reaches its implementations.

pub(crate) mod blocking;
pub(crate) mod builtin;
pub(crate) mod call;
pub(crate) mod call_state;
pub(crate) mod error;
pub(crate) mod execute;
pub(crate) mod failure;
pub(crate) mod hook;
pub(crate) mod host;
pub(crate) mod implementation;
pub(crate) mod in_flight;
pub(crate) mod listeners;
pub(crate) mod observe;
pub(crate) mod parameter;
pub(crate) mod plan;
pub(crate) mod receipt;
pub(crate) mod recording;
pub(crate) mod reentrancy;
pub(crate) mod return_value;
pub(crate) mod stand_in;
pub(crate) mod state;
pub(crate) mod stop;
pub(crate) mod type_map;
pub(crate) mod typed_steps;
pub(crate) mod waiters;
pub(crate) mod wrapper;
