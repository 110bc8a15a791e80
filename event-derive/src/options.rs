//! The options in an attribute: `#[event(name = "ban-user", version = 2)]`, `#[hookimpl(my::hook, tryfirst)]`.
//!
//! ```text
//! options = (option ",")*
//! option  = path              a flag, or the hook
//!         | path "=" literal
//!         | path "=" path     for `crate = …`
//! ```
//!
//! Other forms of a value, such as `name("ban-user")` and `name = ban-user`, are read too, so that the option can say
//! what it takes.

use proc_macro2::{Group, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{Lit, LitStr, Path, Token, parse_quote, token};

use crate::errors::Errors;
use crate::{near, types};

/// One option as it was written.
pub(crate) struct Given {
    pub(crate) path: Path,
    pub(crate) value: Option<Value>,
    /// Whether the value comes after `=`, as it should.
    pub(crate) is_assigned: bool,
    /// All of it.
    written: TokenStream,
}

pub(crate) enum Value {
    Literal(Lit),
    Path(Path),
    /// A value that no option takes; empty if nothing follows `=`.
    Other(TokenStream),
}

/// What to write instead of a literal that stands alone, or of a name with a dash, such as `ban-user`.
pub(crate) type InsteadOfLiteral = fn(&Lit) -> String;

impl ToTokens for Given {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        self.written.to_tokens(tokens);
    }
}

impl ToTokens for Value {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        match self {
            Self::Literal(literal) => literal.to_tokens(tokens),
            Self::Path(path) => path.to_tokens(tokens),
            Self::Other(other) => other.to_tokens(tokens),
        }
    }
}

