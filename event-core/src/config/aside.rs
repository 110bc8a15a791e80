//! How a section is read, despite the values that serde buffers.
//!
//! Serde copies the content of internally tagged and untagged enums, and what `#[serde(flatten)]` is to collect, before
//! it knows the types. From then on our deserializer isn't asked any more: it can't read a number from a text, nor see
//! an unknown key. So the section is read again, with something else in one place, to see what that changes.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::load::Written;
use super::read::{Node, Reading, enabled_in};
use super::wrong::Wrong;
use crate::config::suggest::nearest;

/// A value that serde took without asking for a type.
pub(super) struct Aside {
    pub(super) path: String,
    /// The key in the table that it is in; an item of a list has none.
    pub(super) key: Option<String>,
    /// Whether it is a text from outside that reads as something else, too.
    pub(super) has_meaning: bool,
}

/// What an attempt changes in the section.
#[derive(Clone, Default)]
pub(super) struct Choice {
    /// The texts that are given as the number, truth value or list that they hold, by their paths.
    pub(super) by_meaning: HashSet<String>,
    /// Whether `_` stands for `-` in keys of variables where no list of fields says which.
    pub(super) dashes: bool,
    poisoned: Option<(String, Poison)>,
}

/// A value that is a mistake for any type that reads it. Two are needed, since no single one is a mistake for all types.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Poison {
    /// Bytes that are no text. Only types that are bytes take them.
    Bytes,
    /// A table whose key is no text. Only structs of nothing but `flatten` take it.
    Keys,
}

impl Choice {
    pub(super) fn poison_at(&self, path: &str) -> Option<Poison> {
        self.poisoned.as_ref().filter(|(poisoned, _)| poisoned == path).map(|(_, poison)| *poison)
    }

    fn poisoned(&self, path: &str, poison: Poison) -> Self {
        Self { poisoned: Some((path.to_owned(), poison)), ..self.clone() }
    }
}

/// Beyond this number, ambiguous texts are all read as texts, or all as their content: each doubles the attempts.
const DOUBTS: usize = 8;

/// Beyond this number, keys aren't tried one by one: each costs an attempt.
const KEYS: usize = 1000;

/// Reads a section; on an error, all that is wrong with it.
pub(super) fn section<T: DeserializeOwned>(
    value: &Value,
    path: &str,
    written: &Written,
) -> Result<T, Vec<Wrong>> {
    let section = Section { value, path, written };
    let first = section.attempt::<T>(&Choice::default());
    let spelling_in_doubt = first.spelling_in_doubt;
    let read = section.settle(first, &Choice::default());
    if read.is_err() && spelling_in_doubt {
        let dashes = Choice { dashes: true, ..Choice::default() };
        let second = section.settle(section.attempt::<T>(&dashes), &dashes);
        if second.is_ok() {
            return second;
        }
    }
    read
}

struct Section<'s> {
    value: &'s Value,
    path: &'s str,
    written: &'s Written,
}

struct Attempt<T> {
    read: Result<T, Wrong>,
    unread: Vec<Wrong>,
    aside: Vec<Aside>,
    /// How many mistakes were made on the way, those of variants that didn't match included.
    mistakes: usize,
    spelling_in_doubt: bool,
}

impl<T> Attempt<T> {
    fn rank(&self) -> (bool, usize) {
        (self.read.is_err(), self.mistakes)
    }

    /// Whether a change made no difference.
    fn is_like(&self, other: &Self) -> bool {
        let message = |attempt: &Self| attempt.read.as_ref().err().map(|wrong| wrong.message.clone());
        self.rank() == other.rank() && message(self) == message(other)
    }
}

