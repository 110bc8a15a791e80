//! The bounds of a generic event's type parameters.
//!
//! They are serde's bounds: `T: Serialize` for each parameter in a written field, or those of `#[serde(bound = …)]`.
//! Serde's derive adds none for most associated types. Here `T::Id` and `<T as Table>::Id` get one wherever they stand in a
//! field. The hidden copy has the same bounds as the event, so its `serialize` exists for every
//! type that is an event.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote};
use syn::punctuated::Punctuated;
use syn::visit_mut::{self, VisitMut};
use syn::{Attribute, Data, DeriveInput, LitStr, Meta, MetaNameValue, Token, Type, TypePath, WherePredicate};

use super::model::split_at_commas;
use crate::types::replace_self;

#[derive(Default)]
pub(crate) struct Bounds {
    /// Parameters and associated types that are written.
    pub(crate) written: Vec<TokenStream>,
    /// Associated types that are in a field, written or not.
    pub(crate) held: Vec<TokenStream>,
    /// What `#[serde(bound = …)]` says.
    pub(crate) given: Vec<WherePredicate>,
    /// Whether it says so above the type, and so for all fields.
    pub(crate) is_given_for_all: bool,
}

impl Bounds {
    pub(crate) fn read(input: &DeriveInput) -> Self {
        let mut bounds = Self::default();
        let Data::Struct(data) = &input.data else { return bounds };
        if input.generics.params.is_empty() {
            return bounds;
        }
        let parameters: Vec<_> = input.generics.type_params().map(|parameter| &parameter.ident).collect();
        let (ident, (_, arguments, _)) = (&input.ident, input.generics.split_for_impl());
        let itself = quote!(#ident #arguments);
        let of_all = given(&input.attrs);
        bounds.is_given_for_all = of_all.is_some();
        bounds.given.extend(of_all.into_iter().flatten());
        for field in &data.fields {
            let of_field = given(&field.attrs);
            let found = Found::in_type(&field.ty, &itself, &parameters);
            if !bounds.is_given_for_all && of_field.is_none() && is_written_by_its_type(&field.attrs) {
                add(&mut bounds.written, &found.parameters);
                add(&mut bounds.written, &found.associated);
            }
            add(&mut bounds.held, &found.associated);
            bounds.given.extend(of_field.into_iter().flatten());
        }
        bounds
    }
}

fn add(all: &mut Vec<TokenStream>, types: &[TokenStream]) {
    for ty in types {
        if all.iter().all(|other| other.to_string() != ty.to_string()) {
            all.push(ty.clone());
        }
    }
}

/// The predicates of `bound = "…"` and `bound(serialize = "…")`. A text that can't be read has none, and serde says why.
fn given(attributes: &[Attribute]) -> Option<Vec<WherePredicate>> {
    let value = options(attributes).find_map(|option| match syn::parse2(option).ok()? {
        Meta::NameValue(bound) if bound.path.is_ident("bound") => Some(bound.value),
        Meta::List(bound) if bound.path.is_ident("bound") => {
            let directions = split_at_commas(bound.tokens).into_iter();
            let mut directions =
                directions.filter_map(|direction| syn::parse2::<MetaNameValue>(direction).ok());
            Some(directions.find(|direction| direction.path.is_ident("serialize"))?.value)
        }
        _ => None,
    })?;
    let predicates = syn::parse2::<LitStr>(value.into_token_stream())
        .and_then(|text| text.parse_with(Punctuated::<WherePredicate, Token![,]>::parse_terminated));
    Some(predicates.into_iter().flatten().collect())
}

/// Whether the `Serialize` of its type writes it.
pub(super) fn is_written_by_its_type<'a>(attributes: impl IntoIterator<Item = &'a Attribute>) -> bool {
    let is_written_otherwise = |option: TokenStream| {
        let word = option.into_iter().next().map(|word| word.to_string());
        matches!(word.as_deref(), Some("skip" | "skip_serializing" | "with" | "serialize_with"))
    };
    !options(attributes).any(is_written_otherwise)
}

fn options<'a>(attributes: impl IntoIterator<Item = &'a Attribute>) -> impl Iterator<Item = TokenStream> {
    let of_serde = attributes.into_iter().filter(|attribute| attribute.path().is_ident("serde"));
    of_serde.flat_map(|attribute| match &attribute.meta {
        Meta::List(list) => split_at_commas(list.tokens.clone()),
        _ => Vec::new(),
    })
}

/// What in a field's type depends on the event's parameters.
struct Found<'p> {
    all: &'p [&'p Ident],
    parameters: Vec<TokenStream>,
    /// Such as `T::Id` and `<T as Table>::Id`.
    associated: Vec<TokenStream>,
}

impl<'p> Found<'p> {
    /// `itself` is what `Self` stands for.
    fn in_type(ty: &Type, itself: &TokenStream, all: &'p [&'p Ident]) -> Self {
        let mut found = Self { all, parameters: Vec::new(), associated: Vec::new() };
        if let Ok(mut ty) = syn::parse2(replace_self(ty.to_token_stream(), itself)) {
            found.visit_type_mut(&mut ty);
        }
        found
    }

    fn is_associated(&self, ty: &TypePath) -> bool {
        if let Some(owner) = &ty.qself {
            let mut found = Found { all: self.all, parameters: Vec::new(), associated: Vec::new() };
            found.visit_type_mut(&mut owner.ty.as_ref().clone());
            !found.parameters.is_empty() || !found.associated.is_empty()
        } else {
            let mut segments = ty.path.segments.iter();
            segments.next().is_some_and(|first| self.all.contains(&&first.ident)) && segments.next().is_some()
        }
    }
}

impl VisitMut for Found<'_> {
    fn visit_type_path_mut(&mut self, ty: &mut TypePath) {
        if self.is_associated(ty) {
            // A lifetime in it is that of a `for<'a>` around it, which a bound elsewhere can't name.
            if !names_a_lifetime(ty) {
                self.associated.push(ty.to_token_stream());
            }
            return;
        }
        if let Some(ident) = ty.path.get_ident().filter(|ident| self.all.contains(ident)) {
            self.parameters.push(ident.to_token_stream());
        }
        // `PhantomData<T>` can be written for every `T`.
        if ty.path.segments.last().is_none_or(|last| last.ident != "PhantomData") {
            visit_mut::visit_type_path_mut(self, ty);
        }
    }

    /// The expansion of a macro can't be seen, so it may contain each parameter.
    fn visit_type_macro_mut(&mut self, _: &mut syn::TypeMacro) {
        self.parameters.extend(self.all.iter().map(ToTokens::to_token_stream));
    }
}

fn names_a_lifetime(ty: &TypePath) -> bool {
    struct Names(bool);
    impl VisitMut for Names {
        fn visit_lifetime_mut(&mut self, lifetime: &mut syn::Lifetime) {
            self.0 |= lifetime.ident != "static";
        }
    }
    let mut names = Names(false);
    names.visit_type_path_mut(&mut ty.clone());
    names.0
}