/// Reads the options of one attribute; parts that can't be read become errors.
pub(crate) fn read(tokens: TokenStream, instead: InsteadOfLiteral, errors: &mut Errors) -> Vec<Given> {
    let mut given = Vec::new();
    let read = |input: ParseStream<'_>| {
        while !input.is_empty() {
            let option = read_one(input, instead)?;
            if !input.is_empty() {
                // Drops the half-read option: its missing part would be a second error.
                let message = if input.peek(Token![<]) {
                    "leave the types out: an implementation's parameter says which events it hears, such as `event: &BanUser`"
                } else if input.peek(Token![.]) {
                    "the names of a path have `::` between them"
                } else {
                    "expected `,` and the next option, or `=` and a value"
                };
                input.parse::<Token![,]>().map_err(|error| syn::Error::new(error.span(), message))?;
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

fn read_one(input: ParseStream<'_>, instead: InsteadOfLiteral) -> syn::Result<Given> {
    if input.peek(Lit) {
        let literal = input.parse()?;
        return Err(syn::Error::new_spanned(&literal, instead(&literal)));
    }
    if !input.peek(syn::Ident::peek_any) && !input.peek(Token![::]) {
        return Err(input.error("expected an option"));
    }
    let path = read_path(input)?;
    let mut written = path.to_token_stream();
    if input.peek(Token![-]) {
        while !input.is_empty() && !input.peek(Token![,]) && !input.peek(Token![=]) {
            input.parse::<TokenTree>()?.to_tokens(&mut written);
        }
        let text = LitStr::new(&types::text(&written), Span::call_site());
        return Err(syn::Error::new_spanned(written, instead(&Lit::Str(text))));
    }
    let mut is_assigned = false;
    let value = if input.peek(token::Paren) {
        let group: Group = input.parse()?;
        group.to_tokens(&mut written);
        Some(read_value.parse2(group.stream()).unwrap_or_else(|_| Value::Other(group.stream())))
    } else if input.peek(Token![=]) || input.peek(Token![:]) {
        is_assigned = input.peek(Token![=]);
        input.parse::<TokenTree>()?.to_tokens(&mut written);
        let value = read_value(input)?;
        value.to_tokens(&mut written);
        Some(value)
    } else {
        None
    };
    Ok(Given { path, value, is_assigned, written })
}

/// A path, or a keyword such as `async`, which is no option.
fn read_path(input: ParseStream<'_>) -> syn::Result<Path> {
    if input.peek2(Token![::]) || !input.peek(syn::Ident::peek_any) {
        Path::parse_mod_style(input)
    } else {
        Ok(syn::Ident::parse_any(input)?.into())
    }
}

fn read_value(input: ParseStream<'_>) -> syn::Result<Value> {
    // A word behind the value is the next option, and lacks its comma.
    let ends = |input: ParseStream<'_>| {
        input.is_empty() || input.peek(Token![,]) || input.peek(syn::Ident::peek_any)
    };
    let ahead = input.fork();
    if ahead.parse::<Lit>().is_ok() && ends(&ahead) {
        return Ok(Value::Literal(input.parse()?));
    }
    let ahead = input.fork();
    if Path::parse_mod_style(&ahead).is_ok() && ends(&ahead) {
        return Ok(Value::Path(Path::parse_mod_style(input)?));
    }
    let mut other = TokenStream::new();
    while !input.is_empty() && !input.peek(Token![,]) {
        input.parse::<TokenTree>()?.to_tokens(&mut other);
    }
    Ok(Value::Other(other))
}

impl Given {
    /// The option's name, if it is a single word.
    pub(crate) fn word(&self) -> Option<String> {
        self.path.get_ident().map(ToString::to_string)
    }

    /// Whether the value comes after `=`.
    pub(crate) fn is_assigned(&self) -> bool {
        self.is_assigned
    }

    /// Says that there is no such option, and which the reader may have meant.
    pub(crate) fn unknown(&self, known: &[&str], errors: &mut Errors) {
        let word = self.path.to_token_stream().to_string().replace(' ', "");
        let meant = match near::nearest(&word, known) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => list(known),
        };
        errors.at(&self.path, format!("unknown option `{word}`; {meant}"));
    }

    /// The text of `name = "text"`.
    pub(crate) fn text(&self, errors: &mut Errors) -> Option<LitStr> {
        let word = self.word().unwrap_or_default();
        let message = match &self.value {
            Some(Value::Literal(Lit::Str(text))) => return self.assigned(text.clone(), errors),
            Some(Value::Path(path)) if is_constant(path) => {
                format!("write the text itself: `{word} = \"…\"`; an attribute can't read a constant")
            }
            Some(Value::Other(tokens)) if calls_a_macro(tokens) => {
                format!("write the text itself: `{word} = \"…\"`; an attribute can't call a macro")
            }
            Some(value) => match unquoted(value) {
                Some(text) => format!("write the text in quotes: `{word} = \"{text}\"`"),
                None => format!("write a text: `{word} = \"…\"`"),
            },
            None => format!("write a text: `{word} = \"…\"`"),
        };
        errors.at(self, message);
        None
    }

    /// The name of a package, of `before = "event-stderr"`.
    pub(crate) fn package(&self, errors: &mut Errors) -> Option<LitStr> {
        if let Some(Value::Other(several)) = &self.value
            && let Some(texts) = texts(several)
        {
            let word = self.word().unwrap_or_default();
            let each: Vec<_> = texts.iter().map(|text| format!("{word} = {:?}", text.value())).collect();
            errors.at(self, format!("write the option for each package: `{}`", each.join(", ")));
            return None;
        }
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
        if let Some(Value::Literal(Lit::Int(literal))) = &self.value
            && let Some(number) = literal.base10_parse().ok().filter(|number| *number > 0)
        {
            return self.assigned(literal.clone(), errors).map(|_| number);
        }
        let word = self.word().unwrap_or_default();
        errors.at(self, format!("write a whole number from 1 on: `{word} = 2`"));
        None
    }

    /// The path of `crate = path`.
    pub(crate) fn path_value(&self, errors: &mut Errors) -> Option<Path> {
        if let Some(Value::Path(path)) = &self.value {
            return self.assigned(path.clone(), errors);
        }
        let path = match &self.value {
            Some(Value::Literal(Lit::Str(text))) => {
                syn::parse_str::<Path>(&text.value().replace('-', "_")).ok()
            }
            _ => None,
        };
        let message = match path {
            Some(path) => format!("write the path without quotes: `crate = {}`", types::text(&path)),
            None => "write a path: `crate = my_facade::event_core`".to_owned(),
        };
        errors.at(self, message);
        None
    }

    /// Reports a flag that has a value.
    pub(crate) fn flag(&self, errors: &mut Errors) {
        if self.value.is_some() {
            let word = self.word().unwrap_or_default();
            // What comes after the name.
            let value: TokenStream = self.written.clone().into_iter().skip(1).collect();
            errors.at(value, format!("`{word}` takes no value: write `{word}` alone, or leave it out"));
        }
    }

    /// The value, if it comes after `=`.
    fn assigned<T: ToTokens>(&self, value: T, errors: &mut Errors) -> Option<T> {
        if self.is_assigned {
            return Some(value);
        }
        let (word, value) = (self.word().unwrap_or_default(), types::text(&value));
        errors.at(self, format!("write `{word} = {value}`"));
        None
    }
}

/// The sentence that lists the options.
pub(crate) fn list(known: &[&str]) -> String {
    format!("the options are `{}`", known.join("`, `"))
}

/// What is parsed as a path, or a name in capitals.
fn is_constant(path: &Path) -> bool {
    let is_in_capitals =
        |name: &str| name.chars().all(|c| c.is_uppercase() || c.is_ascii_digit() || c == '_');
    path.segments.len() > 1 || path.segments.iter().all(|name| is_in_capitals(&name.ident.to_string()))
}

fn calls_a_macro(tokens: &TokenStream) -> bool {
    tokens.clone().into_iter().any(|tree| matches!(tree, TokenTree::Punct(sign) if sign.as_char() == '!'))
}

/// `ban-user`, which lacks its quotes.
fn unquoted(value: &Value) -> Option<String> {
    let text = types::text(value);
    let is_name = text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.'));
    (is_name && !matches!(value, Value::Literal(_))).then_some(text)
}

/// Texts in a list, such as `["event-stderr", "event-sqlite"]`, with or without the brackets.
fn texts(tokens: &TokenStream) -> Option<Punctuated<LitStr, Token![,]>> {
    let mut trees = tokens.clone().into_iter();
    let tokens = match (trees.next(), trees.next()) {
        (Some(TokenTree::Group(group)), None) => group.stream(),
        _ => tokens.clone(),
    };
    let texts = Punctuated::<LitStr, Token![,]>::parse_terminated.parse2(tokens).ok()?;
    (!texts.is_empty()).then_some(texts)
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

/// What generated code uses of event-core, as it names it.
pub(crate) struct Core {
    /// Stands before all uses: an import, so that the compiler reports a wrong path once.
    pub(crate) import: TokenStream,
    pub(crate) path: Path,
    /// The path to macros. Where another attribute of the item isn't there, the compiler resolves no import, and would report each
    /// macro that comes from one. So this is the crate itself, unless its path was given.
    pub(crate) macros: Path,
}

impl Core {
    /// `::event_core`, or what `crate = path` says.
    pub(crate) fn new(given: Option<Path>) -> Self {
        let path: Path = parse_quote!(__event_core);
        let macros = if given.is_some() { path.clone() } else { parse_quote!(::event_core::__private) };
        let place = given.unwrap_or_else(|| parse_quote!(::event_core));
        let import = quote!(#[allow(unused_imports)] use #place::__private as __event_core;);
        Self { import, path, macros }
    }
}
