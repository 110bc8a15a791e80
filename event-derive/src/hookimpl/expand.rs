//! The code that `#[hookimpl]` writes: a function that takes all arguments of the hook and passes on those wanted.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::Type;
use syn::ext::IdentExt;
use syn::spanned::Spanned;

use super::batch;
use super::durable::Durable;
use super::model::{Implementation, Parameter, Precedence};
use crate::registration::{self, submit_and_keep};
use crate::types::{self, call_spelled_as, location_of, punctuated_at, use_spelled_as, with_lifetime};

/// The hook is named in the same way everywhere, and the registration is one expression, so that the compiler reports a
/// mistake once.
pub(crate) fn implementation(it: &Implementation<'_>) -> TokenStream {
    let Implementation { import, macros, core, conditions, hook, function, .. } = it;
    let hook_alias = hook_alias(it);
    let itself = if it.has_batch() {
        quote!(<#hook as #core::DurableHook>::Batched)
    } else if it.durable.is_some() {
        quote!(<#hook as #core::DurableHook>::Durable)
    } else if built_in(it).is_some() {
        quote!(#hook)
    } else {
        // Through the trait, so that a type that is no hook is reported in the same words in several items, and so once.
        quote!(<#hook as #core::HookSpec>::Itself)
    };
    let Called { item, register } = called(it);
    let registered = format!("implementation {}", function.unraw());
    let registration = submit_and_keep(macros, core, &register, &registered);
    let silenced = &it.silenced;
    quote! {
        #silenced
        #(#conditions)*
        const _: () = {
            #import

            // The path stands only here; a mistake in it would be reported at each place.
            type #hook_alias = #itself;

            #[allow(unused_imports)]
            use #core::NoFilter as _;

            #item

            #registration
        };
    }
}

/// What is registered: what this function of `HookImpl` makes. The parameters' types are asked for `caller`.
struct Declared {
    /// Constants that the value needs.
    constants: TokenStream,
    value: TokenStream,
}

fn declared(
    it: &Implementation<'_>,
    caller: &TokenStream,
    new: &TokenStream,
    call: Option<&TokenStream>,
) -> Declared {
    let Implementation { core, function, .. } = it;
    let name = function.unraw().to_string();
    let (location, module) = (location_of(core, function), registration::module(core));
    let (mut filters, mut constants) = (Vec::new(), TokenStream::new());
    for (index, parameter) in it.arguments().enumerate() {
        let argument = parameter.ident.unraw().to_string();
        let ty = with_lifetime(it.events(parameter).unwrap_or(parameter.ty), "'static");
        let mut filter = quote!(<#core::Probe<#ty, #caller>>::FILTER);
        if types::has_arguments(parameter.ty) {
            // For a type in angle brackets that isn't there, the compiler proposes a parameter behind the item's name. It
            // stands where the function's does, so that the error is the same as for the function, and reported once.
            let constant = format_ident!("__FILTER{index}", span = function.span());
            constants.extend(quote!(const #constant: ::core::option::Option<#core::Filtered> = #filter;));
            filter = constant.into_token_stream();
        }
        filters.push(quote!((#argument, #filter)));
    }
    let mut options = options(it);
    if it.durable.is_some() && it.arguments().any(|parameter| types::has_arguments(parameter.ty)) {
        // Those of a durable implementation name the event's type as well.
        let constant = Ident::new("__OPTIONS", function.span());
        constants.extend(quote!(const #constant: #core::Options = #options;));
        options = Some(constant.into_token_stream());
    }
    let options = options.map(|options| quote!(.with(#options)));
    let asynchronous = it.is_async.then(|| quote!(.asynchronous()));
    let value = quote! {
        #core::HookImpl::#new(
            &#function, #call #name, &[#(#filters),*], #module, #location
        )
        #options #asynchronous
    };
    Declared { constants, value }
}

/// Only the options that were given: most implementations have none, and each costs check time.
fn options(it: &Implementation<'_>) -> Option<TokenStream> {
    let Implementation { core, before, after, essential, wrapper, .. } = it;
    let precedence = match it.precedence {
        Precedence::TryFirst => Some(quote!(precedence: #core::Precedence::TryFirst,)),
        Precedence::Normal => None,
        Precedence::TryLast => Some(quote!(precedence: #core::Precedence::TryLast,)),
    };
    let before = (!before.is_empty()).then(|| quote!(before: &[#(#before),*],));
    let after = (!after.is_empty()).then(|| quote!(after: &[#(#after),*],));
    let wrapper = wrapper.then(|| quote!(wrapper: true,));
    let essential = essential.then(|| quote!(essential: true,));
    let explicit = it.explicit.then(|| quote!(explicit: true,));
    let durable = it.durable.as_ref().map(|durable| {
        let event = it.arguments().find_map(|parameter| {
            it.events(parameter).or_else(|| (parameter.ident == "event").then_some(parameter.ty))
        });
        let decoder = event.map(|event| {
            let (ty, place) = (with_lifetime(event, "'static"), event.span());
            let private = punctuated_at(quote!(#core::), place);
            let event = quote_spanned!(place=> <#core::Probe<#ty>>::EVENT);
            let decoder_of = quote_spanned!(place=> decoder_of(#event));
            quote!({
                use #core::NoEventType as _;
                #private #decoder_of
            })
        });
        durable.expand(core, decoder)
    });
    let written = quote!(#precedence #before #after #wrapper #essential #explicit #durable);
    let options = quote!(#core::Options);
    (!written.is_empty()).then(|| quote!(#options { #written ..#options::NONE }))
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

    fn has_batch(&self) -> bool {
        self.durable.as_ref().is_some_and(Durable::has_batch)
    }

    /// Of the parameter for several events, the type of each.
    fn events(&self, parameter: &Parameter<'f>) -> Option<&'f Type> {
        if self.has_batch() && parameter.ident == "events" { batch::element(parameter.ty) } else { None }
    }

    /// The parameters that are arguments of the hook.
    fn arguments(&self) -> impl Iterator<Item = &Parameter<'f>> {
        self.parameters.iter().filter(|parameter| !self.is_next(parameter))
    }
}

/// How the framework calls it. Spanned at the hook, so that the compiler reports a type that isn't a hook there, once.
struct Called {
    item: TokenStream,
    /// The function that registers it.
    register: TokenStream,
}

fn called(it: &Implementation<'_>) -> Called {
    let Implementation { core, function, .. } = it;
    let variables: Vec<_> =
        (0..it.parameters.len()).map(|index| format_ident!("__argument{index}")).collect();
    let take = it.parameters.iter().zip(&variables).map(|(parameter, variable)| {
        let Parameter { ident, ty } = parameter;
        let given = if it.is_next(parameter) { quote!(__next) } else { argument(it, ident) };
        let path = quote!(#core::Fills);
        let filled = match it.events(parameter) {
            Some(event) => {
                let each = |fill: &Ident| quote!(#core::each(#given, #fill));
                use_spelled_as(event, path, "fill", &quote!(fn(_) -> _), each)
            }
            None => call_spelled_as(*ty, path, "fill", &quote!(fn(_) -> _), &given),
        };
        quote!(let ::core::option::Option::Some(#variable) = #filled)
    });
    // Spanned at the function's name: that is where an error about its future belongs.
    let passed = it.parameters.iter().zip(&variables).map(|(parameter, variable)| {
        if it.events(parameter).is_some() { quote!(&#variable) } else { variable.to_token_stream() }
    });
    let mut call = quote_spanned!(function.span()=> (#function)(#(#passed),*));
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
        body(it, &quote!(#(#take else { return #core::Flow::NoValue };)* #answer))
    }
}

/// An argument of the hook. If there is none of this name, the error is at the name.
fn argument(it: &Implementation<'_>, ident: &Ident) -> TokenStream {
    let (core, hook, name) = (&it.core, hook_alias(it), ident.unraw().to_string());
    if built_in(it).is_some_and(|arguments| arguments.contains(&&*name)) {
        let field = Ident::new(&name, Span::call_site());
        return quote!(__arguments.#field);
    }
    let info = quote!(<#hook as #core::HookSpec>::INFO);
    let find = private_at("argument_index", it, ident.span());
    let index = quote_spanned!(ident.span()=> #find(#info, #name));
    quote!(__arguments.__at::<{ #index }>().__given())
}

/// The arguments of a hook of event-core. Most implementations are of these hooks, and looking up an argument by its name takes an
/// eighth of their check time.
fn built_in(it: &Implementation<'_>) -> Option<&'static [&'static str]> {
    match &*it.hook.segments.last()?.ident.unraw().to_string() {
        "track_event" if it.has_batch() => Some(&["app"]),
        "track_event" => Some(&["app", "event"]),
        "startup" | "started" | "stopping" | "shutdown" | "register_events" | "register_observers" => {
            Some(&["app"])
        }
        _ => None,
    }
}

fn wrapper(it: &Implementation<'_>, future: &TokenStream) -> Called {
    let core = &it.core;
    let hook = hook_alias(it);
    let constructor = quote!(&#core::Call::<#hook>::Wrapper);
    let body = quote!(let __arguments = __input.0; #core::wrapped(async move { #future }));
    let closure = quote!((|__input, __next| { #body }));
    let (caller, new) = (quote!(#core::Unlisted), quote!(wrapper::<#hook, _>));
    let Declared { constants, value } = declared(it, &caller, &new, Some(&quote!(|| #constructor #closure,)));
    let item = quote! {
        #constants

        static __DECLARED: #core::HookImpl = #value;

        fn __link(__linked: &mut #core::Linked) {
            #core::link_implementation(__linked, &__DECLARED);
        }
    };
    Called { item, register: quote!(__link) }
}

/// Stores what the call returns among the results.
fn answer(it: &Implementation<'_>, call: TokenStream) -> TokenStream {
    let core = &it.core;
    let (place, answer) = match (it.output, it.is_async) {
        (None, false) => (private_at("nothing", it, it.function.span()), call),
        (None, true) => {
            let place = private_at("nothing_later", it, it.function.span());
            // The slice of the events is borrowed from the future itself.
            let wait = wait(it);
            let call = if it.has_batch() { quote!(async move { #call #wait }) } else { call };
            (place, call)
        }
        (Some(_), false) => {
            let returned = returned(it, &call);
            let place = quote!(#core::take);
            (place, quote!({ #returned }))
        }
        (Some(_), true) => {
            let returned = returned(it, &call);
            let place = quote!(#core::later);
            (place, quote!(async move { #returned }))
        }
    };
    let waker = it.is_async.then(|| quote!(__waker,));
    quote!(#place(__answers, #waker #answer))
}

/// A function of event-core; errors about it are reported at this place.
fn private_at(name: &str, it: &Implementation<'_>, place: Span) -> TokenStream {
    let core = &it.core;
    let (path, name) = (punctuated_at(quote!(#core::), place), Ident::new(name, place));
    quote!(#path #name)
}

fn body(it: &Implementation<'_>, body: &TokenStream) -> Called {
    let core = &it.core;
    let hook = hook_alias(it);
    let private = quote!(#core);
    // An error about the hook begins and ends at one of these tokens. Most aren't names, since an editor that goes to the
    // definition would list each name.
    let at = hook.span();
    let (type_, fn_, end, semicolon) =
        (quote_spanned!(at=> type), quote_spanned!(at=> fn), quote_spanned!(at=> <>), quote_spanned!(at=> ;));
    let input = punctuated_at(quote!(#private::Input<'a, #hook>), at);
    let body = quote!(let __arguments = __input.0; #body);
    let body = quote_spanned!(at=> { #body });
    let caller = if it.has_batch() { quote!(#core::Unlisted) } else { quote!(__Body) };
    let Declared { constants, value } = declared(it, &caller, &quote!(new::<__Body, _>), None);
    let item = quote! {
        #constants

        struct __Body;

        impl #private::Body for __Body {
            #type_ Hook = #hook #semicolon

            const DECLARED: #private::HookImpl = #value;

            #[inline]
            #fn_ call<'a>(
                __input: #input,
                __answers: &mut #private::ReturnValues<'_, 'a, #hook>,
                __waker: &#private::Waker,
            ) -> #private::Flow #end #body
        }
    };
    Called { item, register: quote!(#private::link_function::<__Body>) }
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
        (quote!(#core::#path), "into_outcome", quote!(#core::Outcome<#hook>))
    } else {
        let output = quote!(<#hook as #core::HookSpec>::Output);
        (quote!(#core::IntoReturnValue), "into_return_value", quote!(::core::option::Option<#output>))
    };
    let function = quote!(fn(_) -> ::core::result::Result<#value, _>);
    let converted = call_spelled_as(&place, path, name, &function, &quote!(__returned));
    let path = quote!(#core::IntoCause);
    let cause = call_spelled_as(&place, path, "into_cause", &quote!(fn(_) -> _), &quote!(__error));
    let wait = it.is_async.then(|| wait(it));
    quote! {
        let __returned = #called #wait;
        match #converted {
            ::core::result::Result::Ok(__value) => ::core::result::Result::Ok(__value),
            ::core::result::Result::Err(__error) => ::core::result::Result::Err(#cause),
        }
    }
}

/// An error about the future belongs at the function's name.
fn wait(it: &Implementation<'_>) -> TokenStream {
    quote_spanned!(it.function.span()=> .await)
}
