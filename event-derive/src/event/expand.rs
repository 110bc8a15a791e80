//! The code that `#[derive(Event)]` writes.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::{GenericParam, Generics, WherePredicate, parse_quote};

use super::model::{Event, Field, Writes};
use super::serde_fields::Written;
use super::shared_fields;
use crate::registration::{self, submit_and_keep};
use crate::types::{ends, location_of, replace_self, text};

pub(crate) fn event(event: &Event<'_>) -> TokenStream {
    let Event { import, macros, core, ident, name, version, doc, .. } = event;
    let mut bounded = with_bounds(event);
    let asks = shared_fields::condition(event).map(|condition| {
        bounded.make_where_clause().predicates.push(condition);
        quote!(#[allow(unused_imports)] use #core::NotShared as _;)
    });
    let (impl_generics, ty_generics, where_clause) = bounded.split_for_impl();
    let fields = event.fields.iter().enumerate().map(|(index, field)| description(core, index, field));
    let (copy, write) = properties(event);
    let location = location_of(core, ident);
    // A generic type has no one type to register or to number; `register_events` returns its concrete ones.
    let is_concrete = event.generics.params.is_empty();
    let number = if is_concrete {
        quote!(::core::option::Option::Some(&__NUMBER))
    } else {
        quote!(::core::option::Option::None)
    };
    let (numbered, registration) = if is_concrete {
        let registered = format!("event {}", ident.unraw());
        let link = quote!(#core::link_event::<#ident>);
        let numbered = quote!(static __NUMBER: #core::Number = #core::Number::new(););
        (Some(numbered), Some(submit_and_keep(macros, core, &link, &registered)))
    } else {
        (None, None)
    };
    let (silenced, module) = (&event.silenced, registration::module(core));
    quote! {
        #silenced
        const _: () = {
            #import
            #asks
            #copy
            #numbered

            #[automatically_derived]
            impl #impl_generics #core::Event for #ident #ty_generics #where_clause {
                const TYPES: &'static [#core::Declaration] =
                    &[#core::Declaration::new::<Self>(
                        #number,
                        #name,
                        #version,
                        #doc,
                        &[#(#fields),*],
                        #module,
                        #location,
                    )];

                #write
            }

            #registration
        };
    }
}

/// Stands in for an event with mistakes: it can be named in types but not tracked.
pub(crate) fn fallback(event: &Event<'_>) -> TokenStream {
    let Event { import, core, ident, .. } = event;
    let mut bounded = with_bounds(event);
    let lifetimes = event.generics.lifetimes().map(|parameter| &parameter.lifetime);
    let lifetimes: Vec<WherePredicate> = lifetimes.map(|lifetime| parse_quote!(#lifetime: 'static)).collect();
    if !lifetimes.is_empty() {
        bounded.make_where_clause().predicates.extend(lifetimes);
    }
    let (impl_generics, ty_generics, where_clause) = bounded.split_for_impl();
    quote! {
        const _: () = {
            #import

            #[automatically_derived]
            impl #impl_generics #core::Event for #ident #ty_generics #where_clause {
                const TYPES: &'static [#core::Declaration] = &[];
            }
        };
    }
}

/// Adds the bounds that the parts of an event need.
fn with_bounds(event: &Event<'_>) -> Generics {
    let Event { core, bounds, .. } = event;
    let parameters = event.generics.type_params().map(|parameter| parameter.ident.to_token_stream());
    let held: Vec<_> = parameters.chain(bounds.held.iter().cloned()).collect();
    let mut generics = event.generics.clone();
    if event.generics.params.is_empty() {
        return generics;
    }
    let predicates = &mut generics.make_where_clause().predicates;
    predicates.extend(held.iter().map(|ty| -> WherePredicate {
        parse_quote!(#ty: ::core::marker::Send + ::core::marker::Sync + 'static)
    }));
    if matches!(event.writes, Writes::OwnSerialize) {
        predicates.push(parse_quote!(Self: #core::serde::Serialize));
    } else {
        predicates.extend(
            bounds.written.iter().map(|ty| -> WherePredicate { parse_quote!(#ty: #core::serde::Serialize) }),
        );
        predicates.extend(bounds.given.iter().cloned());
    }
    generics
}

fn description(core: &syn::Path, index: usize, field: &Field<'_>) -> TokenStream {
    let Field { ty, doc, .. } = field;
    let name = field.ident.map_or_else(|| index.to_string(), |ident| ident.unraw().to_string());
    let rust_type = text(ty);
    quote!(#core::Field::new(#name, #rust_type, #doc))
}

/// The item that writes the properties, if one is needed, and the method that uses it.
fn properties(event: &Event<'_>) -> (Option<TokenStream>, TokenStream) {
    let core = &event.core;
    let serialize = |body: &TokenStream| {
        quote! {
            fn serialize_properties<__S: #core::serde::Serializer>(
                &self,
                __serializer: __S,
            ) -> ::core::result::Result<__S::Ok, __S::Error> {
                #body
            }
        }
    };
    let write = |fields: &[TokenStream]| {
        quote! {
            fn write_properties(&self, __properties: &mut #core::Writer<'_>) {
                #(#fields)*
            }
        }
    };
    match &event.writes {
        Writes::Nothing => (None, write(&[])),
        Writes::Fields(written) => {
            let fields = event.fields.iter().zip(written);
            (
                None,
                write(
                    &fields
                        .filter_map(|(field, written)| write_field(event, field, written))
                        .collect::<Vec<_>>(),
                ),
            )
        }
        Writes::OwnSerialize => {
            (None, serialize(&quote!(#core::serde::Serialize::serialize(self, __serializer))))
        }
        Writes::Copy => {
            let copy = Ident::new("__Properties", Span::call_site());
            let (_, ty_generics, _) = event.generics.split_for_impl();
            let write = quote! {
                #[allow(unused_imports)]
                use #core::Underived as _;
                <#copy #ty_generics>::serialize(self, __serializer)
            };
            (Some(remote_copy(event, &copy)), serialize(&write))
        }
    }
}

/// Has the span of the field's type, which may lack `Serialize`. Names in it resolve in the generated method; the field's
/// own name resolves where the struct comes from.
fn write_field(event: &Event<'_>, field: &Field<'_>, written: &Written) -> Option<TokenStream> {
    let ident = field.ident?;
    let (first, last) = ends(field.ty);
    let mut value = ident.clone();
    value.set_span(ident.span().located_at(last));
    let place = Span::call_site().located_at(first);
    let write = |key: &str| {
        if let Some(is_shared) = shared_fields::is_shared(event, field.ty) {
            let core = &event.core;
            let write = quote_spanned!(place=> #core::WriteIf::<{ #is_shared }>::write);
            return quote_spanned!(place=> #write(&self.#value, #key, __properties););
        }
        quote_spanned!(place=> __properties.field(#key, &self.#value);)
    };
    match written {
        Written::Never => None,
        Written::Always(key) => Some(write(key)),
        Written::Unless(is_skipped, key) => {
            let write = write(key);
            Some(quote_spanned!(place=> if !#is_skipped(&self.#value) { #write }))
        }
    }
}

/// A copy of the struct that serde's own derive turns into `fn serialize(&Original, …)`, so that every serde
/// attribute means here what it means to serde.
fn remote_copy(event: &Event<'_>, copy: &Ident) -> TokenStream {
    let Event { core, ident, generics, serde, bounds, .. } = event;
    let (_, ty_generics, _) = generics.split_for_impl();
    let original = quote!(#ident #ty_generics);
    // With the span of the name, so that it is read as a name in the edition of the user's crate.
    let remote = syn::LitStr::new(&ident.to_string(), ident.span());
    let rename = serde.rename.clone().unwrap_or_else(|| {
        let rename = ident.unraw().to_string();
        quote!(rename = #rename)
    });
    let kept = &serde.kept;
    let fields = event.fields.iter().map(|Field { ident, ty, serde, .. }| {
        let ty = replace_self(ty.to_token_stream(), &original);
        quote!(#(#serde)* #ident: #ty)
    });
    // The copy has these bounds, so that serde adds no others.
    let bound =
        (!generics.params.is_empty() && !bounds.is_given_for_all).then(|| quote!(, bound(serialize = "")));
    let written = bounds.written.iter().map(|ty| -> WherePredicate { parse_quote!(#ty: __serde::Serialize) });
    let mut bounded = without_defaults(generics);
    bounded.make_where_clause().predicates.extend(written);
    let (parameters, where_clause) = (&bounded.params, &bounded.where_clause);
    quote! {
        // Serde takes a path as text, which can't contain `$crate`.
        use #core::serde as __serde;

        #[derive(__serde::Serialize)]
        #[serde(remote = #remote, #rename, crate = "__serde" #bound #(, #kept)*)]
        #[allow(dead_code)]
        struct #copy<#parameters> #where_clause {
            #(#fields,)*
        }
    }
}

fn without_defaults(generics: &Generics) -> Generics {
    let mut generics = generics.clone();
    for parameter in &mut generics.params {
        match parameter {
            GenericParam::Type(parameter) => parameter.default = None,
            GenericParam::Const(parameter) => parameter.default = None,
            GenericParam::Lifetime(_) => {}
        }
    }
    generics
}
