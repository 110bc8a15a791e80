//! What it costs to keep events, against SQLite without anything around it.

pub(crate) mod disk;
mod large;
pub(crate) mod ours;
mod pace;
mod python;
pub(crate) mod raw;
mod reading;
mod writing;

pub(crate) use reading::print_peak;

use crate::row::Row;

pub(crate) fn rows() -> Vec<Row> {
    let mut rows = vec![writing::enqueued()];
    rows.extend(writing::awaited_by_64());
    rows.push(writing::awaited_by_1());
    rows.extend(pace::rows());
    rows.extend(large::rows());
    rows.extend(reading::rows());
    rows.extend(python::rows());
    rows
}
