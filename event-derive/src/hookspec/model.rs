//! What `#[hookspec]` reads off a function.

use proc_macro2::TokenStream;
use syn::parse::{Parse, ParseStream};
use syn::{Attribute, Block, FnArg, Ident, Pat, Path, ReturnType, Signature, Token, Type, Visibility};

use crate::errors::Errors;
use crate::options;
use crate::types::{self, last_segment};

const OPTIONS: &[&str] = &["firstresult", "crate"];

/// A function with or without a body.
pub(crate) struct Function {
    attributes: Vec<Attribute>,
    visibility: Visibility,
    signature: Signature,
    body: Option<Block>,
}

impl Parse for Function {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let attributes = input.call(Attribute::parse_outer)?;
        let visibility = input.parse()?;
        let signature = input.parse().map_err(|error| {
            syn::Error::new(error.span(), "`#[hookspec]` goes above a function without a body")
        })?;
        let body = if input.parse::<Option<Token![;]>>()?.is_some() { None } else { Some(input.parse()?) };
        Ok(Self { attributes, visibility, signature, body })
    }
}

pub(crate) struct Spec<'f> {
    pub(crate) core: Path,
    pub(crate) attributes: &'f [Attribute],
    pub(crate) visibility: &'f Visibility,
    pub(crate) signature: &'f Signature,
    pub(crate) first_result: bool,
    pub(crate) arguments: Vec<Argument<'f>>,
    pub(crate) output: Option<&'f Type>,
    /// Whether code can be made of it, whatever else is wrong.
    pub(crate) is_whole: bool,
}

pub(crate) struct Argument<'f> {
    pub(crate) ident: &'f Ident,
    pub(crate) ty: &'f Type,
}

impl<'f> Spec<'f> {
    pub(crate) fn read(options: TokenStream, function: &'f Function, errors: &mut Errors) -> Self {
        let (first_result, core) = read_options(options, errors);
        let Function { attributes, visibility, signature, body } = function;
        for attribute in attributes.iter().filter(|attribute| is_named(attribute, "hookspec")) {
            errors.at(attribute, "`#[hookspec]` is given twice");
        }
        if let Some(body) = body {
            errors.at(body, "a hook has no body, since its implementations are elsewhere; write `;` instead");
        }
        if let Some(asyncness) = &signature.asyncness {
            errors.at(asyncness, "leave `async` out: a hook says what is asked, and each implementation chooses `fn` or `async fn`");
        }
        let mistakes_so_far = errors.count();
        check_signature(signature, errors);
        let arguments =
            signature.inputs.iter().filter_map(|input| read_argument(input, errors)).collect::<Vec<_>>();
        match arguments.first() {
            Some(first) if first.ident != "app" => {
                errors
                    .at(first.ident, "a hook's first argument is the app: write `app: &App` before this one");
            }
            Some(first) if !matches!(first.ty, Type::Reference(_) | Type::Group(_)) => {
                errors.at(first.ty, "a hook's first argument is the app: write `app: &App`");
            }
            Some(_) => {}
            None => errors.at(&signature.ident, "a hook's first argument is the app: write `app: &App`"),
        }
        let output = match &signature.output {
            ReturnType::Default => None,
            ReturnType::Type(_, ty) => Some(&**ty),
        };
        if let Some(ty) = output {
            check_output(ty, errors);
        }
        Self {
            core: options::core_path(core),
            attributes,
            visibility,
            signature,
            first_result,
            arguments,
            output,
            is_whole: errors.count() == mistakes_so_far,
        }
    }
}

fn read_options(tokens: TokenStream, errors: &mut Errors) -> (bool, Option<Path>) {
    let (mut first_result, mut core) = (None, None);
    for given in options::read(tokens, errors) {
        match given.word().as_deref() {
            Some("firstresult") => {
                given.flag(errors);
                options::set_once(&mut first_result, Some(()), &given, errors);
            }
            Some("crate") => {
                let path = given.path_value(errors);
                options::set_once(&mut core, path, &given, errors);
            }
            _ => given.unknown(OPTIONS, errors),
        }
    }
    (first_result.is_some(), core)
}

pub(super) fn is_named(attribute: &Attribute, name: &str) -> bool {
    attribute.path().segments.last().is_some_and(|segment| segment.ident == name)
}

fn check_signature(signature: &Signature, errors: &mut Errors) {
    if !signature.generics.params.is_empty() {
        errors.at(
            &signature.generics,
            "a hook can't be generic, since its implementations are found by its one type; leave lifetimes out, and \
             take `&(dyn Trait + Sync)` for a type parameter",
        );
    }
}

fn read_argument<'f>(input: &'f FnArg, errors: &mut Errors) -> Option<Argument<'f>> {
    match input {
        FnArg::Receiver(receiver) => {
            errors.at(receiver, "a hook is no method: its first argument is `app: &App`");
            None
        }
        FnArg::Typed(argument) => {
            check_type(&argument.ty, errors);
            match &*argument.pat {
                Pat::Ident(pattern) if pattern.by_ref.is_none() && pattern.subpat.is_none() => {
                    Some(Argument { ident: &pattern.ident, ty: &argument.ty })
                }
                pattern => {
                    errors.at(pattern, "implementations take arguments by name, so write a plain name here");
                    None
                }
            }
        }
    }
}

/// Says of the types that everybody knows what is wrong with them. Of all others the compiler does, though it needs
/// two errors for that.
fn check_type(ty: &Type, errors: &mut Errors) {
    if let Type::Reference(reference) = ty {
        if let Some(mutability) = &reference.mutability {
            errors.at(
                mutability,
                "every implementation gets the same arguments, so they can't be `&mut`; let implementations return \
                 what they want changed",
            );
        }
        if let Some(name) = last_segment(&reference.elem).filter(|name| OF_ONE_THREAD.contains(&&**name)) {
            errors.at(
                ty,
                format!(
                    "implementations can run on any thread, so they can't share a `{name}`; take an atomic or a `Mutex`"
                ),
            );
        }
    } else if let Some(name) = last_segment(ty).filter(|name| OWNED.contains(&&**name)) {
        let instead = match &*name {
            "String" => "&str",
            "PathBuf" => "&std::path::Path",
            "Vec" => "&[…]",
            _ => "&…",
        };
        errors.at(
            ty,
            format!(
                "every implementation gets the arguments anew, so none can own a `{name}`; write `{instead}`"
            ),
        );
    }
}

const OWNED: &[&str] = &[
    "String", "PathBuf", "OsString", "Vec", "VecDeque", "HashMap", "HashSet", "BTreeMap", "BTreeSet", "Box",
    "Rc", "Arc",
];

const OF_ONE_THREAD: &[&str] = &["Cell", "RefCell", "OnceCell", "Rc"];

fn check_output(ty: &Type, errors: &mut Errors) {
    if types::borrows(ty) {
        errors.at(ty, "a hook's value can't borrow, since it is kept until all implementations have run; own it, such as `String` for `&str`");
        return;
    }
    let message = match last_segment(ty).as_deref() {
        Some("Option") => {
            "write the type inside the `Option`: every implementation of a hook may return `None`, which is no result"
        }
        Some("Result") => {
            "write the type inside the `Result`: every implementation of a hook may return `Err`, which is a failure"
        }
        _ => return,
    };
    errors.at(ty, message);
}
