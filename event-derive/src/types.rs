//! What the macros do with types, as tokens: macros can't resolve names.

use proc_macro2::{Delimiter, Group, Ident, Spacing, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::punctuated::Punctuated;
use syn::visit_mut::{self, VisitMut};
use syn::{
    GenericArgument, GenericParam, Generics, Lifetime, PathArguments, Token, Type, TypeImplTrait, TypeInfer,
    TypeParamBound, TypePath, TypeReference, TypeTraitObject,
};

/// The type with every lifetime that is left out or written `'_` replaced.
pub(crate) fn with_lifetime(ty: &Type, lifetime: &str) -> Type {
    struct Fill(Lifetime);
    impl VisitMut for Fill {
        fn visit_type_reference_mut(&mut self, reference: &mut TypeReference) {
            reference.lifetime.get_or_insert_with(|| self.0.clone());
            visit_mut::visit_type_reference_mut(self, reference);
        }

        fn visit_lifetime_mut(&mut self, lifetime: &mut Lifetime) {
            if lifetime.ident == "_" {
                *lifetime = self.0.clone();
            }
        }

        // The lifetimes of `fn(&str)` and of `dyn Fn(&str)` are their own.
        fn visit_type_fn_ptr_mut(&mut self, _: &mut syn::TypeFnPtr) {}
        fn visit_parenthesized_generic_arguments_mut(&mut self, _: &mut syn::ParenthesizedGenericArguments) {}
    }
    let mut ty = ty.clone();
    Fill(Lifetime::new(lifetime, Span::call_site())).visit_type_mut(&mut ty);
    ty
}

/// The type with these lifetimes left out.
pub(crate) fn without_lifetimes(ty: &Type, generics: &Generics) -> Type {
    struct LeaveOut<'g>(&'g Generics);
    impl VisitMut for LeaveOut<'_> {
        fn visit_lifetime_mut(&mut self, lifetime: &mut Lifetime) {
            if self.0.lifetimes().any(|parameter| parameter.lifetime == *lifetime) {
                lifetime.ident = Ident::new("_", lifetime.ident.span());
            }
        }
    }
    let mut ty = ty.clone();
    LeaveOut(generics).visit_type_mut(&mut ty);
    ty
}

/// Whether there is a lifetime in the type that isn't `'static`, written or left out.
pub(crate) fn borrows(ty: &Type) -> bool {
    struct Borrows(bool);
    impl VisitMut for Borrows {
        fn visit_type_reference_mut(&mut self, reference: &mut TypeReference) {
            self.0 |= reference.lifetime.is_none();
            visit_mut::visit_type_reference_mut(self, reference);
        }

        fn visit_lifetime_mut(&mut self, lifetime: &mut Lifetime) {
            self.0 |= lifetime.ident != "static";
        }

        // The lifetimes of `fn(&str)` and of `dyn Fn(&str)` are their own.
        fn visit_type_fn_ptr_mut(&mut self, _: &mut syn::TypeFnPtr) {}
        fn visit_parenthesized_generic_arguments_mut(&mut self, _: &mut syn::ParenthesizedGenericArguments) {}
    }
    let mut borrows = Borrows(false);
    borrows.visit_type_mut(&mut ty.clone());
    borrows.0
}

/// Whether one of the type and const parameters, or of the lifetimes, is in the type.
pub(crate) fn mentions_one_of(ty: &Type, generics: &Generics) -> bool {
    generics.params.iter().any(|parameter| {
        let name = match parameter {
            GenericParam::Type(parameter) => &parameter.ident,
            GenericParam::Const(parameter) => &parameter.ident,
            GenericParam::Lifetime(parameter) => &parameter.lifetime.ident,
        };
        mentions(ty.to_token_stream(), &name.unraw().to_string())
    })
}

/// Whether a name is among the tokens.
pub(crate) fn mentions(tokens: TokenStream, name: &str) -> bool {
    tokens.into_iter().any(|tree| match tree {
        TokenTree::Ident(ident) => ident.unraw() == name,
        TokenTree::Group(group) => mentions(group.stream(), name),
        _ => false,
    })
}

