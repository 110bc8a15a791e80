//! What the databases and the store promise to an application.

mod databases;
mod files;
mod store;
mod writes;
