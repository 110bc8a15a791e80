//! House rules that a program can check. Each test names every file that breaks its rule, not only the first.

mod compile_errors;
mod folders;
mod guide;
mod packages;
mod references;
mod words;

use std::fs;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

/// What each room may depend on, beside the standard library.
const MAY_DEPEND_ON: &[(&str, &[&str])] = &[
    ("event-derive", &["proc-macro2", "quote", "syn"]),
    (
        "event-core",
        &[
            "chrono",
            "event-derive",
            "inventory",
            "pin-project-lite",
            "serde",
            "serde_json",
            "stackfuture",
            "strsim",
            "toml",
            "tracing",
            "uuid",
        ],
    ),
];

/// They are run, not used.
const NEVER_DEPENDED_ON: &[&str] = &["benches", "examples", "tests"];

/// One file answers one question; a longer one has a second subject.
const MOST_LINES: usize = 500;

#[test]
fn the_macros_and_the_core_depend_only_on_what_their_rooms_allow() {
    let mut broken = Vec::new();
    for (package, allowed) in MAY_DEPEND_ON {
        let manifest = manifests().into_iter().find(|manifest| manifest.name == *package);
        let manifest = manifest.unwrap_or_else(|| panic!("there is no package `{package}`"));
        for dependency in manifest.dependencies(&["dependencies", "build-dependencies"]) {
            if !allowed.contains(&dependency.as_str()) {
                broken.push(format!("{}: `{dependency}` isn't allowed here", manifest.path.display()));
            }
        }
    }
    assert_none(&broken);
}

/// Two copies of event-core would be in such a test, one of which knows no hook.
#[test]
fn the_macros_and_the_core_have_no_crate_of_the_workspace_as_a_dev_dependency() {
    let names: Vec<_> = manifests().into_iter().map(|manifest| manifest.name).collect();
    let mut broken = Vec::new();
    for manifest in manifests().iter().filter(|it| MAY_DEPEND_ON.iter().any(|(name, _)| *name == it.name)) {
        let dependencies = manifest.dependencies(&["dev-dependencies"]);
        broken.extend(dependencies.iter().filter(|it| names.contains(it)).map(|dependency| {
            format!("{}: dev-dependency `{dependency}`; such tests are for tests/", manifest.path.display())
        }));
    }
    assert_none(&broken);
}

#[test]
fn nothing_depends_on_what_is_only_run() {
    let mut broken = Vec::new();
    for manifest in manifests() {
        let dependencies = manifest.dependencies(&["dependencies", "build-dependencies", "dev-dependencies"]);
        broken.extend(dependencies.iter().filter(|it| NEVER_DEPENDED_ON.contains(&it.as_str())).map(
            |dependency| format!("{}: depends on `{dependency}`, which is only run", manifest.path.display()),
        ));
    }
    assert_none(&broken);
}

/// A plugin shows what any user's crate can do.
#[test]
fn plugins_use_only_what_event_core_makes_public() {
    let mut broken = Vec::new();
    let plugins = |path: &Path| path.starts_with("plugins") || path.starts_with("examples");
    for manifest in manifests().iter().filter(|manifest| plugins(&manifest.path)) {
        let dependencies = manifest.dependencies(&["dependencies", "build-dependencies", "dev-dependencies"]);
        if dependencies.iter().any(|dependency| dependency == "event-derive") {
            broken.push(format!(
                "{}: depends on event-derive; event-core re-exports the macros",
                manifest.path.display()
            ));
        }
    }
    for path in sources().iter().filter(|path| plugins(path)) {
        if read(path).contains("__private") {
            broken.push(format!("{}: names `__private`, which is for generated code", path.display()));
        }
    }
    assert_none(&broken);
}

