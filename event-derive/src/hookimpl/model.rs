//! What `#[hookimpl]` reads off a function.

use proc_macro2::{TokenStream, TokenTree};
use syn::parse::{Parse, ParseStream};
use syn::{
    Attribute, FnArg, Ident, LitStr, Pat, Path, ReturnType, Signature, Token, Type, Visibility, token,
};

use super::parameter_types;
use crate::errors::Errors;
use crate::options::{self, Core, Given};
use crate::{lints, near, signature, types};

/// Those that stand alone: a single word near one of these is that option's typo, any other path is the hook.
const FLAGS: &[&str] = &["tryfirst", "trylast", "wrapper", "essential"];
const OPTIONS: &[&str] = &["tryfirst", "trylast", "before", "after", "wrapper", "essential", "crate"];

/// A function, of which the signature is looked at.
pub(crate) struct Function {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) visibility: Visibility,
    pub(crate) signature: Signature,
    /// The `;` that stands in the place of the body.
    pub(crate) missing_body: Option<Token![;]>,
}

impl Parse for Function {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let attributes = input.call(Attribute::parse_outer)?;
        let (visibility, signature) = (input.parse()?, input.parse()?);
        let missing_body: Option<Token![;]> = input.parse()?;
        if missing_body.is_none() {
            if !input.peek(token::Brace) {
                return Err(input.error("expected its body in braces"));
            }
            // Unread: what is wrong in it the compiler says.
            input.parse::<TokenTree>()?;
        }
        Ok(Self { attributes, visibility, signature, missing_body })
    }
}

pub(crate) struct Implementation<'f> {
    pub(crate) import: TokenStream,
    pub(crate) core: Path,
    /// What the function's presence depends on.
    pub(crate) conditions: Vec<&'f Attribute>,
    /// The hook's type; without a path in the attribute, the function's own name.
    pub(crate) hook: Path,
    pub(crate) function: &'f Ident,
    pub(crate) is_async: bool,
    pub(crate) parameters: Vec<Parameter<'f>>,
    pub(crate) output: Option<&'f Type>,
    pub(crate) class: Class,
    pub(crate) before: Vec<LitStr>,
    pub(crate) after: Vec<LitStr>,
    pub(crate) essential: bool,
    pub(crate) wrapper: bool,
    /// The lints that generated code leaves alone.
    pub(crate) silenced: TokenStream,
}

pub(crate) struct Parameter<'f> {
    /// The argument's name.
    pub(crate) ident: Ident,
    pub(crate) ty: &'f Type,
}

#[derive(Clone, Copy)]
pub(crate) enum Class {
    TryFirst,
    Normal,
    TryLast,
}

#[derive(Default)]
struct Options {
    hook: Option<Path>,
    core: Option<Path>,
    tryfirst: Option<()>,
    trylast: Option<()>,
    wrapper: Option<()>,
    essential: Option<()>,
    before: Vec<LitStr>,
    after: Vec<LitStr>,
}

impl<'f> Implementation<'f> {
    pub(crate) fn read(tokens: TokenStream, function: &'f Function, errors: &mut Errors) -> Self {
        let Function { attributes, signature, .. } = function;
        let options = Options::read(tokens, errors);
        for attribute in attributes {
            if attribute.path().segments.last().is_some_and(|segment| segment.ident == "hookimpl") {
                errors.at(attribute, "`#[hookimpl]` is given twice; write a function for each hook");
            }
        }
        let wrapper = options.wrapper.is_some();
        check_signature(signature, wrapper, errors);
        let parameters: Vec<_> =
            signature.inputs.iter().filter_map(|input| read_parameter(input, errors)).collect();
        if let Some(next) = parameters.iter().find(|parameter| !wrapper && is_next(parameter)) {
            errors.at(
                &next.ident,
                "only a wrapper takes the rest of the call: add the option `wrapper`, or leave `next` out",
            );
        }
        if wrapper && !parameters.iter().any(|parameter| parameter.ident == "next") {
            errors.at(
                &signature.ident,
                "a wrapper takes the rest of the call: add `next: Next<'_>`, or `next: Next<'_, that_hook>` for another \
                 hook than `track_event`",
            );
        }
        let hook = options.hook.unwrap_or_else(|| signature.ident.clone().into());
        for parameter in &parameters {
            parameter_types::check(&hook, parameter, errors);
        }
        let class = match (options.tryfirst, options.trylast) {
            (Some(()), None) => Class::TryFirst,
            (None, Some(())) => Class::TryLast,
            _ => Class::Normal,
        };
        let Core { import, path: core } = Core::new(options.core);
        Self {
            import,
            core,
            conditions: signature::conditions(attributes).collect(),
            hook,
            function: &signature.ident,
            is_async: signature.asyncness.is_some(),
            parameters,
            output: match &signature.output {
                ReturnType::Default => None,
                ReturnType::Type(_, ty) => Some(ty),
            },
            class,
            before: options.before,
            after: options.after,
            essential: options.essential.is_some(),
            wrapper,
            silenced: lints::silenced(attributes),
        }
    }
}

impl Options {
    fn read(tokens: TokenStream, errors: &mut Errors) -> Self {
        let mut options = Self::default();
        let mut all = options::read(tokens, errors);
        for given in &all {
            options.set(given, errors);
        }
        let find = |word: &str| all.iter().position(|given| given.word().as_deref() == Some(word));
        if let (Some(_), Some(last)) = (find("tryfirst"), find("trylast")) {
            errors.at(&all.swap_remove(last).path, "`tryfirst` and `trylast` exclude each other; keep one");
        } else if let (Some(_), Some(essential)) = (find("wrapper"), find("essential")) {
            errors.at(
                &all.swap_remove(essential).path,
                "a wrapper can't be `essential`: it refuses an event by not calling `next.run()`",
            );
        }
        options
    }

    fn set(&mut self, given: &Given, errors: &mut Errors) {
        let word = given.word();
        let flag = match word.as_deref() {
            Some("tryfirst") => &mut self.tryfirst,
            Some("trylast") => &mut self.trylast,
            Some("wrapper") => &mut self.wrapper,
            Some("essential") => &mut self.essential,
            Some("before") => return self.before.extend(given.package(errors)),
            Some("after") => return self.after.extend(given.package(errors)),
            Some("crate") => {
                let path = given.path_value(errors);
                return options::set_once(&mut self.core, path, given, errors);
            }
            other => return self.set_hook(other, given, errors),
        };
        given.flag(errors);
        options::set_once(flag, Some(()), given, errors);
    }

    fn set_hook(&mut self, word: Option<&str>, given: &Given, errors: &mut Errors) {
        let is_typo = word.is_some_and(|word| near::nearest(word, FLAGS).is_some());
        if given.value.is_some() || is_typo {
            given.unknown(OPTIONS, errors);
        } else if self.hook.is_some() {
            errors.at(&given.path, "a function answers one hook; write another function for this one");
        } else {
            self.hook = Some(given.path.clone());
        }
    }
}

fn check_signature(signature: &Signature, wrapper: bool, errors: &mut Errors) {
    if !signature.generics.params.is_empty() {
        errors.at(
            &signature.generics,
            "an implementation can't be generic, since nobody says for which types it is called; name a concrete type, \
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
    parameter.ident == "next" && types::last_segment(parameter.ty).is_some_and(|name| name == "Next")
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
                    errors.at(generic, "an implementation can't be generic, since nobody says for which types it is called; name a concrete type");
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
