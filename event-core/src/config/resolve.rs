//! How `{ "$env" = "NAME" }` and `{ "$file" = "PATH" }` become values.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use serde_json::{Map, Value};

use super::Config;
use super::load::{is_reference, join};
use super::read::meaning;
use crate::config::problem::StartProblem;

impl Config {
    /// The value with every reference in it replaced by what it refers to.
    pub(super) fn resolve(&mut self, value: Value, path: &str, problems: &mut Vec<StartProblem>) -> Value {
        match value {
            Value::Object(keys) if is_reference(&keys) => match self.fetch(&keys, path) {
                Ok(text) => {
                    self.written.texts.insert(path.to_owned());
                    self.keep_secret(text.trim());
                    Value::String(text)
                }
                Err(why) => {
                    let source = self.sources.get(path).map_or("configuration", String::as_str);
                    problems.push(StartProblem::new(format!("{source}: `{path}`: {why}")));
                    Value::Null
                }
            },
            Value::Object(keys) => {
                let resolved = keys.into_iter().map(|(key, value)| {
                    let mut path = path.to_owned();
                    join(&mut path, &key);
                    let value = self.resolve(value, &path, problems);
                    (key, value)
                });
                Value::Object(resolved.collect())
            }
            Value::Array(items) => {
                let resolved = items.into_iter().enumerate();
                resolved
                    .map(|(index, value)| self.resolve(value, &format!("{path}[{index}]"), problems))
                    .collect()
            }
            other => other,
        }
    }

    /// No message shall hold this text, nor what `Debug` makes of it: so serde shows what it didn't expect.
    fn keep_secret(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        self.secrets.push(text.to_owned());
        let quoted = format!("{text:?}");
        let escaped = &quoted[1..quoted.len() - 1];
        if escaped != text {
            self.secrets.push(escaped.to_owned());
        }
        match meaning(text) {
            // A list is read item by item, so one item can be what a message is about.
            Some(Value::Array(items)) => {
                items.iter().filter_map(Value::as_str).for_each(|item| self.keep_secret(item));
            }
            // A message writes 1.50 as 1.5.
            Some(Value::Number(number)) => self.secrets.push(number.to_string()),
            _ => {}
        }
    }

    fn fetch(&self, keys: &Map<String, Value>, path: &str) -> Result<String, String> {
        let mut entries = keys.iter();
        let (Some((key, Value::String(name))), None) = (entries.next(), entries.next()) else {
            return Err("`$env` and `$file` stand alone in their table, and have a text".to_owned());
        };
        if key == "$env" {
            return std::env::var(name).map_err(|error| match error {
                std::env::VarError::NotPresent => format!("the environment variable `{name}` isn't set"),
                std::env::VarError::NotUnicode(_) => format!("the environment variable `{name}` isn't UTF-8"),
            });
        }
        // A relative path is relative to the file that says it.
        let folder = self.sources.get(path).map(Path::new).and_then(Path::parent);
        let file = folder.map_or_else(|| name.into(), |folder| folder.join(name));
        read(&file).map_err(|error| format!("the file `{}` can't be read: {error}", file.display()))
    }
}

/// The largest file that a configuration may refer to, in bytes.
const LARGEST_FILE: u64 = 1 << 20;

/// A pipe may never have an end, and a device none at all.
fn read(file: &Path) -> io::Result<String> {
    let refused = |why: &str| Err(io::Error::new(io::ErrorKind::InvalidInput, why));
    if !std::fs::metadata(file)?.is_file() {
        return refused("it isn't a regular file; write the value to one");
    }
    let mut text = String::new();
    File::open(file)?.take(LARGEST_FILE + 1).read_to_string(&mut text)?;
    if text.len() as u64 > LARGEST_FILE {
        return refused("it has more than 1 MiB; `$file` is for keys, tokens and certificates");
    }
    Ok(text)
}
