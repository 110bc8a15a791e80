//! How an event's properties are redacted.
//!
//! The rule: if a path may miss the secret, the event isn't written. Only an absent key or a `null` on the path is proof
//! that there is no secret. Everything else that a path can't follow
//! (a text where an object should be, a list without a `*` in the path, a key that is spelt a little otherwise) may
//! hold the secret in a form that the path doesn't know.

use event_core::Properties;
use event_core::plugin::{NamePattern, NamePatternError};
use serde::Deserialize;
use serde_json::Value;

/// Replaces a value.
const HIDDEN: &str = "***";

/// Where a secret is: `user.password`, `items.*.token`, or of some events only, `sign-*:user.password`.
#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Path {
    text: String,
    pub(crate) events: Option<NamePattern>,
}

impl Path {
    pub(crate) fn concerns(&self, event: &str) -> bool {
        self.events.as_ref().is_none_or(|events| events.matches(event))
    }
}

impl TryFrom<String> for Path {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let (events, path) = match text.split_once(':') {
            Some((events, path)) => {
                (Some(events.parse().map_err(|error: NamePatternError| error.to_string())?), path)
            }
            None => (None, text.as_str()),
        };
        let is_key = |key: &str| !key.is_empty() && key == key.trim() && (key == "*" || !key.contains('*'));
        if path.split('.').all(is_key) {
            return Ok(Self { text: path.to_owned(), events });
        }
        Err(format!(
            "\"{text}\" is no path: write keys joined by `.`, with `*` for every key of an object or every item of a \
             list, such as \"items.*.token\""
        ))
    }
}

/// Replaces what the paths lead to.
///
/// # Errors
/// When a path can't be followed. The properties are then redacted in part, and must not be used.
pub(crate) fn apply(paths: &[&Path], properties: &mut Properties) -> Result<(), CantRedact> {
    let whole: Vec<_> = paths.iter().map(|path| Rest { path: &path.text, from: 0 }).collect();
    in_object(properties, &whole)
}

/// The part of a path that is still ahead.
#[derive(Clone, Copy)]
struct Rest<'p> {
    path: &'p str,
    from: usize,
}

impl<'p> Rest<'p> {
    fn text(self) -> &'p str {
        &self.path[self.from..]
    }

    fn is_empty(self) -> bool {
        self.text().is_empty()
    }

    /// What is left below this key, if the path leads there. A key may hold dots itself.
    fn below(self, key: &str) -> Option<Self> {
        let step = |key: &str| match self.text().strip_prefix(key)? {
            "" => Some(self.path.len()),
            rest => rest.starts_with('.').then_some(self.from + key.len() + 1),
        };
        step(key).or_else(|| step("*")).map(|from| Self { from, ..self })
    }

    /// Whether the path would lead there, did capitals, `-` and `_` not count: `api_key` and `apiKey`.
    fn almost_leads_to(self, key: &str) -> bool {
        let plain =
            |text: &'p str| text.chars().filter(|c| !matches!(c, '-' | '_')).flat_map(char::to_lowercase);
        let mut path = plain(self.text());
        let key = key.chars().filter(|c| !matches!(c, '-' | '_')).flat_map(char::to_lowercase);
        key.into_iter().all(|c| path.next() == Some(c)) && matches!(path.next(), None | Some('.'))
    }

    fn cant(self, why: impl FnOnce(&str) -> String) -> CantRedact {
        let at = self.path[..self.from].trim_end_matches('.');
        CantRedact { path: self.path.to_owned(), why: why(at) }
    }
}