#[test]
fn every_package_takes_edition_and_lints_from_the_workspace_and_what_is_only_run_is_never_published() {
    let mut broken = Vec::new();
    for manifest in manifests() {
        let path = manifest.path.display();
        let package = &manifest.table["package"];
        for key in ["version", "edition", "rust-version", "license"] {
            if package.get(key).and_then(|value| value.get("workspace")) != Some(&Value::Boolean(true)) {
                broken.push(format!("{path}: `{key}.workspace = true` is missing"));
            }
        }
        let lints = manifest.table.get("lints").and_then(|lints| lints.get("workspace"));
        if lints != Some(&Value::Boolean(true)) {
            broken.push(format!("{path}: `[lints] workspace = true` is missing"));
        }
        if package.get("description").is_none() {
            broken.push(format!("{path}: `description` is missing"));
        }
        let only_run = NEVER_DEPENDED_ON.iter().any(|room| manifest.path.starts_with(room));
        if only_run != (package.get("publish") == Some(&Value::Boolean(false))) {
            broken.push(format!("{path}: `publish = false` belongs in what is only run, and nowhere else"));
        }
    }
    assert_none(&broken);
}

#[test]
fn every_source_file_says_on_its_first_line_what_it_answers() {
    let silent = |path: &&PathBuf| !read(path).lines().next().unwrap_or_default().starts_with("//! ");
    let broken = sources().iter().filter(silent).map(|path| path.display().to_string()).collect::<Vec<_>>();
    assert_none(&broken);
}

#[test]
fn no_source_file_of_a_library_grows_past_500_lines() {
    let mut broken = Vec::new();
    for path in sources().iter().filter(|path| path.components().any(|part| part.as_os_str() == "src")) {
        let lines = read(path).lines().count();
        if lines > MOST_LINES {
            broken.push(format!("{}: {lines} lines; which second question does it answer?", path.display()));
        }
    }
    assert_none(&broken);
}

#[test]
fn every_example_is_named_in_the_readme() {
    let readme = read("README.md");
    let examples = files().into_iter().filter(|path| path.parent() == Some(Path::new("examples")));
    let names = examples.filter(|path| is_rust(path)).map(|path| file_stem(&path)).collect::<Vec<_>>();
    assert!(!names.is_empty(), "there are examples");
    let missing = names.iter().filter(|name| !has_word(&readme, name));
    assert_none(
        &missing.map(|name| format!("README.md: the example `{name}` is missing")).collect::<Vec<_>>(),
    );
}

/// The options are read off the macros themselves, so that one can't be added in silence.
#[test]
fn every_option_of_each_macro_is_in_the_reference_of_the_guide() {
    let guide = read("docs/guide.md");
    let mut broken = Vec::new();
    for (macro_name, model) in [
        ("#[derive(Event)]", "event-derive/src/event/model.rs"),
        ("#[hookspec]", "event-derive/src/hookspec/model.rs"),
        ("#[hookimpl]", "event-derive/src/hookimpl/options.rs"),
        ("#[hookimpl]", "event-derive/src/hookimpl/durable.rs"),
    ] {
        let heading = format!("\n### `{macro_name}`\n");
        let Some((_, section)) = guide.split_once(&heading) else {
            broken.push(format!("docs/guide.md: there is no heading `{}`", heading.trim()));
            continue;
        };
        let section = section.split("\n## ").next().unwrap_or_default();
        let section = section.split("\n### ").next().unwrap_or_default();
        let options = options_of(model);
        assert!(!options.is_empty(), "{model} has a list of options");
        broken.extend(
            options.iter().filter(|option| !code_spans(section).any(|code| has_word(code, option))).map(
                |option| format!("docs/guide.md: under `{macro_name}`, the option `{option}` is missing"),
            ),
        );
    }
    assert_none(&broken);
}

