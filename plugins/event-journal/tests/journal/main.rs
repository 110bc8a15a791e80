//! What is promised to durable implementations, over the journal in memory.

mod delivering;
mod orders;
