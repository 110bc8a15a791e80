//! What `#[hookimpl]` reads off a function.

use proc_macro2::{TokenStream, TokenTree};
use syn::parse::{Parse, ParseStream};
use syn::{
    Attribute, FnArg, Ident, Lit, LitStr, Pat, Path, ReturnType, Signature, Token, Type, Visibility, token,
};

use super::durable::{self, Durable};
use super::{output, parameter_types};
use crate::errors::Errors;
use crate::options::{self, Core, Given, Value};
use crate::{lints, near, signature, types};

/// Those that stand alone: a single word near one of these is that option's typo.
const FLAGS: &[&str] = &["tryfirst", "trylast", "wrapper", "essential", "durable"];
const OPTIONS: &[&str] =
    &["tryfirst", "trylast", "before", "after", "wrapper", "essential", "durable", "crate"];

/// Words of other frameworks and similar guesses, with the option that is meant. Any other path is the hook.
const FALSE_FRIENDS: &[(&str, Option<&str>)] = &[
    ("first", Some("tryfirst")),
    ("last", Some("trylast")),
    ("hookwrapper", Some("wrapper")),
    ("firstresult", None),
    ("optionalhook", None),
    ("historic", None),
];

/// Words before `=` or parentheses that mean the hook.
const HOOK_WORDS: &[&str] = &["hook", "hookspec", "spec", "specname", "name", "event"];

/// Words before `=` or parentheses that mean the events.
const EVENT_WORDS: &[&str] = &["event", "events", "event_type", "type", "on", "filter", "only"];

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

pub(crate) struct Implementation<'f> {
    pub(crate) import: TokenStream,
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

