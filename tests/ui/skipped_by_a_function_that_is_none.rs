//! `skip_serializing_if` with a function that isn't there, and with one of another type.

use event_core::prelude::*;

#[derive(Event)]
struct Paid {
    #[serde(skip_serializing_if = "is_zero")]
    amount: u64,
    #[serde(skip_serializing_if = "String::is_empty")]
    note: Option<String>,
}

fn main() {}
