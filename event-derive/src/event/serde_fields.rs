//! What serde's attributes say of the fields, as far as that can be done without serde.
//!
//! Serde's own derive costs a build much more than everything else about an event, so the common attributes are read
//! here: `rename` and `rename_all`, `skip`, `skip_serializing` and `skip_serializing_if`, and those that are about
//! reading only. Whatever isn't exactly one of these is left to serde, mistakes included.

use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::ParseStream;
use syn::{Attribute, ExprPath, Ident, LitStr, Meta, Token};

use super::model::Field;

/// How a field gets into the properties.
pub(crate) enum Written {
    Always(String),
    /// Unless this function says of the field that it is to be skipped.
    Unless(Box<ExprPath>, String),
    Never,
}

/// For each field that has a name; `None` where serde has to be asked.
pub(crate) fn fields(of_type: &[Attribute], fields: &[Field<'_>]) -> Option<Vec<Written>> {
    let mut rule = Rule::AsItIs;
    for option in options(of_type.iter().filter(|attribute| attribute.path().is_ident("serde")))? {
        match (option.word.as_str(), option.value) {
            ("rename_all", Some(value)) => rule = Rule::of(&value.value())?,
            ("deny_unknown_fields" | "default", None) | ("rename", Some(_)) => {}
            _ => return None,
        }
    }
    let written: Vec<_> = fields.iter().map(|field| written(field, rule)).collect::<Option<_>>()?;
    let mut names: Vec<_> = written.iter().filter_map(Written::name).collect();
    names.sort_unstable();
    // Whether a name comes twice in the end, serde's way finds out.
    names.windows(2).all(|pair| pair[0] != pair[1]).then_some(written)
}

impl Written {
    fn name(&self) -> Option<&str> {
        match self {
            Self::Always(name) | Self::Unless(_, name) => Some(name),
            Self::Never => None,
        }
    }
}

fn written(field: &Field<'_>, rule: Rule) -> Option<Written> {
    let (mut name, mut unless, mut is_skipped) = (None, None, false);
    for option in options(field.serde.iter().copied())? {
        match (option.word.as_str(), option.value) {
            ("rename", Some(value)) => name = Some(value.value()),
            ("skip" | "skip_serializing", None) => is_skipped = true,
            ("skip_serializing_if", Some(value)) => unless = Some(Box::new(value.parse().ok()?)),
            ("default" | "skip_deserializing", None) | ("alias", Some(_)) => {}
            _ => return None,
        }
    }
    if is_skipped {
        // Whether a name is given or a condition beside makes no difference.
        return Some(Written::Never);
    }
    let name = match name {
        Some(name) => name,
        None => rule.apply(&field.ident?.unraw().to_string())?,
    };
    // It is written as it stands.
    let is_plain = !name.contains(|c: char| c.is_control() || matches!(c, '"' | '\\'));
    is_plain.then(|| match unless {
        Some(path) => Written::Unless(path, name),
        None => Written::Always(name),
    })
}

/// `word` or `word = "text"`.
struct SerdeOption {
    word: String,
    value: Option<LitStr>,
}

/// All options of these attributes; `None` where one has another form or is given twice.
fn options<'a>(attributes: impl Iterator<Item = &'a Attribute>) -> Option<Vec<SerdeOption>> {
    let mut options: Vec<SerdeOption> = Vec::new();
    for attribute in attributes {
        let Meta::List(list) = &attribute.meta else { return None };
        let read = |input: ParseStream<'_>| {
            while !input.is_empty() {
                let word = input.call(Ident::parse_any)?.to_string();
                let value = match input.parse::<Option<Token![=]>>()? {
                    Some(_) => Some(input.parse()?),
                    None => None,
                };
                if !input.is_empty() {
                    input.parse::<Token![,]>()?;
                }
                if options.iter().any(|other| other.word == word && word != "alias") {
                    return Err(input.error("given twice"));
                }
                options.push(SerdeOption { word, value });
            }
            Ok(())
        };
        syn::parse::Parser::parse2(read, list.tokens.to_token_stream()).ok()?;
    }
    Some(options)
}

/// How `rename_all` makes a name of a field's: what serde calls a rename rule.
#[derive(Clone, Copy)]
enum Rule {
    AsItIs,
    Upper,
    Pascal,
    Camel,
    Kebab,
    UpperKebab,
}

impl Rule {
    fn of(text: &str) -> Option<Self> {
        Some(match text {
            "lowercase" | "snake_case" => Self::AsItIs,
            "UPPERCASE" | "SCREAMING_SNAKE_CASE" => Self::Upper,
            "PascalCase" => Self::Pascal,
            "camelCase" => Self::Camel,
            "kebab-case" => Self::Kebab,
            "SCREAMING-KEBAB-CASE" => Self::UpperKebab,
            _ => return None,
        })
    }

    /// `None` where what serde does depends on more than ASCII.
    fn apply(self, field: &str) -> Option<String> {
        let pascal = || {
            let words = field.split('_').filter(|word| !word.is_empty());
            words.map(|word| word[..1].to_ascii_uppercase() + &word[1..]).collect::<String>()
        };
        if !field.is_ascii() && !matches!(self, Self::AsItIs) {
            return None;
        }
        let name = match self {
            Self::AsItIs => field.to_owned(),
            Self::Upper => field.to_ascii_uppercase(),
            Self::Pascal => pascal(),
            Self::Camel => {
                let mut name = pascal();
                name.get_mut(..1)?.make_ascii_lowercase();
                name
            }
            Self::Kebab => field.replace('_', "-"),
            Self::UpperKebab => field.to_ascii_uppercase().replace('_', "-"),
        };
        Some(name)
    }
}
