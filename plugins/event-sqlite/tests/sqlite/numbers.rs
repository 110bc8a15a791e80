//! Is every number read back from the store as the one that was tracked?

use event_core::prelude::*;
use event_sqlite::JournalExt;
use proptest::prelude::*;
use serde::Deserialize;

use crate::files::Files;

#[derive(Event, Deserialize, Clone, Debug)]
struct Numbers {
    double: f64,
    single: f32,
    signed: i64,
    unsigned: u64,
}

impl Numbers {
    /// So that `-0.0` isn't `0.0`.
    fn bits(&self) -> (u64, u32, i64, u64) {
        (self.double.to_bits(), self.single.to_bits(), self.signed, self.unsigned)
    }
}

fn numbers() -> impl Strategy<Value = Numbers> {
    (any::<u64>(), any::<u32>(), any::<i64>(), any::<u64>()).prop_map(|(double, single, signed, unsigned)| {
        let double = Some(f64::from_bits(double)).filter(|it| it.is_finite()).unwrap_or(-0.0);
        let single = Some(f32::from_bits(single)).filter(|it| it.is_finite()).unwrap_or(-0.0);
        Numbers { double, single, signed, unsigned }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_number_of_an_event_and_of_its_actor_is_read_back_as_it_was_tracked(
        tracked in prop::collection::vec(numbers(), 500),
    ) {
        let files = Files::new();
        let section = json!({ "store": { "path": "store.db" } });
        let app = files.app(section).event::<Numbers>().start().wait().expect("the app starts");
        for numbers in &tracked {
            let actor = Actor::new("ada").with("n", json!([numbers.double, numbers.signed, numbers.unsigned]));
            app.track(numbers.clone()).by(actor).wait().expect("nothing refuses");
        }
        let store = app.store().expect("it is there");
        let typed = store.events_of::<Numbers>().list().wait().expect("they can be read");
        let untyped = store.events().list().wait().expect("they can be read");
        prop_assert_eq!((typed.len(), untyped.len()), (tracked.len(), tracked.len()));
        for ((expected, typed), untyped) in tracked.iter().zip(typed).zip(untyped) {
            prop_assert_eq!(typed.bits(), expected.bits(), "{:?}", typed.event);
            let properties = serde_json::Value::from(untyped.record.properties.clone());
            let read = Numbers::deserialize(properties).expect("the fields are there");
            prop_assert_eq!(read.bits(), expected.bits(), "{:?}", read);
            let actor = typed.actor.as_ref().and_then(|actor| actor.get("n")).expect("it was tracked");
            let bits = actor[0].as_f64().map(f64::to_bits);
            let expected = (Some(expected.double.to_bits()), Some(expected.signed), Some(expected.unsigned));
            prop_assert_eq!((bits, actor[1].as_i64(), actor[2].as_u64()), expected, "{}", actor);
        }
    }
}
