//! A mistake in a configuration, where it is, and what can be there: in the words of configuration files.

use std::cell::Cell;
use std::fmt::{self, Display};

use serde::de::{self, Expected, Unexpected};

#[derive(Debug)]
pub(super) struct Wrong {
    /// Empty until a deserializer that knows it fills it in.
    pub(super) path: String,
    pub(super) message: String,
    /// The field that is missing, if that is the mistake.
    pub(super) missing: Option<&'static str>,
    /// Whether a number was expected, whose unit the key may say.
    pub(super) wants_number: bool,
}

thread_local! {
    /// How many mistakes this thread has made. Serde drops the mistakes of the variants of an untagged enum that it
    /// tries, and a constructor of an error is told nothing but its message.
    static MISTAKES: Cell<usize> = const { Cell::new(0) };
}

impl Wrong {
    pub(super) fn at(mut self, path: &str) -> Self {
        if self.path.is_empty() {
            path.clone_into(&mut self.path);
        }
        self
    }

    /// A key that no type asked for.
    pub(super) fn unread(path: String, meant: &str) -> Self {
        Self { path, message: format!("unknown key{meant}"), missing: None, wants_number: false }
    }

    /// In the words of configuration files, for a type that describes itself in those of Rust.
    fn unfit(mistake: &str, found: &str, expected: &dyn Expected) -> Self {
        let of_rust = expected.to_string();
        let number = number(&of_rust);
        let expected = match (&*of_rust, &number) {
            (_, Some(number)) => number,
            ("a sequence", _) => "a list",
            ("a map", _) => "a table",
            ("a boolean", _) => "true or false",
            (other, _) if other.starts_with("struct ") => "a table",
            (other, _) => other,
        };
        let wrong: Self = de::Error::custom(format_args!("{mistake}: {found}, expected {expected}"));
        Self { wants_number: number.is_some(), ..wrong }
    }

    /// How many mistakes this thread has made until now.
    pub(super) fn count() -> usize {
        MISTAKES.get()
    }
}

impl Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {}", self.path, self.message)?;
        match unit_of(&self.path).filter(|_| self.wants_number) {
            Some(unit) => write!(f, ", of {unit}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Wrong {}

impl de::Error for Wrong {
    fn custom<T: Display>(message: T) -> Self {
        MISTAKES.set(MISTAKES.get() + 1);
        Self { path: String::new(), message: message.to_string(), missing: None, wants_number: false }
    }

    fn invalid_type(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let found = match unexpected {
            Unexpected::Map => "a table".to_owned(),
            Unexpected::Seq => "a list".to_owned(),
            Unexpected::Unit => "null".to_owned(),
            other => other.to_string(),
        };
        Self::unfit("invalid type", &found, expected)
    }

    fn invalid_value(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::unfit("invalid value", &unexpected.to_string(), expected)
    }

    fn missing_field(field: &'static str) -> Self {
        Self { missing: Some(field), ..Self::custom(format_args!("missing key `{field}`")) }
    }
}

/// The numbers of a type that describes itself by its name in Rust, as `u32` and `a nonzero u32` do.
fn number(of_rust: &str) -> Option<String> {
    let (least, primitive) = match of_rust.strip_prefix("a nonzero ") {
        Some(primitive) => (1, primitive),
        None => (0, of_rust),
    };
    Some(match primitive {
        "f32" | "f64" => "a number".to_owned(),
        "u8" => format!("a whole number from {least} to {}", u8::MAX),
        "u16" => format!("a whole number from {least} to {}", u16::MAX),
        "u32" => format!("a whole number from {least} to {}", u32::MAX),
        "i8" => format!("a whole number from {} to {}", i8::MIN, i8::MAX),
        "i16" => format!("a whole number from {} to {}", i16::MIN, i16::MAX),
        "i32" => format!("a whole number from {} to {}", i32::MIN, i32::MAX),
        // A configuration has hardly larger ones.
        "u64" | "u128" | "usize" => format!("a whole number from {least} on"),
        "i64" | "i128" | "isize" => "a whole number".to_owned(),
        _ => return None,
    })
}

/// The unit of a setting whose name says it, such as `timeout_ms`.
fn unit_of(path: &str) -> Option<&'static str> {
    let (_, unit) = path.rsplit_once(['_', '-'])?;
    match unit {
        "ms" => Some("milliseconds"),
        "s" => Some("seconds"),
        _ => None,
    }
}
