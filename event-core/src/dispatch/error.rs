//! The errors of an app's methods.

use std::error::Error as StdError;
use std::fmt;
use std::panic::Location;
use std::sync::OnceLock;

use crate::config::ConfigError;
use crate::config::problem::StartProblem;
use crate::dispatch::call_depth::TooDeep;
use crate::dispatch::failure::Failure;
use crate::dispatch::pending::WouldBlock;
use crate::event::escape::escape_controls;
use crate::event::foreign;
use crate::event::json::PropertiesError;

/// `Result` with this crate's [`Error`]; `Result<()>` is what most hook implementations return.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a method of the app failed. Each variant says when it happens, and the remedy if there is one.
#[non_exhaustive]
pub enum Error {
    /// [`App::start`](crate::App::start) found something wrong with what is linked, registered or configured. All problems
    /// are listed, not only the first.
    Start(Vec<StartProblem>),
    /// A `startup` implementation failed. What had started was shut down again.
    Startup(Failure),
    /// An event was tracked whose type this app doesn't know. No implementation ran.
    UnknownEvent {
        /// The event's name.
        name: &'static str,
        /// The event's type.
        rust_type: &'static str,
    },
    /// The envelope of an event can't be written and read back: an actor that is deeper than
    /// [`MAX_DEPTH`](crate::plugin::MAX_DEPTH), a time outside of the years 0 to 9999 or in a leap second. No
    /// implementation ran.
    Envelope {
        /// The event's name.
        name: &'static str,
        /// Why it can't be written.
        why: Box<str>,
    },
    /// An event was tracked in a `register_events` implementation, before the app knows its events.
    NotYet {
        /// The event's name.
        name: &'static str,
    },
    /// An `essential` implementation failed, so the call was ended: the event isn't tracked.
    Refused(Failure),
    /// Implementations failed, and the caller asked for that to be an error
    /// ([`Receipt::strict`](crate::Receipt::strict), a `firstresult` hook,
    /// [`App::shutdown`](crate::App::shutdown)).
    Failed(Vec<Failure>),
    /// The app was shut down, or is being shut down.
    ShutDown,
    /// A [`shutdown`](crate::App::shutdown) of the app was dropped before it had ended, as by a timeout. The app stays closed until
    /// `shutdown` is called again, which goes on where that one was.
    ShutdownDropped,
    /// `.wait()` inside an implementation would have to wait for something that may wait for this very
    /// implementation. What had run until then stays done; the rest was not run. It names the `.wait()`, and the
    /// implementation that isn't ready.
    WouldBlock(Box<WouldBlock>),
    /// An event was tracked, or a hook called, inside of as many calls as may run within each other
    /// ([`AppBuilder::call_depth_limit`](crate::AppBuilder::call_depth_limit)). No implementation ran.
    TooDeep(Box<TooDeep>),
    /// `shutdown` was called inside an implementation of the same app, and would wait for that very implementation.
    ShutdownInside,
    /// The app holds no value of this type; a `startup` implementation puts one in with
    /// [`App::insert`](crate::App::insert).
    NoState {
        /// The type that was asked for.
        rust_type: &'static str,
    },
    /// The app holds no value of this type, but one of a type with this one in it, or one that is in this one.
    OtherState {
        /// The type that was asked for.
        rust_type: &'static str,
        /// The type of the value that the app holds.
        held: &'static str,
    },
    /// The app already holds a value of this type.
    StateExists {
        /// The type that was inserted again.
        rust_type: &'static str,
    },
    /// [`event_core::track`](crate::track) was called while no app is the process's default.
    NoDefaultApp {
        /// The event's name.
        name: &'static str,
    },
    /// [`App::install`](crate::App::install) was called again.
    Installed,
    /// An event's fields can't be written as JSON.
    Properties(PropertiesError),
    /// A plugin's section of the configuration is invalid.
    Config(ConfigError),
    /// An error of another crate, which `?` or [`Error::other`] put here so that a function can return an
    /// `event_core::Result`. Of an implementation that returns it, it is the failure's cause.
    Foreign(Box<dyn StdError + Send + Sync>),
}

