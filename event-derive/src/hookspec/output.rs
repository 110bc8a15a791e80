//! The return type of a hook.

use syn::{GenericArgument, Generics, PathArguments, Type, TypePath, parse_quote};

use super::model::Output;
use crate::errors::Errors;
use crate::types::{self, last_segment};

/// Explains what is wrong with well-known types; for all others the compiler does.
pub(crate) fn read(ty: &Type, generics: &Generics, errors: &mut Errors) -> Output {
    if types::mentions_one_of(ty, generics) {
        return Output { ty: parse_quote!(__Unknown), is_reported: true };
    }
    let errors_before = errors.count();
    let ty = check(ty, errors);
    Output { is_reported: errors.count() > errors_before, ty }
}

/// The type, or what it should have been.
fn check(ty: &Type, errors: &mut Errors) -> Type {
    if let Some(generic) = types::impl_trait(ty) {
        let bounds = &generic.bounds;
        let written = types::text(bounds);
        let instead = if types::is_named(bounds, "Future") {
            "a hook's value is what the future gives, and each implementation chooses `fn` or `async fn`: write the \
             future's `Output`"
                .to_owned()
        } else {
            format!(
                "a hook's values are all of one type, whichever implementation gives them: write \
                 `Box<dyn {written} + Send>`"
            )
        };
        errors.at(ty, instead);
        return parse_quote!(__Unknown);
    }
    if let Some(inferred) = types::inferred(ty) {
        errors
            .at(inferred, "implementations are checked against the type that the hook returns, so write it");
        return parse_quote!(__Unknown);
    }
    // Without parameters and alone it can be a type of the user's own.
    let name = last_segment(ty).filter(|_| is_generic_or_qualified(ty));
    let message = match name.as_deref() {
        Some("Option") => {
            "write the type inside the `Option`: every implementation of a hook may return `None`, which is no result"
        }
        Some("Result") => {
            "write the type inside the `Result`: every implementation of a hook may return `Err`, which is a failure"
        }
        _ if types::borrows(ty) => {
            "a hook's value can't borrow, since it is kept until all implementations have run; own it, such as \
             `String` for `&str`"
        }
        _ => return ty.clone(),
    };
    errors.at(ty, message);
    match inside(ty) {
        Some(inside) if !types::borrows(&inside) => inside,
        _ => types::with_lifetime(ty, "'static"),
    }
}

fn is_generic_or_qualified(ty: &Type) -> bool {
    let Type::Path(TypePath { path, .. }) = ty else { return false };
    path.segments.len() > 1 || path.segments.iter().any(|segment| !segment.arguments.is_none())
}

/// `T` of `Option<T>` and of `Result<T, E>`.
fn inside(ty: &Type) -> Option<Type> {
    let Type::Path(TypePath { path, .. }) = ty else { return None };
    let last = path.segments.last().filter(|last| last.ident == "Option" || last.ident == "Result")?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
    arguments.args.iter().find_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty.clone()),
        _ => None,
    })
}
