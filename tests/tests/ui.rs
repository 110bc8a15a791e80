//! Does a mistake get the words that mend it, on the token that is wrong?

/// One mistake a file, named after it. After a change, `TRYBUILD=overwrite cargo test -p tests --test ui` writes
/// what the compiler now says; read it as if you had made that mistake.
#[test]
fn each_mistake_is_reported_once_on_its_own_token_with_what_to_write_instead() {
    trybuild::TestCases::new().compile_fail("ui/*.rs");
}
