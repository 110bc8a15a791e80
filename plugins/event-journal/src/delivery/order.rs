//! Which events of a consumer are called one after the other.

use std::hash::{DefaultHasher, Hash, Hasher};

use event_core::Record;
use event_core::plugin::Order;
use serde_json::Value;

use crate::delivery::jobs::LaneKey;
use crate::journal::Entry;

/// The lane of events without a key.
const WITHOUT_KEY: LaneKey = 0;

/// The lane of an event. Only within a process: the hash is std's, and may be another one in the next version.
pub(crate) fn lane_of(order: Order, entry: &Entry) -> LaneKey {
    match order {
        Order::ByKey(path) => {
            let key = entry.event.as_ref().ok().and_then(|event| key(event, path));
            key.map_or(WITHOUT_KEY, |key| {
                let mut hasher = DefaultHasher::new();
                key.hash(&mut hasher);
                // Another lane than that of the events without one.
                hasher.finish().max(1)
            })
        }
        Order::None => entry.seq,
        _ => WITHOUT_KEY,
    }
}

/// Whether an event has no key where it should have one.
pub(crate) fn is_without_key(order: Order, entry: &Entry) -> bool {
    matches!(order, Order::ByKey(_)) && lane_of(order, entry) == WITHOUT_KEY
}

/// The key of an event as JSON, so that the number 1 isn't the text "1".
pub(crate) fn key(event: &Record, path: &str) -> Option<String> {
    let found = if path == "actor" {
        event.actor.as_ref()?.get("id")?
    } else {
        let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
        let property = event.properties.get(first)?;
        rest.map_or(Some(property), |rest| rest.split('.').try_fold(property, |value, name| value.get(name)))?
    };
    (*found != Value::Null).then(|| found.to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(actor: &Value, properties: &Value) -> Record {
        let event = json!({
            "id": "019aab2c-5a00-7000-8000-000000000001", "name": "order-placed", "created": "2026-11-29T08:00:00Z",
            "actor": actor, "properties": properties,
        });
        serde_json::from_value(event).expect("an event")
    }

    #[test]
    fn a_key_is_a_property_at_any_depth_or_the_actors_id_and_null_is_none() {
        let event = event(&json!({ "id": 7 }), &json!({ "user": { "id": "1", "none": null }, "number": 1 }));
        let key = |path| key(&event, path);
        assert_eq!(key("user.id").as_deref(), Some("\"1\""));
        assert_eq!(key("number").as_deref(), Some("1"));
        assert_eq!(key("user").as_deref(), Some(r#"{"id":"1","none":null}"#));
        assert_eq!(key("actor").as_deref(), Some("7"));
        for missing in ["user.none", "user.id.more", "nothing", "number.id"] {
            assert_eq!(key(missing), None, "{missing}");
        }
    }
}