#[test]
fn every_method_of_what_a_program_holds_is_in_a_reference_of_the_guide() {
    let mut broken = Vec::new();
    for (source, page, heading) in [
        ("event-core/src/app/builder.rs", "docs/guide.md", "### `AppBuilder`"),
        ("event-core/src/app/lifecycle.rs", "docs/guide.md", "### `App`"),
        ("event-core/src/app/state.rs", "docs/guide.md", "### `App`"),
        ("event-core/src/app/default_app.rs", "docs/guide.md", "### `App`"),
        ("event-core/src/testing/recorder.rs", "docs/guide-testing.md", "## What was tracked: the recorder"),
    ] {
        let text = read(page);
        let (_, section) = text.split_once(&format!("\n{heading}\n")).unwrap_or_default();
        let section = section.split("\n## ").next().unwrap_or_default();
        let section = section.split("\n### ").next().unwrap_or_default();
        let source = read(source);
        let functions = source.split("\n    pub fn ").skip(1);
        let names = functions.map(|it| it.split(['(', '<']).next().unwrap_or_default());
        broken.extend(
            names
                .filter(|name| !code_spans(section).any(|code| has_word(code, name)))
                .map(|name| format!("{page}: under `{heading}`, the method `{name}` is missing")),
        );
    }
    assert_none(&broken);
}

#[test]
fn the_code_of_every_page_is_compiled_and_every_page_is_linked_from_another() {
    let compiled = read("examples/src/lib.rs");
    let pages = pages();
    let mut broken = Vec::new();
    for page in pages.iter().filter(|page| page.starts_with("docs")) {
        let name = page.file_name().expect("a page has a name").to_string_lossy();
        if !compiled.contains(&format!("include_str!(\"../../docs/{name}\")")) {
            broken.push(format!("examples/src/lib.rs: docs/{name} is missing"));
        }
        let others = pages.iter().filter(|other| *other != page);
        if !others.map(read).any(|other| links(&other).any(|link| file_of(link).ends_with(&*name))) {
            broken.push(format!("docs/{name}: no other page has a link to it"));
        }
    }
    assert_none(&broken);
}

#[test]
fn every_link_from_page_to_page_leads_somewhere() {
    let mut broken = Vec::new();
    for page in pages() {
        let text = read(&page);
        let folder = page.parent().expect("a page is in a folder");
        for link in links(&text).filter(|link| !link.contains("://") && !link.starts_with("crate::")) {
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() { page.clone() } else { folder.join(file) };
            let Ok(found) = fs::metadata(root().join(&target)) else {
                broken.push(format!("{}: there is no `{file}`", page.display()));
                continue;
            };
            if found.is_file() && !anchor.is_empty() && !anchors(&read(&target)).any(|it| it == anchor) {
                broken.push(format!("{}: `{link}`: there is no such heading", page.display()));
            }
        }
    }
    assert_none(&broken);
}

#[test]
fn every_built_in_hook_is_in_the_guide_and_implemented_in_a_test() {
    let guide = read("docs/guide.md");
    let tests: String = sources().iter().filter(|path| path.starts_with("tests/tests")).map(read).collect();
    let hooks = built_in_hooks();
    assert!(!hooks.is_empty(), "event-core/src/dispatch/builtin.rs has hooks");
    let mut broken = Vec::new();
    for hook in hooks {
        if !code_spans(&guide).any(|code| has_word(code, &hook)) {
            broken.push(format!("docs/guide.md: the hook `{hook}` is missing"));
        }
        let by_path = tests.lines().any(|line| {
            line.trim_start().strip_prefix("#[hookimpl(").is_some_and(|options| has_word(options, &hook))
        });
        let by_name = ["", "async "].map(|asynchronous| format!("{asynchronous}fn {hook}("));
        let by_name = tests
            .split("#[hookimpl]")
            .skip(1)
            .any(|function| by_name.iter().any(|start| function.trim_start().starts_with(start.as_str())));
        if !by_path && !by_name {
            broken.push(format!("tests/tests: no test has an implementation of the hook `{hook}`"));
        }
    }
    assert_none(&broken);
}

