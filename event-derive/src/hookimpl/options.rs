//! The options of `#[hookimpl(…)]`, and the hook among them.

use proc_macro2::TokenStream;
use syn::parse::{Parse, ParseStream};
use syn::{Ident, Lit, LitStr, Path};

use super::durable::{self, Durable};
use crate::errors::Errors;
use crate::options::{self, Given, Value};
use crate::{near, types};

/// Those that stand alone: a single word near one of these is that option's typo.
const FLAGS: &[&str] = &["tryfirst", "trylast", "wrapper", "essential", "durable", "explicit"];
const OPTIONS: &[&str] =
    &["tryfirst", "trylast", "before", "after", "wrapper", "essential", "durable", "explicit", "crate"];

/// Words of other frameworks and similar guesses, with the option that is meant. Any other path is the hook.
const FALSE_FRIENDS: &[(&str, Option<&str>)] = &[
    ("first", Some("tryfirst")),
    ("last", Some("trylast")),
    ("hookwrapper", Some("wrapper")),
    ("firstresult", None),
    ("optionalhook", None),
    ("historic", None),
];

/// Words before `=` or parentheses that mean the hook.
const HOOK_WORDS: &[&str] = &["hook", "hookspec", "spec", "specname", "name", "event"];

/// Words before `=` or parentheses that mean the events.
const EVENT_WORDS: &[&str] = &["event", "events", "event_type", "type", "on", "filter", "only"];

#[derive(Default)]
pub(super) struct Options {
    pub(super) hook: Option<Path>,
    pub(super) core: Option<Path>,
    pub(super) tryfirst: Option<()>,
    pub(super) trylast: Option<()>,
    pub(super) wrapper: Option<()>,
    pub(super) is_wrapper_misspelt: bool,
    pub(super) essential: Option<()>,
    pub(super) durable: Option<Durable>,
    pub(super) explicit: Option<()>,
    pub(super) before: Vec<LitStr>,
    pub(super) after: Vec<LitStr>,
}

impl Options {
    pub(super) fn read(tokens: TokenStream, function: &Ident, errors: &mut Errors) -> Self {
        let mut options = Self::default();
        let all = options::read(tokens, instead_of_literal, errors);
        for given in &all {
            options.set(given, errors);
        }
        options.set_hook(&all, function, errors);
        Self::check_durable_has_a_hook(&all, function, errors);
        let find = |word: &str| all.iter().position(|given| given.word().as_deref() == Some(word));
        if let (Some(_), Some(last)) = (find("tryfirst"), find("trylast")) {
            errors.at(&all[last].path, "`tryfirst` and `trylast` exclude each other; keep one");
        } else if let (Some(_), Some(essential)) = (find("wrapper"), find("essential")) {
            errors.at(
                &all[essential].path,
                "a wrapper can't be `essential`: it refuses an event by not calling `next.run()`",
            );
        }
        if options.durable.is_some()
            && let Some((word, place)) = durable::EXCLUDED.iter().find_map(|word| Some((word, find(word)?)))
        {
            errors.at(
                &all[place].path,
                format!(
                    "a durable implementation is called by itself, after the event is kept: leave `{word}` out, or leave \
                     `durable` out"
                ),
            );
        }
        options
    }

    fn set(&mut self, given: &Given, errors: &mut Errors) {
        let word = given.word();
        let flag = match word.as_deref() {
            Some("tryfirst") => &mut self.tryfirst,
            Some("trylast") => &mut self.trylast,
            Some("wrapper") => &mut self.wrapper,
            Some("essential") => &mut self.essential,
            Some("explicit") => &mut self.explicit,
            Some("durable") => {
                let durable = Durable::read(given, errors);
                return options::set_once(&mut self.durable, Some(durable), given, errors);
            }
            Some("before") => return self.before.extend(given.package(errors)),
            Some("after") => return self.after.extend(given.package(errors)),
            Some("crate") => {
                let path = given.path_value(errors);
                return options::set_once(&mut self.core, path, given, errors);
            }
            _ => return,
        };
        given.flag(errors);
        options::set_once(flag, Some(()), given, errors);
    }

