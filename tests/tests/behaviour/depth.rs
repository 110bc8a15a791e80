//! How deep the properties of an event and its actor may be, and that nothing overflows the stack below or above that.

use std::sync::{Arc, Mutex};

use event_core::error::PropertiesError;
use event_core::plugin::MAX_DEPTH;
use event_core::prelude::*;
use event_core::{Error, Properties, Record, Tracked};
use serde::ser::{
    SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTupleVariant,
};
use serde::{Serialize, Serializer};
use serde_json::Value;

#[derive(Event)]
struct Holds {
    it: Nest,
}

#[derive(Event)]
#[event(serialize)]
struct Whole(Nest);

impl Serialize for Whole {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(to)
    }
}

/// A value of this depth that takes no memory.
#[derive(Clone, Copy, Debug)]
struct Nest {
    levels: usize,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    List,
    Tuple,
    Map,
    Struct,
    NewtypeVariant,
    TupleVariant,
    StructVariant,
    Some,
    Newtype,
    /// A list whose items are three wrappers each.
    Wrapped,
}

const ALL: [Kind; 10] = [
    Kind::List,
    Kind::Tuple,
    Kind::Map,
    Kind::Struct,
    Kind::NewtypeVariant,
    Kind::TupleVariant,
    Kind::StructVariant,
    Kind::Some,
    Kind::Newtype,
    Kind::Wrapped,
];

impl Serialize for Nest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let Some(levels) = self.levels.checked_sub(1) else { return to.serialize_unit() };
        let inner = Self { levels, ..*self };
        match self.kind {
            Kind::List => {
                let mut list = to.serialize_seq(None)?;
                list.serialize_element(&inner)?;
                list.end()
            }
            Kind::Tuple => (inner,).serialize(to),
            Kind::Map => {
                let mut map = to.serialize_map(None)?;
                map.serialize_entry("k", &inner)?;
                map.end()
            }
            Kind::Struct => {
                let mut fields = to.serialize_struct("S", 1)?;
                fields.serialize_field("k", &inner)?;
                fields.end()
            }
            Kind::NewtypeVariant => to.serialize_newtype_variant("E", 0, "V", &inner),
            Kind::TupleVariant => {
                let mut list = to.serialize_tuple_variant("E", 0, "V", 1)?;
                list.serialize_field(&inner)?;
                list.end()
            }
            Kind::StructVariant => {
                let mut fields = to.serialize_struct_variant("E", 0, "V", 1)?;
                fields.serialize_field("k", &inner)?;
                fields.end()
            }
            Kind::Some => to.serialize_some(&inner),
            Kind::Newtype => to.serialize_newtype_struct("N", &inner),
            Kind::Wrapped => [Some(Some(Newtype(inner)))].serialize(to),
        }
    }
}

#[derive(Serialize)]
struct Newtype(Nest);

/// How many levels of the value a field may have.
fn most(kind: Kind) -> usize {
    match kind {
        Kind::Some | Kind::Newtype => MAX_DEPTH,
        Kind::TupleVariant | Kind::StructVariant => (MAX_DEPTH - 1) / 2,
        Kind::Wrapped => MAX_DEPTH / 3,
        _ => MAX_DEPTH - 1,
    }
}

/// Both forms, which must agree on success or failure.
fn forms<E: Event>(event: E) -> Result<(Properties, String), PropertiesError> {
    let seen = Arc::new(Mutex::new(None));
    let kept = seen.clone();
    let app = App::builder().without_linked().event::<E>().on(move |event: &Tracked<E>| {
        let mut text = Vec::new();
        let written = event.write_properties(&mut text);
        let text = String::from_utf8(text).expect("JSON is UTF-8");
        let forms = match (event.properties().cloned(), written) {
            (Ok(map), Ok(())) => Ok((map, text)),
            (Err(_), Err(error)) => Err(error),
            (map, text) => panic!("one form is refused, the other isn't: {map:?}, {text:?}"),
        };
        *kept.lock().expect("no panic") = Some(forms);
    });
    app.start().wait().unwrap().track(event).wait().unwrap().strict().unwrap();
    seen.lock().unwrap().take().expect("the closure ran")
}

/// Runs on a thread as small as a runtime's.
fn on_a_small_stack(run: impl FnOnce() + Send + 'static) {
    let thread =
        std::thread::Builder::new().stack_size(2 << 20).spawn(run).expect("there is room for a thread");
    if let Err(panicked) = thread.join() {
        std::panic::resume_unwind(panicked);
    }
}

