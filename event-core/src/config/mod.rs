//! The configuration of an app, and how a plugin gets its section.

mod aside;
mod key;
mod load;
pub(crate) mod problem;
mod read;
mod resolve;
pub(crate) mod suggest;
mod variables;
mod variant;
mod wrong;

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use self::load::Written;
use self::read::means_enabled;
use self::variables::same_key;
use crate::config::problem::StartProblem;
use crate::config::suggest::nearest;
use crate::event::escape::escape_controls;

/// The configuration of a running app: everything merged and resolved.
#[derive(Default)]
pub(crate) struct Config {
    /// The section of each plugin, without `enabled`.
    sections: HashMap<String, Value>,
    /// The plugins that a section says are not enabled.
    disabled: HashSet<String>,
    written: Written,
    /// Where each value came from, by its path.
    sources: HashMap<String, String>,
    /// The values from `$env` and `$file`, which no message may repeat.
    secrets: Vec<String>,
    /// The names of the plugins that are linked.
    linked: Vec<String>,
    /// The plugins in whose sections references were left as they are.
    unresolved: HashSet<String>,
    /// The plugins whose section was read.
    read: Mutex<HashSet<String>>,
}

/// What becomes of `{ "$env" = … }` and `{ "$file" = … }`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum References {
    /// They become what they refer to.
    Resolve,
    /// They stay as they are, for an app that is only described.
    Leave,
}

/// Where a configuration comes from; later layers win over earlier ones, key by key.
#[derive(Default)]
pub(crate) struct Layers {
    pub(crate) layers: Vec<Layer>,
    /// Variables like `EVENT__PLUGINS__EVENT_SQLITE__PATH`, over all layers; `None` stands for the process's.
    pub(crate) variables: Option<Vec<(String, String)>>,
}

pub(crate) enum Layer {
    File(PathBuf),
    Value(Result<Value, serde_json::Error>),
}

impl Config {
    /// Reads, merges and resolves. Mistakes are added to the problems; the rest is loaded all the same.
    pub(crate) fn load(
        layers: Layers,
        linked: &[&str],
        references: References,
        problems: &mut Vec<StartProblem>,
    ) -> Self {
        let mut merged = load::merge(layers, linked, problems);
        let linked_names = linked.iter().map(ToString::to_string).collect();
        let mut config = Self { linked: linked_names, ..Self::default() };
        let Value::Object(mut sections) = merged.tree.remove("plugins").unwrap_or(Value::Object(Map::new()))
        else {
            problems.push(StartProblem::new("configuration: `plugins` is no table; write `[plugins.NAME]`"));
            return config;
        };
        for (key, value) in &merged.tree {
            let meant = match (nearest(key, &["plugins"]), value) {
                (Some(meant), _) => format!("; did you mean `{meant}`?"),
                (None, Value::Object(_)) => {
                    format!("; a plugin's section is `[plugins.NAME]`: write `[plugins.{key}]`")
                }
                (None, _) => "; write it in a plugin's section, `[plugins.NAME]`".to_owned(),
            };
            let source = merged.sources.get(key).map_or("configuration", String::as_str);
            problems.push(StartProblem::new(format!("{source}: unknown key `{key}`{meant}")));
        }
        for (plugin, section) in &mut sections {
            config.take_enabled(plugin, section, &merged.sources, problems);
            if !linked.contains(&plugin.as_str()) {
                problems.push(not_linked(plugin, linked, source_of(&merged.sources, plugin)));
            }
        }
        config.written = merged.written;
        config.sources = merged.sources;
        for (plugin, section) in sections {
            let resolved = if config.disabled.contains(&plugin) {
                Value::Object(Map::new())
            } else if references == References::Leave {
                config.unresolved.extend(has_reference(&section).then(|| plugin.clone()));
                section
            } else {
                config.resolve(section, &format!("plugins.{plugin}"), problems)
            };
            config.sections.insert(plugin, resolved);
        }
        config
    }

    fn take_enabled(
        &mut self,
        plugin: &str,
        section: &mut Value,
        sources: &HashMap<String, String>,
        problems: &mut Vec<StartProblem>,
    ) {
        let Value::Object(keys) = section else {
            let source = source_of(sources, plugin);
            problems.push(StartProblem::new(format!(
                "{source}: `plugins.{plugin}` is no table; write `[plugins.{plugin}]`"
            )));
            *section = Value::Object(Map::new());
            return;
        };
        let enabled = match keys.remove("enabled") {
            None | Some(Value::Bool(true)) => return,
            Some(Value::Bool(false)) => false,
            // From the environment everything comes as text.
            Some(Value::String(text)) if text == "true" => return,
            Some(Value::String(text)) if text == "false" => false,
            Some(other) => {
                let source = source_of(sources, plugin);
                problems.push(StartProblem::new(format!(
                    "{source}: `plugins.{plugin}.enabled` is {other}; write `true` or `false`"
                )));
                return;
            }
        };
        if !enabled {
            self.disabled.insert(plugin.to_owned());
        }
    }

    /// Why a plugin's implementations aren't called, if they aren't.
    pub(crate) fn why_disabled(&self, plugin: &str) -> Option<String> {
        if self.is_enabled(plugin) {
            return None;
        }
        let key = format!("plugins.{plugin}.enabled");
        let source = self.sources.get(&key).map_or("configuration", String::as_str);
        Some(format!("plugin `{plugin}` is disabled: `{key}` is `false` in {source}"))
    }

    pub(crate) fn is_enabled(&self, plugin: &str) -> bool {
        !self.disabled.contains(plugin)
    }

