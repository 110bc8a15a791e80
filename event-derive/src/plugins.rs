//! `plugins![…]`: a list of crates, separated by commas.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::quote;
use syn::Lit;

use crate::errors::Errors;
use crate::registration::submit_and_keep;
use crate::types;

/// After the path to event-core, in a group of its own, come the tokens of the list.
pub(crate) fn expand(input: TokenStream) -> TokenStream {
    let mut tokens = input.into_iter();
    let Some(TokenTree::Group(core)) = tokens.next() else { unreachable!("`plugins!` begins with a group") };
    let core = core.stream();
    let core = quote!(#core::__private);
    let mut errors = Errors::new();
    let plugins = read(tokens.collect(), &mut errors);
    match errors.finish() {
        Ok(()) => list(&core, &plugins),
        Err(errors) => errors.into_compile_error(),
    }
}

fn list(core: &TokenStream, plugins: &[Ident]) -> TokenStream {
    // At the name, so that the error is there if the crate isn't a plugin.
    let plugins = plugins.iter().map(|plugin| {
        let registered = Ident::new("__EVENT_PLUGIN", plugin.span());
        quote!(&::#plugin::#registered)
    });
    let registration = submit_and_keep(core, core, &quote!(__link), "plugins");
    quote! {
        const _: () = {
            static __PLUGINS: #core::PluginList = #core::PluginList {
                plugins: &[#(#plugins),*],
                location: #core::Location::caller(),
            };

            fn __link(__linked: &mut #core::Linked) {
                #core::link_plugins(__linked, &__PLUGINS);
            }

            #registration
        };
    }
}

fn read(tokens: TokenStream, errors: &mut Errors) -> Vec<Ident> {
    let (mut plugins, mut entry) = (Vec::new(), Vec::new());
    for tree in tokens {
        match &tree {
            TokenTree::Punct(comma) if comma.as_char() == ',' => {
                if entry.is_empty() {
                    errors.at(comma, "write the name of a crate before this comma");
                } else {
                    plugins.extend(read_entry(&std::mem::take(&mut entry), errors));
                }
            }
            _ => entry.push(tree),
        }
    }
    if !entry.is_empty() {
        plugins.extend(read_entry(&entry, errors));
    }
    plugins
}

fn read_entry(entry: &[TokenTree], errors: &mut Errors) -> Option<Ident> {
    let all: TokenStream = entry.iter().cloned().collect();
    match entry {
        [TokenTree::Ident(keyword)] if is_keyword(keyword) => errors.at(all, OWN_CRATE),
        [TokenTree::Ident(plugin)] => return Some(plugin.clone()),
        [TokenTree::Literal(_)] => errors.at(&all, of_literal(&all)),
        _ => errors.at(&all, of_several(&all)),
    }
    None
}

fn is_keyword(ident: &Ident) -> bool {
    ["crate", "self", "super", "Self", "_"].iter().any(|keyword| ident == keyword)
}

fn of_literal(literal: &TokenStream) -> String {
    match syn::parse2(literal.clone()) {
        Ok(Lit::Str(name)) => {
            format!("write the crate's name without quotes: `{}`", name.value().replace('-', "_"))
        }
        _ => NO_CRATE.to_owned(),
    }
}

const OWN_CRATE: &str = "the program's own crate is linked in any case: leave it out, and name other crates";

const NO_CRATE: &str =
    "write the names of crates, with commas between them: `plugins![event_stderr, event_sqlite]`";

fn of_several(entry: &TokenStream) -> String {
    let text = types::text(entry);
    let words: Vec<_> = text.split(' ').collect();
    if let ["use", name] | [name, "as", _] | ["use", name, "as", _] = words[..] {
        return format!("write the name of the crate alone: `{name}`");
    }
    let is_made_of = |signs: &str| text.chars().all(|c| c.is_alphanumeric() || c == '_' || signs.contains(c));
    if is_made_of("-") {
        format!("a dash in a package's name is an underscore here: write `{}`", text.replace('-', "_"))
    } else if is_made_of(" ") {
        format!("write a comma between the names: `{}`", text.replace(' ', ", "))
    } else if let Some(name) = text.split("::").find(|name| !name.is_empty()).filter(|_| is_made_of(":")) {
        match name {
            "crate" | "self" | "super" => OWN_CRATE.to_owned(),
            _ => format!("write the name of the crate alone: `{name}`"),
        }
    } else {
        NO_CRATE.to_owned()
    }
}
