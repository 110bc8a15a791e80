//! Which folder of a crate may import which.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};

use crate::{assert_none, read, sources};

/// A folder, and those that it may import. Files beside the folders re-export: they may import all.
type Folder = (&'static str, &'static [&'static str]);

const CRATES: &[(&str, &[Folder])] = &[
    (
        "event-core/src",
        &[
            ("event", &[]),
            ("config", &["event"]),
            ("dispatch", &["event", "config"]),
            ("app", &["event", "config", "dispatch"]),
            ("describe", &["event", "config", "dispatch", "app"]),
            ("testing", &["event", "config", "dispatch", "app", "describe"]),
        ],
    ),
    (
        "plugins/event-journal/src",
        &[
            ("waiting", &["log"]),
            ("queue", &["sync", "waiting"]),
            ("journal", &[]),
            ("query", &["error", "journal", "waiting"]),
            (
                "delivery",
                &[
                    "dead_letter",
                    "delivery_failed",
                    "delivery_stalled",
                    "error",
                    "journal",
                    "log",
                    "settings",
                    "sync",
                    "waiting",
                ],
            ),
            ("conformance", &["journal"]),
        ],
    ),
    (
        "plugins/event-sqlite/src",
        &[
            ("error", &[]),
            ("row", &["error"]),
            ("delivery", &["error", "log", "row"]),
            ("database", &["error", "log", "row", "delivery"]),
            ("store", &["error", "log", "row", "database"]),
        ],
    ),
];

/// A test that needs the store's table.
const EXEMPT: &str = "plugins/event-sqlite/src/database/interleavings.rs";

#[test]
fn a_folder_imports_only_the_folders_that_it_may() {
    let mut broken = Vec::new();
    for (source, folders) in CRATES {
        let package = source.trim_end_matches("/src").rsplit('/').next().expect("a crate has a folder");
        let own = package.replace('-', "_");
        for path in sources().iter().filter(|path| path.starts_with(source) && !path.ends_with(EXEMPT)) {
            let inside = path.strip_prefix(source).expect("it was filtered by it");
            let module = module_of(inside);
            if inside.components().count() == 1 {
                continue;
            }
            let folder = module.first().map(String::as_str).unwrap_or_default();
            let Some((_, allowed)) = folders.iter().find(|(name, _)| *name == folder) else {
                broken.push(format!("{}: the folder `{folder}` has no place in the order", path.display()));
                continue;
            };
            for import in imports(&read(path), &own, &module) {
                let target = import.path.first().map(String::as_str).unwrap_or_default();
                if target != folder && !allowed.contains(&target) {
                    let text = import.path.join("::");
                    let reason = if folders.iter().any(|(name, _)| *name == target) {
                        format!("`{folder}` may not import `{target}`")
                    } else {
                        "inside the crate, name an item by its folder, not by a re-export".to_owned()
                    };
                    broken.push(format!("{}:{}: `{text}`: {reason}", path.display(), import.line));
                }
            }
        }
    }
    assert_none(&broken);
}

#[test]
fn every_source_file_of_a_library_belongs_to_a_module() {
    let all: BTreeSet<PathBuf> = sources().into_iter().collect();
    let roots = |path: &&PathBuf| path.ends_with("src/lib.rs") || path.ends_with("src/main.rs");
    let mut reached = BTreeSet::new();
    let mut next: Vec<PathBuf> = all.iter().filter(roots).cloned().collect();
    while let Some(path) = next.pop() {
        let tokens: TokenStream = read(&path).parse().expect("a source file can be read as tokens");
        let stem = path.file_stem().expect("a file has a name").to_string_lossy().into_owned();
        let folder = path.parent().expect("a file is in a folder");
        let children = match stem.as_str() {
            "lib" | "main" | "mod" => folder.to_owned(),
            _ => folder.join(stem),
        };
        for module in declared_modules(tokens) {
            let files = [children.join(format!("{module}.rs")), children.join(&module).join("mod.rs")];
            next.extend(files.into_iter().filter(|file| all.contains(file) && !reached.contains(file)));
        }
        reached.insert(path);
    }
    // The programs there are packages that a test builds; one of them has a module that it forgot.
    let in_library = |path: &&PathBuf| {
        !path.starts_with("tests/programs") && path.components().any(|part| part.as_os_str() == "src")
    };
    let lost = all.iter().filter(in_library).filter(|path| !reached.contains(*path));
    assert_none(&lost.map(|path| format!("{}: no `mod` leads here", path.display())).collect::<Vec<_>>());
}

#[test]
fn no_shipped_module_is_put_elsewhere_by_an_attribute() {
    let shipped = |path: &&PathBuf| {
        ["event-core/src", "event-derive/src", "plugins"].iter().any(|folder| path.starts_with(folder))
    };
    let moved = sources().into_iter().filter(|path| shipped(&path) && read(path).contains("#[path ="));
    assert_none(&moved.map(|path| format!("{}: `#[path = …]`", path.display())).collect::<Vec<_>>());
}

/// A path that a file names, from the crate's root.
struct Import {
    path: Vec<String>,
    line: usize,
}

/// The module that a file is, by its path from the crate's root.
fn module_of(file: &Path) -> Vec<String> {
    let mut module: Vec<_> =
        file.components().map(|part| part.as_os_str().to_string_lossy().into_owned()).collect();
    let last = module.pop().unwrap_or_default();
    let stem = last.trim_end_matches(".rs");
    if stem != "mod" {
        module.push(stem.to_owned());
    }
    module
}

/// All paths into the crate, `use` or inline, also in macros and in nested modules.
fn imports(source: &str, own: &str, module: &[String]) -> Vec<Import> {
    let tokens: TokenStream = source.parse().expect("a source file can be read as tokens");
    let mut found = Vec::new();
    collect_imports(tokens, own, module, &mut found);
    found
}

fn collect_imports(tokens: TokenStream, own: &str, module: &[String], found: &mut Vec<Import>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut at = 0;
    while at < tokens.len() {
        match &tokens[at] {
            // A module within the file is one step further from the root.
            TokenTree::Ident(word) if word == "mod" => {
                if let (Some(TokenTree::Ident(name)), Some(TokenTree::Group(body))) =
                    (tokens.get(at + 1), tokens.get(at + 2))
                {
                    let inner = [module, &[name.to_string()]].concat();
                    collect_imports(body.stream(), own, &inner, found);
                    at += 2;
                }
            }
            TokenTree::Ident(word) if !follows_dollar(&tokens, at) => {
                let line = word.span().start().line;
                if let Some(start) = start_of_path(&tokens, &mut at, own, module) {
                    collect_ends(&tokens[at..], start, line, found);
                }
            }
            TokenTree::Group(group) => collect_imports(group.stream(), own, module, found),
            _ => {}
        }
        at += 1;
    }
}

/// Where `crate::`, `super::super::` or the crate's own name leads; moves `at` behind it.
fn start_of_path(tokens: &[TokenTree], at: &mut usize, own: &str, module: &[String]) -> Option<Vec<String>> {
    let word = tokens[*at].to_string();
    let mut start = match word.as_str() {
        "crate" => Vec::new(),
        name if name == own => Vec::new(),
        "super" => module[..module.len().saturating_sub(1)].to_vec(),
        _ => return None,
    };
    if !is_colons(tokens, *at + 1) {
        return None;
    }
    *at += 3;
    while word == "super" && tokens.get(*at).is_some_and(|it| it.to_string() == "super") {
        start.pop();
        if !is_colons(tokens, *at + 1) {
            return None;
        }
        *at += 3;
    }
    Some(start)
}

/// One import for a plain path, one for each branch of `{…}` otherwise.
fn collect_ends(tokens: &[TokenTree], start: Vec<String>, line: usize, found: &mut Vec<Import>) {
    match tokens.first() {
        Some(TokenTree::Ident(name)) => {
            found.push(Import { path: [start, vec![name.to_string()]].concat(), line });
        }
        Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
            let inner: Vec<TokenTree> = group.stream().into_iter().collect();
            for branch in inner.split(|it| matches!(it, TokenTree::Punct(punct) if punct.as_char() == ',')) {
                collect_ends(branch, start.clone(), line, found);
            }
        }
        _ => {}
    }
}

fn is_colons(tokens: &[TokenTree], at: usize) -> bool {
    let is_colon = |it: Option<&TokenTree>| matches!(it, Some(TokenTree::Punct(it)) if it.as_char() == ':');
    matches!(tokens.get(at), Some(TokenTree::Punct(it)) if it.spacing() == Spacing::Joint)
        && is_colon(tokens.get(at))
        && is_colon(tokens.get(at + 1))
}

/// `$crate` in a macro is whatever crate the macro is used in.
fn follows_dollar(tokens: &[TokenTree], at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|before| tokens.get(before));
    matches!(before, Some(TokenTree::Punct(it)) if it.as_char() == '$')
}

fn declared_modules(tokens: TokenStream) -> Vec<String> {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let name_after_mod = |window: &[TokenTree]| match window {
        [TokenTree::Ident(word), TokenTree::Ident(name), TokenTree::Punct(end)]
            if word == "mod" && end.as_char() == ';' =>
        {
            Some(name.to_string())
        }
        _ => None,
    };
    tokens.windows(3).filter_map(name_after_mod).collect()
}

#[test]
fn imports_are_found_in_every_form_that_rust_has_for_them() {
    let source = "
        use crate::dispatch::host::App;
        use crate::{event::id, app::{track, builder}};
        fn f() { crate::config::load(); let x = $crate::not_this; }
        mod tests { use super::super::testing; vec![crate::describe::Description] }
        impl ::event_core::Event for X {}
    ";
    let found: Vec<_> = imports(source, "event_core", &["dispatch".to_owned(), "plan".to_owned()])
        .into_iter()
        .map(|import| import.path.join("::"))
        .collect();
    let expected = ["dispatch", "event", "app", "config", "dispatch::testing", "describe", "Event"];
    assert_eq!(found, expected);
}