    /// A plugin's section as a `T`; without a section, a `T` read from an empty table.
    pub(crate) fn read<T: DeserializeOwned>(&self, plugin: &str) -> Result<T, ConfigError> {
        self.read.lock().unwrap_or_else(PoisonError::into_inner).insert(plugin.to_owned());
        if self.unresolved.contains(plugin) {
            let wrong = "it has references (`$env`, `$file`), which are resolved only when the app starts";
            return Err(ConfigError::new(plugin, None, vec![wrong.to_owned()]));
        }
        let nothing = Value::Object(Map::new());
        let section = match self.sections.get(plugin) {
            Some(section) => section,
            None => match self.plugin_meant_by(plugin) {
                None => &nothing,
                Some(meant) => {
                    let wrong = format!("there is no section for it; did you mean `{meant}`?");
                    return Err(ConfigError::new(plugin, None, vec![wrong]));
                }
            },
        };
        aside::section(section, &format!("plugins.{plugin}"), &self.written).map_err(|wrong| {
            let source = wrong.iter().find_map(|it| self.sources.get(&it.path).cloned());
            let source = source.or_else(|| self.sources.get(&format!("plugins.{plugin}")).cloned());
            let wrong = wrong.iter().map(|it| self.without_secrets(&it.to_string())).collect();
            ConfigError::new(plugin, source, wrong)
        })
    }

    /// The plugin or section of nearly this name, if there is none of this very name.
    fn plugin_meant_by(&self, plugin: &str) -> Option<&str> {
        let known = self.linked.iter().chain(self.sections.keys()).map(String::as_str);
        let known: Vec<_> = known.collect();
        if known.contains(&plugin) {
            return None;
        }
        let same = known.iter().find(|it| same_key(it, plugin)).copied();
        same.or_else(|| nearest(plugin, &known))
    }

    /// Sections of these plugins that have keys, and that no plugin has asked for so far.
    pub(crate) fn unread(&self, of: impl Fn(&str) -> bool) -> Vec<StartProblem> {
        let read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let mut unread: Vec<_> = self
            .sections
            .iter()
            .filter(|(plugin, section)| {
                of(plugin) && !read.contains(*plugin) && section.as_object().is_some_and(|it| !it.is_empty())
            })
            .map(|(plugin, _)| plugin)
            .collect();
        unread.sort();
        let misspelt = |plugin: &str| {
            let keys = self.sections[plugin].as_object()?.keys();
            keys.map(String::as_str).find(|key| means_enabled(key).is_some())
        };
        unread
            .into_iter()
            .map(|plugin| {
                if let Some(key) = misspelt(plugin) {
                    let source = source_of(&self.sources, plugin);
                    return StartProblem::new(format!(
                        "{source}: `plugins.{plugin}.{key}`: unknown key; did you mean `enabled`?"
                    ));
                }
                StartProblem::new(format!(
                    "{}: unused section `[plugins.{plugin}]`: none of the plugin's `startup` implementations \
                     calls `app.plugin_config(\"{plugin}\")`",
                    source_of(&self.sources, plugin)
                ))
            })
            .collect()
    }

    fn without_secrets(&self, text: &str) -> String {
        self.secrets.iter().fold(text.to_owned(), |text, secret| text.replace(secret.as_str(), "***"))
    }
}

fn has_reference(value: &Value) -> bool {
    match value {
        Value::Object(keys) => load::is_reference(keys) || keys.values().any(has_reference),
        Value::Array(items) => items.iter().any(has_reference),
        _ => false,
    }
}

fn source_of<'s>(sources: &'s HashMap<String, String>, plugin: &str) -> &'s str {
    sources.get(&format!("plugins.{plugin}")).map_or("configuration", String::as_str)
}

fn not_linked(plugin: &str, linked: &[&str], source: &str) -> StartProblem {
    let advice = match nearest(plugin, linked) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("write `event_core::plugins![{}];` in src/main.rs", plugin.replace('-', "_")),
    };
    StartProblem::new(format!(
        "{source}: there is a section for plugin `{plugin}`, which isn't linked into this program; {advice}"
    ))
}

/// A plugin's section doesn't fit the type that the plugin reads: an unknown key, a value of another type, a missing key.
/// All unknown keys are listed, up to the first value that can't be read.
///
/// Values that came through `$env` and `$file` are shown as `***`.
#[derive(Clone, PartialEq, Eq)]
pub struct ConfigError(Box<Section>);

/// In a box, since it would make every [`Error`](crate::Error) larger, and with it what tracking an event returns.
#[derive(Clone, PartialEq, Eq)]
struct Section {
    plugin: String,
    source: Option<String>,
    wrong: Vec<String>,
}

impl ConfigError {
    fn new(plugin: &str, source: Option<String>, wrong: Vec<String>) -> Self {
        Self(Box::new(Section { plugin: plugin.to_owned(), source, wrong }))
    }

    /// The plugin whose section it is.
    pub fn plugin(&self) -> &str {
        &self.0.plugin
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Section { plugin, source, wrong } = &*self.0;
        write!(f, "invalid configuration for plugin `{plugin}`")?;
        if let Some(source) = source {
            write!(f, " ({})", escape_controls(source))?;
        }
        write!(f, ": {}", escape_controls(&wrong.join("; ")))
    }
}

/// The output of a `main` that returns this.
impl fmt::Debug for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for ConfigError {}

/// Without values: they may be secrets.
impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut plugins: Vec<_> = self.sections.keys().collect();
        plugins.sort();
        f.debug_struct("Config")
            .field("plugins", &plugins)
            .field("disabled", &self.disabled)
            .finish_non_exhaustive()
    }
}
