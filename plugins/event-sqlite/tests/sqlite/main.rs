//! What the databases and the store promise to an application.

mod databases;
mod failures;
mod files;
mod reading;
mod store;
mod tracking;
mod writes;
