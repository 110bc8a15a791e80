//! Configuration: whatever the type of a setting is, texts of variables are converted and unread keys are found.

use std::collections::{BTreeMap, HashMap};
use std::num::NonZero;

use event_core::prelude::*;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

#[hookimpl]
fn startup(app: &App) -> event_core::Result<()> {
    app.plugin_config::<Value>("tests").map(drop)
}

/// Reads the section of this package, with variables like `SINK__SIZE` below it.
fn read<T: DeserializeOwned>(section: Value, variables: &[(&str, &str)]) -> Result<T, String> {
    let variables = variables.iter().map(|(key, value)| (format!("EVENT__PLUGINS__TESTS__{key}"), *value));
    let app = App::builder()
        .without_linked()
        .hook(startup)
        .config(HashMap::from([("plugins", HashMap::from([("tests", section)]))]))
        .config_variables(variables)
        .start()
        .wait()
        .unwrap();
    app.plugin_config("tests").map_err(|error| error.to_string())
}

fn refused<T: DeserializeOwned + std::fmt::Debug>(section: Value) -> String {
    let error = read::<T>(section, &[]).unwrap_err();
    error.split_once(": ").unwrap().1.to_owned()
}

#[derive(Deserialize, Debug, PartialEq)]
#[serde(rename_all = "kebab-case")]
enum External {
    Stderr,
    Count(u16),
    Pair(u8, bool),
    File { path: String, max_size: u32, rotate: Option<bool> },
}

#[derive(Deserialize, Debug, PartialEq)]
#[serde(tag = "kind", rename_all = "kebab-case", rename_all_fields = "kebab-case")]
enum Internal {
    Stderr,
    File { path: String, max_size: u32, rotate: Option<bool>, tags: Option<Vec<u8>> },
    Http(Http),
}

#[derive(Deserialize, Debug, PartialEq)]
struct Http {
    url: String,
    retries: Option<u8>,
}

#[derive(Deserialize, Debug, PartialEq)]
#[serde(tag = "kind", content = "with", rename_all = "kebab-case")]
enum Adjacent {
    Count(u16),
    File { path: String, size: u32 },
}

#[derive(Deserialize, Debug, PartialEq)]
#[serde(untagged)]
enum Untagged {
    Count(u16),
    Word(String),
    Long { host: String, port: Option<u16> },
    Short { host: u8 },
}

#[derive(Deserialize, Debug, PartialEq)]
struct Flat {
    name: String,
    #[serde(flatten)]
    http: Http,
    #[serde(flatten)]
    limits: Limits,
}

#[derive(Deserialize, Debug, PartialEq)]
#[serde(rename_all = "kebab-case")]
struct Limits {
    max_age: Option<u32>,
    ratio: Option<f64>,
}

#[derive(Deserialize, Debug, PartialEq)]
struct Sink<T> {
    sink: T,
}

fn sink<T: DeserializeOwned>(value: Value, variables: &[(&str, &str)]) -> Result<T, String> {
    read::<Sink<T>>([("sink", value)].into_iter().collect(), variables).map(|read| read.sink)
}

#[test]
fn variables_in_an_externally_tagged_enum_are_converted() {
    let file = External::File { path: "7".into(), max_size: 5, rotate: Some(true) };
    let from_variables =
        [("SINK__FILE__PATH", "7"), ("SINK__FILE__MAX_SIZE", "5"), ("SINK__FILE__ROTATE", "true")];
    assert_eq!(read(json!({}), &from_variables), Ok(Sink { sink: file }));
    assert_eq!(read(json!({}), &[("SINK__COUNT", "5")]), Ok(Sink { sink: External::Count(5) }));
    assert_eq!(read(json!({}), &[("SINK__PAIR", "[5, true]")]), Ok(Sink { sink: External::Pair(5, true) }));
    assert_eq!(read(json!({}), &[("SINK", "stderr")]), Ok(Sink { sink: External::Stderr }));
}

