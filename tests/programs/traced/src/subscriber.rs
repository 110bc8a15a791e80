//! A subscriber that prints what it hears, indented by the spans that it is in.

use std::fmt::{Debug, Write};
use std::sync::{Mutex, PoisonError};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

/// The program has one thread, so one list of entered spans is enough.
#[derive(Default)]
pub struct Lines {
    /// Of event-core.
    pub only_errors: bool,
    spans: Mutex<Vec<&'static str>>,
    entered: Mutex<Vec<u64>>,
}

impl Lines {
    fn print(&self, line: &str) {
        let depth = self.entered.lock().unwrap_or_else(PoisonError::into_inner).len();
        println!("{}{line}", "  ".repeat(depth));
    }

    fn name(&self, span: &Id) -> &'static str {
        self.spans.lock().unwrap_or_else(PoisonError::into_inner)
            [usize::try_from(span.into_u64()).unwrap() - 1]
    }
}

/// Fields as `name=value`; a duration as whether there is one, since each run has its own.
#[derive(Default)]
struct Fields(String);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let _ = write!(self.0, " {}={value:?}", field.name());
    }

    fn record_u64(&mut self, field: &Field, _: u64) {
        let _ = write!(self.0, " {}=…", field.name());
    }
}

impl Subscriber for Lines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let is_wanted = !self.only_errors || *metadata.level() == Level::ERROR;
        (metadata.target().starts_with("event_core") && is_wanted) || metadata.target().starts_with("traced")
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut fields = Fields::default();
        span.record(&mut fields);
        let metadata = span.metadata();
        self.print(&format!("{} {} {}:{}", metadata.level(), metadata.target(), metadata.name(), fields.0));
        let mut spans = self.spans.lock().unwrap_or_else(PoisonError::into_inner);
        spans.push(metadata.name());
        Id::from_u64(spans.len() as u64)
    }

    fn record(&self, span: &Id, values: &Record<'_>) {
        let mut fields = Fields::default();
        values.record(&mut fields);
        self.print(&format!("{}:{}", self.name(span), fields.0));
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let parent = match event.parent() {
            Some(span) => format!(" in {}", self.name(span)),
            None if event.is_contextual()
                && self.only_errors
                && *event.metadata().level() == Level::ERROR =>
            {
                " around it".to_owned()
            }
            None => String::new(),
        };
        self.print(&format!(
            "{} {}{parent}:{}",
            event.metadata().level(),
            event.metadata().target(),
            fields.0
        ));
    }

    fn enter(&self, span: &Id) {
        self.entered.lock().unwrap_or_else(PoisonError::into_inner).push(span.into_u64());
    }

    fn exit(&self, span: &Id) {
        let last = self.entered.lock().unwrap_or_else(PoisonError::into_inner).pop();
        assert_eq!(
            last,
            Some(span.into_u64()),
            "spans are left in the reverse order in which they were entered"
        );
    }
}
