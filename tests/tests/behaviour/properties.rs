//! An event's properties: what serde's attributes mean, what can't be written, and that both forms agree.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::Mutex;

use event_core::Properties;
use event_core::error::PropertiesError;
use event_core::prelude::*;
use serde::{Serialize, Serializer};

/// Both forms of an event's properties, after they were compared.
type Forms = Result<(String, Properties), PropertiesError>;

fn forms<E: Event>(event: E) -> Forms {
    let seen = std::sync::Arc::new(Mutex::new(None));
    let kept = seen.clone();
    let app = App::builder().without_linked().event::<E>().on::<Tracked<E>, _>(move |event| {
        let mut text = b"before ".to_vec();
        let written = event.write_properties(&mut text);
        let text = String::from_utf8(text).unwrap();
        let text = text.strip_prefix("before ").expect("what was in the buffer stays").to_owned();
        if written.is_err() {
            assert_eq!(text, "", "a failure leaves the buffer as it was");
        }
        let json = event.properties_json().map(str::to_owned);
        let map = event.properties().cloned();
        let results = (written.is_ok(), json.is_ok(), map.is_ok());
        assert!(
            results == (true, true, true) || results == (false, false, false),
            "{results:?}: {written:?}"
        );
        *kept.lock().unwrap() = Some(map.map(|map| {
            assert_eq!(json.unwrap(), text);
            assert_eq!(serde_json::to_string(&map).unwrap(), text, "map and text agree");
            (text, map)
        }));
    });
    app.start().wait().unwrap().track(event).wait().unwrap().strict().unwrap();
    seen.lock().unwrap().take().expect("the closure ran")
}

fn text<E: Event>(event: E) -> String {
    forms(event).unwrap().0
}

fn cause<E: Event>(event: E) -> String {
    let error = forms(event).unwrap_err();
    assert!(error.to_string().starts_with(&format!("the properties of event `{}` can't", error.event())));
    std::error::Error::source(&error).unwrap().to_string()
}

#[derive(Serialize, Default)]
struct User {
    id: u8,
    name: &'static str,
}

#[derive(Event)]
struct Logout;

#[derive(Event)]
struct Empty {}

#[test]
fn an_event_without_fields_has_an_empty_object() {
    assert_eq!((text(Logout), text(Empty {})), ("{}".to_owned(), "{}".to_owned()));
}

mod serde_attributes {
    use super::*;

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
    fn is_zero(number: &u8) -> bool {
        *number == 0
    }

