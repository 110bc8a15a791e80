//! What `#[hookimpl]` reads off a function.

use proc_macro2::{TokenStream, TokenTree};
use syn::parse::{Parse, ParseStream};
use syn::{
    Attribute, FnArg, Ident, LitStr, Pat, Path, ReturnType, Signature, Token, Type, Visibility, token,
};

use super::durable::Durable;
use super::options::Options;
use super::{batch, output, parameter_types, wrapped_hook};
use crate::errors::Errors;
use crate::options::Core;
use crate::{lints, signature, types};

/// A function, of which only the signature is parsed.
pub(crate) struct Function {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) visibility: Visibility,
    pub(crate) signature: Signature,
    /// Not parsed: the compiler reports mistakes in it.
    pub(crate) body: Option<TokenTree>,
    /// The `;` that stands in the place of the body.
    pub(crate) missing_body: Option<Token![;]>,
}

impl Parse for Function {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let attributes = input.call(Attribute::parse_outer)?;
        let (visibility, signature) = (input.parse()?, input.parse()?);
        let missing_body: Option<Token![;]> = input.parse()?;
        if missing_body.is_none() && !input.peek(token::Brace) {
            return Err(input.error("expected its body in braces"));
        }
        let body = if missing_body.is_none() { Some(input.parse()?) } else { None };
        Ok(Self { attributes, visibility, signature, body, missing_body })
    }
}

#[expect(clippy::struct_excessive_bools, reason = "each says one thing that was written, or wasn't")]
pub(crate) struct Implementation<'f> {
    pub(crate) import: TokenStream,
    /// The path to event-core's macros.
    pub(crate) macros: Path,
    pub(crate) core: Path,
    /// The `cfg` attributes of the function.
    pub(crate) conditions: Vec<&'f Attribute>,
    /// The hook's type; without a path in the attribute, the function's own name.
    pub(crate) hook: Path,
    pub(crate) function: &'f Ident,
    pub(crate) is_async: bool,
    pub(crate) parameters: Vec<Parameter<'f>>,
    pub(crate) output: Option<&'f Type>,
    pub(crate) precedence: Precedence,
    pub(crate) before: Vec<LitStr>,
    pub(crate) after: Vec<LitStr>,
    pub(crate) essential: bool,
    pub(crate) wrapper: bool,
    pub(crate) durable: Option<Durable>,
    pub(crate) explicit: bool,
    /// The lints that generated code leaves alone.
    pub(crate) silenced: TokenStream,
}

pub(crate) struct Parameter<'f> {
    /// The argument's name.
    pub(crate) ident: Ident,
    pub(crate) ty: &'f Type,
}

#[derive(Clone, Copy)]
pub(crate) enum Precedence {
    TryFirst,
    Normal,
    TryLast,
}

impl<'f> Implementation<'f> {
    pub(crate) fn read(tokens: TokenStream, function: &'f Function, errors: &mut Errors) -> Self {
        let Function { attributes, signature, .. } = function;
        let options = Options::read(tokens, &signature.ident, errors);
        for attribute in attributes {
            if attribute.path().segments.last().is_some_and(|segment| segment.ident == "hookimpl") {
                errors.at(attribute, "`#[hookimpl]` is given twice; write a function for each hook");
            }
            if is_misplaced(attribute, &signature.ident) {
                errors.at(
                    attribute,
                    "leave this attribute out: the app calls an implementation and waits for it, in the program's own \
                     runtime",
                );
            }
        }
        let wrapper = options.wrapper.is_some();
        check_signature(signature, wrapper, errors);
        let parameters: Vec<_> =
            signature.inputs.iter().filter_map(|input| read_parameter(input, errors)).collect();
        if let Some(next) = parameters
            .iter()
            .find(|parameter| is_next(parameter))
            .filter(|_| !wrapper && !options.is_wrapper_misspelt)
        {
            errors.at(
                &next.ident,
                "only a wrapper takes the rest of the call: add the option `wrapper`, or leave `next` out",
            );
        }
        let is_delivery = |parameter: &&Parameter<'_>| {
            parameter.ident == "delivery" && types::last_segment(parameter.ty).is_none()
        };
        let hook = options.hook.unwrap_or_else(|| signature.ident.clone().into());
        if options.durable.is_none()
            && hook.segments.last().is_some_and(|last| last.ident == "track_event")
            && let Some(delivery) = parameters.iter().find(is_delivery)
        {
            errors.at(
                &delivery.ident,
                "only a durable implementation has a delivery: add the option `durable`, or leave `delivery` out",
            );
        }
        if wrapper && !parameters.iter().any(|parameter| parameter.ident == "next") {
            match parameters.iter().find(|parameter| is_of_type_next(parameter)) {
                Some(misnamed) => errors.at(
                    &misnamed.ident,
                    "arguments are taken by name, and the rest of the call is called `next`: write `next` here",
                ),
                None => errors.at(
                    &signature.ident,
                    "a wrapper takes the rest of the call: add `next: Next<'_>`, or `next: Next<'_, that_hook>` for \
                     another hook than `track_event`",
                ),
            }
        }
        if wrapper {
            wrapped_hook::check(&hook, signature, errors);
        }
        batch::check(options.durable.as_ref(), &hook, &parameters, errors);
        for parameter in &parameters {
            parameter_types::check(&hook, parameter, errors);
        }
        let output = match &signature.output {
            ReturnType::Default => None,
            ReturnType::Type(_, ty) => Some(&**ty),
        };
        if let Some(ty) = output {
            output::check(ty, errors);
        }
        let precedence = match (options.tryfirst, options.trylast) {
            (Some(()), None) => Precedence::TryFirst,
            (None, Some(())) => Precedence::TryLast,
            _ => Precedence::Normal,
        };
        let Core { import, path: core, macros } = Core::new(options.core);
        Self {
            import,
            macros,
            core,
            conditions: signature::conditions(attributes).collect(),
            hook,
            function: &signature.ident,
            is_async: signature.asyncness.is_some(),
            parameters,
            output,
            precedence,
            before: options.before,
            after: options.after,
            essential: options.essential.is_some(),
            wrapper,
            durable: options.durable,
            explicit: options.explicit.is_some(),
            silenced: lints::silenced(attributes),
        }
    }
}

