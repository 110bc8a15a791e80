//! How the layers of a configuration become one tree.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use serde_json::{Map, Value};

use super::{Layer, Layers, variables};
use crate::config::problem::StartProblem;

/// The layers as one tree, not resolved yet.
#[derive(Default)]
pub(super) struct Merged {
    pub(super) tree: Map<String, Value>,
    pub(super) written: Written,
    pub(super) sources: HashMap<String, String>,
}

/// How values and keys were written, by their paths.
#[derive(Default)]
pub(super) struct Written {
    /// Values that came as text from the environment or a file: a number may be written in them.
    pub(super) texts: HashSet<String>,
    /// Keys that only a variable names, so that `-` and `_` can't be told apart.
    pub(super) by_variable: HashSet<String>,
}

pub(super) fn merge(layers: Layers, linked: &[&str], problems: &mut Vec<StartProblem>) -> Merged {
    let mut merged = Merged::default();
    for layer in layers.layers {
        let (source, value) = match layer {
            Layer::File(path) => (path.display().to_string(), file(&path)),
            Layer::Value(value) => ("configuration".to_owned(), value.map_err(|error| error.to_string())),
        };
        match value {
            Ok(Value::Object(keys)) => merged.add(keys, &source),
            Ok(other) => problems.push(StartProblem::new(format!("{source}: {}", no_table(&other)))),
            Err(error) => problems.push(StartProblem::new(format!("{source}: {error}"))),
        }
    }
    let mut variables = layers.variables.unwrap_or_else(|| variables::of_the_process(problems));
    // Sorted, so that an error about two contradicting ones is the same each time.
    variables.sort();
    for (variable, value) in variables {
        if let Err(problem) = merged.set_variable(&variable, value, linked) {
            problems.push(StartProblem::new(format!("environment variable {variable}: {problem}")));
        }
    }
    merged
}

/// Describes a value that isn't a configuration. A text of several lines isn't shown: it may hold secrets.
fn no_table(value: &Value) -> String {
    match value {
        Value::String(text) if text.contains(['\n', '=']) => "a configuration is a table at the top, and this is a \
             text; read it first, as `toml::from_str::<toml::Table>(…)` does, or give a file with `.config_file(…)`"
            .to_owned(),
        Value::String(text) => format!(
            "a configuration is a table at the top, and this is the text `{text}`; give a file with \
             `.config_file(\"{text}\")`"
        ),
        _ => "a configuration is a table at the top".to_owned(),
    }
}

/// A TOML file as a tree. An error has line and column, but no text of the file, which may hold secrets.
fn file(path: &Path) -> Result<Value, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("can't be read: {error}"))?;
    let table: toml::Table = toml::from_str(&text).map_err(|error| match error.span() {
        Some(span) => {
            let before = &text[..span.start.min(text.len())];
            let (line, column) = (
                before.matches('\n').count() + 1,
                before.chars().rev().take_while(|c| *c != '\n').count() + 1,
            );
            format!("line {line}, column {column}: {}", error.message())
        }
        None => error.message().to_owned(),
    })?;
    json(toml::Value::Table(table))
}

fn json(value: toml::Value) -> Result<Value, String> {
    Ok(match value {
        toml::Value::String(text) => Value::String(text),
        toml::Value::Integer(number) => number.into(),
        toml::Value::Float(number) if !number.is_finite() => {
            return Err(format!("a number is {number}; write one that is finite"));
        }
        toml::Value::Float(number) => number.into(),
        toml::Value::Boolean(truth) => truth.into(),
        toml::Value::Datetime(time) => Value::String(time.to_string()),
        toml::Value::Array(list) => list.into_iter().map(json).collect::<Result<_, _>>()?,
        toml::Value::Table(table) => {
            let entries = table.into_iter().map(|(key, value)| Ok((key, json(value)?)));
            entries.collect::<Result<_, String>>()?
        }
    })
}

impl Merged {
    fn add(&mut self, keys: Map<String, Value>, source: &str) {
        merge_into(&mut self.tree, keys, source, "", &mut self.sources);
    }
}

fn merge_into(
    tree: &mut Map<String, Value>,
    keys: Map<String, Value>,
    source: &str,
    path: &str,
    sources: &mut HashMap<String, String>,
) {
    for (key, value) in keys {
        let mut path = path.to_owned();
        join(&mut path, &key);
        sources.insert(path.clone(), source.to_owned());
        match (tree.get_mut(&key), value) {
            // `{ "$env" = … }` is a value: it replaces and is replaced whole.
            (Some(Value::Object(old)), Value::Object(new)) if !is_reference(old) && !is_reference(&new) => {
                merge_into(old, new, source, &path, sources);
            }
            (_, Value::Object(new)) if !is_reference(&new) => {
                let mut inner = Map::new();
                merge_into(&mut inner, new, source, &path, sources);
                tree.insert(key, Value::Object(inner));
            }
            (_, value) => {
                tree.insert(key, value);
            }
        }
    }
}

pub(super) fn is_reference(keys: &Map<String, Value>) -> bool {
    keys.contains_key("$env") || keys.contains_key("$file")
}

pub(super) fn join(path: &mut String, key: &str) {
    if !path.is_empty() {
        path.push('.');
    }
    path.push_str(key);
}
