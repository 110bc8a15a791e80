//! The code that `#[hookspec]` writes: an empty enum of the hook's name, its arguments as a struct, its call.

use proc_macro2::{Ident, TokenStream};
use quote::{quote, quote_spanned};
use syn::ext::IdentExt;

use super::model::{Argument, Spec, is_named};
use crate::types::{ends, location_of, text, with_lifetime};
use crate::{doc, lints};

pub(crate) fn spec(spec: &Spec<'_>) -> TokenStream {
    let Spec { core, visibility, signature, .. } = spec;
    let ident = &signature.ident;
    let name = ident.unraw().to_string();
    let hook_type = hook_type(spec);
    let idents: Vec<_> = spec.arguments.iter().map(|argument| argument.ident).collect();
    let types: Vec<_> = spec.arguments.iter().map(|argument| with_lifetime(argument.ty, "'a")).collect();
    let checks = spec.arguments.iter().skip(1).map(|argument| check(core, argument));
    let output = spec.output.map_or_else(|| quote!(()), |ty| quote!(#ty));
    let values =
        spec.output.map_or_else(|| quote!(#core::__private::Units), |ty| quote!(#core::__private::Vec<#ty>));
    let (answer, finish) = if spec.first_result {
        (quote!(::core::option::Option<#output>), quote!(first_result))
    } else {
        (quote!(#core::Outcome<#ident>), quote!(collected))
    };
    let info = info(spec);
    // The model has made sure that there is a first argument.
    let (first, last) = ends(spec.arguments[0].ty);
    let (app_args, app) = (Ident::new("__args", first), quote_spanned!(last=> .app));
    let call_doc = format!("Calls the implementations of the hook `{name}`: `.await` it, or `.wait()`.");
    let silenced = lints::silenced(spec.attributes);
    quote! {
        #hook_type

        #silenced
        const _: () = {
            /// The arguments of one call.
            #[derive(::core::clone::Clone, ::core::marker::Copy)]
            pub struct __Arguments<'a> {
                #(
                    /// As in the hook's declaration.
                    pub #idents: #types,
                )*
            }

            #(#checks)*

            impl #ident {
                #[doc = #call_doc]
                #[allow(dead_code, clippy::too_many_arguments)]
                #visibility fn call<'a>(#(#idents: #types),*) -> #core::HookCall<'a, Self> {
                    #core::HookCall::new(Self::args(#(#idents),*))
                }

                #[doc(hidden)]
                #[allow(dead_code, clippy::too_many_arguments)]
                #visibility fn args<'a>(#(#idents: #types),*) -> <Self as #core::HookSpec>::Args<'a> {
                    __Arguments { #(#idents),* }
                }
            }

            impl #core::HookSpec for #ident {
                type Itself = Self;
                type Args<'a> = __Arguments<'a>;
                type Output = #output;
                type Values = #values;
                type Answer = #answer;

                const INFO: &'static #core::HookInfo = &#core::HookInfo::new::<Self>(
                    #info
                );

                fn reborrow<'short, 'long: 'short>(__args: Self::Args<'long>) -> Self::Args<'short> {
                    __args
                }

                fn app<'a>(#app_args: Self::Args<'a>) -> &'a #core::App {
                    #app_args #app
                }

                fn event<'a>(__args: Self::Args<'a>) -> ::core::option::Option<&'a #core::Tracked> {
                    #[allow(unused_imports)]
                    use #core::__private::NoEvent as _;
                    #(
                        let __event = #core::__private::Probe::new(__args.#idents).event();
                        if __event.is_some() {
                            return __event;
                        }
                    )*
                    ::core::option::Option::None
                }

                fn with_event<'a>(mut __args: Self::Args<'a>, __event: &'a #core::Tracked) -> Self::Args<'a> {
                    #[allow(unused_imports)]
                    use #core::__private::NoEvent as _;
                    #(
                        let __replaced = #core::__private::Probe::new(__args.#idents).replaced_by(__event);
                        if let ::core::option::Option::Some(__argument) = __replaced {
                            __args.#idents = __argument;
                            return __args;
                        }
                    )*
                    __args
                }

                fn answer(outcome: #core::Outcome<Self>) -> ::core::result::Result<#answer, #core::Error> {
                    #core::__private::#finish(outcome)
                }
            }

            // Without a symbol that keeps it on WebAssembly: a hook that nobody names has nobody to miss it.
            #core::__private::inventory::submit! {
                #core::__private::Linked(<#ident as #core::HookSpec>::INFO)
            }
        };
    }
}

/// What is known about the hook, whatever its types.
fn info(spec: &Spec<'_>) -> TokenStream {
    let Spec { core, signature, attributes, first_result, .. } = spec;
    let name = signature.ident.unraw().to_string();
    let (doc, written) = (doc::text(attributes), text(signature));
    let location = location_of(core, &signature.ident);
    let event_argument =
        spec.arguments.iter().rev().fold(quote!(::core::option::Option::None), |otherwise, it| {
            let (argument, ty) = (it.ident.unraw().to_string(), with_lifetime(it.ty, "'static"));
            quote! {
                if <#core::__private::Probe<#ty>>::IS_EVENT {
                    ::core::option::Option::Some(#argument)
                } else {
                    #otherwise
                }
            }
        });
    quote! {
        #core::__private::HookDeclaration {
            name: #name,
            signature: #written,
            doc: #doc,
            first_result: #first_result,
            event_argument: {
                #[allow(unused_imports)]
                use #core::__private::NoEvent as _;
                #event_argument
            },
            module_path: ::core::module_path!(),
            plugin: #core::Plugin::new(
                ::core::env!("CARGO_PKG_NAME"),
                ::core::env!("CARGO_PKG_VERSION"),
            ),
            location: #location,
        }
    }
}

/// The hook's type alone: what stands in for a hook with mistakes.
pub(crate) fn fallback(spec: &Spec<'_>) -> TokenStream {
    hook_type(spec)
}

/// Empty, so that it is in the type namespace only and a function of the same name can stand beside it.
fn hook_type(spec: &Spec<'_>) -> TokenStream {
    let Spec { visibility, signature, .. } = spec;
    let ident = &signature.ident;
    // A second `#[hookspec]`, a mistake, would be expanded again.
    let attributes = spec.attributes.iter().filter(|attribute| !is_named(attribute, "hookspec"));
    quote! {
        #(#attributes)*
        #[allow(non_camel_case_types, missing_debug_implementations)]
        #visibility enum #ident {}
    }
}

/// Reports a type that can't be an argument under that type.
fn check(core: &syn::Path, argument: &Argument<'_>) -> TokenStream {
    let ty = with_lifetime(argument.ty, "'static");
    let (first, last) = ends(argument.ty);
    let path = quote_spanned!(first=> #core::__private::hook_argument);
    let call = quote_spanned!(last=> ::<#ty>());
    quote!(const _: () = #path #call;)
}
