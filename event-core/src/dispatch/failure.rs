//! The failure of an implementation.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::thread;

use uuid::Uuid;

use crate::dispatch::host::App;
use crate::dispatch::implementation::Implementation;
use crate::event::escape::escape_controls;
use crate::event::foreign::{self, Guarded, Panic};
use crate::event::tracked::Tracked;

/// Any error, as an implementation returned it.
pub type BoxError = Box<dyn StdError + Send + Sync>;

/// An implementation that returned an error or panicked: which one, on which event, where and why.
///
/// [`Display`](fmt::Display) gives the first three on one line; [`source`](StdError::source) is the error that
/// the implementation returned. Cloning is cheap.
#[derive(Clone)]
pub struct Failure(Arc<Inner>);

struct Inner {
    implementation: Arc<Implementation>,
    event: Option<(String, Uuid)>,
    cause: Cause,
}

enum Cause {
    Error(Guarded<BoxError>),
    Panic(Panicked),
}

impl Failure {
    pub(crate) fn returned(
        implementation: &Arc<Implementation>,
        event: Option<&Tracked>,
        cause: BoxError,
    ) -> Self {
        Self::new(implementation, event, Cause::Error(Guarded::new(cause)))
    }

    pub(crate) fn panicked(
        implementation: &Arc<Implementation>,
        event: Option<&Tracked>,
        panic: &Panic,
    ) -> Self {
        Self::new(implementation, event, Cause::Panic(Panicked::new(panic)))
    }

    /// On an event that is known by its name and id only, such as one that can't be read back.
    pub(crate) fn on_record(
        implementation: &Arc<Implementation>,
        event: (String, Uuid),
        cause: BoxError,
    ) -> Self {
        let cause = Cause::Error(Guarded::new(cause));
        Self(Arc::new(Inner { implementation: implementation.clone(), event: Some(event), cause }))
    }

    #[cold]
    fn new(implementation: &Arc<Implementation>, event: Option<&Tracked>, cause: Cause) -> Self {
        let event = event.map(|event| (event.name().to_owned(), event.id()));
        Self(Arc::new(Inner { implementation: implementation.clone(), event, cause }))
    }

    /// The implementation that failed.
    pub fn implementation(&self) -> &Implementation {
        &self.0.implementation
    }

    /// The name of the event it failed on, if the hook is about an event.
    pub fn event_name(&self) -> Option<&str> {
        self.0.event.as_ref().map(|(name, _)| name.as_str())
    }

    /// The id of the event it failed on, if the hook is about an event.
    pub fn event_id(&self) -> Option<Uuid> {
        self.0.event.as_ref().map(|(_, id)| *id)
    }

    /// The error that was returned; for a panic, one that holds its message.
    pub fn cause(&self) -> &(dyn StdError + Send + Sync + 'static) {
        match &self.0.cause {
            Cause::Error(error) => &**error.get(),
            Cause::Panic(panicked) => panicked,
        }
    }

    /// Whether the implementation panicked instead of returning an error.
    pub fn is_panic(&self) -> bool {
        matches!(self.0.cause, Cause::Panic(_))
    }

    /// Whether the implementation is `essential`, so that this failure ends the call.
    pub fn is_essential(&self) -> bool {
        self.0.implementation.is_essential()
    }

    /// The failure with all its causes on one line, for a log. Control characters are escaped; see
    /// [`escape_controls`](crate::plugin::escape_controls).
    pub fn to_line(&self) -> String {
        let mut line = self.to_string();
        for cause in foreign::causes(self.cause()) {
            line.push_str(": ");
            line.push_str(&cause);
        }
        escape_controls(&line).into_owned()
    }
}

/// The implementation, its place, and the event: `` `billing::charge` (hook track_event, plugin billing, src/lib.rs:12) failed on
/// event `order-placed` ``.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} failed", self.0.implementation)?;
        match &self.0.event {
            Some((name, _)) => write!(f, " on event `{}`", escape_controls(name)),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Failure")
            .field("implementation", &self.0.implementation.to_string())
            .field("event", &self.event_name())
            .field("cause", &format_args!("{}", foreign::debug_text(&self.cause())))
            .finish()
    }
}

impl StdError for Failure {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(self.cause())
    }
}

/// A panic, as the error it counts as.
#[derive(Debug)]
struct Panicked {
    message: String,
    /// The name of the thread, where the panic says that it is in no tokio runtime.
    outside_tokio: Option<String>,
}

impl Panicked {
    /// Of a panic on this thread.
    fn new(panic: &Panic) -> Self {
        let message = panic.message().to_owned();
        let outside_tokio = message
            .contains(NO_TOKIO)
            .then(|| thread::current().name().unwrap_or("without a name").to_owned());
        Self { message, outside_tokio }
    }
}

/// What tokio's timers, sockets and `spawn` say on a thread that is in no runtime.
const NO_TOKIO: &str = "must be called from the context of a Tokio";

impl fmt::Display for Panicked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "panicked: {}", self.message)?;
        match &self.outside_tokio {
            Some(thread) => write!(
                f,
                "; the implementation needs a tokio runtime, and the thread `{thread}` is in none; call from a runtime, as in \
                 `#[tokio::main]`"
            ),
            None => Ok(()),
        }
    }
}

impl StdError for Panicked {}

/// Handles a failure that no caller receives.
pub(crate) type Handler = Box<dyn Fn(&Failure) + Send + Sync>;

/// Hands a failure to the app's failure handler, for a plugin that calls implementations itself.
pub fn report(app: &App, failure: &Failure) {
    app.inner.report_all(std::slice::from_ref(failure));
}

/// One line on standard error.
pub(crate) fn print(failure: &Failure) {
    say(&failure.to_line());
}

/// The same with any text.
pub(crate) fn say(line: &str) {
    log_line("event-core", format_args!("{line}"));
}

/// One line on standard error that begins with the plugin's name, for what no caller can be told. Control characters are escaped.
pub fn log_line(plugin: &str, line: fmt::Arguments<'_>) {
    use std::io::Write;
    // A closed standard error is no reason to fail, and there is no other place to report.
    let _ =
        std::io::stderr().write_all(format!("{plugin}: {}\n", escape_controls(&line.to_string())).as_bytes());
}