fn in_object(object: &mut Properties, paths: &[Rest<'_>]) -> Result<(), CantRedact> {
    for (key, value) in object {
        let below: Vec<_> = paths.iter().filter_map(|path| path.below(key)).collect();
        if !below.is_empty() {
            in_value(value, &below)?;
        } else if let Some(path) = paths.iter().find(|path| path.almost_leads_to(key)) {
            return Err(path.cant(|at| {
                let at = if at.is_empty() { "the event".to_owned() } else { format!("`{at}`") };
                format!("{at} has a key `{key}`, which may be what is meant")
            }));
        }
    }
    Ok(())
}

fn in_value(value: &mut Value, paths: &[Rest<'_>]) -> Result<(), CantRedact> {
    // This also redacts everything below, for which other paths may ask.
    if paths.iter().any(|path| path.is_empty()) {
        *value = HIDDEN.into();
        return Ok(());
    }
    let kind = match value {
        Value::Null => return Ok(()),
        Value::Object(object) => return in_object(object, paths),
        Value::Array(items) => return in_list(items, paths),
        Value::Bool(_) => "`true` or `false`",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
    };
    Err(paths[0].cant(|at| format!("`{at}` is {kind}, where an object or a list should be")))
}

fn in_list(items: &mut [Value], paths: &[Rest<'_>]) -> Result<(), CantRedact> {
    let mut below = Vec::with_capacity(paths.len());
    for path in paths {
        let every_item = || path.cant(|at| format!("`{at}` is a list, whose items are `{at}.*`"));
        below.push(path.below("*").ok_or_else(every_item)?);
    }
    items.iter_mut().try_for_each(|item| in_value(item, &below))
}

/// A path that can't be followed, and why. Contains no value, which may be the secret.
#[derive(Debug)]
pub(crate) struct CantRedact {
    pub(crate) path: String,
    pub(crate) why: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn redacted(paths: &[&str], properties: Value) -> Result<Value, String> {
        let paths: Vec<_> =
            paths.iter().map(|it| Path::try_from((*it).to_owned()).expect("a path")).collect();
        let Value::Object(mut properties) = properties else { panic!("properties are an object") };
        apply(&paths.iter().collect::<Vec<_>>(), &mut properties)
            .map(|()| properties.into())
            .map_err(|error| format!("{}: {}", error.path, error.why))
    }

    #[test]
    fn what_a_path_leads_to_is_replaced_whatever_it_is_and_all_else_stays() {
        for secret in
            [json!("hunter2"), json!(17), json!(null), json!([1, 2]), json!({ "a": "b" }), json!(false)]
        {
            let properties = json!({ "user": { "name": "ada", "password": secret }, "password": "kept" });
            let expected = json!({ "user": { "name": "ada", "password": "***" }, "password": "kept" });
            assert_eq!(redacted(&["user.password"], properties), Ok(expected));
        }
        assert_eq!(redacted(&["user"], json!({ "user": "x" })), Ok(json!({ "user": "***" })));
    }

    #[test]
    fn a_star_is_every_item_of_a_list_and_every_key_of_an_object() {
        let properties = json!({
            "items": [{ "token": "a", "n": 1 }, { "n": 2 }, null],
            "sessions": { "x": { "token": "b" }, "y": {} },
            "codes": [1, "2"],
            "grid": [[{ "s": 1 }], []],
        });
        let expected = json!({
            "items": [{ "token": "***", "n": 1 }, { "n": 2 }, null],
            "sessions": { "x": { "token": "***" }, "y": {} },
            "codes": ["***", "***"],
            "grid": [[{ "s": "***" }], []],
        });
        let paths = ["items.*.token", "sessions.*.token", "codes.*", "grid.*.*.s"];
        assert_eq!(redacted(&paths, properties), Ok(expected));
    }

    #[test]
    fn where_there_is_nothing_there_is_nothing_to_hide() {
        for properties in [json!({}), json!({ "user": null }), json!({ "user": {} }), json!({ "other": "x" })]
        {
            assert_eq!(redacted(&["user.password", "user.*.token"], properties.clone()), Ok(properties));
        }
    }

    #[test]
    fn a_path_through_something_that_has_no_keys_cant_be_applied() {
        for (user, kind) in
            [(json!("hunter2"), "a text"), (json!(17), "a number"), (json!(true), "`true` or `false`")]
        {
            let found = redacted(&["user.password"], json!({ "user": user })).expect_err(kind);
            assert_eq!(
                found,
                format!("user.password: `user` is {kind}, where an object or a list should be")
            );
        }
        let found = redacted(&["items.*.token"], json!({ "items": [{ "token": "a" }, "b"] })).unwrap_err();
        assert_eq!(found, "items.*.token: `items.*` is a text, where an object or a list should be");
    }

    #[test]
    fn a_list_without_a_star_in_the_path_cant_be_redacted() {
        for path in ["user.password", "user.0.password"] {
            let found = redacted(&[path], json!({ "user": [{ "password": "hunter2" }] })).unwrap_err();
            assert_eq!(found, format!("{path}: `user` is a list, whose items are `user.*`"));
        }
    }

    #[test]
    fn a_key_that_differs_only_in_its_spelling_may_be_the_one() {
        for key in ["apiKey", "api-key", "API_KEY", "ApiKey"] {
            let found = redacted(&["user.api_key"], json!({ "user": { key: "hunter2" } })).unwrap_err();
            assert_eq!(found, format!("user.api_key: `user` has a key `{key}`, which may be what is meant"));
        }
        let found = redacted(&["user.name"], json!({ "User": { "name": "ada" } })).unwrap_err();
        assert_eq!(found, "user.name: the event has a key `User`, which may be what is meant");
        let both = json!({ "api_key": "a", "apiKey": "b" });
        assert!(redacted(&["api_key"], both.clone()).is_err());
        assert_eq!(redacted(&["api_key", "apiKey"], both), Ok(json!({ "api_key": "***", "apiKey": "***" })));
        let others = json!({ "api_keys": 1, "api": { "key": 2 }, "key": 3 });
        assert_eq!(redacted(&["api_key"], others.clone()), Ok(others));
    }

    #[test]
    fn a_key_with_dots_in_it_is_found() {
        let properties = json!({ "user.password": "a", "user": { "pass.word": { "x": "b" } } });
        let expected = json!({ "user.password": "***", "user": { "pass.word": { "x": "***" } } });
        assert_eq!(redacted(&["user.password", "user.pass.word.x"], properties), Ok(expected));
    }

    #[test]
    fn of_two_paths_of_which_one_is_further_down_the_shorter_counts() {
        let properties = json!({ "user": "mallory" });
        for paths in [["user", "user.password"], ["user.password", "user"], ["*", "user.password"]] {
            assert_eq!(redacted(&paths, properties.clone()), Ok(json!({ "user": "***" })));
        }
    }

    #[test]
    fn what_can_be_no_path_is_refused() {
        for text in
            ["", ".", "user.", ".user", "user..x", "user. x", "user.*token", "sign-up:", "Sign-Up:user"]
        {
            assert!(Path::try_from(text.to_owned()).is_err(), "{text}");
        }
        let limited = Path::try_from("sign-*:user.password".to_owned()).expect("a path");
        assert!(limited.concerns("sign-up") && !limited.concerns("ban-user"));
    }
}
