//! The code that `#[hookspec]` writes: an empty enum of the hook's name, its arguments as a struct, its call.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::Type;
use syn::ext::IdentExt;

use super::model::{Argument, Output, Spec, is_named};
use crate::registration::submit;
use crate::types::{ends, last_segment, location_of, punctuated_at, text, with_lifetime};
use crate::{doc, lints, signature};

/// A hook with mistakes, so that each is one error, wherever the hook is used.
pub(crate) fn mistaken(it: &Spec<'_>, errors: syn::Error) -> TokenStream {
    let mut errors = errors.into_iter();
    let types =
        it.arguments.iter().map(|argument| &argument.ty).chain(it.output.iter().map(|output| &output.ty));
    let unknown = if types.into_iter().any(is_unknown) { errors.next() } else { None };
    let unknown = unknown.map(|error| unknown_type(it, &error));
    let (errors, spec) = (errors.map(|error| error.to_compile_error()), with(it, unknown.as_ref()));
    quote!(#(#errors)* #spec)
}

pub(crate) fn spec(it: &Spec<'_>) -> TokenStream {
    with(it, None)
}

fn with(spec: &Spec<'_>, unknown: Option<&TokenStream>) -> TokenStream {
    let Spec { import, macros, core, visibility, signature, .. } = spec;
    let ident = &signature.ident;
    let name = ident.unraw().to_string();
    let hook_type = hook_type(spec);
    let arguments: Vec<_> = spec.arguments.iter().enumerate().map(|it| Written::new(core, it)).collect();
    let idents: Vec<_> = spec.arguments.iter().map(|argument| &argument.ident).collect();
    let types: Vec<_> = arguments.iter().map(|argument| argument.kept("'a")).collect();
    let choices = arguments.iter().map(|argument| &argument.choice);
    let given: Vec<_> = arguments.iter().filter_map(|argument| argument.given.as_ref()).collect();
    let names_given: Vec<_> =
        spec.arguments.iter().filter(|it| it.given.is_some()).map(|argument| &argument.ident).collect();
    let keep = arguments.iter().map(|argument| &argument.keep);
    let (output, output_choice) = output(spec);
    let Call { values, output: call_output, finish } = Call::of(spec, &output);
    let by_index = by_index(&idents, &arguments);
    let info = info(spec, &arguments);
    let (app_args, app) = app(spec);
    let call_doc = format!("Calls the implementations of the hook `{name}`: `.await` it, or `.wait()`.");
    let registration = submit(macros, core, &quote!(#core::link_hook::<#ident>));
    let silenced = lints::silenced(spec.attributes);
    let conditions = signature::conditions(spec.attributes);
    quote! {
        #hook_type

        #(#conditions)*
        #silenced
        const _: () = {
            #import
            #unknown

            #(#choices)*
            #output_choice

            /// The arguments of one call.
            #[derive(::core::clone::Clone, ::core::marker::Copy)]
            pub struct __Arguments<'a> {
                #(
                    /// As in the hook's declaration.
                    pub #idents: #types,
                )*
            }

            #by_index

            impl #ident {
                #[doc = #call_doc]
                #[allow(dead_code, unused_variables, clippy::too_many_arguments)]
                #visibility fn call<'a>(#(#names_given: #given),*) -> #core::HookCall<'a, Self> {
                    #core::HookCall::new(Self::args(#(#names_given),*))
                }

                #[doc(hidden)]
                #[allow(dead_code, unused_variables, clippy::too_many_arguments)]
                #visibility fn args<'a>(#(#names_given: #given),*) -> <Self as #core::HookSpec>::Args<'a> {
                    __Arguments { #(#idents: #keep),* }
                }
            }

            impl #core::HookSpec for #ident {
                type Itself = Self;
                type Args<'a> = __Arguments<'a>;
                type Output = #output;
                type Values = #values;
                type CallOutput = #call_output;

                const INFO: &'static #core::HookInfo = &#core::HookInfo::new::<Self>(
                    #info
                );

                fn reborrow<'short, 'long: 'short>(__args: <Self as #core::HookSpec>::Args<'long>) -> <Self as #core::HookSpec>::Args<'short> {
                    // One by one: the compiler sees of each type, but not of what was chosen for all, that a longer
                    // lifetime does.
                    __Arguments { #(#idents: __args.#idents),* }
                }

                fn app<'a>(#app_args: <Self as #core::HookSpec>::Args<'a>) -> &'a #core::App {
                    #app
                }

                fn event<'a>(__args: <Self as #core::HookSpec>::Args<'a>) -> ::core::option::Option<&'a #core::Tracked> {
                    #[allow(unused_imports)]
                    use #core::NoEvent as _;
                    #(
                        let __event = #core::Probe::new(__args.#idents).event();
                        if __event.is_some() {
                            return __event;
                        }
                    )*
                    ::core::option::Option::None
                }

                fn with_event<'a>(mut __args: <Self as #core::HookSpec>::Args<'a>, __event: &'a #core::Tracked) -> <Self as #core::HookSpec>::Args<'a> {
                    #[allow(unused_imports)]
                    use #core::NoEvent as _;
                    #(
                        let __replaced = #core::Probe::new(__args.#idents).replaced_by(__event);
                        if let ::core::option::Option::Some(__argument) = __replaced {
                            __args.#idents = __argument;
                            return __args;
                        }
                    )*
                    __args
                }

                fn call_output(outcome: #core::Outcome<Self>) -> ::core::result::Result<#call_output, #core::Error> {
                    #core::#finish(outcome)
                }
            }

            // Without a symbol that keeps it on WebAssembly: a hook that no code names isn't missed.
            #registration
        };
    }
}