impl Error {
    /// An error of any type: `.map_err(Error::other)?` for one that `?` doesn't take.
    ///
    /// `?` takes texts, `Box<dyn Error + Send + Sync>`, `anyhow::Error` and its like, and the errors of the standard library,
    /// `serde_json`, chrono and uuid.
    pub fn other(error: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::Foreign(error.into())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start(problems) => {
                let s = if problems.len() == 1 { "problem" } else { "problems" };
                write!(f, "failed to start the app: {} {s}:", problems.len())?;
                problems.iter().try_for_each(|problem| write!(f, "\n- {problem}"))
            }
            Self::Startup(failure) => write!(f, "failed to start the app: {failure}"),
            Self::UnknownEvent { name, rust_type } => write!(
                f,
                "failed to track event `{name}`: this app doesn't know it; register `{rust_type}`: link the crate \
                 that defines it (`event_core::plugins![…]`), give it to the builder \
                 (`.event::<…>()`), or, if it is generic, return it from a `register_events` implementation"
            ),
            Self::Envelope { name, why } => write!(f, "failed to track event `{name}`: {}", escape_controls(why)),
            Self::NotYet { name } => write!(
                f,
                "failed to track event `{name}`: `register_events` implementations are called before the app knows its \
                 events; track it in a `startup` implementation"
            ),
            Self::Refused(failure) => write!(f, "refused: {failure}"),
            Self::Failed(failures) => match failures.as_slice() {
                [failure] => write!(f, "{failure}"),
                failures => {
                    write!(f, "{} implementations failed:", failures.len())?;
                    failures.iter().try_for_each(|failure| write!(f, "\n- {}", failure.to_line()))
                }
            },
            Self::ShutDown => f.write_str("failed to track or call: the app was shut down"),
            Self::ShutdownDropped => f.write_str(
                "failed to track or call: a `shutdown` of the app was dropped before it had ended, as by a timeout; call \
                 `shutdown` again, which goes on where it was",
            ),
            Self::WouldBlock(would_block) => would_block.fmt(f),
            Self::TooDeep(too_deep) => too_deep.fmt(f),
            Self::ShutdownInside => f.write_str(
                "failed to shut down: `shutdown` waits for running calls, and was called inside one of them; call it where \
                 the app was started",
            ),
            Self::NoState { rust_type } => {
                write!(f, "the app holds no `{rust_type}`; ")?;
                if rust_type.starts_with("alloc::sync::Arc<") {
                    f.write_str("`state::<T>()` gives an `Arc<T>` by itself: ask for what is inside")
                } else {
                    f.write_str("put one in with `app.insert(…)` in a `startup` implementation")
                }
            }
            Self::OtherState { rust_type, held } if rust_type == held => write!(
                f,
                "the app holds another type that is called `{held}`: two versions of its crate are in this program, see \
                 `cargo tree --duplicates`"
            ),
            Self::OtherState { rust_type, held } => {
                let (asked, held) = (without_paths(rust_type), without_paths(held));
                let article = if held.starts_with(['A', 'E', 'I', 'O', 'U']) { "an" } else { "a" };
                write!(f, "the app holds {article} `{held}`, and no `{rust_type}`; ")?;
                if held == format!("Arc<{asked}>") {
                    write!(f, "`state::<{asked}>()` gives an `{held}` by itself: insert the `{asked}`")
                } else if asked == format!("Arc<{held}>") {
                    write!(f, "`state::<{held}>()` gives an `{asked}` by itself: ask for the `{held}`")
                } else {
                    write!(f, "ask for `state::<{held}>()`, or insert a `{asked}`")
                }
            }
            Self::StateExists { rust_type } => {
                write!(f, "the app already holds a `{rust_type}`; wrap the second in a type of its own")
            }
            Self::NoDefaultApp { name } => write!(
                f,
                "failed to track event `{name}`: no app is the process's default; call `app.install()` in `main`, or track \
                 it with `app.track(…)`"
            ),
            Self::Installed => {
                f.write_str("failed to install the app: another one is the process's default")?;
                match INSTALLED_AT.get() {
                    Some(first) => write!(f, ", installed at {}:{}", first.file(), first.line()),
                    None => Ok(()),
                }
            }
            Self::Properties(error) => error.fmt(f),
            Self::Config(error) => error.fmt(f),
            Self::Foreign(error) => error.fmt(f),
        }
    }
}

/// Where the process's default app was installed. There is at most one, so the error needs no place of its own.
pub(crate) static INSTALLED_AT: OnceLock<&'static Location<'static>> = OnceLock::new();

/// A type's name as a program mostly writes it: `Arc<Pool>` for `alloc::sync::Arc<shop::Pool>`.
fn without_paths(rust_type: &str) -> String {
    let mut short = String::new();
    for part in rust_type.split_inclusive(|c: char| !c.is_alphanumeric() && c != '_') {
        match part.strip_suffix(':') {
            Some(_) => {}
            None => short.push_str(part),
        }
    }
    short
}

/// The output of a `main` that returns this: the message, and each cause on a line of its own.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)?;
        let mut causes = self.source().into_iter().flat_map(foreign::causes);
        causes.try_for_each(|cause| write!(f, "\n  caused by: {}", escape_controls(&cause)))
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Startup(failure) | Self::Refused(failure) => failure.source(),
            Self::Failed(failures) => match failures.as_slice() {
                [failure] => failure.source(),
                _ => None,
            },
            Self::Properties(error) => error.source(),
            Self::Foreign(error) => error.source(),
            _ => None,
        }
    }
}

impl From<PropertiesError> for Error {
    fn from(error: PropertiesError) -> Self {
        Self::Properties(error)
    }
}

impl From<ConfigError> for Error {
    fn from(error: ConfigError) -> Self {
        Self::Config(error)
    }
}
