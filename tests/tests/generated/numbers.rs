//! Is every number read back as the one that was tracked or configured, whichever way it takes?

use std::sync::{Arc, Mutex};

use event_core::prelude::*;
use event_core::{Record, Tracked};
use proptest::prelude::*;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::config;

/// One number of each kind.
#[derive(Event, serde::Serialize, Deserialize, Clone, Debug)]
struct Numbers {
    double: f64,
    single: f32,
    signed: i64,
    unsigned: u64,
    wide_signed: i128,
    wide_unsigned: u128,
    listed: Vec<f64>,
}

/// The bits, so that `-0.0` isn't `0.0`.
type Bits = (u64, u32, i64, u64, i128, u128, Vec<u64>);

impl Numbers {
    fn bits(&self) -> Bits {
        let listed = self.listed.iter().map(|it| it.to_bits()).collect();
        let (double, single) = (self.double.to_bits(), self.single.to_bits());
        (double, single, self.signed, self.unsigned, self.wide_signed, self.wide_unsigned, listed)
    }
}

#[track_caller]
fn read<N: DeserializeOwned>(json: &str) -> N {
    serde_json::from_str(json).unwrap_or_else(|error| panic!("{json}: {error}"))
}

/// The number as each way of reading a tracked event returns it.
fn tracked(numbers: &Numbers) -> Vec<(&'static str, Numbers)> {
    let seen: Arc<Mutex<Vec<(&'static str, Numbers)>>> = Arc::default();
    let kept = seen.clone();
    let hear = move |event: &Tracked<Numbers>| {
        let map = serde_json::Value::from(event.properties().expect("it is JSON").clone());
        let text = event.properties_json().expect("it is JSON");
        let record = event.to_record().expect("it is JSON");
        let line = serde_json::to_string(&record).expect("a record can be written");
        let from_elsewhere: Record = read(&line);
        assert_eq!(from_elsewhere, record);
        let of_record = (&from_elsewhere as &Tracked).properties_json().expect("it is JSON").to_owned();
        *kept.lock().unwrap() = vec![
            ("the map, written", read(&map.to_string())),
            ("the map", Numbers::deserialize(map).expect("the fields are there")),
            ("the text", read(text)),
            ("a record", read(&of_record)),
            (
                "a record's map",
                Numbers::deserialize(serde_json::Value::from(from_elsewhere.properties)).expect("as above"),
            ),
        ];
    };
    let app = App::builder().without_linked().event::<Numbers>().on::<Tracked<Numbers>, _>(hear);
    let app = app.start().wait().expect("it starts");
    app.track(numbers.clone()).wait().and_then(event_core::Receipt::strict).expect("nothing fails");
    let seen = std::mem::take(&mut *seen.lock().unwrap());
    assert!(!seen.is_empty(), "the closure ran");
    seen
}

#[hookimpl]
fn startup(app: &App) -> event_core::Result<()> {
    app.insert(app.plugin_config::<Numbers>("tests")?)
}

/// The setting of a plugin, read from a value, a file and the environment.
fn configured(numbers: &Numbers) -> Vec<(&'static str, Numbers)> {
    let builder = || App::builder().without_linked().hook(startup);
    let settings = |builder: event_core::AppBuilder| {
        let app = builder.start().wait().unwrap_or_else(|error| panic!("{error:?}"));
        (*app.state::<Numbers>().expect("`startup` puts it in")).clone()
    };
    let value = json!({ "plugins": { "tests": numbers } });
    let keys = value["plugins"]["tests"].as_object().expect("it is an object");
    let variables =
        keys.iter().map(|(key, value)| (format!("EVENT__PLUGINS__TESTS__{key}"), value.to_string()));
    vec![
        ("a value", settings(builder().config(value.clone()))),
        ("variables", settings(builder().config_variables(variables))),
    ]
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn every_number_is_read_back_as_it_was_tracked_and_configured(
        double in any::<u64>(), single in any::<u32>(), signed in any::<i64>(), unsigned in any::<u64>(),
        listed in prop::collection::vec(any::<u64>(), 0..4),
    ) {
        let double = Some(f64::from_bits(double)).filter(|it| it.is_finite()).unwrap_or(-0.0);
        let single = Some(f32::from_bits(single)).filter(|it| it.is_finite()).unwrap_or(-0.0);
        let listed = listed.into_iter().map(f64::from_bits).filter(|it| it.is_finite()).collect();
        let (wide_signed, wide_unsigned) = (signed.into(), unsigned.into());
        let numbers = Numbers { double, single, signed, unsigned, wide_signed, wide_unsigned, listed };
        for (way, read) in tracked(&numbers).into_iter().chain(configured(&numbers)) {
            prop_assert_eq!(read.bits(), numbers.bits(), "{}: {:?}", way, read);
        }
    }
}

/// A number that `serde_json` reads wrongly without its feature `float_roundtrip`.
#[test]
fn a_float_with_many_digits_keeps_the_last_one() {
    let numbers = Numbers {
        double: 438.789_228_873_888_93,
        single: f32::MIN_POSITIVE,
        signed: i64::MIN,
        unsigned: u64::MAX,
        wide_signed: i64::MIN.into(),
        wide_unsigned: u64::MAX.into(),
        listed: vec![f64::MAX, f64::MIN_POSITIVE, 5e-324, -0.0],
    };
    for (way, read) in tracked(&numbers).into_iter().chain(configured(&numbers)) {
        assert_eq!(read.bits(), numbers.bits(), "{way}");
    }
}
