//! What `#[derive(Event)]` reads off a type.

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::{Attribute, Data, DeriveInput, Fields, Generics, Ident, Lit, Meta, Path};

use super::bounds::Bounds;
use super::serde_fields::{self, Written};
use crate::errors::Errors;
use crate::options::{self, Core, Given};
use crate::{doc, lints, name};

const OPTIONS: &[&str] = &["name", "version", "crate", "serialize"];

pub(crate) struct Event<'i> {
    pub(crate) import: TokenStream,
    /// The path to event-core's macros.
    pub(crate) macros: Path,
    pub(crate) core: Path,
    pub(crate) ident: &'i Ident,
    pub(crate) generics: &'i Generics,
    pub(crate) name: String,
    pub(crate) version: u32,
    pub(crate) doc: TokenStream,
    pub(crate) fields: Vec<Field<'i>>,
    pub(crate) writes: Writes,
    pub(crate) serde: Serde,
    pub(crate) bounds: Bounds,
    /// The lints that the user silenced, for generated code.
    pub(crate) silenced: TokenStream,
}

pub(crate) struct Field<'i> {
    pub(crate) ident: Option<&'i Ident>,
    pub(crate) ty: &'i syn::Type,
    pub(crate) doc: TokenStream,
    pub(crate) serde: Vec<&'i Attribute>,
}

/// How the properties are written.
pub(crate) enum Writes {
    /// Field by field, by code that the derive writes.
    Fields(Vec<Written>),
    /// By a hidden copy of the struct that derives serde's `Serialize`, for attributes that the derive doesn't read.
    Copy,
    /// The event has no properties.
    Nothing,
    /// By the type's own `Serialize`.
    OwnSerialize,
}

/// What `#[serde(…)]` above the type says.
#[derive(Default)]
pub(crate) struct Serde {
    /// All but `rename`, `crate` and `remote`, which the copy sets itself.
    pub(crate) kept: Vec<TokenStream>,
    pub(crate) rename: Option<TokenStream>,
}

#[derive(Default)]
struct Options {
    name: Option<String>,
    version: Option<u32>,
    core: Option<Path>,
    serialize: Option<()>,
}

impl<'i> Event<'i> {
    pub(crate) fn read(input: &'i DeriveInput, errors: &mut Errors) -> Self {
        let options = Options::read(&input.attrs, errors);
        let own_serialize = options.serialize.is_some();
        let serde = if own_serialize { Serde::default() } else { Serde::read(&input.attrs, errors) };
        let (fields, writes) = read_fields(input, own_serialize, errors);
        for lifetime in input.generics.lifetimes() {
            errors.at(
                lifetime,
                "an event can't borrow, since it may outlive the call that tracks it; own the data, such as `String` \
                 for `&str`",
            );
        }
        let name = options.name.unwrap_or_else(|| name_of_type(&input.ident, errors));
        let Core { import, path: core, macros } = Core::new(options.core);
        Self {
            import,
            macros,
            core,
            ident: &input.ident,
            generics: &input.generics,
            name,
            version: options.version.unwrap_or(1),
            doc: doc::text(&input.attrs),
            fields,
            writes,
            serde,
            bounds: Bounds::read(input),
            silenced: silenced(input),
        }
    }
}

fn silenced(input: &DeriveInput) -> TokenStream {
    let of_fields = match &input.data {
        Data::Struct(data) => data.fields.iter().flat_map(|field| &field.attrs).collect::<Vec<_>>(),
        _ => Vec::new(),
    };
    lints::silenced(input.attrs.iter().chain(of_fields))
}

fn name_of_type(ident: &Ident, errors: &mut Errors) -> String {
    let name = name::of_type(&ident.unraw().to_string());
    if name::why_not(&name).is_some() {
        errors.at(ident, "no event name can be made from this type's name; write `#[event(name = \"…\")]`");
    }
    name
}

