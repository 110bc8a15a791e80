//! Programs and libraries in `tests/programs`, built as a user builds them, and run.

mod build;
mod hygiene;
mod lost;
mod order;
mod panics;
mod premade;
mod problems;
mod wasm;
