//! How environment variables are part of a configuration.

use serde_json::{Map, Value};

use super::load::{Merged, join};
use crate::config::problem::StartProblem;

/// The variables that belong to a configuration begin with this. As in the keys, capitals don't count.
const PREFIX: &str = "EVENT__";

/// Those of the process that belong to a configuration, or are meant to.
pub(super) fn of_the_process(problems: &mut Vec<StartProblem>) -> Vec<(String, String)> {
    // Where there is no system there is no environment, and asking for it panics.
    if cfg!(all(target_family = "wasm", target_os = "unknown")) {
        return Vec::new();
    }
    let is_meant = |name: &std::ffi::OsString| {
        name.as_encoded_bytes().get(..5).is_some_and(|start| start.eq_ignore_ascii_case(b"EVENT"))
    };
    let meant = std::env::vars_os().filter(|(name, _)| is_meant(name));
    meant
        .filter_map(|(name, value)| match (name.into_string(), value.into_string()) {
            (Ok(name), Ok(value)) => Some((name, value)),
            (Ok(name), Err(_)) | (Err(_), Ok(name)) if without_prefix(&name).is_some() => {
                problems.push(StartProblem::new(format!("environment variable {name}: isn't UTF-8")));
                None
            }
            _ => None,
        })
        .collect()
}

fn without_prefix(variable: &str) -> Option<&str> {
    let (prefix, keys) = variable.split_at_checked(PREFIX.len())?;
    prefix.eq_ignore_ascii_case(PREFIX).then_some(keys)
}

/// Whether a variable's key is this one: capitals don't count, and `_` stands for `-` too.
pub(super) fn same_key(key: &str, written: &str) -> bool {
    key.replace('-', "_").eq_ignore_ascii_case(&written.replace('-', "_"))
}

impl Merged {
    /// `EVENT__PLUGINS__EVENT_SQLITE__PATH` is `plugins.event-sqlite.path`: between double underscores stands a key,
    /// in which `_` also stands for `-`.
    pub(super) fn set_variable(
        &mut self,
        variable: &str,
        value: String,
        linked: &[&str],
    ) -> Result<(), String> {
        if let Some(meant) = misspelt(variable, linked) {
            return Err(format!(
                "write `{meant}`: two underscores stand between the keys, the first of which is `PLUGINS`"
            ));
        }
        let Some(keys) = without_prefix(variable) else { return Ok(()) };
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

/// How the variable is written, if it is one for a plugin that lacks underscores or `PLUGINS`.
fn misspelt(variable: &str, linked: &[&str]) -> Option<String> {
    let keys: Vec<_> = without_prefix(variable).map(|keys| keys.split("__").collect()).unwrap_or_default();
    if keys.len() > 2 && same_key("plugins", keys[0]) {
        return None;
    }
    let variable = variable.to_uppercase();
    let mut words = variable.split('_').filter(|word| !word.is_empty()).peekable();
    if !matches!(words.next(), Some("EVENT" | "EVENTS")) {
        return None;
    }
    let says_plugins = words.next_if(|word| matches!(*word, "PLUGINS" | "PLUGIN")).is_some();
    let rest = words.collect::<Vec<_>>().join("_");
    let named = linked.iter().map(|plugin| plugin.replace('-', "_").to_uppercase());
    // Of `event` and `event-noisy`, the longer one is meant.
    let plugin = named.filter(|plugin| rest == *plugin || rest.starts_with(&format!("{plugin}_"))).max();
    let plugin = plugin.filter(|_| says_plugins || !keys.is_empty());
    match plugin {
        Some(plugin) => {
            let key = rest[plugin.len()..].trim_start_matches('_');
            Some(format!("{PREFIX}PLUGINS__{plugin}__{}", if key.is_empty() { "KEY" } else { key }))
        }
        // A variable of another program may begin with `EVENT_`, but hardly with `EVENT_PLUGINS_`.
        None if says_plugins && variable.replace("__", "_").starts_with("EVENT_PLUGINS_") => {
            Some(format!("{PREFIX}PLUGINS__NAME__KEY"))
        }
        None => None,
    }
}