    /// Whether it belongs between the parentheses of `durable`. A hook can be called `from`, and `name = …` without `durable` is
    /// meant as the hook.
    fn is_of_durable(&self, given: &Given) -> bool {
        let is_durable = self.durable.is_some();
        given.word().is_some_and(|word| {
            durable::OPTIONS.contains(&&*word) && (is_durable || (given.value.is_some() && word != "name"))
        })
    }

    /// Where the function isn't called as the hook, the compiler would say that there is no hook of the function's name.
    fn check_durable_has_a_hook(all: &[Given], function: &Ident, errors: &mut Errors) {
        let durable = all.iter().find(|given| given.word().as_deref() == Some("durable"));
        if let Some(durable) = durable.filter(|_| all.iter().all(is_option) && function != "track_event") {
            let written = types::text(durable);
            errors.at(durable, format!("the hook is missing: write `track_event, {written}`"));
        }
    }

    /// All that is no option: one path without a value is the hook.
    fn set_hook(&mut self, all: &[Given], function: &Ident, errors: &mut Errors) {
        let others: Vec<_> = all.iter().filter(|given| !is_option(given)).collect();
        let (of_durable, others): (Vec<_>, Vec<_>) =
            others.into_iter().partition(|given| self.is_of_durable(given));
        for given in of_durable {
            report_of_durable(given, errors);
        }
        let (values, paths): (Vec<_>, Vec<_>) = others.into_iter().partition(|given| given.value.is_some());
        // A hook of the user can be called `first`. Beside another hook, this is an option.
        let is_hook =
            |word: &str| matches!(word, "first" | "last") && paths.len() == 1 && function != "track_event";
        let is_word = |given: &&Given| given.word().is_some_and(|word| is_unknown(&word) && !is_hook(&word));
        let (words, hooks): (Vec<_>, Vec<_>) = paths.iter().copied().partition(is_word);
        // So that what only a wrapper has is no second error.
        let is_meant = |given: &&Given| given.word().is_some_and(|word| means_wrapper(&word));
        if words.iter().chain(&values).any(is_meant) {
            self.is_wrapper_misspelt = true;
        }
        for given in words {
            report_word(&given.word().unwrap_or_default(), hooks.is_empty(), given, errors);
        }
        for given in values {
            report_value(given, hooks.is_empty(), errors);
        }
        // `#[hookimpl(early, track_event)]` is no mistake in `track_event`.
        let hook = hooks.iter().position(|given| given.path.is_ident("track_event")).unwrap_or(0);
        for (index, given) in hooks.into_iter().enumerate() {
            if index == hook {
                self.hook = Some(given.path.clone());
            } else {
                report_second(given, errors);
            }
        }
    }
}

fn is_option(given: &Given) -> bool {
    given.word().is_some_and(|word| OPTIONS.contains(&&*word))
}

/// Of `durable, name = "tell"`.
fn report_of_durable(given: &Given, errors: &mut Errors) {
    let word = given.word().unwrap_or_default();
    let option = match &given.value {
        Some(value) => format!("{word} = {}", types::text(value)),
        None if word == "unordered" => word.clone(),
        None => format!("{word} = …"),
    };
    errors.at(given, format!("`{word}` is an option of `durable`: write `durable({option})`"));
}

fn means_wrapper(word: &str) -> bool {
    near::nearest(word, FLAGS) == Some("wrapper") || FALSE_FRIENDS.contains(&(word, Some("wrapper")))
}

/// Whether a word that stands alone can't be meant as the hook.
fn is_unknown(word: &str) -> bool {
    let is_keyword = || syn::parse_str::<Ident>(word).is_err();
    near::nearest(word, FLAGS).is_some()
        || FALSE_FRIENDS.iter().any(|(friend, _)| *friend == word)
        || is_keyword()
}

/// `is_alone`: no other word can be the hook.
fn report_word(word: &str, is_alone: bool, given: &Given, errors: &mut Errors) {
    let Some((_, meant)) = FALSE_FRIENDS.iter().find(|(friend, _)| *friend == word) else {
        return given.unknown(OPTIONS, errors);
    };
    let meant = meant.map(|meant| format!("did you mean `{meant}`? ")).unwrap_or_default();
    let is_alone = is_alone && given.value.is_none();
    let hook = if is_alone { format!("; a hook of this name is `self::{word}`") } else { String::new() };
    errors.at(&given.path, format!("unknown option `{word}`; {meant}{}{hook}", options::list(OPTIONS)));
}

