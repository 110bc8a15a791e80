//! What does an editor find at the names that a user has written?

use std::collections::BTreeSet;
use std::ops::Range;

use proc_macro2::{TokenStream, TokenTree};

/// The names in the expansion that stand where `word` stands first in `#[hookimpl(options)] item`. Each of them is a
/// target when the editor goes to the definition.
fn names_at(word: &str, options: &str, item: &str) -> BTreeSet<String> {
    // One text, so that its places differ.
    let written = format!("{options} {{}} {item}");
    let place = written.find(word).unwrap();
    let tokens: Vec<TokenTree> = written.parse::<TokenStream>().unwrap().into_iter().collect();
    let end = tokens.iter().position(|tree| matches!(tree, TokenTree::Group(_))).unwrap();
    let (options, item) =
        (tokens[..end].iter().cloned().collect(), tokens[end + 1..].iter().cloned().collect());
    let mut names = BTreeSet::new();
    collect(super::expand(options, &item), &(place..place + word.len()), &mut names);
    names
}

fn collect(tokens: TokenStream, place: &Range<usize>, names: &mut BTreeSet<String>) {
    for tree in tokens {
        match tree {
            TokenTree::Ident(name) if name.span().byte_range() == *place => {
                let name = name.to_string();
                // A keyword leads nowhere.
                if syn::parse_str::<syn::Ident>(&name).is_ok() {
                    names.insert(name);
                }
            }
            TokenTree::Group(group) => collect(group.stream(), place, names),
            _ => {}
        }
    }
}

#[test]
fn at_the_hook_there_are_no_names_but_its_own_its_alias_and_that_of_the_core() {
    for (options, item) in [
        ("my_hook", "fn heard(event: &Tracked) {}"),
        ("my_hook, tryfirst", "async fn heard(event: &Tracked) {}"),
        ("my_hook", "fn heard(app: &App) -> Result<u8, Error> { Ok(1) }"),
        ("my_hook", "async fn heard(app: &App) -> Option<u8> { None }"),
        (
            "my_hook, wrapper",
            "async fn heard(next: Next<'_, my_hook>) -> Outcome<my_hook> { next.run().await }",
        ),
    ] {
        let names = names_at("my_hook", options, item);
        // All uses of the alias are one target, which leads to the place that the hook stands at.
        let expected = ["__Hook", "__event_core", "my_hook"];
        assert!(names.contains("my_hook"), "{names:?} of {item}");
        assert!(names.iter().all(|name| expected.contains(&&**name)), "{names:?} of {item}");
    }
}

#[test]
fn at_the_function_and_its_types_there_are_further_names_only_of_what_reports_a_mistake_there() {
    for (item, at_function, at_type) in [
        (
            "fn heard(event: MyType) {}",
            &["__event_core", "heard", "nothing"][..],
            &["MyType", "__event_core", "__function", "fill"][..],
        ),
        (
            "async fn heard(event: MyType) {}",
            &["__event_core", "heard", "nothing_later", "sendable"],
            &["MyType", "__event_core", "__function", "fill"],
        ),
        (
            "fn heard() -> MyType { Ok(1) }",
            &["__event_core", "heard"],
            &["MyType", "__event_core", "__function", "into_cause", "into_return_value"],
        ),
        (
            "async fn heard() -> MyType { Ok(1) }",
            &["__event_core", "heard", "sendable"],
            &["MyType", "__event_core", "__function", "into_cause", "into_return_value"],
        ),
    ] {
        for (word, expected) in [("heard", at_function), ("MyType", at_type)] {
            let names = names_at(word, "my_hook", item);
            assert_eq!(names.iter().map(String::as_str).collect::<Vec<_>>(), expected, "{word} of {item}");
        }
    }
}
