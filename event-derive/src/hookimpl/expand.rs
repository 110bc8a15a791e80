//! The code that `#[hookimpl]` writes: a function that takes all arguments of the hook and passes on those wanted.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::Type;
use syn::ext::IdentExt;
use syn::spanned::Spanned;

use super::model::{Implementation, Parameter, Precedence};
use crate::types::{self, call_spelled_as, location_of, punctuated_at, with_lifetime};

/// The hook is named in the same way everywhere, and the registration is one expression, so that the compiler reports a
/// mistake once.
pub(crate) fn implementation(it: &Implementation<'_>) -> TokenStream {
    let Implementation { import, core, conditions, hook, function, is_async, .. } = it;
    let hook_alias = hook_alias(it);
    let itself = if it.durable.is_some() {
        quote!(<#hook as #core::__private::DurableHook>::Durable)
    } else {
        quote!(<#hook as #core::__private::HookSpec>::Itself)
    };
    let info = quote!(<#hook_alias as #core::__private::HookSpec>::INFO);
    let name = function.unraw().to_string();
    let location = location_of(core, function);
    let options = options(it);
    let Called { body, of_one_type, of_all } = called(it);
    let (mut filters, mut constants) = (Vec::new(), Vec::new());
    for (index, parameter) in it.arguments().enumerate() {
        let (argument, ty) = (parameter.ident.unraw().to_string(), with_lifetime(parameter.ty, "'static"));
        let mut filter = quote!(<#core::__private::Probe<#ty, #of_one_type>>::FILTER);
        if types::has_arguments(parameter.ty) {
            // For a type in angle brackets that isn't there, the compiler proposes a parameter behind the item's name. It
            // stands where the function's does, so that the error is the same as for the function, and reported once.
            let constant = format_ident!("__FILTER{index}", span = function.span());
            constants
                .push(quote!(const #constant: ::core::option::Option<#core::__private::Filtered> = #filter;));
            filter = constant.into_token_stream();
        }
        filters.push(quote!((#argument, #filter)));
    }
    let registered = format!("implementation {name}");
    let silenced = &it.silenced;
    quote! {
        #silenced
        #(#conditions)*
        const _: () = {
            #import

            // The path stands only here; a mistake in it would be reported at each place.
            type #hook_alias = #itself;

            #[allow(unused_imports)]
            use #core::__private::NoFilter as _;

            #body

            #(#constants)*

            #core::__private::register! {
                #registered,
                #core::__private::HookImpl {
                    hook: #info,
                    module: #core::__private::module!(),
                    function: #name,
                    function_id: #core::__private::type_of_value(&#function),
                    hearing: #core::__private::Hearing::new(#info, &[#(#filters),*], #of_all),
                    options: #options,
                    is_async: #is_async,
                    location: #location,
                }
            }
        };
    }
}

/// Only the options that were given: most implementations have none, and each costs check time.
fn options(it: &Implementation<'_>) -> TokenStream {
    let Implementation { core, before, after, essential, wrapper, .. } = it;
    let precedence = match it.precedence {
        Precedence::TryFirst => Some(quote!(precedence: #core::__private::Precedence::TryFirst,)),
        Precedence::Normal => None,
        Precedence::TryLast => Some(quote!(precedence: #core::__private::Precedence::TryLast,)),
    };
    let before = (!before.is_empty()).then(|| quote!(before: &[#(#before),*],));
    let after = (!after.is_empty()).then(|| quote!(after: &[#(#after),*],));
    let wrapper = wrapper.then(|| quote!(wrapper: true,));
    let essential = essential.then(|| quote!(essential: true,));
    let durable = it.durable.as_ref().map(|durable| {
        let event = it.arguments().find(|parameter| parameter.ident == "event");
        let decoder = event.map(|parameter| {
            let ty = with_lifetime(parameter.ty, "'static");
            let private = punctuated_at(quote!(#core::__private::), parameter.ty.span());
            let event = quote_spanned!(parameter.ty.span()=> <#core::__private::Probe<#ty>>::EVENT);
            let decoder_of = quote_spanned!(parameter.ty.span()=> decoder_of(#event));
            quote!({
                use #core::__private::NoEventType as _;
                #private #decoder_of
            })
        });
        durable.expand(core, decoder)
    });
    let written = quote!(#precedence #before #after #wrapper #essential #durable);
    let options = quote!(#core::__private::Options);
    if written.is_empty() { quote!(#options::NONE) } else { quote!(#options { #written ..#options::NONE }) }
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

/// How the framework calls it. Spanned at the hook, so that the compiler reports a type that isn't a hook there, once.
struct Called {
    /// An item that the others need.
    body: Option<TokenStream>,
    /// For the events of one type.
    of_one_type: TokenStream,
    /// For all events.
    of_all: TokenStream,
}

fn called(it: &Implementation<'_>) -> Called {
    let Implementation { core, function, .. } = it;
    let variables: Vec<_> =
        (0..it.parameters.len()).map(|index| format_ident!("__argument{index}")).collect();
    let take = it.parameters.iter().zip(&variables).map(|(parameter, variable)| {
        let Parameter { ident, ty } = parameter;
        let given = if it.is_next(parameter) { quote!(__next) } else { argument(it, ident) };
        let path = quote!(#core::__private::Fills);
        let filled = call_spelled_as(*ty, path, "fill", &quote!(fn(_) -> _), &given);
        quote!(let ::core::option::Option::Some(#variable) = #filled)
    });
    // Spanned at the function's name: that is where an error about its future belongs.
    let mut call = quote_spanned!(function.span()=> (#function)(#(#variables),*));
    if it.is_async {
        let sendable = private_at("sendable", it, it.function.span());
        call = quote_spanned!(function.span()=> #sendable(#call));
    }
    if it.wrapper {
        let returned = returned(it, &call);
        let future = quote! {
            #(#take else { return ::core::result::Result::Ok(::core::option::Option::None) };)*
            let __outcome = { #returned };
            __outcome.map(::core::option::Option::Some)
        };
        wrapper(it, &future)
    } else {
        let answer = answer(it, call);
        body(it, &quote!(#(#take else { return #core::__private::Flow::NoValue };)* #answer))
    }
}

/// An argument of the hook. If there is none of this name, the error is at the name.
fn argument(it: &Implementation<'_>, ident: &Ident) -> TokenStream {
    let (core, hook, name) = (&it.core, hook_alias(it), ident.unraw().to_string());
    let info = quote!(<#hook as #core::__private::HookSpec>::INFO);
    let find = private_at("argument_index", it, ident.span());
    let index = quote_spanned!(ident.span()=> #find(#info, #name));
    quote!(__arguments.__at::<{ #index }>().__given())
}

fn wrapper(it: &Implementation<'_>, future: &TokenStream) -> Called {
    let core = &it.core;
    let hook = hook_alias(it);
    let constructor = quote!(&#core::__private::Call::<#hook>::Wrapper);
    let body = quote!(let __arguments = __input.0; #core::__private::wrapped(async move { #future }));
    let closure = quote!((|__input, __next| { #body }));
    Called {
        body: None,
        of_one_type: quote!(#core::__private::AsWrapper),
        of_all: quote!(|| #constructor #closure),
    }
}

/// Stores what the call returns among the results.
fn answer(it: &Implementation<'_>, call: TokenStream) -> TokenStream {
    let core = &it.core;
    let (place, answer) = match (it.output, it.is_async) {
        (None, false) => (private_at("nothing", it, it.function.span()), call),
        (None, true) => (private_at("nothing_later", it, it.function.span()), call),
        (Some(_), false) => {
            let returned = returned(it, &call);
            let place = quote!(#core::__private::take);
            (place, quote!({ #returned }))
        }
        (Some(_), true) => {
            let returned = returned(it, &call);
            let place = quote!(#core::__private::later);
            (place, quote!(async move { #returned }))
        }
    };
    let waker = it.is_async.then(|| quote!(__waker,));
    quote!(#place(__answers, #waker #answer))
}

/// A function of event-core; errors about it are reported at this place.
fn private_at(name: &str, it: &Implementation<'_>, place: Span) -> TokenStream {
    let core = &it.core;
    let (path, name) = (punctuated_at(quote!(#core::__private::), place), Ident::new(name, place));
    quote!(#path #name)
}

fn body(it: &Implementation<'_>, body: &TokenStream) -> Called {
    let core = &it.core;
    let hook = hook_alias(it);
    let private = quote!(#core::__private);
    // An error about the hook begins and ends at one of these tokens. Most aren't names, since an editor that goes to the
    // definition would list each name.
    let at = hook.span();
    let (type_, fn_, end, semicolon) =
        (quote_spanned!(at=> type), quote_spanned!(at=> fn), quote_spanned!(at=> <>), quote_spanned!(at=> ;));
    let input = punctuated_at(quote!(#private::Input<'a, #hook>), at);
    let body = quote!(let __arguments = __input.0; #body);
    let body = quote_spanned!(at=> { #body });
    let item = quote! {
        struct __Body;

        impl #private::Body for __Body {
            #type_ Hook = #hook #semicolon

            #[inline]
            #fn_ call<'a>(
                __input: #input,
                __answers: &mut #private::ReturnValues<'_, 'a, #hook>,
                __waker: &#private::Waker,
            ) -> #private::Flow #end #body
        }
    };
    Called { body: Some(item), of_one_type: quote!(__Body), of_all: quote!(#private::call_for_all::<__Body>) }
}

/// Whether it returns an `Outcome` and takes a `Next` that are those of `track_event`, if this is another hook: it would be
/// reported for each.
fn names_no_hook(it: &Implementation<'_>, output: &Type) -> bool {
    let is_plain = |ty: &Type, name: &str| {
        types::last_segment(ty).is_some_and(|it| it == name) && types::type_arguments(ty).next().is_none()
    };
    let outcome = match types::last_segment(output).as_deref() {
        Some("Result") => types::type_arguments(output).next(),
        _ => Some(output),
    };
    it.hook.segments.last().is_some_and(|last| last.ident != "track_event")
        && outcome.is_some_and(|outcome| is_plain(outcome, "Outcome"))
        && it.parameters.iter().any(|parameter| it.is_next(parameter) && is_plain(parameter.ty, "Next"))
}

/// Converts what the function returns. Errors underline its return type.
fn returned(it: &Implementation<'_>, called: &TokenStream) -> TokenStream {
    let Implementation { core, function, .. } = it;
    let hook = hook_alias(it);
    let place = it.output.map_or_else(|| function.to_token_stream(), ToTokens::to_token_stream);
    let (path, name, value) = if it.wrapper {
        let names_no_hook = it.output.is_some_and(|output| names_no_hook(it, output));
        let path = if names_no_hook { quote!(AnyOutcome) } else { quote!(IntoOutcome) };
        (quote!(#core::__private::#path), "into_outcome", quote!(#core::Outcome<#hook>))
    } else {
        let output = quote!(<#hook as #core::__private::HookSpec>::Output);
        (
            quote!(#core::__private::IntoReturnValue),
            "into_return_value",
            quote!(::core::option::Option<#output>),
        )
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
