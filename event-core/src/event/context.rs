//! The context of an event: trace, request, tenant, cause, and texts of the application.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use uuid::Uuid;

use crate::event::cause::IntoCause;

/// The context of an event: the trace and the request that it belongs to, the tenant, the event that led to it, and further texts under an
/// application's own name.
///
/// Cloning is cheap; the texts are shared. An event has one from
/// [`.context(…)`](crate::Track::context), or from the [`Scope`](crate::Scope) that it is tracked in. Its JSON is an
/// object of the parts that are set: `{"traceparent":"00-…","request_id":"…","tenant":"…","cause":"0199…","shop":{"cart":"17"}}`.
///
/// Values often come from the headers of a request, so they are untrusted. A value that is empty, longer than
/// [`MAX_VALUE`](Self::MAX_VALUE) bytes or has a control character is left out, and so is a malformed `traceparent`:
/// a bad header must not fail the request.
///
/// ```
/// use event_core::Context;
///
/// let context = Context::new()
///     .with_traceparent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
///     .with_request_id("5f2c")
///     .with("shop", "cart", "17");
/// assert_eq!(context.request_id(), Some("5f2c"));
/// assert_eq!(context.get("shop", "cart"), Some("17"));
/// assert_eq!(Context::new().with_traceparent("00-zz").with_request_id("a\nb"), Context::new());
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Context(Option<Arc<Texts>>);

#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Texts {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    traceparent: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tenant: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "id_if_it_is_one")]
    cause: Option<Uuid>,
    #[serde(flatten)]
    own: BTreeMap<String, BTreeMap<String, String>>,
}

/// Shows the parts that are set, and the names of the application's own.
impl std::fmt::Debug for Context {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut context = f.debug_struct("Context");
        if let Some(texts) = &self.0 {
            let known = [
                ("traceparent", &texts.traceparent),
                ("request_id", &texts.request_id),
                ("tenant", &texts.tenant),
            ];
            for (name, text) in known {
                if let Some(text) = text {
                    context.field(name, text);
                }
            }
            if let Some(cause) = &texts.cause {
                context.field("cause", cause);
            }
            for (plugin, own) in &texts.own {
                context.field(plugin, &own.keys().collect::<Vec<_>>());
            }
        }
        context.finish()
    }
}

impl Context {
    /// The longest value, in bytes.
    pub const MAX_VALUE: usize = 256;

    /// An empty one. An event with an empty context has none.
    pub fn new() -> Self {
        Self::default()
    }

    /// The W3C `traceparent` of the trace that the event belongs to, kept as text
    /// (<https://www.w3.org/TR/trace-context/#traceparent-header>). One that isn't well formed is left out.
    #[must_use]
    pub fn with_traceparent(self, value: impl Into<String>) -> Self {
        let value = value.into();
        if is_traceparent(&value) { self.change(|texts| texts.traceparent = Some(value)) } else { self }
    }

    /// The id of the request that led to the event.
    #[must_use]
    pub fn with_request_id(self, value: impl Into<String>) -> Self {
        let value = value.into();
        if is_value(&value) { self.change(|texts| texts.request_id = Some(value)) } else { self }
    }

    /// The customer or organisation that the event belongs to.
    #[must_use]
    pub fn with_tenant(self, value: impl Into<String>) -> Self {
        let value = value.into();
        if is_value(&value) { self.change(|texts| texts.tenant = Some(value)) } else { self }
    }

    /// The event that led to this one: a reference to it, to its receipt, or its id. Inside of a durable call it is there by itself.
    #[must_use]
    pub fn with_cause(self, event: impl IntoCause) -> Self {
        let cause = event.into_cause();
        self.change(|texts| texts.cause = Some(cause))
    }

    /// A text of the application's own: `with("shop", "cart", "17")`. The names `traceparent`, `request_id`, `tenant` and
    /// `cause` are taken, so an application of such a name adds nothing.
    #[must_use]
    pub fn with(
        self,
        application: impl Into<String>,
        key: impl Into<String>,
        value: impl Into<String>,
    ) -> Self {
        let (application, key, value) = (application.into(), key.into(), value.into());
        let is_taken = ["traceparent", "request_id", "tenant", "cause"].contains(&application.as_str());
        if is_taken || ![&application, &key, &value].into_iter().all(|text| is_value(text)) {
            return self;
        }
        self.change(|texts| {
            texts.own.entry(application).or_default().insert(key, value);
        })
    }

    /// The trace that the event belongs to.
    pub fn traceparent(&self) -> Option<&str> {
        self.0.as_ref()?.traceparent.as_deref()
    }

    /// The request that led to the event.
    pub fn request_id(&self) -> Option<&str> {
        self.0.as_ref()?.request_id.as_deref()
    }

    /// The customer or organisation that the event belongs to.
    pub fn tenant(&self) -> Option<&str> {
        self.0.as_ref()?.tenant.as_deref()
    }

    /// The id of the event that led to this one.
    pub fn cause(&self) -> Option<Uuid> {
        self.0.as_ref()?.cause
    }