#[test]
fn what_is_as_deep_as_it_may_be_is_written_and_read_back_on_a_small_stack() {
    on_a_small_stack(|| {
        for kind in ALL {
            let (map, text) = forms(Holds { it: Nest { levels: most(kind), kind } }).expect("not too deep");
            let read: Value = serde_json::from_str(&text).expect("a reader takes it");
            assert_eq!(read, Value::Object(map), "{kind:?}");

            // A record around it, in a list, is read as well.
            let record = json!([{
                "id": "019aab2c-5a00-7000-8000-000000000001", "name": "holds", "created": "2026-11-22T11:57:54Z",
                "actor": read, "properties": read,
            }]);
            let records: Vec<Record> = serde_json::from_str(&record.to_string()).expect("a reader takes it");
            assert_eq!((&records[0] as &Tracked).properties_json().expect("not too deep"), text);
        }
    });
}

#[test]
fn what_is_deeper_than_it_may_be_is_refused_in_both_forms_on_a_small_stack() {
    on_a_small_stack(|| {
        for kind in ALL {
            for levels in [most(kind) + 1, 1_200, 1_000_000] {
                let error = forms(Holds { it: Nest { levels, kind } }).expect_err("it is too deep");
                assert_eq!(error.event(), "holds");
                let why = std::error::Error::source(&error).expect("it says why").to_string();
                assert!(why.ends_with("deeper than 100 levels"), "{kind:?}: {why}");
                forms(Whole(Nest { levels: levels + 1, kind })).expect_err("it is too deep");
            }
        }
    });
}

#[test]
fn the_events_own_object_counts_as_a_level() {
    let nest = |levels| Nest { levels, kind: Kind::Map };
    assert!(forms(Whole(nest(MAX_DEPTH))).is_ok());
    assert!(forms(Whole(nest(MAX_DEPTH + 1))).is_err());
    assert!(forms(Holds { it: nest(MAX_DEPTH - 1) }).is_ok());
    assert!(forms(Holds { it: nest(MAX_DEPTH) }).is_err());
}

fn deep(levels: usize) -> Value {
    (0..levels).fold(Value::Null, |inner, _| json!([inner]))
}

#[test]
fn an_event_by_an_actor_that_is_too_deep_is_not_tracked_and_no_implementation_runs() {
    let app = App::builder().without_linked().event::<Holds>().on(|event: &Tracked<Holds>| {
        assert_eq!(event.actor().and_then(Actor::id), Some("ada"));
    });
    let app = app.start().wait().unwrap();
    let by = |levels| {
        let actor = Actor::new("ada").with("scopes", deep(levels));
        app.track(Holds { it: Nest { levels: 0, kind: Kind::List } }).by(actor)
    };
    by(MAX_DEPTH - 1).wait().unwrap().strict().unwrap();
    let waited = by(MAX_DEPTH).wait().map(drop);
    let awaited = smol::block_on(async { by(MAX_DEPTH).await.map(drop) });
    let prepared = by(MAX_DEPTH).prepare().map(drop);
    for refused in [waited, awaited, prepared] {
        let error = refused.expect_err("it is too deep");
        assert!(matches!(error, Error::Envelope { name: "holds", .. }));
        assert_eq!(
            error.to_string(),
            "failed to track event `holds`: its actor can't be written: `scopes`: lists and objects are nested \
             deeper than 100 levels"
        );
    }
    assert!(serde_json::from_value::<Actor>(json!({ "scopes": deep(MAX_DEPTH) })).is_err());
}

#[test]
fn a_record_that_is_too_deep_is_neither_read_nor_written() {
    on_a_small_stack(|| {
        let record = |properties: &Value, actor: &Value| {
            serde_json::from_value::<Record>(json!({
                "id": "019aab2c-5a00-7000-8000-000000000001", "name": "holds", "created": "2026-11-22T11:57:54Z",
                "actor": actor, "properties": properties,
            }))
        };
        let too_deep = json!({ "it": deep(MAX_DEPTH) });
        assert!(record(&too_deep, &json!(null)).is_err());
        assert!(record(&json!({}), &too_deep).is_err());
        let mut record = record(&json!({}), &json!(null)).expect("it is flat");
        record.properties.insert("it".to_owned(), deep(1_000));
        let event: &Tracked = &record;
        let mut text = b"before".to_vec();
        assert_eq!(event.write_properties(&mut text).expect_err("it is too deep").event(), "holds");
        assert_eq!(text, b"before");
        assert!(event.properties_json().is_err());
    });
}