#[test]
fn unknown_keys_in_an_externally_tagged_enum_are_reported_with_the_near_miss() {
    let section = json!({ "sink": { "file": { "path": "x", "max_size": 1, "rotat": true } } });
    assert_eq!(
        refused::<Sink<External>>(section),
        "`plugins.tests.sink.file.rotat`: unknown key; did you mean `rotate`?"
    );
    let section = json!({ "sink": { "file": { "path": "x", "max_size": "much" } } });
    assert_eq!(
        refused::<Sink<External>>(section),
        "`plugins.tests.sink.file.max_size`: invalid type: string \"much\", expected a whole number from 0 to 4294967295"
    );
    let section = json!({ "sink": { "file": {}, "stderr": {} } });
    assert_eq!(
        refused::<Sink<External>>(section),
        "`plugins.tests.sink`: has 2 keys; write one of `stderr`, `count`, `pair`, `file`"
    );
    assert!(refused::<Sink<External>>(json!({ "sink": { "fil": 1 } })).contains("unknown variant `fil`"));
    assert!(
        refused::<Sink<External>>(json!({ "sink": 7 })).starts_with("`plugins.tests.sink`: invalid type")
    );
}

#[test]
fn variables_in_an_internally_tagged_enum_are_converted() {
    let written = json!({ "kind": "file", "path": "x", "max-size": 1 });
    let variables =
        [("SINK__PATH", "7"), ("SINK__MAX_SIZE", "5"), ("SINK__ROTATE", "true"), ("SINK__TAGS", "[1, 2]")];
    let expected =
        Internal::File { path: "7".into(), max_size: 5, rotate: Some(true), tags: Some(vec![1, 2]) };
    assert_eq!(sink(written, &variables), Ok(expected));

    // No file names the keys, so the type decides that `-` is meant.
    let variables = [("SINK__KIND", "file"), ("SINK__PATH", "7"), ("SINK__MAX_SIZE", "5")];
    let expected = Internal::File { path: "7".into(), max_size: 5, rotate: None, tags: None };
    assert_eq!(read(json!({}), &variables), Ok(Sink { sink: expected }));

    let http = Internal::Http(Http { url: "8".into(), retries: Some(3) });
    assert_eq!(
        sink(json!({ "kind": "http", "url": "" }), &[("SINK__URL", "8"), ("SINK__RETRIES", "3")]),
        Ok(http)
    );
}

#[test]
fn unknown_keys_in_an_internally_tagged_enum_are_reported() {
    let file = |more: Value| {
        let mut sink = json!({ "kind": "file", "path": "x", "max-size": 1 });
        sink.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        refused::<Sink<Internal>>(json!({ "sink": sink }))
    };
    assert_eq!(file(json!({ "rotat": true })), "`plugins.tests.sink.rotat`: unknown key");
    assert_eq!(
        file(json!({ "b": { "c": 1 }, "a": [] })),
        "`plugins.tests.sink.b`: unknown key; `plugins.tests.sink.a`: unknown key"
    );
    assert_eq!(
        file(json!({ "max-size": "much" })),
        "`plugins.tests.sink.max-size`: invalid type: string \"much\", expected a whole number from 0 to 4294967295"
    );
    let stderr = json!({ "sink": { "kind": "stderr", "path": "x" } });
    assert_eq!(refused::<Sink<Internal>>(stderr), "`plugins.tests.sink.path`: unknown key");
    let http = json!({ "sink": { "kind": "http", "url": "x", "retris": 1 } });
    assert_eq!(refused::<Sink<Internal>>(http), "`plugins.tests.sink.retris`: unknown key");
    let misspelt = json!({ "sink": { "kind": "file", "pth": "x", "max-size": 1 } });
    assert_eq!(
        refused::<Sink<Internal>>(misspelt),
        "`plugins.tests.sink.pth`: unknown key; did you mean `path`?; \
         `plugins.tests.sink`: missing key `path`"
    );
}

#[test]
fn an_adjacently_tagged_enum_is_read_like_its_content() {
    let variables = [("SINK__WITH__PATH", "7"), ("SINK__WITH__SIZE", "5")];
    let file = Adjacent::File { path: "7".into(), size: 5 };
    assert_eq!(sink(json!({ "with": { "path": "" }, "kind": "file" }), &variables), Ok(file));
    assert_eq!(sink(json!({ "kind": "count" }), &[("SINK__WITH", "5")]), Ok(Adjacent::Count(5)));
    let section = json!({ "sink": { "with": { "path": "", "size": 1, "siz": 1 }, "kind": "file" } });
    assert_eq!(refused::<Sink<Adjacent>>(section), "`plugins.tests.sink.with.siz`: unknown key");
}

