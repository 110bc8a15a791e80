//! What the databases and the store promise to an application.

mod files;
mod store;
