//! What is promised to durable implementations, over the journal in memory.

mod batches;
mod causes;
mod commands;
mod controls;
mod crashes;
mod delivering;
mod deploys;
mod done;
mod ends;
mod failing;
mod faults;
mod halving;
mod lanes;
mod letters;
mod model;
mod orders;
mod reading;
mod renames;
mod retrying;
mod running;
mod starting;
mod stored;
mod takeovers;
mod telling;
mod timeouts;
mod tracking;