#[test]
fn a_variable_in_an_untagged_enum_is_what_its_first_variant_that_fits_reads() {
    assert_eq!(read(json!({}), &[("SINK", "5")]), Ok(Sink { sink: Untagged::Count(5) }));
    assert_eq!(read(json!({}), &[("SINK", "high")]), Ok(Sink { sink: Untagged::Word("high".into()) }));
    let long = Untagged::Long { host: "7".into(), port: Some(80) };
    assert_eq!(read(json!({}), &[("SINK__HOST", "7"), ("SINK__PORT", "80")]), Ok(Sink { sink: long }));
    let short = json!({ "sink": { "host": 7, "port": 80 } });
    assert_eq!(refused::<Sink<Untagged>>(short), "`plugins.tests.sink.port`: unknown key");
    let long = json!({ "sink": { "host": "x", "port": 80 } });
    assert!(read::<Sink<Untagged>>(long, &[]).is_ok(), "a key that one variant reads is read");
}

#[test]
fn variables_and_unread_keys_are_seen_where_the_type_flattens() {
    let variables = [("URL", "8"), ("RETRIES", "3"), ("MAX_AGE", "60"), ("RATIO", "0.5")];
    let expected = Flat {
        name: "1".into(),
        http: Http { url: "8".into(), retries: Some(3) },
        limits: Limits { max_age: Some(60), ratio: Some(0.5) },
    };
    assert_eq!(read(json!({ "name": "1" }), &variables), Ok(expected));
    assert_eq!(
        refused::<Flat>(json!({ "name": "1", "url": "8", "max_age": 1, "retries": null })),
        "`plugins.tests.max_age`: unknown key"
    );
}

#[test]
fn the_rest_that_a_map_collects_is_read_and_stays_text() {
    #[derive(Deserialize, Debug, PartialEq)]
    struct Headers {
        #[serde(flatten)]
        headers: BTreeMap<String, Value>,
    }
    let expected = [("a".to_owned(), json!("5")), ("b".to_owned(), json!({ "c": 1 }))].into();
    assert_eq!(read(json!({ "b": { "c": 1 } }), &[("A", "5")]), Ok(Headers { headers: expected }));
}

#[test]
fn the_keys_of_a_map_can_be_numbers_truth_values_and_variants() {
    #[derive(Deserialize, Debug, PartialEq, Eq, Hash)]
    #[serde(rename_all = "kebab-case")]
    enum Level {
        High,
    }
    #[derive(Deserialize, Debug, PartialEq, Eq, Hash)]
    struct Port(u16);

    assert_eq!(read(json!({}), &[("80", "5")]), Ok(HashMap::from([(80_u16, 5_u8)])));
    assert_eq!(read(json!({ "-1": 5 }), &[]), Ok(HashMap::from([(-1_i128, 5_u8)])));
    assert_eq!(read(json!({ "true": 5 }), &[]), Ok(HashMap::from([(true, 5_u8)])));
    assert_eq!(read(json!({ "x": 5 }), &[]), Ok(HashMap::from([('x', 5_u8)])));
    assert_eq!(read(json!({}), &[("HIGH", "5")]), Ok(HashMap::from([(Level::High, 5_u8)])));
    assert_eq!(
        read(json!({ "80": { "url": "x" } }), &[("80__RETRIES", "5")])
            .map(|read: HashMap<Port, Http>| { read[&Port(80)].retries }),
        Ok(Some(5))
    );
    assert_eq!(
        refused::<HashMap<u16, u8>>(json!({ "http": 5 })),
        "`plugins.tests.http`: invalid type: string \"http\", expected a whole number from 0 to 65535"
    );
    assert_eq!(
        refused::<HashMap<Port, Http>>(json!({ "80": { "url": "x", "retris": 1 } })),
        "`plugins.tests.80.retris`: unknown key; did you mean `retries`?"
    );
}

