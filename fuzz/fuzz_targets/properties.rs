//! Do an event's two forms agree, with each other and with `serde_json`, for whatever serde can make?
//!
//! The same model and the same check as in the test `generated`.
#![no_main]

#[path = "../../tests/tests/generated/check.rs"]
mod check;
#[path = "../../tests/tests/generated/shape.rs"]
mod shape;

libfuzzer_sys::fuzz_target!(|shape: shape::Shape| check::check(&shape));
