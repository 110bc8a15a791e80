//! The hook that a wrapper's types name. If it is a struct there, the compiler would report that for each use of them.

use syn::visit_mut::{self, VisitMut};
use syn::{
    FnArg, GenericArgument, Pat, Path, PathArguments, PathSegment, ReturnType, Signature, Type, parse_quote,
};

use crate::errors::Errors;
use crate::types;

/// Reports each struct once that is in a hook's place, as in `Next<'_, BanUser>`.
pub(crate) fn check(hook: &Path, signature: &Signature, errors: &mut Errors) {
    let mut reported = Vec::new();
    for ty in without_structs(hook, &mut signature.clone()) {
        let name = types::text(&ty);
        if reported.contains(&name) {
            continue;
        }
        let instead = match hook.segments.last() {
            Some(last) if last.ident != "track_event" => {
                let hook = &last.ident;
                format!("write `Next<'_, {hook}>` and `Outcome<{hook}>`")
            }
            _ => format!(
                "write `Next<'_>` and `Outcome`; to hear one type of event, take it as `event: &{name}`"
            ),
        };
        errors.at(&ty, format!("`{name}` isn't a hook: {instead}"));
        reported.push(name);
    }
}

/// Puts the hook in the place of such structs; gives them. A hook is called as functions are, and not as structs.
pub(crate) fn without_structs(hook: &Path, signature: &mut Signature) -> Vec<Type> {
    struct Replace {
        /// `Next` or `Outcome`.
        name: &'static str,
        hook: Type,
        structs: Vec<Type>,
    }
    impl VisitMut for Replace {
        fn visit_path_segment_mut(&mut self, segment: &mut PathSegment) {
            visit_mut::visit_path_segment_mut(self, segment);
            let PathArguments::AngleBracketed(arguments) = &mut segment.arguments else { return };
            if segment.ident != self.name {
                return;
            }
            for argument in &mut arguments.args {
                let GenericArgument::Type(ty) = argument else { continue };
                if is_struct(ty) && types::last_segment(ty) != types::last_segment(&self.hook) {
                    self.structs.push(std::mem::replace(ty, self.hook.clone()));
                }
            }
        }
    }
    let mut replace = Replace { name: "Next", hook: parse_quote!(#hook), structs: Vec::new() };
    for input in &mut signature.inputs {
        if let FnArg::Typed(argument) = input
            && matches!(&*argument.pat, Pat::Ident(pattern) if pattern.ident == "next")
        {
            replace.visit_type_mut(&mut argument.ty);
        }
    }
    replace.name = "Outcome";
    if let ReturnType::Type(_, ty) = &mut signature.output {
        replace.visit_type_mut(ty);
    }
    replace.structs
}

fn is_struct(ty: &Type) -> bool {
    types::last_segment(ty).is_some_and(|name| name.starts_with(char::is_uppercase))
}
