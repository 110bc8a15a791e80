//! Do an event's two forms agree, with each other and with `serde_json`, for whatever serde can make?
//!
//! The values are the same in each run. `PROPTEST_CASES=100000 PROPTEST_RNG_SEED=7 cargo test -p tests --test
//! generated` tries more and others; what that finds becomes a test with a name, here.

mod check;
mod numbers;
mod shape;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use check::check;
use shape::{Displayed, Length, Name, Shape};

fn config() -> ProptestConfig {
    let mut config = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    if matches!(config.rng_seed, RngSeed::Random) {
        config.rng_seed = RngSeed::Fixed(1);
    }
    config
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn map_text_and_serde_json_agree_and_what_is_no_json_is_refused(shape in shapes()) {
        check(&shape);
    }

    #[test]
    fn an_f32_is_the_same_number_in_both_forms(bits in any::<u32>()) {
        check(&Shape::F32(f32::from_bits(bits)));
    }
}

fn shapes() -> impl Strategy<Value = Shape> {
    plain().prop_recursive(4, 24, 4, |inner| {
        let one = inner.clone().prop_map(Box::new);
        let list = vec(inner.clone(), 0..4);
        // Mostly complete entries, with keys that are possible.
        let key = prop_oneof![8 => keys(), 1 => inner.clone()];
        let part = option::weighted(0.95, key);
        let entries = vec((part, option::weighted(0.95, inner.clone())), 0..4);
        let fields = vec((names(), option::weighted(0.8, inner)), 0..10);
        prop_oneof![
            one.clone().prop_map(Shape::Some),
            one.clone().prop_map(Shape::NewtypeStruct),
            (names(), one).prop_map(|(name, it)| Shape::NewtypeVariant(name, it)),
            (lengths(), list.clone()).prop_map(|(len, list)| Shape::Seq(len, list)),
            (lengths(), list.clone()).prop_map(|(len, list)| Shape::Tuple(len, list)),
            (lengths(), list.clone()).prop_map(|(len, list)| Shape::TupleStruct(len, list)),
            (names(), lengths(), list).prop_map(|(name, len, list)| Shape::TupleVariant(name, len, list)),
            (lengths(), entries).prop_map(|(len, entries)| Shape::Map(len, entries)),
            (lengths(), fields.clone()).prop_map(|(len, fields)| Shape::Struct(len, fields)),
            (names(), lengths(), fields)
                .prop_map(|(name, len, fields)| Shape::StructVariant(name, len, fields)),
        ]
    })
}

/// Mostly values that JSON can represent: a single other one makes the whole event fail.
fn plain() -> impl Strategy<Value = Shape> {
    let json = prop_oneof![
        any::<i8>().prop_map(Shape::I8),
        any::<i16>().prop_map(Shape::I16),
        any::<i32>().prop_map(Shape::I32),
        any::<u16>().prop_map(Shape::U16),
        any::<u32>().prop_map(Shape::U32),
        any::<u64>().prop_map(Shape::U64),
        any::<i64>().prop_map(|it| Shape::I128(it.into())),
        any::<u64>().prop_map(|it| Shape::U128(it.into())),
        any::<f32>().prop_map(Shape::F32),
        any::<f64>().prop_map(Shape::F64),
        vec(any::<u8>(), 0..4).prop_map(Shape::Bytes),
        Just(Shape::None),
        Just(Shape::Unit),
        Just(Shape::UnitStruct),
    ];
    let no_json = prop_oneof![
        any::<i128>().prop_map(Shape::I128),
        any::<u128>().prop_map(Shape::U128),
        prop_oneof![Just(f32::NAN), Just(f32::INFINITY), Just(f32::NEG_INFINITY)].prop_map(Shape::F32),
        prop_oneof![Just(f64::NAN), Just(f64::INFINITY), Just(f64::NEG_INFINITY)].prop_map(Shape::F64),
        any::<String>().prop_map(|text| Shape::Displayed(Displayed { text, fails: true })),
        Just(Shape::Refuses),
    ];
    prop_oneof![20 => json, 20 => keys(), 1 => no_json]
}

