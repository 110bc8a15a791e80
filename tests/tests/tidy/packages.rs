//! What each package that is published brings along.

use std::fs;
use std::path::Path;

use toml::Value;

use crate::{NEVER_DEPENDED_ON, assert_none, links, manifests, read, root};

/// The folders of the packages that are published.
fn published() -> Vec<(std::path::PathBuf, toml::Table)> {
    let shipped = |manifest: &crate::Manifest| {
        let folder = manifest.path.parent().expect("a manifest is in a folder");
        let is_run = NEVER_DEPENDED_ON.iter().any(|room| folder.starts_with(room));
        (!is_run).then(|| (folder.to_owned(), manifest.table.clone()))
    };
    manifests().iter().filter_map(shipped).collect()
}

#[test]
fn every_published_package_has_the_licences_and_a_page_of_its_own() {
    let mut broken = Vec::new();
    for (folder, table) in published() {
        for licence in ["LICENSE-APACHE", "LICENSE-MIT"] {
            let text = fs::read_to_string(root().join(&folder).join(licence)).unwrap_or_default();
            if text != read(licence) {
                broken.push(format!("{}/{licence} isn't that of the repository", folder.display()));
            }
        }
        for key in ["description", "readme", "keywords", "categories"] {
            if table["package"].get(key).is_none() {
                broken.push(format!("{}/Cargo.toml: `{key}` is missing", folder.display()));
            }
        }
        let page = fs::read_to_string(root().join(&folder).join("README.md")).unwrap_or_default();
        let name = table["package"]["name"].as_str().unwrap_or_default();
        if !page.starts_with(&format!("# {name}\n")) {
            broken.push(format!("{}/README.md: its first line is to be `# {name}`", folder.display()));
        }
        // On a registry's page they lead nowhere.
        broken.extend(
            links(&page)
                .filter(|link| !link.contains("://"))
                .map(|link| format!("{}/README.md: `{link}` is relative", folder.display())),
        );
    }
    assert_none(&broken);
}

#[test]
fn every_published_package_is_built_from_its_package() {
    let script = read(".ci/packages");
    let list =
        script.split_once("\npublished=(").and_then(|(_, rest)| rest.split_once(')')).unwrap_or_default().0;
    let listed: Vec<_> = list.split_whitespace().collect();
    let missing = published().into_iter().filter_map(|(_, table)| {
        let name = table["package"]["name"].as_str().expect("a package has a name").to_owned();
        (!listed.contains(&name.as_str())).then(|| format!(".ci/packages: `{name}` is missing"))
    });
    assert_none(&missing.collect::<Vec<_>>());
}

#[test]
fn docs_rs_shows_every_feature_of_each_published_package() {
    let silent = published().into_iter().filter(|(_, table)| {
        let docs = table["package"].get("metadata").and_then(|it| it.get("docs")).and_then(|it| it.get("rs"));
        docs.and_then(|it| it.get("all-features")) != Some(&Value::Boolean(true))
    });
    let missing = silent.map(|(folder, _)| {
        format!("{}/Cargo.toml: `all-features = true` is missing for docs.rs", folder.display())
    });
    assert_none(&missing.collect::<Vec<_>>());
}

/// The workspace's lint isn't in force where a package is built elsewhere.
#[test]
fn every_published_package_forbids_unsafe_code_in_its_root() {
    let roots = published().into_iter().map(|(folder, _)| folder.join("src/lib.rs"));
    let silent = roots.filter(|root| !read(root).contains("#![forbid(unsafe_code)]"));
    assert_none(&silent.map(|root| root.display().to_string()).collect::<Vec<_>>());
}

#[test]
fn event_sqlite_is_published_without_its_tests() {
    let (_, table) = published()
        .into_iter()
        .find(|(folder, _)| folder == Path::new("plugins/event-sqlite"))
        .expect("it is published");
    let excluded = table["package"].get("exclude").and_then(Value::as_array).cloned().unwrap_or_default();
    for file in ["/clippy.toml", "/tests", "/src/database/interleavings.rs"] {
        assert!(excluded.iter().any(|it| it.as_str() == Some(file)), "`{file}` is published: {excluded:?}");
        assert!(root().join("plugins/event-sqlite").join(&file[1..]).exists(), "`{file}` is gone");
    }
}