    mod shouting {
        pub fn serialize<S: serde::Serializer>(text: &str, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.serialize_str(&text.to_uppercase())
        }
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
    fn as_hex<S: Serializer>(number: &u8, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{number:#x}"))
    }

    #[derive(Event)]
    #[serde(rename_all = "camelCase")]
    struct Everything {
        z_first: u8,
        #[serde(rename = "other-name")]
        renamed: u8,
        #[serde(skip)]
        _skipped: std::marker::PhantomData<u8>,
        #[serde(skip_serializing_if = "is_zero")]
        zero: u8,
        #[serde(skip_serializing_if = "is_zero")]
        not_zero: u8,
        #[serde(with = "shouting")]
        with: String,
        #[serde(serialize_with = "as_hex")]
        hex: u8,
        #[serde(default)]
        default: Option<u8>,
        #[serde(flatten)]
        user: User,
        r#type: &'static str,
        a_last: Vec<User>,
    }

    /// Attributes that the derive reads itself, under each rule of `rename_all`.
    #[test]
    #[expect(non_snake_case, reason = "names that rules could stumble over")]
    fn that_are_common_give_what_serde_gives() {
        macro_rules! agree {
            ($($module:ident $rule:literal)*) => {$(
                mod $module {
                    use super::*;

                    #[derive(Event, Serialize, Clone, Default)]
                    #[serde(rename_all = $rule, rename = "Another", deny_unknown_fields)]
                    struct Plain {
                        x: u8,
                        first_name: u8,
                        _hidden_: u8,
                        two__bars: u8,
                        mixedCase: u8,
                        with_1_digit: u8,
                        r#match: u8,
                        #[serde(rename = "Given-name", alias = "a", alias = "b")]
                        renamed: u8,
                        #[serde(skip_serializing)]
                        #[expect(dead_code, reason = "it is skipped")]
                        never: u8,
                        #[serde(default, skip_deserializing, skip_serializing_if = "is_zero")]
                        sometimes: u8,
                        #[serde(rename = "again")]
                        #[serde(skip_serializing_if = "Option::is_none")]
                        both: Option<u8>,
                    }

                    /// With names that are not.
                    #[derive(Event, Serialize, Clone, Default)]
                    #[serde(rename_all = $rule)]
                    struct Odd {
                        größe_in_cm: u8,
                        #[serde(rename = "\"quoted\"")]
                        quoted: u8,
                    }

                    pub(super) fn check() {
                        let theirs = serde_json::to_string(&Odd::default()).expect("it can be written");
                        assert_eq!(text(Odd::default()), theirs, "{}", $rule);
                        let zero = Plain::default();
                        let one = Plain { sometimes: 1, both: Some(2), ..Plain::default() };
                        for event in [zero, one] {
                            let theirs = serde_json::to_string(&event).expect("it can be written");
                            assert_eq!(text(event), theirs, "{}", $rule);
                        }
                    }
                }
                $module::check();
            )*};
        }
        agree! {
            lower "lowercase" upper "UPPERCASE" pascal "PascalCase" camel "camelCase" snake "snake_case"
            screaming "SCREAMING_SNAKE_CASE" kebab "kebab-case" screaming_kebab "SCREAMING-KEBAB-CASE"
        }
    }

    #[test]
    fn mean_what_they_mean_to_serde_and_keys_come_in_order_of_declaration() {
        let event = Everything {
            z_first: 1,
            renamed: 2,
            _skipped: std::marker::PhantomData,
            zero: 0,
            not_zero: 3,
            with: "loud".into(),
            hex: 255,
            default: None,
            user: User { id: 7, name: "eve" },
            r#type: "t",
            a_last: vec![User::default()],
        };
        assert_eq!(
            text(event),
            concat!(
                r#"{"zFirst":1,"other-name":2,"notZero":3,"with":"LOUD","hex":"0xff","default":null,"#,
                r#""id":7,"name":"eve","type":"t","aLast":[{"id":0,"name":""}]}"#
            )
        );
    }

    #[derive(Event)]
    #[serde(tag = "kind")]
    struct Tagged {
        a: u8,
    }

    #[derive(Event)]
    #[serde(tag = "kind", rename = "renamed")]
    struct RenamedTag {
        a: u8,
    }

    #[test]
    fn a_tag_is_the_events_own_type_name_or_its_rename() {
        assert_eq!(text(Tagged { a: 1 }), r#"{"kind":"Tagged","a":1}"#);
        assert_eq!(text(RenamedTag { a: 1 }), r#"{"kind":"renamed","a":1}"#);
    }

    #[derive(Event)]
    struct Generic<T: Clone, const N: usize>
    where
        T: PartialEq,
    {
        item: T,
        #[serde(serialize_with = "as_list")]
        items: [T; N],
        more: Option<Box<Self>>,
    }

    fn as_list<T: Serialize, S: Serializer, const N: usize>(
        items: &[T; N],
        to: S,
    ) -> Result<S::Ok, S::Error> {
        items.as_slice().serialize(to)
    }

    #[test]
    fn generic_events_with_bounds_constants_and_self_work() {
        let inner = Generic { item: 1_u8, items: [2; 2], more: None };
        assert_eq!(text(inner), r#"{"item":1,"items":[2,2],"more":null}"#);
    }

    impl<T: Clone + PartialEq, const N: usize> Serialize for Generic<T, N> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.serialize_unit()
        }
    }

    #[derive(Event)]
    #[event(serialize)]
    struct ByHand(u8);

    impl Serialize for ByHand {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            if self.0 == 0 {
                serializer.serialize_str("no object")
            } else {
                User { id: self.0, name: "" }.serialize(serializer)
            }
        }
    }

    #[test]
    fn an_own_serialize_is_used_and_must_write_an_object() {
        assert_eq!(text(ByHand(1)), r#"{"id":1,"name":""}"#);
        assert!(cause(ByHand(0)).contains("no JSON object"));
    }

    #[derive(Event)]
    #[allow(deprecated)]
    struct Old {
        #[deprecated]
        field: u8,
    }

    #[test]
    #[expect(deprecated)]
    fn a_deprecated_field_is_written() {
        assert_eq!(text(Old { field: 1 }), r#"{"field":1}"#);
    }
}

mod what_json_cannot_hold {
    use super::*;

    #[derive(Event)]
    struct Holds<T> {
        fine: u8,
        it: T,
    }

    fn holds<T: Serialize + Send + Sync + 'static>(it: T) -> Holds<T> {
        Holds { fine: 1, it }
    }

    #[derive(Serialize)]
    enum Variant {
        Struct { x: f64 },
        Tuple(f64, f64),
        Newtype(f64),
    }

    #[test]
    fn numbers_that_are_not_finite_are_refused_at_any_depth() {
        assert_eq!(cause(holds(f64::NAN)), "`it`: NaN is not a JSON number");
        assert_eq!(cause(holds(vec![Some(1.0), Some(f32::INFINITY)])), "`it`: inf is not a JSON number");
        let deep = BTreeMap::from([("a", vec![(1, f64::NEG_INFINITY)])]);
        assert_eq!(cause(holds(deep)), "`it`: `a`: -inf is not a JSON number");
        assert_eq!(cause(holds(Variant::Struct { x: f64::NAN })), "`it`: `x`: NaN is not a JSON number");
        assert_eq!(cause(holds(Variant::Tuple(0.0, f64::NAN))), "`it`: NaN is not a JSON number");
        assert_eq!(cause(holds(Variant::Newtype(f64::NAN))), "`it`: NaN is not a JSON number");
    }

    #[test]
    fn none_is_null_and_no_error() {
        assert_eq!(text(holds(None::<f64>)), r#"{"fine":1,"it":null}"#);
    }

    #[test]
    fn keys_that_are_no_text_are_refused() {
        assert_eq!(cause(holds(HashMap::from([((1, 2), 3)]))), "`it`: a key must be a string");
        assert_eq!(cause(holds(BTreeMap::from([(Some(()), 3)]))), "`it`: a key must be a string");
    }

    #[test]
    fn keys_with_one_plain_text_form_are_written_as_that() {
        assert_eq!(
            text(holds(BTreeMap::from([(1_u8, 'a'), (2, 'b')]))),
            r#"{"fine":1,"it":{"1":"a","2":"b"}}"#
        );
        assert_eq!(text(holds(BTreeMap::from([(true, 'a')]))), r#"{"fine":1,"it":{"true":"a"}}"#);
        assert_eq!(text(holds(BTreeMap::from([('x', 1)]))), r#"{"fine":1,"it":{"x":1}}"#);
    }

    #[test]
    fn a_poisoned_mutex_is_refused() {
        let mutex = std::sync::Arc::new(Mutex::new(1));
        let poisoned = mutex.clone();
        let panicked = std::thread::spawn(move || {
            let _held = poisoned.lock().unwrap();
            panic!("while it is locked");
        });
        assert!(panicked.join().is_err());
        let mutex = std::sync::Arc::into_inner(mutex).unwrap();
        assert_eq!(cause(holds(mutex)), "`it`: lock poison error while serializing");
    }

    #[cfg(unix)]
    #[test]
    fn a_path_that_is_not_utf8_is_refused() {
        use std::os::unix::ffi::OsStringExt;
        let path = PathBuf::from(std::ffi::OsString::from_vec(vec![0xff]));
        assert_eq!(cause(holds(path)), "`it`: path contains invalid UTF-8 characters");
    }

    #[test]
    fn integers_of_more_than_64_bits_are_refused_and_others_are_not() {
        assert_eq!(text(holds((1_u128, -1_i128))), r#"{"fine":1,"it":[1,-1]}"#);
        assert_eq!(text(holds(u128::from(u64::MAX))), r#"{"fine":1,"it":18446744073709551615}"#);
        assert!(cause(holds(u128::MAX)).contains("more than 64 bits"));
        assert!(cause(holds(i128::MIN)).contains("more than 64 bits"));
    }

    #[test]
    fn an_f32_is_its_shortest_decimal_in_both_forms() {
        assert_eq!(
            text(holds((0.1_f32, 16_777_216_f32, 1.5e30_f32))),
            r#"{"fine":1,"it":[0.1,16777216.0,1.5e+30]}"#
        );
    }

    #[derive(Event)]
    struct FlattenTwice {
        id: u8,
        #[serde(flatten)]
        user: User,
    }

    #[derive(Event)]
    struct RenameTwice {
        a: u8,
        #[serde(rename = "a")]
        b: u8,
    }

    struct TwoEqualKeys;

    impl Serialize for TwoEqualKeys {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_map([("1", 1), ("2", 1), ("1", 2)])
        }
    }

    #[test]
    fn a_key_that_comes_twice_is_refused() {
        assert_eq!(cause(FlattenTwice { id: 1, user: User::default() }), "the key `id` comes twice");
        assert_eq!(cause(RenameTwice { a: 1, b: 2 }), "the key `a` comes twice");
        assert_eq!(cause(holds(TwoEqualKeys)), "`it`: the key `1` comes twice");
    }
}
