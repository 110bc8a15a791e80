//! What has to hold for the properties of an event, whatever is in it.
//!
//! The fuzz target `properties` has this file too.

use std::sync::{Arc, Mutex};

use event_core::Properties;
use event_core::error::PropertiesError;
use event_core::plugin::MAX_DEPTH;
use event_core::prelude::*;

use crate::shape::Shape;

/// # Panics
/// If the two forms differ, or differ from `serde_json`'s text, or aren't refused although they must be.
pub fn check(shape: &Shape) {
    let refused = shape.is_no_json();
    let alone = (!refused).then(|| shape.as_serde_json_writes_it());

    let expected = alone.as_ref().filter(|_| !shape.is_deeper_than(MAX_DEPTH - 1, MAX_DEPTH));
    let expected = expected.map(|alone| format!(r#"{{"before":1,"it":{alone},"after":2}}"#));
    assert_eq!(written(InAField { before: 1, it: shape.clone(), after: 2 }), expected, "as a field");

    let expected = alone.filter(|_| shape.is_object() && !shape.is_deeper_than(MAX_DEPTH, MAX_DEPTH));
    assert_eq!(written(Whole(shape.clone())), expected, "as the whole event");

    // Serde decides what can be flattened, and how. Checked here: both forms agree (in `written`), and no invalid value
    // gets through. For `flatten` serde keeps parts in a form of its own, and panics where a length is
    // too large or a `Display` fails, before a serializer is called.
    let flat = written(Flattened { before: 1, it: shape.tidied() });
    assert!(!refused || flat.is_none(), "flattened, it is written as {flat:?}");
}

#[derive(Event)]
struct InAField {
    before: u8,
    it: Shape,
    after: u8,
}

#[derive(Event)]
#[event(serialize)]
struct Whole(Shape);

impl serde::Serialize for Whole {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

#[derive(Event)]
struct Flattened {
    before: u8,
    #[serde(flatten)]
    it: Shape,
}

/// The text of both forms, after they were compared; `None` if both were refused.
fn written<E: Event>(event: E) -> Option<String> {
    type Forms = (Result<Properties, PropertiesError>, Result<Vec<u8>, PropertiesError>);
    let seen: Arc<Mutex<Option<Forms>>> = Arc::default();
    let kept = seen.clone();
    let app = App::builder().without_linked().event::<E>().on::<Tracked<E>, _>(move |event| {
        let mut text = Vec::new();
        let result = event.write_properties(&mut text);
        *kept.lock().unwrap() = Some((event.properties().cloned(), result.map(|()| text)));
    });
    app.start().wait().unwrap().track(event).wait().unwrap().strict().unwrap();
    let forms = seen.lock().unwrap().take().expect("the closure ran");
    match forms {
        (Ok(map), Ok(text)) => {
            let text = String::from_utf8(text).expect("JSON is UTF-8");
            assert_eq!(serde_json::to_string(&map).unwrap(), text, "map and text");
            Some(text)
        }
        (Err(_), Err(_)) => None,
        (map, text) => panic!("one form is refused, the other isn't: {map:?}, {text:?}"),
    }
}
