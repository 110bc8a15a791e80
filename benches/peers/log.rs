//! `log` with key-values: a record to a logger that hands it on to several, as crates that combine loggers do. Each
//! visits the key-values.

use std::hint::black_box;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use log::kv::{Error, Key, Value, VisitSource, VisitValue};
use log::{LevelFilter, Log, Metadata, Record};

use crate::numbered::numbered;

pub(crate) fn loggers(count: usize) -> impl FnMut(u64) {
    COUNT.store(count, Relaxed);
    // A second one is refused, and does the same as the first.
    let _ = log::set_logger(&FanOut);
    log::set_max_level(LevelFilter::Info);
    repeat
}

/// Without a logger.
pub(crate) fn disabled() -> impl FnMut(u64) {
    repeat
}

fn repeat(times: u64) {
    for order in 0..times {
        log::info!(order = black_box(order), customer = "mallory", express = true; "order placed");
    }
}

/// There is one logger in a process, so how many it has can't be in its type.
static COUNT: AtomicUsize = AtomicUsize::new(0);

struct FanOut;

impl Log for FanOut {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        for logger in &LOGGERS[..COUNT.load(Relaxed)] {
            logger.log(record);
        }
    }

    fn flush(&self) {}
}

struct VisitsKeyValues<const NUMBER: u64>;

impl<const NUMBER: u64> Log for VisitsKeyValues<NUMBER> {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        record.key_values().visit(&mut Visitor::<NUMBER>).expect("the visitor refuses nothing");
    }

    fn flush(&self) {}
}

struct Visitor<const NUMBER: u64>;

impl<'v, const NUMBER: u64> VisitSource<'v> for Visitor<NUMBER> {
    fn visit_pair(&mut self, _: Key<'v>, value: Value<'v>) -> Result<(), Error> {
        value.visit(self)
    }
}

impl<const NUMBER: u64> VisitValue<'_> for Visitor<NUMBER> {
    fn visit_any(&mut self, value: Value<'_>) -> Result<(), Error> {
        black_box(&value);
        Ok(())
    }

    fn visit_u64(&mut self, value: u64) -> Result<(), Error> {
        black_box(value + NUMBER);
        Ok(())
    }

    fn visit_str(&mut self, value: &str) -> Result<(), Error> {
        black_box(value);
        Ok(())
    }

    fn visit_bool(&mut self, value: bool) -> Result<(), Error> {
        black_box(value);
        Ok(())
    }
}

macro_rules! loggers {
    ($($name:ident $number:literal)*) => {
        static LOGGERS: [&dyn Log; 64] = [$(&VisitsKeyValues::<$number>),*];
    };
}

numbered!(loggers);
