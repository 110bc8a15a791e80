//! How the layers of a configuration become one tree.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use serde_json::{Map, Value};

use super::{Layer, Layers};
use crate::config::problem::Problem;

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
    /// Keys that only a variable names: whether `-` or `_` is meant isn't known.
    pub(super) by_variable: HashSet<String>,
}

/// The variables that belong to a configuration begin with this.
const PREFIX: &str = "EVENT__";

pub(super) fn merge(layers: Layers, linked: &[&str], problems: &mut Vec<Problem>) -> Merged {
    let mut merged = Merged::default();
    for layer in layers.layers {
        let (source, value) = match layer {
            Layer::File(path) => (path.display().to_string(), file(&path)),
            Layer::Value(value) => ("configuration".to_owned(), value.map_err(|error| error.to_string())),
        };
        match value {
            Ok(Value::Object(keys)) => merged.add(keys, &source),
            Ok(_) => problems.push(Problem::new(format!("{source}: a configuration is a table at the top"))),
            Err(error) => problems.push(Problem::new(format!("{source}: {error}"))),
        }
    }
    let mut variables = layers.variables.unwrap_or_else(|| process_variables(problems));
    // So that an error of two contradicting ones is the same each time.
    variables.sort();
    for (variable, value) in variables {
        if let Err(problem) = merged.set_variable(&variable, value, linked) {
            problems.push(Problem::new(format!("environment variable {variable}: {problem}")));
        }
    }
    merged
}

fn process_variables(problems: &mut Vec<Problem>) -> Vec<(String, String)> {
    // Where there is no system there is no environment, and asking for it panics.
    if cfg!(all(target_family = "wasm", target_os = "unknown")) {
        return Vec::new();
    }
    let ours = std::env::vars_os().filter(|(name, _)| name.as_encoded_bytes().starts_with(PREFIX.as_bytes()));
    ours.filter_map(|(name, value)| match (name.into_string(), value.into_string()) {
        (Ok(name), Ok(value)) => Some((name, value)),
        (Ok(name), Err(_)) | (Err(_), Ok(name)) => {
            problems.push(Problem::new(format!("environment variable {name}: isn't UTF-8")));
            None
        }
        (Err(_), Err(_)) => None,
    })
    .collect()
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

    /// `EVENT__PLUGINS__EVENT_SQLITE__PATH` is `plugins.event-sqlite.path`: between double underscores stands a key,
    /// in which `_` also stands for `-`.
    fn set_variable(&mut self, variable: &str, value: String, linked: &[&str]) -> Result<(), String> {
        let Some(keys) = variable.strip_prefix(PREFIX) else { return Ok(()) };
        let mut table = &mut self.tree;
        let mut path = String::new();
        let mut keys = keys.split("__").enumerate().peekable();
        while let Some((depth, written)) = keys.next() {
            if written.is_empty() {
                return Err("a key between double underscores is empty".to_owned());
            }
            let known =
                table.keys().map(String::as_str).chain(if depth == 1 { linked } else { &[] }.iter().copied());
            let key = known.into_iter().find(|known| same_key(known, written)).map(str::to_owned);
            let is_known = key.is_some();
            let key = key.unwrap_or_else(|| written.to_lowercase());
            join(&mut path, &key);
            if !is_known {
                self.written.by_variable.insert(path.clone());
            }
            self.sources.entry(path.clone()).or_insert_with(|| variable.to_owned());
            if keys.peek().is_none() {
                self.sources.insert(path.clone(), variable.to_owned());
                self.written.texts.insert(path);
                table.insert(key, Value::String(value));
                return Ok(());
            }
            match table.entry(key).or_insert_with(|| Value::Object(Map::new())) {
                Value::Object(inner) => table = inner,
                _ => return Err(format!("`{path}` is a value elsewhere, and a table here")),
            }
        }
        Ok(())
    }
}

/// Whether a variable's key is this one: capitals don't count, and `_` stands for `-` too.
pub(super) fn same_key(key: &str, written: &str) -> bool {
    key.replace('-', "_").eq_ignore_ascii_case(&written.replace('-', "_"))
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
