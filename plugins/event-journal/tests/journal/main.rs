//! What is promised to durable implementations, over the journal in memory.

mod delivering;
mod ends;
mod failing;
mod faults;
mod letters;
mod orders;
mod stored;
mod takeovers;
mod timeouts;
