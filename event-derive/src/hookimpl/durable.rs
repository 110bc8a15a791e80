//! The option `durable`, alone or as `durable(name = "…", renamed_from = "…", from = "start", give_up_after = "24h",
//! max_attempts = 20, timeout_s = 30, key = "user.id", concurrency = 8, batch = 100)`.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{Lit, LitStr, Path};

use crate::errors::Errors;
use crate::options::{self, Given};

pub(super) const OPTIONS: &[&str] = &[
    "name",
    "renamed_from",
    "from",
    "give_up_after",
    "max_attempts",
    "timeout_s",
    "key",
    "unordered",
    "concurrency",
    "batch",
];

/// Options that are about the place of a call inside `track`, where a durable implementation isn't called.
pub(super) const EXCLUDED: &[&str] = &["wrapper", "essential", "tryfirst", "trylast", "before", "after"];

/// What `durable(…)` says.
#[derive(Default)]
pub(crate) struct Durable {
    name: Option<LitStr>,
    renamed_from: Option<LitStr>,
    from_start: Option<bool>,
    give_up_after_s: Option<u64>,
    max_attempts: Option<u32>,
    timeout_s: Option<u32>,
    key: Option<LitStr>,
    unordered: Option<()>,
    concurrency: Option<u32>,
    batch: Option<u32>,
    /// Whether `batch` is given, perhaps with a mistake.
    has_batch: bool,
}

impl Durable {
    pub(super) fn read(given: &Given, errors: &mut Errors) -> Self {
        let mut durable = Self::default();
        let Some(value) = &given.value else { return durable };
        if given.is_assigned() {
            errors.at(given, "write `durable`, or its options in parentheses: `durable(from = \"start\")`");
            return durable;
        }
        let all = options::read(value.to_token_stream(), instead_of_literal, errors);
        for option in &all {
            durable.set(option, errors);
        }
        Self::check_order(&all, errors);
        durable
    }

    fn set(&mut self, given: &Given, errors: &mut Errors) {
        match given.word().as_deref() {
            Some("name") => {
                let name = given.text(errors).filter(|name| is_name(name, errors));
                options::set_once(&mut self.name, name, given, errors);
            }
            Some("renamed_from") => {
                let name = given.text(errors).filter(|name| is_old_name(name, errors));
                options::set_once(&mut self.renamed_from, name, given, errors);
            }
            Some("from") => {
                let from = given.text(errors).and_then(|text| from_start(&text, errors));
                options::set_once(&mut self.from_start, from, given, errors);
            }
            Some("give_up_after") => {
                let seconds = given.text(errors).and_then(|text| seconds(&text, errors));
                options::set_once(&mut self.give_up_after_s, seconds, given, errors);
            }
            Some("max_attempts") => {
                let number = given.number(errors);
                options::set_once(&mut self.max_attempts, number, given, errors);
            }
            Some("timeout_s") => {
                let number = given.number(errors);
                options::set_once(&mut self.timeout_s, number, given, errors);
            }
            Some("key") => {
                let key = given.text(errors).filter(|key| is_key(key, errors));
                options::set_once(&mut self.key, key, given, errors);
            }
            Some("unordered") => {
                given.flag(errors);
                options::set_once(&mut self.unordered, Some(()), given, errors);
            }
            Some("concurrency") => {
                let number = given.number(errors);
                options::set_once(&mut self.concurrency, number, given, errors);
            }
            Some("batch") => {
                self.has_batch = true;
                let number = given.number(errors);
                options::set_once(&mut self.batch, number, given, errors);
            }
            _ => given.unknown(OPTIONS, errors),
        }
    }

    /// Whether several events come in one call.
    pub(super) fn has_batch(&self) -> bool {
        self.has_batch
    }

    /// What is said of the order must fit together.
    fn check_order(all: &[Given], errors: &mut Errors) {
        let find = |word: &str| all.iter().find(|given| given.word().as_deref() == Some(word));
        if let (Some(_), Some(unordered)) = (find("key"), find("unordered")) {
            errors.at(
                unordered,
                "`key` keeps events with one key in their order, and `unordered` keeps none: keep one of the two",
            );
        }
        if let (None, None, Some(concurrency)) = (find("key"), find("unordered"), find("concurrency")) {
            errors.at(
                concurrency,
                "without more, events are called one after the other: add `key = \"user.id\"`, and events with different keys are \
                 called side by side, or `unordered`, and all are",
            );
        }
    }