impl Function {
    /// Whether two parameters have one name, which is a mistake in any function.
    pub(crate) fn takes_a_name_twice(&self) -> bool {
        let name = |input: &FnArg| match input {
            FnArg::Typed(argument) => match &*argument.pat {
                Pat::Ident(pattern) => Some(pattern.ident.to_string()),
                _ => None,
            },
            FnArg::Receiver(_) => None,
        };
        let mut names: Vec<_> = self.signature.inputs.iter().filter_map(name).collect();
        names.sort_unstable();
        names.windows(2).any(|pair| pair[0] == pair[1])
    }
}

/// `#[tokio::main]` and the like, which make a runtime for each call, and `#[test]`, which leaves the function out of other
/// builds. The attribute of the program's `main` is no mistake.
pub(super) fn is_misplaced(attribute: &Attribute, function: &Ident) -> bool {
    let mut segments = attribute.path().segments.iter().rev();
    match segments.next() {
        Some(last) if last.ident == "main" => segments.next().is_some() && function != "main",
        Some(last) => last.ident == "test" || attribute.path().is_ident("bench"),
        None => false,
    }
}

fn check_signature(signature: &Signature, wrapper: bool, errors: &mut Errors) {
    if !signature.generics.params.is_empty() {
        errors.at(
            &signature.generics,
            "an implementation can't be generic, since it isn't known for which types it is called; name a concrete type, \
             such as `&Imported<Csv>`, and leave lifetimes out",
        );
    }
    signature::check_implementation(signature, errors);
    signature::check_parameters(signature, errors);
    if wrapper && signature.asyncness.is_none() {
        errors.at(signature.fn_token, "a wrapper waits for the rest of the call: write `async fn`");
    }
}

/// `next: Next<'_>`, which another hook's argument of the name `next` isn't.
fn is_next(parameter: &Parameter<'_>) -> bool {
    parameter.ident == "next" && is_of_type_next(parameter)
}

fn is_of_type_next(parameter: &Parameter<'_>) -> bool {
    types::last_segment(parameter.ty).is_some_and(|name| name == "Next")
}

fn read_parameter<'f>(input: &'f FnArg, errors: &mut Errors) -> Option<Parameter<'f>> {
    match input {
        FnArg::Receiver(receiver) => {
            errors.at(
                receiver,
                "an implementation is a free function: put what it needs into the app's state and take `app: &App`",
            );
            None
        }
        FnArg::Typed(argument) => match &*argument.pat {
            Pat::Ident(pattern) if pattern.by_ref.is_none() && pattern.subpat.is_none() => {
                if let Some(generic) = types::impl_trait(&argument.ty) {
                    let is_next = pattern.ident == "next" && types::is_function(&generic.bounds);
                    let message = if is_next {
                        "the rest of the call is a type of its own: write `next: Next<'_>`"
                    } else {
                        "an implementation can't be generic, since it isn't known for which types it is called; name a concrete type"
                    };
                    errors.at(generic, message);
                }
                Some(Parameter { ident: argument_name(&pattern.ident), ty: &argument.ty })
            }
            Pat::Wild(wild) => {
                errors.at(wild, "arguments are taken by name: leave out this one, as it isn't used");
                None
            }
            pattern => {
                errors.at(pattern, "arguments are taken by name, so write the plain name of one here");
                None
            }
        },
    }
}

/// `_event` is the argument `event`, taken for its type and not used: rustc's advice for unused parameters.
fn argument_name(parameter: &Ident) -> Ident {
    match parameter.to_string().strip_prefix('_') {
        Some(name) => syn::parse_str::<Ident>(name)
            .map_or_else(|_| parameter.clone(), |ident| Ident::new(&ident.to_string(), parameter.span())),
        None => parameter.clone(),
    }
}