impl Section<'_> {
    fn attempt<T: DeserializeOwned>(&self, choice: &Choice) -> Attempt<T> {
        let reading = Reading {
            written: self.written,
            choice,
            section: self.path,
            unread: RefCell::default(),
            aside: RefCell::default(),
            spelling_in_doubt: Cell::new(false),
        };
        let before = Wrong::count();
        let read = T::deserialize(Node::root(self.value, self.path, &reading));
        Attempt {
            read: read.map_err(|wrong| wrong.at(self.path)),
            mistakes: Wrong::count().wrapping_sub(before),
            unread: reading.unread.into_inner(),
            aside: reading.aside.into_inner(),
            spelling_in_doubt: reading.spelling_in_doubt.get(),
        }
    }

    /// The best of the attempts that give texts by their meaning, checked for keys that aren't read.
    fn settle<T: DeserializeOwned>(&self, first: Attempt<T>, choice: &Choice) -> Result<T, Vec<Wrong>> {
        let (best, choice) = self.best(first, choice);
        let mut wrong = self.unread_keys(&best, &choice);
        match best.read {
            Ok(value) if best.unread.is_empty() && wrong.is_empty() => Ok(value),
            Ok(_) => Err(best.unread.into_iter().chain(wrong).collect()),
            Err(ref error) => {
                let path = self.place(error, &best, &choice).unwrap_or_else(|| error.path.clone());
                let Err(error) = best.read else { unreachable!("it is an error") };
                wrong.push(Wrong { path, ..error });
                Err(best.unread.into_iter().chain(wrong).collect())
            }
        }
    }

    /// The fewest mistakes win: so a text is a number where the type wants one, the first variant of an untagged enum
    /// that fits is taken, and a text stays a text where both will do.
    fn best<T: DeserializeOwned>(&self, first: Attempt<T>, choice: &Choice) -> (Attempt<T>, Choice) {
        let doubts = first.aside.iter().filter(|it| it.has_meaning);
        let doubts: Vec<String> = doubts.map(|it| it.path.clone()).collect();
        let mut sets: Vec<HashSet<String>> = if doubts.len() <= DOUBTS {
            let set = |bits: u32| (0..doubts.len()).filter(move |it| bits & (1 << it) != 0);
            (1..1 << doubts.len()).map(|bits| set(bits).map(|it| doubts[it].clone()).collect()).collect()
        } else {
            vec![doubts.into_iter().collect()]
        };
        sets.sort_by_key(HashSet::len);
        let mut best = (first, choice.clone());
        for by_meaning in sets {
            if best.0.rank() == (false, 0) {
                break;
            }
            let choice = Choice { by_meaning, ..choice.clone() };
            let attempt = self.attempt(&choice);
            if attempt.rank() < best.0.rank() {
                best = (attempt, choice);
            }
        }
        best
    }

    /// The keys that serde put aside and that no type then looked at.
    fn unread_keys<T: DeserializeOwned>(&self, attempt: &Attempt<T>, choice: &Choice) -> Vec<Wrong> {
        // Where the attempt ended early, keys may be unread for that. But a missing field can be a key misspelt.
        let missing = match &attempt.read {
            Ok(_) => None,
            Err(Wrong { missing: Some(field), .. }) => Some(*field),
            Err(_) => return Vec::new(),
        };
        let mut unread: Vec<Wrong> = Vec::new();
        for aside in attempt.aside.iter().take(KEYS) {
            let Some(key) = &aside.key else { continue };
            let near = missing.and_then(|field| nearest(key, &[field]));
            let is_below = |above: &Wrong| aside.path.starts_with(&format!("{}.", above.path));
            if missing.is_some() != near.is_some() || unread.iter().any(is_below) {
                continue;
            }
            let makes_no_difference =
                |poison| self.attempt(&choice.poisoned(&aside.path, poison)).is_like(attempt);
            if [Poison::Bytes, Poison::Keys].into_iter().all(makes_no_difference) {
                let near = near.or_else(|| enabled_in(self.path, &aside.path, key));
                let meant = near.map_or_else(String::new, |field| format!("; did you mean `{field}`?"));
                unread.push(Wrong::unread(aside.path.clone(), &meant));
            }
        }
        unread
    }

    /// Where a mistake is in what serde put aside: at the last value of which the same is expected.
    fn place<T: DeserializeOwned>(
        &self,
        wrong: &Wrong,
        attempt: &Attempt<T>,
        choice: &Choice,
    ) -> Option<String> {
        let expected = |message: &str| message.split_once(", expected ").map(|(_, it)| it.to_owned());
        let wanted = expected(&wrong.message)?;
        let is_wanted = |aside: &&Aside| {
            let poisoned = self.attempt::<T>(&choice.poisoned(&aside.path, Poison::Bytes));
            !poisoned.is_like(attempt)
                && poisoned.read.is_err_and(|it| expected(&it.message).as_ref() == Some(&wanted))
        };
        let below = attempt.aside.iter().filter(|it| it.path.starts_with(&wrong.path)).take(KEYS);
        below.filter(is_wanted).last().map(|it| it.path.clone())
    }
}