    /// The options as event-core takes them. `decoder` is how the event is read back.
    pub(super) fn expand(&self, core: &Path, decoder: Option<TokenStream>) -> TokenStream {
        let private = quote!(#core);
        let some = |value: &dyn ToTokens| quote!(::core::option::Option::Some(#value));
        let name = self.name.as_ref().map(|it| some(it)).map(|it| quote!(name: #it,));
        let old_name = self.renamed_from.as_ref().map(|it| some(it)).map(|it| quote!(renamed_from: #it,));
        let from = self.from_start.map(|is_start| {
            let from = if is_start { quote!(Start) } else { quote!(Now) };
            quote!(from: #private::StartsFrom::#from,)
        });
        let duration = |seconds: u64| quote!(#private::Duration::from_secs(#seconds));
        let give_up = self.give_up_after_s.map(duration).map(|it| quote!(give_up_after: #it,));
        let attempts = self.max_attempts.map(|it| some(&it)).map(|it| quote!(max_attempts: #it,));
        let timeout = self.timeout_s.map(|it| some(&duration(it.into()))).map(|it| quote!(timeout: #it,));
        let decoder = decoder.map(|it| quote!(decoder: #it,));
        let order = match (&self.key, self.unordered) {
            (Some(key), _) => Some(quote!(order: #private::Order::ByKey(#key),)),
            (None, Some(())) => Some(quote!(order: #private::Order::None,)),
            (None, None) => None,
        };
        let concurrency = self.concurrency.map(|it| some(&it)).map(|it| quote!(concurrency: #it,));
        let batch = self.batch.map(|it| some(&it)).map(|it| quote!(batch: #it,));
        let options = quote!(#private::DurableOptions);
        quote!(durable: ::core::option::Option::Some(&#options {
            #name #old_name #from #give_up #attempts #timeout #order #concurrency #batch #decoder
            ..#options::DEFAULT
        }),)
    }
}

fn instead_of_literal(_: &Lit) -> String {
    format!("expected an option; {}", options::list(OPTIONS))
}

fn is_name(name: &LitStr, errors: &mut Errors) -> bool {
    let fits = is_word(&name.value());
    if !fits {
        errors.at(
            name,
            "write a name of ASCII letters, digits, `-` and `_`; the plugin's name comes before it by itself",
        );
    }
    fits
}

/// The name of a function of this plugin, or with another plugin's before it.
fn is_old_name(name: &LitStr, errors: &mut Errors) -> bool {
    let text = name.value();
    let (plugin, function) = text.split_once("::").map_or((None, &*text), |(plugin, it)| (Some(plugin), it));
    let fits = plugin.is_none_or(is_word) && is_word(function);
    if !fits {
        errors.at(
            name,
            "write the name that it had: \"tell_billing\", or \"shop::tell_billing\" if it was in another plugin",
        );
    }
    fits
}

fn is_word(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
}

/// The names of properties, from the event's on, with dots between them.
fn is_key(key: &LitStr, errors: &mut Errors) -> bool {
    let fits = key.value().split('.').all(|name| !name.is_empty() && name.trim() == name);
    if !fits {
        errors.at(key, "write a property, such as \"user\" or \"user.id\", or \"actor\" for the actor's id");
    }
    fits
}

fn from_start(text: &LitStr, errors: &mut Errors) -> Option<bool> {
    match &*text.value() {
        "start" => Some(true),
        "now" => Some(false),
        _ => {
            errors.at(
                text,
                "write `from = \"start\"` for all events that are kept, or `from = \"now\"` for new ones",
            );
            None
        }
    }
}

/// `"24h"`, `"90s"`, `"15m"`, `"7d"`.
fn seconds(text: &LitStr, errors: &mut Errors) -> Option<u64> {
    let value = text.value();
    let units = [('s', 1), ('m', 60), ('h', 3_600), ('d', 86_400)];
    let read = units.iter().find_map(|(unit, seconds)| {
        let number: u64 = value.strip_suffix(*unit)?.parse().ok().filter(|number| *number > 0)?;
        number.checked_mul(*seconds)
    });
    if read.is_none() {
        errors.at(
            text,
            "write a duration: a whole number from 1 on, and `s`, `m`, `h` or `d`, such as \"24h\"",
        );
    }
    read
}