#[derive(Default)]
struct Options {
    hook: Option<Path>,
    core: Option<Path>,
    tryfirst: Option<()>,
    trylast: Option<()>,
    wrapper: Option<()>,
    is_wrapper_misspelt: bool,
    essential: Option<()>,
    durable: Option<Durable>,
    before: Vec<LitStr>,
    after: Vec<LitStr>,
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
        let Core { import, path: core } = Core::new(options.core);
        Self {
            import,
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

impl Options {
    fn read(tokens: TokenStream, function: &Ident, errors: &mut Errors) -> Self {
        let mut options = Self::default();
        let all = options::read(tokens, instead_of_literal, errors);
        for given in &all {
            options.set(given, errors);
        }
        options.set_hook(&all, function, errors);
        let find = |word: &str| all.iter().position(|given| given.word().as_deref() == Some(word));
        if let (Some(_), Some(last)) = (find("tryfirst"), find("trylast")) {
            errors.at(&all[last].path, "`tryfirst` and `trylast` exclude each other; keep one");
        } else if let (Some(_), Some(essential)) = (find("wrapper"), find("essential")) {
            errors.at(
                &all[essential].path,
                "a wrapper can't be `essential`: it refuses an event by not calling `next.run()`",
            );
        }
        if options.durable.is_some()
            && let Some((word, place)) = durable::EXCLUDED.iter().find_map(|word| Some((word, find(word)?)))
        {
            errors.at(
                &all[place].path,
                format!(
                    "a durable implementation is called by itself, after the event is kept: leave `{word}` out, or leave \
                     `durable` out"
                ),
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
            Some("durable") => {
                let durable = Durable::read(given, errors);
                return options::set_once(&mut self.durable, Some(durable), given, errors);
            }
            Some("before") => return self.before.extend(given.package(errors)),
            Some("after") => return self.after.extend(given.package(errors)),
            Some("crate") => {
                let path = given.path_value(errors);
                return options::set_once(&mut self.core, path, given, errors);
            }
            _ => return,
        };
        given.flag(errors);
        options::set_once(flag, Some(()), given, errors);
    }

    /// All that is no option: one path without a value is the hook.
    fn set_hook(&mut self, all: &[Given], function: &Ident, errors: &mut Errors) {
        let is_option = |given: &&Given| given.word().is_some_and(|word| OPTIONS.contains(&&*word));
        let (values, paths): (Vec<_>, Vec<_>) =
            all.iter().filter(|given| !is_option(given)).partition(|given| given.value.is_some());
        // A hook of the user can be called `first`. Beside another hook, this is an option.
        let is_hook =
            |word: &str| matches!(word, "first" | "last") && paths.len() == 1 && function != "track_event";
        let is_word = |given: &&Given| given.word().is_some_and(|word| is_unknown(&word) && !is_hook(&word));
        let (words, hooks): (Vec<_>, Vec<_>) = paths.iter().copied().partition(is_word);
        // So that what only a wrapper has is no second error.
        let is_meant = |given: &&Given| given.word().is_some_and(|word| means_wrapper(&word));
        if words.iter().chain(&values).any(is_meant) {
            self.is_wrapper_misspelt = true;
        }
        for given in words {
            report_word(&given.word().unwrap_or_default(), hooks.is_empty(), given, errors);
        }
        for given in values {
            report_value(given, hooks.is_empty(), errors);
        }
        // `#[hookimpl(early, track_event)]` is no mistake in `track_event`.
        let hook = hooks.iter().position(|given| given.path.is_ident("track_event")).unwrap_or(0);
        for (index, given) in hooks.into_iter().enumerate() {
            if index == hook {
                self.hook = Some(given.path.clone());
            } else {
                report_second(given, errors);
            }
        }
    }
}

fn means_wrapper(word: &str) -> bool {
    near::nearest(word, FLAGS) == Some("wrapper") || FALSE_FRIENDS.contains(&(word, Some("wrapper")))
}

/// Whether a word that stands alone can't be meant as the hook.
fn is_unknown(word: &str) -> bool {
    let is_keyword = || syn::parse_str::<Ident>(word).is_err();
    near::nearest(word, FLAGS).is_some()
        || FALSE_FRIENDS.iter().any(|(friend, _)| *friend == word)
        || is_keyword()
}

/// `is_alone`: no other word can be the hook.
fn report_word(word: &str, is_alone: bool, given: &Given, errors: &mut Errors) {
    let Some((_, meant)) = FALSE_FRIENDS.iter().find(|(friend, _)| *friend == word) else {
        return given.unknown(OPTIONS, errors);
    };
    let meant = meant.map(|meant| format!("did you mean `{meant}`? ")).unwrap_or_default();
    let is_alone = is_alone && given.value.is_none();
    let hook = if is_alone { format!("; a hook of this name is `self::{word}`") } else { String::new() };
    errors.at(&given.path, format!("unknown option `{word}`; {meant}{}{hook}", options::list(OPTIONS)));
}

/// Of `hook = track_event`, and of `track_event(tryfirst)`.
///
/// `is_alone`: nothing else can be the hook.
fn report_value(given: &Given, is_alone: bool, errors: &mut Errors) {
    let word = given.word().unwrap_or_default();
    if EVENT_WORDS.contains(&&*word) && !names_a_function(given.value.as_ref()) {
        return errors.at(given, of_events(given.value.as_ref()));
    }
    if FALSE_FRIENDS.iter().any(|(friend, _)| *friend == word) {
        return report_word(&word, false, given, errors);
    }
    let is_of_hook = HOOK_WORDS.contains(&&*word);
    if is_alone && !is_of_hook && !given.is_assigned && near::nearest(&word, OPTIONS).is_none() {
        let hook = types::text(&given.path);
        let inside = given.value.as_ref().map(types::text).filter(|inside| !inside.is_empty());
        let options = inside.map(|inside| format!(", {inside}")).unwrap_or_default();
        return errors.at(
            given,
            format!("the hook and its options stand beside each other: write `#[hookimpl({hook}{options})]`"),
        );
    }
    let hook = match &given.value {
        Some(Value::Literal(Lit::Str(text))) => text.parse_with(Path::parse_mod_style).ok(),
        Some(Value::Path(path)) => Some(path.clone()),
        _ => None,
    };
    match hook.filter(|_| is_of_hook) {
        Some(hook) => {
            let hook = types::text(&hook);
            errors.at(given, format!("the hook stands alone: write `#[hookimpl({hook})]`"));
        }
        None => given.unknown(OPTIONS, errors),
    }
}

/// Whether it is a name in small letters, as a hook's is.
fn names_a_function(value: Option<&Value>) -> bool {
    match value {
        Some(Value::Path(path)) => !names_a_type(path),
        Some(Value::Literal(Lit::Str(text))) => text.value() == "track_event",
        _ => false,
    }
}

fn names_a_type(path: &Path) -> bool {
    path.segments.last().is_some_and(|last| last.ident.to_string().starts_with(char::is_uppercase))
}

/// Of `event = BanUser`.
fn of_events(value: Option<&Value>) -> String {
    let ty = match value {
        Some(Value::Path(path)) => types::text(path),
        _ => "BanUser".to_owned(),
    };
    format!(
        "an implementation's parameter says which events it hears: leave this out, and write `event: &{ty}`"
    )
}

/// Of a path beside the hook, which is an option or another hook.
fn report_second(given: &Given, errors: &mut Errors) {
    if names_a_type(&given.path) {
        return errors.at(&given.path, of_events(Some(&Value::Path(given.path.clone()))));
    }
    let message = match given.word() {
        Some(word) => {
            let options = options::list(OPTIONS);
            format!("unknown option `{word}`; {options}; for another hook, write another function")
        }
        None => "a function answers one hook; write another function for this one".to_owned(),
    };
    errors.at(&given.path, message);
}

/// Of `#[hookimpl("track_event")]`.
fn instead_of_literal(literal: &Lit) -> String {
    let expected = format!("expected a hook or an option; {}", options::list(OPTIONS));
    let Lit::Str(text) = literal else { return expected };
    let text = text.value();
    if let Some(option) = near::nearest(&text.replace('-', ""), FLAGS) {
        return format!("did you mean the option `{option}`?");
    }
    match syn::parse_str::<HookPath>(&text.replace('-', "_")) {
        Ok(HookPath(path)) if text.contains('-') => {
            format!("write it with an underscore and without quotes: `{}`", types::text(&path))
        }
        Ok(HookPath(path)) => format!("write it without quotes: `{}`", types::text(&path)),
        Err(_) => expected,
    }
}

struct HookPath(Path);

impl Parse for HookPath {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        Path::parse_mod_style(input).map(Self)
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
