//! `#[event(…)]` in places where it has no meaning.

use quote::ToTokens;
use syn::{Attribute, Data, DeriveInput, Meta};

use super::model::instead_of_literal;
use crate::errors::Errors;
use crate::options;

/// Reports each `#[event(…)]` on a field, with what to write instead.
///
/// An enum and a union are mistakes as a whole, and reported as such.
pub(crate) fn check(input: &DeriveInput, errors: &mut Errors) {
    if let Data::Struct(data) = &input.data {
        for attribute in data.fields.iter().flat_map(|field| ours(&field.attrs)) {
            errors.at(attribute, on_a_field(&attribute.meta));
        }
    }
}

fn ours(attributes: &[Attribute]) -> impl Iterator<Item = &Attribute> {
    attributes.iter().filter(|attribute| attribute.path().is_ident("event"))
}

fn on_a_field(meta: &Meta) -> String {
    // The attribute is wrong in any form, so one that can't be parsed gets the same message, without a quote.
    let mut unread = Errors::new();
    let given = match meta {
        Meta::List(list) => options::read(list.tokens.clone(), instead_of_literal, &mut unread),
        _ => Vec::new(),
    };
    let _ = unread.finish();
    let text = |given: &options::Given| given.value.as_ref().map(|value| value.to_token_stream().to_string());
    match given.first().and_then(|given| Some((given.word()?, text(given)))) {
        Some((word, None)) if word.starts_with("skip") || matches!(&*word, "ignore" | "hide" | "secret") => {
            "a field has no options of `event`; to keep it out of the properties, write `#[serde(skip)]`"
                .to_owned()
        }
        Some((word, Some(name))) if matches!(&*word, "name" | "rename") => {
            format!("a field has no options of `event`; to rename it, write `#[serde(rename = {name})]`")
        }
        Some((word, None)) if word == "flatten" => {
            "a field has no options of `event`; write `#[serde(flatten)]`".to_owned()
        }
        _ => "a field has no options of `event`: options of the event go above the struct, and a field takes serde's \
              attributes, such as `#[serde(skip)]` or `#[serde(rename = \"…\")]`"
            .to_owned(),
    }
}
