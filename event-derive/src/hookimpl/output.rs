//! Types that no implementation can return, whatever the hook returns.

use syn::{Type, TypeTraitObject};

use crate::errors::Errors;
use crate::types::{self, is_named, last_segment};

/// Reports such a type, with what to write instead. The compiler reports all others.
pub(super) fn check(ty: &Type, errors: &mut Errors) {
    if is_future(ty) {
        errors.at(ty, "write `async fn`, and return what the future gives");
    } else if let Some(error) = error_of_one_thread(ty) {
        let bounds = types::text(&error.bounds);
        let bounds =
            bounds.split(" + ").filter(|bound| !matches!(*bound, "Send" | "Sync")).collect::<Vec<_>>();
        errors.at(
            &error,
            format!(
                "an error is handed to other threads: write `Box<dyn {} + Send + Sync>`, or return an \
                 `event_core::Result`",
                bounds.join(" + ")
            ),
        );
    }
}

/// `impl Future`, or a box of one.
fn is_future(ty: &Type) -> bool {
    match ty {
        Type::ImplTrait(it) => is_named(&it.bounds, "Future"),
        Type::TraitObject(it) => is_named(&it.bounds, "Future"),
        Type::Paren(paren) => is_future(&paren.elem),
        _ => match last_segment(ty).as_deref() {
            Some("BoxFuture" | "LocalBoxFuture") => true,
            Some("Pin" | "Box" | "Result" | "Option") => types::type_arguments(ty).any(is_future),
            _ => false,
        },
    }
}

/// The `dyn Error` of `Result<(), Box<dyn Error>>`.
fn error_of_one_thread(ty: &Type) -> Option<TypeTraitObject> {
    last_segment(ty).filter(|name| name == "Result")?;
    let boxed = types::type_arguments(ty)
        .nth(1)
        .filter(|error| last_segment(error).is_some_and(|name| name == "Box"))?;
    match types::type_arguments(boxed).next()? {
        Type::TraitObject(error) if is_named(&error.bounds, "Error") && !goes_to_threads(error) => {
            Some(error.clone())
        }
        _ => None,
    }
}

fn goes_to_threads(error: &TypeTraitObject) -> bool {
    is_named(&error.bounds, "Send") && is_named(&error.bounds, "Sync")
}
