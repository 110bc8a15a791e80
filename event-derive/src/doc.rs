//! The doc comments of an item, as one text.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Attribute, Expr, ExprLit, Lit, Meta};

/// An expression of type `&'static str`: the lines without their leading space, joined by line breaks.
pub(crate) fn text(attributes: &[Attribute]) -> TokenStream {
    let mut pieces = Vec::new();
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("doc")) {
        let Meta::NameValue(doc) = &attribute.meta else { continue };
        if !pieces.is_empty() {
            pieces.push(quote!("\n"));
        }
        match &doc.value {
            Expr::Lit(ExprLit { lit: Lit::Str(line), .. }) => {
                let line = line.value();
                let line = line.strip_prefix(' ').unwrap_or(&line);
                pieces.push(quote!(#line));
            }
            // Such as `#[doc = include_str!("ban-user.md")]`.
            expression => pieces.push(quote!(#expression)),
        }
    }
    if pieces.is_empty() { quote!("") } else { quote!(::core::concat!(#(#pieces),*)) }
}
