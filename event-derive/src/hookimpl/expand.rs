//! The code that `#[hookimpl]` writes: a function that takes all arguments of the hook and passes on those wanted.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::ext::IdentExt;

use super::model::{Class, Implementation, Parameter};
use crate::types::{call_spelled_as, location_of, respanned, with_lifetime};

/// One expression, so that a mistake in what it is made of is found once.
pub(crate) fn implementation(it: &Implementation<'_>) -> TokenStream {
    let Implementation { core, hook, function, is_async, before, after, essential, wrapper, .. } = it;
    let hook_alias = hook_alias(it);
    let info = respanned(quote!(<#hook_alias as #core::HookSpec>::INFO), hook_alias.span());
    let name = function.unraw().to_string();
    let location = location_of(core, function);
    let class = match it.class {
        Class::TryFirst => quote!(TryFirst),
        Class::Normal => quote!(Normal),
        Class::TryLast => quote!(TryLast),
    };
    let filters = it.arguments().map(|parameter| {
        let (argument, ty) = (parameter.ident.unraw().to_string(), with_lifetime(parameter.ty, "'static"));
        quote!((#argument, <#core::__private::Probe<#ty>>::FILTER))
    });
    let call = call(it);
    let registered = format!("implementation {name}");
    quote! {
        const _: () = {
            // The path stands here only: what is wrong with it would be said for each place.
            type #hook_alias = #hook;

            #[allow(unused_imports)]
            use #core::__private::NoFilter as _;

            #core::__private::register! {
                #registered,
                #core::__private::HookImpl {
                    hook: #info,
                    module: #core::__private::module!(),
                    function: #name,
                    function_id: #core::__private::type_of_value(&#function),
                    filter: #core::__private::filter_of(#info, &[#(#filters),*]),
                    options: #core::__private::Options {
                        class: #core::Class::#class,
                        before: &[#(#before),*],
                        after: &[#(#after),*],
                        wrapper: #wrapper,
                        essential: #essential,
                    },
                    is_async: #is_async,
                    location: #location,
                    call: #call,
                }
            }
        };
    }
}

/// Spanned at the path's last name: that is where an error about the hook belongs.
fn hook_alias(it: &Implementation<'_>) -> Ident {
    let span = it.hook.segments.last().map_or_else(Span::call_site, |segment| segment.ident.span());
    Ident::new("__Hook", span)
}

impl<'f> Implementation<'f> {
    fn is_next(&self, parameter: &Parameter<'_>) -> bool {
        self.wrapper && parameter.ident == "next"
    }

    /// The parameters that are arguments of the hook.
    fn arguments(&self) -> impl Iterator<Item = &Parameter<'f>> {
        self.parameters.iter().filter(|parameter| !self.is_next(parameter))
    }
}

/// The call that the framework makes, with its kind.
fn call(it: &Implementation<'_>) -> TokenStream {
    let Implementation { core, function, .. } = it;
    let variables: Vec<_> =
        (0..it.parameters.len()).map(|index| format_ident!("__argument{index}")).collect();
    let take = it.parameters.iter().zip(&variables).map(|(parameter, variable)| {
        let Parameter { ident, ty } = parameter;
        let given = if it.is_next(parameter) { quote!(__next) } else { quote!(__arguments.#ident) };
        let path = quote!(#core::__private::Fills);
        let filled = call_spelled_as(*ty, path, "fill", &quote!(fn(_) -> _), &given);
        quote!(let ::core::option::Option::Some(#variable) = #filled)
    });
    // Spanned at the function's name: that is where an error about its future belongs.
    let mut called = quote_spanned!(function.span()=> #function(#(#variables),*));
    if it.is_async {
        let sendable = respanned(quote!(#core::__private::sendable), function.span());
        called = quote_spanned!(function.span()=> #sendable(#called));
    }
    // All that depends on the hook is spanned there, so that what is none is reported once and there.
    let hook = hook_alias(it);
    let (kind, second, body) = if it.wrapper {
        let returned = returned(it, &called);
        let body = quote! {
            #core::__private::wrapped(async move {
                #(#take else { return ::core::result::Result::Ok(::core::option::Option::None) };)*
                let __outcome = { #returned };
                __outcome.map(::core::option::Option::Some)
            })
        };
        ("Wrapper", "__next", body)
    } else {
        let (place, answer) = match (it.output, it.is_async) {
            (None, false) => (respanned(quote!(#core::__private::nothing), function.span()), called),
            (None, true) => (respanned(quote!(#core::__private::nothing_later), function.span()), called),
            (Some(_), false) => {
                let returned = returned(it, &called);
                let place = respanned(quote!(#core::__private::take), hook.span());
                (place, quote_spanned!(hook.span()=> { #returned }))
            }
            (Some(_), true) => {
                let returned = returned(it, &called);
                let place = respanned(quote!(#core::__private::later), hook.span());
                (place, quote_spanned!(hook.span()=> async move { #returned }))
            }
        };
        let answers = Ident::new("__answers", hook.span());
        let answered = quote_spanned!(hook.span()=> #place(#answers, #answer));
        let body = quote!(#(#take else { return #core::__private::Flow::NoValue };)* #answered);
        ("Function", "__answers", body)
    };
    let (kind, input) = (Ident::new(kind, hook.span()), Ident::new("__input", hook.span()));
    let second = Ident::new(second, hook.span());
    let constructor = respanned(quote!(&#core::__private::Call::<#hook>::#kind), hook.span());
    let arguments = respanned(quote!(#input.0), hook.span());
    let parameters = quote_spanned!(hook.span()=> |#input, #second|);
    let body = quote!(let __arguments = #arguments; #body);
    let body = quote_spanned!(hook.span()=> { #body });
    let closure = quote_spanned!(hook.span()=> (#parameters #body));
    quote!(#constructor #closure)
}

/// What the function returns, as the framework wants it. Errors underline the type that it returns.
fn returned(it: &Implementation<'_>, called: &TokenStream) -> TokenStream {
    let Implementation { core, function, .. } = it;
    let hook = hook_alias(it);
    let place = it.output.map_or_else(|| function.to_token_stream(), ToTokens::to_token_stream);
    let (path, name, value) = if it.wrapper {
        (quote!(#core::__private::IntoOutcome), "into_outcome", quote!(#core::Outcome<#hook>))
    } else {
        let output = respanned(quote!(<#hook as #core::HookSpec>::Output), hook.span());
        (quote!(#core::__private::IntoAnswer), "into_answer", quote!(::core::option::Option<#output>))
    };
    let function = quote!(fn(_) -> ::core::result::Result<#value, _>);
    let converted = call_spelled_as(&place, path, name, &function, &quote!(__returned));
    let path = quote!(#core::__private::IntoCause);
    let cause = call_spelled_as(&place, path, "into_cause", &quote!(fn(_) -> _), &quote!(__error));
    let wait = it.is_async.then(|| quote_spanned!(it.function.span()=> .await));
    quote! {
        let __returned = #called #wait;
        match #converted {
            ::core::result::Result::Ok(__value) => ::core::result::Result::Ok(__value),
            ::core::result::Result::Err(__error) => ::core::result::Result::Err(#cause),
        }
    }
}