/// Whether something stands in angle brackets in the type.
pub(crate) fn has_arguments(ty: &Type) -> bool {
    struct Find(bool);
    impl VisitMut for Find {
        fn visit_angle_bracketed_generic_arguments_mut(
            &mut self,
            _: &mut syn::AngleBracketedGenericArguments,
        ) {
            self.0 = true;
        }
    }
    let mut find = Find(false);
    find.visit_type_mut(&mut ty.clone());
    find.0
}

/// An `impl Trait` somewhere in the type.
pub(crate) fn impl_trait(ty: &Type) -> Option<TypeImplTrait> {
    struct Find(Option<TypeImplTrait>);
    impl VisitMut for Find {
        fn visit_type_impl_trait_mut(&mut self, found: &mut TypeImplTrait) {
            self.0.get_or_insert_with(|| found.clone());
        }
    }
    let mut find = Find(None);
    find.visit_type_mut(&mut ty.clone());
    find.0
}

/// A `_` somewhere in the type.
pub(crate) fn inferred(ty: &Type) -> Option<TypeInfer> {
    struct Find(Option<TypeInfer>);
    impl VisitMut for Find {
        fn visit_type_infer_mut(&mut self, found: &mut TypeInfer) {
            self.0.get_or_insert_with(|| found.clone());
        }
    }
    let mut find = Find(None);
    find.visit_type_mut(&mut ty.clone());
    find.0
}

/// Whether one of the bounds is a trait of this name, at any path.
pub(crate) fn is_named(bounds: &Punctuated<TypeParamBound, Token![+]>, name: &str) -> bool {
    bounds.iter().any(|bound| match bound {
        TypeParamBound::Trait(bound) => bound.path.segments.last().is_some_and(|last| last.ident == name),
        _ => false,
    })
}

/// Whether one of the bounds is that of a closure.
pub(crate) fn is_function(bounds: &Punctuated<TypeParamBound, Token![+]>) -> bool {
    ["Fn", "FnMut", "FnOnce", "AsyncFn", "AsyncFnMut", "AsyncFnOnce"]
        .iter()
        .any(|name| is_named(bounds, name))
}

/// Whether it is the bound `Event`.
pub(crate) fn is_event(bounds: &Punctuated<TypeParamBound, Token![+]>) -> bool {
    is_named(bounds, "Event")
}

/// Where `dyn Event` stands in the type.
pub(crate) fn dyn_event(ty: &Type) -> Option<Span> {
    struct Find(Option<Span>);
    impl VisitMut for Find {
        fn visit_type_trait_object_mut(&mut self, object: &mut TypeTraitObject) {
            if is_event(&object.bounds) {
                self.0
                    .get_or_insert_with(|| object.dyn_token.map_or_else(Span::call_site, |token| token.span));
            }
        }
    }
    let mut find = Find(None);
    find.visit_type_mut(&mut ty.clone());
    find.0
}

/// `&dyn Event`, or another pointer to it, without a path. It can be a trait of the user's own.
pub(crate) fn is_lone_dyn_event(ty: &Type) -> bool {
    match ty {
        Type::Reference(reference) => is_lone_dyn_event(&reference.elem),
        Type::Paren(paren) => is_lone_dyn_event(&paren.elem),
        Type::TraitObject(object) => object.bounds.iter().any(|bound| match bound {
            TypeParamBound::Trait(bound) => bound.path.is_ident("Event"),
            _ => false,
        }),
        _ => type_arguments(ty).any(is_lone_dyn_event),
    }
}

pub(crate) const INSTEAD_OF_DYN_EVENT: &str = "an event of any type is taken as `&Tracked`: write that; a trait of your own of this name is written `dyn self::Event`";