    /// A text of an application's own.
    pub fn get(&self, application: &str, key: &str) -> Option<&str> {
        self.0.as_ref()?.own.get(application)?.get(key).map(String::as_str)
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// This context, completed by `outer`. A part that both have stays as it is here.
    #[must_use]
    pub(crate) fn within(self, outer: &Self) -> Self {
        let Some(outer) = &outer.0 else { return self };
        let Some(inner) = &self.0 else { return Self(Some(outer.clone())) };
        let mut own = outer.own.clone();
        for (application, texts) in &inner.own {
            own.entry(application.clone()).or_default().extend(texts.clone());
        }
        let texts = Texts {
            traceparent: inner.traceparent.clone().or_else(|| outer.traceparent.clone()),
            request_id: inner.request_id.clone().or_else(|| outer.request_id.clone()),
            tenant: inner.tenant.clone().or_else(|| outer.tenant.clone()),
            cause: inner.cause.or(outer.cause),
            own,
        };
        Self(Some(Arc::new(texts)))
    }

    fn change(mut self, change: impl FnOnce(&mut Texts)) -> Self {
        change(Arc::make_mut(self.0.get_or_insert_default()));
        self
    }
}

fn is_value(text: &str) -> bool {
    (1..=Context::MAX_VALUE).contains(&text.len()) && !text.contains(char::is_control)
}

/// Version, trace, parent and flags, in lower-case hexadecimal digits; ids of zeros name nothing. A later version than 00
/// may have more behind the flags.
fn is_traceparent(text: &str) -> bool {
    let mut parts = text.split('-');
    let mut hex = |digits: usize| {
        parts.next().filter(|part| {
            part.len() == digits && part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        })
    };
    let (version, trace, parent, flags) = (hex(2), hex(32), hex(16), hex(2));
    let names_something = |id: Option<&str>| id.is_some_and(|id| id.bytes().any(|digit| digit != b'0'));
    let has_more = parts.next().is_some();
    is_value(text)
        && version.is_some_and(|version| version != "ff" && (version != "00" || !has_more))
        && names_something(trace)
        && names_something(parent)
        && flags.is_some()
}

impl Serialize for Context {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Some(texts) => texts.serialize(serializer),
            None => Texts::default().serialize(serializer),
        }
    }
}

/// What isn't an id is left out, as other values are.
fn id_if_it_is_one<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Uuid>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    Ok(value.as_str().and_then(|text| text.parse().ok()))
}

/// Values that couldn't have been given are left out, as everywhere.
impl<'de> Deserialize<'de> for Context {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let texts = Texts::deserialize(deserializer)?;
        let mut context = Self::new();
        if let Some(value) = texts.traceparent {
            context = context.with_traceparent(value);
        }
        if let Some(value) = texts.request_id {
            context = context.with_request_id(value);
        }
        if let Some(value) = texts.tenant {
            context = context.with_tenant(value);
        }
        if let Some(cause) = texts.cause {
            context = context.with_cause(cause);
        }
        for (application, own) in texts.own {
            for (key, value) in own {
                context = context.with(&*application, key, value);
            }
        }
        Ok(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACEPARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn a_traceparent_that_is_not_well_formed_is_left_out() {
        let context = |text: &str| Context::new().with_traceparent(text);
        assert_eq!(context(TRACEPARENT).traceparent(), Some(TRACEPARENT));
        let later = format!("cc{}-what-comes", &TRACEPARENT[2..]);
        assert_eq!(context(&later).traceparent(), Some(&*later));
        for wrong in [
            "",
            "00",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            " 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\n",
        ] {
            assert!(context(wrong).is_empty(), "{wrong:?}");
        }
    }

    #[test]
    fn a_value_that_is_empty_too_long_or_has_a_control_character_is_left_out() {
        let longest = "x".repeat(Context::MAX_VALUE);
        assert_eq!(Context::new().with_tenant(&*longest).tenant(), Some(&*longest));
        for wrong in ["", "a\u{7}b", "a\r\nb", "\u{85}", &"x".repeat(Context::MAX_VALUE + 1)] {
            let context =
                Context::new().with_tenant(wrong).with_request_id(wrong).with("shop", "cart", wrong);
            assert!(context.with("shop", wrong, "17").with(wrong, "cart", "17").is_empty(), "{wrong:?}");
        }
        assert!(Context::new().with("tenant", "cart", "17").is_empty());
        assert!(Context::new().with("cause", "cart", "17").is_empty());
        for wrong in [r#"{"cause":"17"}"#, r#"{"cause":{"cart":"17"}}"#, r#"{"cause":null}"#] {
            assert!(serde_json::from_str::<Context>(wrong).expect("it is a context").is_empty(), "{wrong}");
        }
    }

    #[test]
    fn a_context_is_read_back_from_its_json_as_it_was() {
        let context =
            Context::new().with_traceparent(TRACEPARENT).with_tenant("acme").with("shop", "cart", "17");
        let context = context.with_cause(Uuid::from_u128(17));
        let text = serde_json::to_string(&context).expect("texts can be written as JSON");
        assert_eq!(
            text,
            format!(
                r#"{{"traceparent":"{TRACEPARENT}","tenant":"acme","cause":"00000000-0000-0000-0000-000000000011","shop":{{"cart":"17"}}}}"#
            )
        );
        assert_eq!(serde_json::from_str::<Context>(&text).expect("it was written"), context);
    }

    #[test]
    fn what_a_context_says_itself_wins_over_the_one_around_it() {
        let outer = Context::new()
            .with_tenant("acme")
            .with_request_id("1")
            .with("shop", "cart", "17")
            .with("shop", "a", "b")
            .with_cause(Uuid::from_u128(1));
        let inner = Context::new().with_request_id("2").with("shop", "cart", "18");
        let both = inner.within(&outer);
        assert_eq!((both.tenant(), both.request_id()), (Some("acme"), Some("2")));
        assert_eq!(both.cause(), Some(Uuid::from_u128(1)));
        let inner = Context::new().with_cause(Uuid::from_u128(2));
        assert_eq!(inner.within(&outer).cause(), Some(Uuid::from_u128(2)));
        assert_eq!((both.get("shop", "cart"), both.get("shop", "a")), (Some("18"), Some("b")));
    }
}