impl Options {
    fn read(attributes: &[Attribute], errors: &mut Errors) -> Self {
        let mut options = Self::default();
        for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("event")) {
            match &attribute.meta {
                Meta::List(list) => {
                    for given in options::read(list.tokens.clone(), instead_of_literal, errors) {
                        options.set(&given, errors);
                    }
                }
                meta => errors.at(meta, "write options in parentheses: `#[event(name = \"ban-user\")]`"),
            }
        }
        options
    }

    fn set(&mut self, given: &Given, errors: &mut Errors) {
        match given.word().as_deref() {
            Some("name") => {
                let text = given.text(errors);
                if let Some(why) = text.as_ref().and_then(|text| name::why_not(&text.value())) {
                    errors.at(&text, why);
                }
                options::set_once(&mut self.name, text.map(|text| text.value()), given, errors);
            }
            Some("version") => {
                let number = given.number(errors);
                options::set_once(&mut self.version, number, given, errors);
            }
            Some("crate") => {
                let path = given.path_value(errors);
                options::set_once(&mut self.core, path, given, errors);
            }
            Some("serialize") => {
                given.flag(errors);
                options::set_once(&mut self.serialize, Some(()), given, errors);
            }
            _ => given.unknown(OPTIONS, errors),
        }
    }
}

/// Of `#[event("ban-user")]`.
pub(super) fn instead_of_literal(literal: &Lit) -> String {
    match literal {
        Lit::Str(name) => format!("write `name = {:?}`", name.value()),
        Lit::Int(version) => format!("write `version = {version}`"),
        _ => format!("expected an option; {}", options::list(OPTIONS)),
    }
}

fn read_fields<'i>(
    input: &'i DeriveInput,
    own_serialize: bool,
    errors: &mut Errors,
) -> (Vec<Field<'i>>, Writes) {
    let fields = match &input.data {
        Data::Struct(data) => &data.fields,
        Data::Enum(data) => {
            errors.at(
                data.enum_token,
                "an enum can't be an event yet; make each variant a struct of its own and derive `Event` for that",
            );
            return (Vec::new(), Writes::Nothing);
        }
        Data::Union(data) => {
            errors.at(
                data.union_token,
                "a union can't be an event, since its fields can't be read; use a struct",
            );
            return (Vec::new(), Writes::Nothing);
        }
    };
    let read = fields.iter().map(|field| Field {
        ident: field.ident.as_ref(),
        ty: &field.ty,
        doc: doc::text(&field.attrs),
        serde: field.attrs.iter().filter(|attribute| attribute.path().is_ident("serde")).collect(),
    });
    let read: Vec<_> = read.collect();
    // The fields of a packed struct can't be borrowed; serde copies them.
    let is_plain = !input.attrs.iter().any(|attribute| attribute.path().is_ident("repr"));
    let writes = match fields {
        _ if own_serialize => Writes::OwnSerialize,
        Fields::Named(_) => match serde_fields::fields(&input.attrs, &read).filter(|_| is_plain) {
            Some(written) => Writes::Fields(written),
            None => Writes::Copy,
        },
        Fields::Unit => Writes::Nothing,
        Fields::Unnamed(unnamed) => {
            errors.at(
                unnamed,
                "an event's fields need names, since its properties are a JSON object: write `{ user: User }` \
                 instead of `(User)`",
            );
            Writes::Nothing
        }
    };
    (read, writes)
}

impl Serde {
    fn read(attributes: &[Attribute], errors: &mut Errors) -> Self {
        let mut serde = Self::default();
        for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("serde")) {
            let Meta::List(list) = &attribute.meta else { continue };
            for option in split_at_commas(list.tokens.clone()) {
                let word = option.clone().into_iter().next();
                match word.as_ref().map(ToString::to_string).as_deref() {
                    Some(word @ ("transparent" | "untagged")) => errors.at(
                        &option,
                        format!(
                            "`{word}` can't be had in an event, since its properties are a JSON object; remove it, or \
                             write `Serialize` yourself and say `#[event(serialize)]`"
                        ),
                    ),
                    Some("rename") => serde.rename = Some(option),
                    // The copy is never deserialized, and has a `crate` and a `remote` of its own.
                    Some("crate" | "remote") | None => {}
                    Some(_) => serde.kept.push(option),
                }
            }
        }
        serde
    }
}

pub(super) fn split_at_commas(tokens: TokenStream) -> Vec<TokenStream> {
    let mut parts = vec![TokenStream::new()];
    for tree in tokens {
        match &tree {
            TokenTree::Punct(punct) if punct.as_char() == ',' => parts.push(TokenStream::new()),
            _ => tree.to_tokens(parts.last_mut().expect("there is always a last part")),
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
}