/// The types in the angle brackets of its last path segment.
pub(crate) fn type_arguments(ty: &Type) -> impl Iterator<Item = &Type> {
    let arguments = match ty {
        Type::Path(TypePath { path, .. }) => path.segments.last().map(|last| &last.arguments),
        _ => None,
    };
    let arguments = match arguments {
        Some(PathArguments::AngleBracketed(arguments)) => Some(arguments.args.iter()),
        _ => None,
    };
    arguments.into_iter().flatten().filter_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    })
}

/// The tokens with one span, each resolving as before: the compiler reports equal errors at one place only once.
pub(crate) fn located_at(tokens: TokenStream, place: Span) -> TokenStream {
    let locate = |mut tree: TokenTree| {
        if let TokenTree::Group(group) = &tree {
            tree = Group::new(group.delimiter(), located_at(group.stream(), place)).into();
        }
        tree.set_span(tree.span().located_at(place));
        tree
    };
    tokens.into_iter().map(locate).collect()
}

/// `Tracked<dyn Event>`, or a reference to one: no type, since an event is no trait object.
pub(crate) fn is_tracked_of_dyn_event(ty: &Type) -> bool {
    match ty {
        Type::Reference(reference) => is_tracked_of_dyn_event(&reference.elem),
        Type::Path(TypePath { path, .. }) => path.segments.last().is_some_and(|last| {
            let PathArguments::AngleBracketed(arguments) = &last.arguments else { return false };
            let is_dyn_event = |argument: &GenericArgument| match argument {
                GenericArgument::Type(Type::TraitObject(object)) => is_event(&object.bounds),
                _ => false,
            };
            last.ident == "Tracked" && arguments.args.iter().any(is_dyn_event)
        }),
        _ => false,
    }
}

/// The name of the type's last path segment: `Result` for `std::io::Result<()>`.
pub(crate) fn last_segment(ty: &Type) -> Option<String> {
    match ty {
        Type::Path(TypePath { path, .. }) => path.segments.last().map(|segment| segment.ident.to_string()),
        Type::Group(group) => last_segment(&group.elem),
        Type::Paren(paren) => last_segment(&paren.elem),
        _ => None,
    }
}

/// The spans of the first and the last token: what an error has to span to underline all of it.
pub(crate) fn ends(tokens: &impl ToTokens) -> (Span, Span) {
    let mut trees = tokens.to_token_stream().into_iter();
    let first = trees.next().map_or_else(Span::call_site, |tree| tree.span());
    (first, trees.last().map_or(first, |tree| tree.span()))
}

