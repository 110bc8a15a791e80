//! What the signature of a hook or of an implementation can't have.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use syn::visit_mut::{self, VisitMut};
use syn::{Attribute, FnArg, Safety, Signature, TypePath};

use crate::errors::Errors;

/// Words before `fn`, and what comes after the parameters, that a hook would ignore.
pub(crate) fn check_hook(signature: &Signature, errors: &mut Errors) {
    if let Some(constness) = &signature.constness {
        errors.at(
            constness,
            "leave `const` out: a hook says what is asked, and its implementations run in the app",
        );
    }
    if let Some(asyncness) = &signature.asyncness {
        errors.at(
            asyncness,
            "leave `async` out: a hook says what is asked, and each implementation chooses `fn` or `async fn`",
        );
    }
    if let Safety::Unsafe(unsafety) = &signature.safety {
        errors
            .at(unsafety, "leave `unsafe` out: the app calls implementations, and can't keep their promises");
    }
    if let Safety::Safe(safe) = &signature.safety {
        errors.at(safe, "leave `safe` out: a hook is always safe to call");
    }
    if let Some(abi) = &signature.abi {
        errors.at(abi, "leave `extern` out: a hook is called by the app, which is written in Rust");
    }
    if let Some(variadic) = &signature.variadic {
        errors.at(
            variadic,
            "a hook's arguments have names and types; take a slice, such as `&[u8]`, for several",
        );
    }
    if let Some(clause) = &signature.generics.where_clause {
        errors.at(clause, "leave `where` out: a hook has no type parameters that it could be about");
    }
}

/// The same for an implementation, whose function stays as it is written.
pub(crate) fn check_implementation(signature: &Signature, errors: &mut Errors) {
    if let Safety::Unsafe(unsafety) = &signature.safety {
        errors.at(
            unsafety,
            "leave `unsafe` out: the framework calls an implementation and can't keep its promises",
        );
    }
    if let Some(abi) = &signature.abi {
        errors
            .at(abi, "leave `extern` out: a panic in a function of another language's kind ends the process");
    }
    if let Some(clause) = &signature.generics.where_clause {
        errors
            .at(clause, "leave `where` out: an implementation has no type parameters that it could be about");
    }
    if signature.ident == "main" {
        errors.at(
            &signature.ident,
            "`main` starts the program, and would be called again for the hook; write an implementation of another \
             name",
        );
    }
}

/// A parameter with `cfg`: neither the hook's list of arguments nor the call of an implementation can depend on it.
pub(crate) fn check_parameters(signature: &Signature, errors: &mut Errors) {
    for input in &signature.inputs {
        let attributes = match input {
            FnArg::Receiver(receiver) => &receiver.attrs,
            FnArg::Typed(argument) => &argument.attrs,
        };
        for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("cfg")) {
            errors.at(
                attribute,
                "a parameter can't depend on `#[cfg(…)]`; write the function twice, each with a `#[cfg(…)]` above it",
            );
        }
    }
}

/// Marks each lone `Event` in the parameters' types as the macro's own, and says whether there is one.
///
/// It can be a type of the user's own. If it is the trait, the compiler reports it with hints that depend on where it stands;
/// for names of a macro it gives none, so that one error is left of those for the function and for generated code.
pub(crate) fn mark_event(signature: &mut Signature) -> bool {
    struct Mark(bool);
    impl VisitMut for Mark {
        fn visit_type_path_mut(&mut self, ty: &mut TypePath) {
            if ty.path.is_ident("Event") {
                let ident = &mut ty.path.segments[0].ident;
                ident.set_span(Span::call_site().located_at(ident.span()));
                self.0 = true;
            }
            visit_mut::visit_type_path_mut(self, ty);
        }
    }
    let mut mark = Mark(false);
    for input in &mut signature.inputs {
        mark.visit_fn_arg_mut(input);
    }
    mark.0
}

/// The name of a function whose signature can't be read. The compiler has reported the same mistake before, and would report
/// it again in what a macro gives back.
pub(crate) fn name_of_unread(item: TokenStream) -> Option<Ident> {
    let mut tokens =
        item.into_iter().skip_while(|tree| !matches!(tree, TokenTree::Ident(word) if word == "fn"));
    match (tokens.next(), tokens.next()) {
        (Some(_), Some(TokenTree::Ident(name))) => Some(name),
        _ => None,
    }
}

/// Attributes that decide whether the item exists: generated items need them too.
pub(crate) fn conditions(attributes: &[Attribute]) -> impl Iterator<Item = &Attribute> {
    attributes.iter().filter(|attribute| attribute.path().is_ident("cfg"))
}
