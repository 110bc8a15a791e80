//! Foreign code, which may panic: implementations, observers and handlers, and their values when they are printed or
//! dropped. A panic ends here.

use std::any::Any;
use std::error::Error as StdError;
use std::fmt::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::event::escape::escape_controls;

/// Runs foreign code.
#[inline]
pub(crate) fn catch<T>(code: impl FnOnce() -> T) -> Result<T, Panic> {
    catch_unwind(AssertUnwindSafe(code)).map_err(|payload| Panic(Guarded::new(payload)))
}

/// Drops a foreign value.
#[inline]
pub(crate) fn discard<T>(value: T) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(move || drop(value))) {
        discard_payload(payload);
    }
}

/// A panic's payload can panic when it is dropped, with another payload.
#[cold]
fn discard_payload(mut payload: Box<dyn Any + Send>) {
    const TRIES: usize = 8;
    for _ in 0..TRIES {
        match catch_unwind(AssertUnwindSafe(move || drop(payload))) {
            Ok(()) => return,
            Err(another) => payload = another,
        }
    }
    std::mem::forget(payload);
}

/// A foreign value that can be dropped anywhere: its panic goes no further.
pub(crate) struct Guarded<T>(Option<T>);

impl<T> Guarded<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(Some(value))
    }

    pub(crate) fn get(&self) -> &T {
        self.0.as_ref().expect("it is there until it is dropped")
    }

    pub(crate) fn get_mut(&mut self) -> &mut T {
        self.0.as_mut().expect("it is there until it is dropped")
    }

    pub(crate) fn into_inner(mut self) -> T {
        self.0.take().expect("it is there until it is dropped")
    }
}

impl<T> Drop for Guarded<T> {
    fn drop(&mut self) {
        // In place: moving it costs more than most drops.
        if std::mem::needs_drop::<T>()
            && self.0.is_some()
            && let Err(payload) = catch_unwind(AssertUnwindSafe(|| self.0 = None))
        {
            discard_payload(payload);
        }
    }
}

/// A panic that was caught.
pub(crate) struct Panic(Guarded<Box<dyn Any + Send>>);

impl Panic {
    /// Its message.
    pub(crate) fn message(&self) -> &str {
        panic_text(&**self.0.get())
    }
}

/// The text of a caught panic, or that it has none. For the payload that `catch_unwind` and a thread's `join` return.
///
/// ```
/// use event_core::plugin::panic_text;
///
/// let payload = std::panic::catch_unwind(|| panic!("no row {}", 17)).unwrap_err();
/// assert_eq!(panic_text(&*payload), "no row 17");
/// assert_eq!(panic_text(&17), "with a payload that is no text");
/// ```
pub fn panic_text(payload: &(dyn Any + Send)) -> &str {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("with a payload that is no text")
}

/// An error with all its causes on one line, for a log. Control characters are escaped. An error that
/// panics when it is printed, prints without end or is its own cause gives a line all the same.
///
/// ```
/// use event_core::plugin::error_line;
///
/// #[derive(Debug)]
/// struct NotSent(std::io::Error);
///
/// impl std::fmt::Display for NotSent {
///     fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
///         f.write_str("failed to send the mail")
///     }
/// }
///
/// impl std::error::Error for NotSent {
///     fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
///         Some(&self.0)
///     }
/// }
///
/// let error = NotSent(std::io::Error::other("timed out\r\n"));
/// assert_eq!(error_line(&error), r"failed to send the mail: timed out\r\n");
/// ```
pub fn error_line(error: &(dyn StdError + 'static)) -> String {
    escape_controls(&causes(error).collect::<Vec<_>>().join(": ")).into_owned()
}

/// An error with its causes, a line each: what `fn main() -> Result<(), YourError>` should print. Give it to your error's
/// [`Debug`](fmt::Debug), which `main` prints. Otherwise the same as [`error_line`].
///
/// ```
/// use event_core::plugin::error_lines;
/// use std::fmt;
///
/// struct NotSent(std::io::Error);
///
/// impl fmt::Debug for NotSent {
///     fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
///         f.write_str(&error_lines(self))
///     }
/// }
/// #
/// # impl fmt::Display for NotSent {
/// #     fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
/// #         f.write_str("failed to send the mail")
/// #     }
/// # }
/// #
/// # impl std::error::Error for NotSent {
/// #     fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
/// #         Some(&self.0)
/// #     }
/// # }
///
/// let error = NotSent(std::io::Error::other("timed out"));
/// assert_eq!(format!("{error:?}"), "failed to send the mail\n  caused by: timed out");
/// ```
pub fn error_lines(error: &(dyn StdError + 'static)) -> String {
    let lines = causes(error).map(|text| escape_controls(&text).into_owned());
    lines.collect::<Vec<_>>().join("\n  caused by: ")
}

/// The value's text, or why it has none.
pub(crate) fn text(value: &dyn fmt::Display) -> String {
    written(|text| write!(text, "{value}"))
}

/// The same with [`fmt::Debug`].
pub(crate) fn debug_text(value: &dyn fmt::Debug) -> String {
    written(|text| write!(text, "{value:?}"))
}

fn written(write: impl FnOnce(&mut Bounded) -> fmt::Result) -> String {
    let mut text = Bounded(String::new());
    let written = catch(|| write(&mut text));
    let why = match (written, text.is_full()) {
        (Ok(Ok(())), _) => return text.0,
        (_, true) => "the rest is left out".to_owned(),
        (Ok(Err(_)), _) => "printing it failed".to_owned(),
        (Err(panic), _) => format!("printing it panicked: {}", panic.message()),
    };
    if text.0.is_empty() { format!("({why})") } else { format!("{} ({why})", text.0) }
}

/// A text of limited length, so that an endless `Display` doesn't fill the memory.
struct Bounded(String);

const LONGEST_TEXT: usize = 64 << 10;

impl Bounded {
    fn is_full(&self) -> bool {
        self.0.len() > LONGEST_TEXT
    }
}

impl Write for Bounded {
    fn write_str(&mut self, more: &str) -> fmt::Result {
        if self.is_full() {
            return Err(fmt::Error);
        }
        let mut end = more.len().min(LONGEST_TEXT + 1 - self.0.len());
        while !more.is_char_boundary(end) {
            end += 1;
        }
        self.0.push_str(&more[..end]);
        if end == more.len() { Ok(()) } else { Err(fmt::Error) }
    }
}

/// The texts of this error and its causes, from the outermost to the innermost.
pub(crate) fn causes<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = String> + 'a {
    chain(error).enumerate().map(|(depth, error)| match depth {
        DEEPEST => "(more causes are left out)".to_owned(),
        _ => text(error),
    })
}

/// An error can be its own cause.
const DEEPEST: usize = 64;

/// The error and its causes, up to a depth.
pub(crate) fn chain<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    let mut next = Some(error);
    let chain = std::iter::from_fn(move || {
        let error = next?;
        next = catch(|| error.source()).ok().flatten();
        Some(error)
    });
    chain.take(DEEPEST + 1)
}
