//! Types that no parameter of an implementation can have. The compiler would report each several times, also in generated
//! code.

use syn::{GenericArgument, Lifetime, Path, PathArguments, Type, TypePath, TypeReference};

use super::model::Parameter;
use crate::errors::Errors;
use crate::types::{self, last_segment};

pub(super) const LEAVE_STATIC_OUT: &str =
    "leave `'static` out: an implementation borrows its arguments for the call";

/// Reports such a type, with what to write instead. The compiler reports all others, once.
pub(crate) fn check(hook: &Path, parameter: &Parameter<'_>, errors: &mut Errors) {
    let is_event =
        parameter.ident == "event" && hook.segments.last().is_some_and(|last| last.ident == "track_event");
    if let Some(lifetime) = static_reference(parameter.ty).filter(|_| is_event || parameter.ident == "app") {
        errors.at(lifetime, LEAVE_STATIC_OUT);
    }
    if let Some(message) = message(parameter.ty, is_event, parameter.ident == "event") {
        errors.at(parameter.ty, message);
    }
}

/// `is_event`: it is the event of `track_event`, so it is a reference to something tracked. An argument of another hook
/// can be of a type of the user's own that is called `Tracked` or `Event`.
///
/// `is_named_event`: that argument, or one of another hook that is called so too.
fn message(ty: &Type, is_event: bool, is_named_event: bool) -> Option<String> {
    if types::is_tracked_of_dyn_event(ty) {
        return Some("`&Tracked` is a tracked event of any type: write that".to_owned());
    }
    if is_event {
        if is_bare(ty, &["Tracked", "AnyTracked"]) {
            return Some("an implementation borrows the event: write `&Tracked`".to_owned());
        }
        if is_foreign_trait_object(ty) {
            return Some("an event of any type is taken as `&Tracked`: write that".to_owned());
        }
    }
    if is_named_event && types::is_lone_dyn_event(ty) {
        return Some(types::INSTEAD_OF_DYN_EVENT.to_owned());
    }
    if is_named_event && is_bare(ty, &["Tracked", "AnyTracked"]) && !is_qualified(ty) {
        return Some(
            "an implementation borrows the event: write `&Tracked`; a type of your own of this name is written \
             `self::Tracked`"
                .to_owned(),
        );
    }
    let is_unsized = matches!(ty, Type::TraitObject(_) | Type::Slice(_)) || is_bare(ty, &["str"]);
    is_unsized.then(|| format!("an argument's size must be known; write `{}`", borrowed(ty)))
}

/// The `'static` of `&'static BanUser`.
pub(super) fn static_reference(ty: &Type) -> Option<&Lifetime> {
    match ty {
        Type::Reference(TypeReference { lifetime: Some(lifetime), .. }) => {
            Some(lifetime).filter(|it| it.ident == "static")
        }
        Type::Paren(paren) => static_reference(&paren.elem),
        _ => None,
    }
}

fn is_qualified(ty: &Type) -> bool {
    matches!(ty, Type::Path(TypePath { path, .. }) if path.segments.len() > 1)
}

/// A path of one of these names, by value and without arguments.
fn is_bare(ty: &Type, names: &[&str]) -> bool {
    let Type::Path(TypePath { qself: None, path, .. }) = ty else { return false };
    let has_arguments =
        path.segments.last().is_none_or(|last| !matches!(last.arguments, PathArguments::None));
    !has_arguments && last_segment(ty).is_some_and(|name| names.contains(&&*name))
}

/// A trait object other than `Tracked`, or a pointer to one.
fn is_foreign_trait_object(ty: &Type) -> bool {
    match ty {
        Type::TraitObject(object) => !types::is_named(&object.bounds, "AnyTracked"),
        Type::Reference(reference) => is_foreign_trait_object(&reference.elem),
        Type::Paren(paren) => is_foreign_trait_object(&paren.elem),
        Type::Path(TypePath { path, .. }) => path.segments.last().is_some_and(|last| {
            let PathArguments::AngleBracketed(arguments) = &last.arguments else { return false };
            let is_pointer = ["Box", "Arc", "Rc"].iter().any(|name| last.ident == name);
            let is_one_of_them = |argument: &GenericArgument| match argument {
                GenericArgument::Type(ty) => is_foreign_trait_object(ty),
                _ => false,
            };
            is_pointer && arguments.args.iter().any(is_one_of_them)
        }),
        _ => false,
    }
}

fn borrowed(ty: &Type) -> String {
    match ty {
        Type::TraitObject(object) if object.bounds.len() > 1 => format!("&({})", types::text(ty)),
        _ => format!("&{}", types::text(ty)),
    }
}
