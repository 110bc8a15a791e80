//! Fields that don't look `Send` and `Sync`, as an event's must be.
//!
//! Each is asked, and reported once and with what to write; event-core's `event/shared.rs` says how. Asking costs a build
//! half as much as the event itself, so other fields aren't asked: if one contains such a type, the compiler reports it.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream};
use quote::{ToTokens, quote};
use syn::visit_mut::{self, VisitMut};
use syn::{Path, Type, TypePtr, TypeTraitObject, WherePredicate, parse_quote};

use super::bounds;
use super::model::{Event, Field};
use crate::types::{ends, is_named, mentions, mentions_one_of, punctuated_at, replace_self, text};

/// Types of std that aren't, with what to write instead.
const INSTEAD: &[(&str, &str)] = &[
    ("Rc", "Arc"),
    ("RefCell", "Mutex"),
    ("Cell", "Mutex"),
    ("OnceCell", "OnceLock"),
    ("LazyCell", "LazyLock"),
];

/// What the event's `impl` depends on, if a field is asked.
///
/// One condition for all: if the one of a field is met, the `Send` and `Sync` that it stands for still aren't, because of another.
pub(super) fn condition(event: &Event<'_>) -> Option<WherePredicate> {
    let Event { core, ident, .. } = event;
    let (_, ty_generics, _) = event.generics.split_for_impl();
    let asked: Vec<_> = event.fields.iter().filter_map(|field| question(event, field)).collect();
    (!asked.is_empty())
        .then(|| parse_quote!(for<'__a> #ident #ty_generics: #core::SharedIf<'__a, { #(#asked)&&* }>))
}

/// The type that is asked for a field's; `None` if none is.
///
/// A constant can't depend on the event's parameters. A type of std that isn't `Send` and `Sync` is neither with any other type
/// in it, so `Rc<()>` answers for `Rc<T>`.
fn asked(event: &Event<'_>, ty: &Type) -> Option<Type> {
    struct Replace<'e>(Vec<&'e Ident>);
    impl VisitMut for Replace<'_> {
        fn visit_type_mut(&mut self, ty: &mut Type) {
            match ty {
                Type::Path(path) if self.0.iter().any(|name| path.path.is_ident(*name)) => {
                    *ty = parse_quote!(());
                }
                ty => visit_mut::visit_type_mut(self, ty),
            }
        }
    }
    let mut asked = Some(ty.clone()).filter(is_suspect)?;
    Replace(event.generics.type_params().map(|parameter| &parameter.ident).collect())
        .visit_type_mut(&mut asked);
    let is_generic = !event.generics.params.is_empty();
    let depends =
        mentions_one_of(&asked, event.generics) || (is_generic && mentions(asked.to_token_stream(), "Self"));
    (!depends).then_some(asked)
}

/// Asks a type, at its own place.
fn question(event: &Event<'_>, field: &Field<'_>) -> Option<TokenStream> {
    let is_shared = is_shared(event, field.ty)?;
    let core = &event.core;
    let message = message(field);
    let (first, last) = ends(field.ty);
    let (path, function) = (punctuated_at(quote!(#core::), first), Ident::new("shared_field", first));
    let mut arguments = Group::new(Delimiter::Parenthesis, quote!(#is_shared, #message));
    arguments.set_span(last);
    Some(quote!(#path #function #arguments))
}

/// An expression for whether a field's type is `Send` and `Sync`; `None` if it isn't asked.
pub(super) fn is_shared(event: &Event<'_>, ty: &Type) -> Option<TokenStream> {
    let core = &event.core;
    let asked = replace_self(asked(event, ty)?.to_token_stream(), &event.ident.to_token_stream());
    Some(quote!(<#core::Shared<#asked>>::IS_SHARED))
}

fn message(field: &Field<'_>) -> String {
    let mut mended = field.ty.clone();
    Mend.visit_type_mut(&mut mended);
    let needs_feature = bounds::is_written_by_its_type(field.serde.iter().copied())
        && mentions(mended.to_token_stream(), "Arc");
    let (written, mended) = (text(field.ty), text(&mended));
    let remedy = if mended == written { String::new() } else { format!("; write `{mended}`") };
    let feature = if needs_feature { ", for which serde needs its feature `rc`" } else { "" };
    format!(
        "`{written}` isn't `Send` and `Sync`, and implementations on any thread read an event{remedy}{feature}"
    )
}

fn is_suspect(ty: &Type) -> bool {
    struct Suspect(bool);
    impl VisitMut for Suspect {
        fn visit_path_mut(&mut self, path: &mut Path) {
            self.0 |= instead(path).is_some();
            visit_mut::visit_path_mut(self, path);
        }

        fn visit_type_trait_object_mut(&mut self, object: &mut TypeTraitObject) {
            self.0 |= !is_named(&object.bounds, "Send") || !is_named(&object.bounds, "Sync");
        }

        fn visit_type_ptr_mut(&mut self, _: &mut TypePtr) {
            self.0 = true;
        }
    }
    let mut suspect = Suspect(false);
    suspect.visit_type_mut(&mut ty.clone());
    suspect.0
}

fn instead(path: &Path) -> Option<&'static str> {
    let last = path.segments.last()?;
    INSTEAD.iter().find(|(name, _)| last.ident == name).map(|(_, instead)| *instead)
}

/// Writes what is `Send` and `Sync` instead.
struct Mend;

impl VisitMut for Mend {
    fn visit_path_mut(&mut self, path: &mut Path) {
        if let Some(instead) = instead(path)
            && let Some(mut last) = path.segments.last().cloned()
        {
            last.ident = call_site(instead);
            *path = last.into();
        }
        visit_mut::visit_path_mut(self, path);
    }

    fn visit_type_trait_object_mut(&mut self, object: &mut TypeTraitObject) {
        for bound in ["Send", "Sync"] {
            if !is_named(&object.bounds, bound) {
                let bound = call_site(bound);
                object.bounds.push(parse_quote!(#bound));
            }
        }
        visit_mut::visit_type_trait_object_mut(self, object);
    }
}

fn call_site(name: &str) -> Ident {
    Ident::new(name, Span::call_site())
}
