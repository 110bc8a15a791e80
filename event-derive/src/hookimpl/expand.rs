//! The code that `#[hookimpl]` writes: a function that takes all arguments of the hook and passes on those wanted.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::ext::IdentExt;

use super::model::{Class, Implementation, Parameter};
use crate::types::{ends, with_lifetime};

pub(crate) fn implementation(it: &Implementation<'_>) -> TokenStream {
    let Implementation { core, hook, function, is_async, before, after, essential, wrapper, .. } = it;
    let name = function.unraw().to_string();
    let location = quote_spanned!(function.span()=> #core::__private::Location::caller());
    let class = match it.class {
        Class::TryFirst => quote!(TryFirst),
        Class::Normal => quote!(Normal),
        Class::TryLast => quote!(TryLast),
    };
    let filters = it.arguments().map(|parameter| {
        let (argument, ty) = (parameter.ident.unraw().to_string(), with_lifetime(parameter.ty, "'static"));
        quote!((#argument, <#core::__private::Probe<#ty>>::FILTER))
    });
    let (call, kind) = call(it);
    quote! {
        const _: () = {
            #call

            static __CALL: #core::__private::Call<#hook> = #core::__private::Call::#kind(__call);

            #[allow(unused_imports)]
            use #core::__private::NoFilter as _;

            #core::__private::inventory::submit! {
                #core::__private::Registration::Implementation(&#core::__private::HookImpl {
                    hook: <#hook as #core::HookSpec>::INFO,
                    hook_id: #core::__private::TypeId::of::<#hook>(),
                    function: #name,
                    function_id: #core::__private::type_of_value(&#function),
                    filters: &[#(#filters),*],
                    options: #core::__private::Options {
                        class: #core::Class::#class,
                        before: &[#(#before),*],
                        after: &[#(#after),*],
                        wrapper: #wrapper,
                        essential: #essential,
                    },
                    is_async: #is_async,
                    module_path: ::core::module_path!(),
                    plugin: #core::Plugin::new(
                        ::core::env!("CARGO_PKG_NAME"),
                        ::core::env!("CARGO_PKG_VERSION"),
                    ),
                    location: #location,
                    call: &__CALL,
                })
            }
        };
    }
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

/// The function that the framework calls, and which kind of call that is.
fn call(it: &Implementation<'_>) -> (TokenStream, Ident) {
    let Implementation { core, hook, function, .. } = it;
    let variable = |index: usize| format_ident!("__argument{index}");
    let take = it.parameters.iter().enumerate().filter(|(_, parameter)| !it.is_next(parameter));
    let take = take.map(|(index, parameter)| taken(core, &variable(index), parameter));
    let passed = it.parameters.iter().enumerate().map(|(index, parameter)| {
        if it.is_next(parameter) { quote!(__next) } else { variable(index).to_token_stream() }
    });
    // What the caller returns, spanned at its type, so that a wrong one is reported there. The variable has that span
    // also where it is bound: a type that went through a `macro_rules!` macro has other names in scope.
    let (first, last) = it.output.map_or_else(|| ends(*function), ends);
    let returned = quote_spanned!(first=> __returned);
    let into_answer = quote_spanned!(last=> .into_answer());
    let into_outcome = quote_spanned!(last=> .into_outcome());
    let answer = quote!(#core::__private::Answer<<#hook as #core::HookSpec>::Output>);
    let not_meant = quote!(#core::__private::not_meant());
    if it.wrapper {
        let call = quote! {
            fn __call<'a>(
                __input: #core::__private::Input<'a, #hook>,
                __next: #core::Next<'a, #hook>,
            ) -> #core::__private::WrapperFuture<'a, #hook> {
                let __arguments = __input.0;
                #core::__private::wrapped(async move {
                    use #core::__private::IntoOutcome as _;
                    #(#take else { return ::core::result::Result::Ok(::core::option::Option::None) };)*
                    let #returned = #function(#(#passed),*).await;
                    #returned #into_outcome.map(::core::option::Option::Some)
                })
            }
        };
        (call, format_ident!("Wrapper"))
    } else if it.is_async {
        let call = quote! {
            fn __call<'a>(
                __input: #core::__private::Input<'a, #hook>,
            ) -> #core::__private::AnswerFuture<'a, <#hook as #core::HookSpec>::Output> {
                let __arguments = __input.0;
                #(#take else { return #core::__private::later(async { #not_meant }) };)*
                #core::__private::later(async move {
                    use #core::__private::IntoAnswer as _;
                    let #returned = #function(#(#passed),*).await;
                    #returned #into_answer
                })
            }
        };
        (call, format_ident!("Async"))
    } else {
        let call = quote! {
            fn __call(__input: #core::__private::Input<'_, #hook>) -> #answer {
                use #core::__private::IntoAnswer as _;
                let __arguments = __input.0;
                #(#take else { return #not_meant };)*
                let #returned = #function(#(#passed),*);
                #returned #into_answer
            }
        };
        (call, format_ident!("Sync"))
    }
}

/// `let Some(argument) = …`, without the `else`.
fn taken(core: &syn::Path, variable: &Ident, parameter: &Parameter<'_>) -> TokenStream {
    let Parameter { ident, ty } = parameter;
    let (first, last) = ends(ty);
    let argument = quote_spanned!(first=> __argument);
    let taken = quote_spanned!(last=> .taken());
    quote! {
        let #argument = #core::__private::Argument(__arguments.#ident);
        let ::core::option::Option::Some(#variable) = #argument #taken
    }
}