/// Of `hook = track_event`, and of `track_event(tryfirst)`.
///
/// `is_alone`: nothing else can be the hook.
fn report_value(given: &Given, is_alone: bool, errors: &mut Errors) {
    let word = given.word().unwrap_or_default();
    if EVENT_WORDS.contains(&&*word) && !names_a_function(given.value.as_ref()) {
        return errors.at(given, of_events(given.value.as_ref()));
    }
    if FALSE_FRIENDS.iter().any(|(friend, _)| *friend == word) {
        return report_word(&word, false, given, errors);
    }
    let is_of_hook = HOOK_WORDS.contains(&&*word);
    if is_alone && !is_of_hook && !given.is_assigned && near::nearest(&word, OPTIONS).is_none() {
        let hook = types::text(&given.path);
        let inside = given.value.as_ref().map(types::text).filter(|inside| !inside.is_empty());
        let options = inside.map(|inside| format!(", {inside}")).unwrap_or_default();
        return errors.at(
            given,
            format!("the hook and its options stand beside each other: write `#[hookimpl({hook}{options})]`"),
        );
    }
    let hook = match &given.value {
        Some(Value::Literal(Lit::Str(text))) => text.parse_with(Path::parse_mod_style).ok(),
        Some(Value::Path(path)) => Some(path.clone()),
        _ => None,
    };
    match hook.filter(|_| is_of_hook) {
        Some(hook) => {
            let hook = types::text(&hook);
            errors.at(given, format!("the hook stands alone: write `#[hookimpl({hook})]`"));
        }
        None => given.unknown(OPTIONS, errors),
    }
}

/// Whether it is a name in small letters, as a hook's is.
fn names_a_function(value: Option<&Value>) -> bool {
    match value {
        Some(Value::Path(path)) => !names_a_type(path),
        Some(Value::Literal(Lit::Str(text))) => text.value() == "track_event",
        _ => false,
    }
}

fn names_a_type(path: &Path) -> bool {
    path.segments.last().is_some_and(|last| last.ident.to_string().starts_with(char::is_uppercase))
}

/// Of `event = BanUser`.
fn of_events(value: Option<&Value>) -> String {
    let ty = match value {
        Some(Value::Path(path)) => types::text(path),
        _ => "BanUser".to_owned(),
    };
    format!(
        "an implementation's parameter says which events it hears: leave this out, and write `event: &{ty}`"
    )
}

/// Of a path beside the hook, which is an option or another hook.
fn report_second(given: &Given, errors: &mut Errors) {
    if names_a_type(&given.path) {
        return errors.at(&given.path, of_events(Some(&Value::Path(given.path.clone()))));
    }
    let message = match given.word() {
        Some(word) => {
            let options = options::list(OPTIONS);
            format!("unknown option `{word}`; {options}; for another hook, write another function")
        }
        None => "a function answers one hook; write another function for this one".to_owned(),
    };
    errors.at(&given.path, message);
}

/// Of `#[hookimpl("track_event")]`.
fn instead_of_literal(literal: &Lit) -> String {
    let expected = format!("expected a hook or an option; {}", options::list(OPTIONS));
    let Lit::Str(text) = literal else { return expected };
    let text = text.value();
    if let Some(option) = near::nearest(&text.replace('-', ""), FLAGS) {
        return format!("did you mean the option `{option}`?");
    }
    match syn::parse_str::<HookPath>(&text.replace('-', "_")) {
        Ok(HookPath(path)) if text.contains('-') => {
            format!("write it with an underscore and without quotes: `{}`", types::text(&path))
        }
        Ok(HookPath(path)) => format!("write it without quotes: `{}`", types::text(&path)),
        Err(_) => expected,
    }
}

struct HookPath(Path);

impl Parse for HookPath {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        Path::parse_mod_style(input).map(Self)
    }
}
