//! The options in an attribute: `#[event(name = "ban-user", version = 2)]`, `#[hookimpl(my::hook, tryfirst)]`.
//!
//! ```text
//! options = (option ",")*
//! option  = path              a flag, or the hook
//!         | path "=" literal
//!         | path "=" path     for `crate = …`
//! ```

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::{Lit, Path, Token, parse_quote};

use crate::errors::Errors;
use crate::near;

/// One option as it was written.
pub(crate) struct Given {
    pub(crate) path: Path,
    pub(crate) value: Option<Value>,
}

pub(crate) enum Value {
    Literal(Lit),
    Path(Path),
}

impl ToTokens for Given {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        self.path.to_tokens(tokens);
        if let Some(value) = &self.value {
            value.to_tokens(tokens);
        }
    }
}

impl ToTokens for Value {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        match self {
            Self::Literal(literal) => literal.to_tokens(tokens),
            Self::Path(path) => path.to_tokens(tokens),
        }
    }
}

/// Reads the options of one attribute; what can't be read is among the errors.
pub(crate) fn read(tokens: TokenStream, errors: &mut Errors) -> Vec<Given> {
    let mut given = Vec::new();
    let read = |input: ParseStream<'_>| {
        while !input.is_empty() {
            let option = read_one(input)?;
            if !input.is_empty() {
                // Without the option, which isn't read to its end: what it lacks would be a second error.
                input.parse::<Token![,]>().map_err(|error| {
                    syn::Error::new(error.span(), "expected `,` and the next option, or `=` and a value")
                })?;
            }
            given.push(option);
        }
        Ok(())
    };
    if let Err(error) = read.parse2(tokens) {
        errors.push(error);
    }
    given
}

fn read_one(input: ParseStream<'_>) -> syn::Result<Given> {
    if !input.peek(syn::Ident::peek_any) && !input.peek(Token![::]) {
        return Err(input.error("expected an option"));
    }
    let path = Path::parse_mod_style(input)?;
    let value = if input.parse::<Option<Token![=]>>()?.is_none() {
        None
    } else if input.peek(Lit) {
        Some(Value::Literal(input.parse()?))
    } else {
        Some(Value::Path(Path::parse_mod_style(input).map_err(|error| {
            syn::Error::new(error.span(), "expected a literal, such as \"text\", or a path")
        })?))
    };
    Ok(Given { path, value })
}

impl Given {
    /// The option's name, if it is a single word.
    pub(crate) fn word(&self) -> Option<String> {
        self.path.get_ident().map(ToString::to_string)
    }

    /// Says that there is no such option, and which the reader may have meant.
    pub(crate) fn unknown(&self, known: &[&str], errors: &mut Errors) {
        let word = self.path.to_token_stream().to_string().replace(' ', "");
        let meant = match near::nearest(&word, known) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("the options are `{}`", known.join("`, `")),
        };
        errors.at(&self.path, format!("unknown option `{word}`; {meant}"));
    }

    /// The text of `name = "text"`.
    pub(crate) fn text(&self, errors: &mut Errors) -> Option<syn::LitStr> {
        if let Some(Value::Literal(Lit::Str(text))) = &self.value {
            return Some(text.clone());
        }
        let word = self.word().unwrap_or_default();
        errors.at(self, format!("write a text: `{word} = \"…\"`"));
        None
    }

    /// The name of a package, of `before = "event-stderr"`.
    pub(crate) fn package(&self, errors: &mut Errors) -> Option<syn::LitStr> {
        let text = self.text(errors)?;
        let is_name = |name: &str| {
            name.starts_with(|c: char| c.is_alphabetic() || c == '_')
                && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'))
        };
        if is_name(&text.value()) {
            return Some(text);
        }
        errors.at(&text, "no package has this name; name a plugin's package, such as \"event-stderr\"");
        None
    }

    /// The number of `version = 2`.
    pub(crate) fn number(&self, errors: &mut Errors) -> Option<u32> {
        let number = match &self.value {
            Some(Value::Literal(Lit::Int(number))) => number.base10_parse().ok().filter(|number| *number > 0),
            _ => None,
        };
        if number.is_none() {
            let word = self.word().unwrap_or_default();
            errors.at(self, format!("write a whole number from 1 on: `{word} = 2`"));
        }
        number
    }

    /// The path of `crate = path`.
    pub(crate) fn path_value(&self, errors: &mut Errors) -> Option<Path> {
        if let Some(Value::Path(path)) = &self.value {
            return Some(path.clone());
        }
        errors.at(self, "write a path: `crate = my_facade::event_core`");
        None
    }

    /// Sees to it that a flag has no value.
    pub(crate) fn flag(&self, errors: &mut Errors) {
        if let Some(value) = &self.value {
            let word = self.word().unwrap_or_default();
            errors.at(value, format!("`{word}` takes no value"));
        }
    }
}

/// Sets an option that may be given once.
pub(crate) fn set_once<T>(place: &mut Option<T>, value: Option<T>, given: &Given, errors: &mut Errors) {
    if place.is_some() {
        let word = given.word().unwrap_or_default();
        errors.at(&given.path, format!("`{word}` is given twice"));
    } else {
        *place = value;
    }
}

/// Event-core, as generated code names it.
pub(crate) struct Core {
    /// Stands before all mentions. By an import, of which the compiler says once that its path leads nowhere.
    pub(crate) import: TokenStream,
    pub(crate) path: Path,
}

impl Core {
    /// `::event_core`, or what `crate = path` says.
    pub(crate) fn new(given: Option<Path>) -> Self {
        let place = given.unwrap_or_else(|| parse_quote!(::event_core));
        Self {
            import: quote!(#[allow(unused_imports)] use #place as __event_core;),
            path: parse_quote!(__event_core),
        }
    }
}