/// How a call collects the values of its implementations, what it returns, and the function that converts them.
struct Call {
    values: TokenStream,
    output: TokenStream,
    finish: TokenStream,
}

impl Call {
    fn of(spec: &Spec<'_>, output: &TokenStream) -> Self {
        let (core, hook) = (&spec.core, &spec.signature.ident);
        let values = if spec.output.is_some() { quote!(#core::Vec<#output>) } else { quote!(#core::Units) };
        if spec.first_result {
            Self { values, output: quote!(::core::option::Option<#output>), finish: quote!(first_result) }
        } else {
            Self { values, output: quote!(#core::Outcome<#hook>), finish: quote!(collected) }
        }
    }
}

/// How an implementation gets an argument by the index that its name has.
///
/// By methods of its own, since the types of a trait can't be private where the hook is public.
fn by_index(idents: &[&Ident], arguments: &[Written<'_>]) -> TokenStream {
    let indices = 0..idents.len();
    let chosen: Vec<_> = arguments.iter().map(|it| &it.chosen_for_a_call).collect();
    quote! {
        /// One of the arguments.
        pub struct __Argument<'a, const INDEX: usize>(__Arguments<'a>);

        impl<'a> __Arguments<'a> {
            #[doc(hidden)]
            #[allow(dead_code)]
            #[inline]
            pub fn __at<const INDEX: usize>(self) -> __Argument<'a, INDEX> {
                __Argument(self)
            }
        }

        #(
            impl<'a> __Argument<'a, #indices> {
                #[doc(hidden)]
                #[allow(dead_code, private_interfaces)]
                #[inline]
                pub fn __given(self) -> #chosen::Taken {
                    #chosen::take(self.0.#idents)
                }
            }
        )*
    }
}

/// How an argument's type is written: each mentions the type, and asks once whether it suits.
struct Written<'s> {
    core: &'s syn::Path,
    argument: &'s Argument,
    /// The answers, and the error where the type doesn't suit.
    choice: TokenStream,
    chosen: TokenStream,
    /// The same for the lifetime `'a` of a call.
    chosen_for_a_call: TokenStream,
    /// What a caller gives, for a lifetime `'a`.
    given: Option<TokenStream>,
    /// What is made of that.
    keep: TokenStream,
}

impl<'s> Written<'s> {
    fn new(core: &'s syn::Path, (index, argument): (usize, &'s Argument)) -> Self {
        let Argument { ident, given, ty, is_reported } = argument;
        let (suits, sized) = (format_ident!("__SUITS{index}"), format_ident!("__SIZED{index}"));
        let asked = with_lifetime(ty, "'static");
        let answer = |question: &str| {
            let question = Ident::new(question, Span::call_site());
            quote!({
                #[allow(unused_imports)]
                use #core::SuitsNot as _;
                <#core::Suits<#asked>>::#question
            })
        };
        let (suiting, check) = if *is_reported {
            (quote!(false), None)
        } else {
            (answer("AS_ARGUMENT"), Some(check(core, "hook_argument", ty)))
        };
        let sizing = answer("SIZED");
        let chosen = quote!(#core::Choice<#suits, #sized>);
        let choice = quote! {
            const #suits: bool = #suiting;
            const #sized: bool = #sizing;
            #check
        };
        let mentioned = with_lifetime(ty, "'a");
        let choose = quote!(<#chosen as #core::ChooseArgument<'a, #mentioned>>);
        let keep = if *is_reported { quote!(#core::NoArgument) } else { quote!(#choose::keep(#ident)) };
        let given = given.as_ref().map(|given| {
            if !*is_reported && may_be_unsized(given) {
                quote!(#choose::Passed)
            } else {
                with_lifetime(given, "'a").to_token_stream()
            }
        });
        Self { core, argument, choice, chosen, chosen_for_a_call: choose, given, keep }
    }

    /// What a call keeps.
    fn kept(&self, lifetime: &str) -> TokenStream {
        let Self { core, chosen, .. } = self;
        let ty = with_lifetime(&self.argument.ty, lifetime);
        let lifetime = syn::Lifetime::new(lifetime, Span::call_site());
        quote!(<#chosen as #core::ChooseArgument<#lifetime, #ty>>::Kept)
    }
}

/// Types that the signature of `call` can't contain as they are written. It contains all others, for its readers.
fn may_be_unsized(ty: &Type) -> bool {
    match ty {
        Type::Slice(_) | Type::TraitObject(_) => true,
        _ => last_segment(ty).is_some_and(|name| matches!(&*name, "str" | "Tracked" | "AnyTracked" | "Path")),
    }
}

/// What an implementation gives, and what has to be asked of its type.
fn output(spec: &Spec<'_>) -> (TokenStream, Option<TokenStream>) {
    let core = &spec.core;
    let Some(Output { ty, is_reported }) = &spec.output else { return (quote!(()), None) };
    if is_unknown(ty) {
        return (ty.to_token_stream(), None);
    }
    let check = (!is_reported).then(|| check(core, "hook_value", ty));
    let choice = quote! {
        const __SUITS: bool = {
            #[allow(unused_imports)]
            use #core::SuitsNot as _;
            <#core::Suits<#ty>>::AS_VALUE
        };
        const __SIZED: bool = {
            #[allow(unused_imports)]
            use #core::SuitsNot as _;
            <#core::Suits<#ty>>::SIZED
        };
        #check
    };
    let chosen = quote!(#core::Choice<__SUITS, __SIZED>);
    (quote!(<#chosen as #core::ChooseValue<#ty>>::Kept), Some(choice))
}

/// The variable for the arguments of a call, and the app that is among them. An error about its type belongs there.
fn app(spec: &Spec<'_>) -> (Ident, TokenStream) {
    match spec.arguments.first().filter(|_| spec.has_app) {
        Some(argument) => {
            let (first, last) = ends(&argument.ty);
            let arguments = Ident::new("__args", first);
            let app = quote_spanned!(last=> .app);
            (arguments.clone(), quote!(#arguments #app))
        }
        None => (Ident::new("_args", Span::call_site()), quote!(::core::unreachable!())),
    }
}

/// The hook's description, which doesn't depend on its types.
fn info(spec: &Spec<'_>, arguments: &[Written<'_>]) -> TokenStream {
    let Spec { core, signature, attributes, first_result, .. } = spec;
    let name = signature.ident.unraw().to_string();
    let (doc, written) = (doc::text(attributes), text(signature));
    let location = location_of(core, &signature.ident);
    let names: Vec<_> = arguments.iter().map(|it| it.argument.ident.unraw().to_string()).collect();
    let no_such_argument = no_such_argument(&name, &names);
    let event_argument =
        arguments.iter().rev().fold(quote!(::core::option::Option::None), |otherwise, it| {
            let (argument, ty) = (it.argument.ident.unraw().to_string(), it.kept("'static"));
            quote! {
                if <#core::Probe<#ty>>::IS_EVENT {
                    ::core::option::Option::Some(#argument)
                } else {
                    #otherwise
                }
            }
        });
    quote! {
        #core::HookDeclaration {
            name: #name,
            signature: #written,
            doc: #doc,
            first_result: #first_result,
            arguments: &[#(#names),*],
            no_such_argument: #no_such_argument,
            event_argument: {
                #[allow(unused_imports)]
                use #core::NoEvent as _;
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

fn no_such_argument(hook: &str, names: &[String]) -> String {
    match names {
        [only] => format!("the hook `{hook}` has no argument of this name, only `{only}`"),
        [others @ .., last] => {
            let others = others.join("`, `");
            format!(
                "the hook `{hook}` has no argument of this name; its arguments are `{others}` and `{last}`"
            )
        }
        [] => format!("the hook `{hook}` has no arguments"),
    }
}

fn is_unknown(ty: &Type) -> bool {
    matches!(ty, Type::Path(path) if path.path.is_ident("__Unknown"))
}

/// A type that nothing is known of, which is the mistake as well: an error in a constant. The compiler reports nothing that
/// follows from it, such as what implementations and callers do with such a type.
fn unknown_type(spec: &Spec<'_>, error: &syn::Error) -> TokenStream {
    let core = &spec.core;
    let (first, last) = ends(&error.to_compile_error());
    let (path, function) = (punctuated_at(quote!(#core::), first), Ident::new("mistake", first));
    let message = error.to_string();
    let mut argument = Group::new(Delimiter::Parenthesis, quote!(#message));
    argument.set_span(last);
    quote!(#[allow(dead_code)] type __Unknown = [(); #path #function #argument];)
}

/// Empty, so that it is in the type namespace only and a function of the same name can stand beside it.
fn hook_type(spec: &Spec<'_>) -> TokenStream {
    let Spec { visibility, signature, .. } = spec;
    let ident = &signature.ident;
    // A second one is a mistake, and would be expanded again.
    let attributes =
        spec.attributes.iter().filter(|it| !is_named(it, "hookspec") && !is_named(it, "hookimpl"));
    quote! {
        #(#attributes)*
        #[allow(non_camel_case_types, missing_debug_implementations)]
        #visibility enum #ident {}
    }
}

/// Reports a type that doesn't suit under that type.
fn check(core: &syn::Path, question: &str, ty: &Type) -> TokenStream {
    let asked = with_lifetime(ty, "'static");
    let (first, last) = ends(ty);
    let question = Ident::new(question, first);
    let path = quote_spanned!(first=> #core::#question);
    let call = quote_spanned!(last=> ::<#asked>());
    quote!(const _: () = #path #call;)
}
