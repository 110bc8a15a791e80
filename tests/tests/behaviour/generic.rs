//! Which types a generic event can be made of, and what is written of it?

#![allow(dead_code)]

use std::fmt::Display;
use std::marker::PhantomData;

use event_core::prelude::*;
use serde::{Serialize, Serializer};

fn text<E: Event>(event: E) -> String {
    let app = App::builder().without_linked().event::<E>().start().wait().unwrap();
    let recorder = app.recorder();
    app.track(event).wait().unwrap();
    let events = recorder.events::<E>();
    events[0].properties_json().unwrap().to_owned()
}

/// It isn't `Serialize`.
struct Unwritten(u8);

impl Display for Unwritten {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "no {}", self.0)
    }
}

fn displayed<T: Display, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

mod bounds {
    use super::*;

    #[derive(Event)]
    #[serde(bound = "T: Display")]
    struct OfTheType<T> {
        #[serde(serialize_with = "displayed")]
        item: T,
    }

    #[derive(Event)]
    #[serde(bound(serialize = "T: Display", deserialize = "T: Default"))]
    struct OfTheTypeForWriting<T> {
        #[serde(serialize_with = "displayed")]
        item: T,
    }

    #[derive(Event)]
    struct OfAField<T, U> {
        #[serde(bound = "T: Display", serialize_with = "displayed")]
        item: T,
        other: Vec<U>,
    }

    #[derive(Event)]
    #[serde(bound(deserialize = "T: Default"))]
    struct OnlyForReading<T> {
        item: T,
    }

    #[test]
    fn what_serde_s_bound_says_is_all_that_a_parameter_needs() {
        assert_eq!(text(OfTheType { item: Unwritten(1) }), r#"{"item":"no 1"}"#);
        assert_eq!(text(OfTheTypeForWriting { item: Unwritten(2) }), r#"{"item":"no 2"}"#);
        assert_eq!(text(OfAField { item: Unwritten(3), other: vec![4] }), r#"{"item":"no 3","other":[4]}"#);
        assert_eq!(text(OnlyForReading { item: 5 }), r#"{"item":5}"#);
    }

    #[derive(Event)]
    struct Unbound<T, U> {
        #[serde(skip)]
        skipped: T,
        marker: PhantomData<U>,
        #[serde(with = "as_length")]
        text: Vec<T>,
    }

    mod as_length {
        pub fn serialize<T, S: serde::Serializer>(items: &[T], to: S) -> Result<S::Ok, S::Error> {
            to.serialize_u64(items.len() as u64)
        }
    }

    #[test]
    fn a_parameter_that_is_not_written_by_itself_need_not_be_serialize() {
        let event = Unbound { skipped: Unwritten(1), marker: PhantomData::<Unwritten>, text: Vec::new() };
        assert_eq!(text(event), r#"{"marker":null,"text":0}"#);
    }
}

mod associated_types {
    use super::*;

    trait Table: Send + Sync + 'static {
        type Id;
        type Row<T>;
        const NAME: &'static str;
    }

    struct Users;

    impl Table for Users {
        type Id = u64;
        type Row<T> = Vec<T>;
        const NAME: &'static str = "users";
    }

    #[derive(Event)]
    struct Plain<T: Table> {
        id: T::Id,
        ids: Vec<Option<T::Id>>,
        qualified: <T as Table>::Id,
        rows: T::Row<u8>,
        #[serde(skip)]
        skipped: Option<T::Id>,
    }

    #[derive(Event)]
    struct ByTheCopy<T>
    where
        T: Table,
    {
        #[serde(flatten)]
        plain: Flat<T::Id>,
        qualified: (<T as Table>::Id, [<T as Table>::Id; 2]),
        #[serde(skip_serializing)]
        skipped: Option<T::Id>,
    }

    #[derive(Serialize)]
    struct Flat<I> {
        id: I,
    }

    #[derive(Event)]
    struct Of<T> {
        #[serde(rename = "item")]
        item: <Vec<T> as IntoIterator>::Item,
        deep: Box<<Vec<<Option<T> as IntoIterator>::Item> as IntoIterator>::Item>,
    }

    macro_rules! event_of {
        ($name:ident, $parameter:ident) => {
            #[derive(Event)]
            struct $name<$parameter: $crate::generic::associated_types::Table> {
                #[serde(serialize_with = "super::displayed")]
                name: &'static str,
                id: <$parameter as $crate::generic::associated_types::Table>::Id,
            }
        };
    }

    event_of!(Made, T);

    #[test]
    fn associated_types_are_written_wherever_they_stand() {
        let plain = Plain::<Users> { id: 1, ids: vec![Some(2)], qualified: 3, rows: vec![4], skipped: None };
        assert_eq!(text(plain), r#"{"id":1,"ids":[2],"qualified":3,"rows":[4]}"#);
        let copied = ByTheCopy::<Users> { plain: Flat { id: 1 }, qualified: (2, [3, 4]), skipped: None };
        assert_eq!(text(copied), r#"{"id":1,"qualified":[2,[3,4]]}"#);
        assert_eq!(text(Of { item: 1, deep: Box::new(2) }), r#"{"item":1,"deep":2}"#);
        assert_eq!(text(Made::<Users> { name: Users::NAME, id: 1 }), r#"{"name":"users","id":1}"#);
    }

    #[derive(Event, Serialize)]
    #[event(serialize)]
    struct Own<T: Table>
    where
        T::Id: Serialize,
    {
        id: T::Id,
        #[serde(skip)]
        more: Option<Box<T::Id>>,
    }

    #[test]
    fn an_own_serialize_can_hold_associated_types() {
        assert_eq!(text(Own::<Users> { id: 1, more: None }), r#"{"id":1}"#);
    }
}