/// A call of a function of the core, an error about which underlines all of `place`.
///
/// The function is bound to a variable first, since an error about the call of a path points at the argument or at
/// the generics. The variable's type says what generics would.
pub(crate) fn call_spelled_as(
    place: &impl ToTokens,
    path: TokenStream,
    name: &str,
    variable_type: &TokenStream,
    argument: &TokenStream,
) -> TokenStream {
    let mut called = Group::new(Delimiter::Parenthesis, argument.clone());
    called.set_span(ends(place).1);
    use_spelled_as(place, path, name, variable_type, |variable| quote!(#variable #called))
}

/// The same for a function that isn't called itself: `used` is what is done with the variable.
pub(crate) fn use_spelled_as(
    place: &impl ToTokens,
    path: TokenStream,
    name: &str,
    variable_type: &TokenStream,
    used: impl FnOnce(&Ident) -> TokenStream,
) -> TokenStream {
    let (first, last) = ends(place);
    let (path, name, variable) =
        (punctuated_at(path, first), Ident::new(name, last), Ident::new("__function", first));
    let used = used(&variable);
    quote!(({
        let #variable: #variable_type = #path::#name;
        #used
    }))
}

/// Gives this span to the first token and to all tokens that aren't names. The compiler reports an error that begins and
/// ends with such tokens there, and an editor finds only the first name there.
pub(crate) fn punctuated_at(tokens: TokenStream, span: Span) -> TokenStream {
    let respan = |(index, mut tree)| {
        match &tree {
            TokenTree::Ident(_) if index > 0 => return tree,
            TokenTree::Group(group) => {
                tree = Group::new(group.delimiter(), punctuated_at(group.stream(), span)).into();
            }
            _ => {}
        }
        tree.set_span(span);
        tree
    };
    tokens.into_iter().enumerate().map(respan).collect()
}

/// An expression for the location of the name. A call has the location of its first token, the parenthesis.
pub(crate) fn location_of(core: &syn::Path, name: &syn::Ident) -> TokenStream {
    punctuated_at(quote!((#core::Location::caller)()), name.span())
}

/// The tokens with every `Self` replaced.
pub(crate) fn replace_self(tokens: TokenStream, with: &TokenStream) -> TokenStream {
    let replace = |tree| match tree {
        TokenTree::Ident(ident) if ident == "Self" => with.clone(),
        TokenTree::Group(group) => {
            let inner = replace_self(group.stream(), with);
            let mut replaced = Group::new(group.delimiter(), inner);
            replaced.set_span(group.span());
            TokenTree::Group(replaced).into()
        }
        other => other.into(),
    };
    tokens.into_iter().map(replace).collect::<Vec<TokenStream>>().into_iter().collect()
}

/// The tokens as a person would write them: `Option<&'a str>`, where the compiler's own text has a space
/// around each token.
pub(crate) fn text(tokens: &impl ToTokens) -> String {
    let mut text = String::new();
    write_text(tokens.to_token_stream(), &mut text);
    text
}

fn write_text(tokens: TokenStream, text: &mut String) {
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Ident(_) | TokenTree::Literal(_) => {
                if text.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '"')) {
                    text.push(' ');
                }
                text.push_str(&token.to_string());
            }
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::Brace => (" { ", " }"),
                    Delimiter::None => ("", ""),
                };
                text.push_str(open);
                write_text(group.stream(), text);
                text.push_str(close);
            }
            TokenTree::Punct(punct) => {
                let next = match tokens.peek() {
                    Some(TokenTree::Punct(next)) if punct.spacing() == Spacing::Joint => Some(next.as_char()),
                    _ => None,
                };
                match (punct.as_char(), next) {
                    ('-', Some('>')) => {
                        tokens.next();
                        text.push_str(" -> ");
                    }
                    (':', Some(':')) => {
                        tokens.next();
                        text.push_str("::");
                    }
                    (sign @ (',' | ';' | ':'), _) => text.extend([sign, ' ']),
                    (sign @ ('+' | '='), _) => text.extend([' ', sign, ' ']),
                    (sign, _) => text.push(sign),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_and_signatures_read_as_they_were_written() {
        for written in [
            "Option<&'a str>",
            "HashMap<String, Vec<(u8, std::path::PathBuf)>>",
            "[u8; 4]",
            "Box<dyn Fn(u8, &mut u8) -> u8 + Send>",
            "fn permission_allowed(app: &App, actor: Option<&Actor>, action: &str) -> bool",
        ] {
            let tokens: TokenStream = written.parse().unwrap();
            assert_eq!(text(&tokens), written);
        }
    }

    #[test]
    fn a_lifetime_is_filled_in_where_it_is_left_out_and_belongs_to_nobody_else() {
        for (written, filled) in [
            ("Option<&Actor>", "Option<&'a Actor>"),
            ("&'static str", "&'static str"),
            ("Cow<'_, str>", "Cow<'a, str>"),
            ("&(dyn Fn(&str) -> bool + Sync)", "&'a(dyn Fn(&str) -> bool + Sync)"),
            ("fn(&str) -> &str", "fn(&str) -> &str"),
        ] {
            let ty = syn::parse_str(written).unwrap();
            assert_eq!(text(&with_lifetime(&ty, "'a")), filled);
        }
    }

    #[test]
    fn a_type_borrows_with_each_lifetime_but_the_static_one() {
        for (written, expected) in [
            ("&str", true),
            ("Cow<'_, str>", true),
            ("Vec<Option<&str>>", true),
            ("&'static str", false),
            ("String", false),
            ("Box<dyn Fn(&str) -> &str>", false),
        ] {
            assert_eq!(borrows(&syn::parse_str(written).unwrap()), expected, "{written}");
        }
    }
}
