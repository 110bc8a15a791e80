//! How a table of one key becomes a variant of an enum: the key is its name, the value its content.

use serde::de::value::StrDeserializer;
use serde::de::{Deserialize, DeserializeSeed, Deserializer, EnumAccess, VariantAccess, Visitor};

use super::read::Node;
use super::wrong::Wrong;

pub(super) struct Variant<'v> {
    pub(super) name: String,
    pub(super) content: Node<'v>,
}

impl<'de, 'v> EnumAccess<'de> for Variant<'v> {
    type Error = Wrong;
    type Variant = Content<'v>;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Content<'v>), Wrong> {
        let variant = seed.deserialize(StrDeserializer::<Wrong>::new(&self.name))?;
        Ok((variant, Content(self.content)))
    }
}

pub(super) struct Content<'v>(Node<'v>);

/// Adds the content's path to its mistakes.
fn read_at<'v, T>(content: Node<'v>, read: impl FnOnce(Node<'v>) -> Result<T, Wrong>) -> Result<T, Wrong> {
    let path = content.path().to_owned();
    read(content).map_err(|wrong| wrong.at(&path))
}

impl<'de> VariantAccess<'de> for Content<'_> {
    type Error = Wrong;

    fn unit_variant(self) -> Result<(), Wrong> {
        read_at(self.0, <()>::deserialize)
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Wrong> {
        read_at(self.0, |content| seed.deserialize(content))
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Wrong> {
        read_at(self.0, |content| content.deserialize_tuple(len, visitor))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        read_at(self.0, |content| content.deserialize_struct("", fields, visitor))
    }
}
