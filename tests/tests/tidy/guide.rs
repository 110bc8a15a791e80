//! Do the guides lead to each other in the documentation of event-core, as they do as files?

use std::fs;
use std::path::Path;

use crate::{assert_none, link_definitions, read, root};

/// Defines the pages' links as rustdoc needs them.
const RUSTDOC_LINKS: &str = "event-core/guide/links.md";

#[test]
fn every_link_between_the_guides_leads_to_the_same_place_in_rustdoc() {
    let rustdoc = read(RUSTDOC_LINKS);
    let rustdoc: Vec<_> = link_definitions(&rustdoc).collect();
    let mut broken = Vec::new();
    for page in guides() {
        for (label, target) in link_definitions(&read(format!("docs/{page}"))) {
            let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
            let expected = [module_of(file), anchor.to_owned()];
            let expected = expected.join("#").trim_end_matches('#').to_owned();
            if !rustdoc.contains(&(label, expected.as_str())) {
                broken.push(format!("{RUSTDOC_LINKS}: `[{label}]: {expected}` is missing, for docs/{page}"));
            }
        }
    }
    assert_none(&broken);
}

#[test]
fn every_guide_is_a_page_of_event_core_and_has_links_by_label_only() {
    let modules = read("event-core/src/guide.rs");
    let mut broken = Vec::new();
    for page in guides() {
        if !modules.contains(&format!("include_str!(\"../guide/{page}\")")) {
            broken.push(format!("event-core/src/guide.rs: {page} is missing"));
        }
        let text = read(format!("docs/{page}"));
        let inline = text.split("](").skip(1).filter_map(|after| after.split(')').next());
        let relative = inline.filter(|link| !link.starts_with('#') && !link.contains("://"));
        broken.extend(relative.map(|link| {
            format!("docs/{page}: `]({link})` leads nowhere in rustdoc; write `][label]`, with `[label]: {link}` at the end")
        }));
    }
    assert_none(&broken);
}

/// The names of the pages that `event-core/guide` links to.
fn guides() -> Vec<String> {
    let entries = fs::read_dir(root().join("event-core/guide")).expect("event-core has guides");
    let names =
        entries.map(|entry| entry.expect("it can be read").file_name().to_string_lossy().into_owned());
    let guides: Vec<_> = names.filter(|name| !RUSTDOC_LINKS.ends_with(name.as_str())).collect();
    assert!(guides.len() > 4, "{guides:?}");
    assert!(guides.iter().all(|name| root().join("docs").join(name).exists()), "{guides:?}");
    guides
}

/// The module that a page is in rustdoc.
fn module_of(file: &str) -> String {
    let name = Path::new(file).file_stem().expect("a page has a name").to_string_lossy().replace('-', "_");
    match name.strip_prefix("guide") {
        Some("") => "crate::guide".to_owned(),
        Some(subject) => format!("crate::guide::{}", &subject[1..]),
        None => format!("crate::guide::{name}"),
    }
}