#[test]
fn no_file_names_a_place_on_the_machine_that_it_was_written_on() {
    // In pieces, or this file would be among the broken ones.
    let places = ["work", "root", "home", "tmp", "Users"].map(|place| format!("/{place}/"));
    let mut broken = Vec::new();
    for path in files() {
        let Ok(text) = fs::read_to_string(root().join(&path)) else { continue };
        for (line, number) in text.lines().zip(1..) {
            if let Some(place) = places.iter().find(|place| starts_a_path(line, place)) {
                broken.push(format!("{}:{number}: `{place}`", path.display()));
            }
        }
    }
    assert_none(&broken);
}

#[test]
fn no_test_is_left_out_or_sleeps_and_nothing_is_left_to_do() {
    let words = ["#[ignore", "thread::sleep(", "time::sleep(", "todo!(", "unimplemented!("];
    let mut broken = Vec::new();
    for path in sources().iter().filter(|path| !path.ends_with("tidy/main.rs")) {
        let text = read(path);
        broken.extend(
            words
                .iter()
                .filter(|word| text.contains(**word))
                .map(|word| format!("{}: `{word}`", path.display())),
        );
    }
    assert_none(&broken);
}

#[test]
fn the_files_that_everybody_looks_for_are_there() {
    let wanted = [
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "Cargo.lock",
        "LICENSE-APACHE",
        "LICENSE-MIT",
        "README.md",
        "docs/architecture.md",
        "docs/coming-from.md",
        "docs/design.md",
        "docs/guide-configuration.md",
        "docs/guide-delivery.md",
        "docs/guide-running.md",
        "docs/guide-testing.md",
        "docs/guide.md",
    ];
    let empty = |path: &&&str| fs::read_to_string(root().join(path)).unwrap_or_default().trim().is_empty();
    assert_none(&wanted.iter().filter(empty).map(ToString::to_string).collect::<Vec<_>>());
}

struct Manifest {
    path: PathBuf,
    name: String,
    table: Table,
}

impl Manifest {
    /// The names of the packages in these sections, also where they are for one target only.
    fn dependencies(&self, sections: &[&str]) -> Vec<String> {
        let for_targets =
            self.table.get("target").and_then(Value::as_table).into_iter().flat_map(Table::values);
        let tables = std::iter::once(&self.table).chain(for_targets.filter_map(Value::as_table));
        let dependencies = tables.flat_map(|table| sections.iter().filter_map(|section| table.get(*section)));
        let dependencies = dependencies.filter_map(Value::as_table).flatten();
        let package = |(name, it): (&String, &Value)| {
            it.get("package").and_then(Value::as_str).map_or_else(|| name.clone(), ToOwned::to_owned)
        };
        dependencies.map(package).collect()
    }
}

/// Of the packages of this workspace.
fn manifests() -> Vec<Manifest> {
    let workspace: Table = read("Cargo.toml").parse().expect("it is TOML");
    let members = workspace["workspace"]["members"].as_array().expect("the workspace has members");
    let manifest = |member: &Value| {
        let path = Path::new(member.as_str().expect("a member is a path")).join("Cargo.toml");
        let table: Table = read(&path).parse().expect("it is TOML");
        let name = table["package"]["name"].as_str().expect("a package has a name").to_owned();
        Manifest { path, name, table }
    };
    members.iter().map(manifest).collect()
}

/// The words in the `OPTIONS` list of a macro.
fn options_of(model: &str) -> Vec<String> {
    let text = read(model);
    let list = text.split_once("const OPTIONS: &[&str] =").map_or("", |(_, list)| list);
    let list = list.split(';').next().unwrap_or_default();
    list.split('"').skip(1).step_by(2).map(ToOwned::to_owned).collect()
}

