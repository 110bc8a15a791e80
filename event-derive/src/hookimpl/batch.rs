//! The parameter of a durable implementation that takes several events in one call: `events: &[&Tracked<BanUser>]`.

use syn::{Path, Type, TypeReference};

use super::durable::Durable;
use super::model::Parameter;
use super::parameter_types::{LEAVE_STATIC_OUT, static_reference};
use crate::errors::Errors;
use crate::types;

/// The `&BanUser` of `&[&BanUser]`.
pub(crate) fn element(ty: &Type) -> Option<&Type> {
    let Type::Reference(TypeReference { mutability: None, elem: slice, .. }) = bare(ty) else { return None };
    let Type::Slice(slice) = bare(slice) else { return None };
    match bare(&slice.elem) {
        element @ Type::Reference(TypeReference { mutability: None, .. }) => Some(element),
        _ => None,
    }
}

fn bare(ty: &Type) -> &Type {
    match ty {
        Type::Paren(paren) => bare(&paren.elem),
        Type::Group(group) => bare(&group.elem),
        _ => ty,
    }
}

/// Several events where one comes, and the other way round.
pub(super) fn check(
    durable: Option<&Durable>,
    hook: &Path,
    parameters: &[Parameter<'_>],
    errors: &mut Errors,
) {
    if hook.segments.last().is_none_or(|last| last.ident != "track_event") {
        // An argument of another hook may have any name.
        return;
    }
    let find = |name| parameters.iter().find(|parameter| parameter.ident == name);
    if durable.is_some_and(Durable::has_batch) {
        if let Some(event) = find("event") {
            let instead = slice_of(event.ty);
            errors.at(
                &event.ident,
                format!("with `batch`, several events come in one call: write `events: {instead}`"),
            );
        } else if let Some(events) = find("events") {
            check_slice(events.ty, errors);
        }
    } else if let Some(events) = find("events") {
        let one = types::text(&of_one(events.ty));
        errors.at(
            &events.ident,
            format!(
                "one event comes in each call: write `event: &{one}`, or let several come in one call with \
                 `durable(batch = 100)`"
            ),
        );
    }
}

fn check_slice(ty: &Type, errors: &mut Errors) {
    let Some(event) = element(ty) else {
        let instead = slice_of(ty);
        return errors
            .at(ty, format!("with `batch`, several events come in one call, as a slice: write `{instead}`"));
    };
    if let Some(lifetime) = static_reference(ty).or_else(|| static_reference(event)) {
        errors.at(lifetime, LEAVE_STATIC_OUT);
    }
}

/// `&[&BanUser]`, however the events are written.
fn slice_of(ty: &Type) -> String {
    format!("&[&{}]", types::text(&of_one(ty)))
}

fn of_one(ty: &Type) -> &Type {
    match ty {
        Type::Reference(reference) => of_one(&reference.elem),
        Type::Slice(slice) => of_one(&slice.elem),
        Type::Array(array) => of_one(&array.elem),
        Type::Paren(_) | Type::Group(_) => of_one(bare(ty)),
        Type::Path(_) if types::last_segment(ty).is_some_and(|name| name == "Vec") => {
            types::type_arguments(ty).next().map_or(ty, of_one)
        }
        _ => ty,
    }
}
