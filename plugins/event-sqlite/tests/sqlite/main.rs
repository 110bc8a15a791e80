//! What the databases and the store promise to an application.

mod chosen;
mod circles;
mod closing;
mod databases;
mod delivering;
mod depth;
mod done;
mod failures;
mod files;
#[cfg(unix)]
mod forked;
mod ids;
mod isolation;
mod journal;
mod late;
mod model;
mod numbers;
mod own_errors;
mod panicking;
#[cfg(unix)]
mod permissions;
mod reading;
mod reads;
mod recognised;
mod replaced;
mod retention;
mod runtimes;
mod schemas;
mod store;
mod times;
mod tracking;
mod view;
mod without_store;
mod writes;
