//! The arguments of a hook.

use std::collections::HashSet;

use quote::ToTokens;
use syn::ext::IdentExt;
use syn::{Attribute, FnArg, Ident, Pat, PatType, Path, Signature, Type, TypeReference, parse_quote};

use super::model::Argument;
use crate::errors::Errors;
use crate::types::{self, last_segment};

pub(crate) fn read(core: &Path, signature: &Signature, errors: &mut Errors) -> Vec<Argument> {
    let mut names = HashSet::new();
    let mut arguments = Vec::new();
    for (index, input) in signature.inputs.iter().enumerate() {
        match input {
            FnArg::Receiver(receiver) => {
                errors.at(receiver, "a hook is no method: its first argument is `app: &App`");
            }
            FnArg::Typed(input) => {
                let mut argument = read_one(core, index, signature, input, errors);
                if !names.insert(argument.ident.unraw()) {
                    errors.at(&argument.ident, "two arguments have this name; call one of them otherwise");
                    argument.ident = placeholder(index);
                    argument.is_reported = true;
                }
                arguments.push(argument);
            }
        }
    }
    arguments
}

fn placeholder(index: usize) -> Ident {
    Ident::new(&format!("__argument{index}"), proc_macro2::Span::call_site())
}

fn read_one(
    core: &Path,
    index: usize,
    signature: &Signature,
    input: &PatType,
    errors: &mut Errors,
) -> Argument {
    check_attributes(&input.attrs, errors);
    let ident = match &*input.pat {
        Pat::Ident(pattern) if pattern.by_ref.is_none() && pattern.subpat.is_none() => {
            if let Some(mutability) = &pattern.mutability {
                errors.at(mutability, "leave `mut` out: it is for a function's body, and a hook has none");
            }
            pattern.ident.clone()
        }
        pattern => {
            errors.at(pattern, "implementations take arguments by name, so write a plain name here");
            placeholder(index)
        }
    };
    if types::mentions_one_of(&types::without_lifetimes(&input.ty, &signature.generics), &signature.generics)
    {
        let unknown: Type = parse_quote!(__Unknown);
        return Argument { ident, given: Some(unknown.clone()), ty: unknown, is_reported: true };
    }
    let errors_before = errors.count();
    if ident == "event" && types::is_lone_dyn_event(&input.ty) {
        errors.at(&input.ty, types::INSTEAD_OF_DYN_EVENT);
        let ty: Type = parse_quote!(&#core::Tracked);
        return Argument { ident, given: Some(ty.clone()), ty, is_reported: true };
    }
    let (mut given, mut ty) =
        check_type(core, &types::without_lifetimes(&input.ty, &signature.generics), errors);
    let mut ident = ident;
    if let Some(place) = types::dyn_event(&ty) {
        // This could be a trait `Event` of the user. Ours isn't dyn compatible, and the compiler would say so at each mention.
        let here = |ty: &Type| syn::parse2(types::located_at(ty.to_token_stream(), place)).ok();
        given = given.as_ref().and_then(here);
        ty = here(&ty).unwrap_or(ty);
        ident.set_span(ident.span().located_at(place));
    }
    Argument { ident, given, ty, is_reported: errors.count() > errors_before }
}

/// `cfg` was reported before; attributes for lints have no effect and do no harm.
fn check_attributes(attributes: &[Attribute], errors: &mut Errors) {
    const HARMLESS: &[&str] = &["cfg", "allow", "warn", "deny", "forbid", "expect"];
    for attribute in attributes {
        if !HARMLESS.iter().any(|name| attribute.path().is_ident(name)) {
            errors
                .at(attribute, "an argument takes no attributes; describe it in the doc comment of the hook");
        }
    }
}

/// Whether the first argument is the app, as it must be. If not, one is added, for implementations that take it.
pub(crate) fn check_app(
    arguments: &mut Vec<Argument>,
    signature: &Signature,
    core: &Path,
    errors: &mut Errors,
) -> bool {
    let is_app = |ty: &Type| match ty {
        Type::Reference(reference) => last_segment(&reference.elem).is_some_and(|name| name == "App"),
        _ => false,
    };
    let mut given = Some(parse_quote!(&#core::App));
    match arguments.first() {
        Some(first)
            if first.ident == "app"
                && !first.is_reported
                && matches!(first.ty, Type::Reference(_) | Type::Group(_)) =>
        {
            return true;
        }
        Some(first) if first.ident == "app" && first.is_reported => {}
        Some(first) if first.ident == "app" => {
            errors.at(&first.ty, "a hook's first argument is the app: write `app: &App`");
        }
        Some(first) if is_app(&first.ty) => {
            given = None;
            errors.at(&first.ident, "a hook's first argument is called `app`: write `app: &App`");
        }
        Some(first) => {
            errors.at(&first.ident, "a hook's first argument is the app: write `app: &App` before this one");
        }
        None => errors.at(&signature.ident, "a hook's first argument is the app: write `app: &App`"),
    }
    let ty: Type = parse_quote!(&#core::App);
    let app = Argument { ident: Ident::new("app", signature.ident.span()), given, ty, is_reported: true };
    match arguments.iter_mut().find(|argument| argument.ident == "app") {
        Some(misplaced) => *misplaced = app,
        None => arguments.insert(0, app),
    }
    false
}

/// Reports types that can never be an argument, with what to write instead. The compiler reports all others.
///
/// What a caller gives, and what stands for the type where it can't be written.
fn check_type(core: &Path, ty: &Type, errors: &mut Errors) -> (Option<Type>, Type) {
    let any_event: Type = parse_quote!(&#core::Tracked);
    if types::is_tracked_of_dyn_event(ty) {
        errors.at(ty, "`&Tracked` is a tracked event of any type: write that");
        return (Some(any_event.clone()), any_event);
    }
    if let Some(generic) = types::impl_trait(ty) {
        let bounds = &generic.bounds;
        let (instead, mended) = if types::is_event(bounds) {
            ("&Tracked".to_owned(), any_event)
        } else {
            let instead = format!("&(dyn {} + Sync)", types::text(bounds));
            (instead, parse_quote!(&(dyn #bounds + ::core::marker::Sync)))
        };
        errors.at(
            ty,
            format!(
                "a hook can't be generic, since its implementations are found by its one type; write `{instead}`"
            ),
        );
        return (Some(ty.clone()), mended);
    }
    let unsized_message = |instead: &str| format!("an argument's size must be known; write `{instead}`");
    if let Some(inferred) = types::inferred(ty) {
        errors.at(
            inferred,
            "implementations are checked against the types of the arguments, so write this one",
        );
        return (Some(parse_quote!(__Unknown)), parse_quote!(__Unknown));
    }
    match ty {
        Type::Slice(_) => {
            errors.at(ty, unsized_message(&format!("&{}", types::text(ty))));
            (Some(parse_quote!(&#ty)), parse_quote!(&#ty))
        }
        Type::TraitObject(object) => {
            errors.at(ty, unsized_message(&format!("&({} + Sync)", types::text(ty))));
            let bounds = &object.bounds;
            (Some(parse_quote!(&(dyn #bounds))), parse_quote!(&(dyn #bounds)))
        }
        Type::Reference(TypeReference { mutability: Some(mutability), .. }) => {
            errors.at(
                mutability,
                "every implementation gets the same arguments, so they can't be `&mut`; let implementations return \
                 what they want changed",
            );
            (Some(ty.clone()), ty.clone())
        }
        _ => (Some(ty.clone()), ty.clone()),
    }
}