/// Keys that `serde_json` accepts; there are few, so that equal ones occur.
fn keys() -> impl Strategy<Value = Shape> {
    prop_oneof![
        any::<bool>().prop_map(Shape::Bool),
        (0..3_u8).prop_map(Shape::U8),
        (-1..2_i64).prop_map(Shape::I64),
        any::<i128>().prop_map(Shape::I128),
        any::<f32>().prop_map(Shape::F32),
        any::<char>().prop_map(Shape::Char),
        "[1a]{0,2}".prop_map(Shape::Str),
        any::<String>().prop_map(Shape::Str),
        "[1a]{0,2}".prop_map(|text| Shape::Displayed(Displayed { text, fails: false })),
        names().prop_map(Shape::UnitVariant),
        (0..3_u8).prop_map(|it| Shape::Some(Box::new(Shape::U8(it)))),
        (0..3_u8).prop_map(|it| Shape::NewtypeStruct(Box::new(Shape::U8(it)))),
    ]
}

fn names() -> impl Strategy<Value = Name> + Clone {
    (0..12_u8).prop_map(Name)
}

fn lengths() -> impl Strategy<Value = Length> {
    prop_oneof![
        4 => Just(Length::Exact), 2 => Just(Length::Unknown), 1 => Just(Length::Zero), 1 => Just(Length::Huge),
    ]
}

/// Cases that were found by chance before.
mod found {
    use super::*;

    #[test]
    fn a_large_f32_is_written_alike_in_both_forms() {
        check(&Shape::F32(1e15));
    }

    #[test]
    fn a_length_that_is_wrong_does_no_harm() {
        let one = || vec![Shape::Unit];
        for wrong in [Length::Zero, Length::Huge] {
            check(&Shape::Seq(wrong, one()));
            check(&Shape::Tuple(wrong, one()));
            check(&Shape::TupleStruct(wrong, one()));
            check(&Shape::TupleVariant(Name(0), wrong, one()));
            check(&Shape::Map(wrong, vec![(Some(Shape::Bool(true)), Some(Shape::Unit))]));
            check(&Shape::Struct(wrong, vec![(Name(0), Some(Shape::Unit))]));
            check(&Shape::StructVariant(Name(0), wrong, vec![(Name(0), Some(Shape::Unit))]));
        }
    }

    #[test]
    fn a_value_that_is_too_deep_is_refused_also_as_a_key() {
        for levels in [49, 50, 51, 98, 99, 100, 101, 150] {
            let nested = |wrap: fn(Shape) -> Shape, leaf| (0..levels).fold(leaf, |inner, _| wrap(inner));
            check(&nested(|inner| Shape::Seq(Length::Exact, vec![inner]), Shape::Unit));
            check(&nested(|inner| Shape::Some(Box::new(inner)), Shape::Unit));
            check(&nested(|inner| Shape::NewtypeVariant(Name(0), Box::new(inner)), Shape::Unit));
            check(&nested(
                |inner| Shape::StructVariant(Name(0), Length::Exact, vec![(Name(1), Some(inner))]),
                Shape::Unit,
            ));
            let key = nested(|inner| Shape::NewtypeStruct(Box::new(inner)), Shape::Char('k'));
            check(&Shape::Map(Length::Exact, vec![(Some(key), Some(Shape::Unit))]));
        }
    }

    #[test]
    fn a_display_that_fails_is_refused_without_a_panic() {
        let failing = || Shape::Displayed(Displayed { text: "half".to_owned(), fails: true });
        check(&failing());
        check(&Shape::Map(Length::Exact, vec![(Some(failing()), Some(Shape::Unit))]));
    }

    #[test]
    fn a_map_whose_keys_and_values_do_not_alternate_is_refused_without_a_panic() {
        let (key, value) = (|| Some(Shape::Char('k')), || Some(Shape::Unit));
        check(&Shape::Map(Length::Exact, vec![(None, value())]));
        check(&Shape::Map(Length::Exact, vec![(key(), None)]));
        check(&Shape::Map(Length::Exact, vec![(key(), None), (Some(Shape::Char('l')), value())]));
        check(&Shape::Map(Length::Exact, vec![(key(), None), (None, value())]));
    }
}