fn built_in_hooks() -> Vec<String> {
    let text = read("event-core/src/dispatch/builtin.rs");
    let hooks = text.split("\n#[hookspec").skip(1).filter_map(|after| after.split_once("pub fn "));
    hooks.map(|(_, hook)| hook.split('(').next().unwrap_or_default().to_owned()).collect()
}

/// The pages of Markdown that people read.
fn pages() -> Vec<PathBuf> {
    let is_page = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "md");
    files().into_iter().filter(is_page).collect()
}

/// Where the links of a page lead, those in blocks of code left out.
fn links(markdown: &str) -> impl Iterator<Item = &str> {
    let prose = markdown.split("\n```").step_by(2);
    let inline = prose.flat_map(|text| text.split("](").skip(1)).filter_map(|after| after.split(')').next());
    inline.chain(link_definitions(markdown).map(|(_, target)| target))
}

/// Label and target of each `[label]: target`.
fn link_definitions(markdown: &str) -> impl Iterator<Item = (&str, &str)> {
    markdown.lines().filter_map(|line| line.strip_prefix('[')?.split_once("]: "))
}

fn file_of(link: &str) -> &str {
    link.split('#').next().unwrap_or_default()
}

/// The anchors of a page's headings, by the rule of most sites that show Markdown.
fn anchors(markdown: &str) -> impl Iterator<Item = String> + '_ {
    let prose = markdown.split("\n```").step_by(2);
    let headings = prose.flat_map(str::lines).filter(|line| line.starts_with('#'));
    headings.map(|heading| {
        let text = heading.trim_start_matches('#').trim().to_lowercase();
        let kept = text.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        kept.map(|c| if c == ' ' { '-' } else { c }).collect()
    })
}

/// What stands in backticks, or in a block of code.
fn code_spans(markdown: &str) -> impl Iterator<Item = &str> {
    markdown.split('`').skip(1).step_by(2)
}

fn has_word(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(start, _)| {
        let joins = |c: char| c.is_alphanumeric() || c == '_';
        !text[..start].ends_with(joins) && !text[start + word.len()..].starts_with(joins)
    })
}

/// Whether the place isn't just the middle of something longer, such as a path from the crate's root.
fn starts_a_path(line: &str, place: &str) -> bool {
    line.match_indices(place).any(|(start, _)| {
        !line[..start]
            .ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | '}' | '*'))
    })
}

fn assert_none(broken: &[String]) {
    assert!(broken.is_empty(), "\n{}\n", broken.join("\n"));
}

fn sources() -> Vec<PathBuf> {
    files().into_iter().filter(|path| is_rust(path)).collect()
}

fn is_rust(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "rs")
}

fn file_stem(path: &Path) -> String {
    path.file_stem().expect("a file has a name").to_string_lossy().into_owned()
}

/// All files of the repository, by their path from its root. What a run leaves behind, a fuzzer's corpus for one, is in
/// the `.gitignore` of its directory, and no file of the repository.
fn files() -> Vec<PathBuf> {
    fn walk(directory: &Path, found: &mut Vec<PathBuf>) {
        let ignored = fs::read_to_string(directory.join(".gitignore")).unwrap_or_default();
        let ignored: Vec<&str> = ignored.lines().filter_map(|line| line.strip_prefix('/')).collect();
        for entry in fs::read_dir(directory).expect("a directory can be read") {
            let path = entry.expect("a directory can be read").path();
            let name = path.file_name().unwrap_or_default();
            // In a worktree of git's, `.git` is a file.
            if name == ".git" || ignored.iter().any(|ignored| name == *ignored) {
                continue;
            }
            if path.is_file() {
                found.push(path.strip_prefix(root()).expect("it is below the root").to_owned());
            } else if path.is_dir() && name != "target" {
                walk(&path, found);
            }
        }
    }
    let mut found = Vec::new();
    walk(&root(), &mut found);
    found.sort();
    found
}

fn read(path: impl AsRef<Path>) -> String {
    let path = path.as_ref();
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("this package is below the root").to_owned()
}
