//! JSON that was made elsewhere, in a program that has `serde_json`'s `raw_value` and `arbitrary_precision` on.

use crate::build::{program, succeeded};

#[test]
fn json_that_was_made_elsewhere_is_written_anew_or_refused_in_both_forms_alike() {
    let deep = format!("{{\"it\":{}", "[".repeat(98));
    let deep = format!("{} bytes of {}", deep.len() + 99, &deep[..10]);
    let wide = "needs more than 64 bits, which JSON readers don't keep";
    let meant = "has a meaning of its own to readers";
    let expected = [
        "{\"it\":{\"a\":[1,-0.0,2.5,100.0],\"bA\\\"\":\"x\\n\u{2028}\",\"c\":null}}",
        "refused: `it`: the key `a` comes twice",
        r#"{"it":[{},[],"",true,false,18446744073709551615,-9223372036854775808]}"#,
        &format!("refused: `it`: 1e999 {wide}"),
        &format!("refused: `it`: -1e999 {wide}"),
        &format!("refused: `it`: 1e-999 {wide}"),
        &format!("refused: `it`: 123456789012345678901234567890 {wide}"),
        &format!("refused: `it`: 18446744073709551616 {wide}"),
        &format!("refused: `it`: -9223372036854775809 {wide}"),
        &format!("refused: `it`: 0.12345678901234567890123 {wide}"),
        r#"{"it":1.5}"#,
        &deep,
        "refused: `it`: lists and objects are nested deeper than 100 levels",
        &format!("refused: `it`: the key `$serde_json::private::Number` {meant}"),
        &format!("refused: `it`: the key `$serde_json::private::RawValue` {meant}"),
        r#"{"list":[null,{"k":[1]}]}"#,
        &format!("refused: `list`: `k`: 1e400 {wide}"),
        &format!("refused: the key `$serde_json::private::RawValue` {meant}"),
        r#"{"a":1}"#,
        "refused: its `Serialize` writes something that is no JSON object",
        "numbers",
        r#"{"it":[1.1]}"#,
        &format!("refused: `it`: 123456789012345678901234567890 {wide}"),
        &format!("refused: `it`: 1e+999 {wide}"),
        r#"{"it":[-5]}"#,
        r#"{"it":[-0.0]}"#,
        "actors and records",
        &format!(
            "failed to track event `exact`: its actor can't be written: `n`: 123456789012345678901234567890 {wide}"
        ),
        "true",
        "true 18446744073709551615 -9223372036854775808 -7",
        &format!("123456789012345678901234567890 {wide} at line 1 column 194"),
    ];
    let said = succeeded(&mut program("premade", "premade", "dev"));
    assert_eq!(said.lines().collect::<Vec<_>>(), expected);
}