#[test]
fn a_variable_is_converted_to_every_type_that_is_no_text() {
    #[derive(Deserialize, Debug, PartialEq)]
    struct Wide(i128);
    #[derive(Deserialize, Debug, PartialEq)]
    struct Place(f32, Option<u8>);

    let wide = "-170141183460469231731687303715884105728";
    assert_eq!(read(json!({}), &[("SINK", wide)]), Ok(Sink { sink: Wide(i128::MIN) }));
    assert_eq!(read(json!({}), &[("SINK", &u128::MAX.to_string())]), Ok(Sink { sink: u128::MAX }));
    assert_eq!(read(json!({}), &[("SINK", "5")]), Ok(Sink { sink: Some(Some(5_u8)) }));
    assert_eq!(read(json!({}), &[("SINK", "[0.5, 7]")]), Ok(Sink { sink: Place(0.5, Some(7)) }));
    assert_eq!(read(json!({}), &[("SINK", "[[1, 2], [3, 4]]")]), Ok(Sink { sink: [(1_u8, 2_u8), (3, 4)] }));
    assert_eq!(read(json!({}), &[("SINK", "x\n")]), Ok(Sink { sink: 'x' }));
    assert_eq!(read(json!({}), &[("SINK", "stderr\n")]), Ok(Sink { sink: External::Stderr }));
    let wrong = read::<Sink<Vec<Http>>>(json!({}), &[("SINK", "[{ url = 'x', retris = 1 }]")]);
    assert!(wrong.unwrap_err().contains("`plugins.tests.sink[0].retris`: unknown key; did you mean"));
}

#[test]
fn a_variable_that_is_no_finite_number_is_refused() {
    for text in ["nan", "inf", "-infinity", "1e999"] {
        let wrong = read::<Sink<f64>>(json!({}), &[("SINK", text)]).unwrap_err();
        assert!(wrong.contains("`plugins.tests.sink`: invalid type: string"), "{wrong}");
    }
    assert_eq!(read(json!({}), &[("SINK", "5")]), Ok(Sink { sink: 5.0_f64 }));
    assert_eq!(read(json!({}), &[("SINK", "0.1")]), Ok(Sink { sink: 0.1_f32 }));
}

#[test]
fn a_table_that_only_variables_name_is_found_by_the_field_of_the_type() {
    #[derive(Deserialize, Debug, PartialEq)]
    #[serde(rename_all = "kebab-case")]
    struct Settings {
        retry_policy: Limits,
    }
    let limits = Limits { max_age: Some(3), ratio: None };
    assert_eq!(read(json!({}), &[("RETRY_POLICY__MAX_AGE", "3")]), Ok(Settings { retry_policy: limits }));
}

#[test]
fn tagged_enums_in_a_list_are_checked_one_by_one() {
    let rules =
        json!({ "sink": [{ "kind": "stderr" }, { "kind": "file", "path": "x", "max-size": 1, "y": 2 }] });
    assert_eq!(refused::<Sink<Vec<Internal>>>(rules), "`plugins.tests.sink[1].y`: unknown key");
}

#[test]
fn a_number_that_does_not_fit_is_told_those_that_do_and_the_unit_that_its_key_says() {
    #[derive(Deserialize, Debug, Default)]
    #[serde(default)]
    struct Numbers {
        tries: u8,
        lease_ms: Option<NonZero<u64>>,
        pause_s: Option<NonZero<u32>>,
        #[serde(rename = "longest-s")]
        longest: u64,
        offset: i8,
        ratio: f64,
        tries_s: Vec<u8>,
    }

    for (section, expected) in [
        (
            json!({ "lease_ms": 0 }),
            "lease_ms`: invalid value: integer `0`, expected a whole number from 1 on, of milliseconds",
        ),
        (
            json!({ "pause_s": -1 }),
            "pause_s`: invalid value: integer `-1`, expected a whole number from 1 to 4294967295, of seconds",
        ),
        (
            json!({ "longest-s": 1.5 }),
            "longest-s`: invalid type: floating point `1.5`, expected a whole number from 0 on, of seconds",
        ),
        (
            json!({ "longest-s": null }),
            "longest-s`: invalid type: null, expected a whole number from 0 on, of seconds",
        ),
        (
            json!({ "tries": 256 }),
            "tries`: invalid value: integer `256`, expected a whole number from 0 to 255",
        ),
        (
            json!({ "offset": 128 }),
            "offset`: invalid value: integer `128`, expected a whole number from -128 to 127",
        ),
        (json!({ "ratio": "half" }), "ratio`: invalid type: string \"half\", expected a number"),
        (json!({ "tries_s": 5 }), "tries_s`: invalid type: integer `5`, expected a list"),
    ] {
        assert_eq!(refused::<Numbers>(section), format!("`plugins.tests.{expected}"));
    }
    let from_a_variable = read::<Numbers>(json!({}), &[("PAUSE_S", "0")]).unwrap_err();
    assert!(from_a_variable.contains("from 1 to 4294967295, of seconds"), "{from_a_variable}");
}
