//! What `#[hookspec]` reads off a function.

use proc_macro2::{TokenStream, TokenTree};
use syn::parse::{Parse, ParseStream};
use syn::{Attribute, Ident, Lit, Path, ReturnType, Signature, Token, Type, Visibility};

use super::{arguments, output};
use crate::errors::Errors;
use crate::options::Core;
use crate::{near, options, signature};

const OPTIONS: &[&str] = &["firstresult", "crate"];

/// A function with or without a body.
pub(crate) struct Function {
    attributes: Vec<Attribute>,
    visibility: Visibility,
    pub(crate) signature: Signature,
    /// Not parsed, since any body is a mistake.
    body: Option<TokenTree>,
}

impl Parse for Function {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let attributes = input.call(Attribute::parse_outer)?;
        let visibility = input.parse()?;
        let signature = input.parse()?;
        let body = if input.parse::<Option<Token![;]>>()?.is_some() { None } else { Some(input.parse()?) };
        Ok(Self { attributes, visibility, signature, body })
    }
}

pub(crate) struct Spec<'f> {
    pub(crate) import: TokenStream,
    /// The path to event-core's macros.
    pub(crate) macros: Path,
    pub(crate) core: Path,
    pub(crate) attributes: &'f [Attribute],
    pub(crate) visibility: &'f Visibility,
    pub(crate) signature: &'f Signature,
    pub(crate) first_result: bool,
    pub(crate) arguments: Vec<Argument>,
    pub(crate) output: Option<Output>,
    /// Whether the first argument is the app, as it should be.
    pub(crate) has_app: bool,
}

pub(crate) struct Argument {
    pub(crate) ident: Ident,
    /// The type that a caller passes; `None` if it can't be known.
    pub(crate) given: Option<Type>,
    pub(crate) ty: Type,
    /// Whether a mistake in the type is among the errors.
    pub(crate) is_reported: bool,
}

pub(crate) struct Output {
    pub(crate) ty: Type,
    /// Whether a mistake in the type is among the errors.
    pub(crate) is_reported: bool,
}

impl<'f> Spec<'f> {
    pub(crate) fn read(options: TokenStream, function: &'f Function, errors: &mut Errors) -> Self {
        let (first_result, core) = read_options(options, errors);
        let Core { import, path: core, macros } = Core::new(core);
        let Function { attributes, visibility, signature, body } = function;
        for attribute in attributes.iter().filter(|attribute| is_named(attribute, "hookspec")) {
            errors.at(attribute, "`#[hookspec]` is given twice");
        }
        if let Some(implementation) = attributes.iter().find(|attribute| is_named(attribute, "hookimpl")) {
            errors.at(
                implementation,
                "a hook and its implementations are functions of their own: write each attribute above one",
            );
        } else if let Some(body) = body {
            errors.at(body, "a hook has no body, since its implementations are elsewhere; write `;` instead");
        }
        signature::check_hook(signature, errors);
        check_generics(signature, errors);
        signature::check_parameters(signature, errors);
        let mut arguments = arguments::read(&core, signature, errors);
        let has_app = arguments::check_app(&mut arguments, signature, &core, errors);
        let output = match &signature.output {
            ReturnType::Default => None,
            ReturnType::Type(_, ty) => Some(output::read(ty, &signature.generics, errors)),
        };
        Self {
            import,
            macros,
            core,
            attributes,
            visibility,
            signature,
            first_result,
            arguments,
            output,
            has_app,
        }
    }
}

fn read_options(tokens: TokenStream, errors: &mut Errors) -> (bool, Option<Path>) {
    let (mut first_result, mut core) = (None, None);
    for given in options::read(tokens, instead_of_literal, errors) {
        match given.word().as_deref() {
            Some("firstresult") => {
                given.flag(errors);
                options::set_once(&mut first_result, Some(()), &given, errors);
            }
            Some("crate") => {
                let path = given.path_value(errors);
                options::set_once(&mut core, path, &given, errors);
            }
            Some(word) if near::nearest(word, OPTIONS) == Some("firstresult") => {
                given.unknown(OPTIONS, errors);
                // So that what is done with the result of a call is no second error.
                first_result = Some(());
            }
            _ => given.unknown(OPTIONS, errors),
        }
    }
    (first_result.is_some(), core)
}

/// Of `#[hookspec("firstresult")]`.
fn instead_of_literal(_: &Lit) -> String {
    format!("expected an option; {}", options::list(OPTIONS))
}

pub(super) fn is_named(attribute: &Attribute, name: &str) -> bool {
    attribute.path().segments.last().is_some_and(|segment| segment.ident == name)
}

fn check_generics(signature: &Signature, errors: &mut Errors) {
    if !signature.generics.params.is_empty() {
        errors.at(
            &signature.generics,
            "a hook can't be generic, since its implementations are found by its one type; leave lifetimes out, and \
             take `&(dyn Trait + Sync)` for a type parameter",
        );
    }
}
