//! How visitors walk lists, mappings and enums; and where errors get their place.

use std::cell::RefCell;
use std::slice;

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{self, DeserializeSeed, Deserializer as _, Visitor};

use super::error::{DecodeError, UnknownField};
use super::{Reader, number};
use crate::source::file::Span;
use crate::source::path::Path;
use crate::source::tree::{Entry, Key, Kind, Node, Scalar, Style};

/// The items of a list.
pub(super) struct SeqReader<'de, 'a> {
    items: slice::Iter<'de, Node>,
    index: usize,
    length: usize,
    path: &'a Path<'a>,
    unknown: &'a RefCell<Vec<UnknownField>>,
}

impl<'de, 'a> SeqReader<'de, 'a> {
    pub(super) fn new(items: &'de [Node], list: &Reader<'de, 'a>) -> Self {
        Self { items: items.iter(), index: 0, length: items.len(), path: list.path, unknown: list.unknown }
    }

    /// Visits the items; items the visitor leaves over are an error.
    pub(super) fn visit<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, DecodeError> {
        let value = visitor.visit_seq(&mut self)?;
        if self.items.len() == 0 {
            return Ok(value);
        }
        let found = format!("a list of {}", self.length);
        Err(DecodeError::wrong_type(&format!("{} items", self.index), &found))
    }
}

impl<'de> de::SeqAccess<'de> for &mut SeqReader<'de, '_> {
    type Error = DecodeError;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, DecodeError> {
        let Some(node) = self.items.next() else {
            return Ok(None);
        };
        let path = self.path.index(self.index);
        self.index += 1;
        let value = seed.deserialize(Reader { node, path: &path, unknown: self.unknown });
        value.map(Some).map_err(|error| error.locate(&path, node.span, None))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.items.len())
    }
}

/// Which keys a mapping may have.
#[derive(Clone, Copy)]
pub(super) enum Fields {
    /// Any: it is read as a map.
    Any,
    /// Those of a struct.
    Known(&'static [&'static str]),
}

/// The entries of a mapping.
pub(super) struct MapReader<'de, 'a> {
    entries: slice::Iter<'de, Entry>,
    /// The entry whose key has been read and whose value comes next.
    current: Option<&'de Entry>,
    fields: Fields,
    path: &'a Path<'a>,
    unknown: &'a RefCell<Vec<UnknownField>>,
}

impl<'de, 'a> MapReader<'de, 'a> {
    pub(super) fn new(entries: &'de [Entry], fields: Fields, mapping: &Reader<'de, 'a>) -> Self {
        Self { entries: entries.iter(), current: None, fields, path: mapping.path, unknown: mapping.unknown }
    }

    /// The next entry that counts. Unknown fields of a struct are noted; null ones are not set.
    fn advance(&mut self) -> Option<&'de Entry> {
        let Fields::Known(fields) = self.fields else {
            return self.entries.next();
        };
        self.entries.find(|entry| {
            let known = fields.contains(&&*entry.key.text);
            !known || entry.value.kind != Kind::Null
        })
    }
}

impl<'de> de::MapAccess<'de> for MapReader<'de, '_> {
    type Error = DecodeError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, DecodeError> {
        self.current = self.advance();
        let Some(Entry { key, .. }) = self.current else {
            return Ok(None);
        };
        let read = seed.deserialize(KeyReader { key });
        read.map(Some).map_err(|error| error.locate(&self.path.key(&key.text), key.span, None))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, DecodeError> {
        let Some(Entry { key, value: node }) = self.current.take() else {
            return Err(de::Error::custom("a value was asked for before its key"));
        };
        if let Fields::Known(fields) = self.fields
            && !fields.contains(&&*key.text)
        {
            // A visitor that does not want to know its unknown fields fails at the key; this one ignores it.
            let field = UnknownField::new(&key.text, key.span, self.path, fields);
            self.unknown.borrow_mut().push(field);
        }
        let path = self.path.key(&key.text);
        let value = seed.deserialize(Reader { node, path: &path, unknown: self.unknown });
        value.map_err(|error| error.locate(&path, node.span, Some(key.span)))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.entries.len())
    }
}

/// A key. Keys are text, except for readers that want a number or a boolean.
struct KeyReader<'de> {
    key: &'de Key,
}

impl KeyReader<'_> {
    /// The key as if it were a plain scalar value.
    fn as_node(&self) -> Node {
        let scalar = Scalar { text: self.key.text.clone(), style: Style::Plain, tag: None };
        Node { span: self.key.span, kind: Kind::Scalar(scalar) }
    }
}

macro_rules! integer_keys {
    ($($method:ident $visit:ident $type:ty,)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
            visitor.$visit(number::integer::<$type>(&self.as_node())?)
        }
    )*};
}

impl<'de> de::Deserializer<'de> for KeyReader<'de> {
    type Error = DecodeError;

    integer_keys! {
        deserialize_i8 visit_i8 i8,
        deserialize_i16 visit_i16 i16,
        deserialize_i32 visit_i32 i32,
        deserialize_i64 visit_i64 i64,
        deserialize_i128 visit_i128 i128,
        deserialize_u8 visit_u8 u8,
        deserialize_u16 visit_u16 u16,
        deserialize_u32 visit_u32 u32,
        deserialize_u64 visit_u64 u64,
        deserialize_u128 visit_u128 u128,
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        visitor.visit_borrowed_str(&self.key.text)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        visitor.visit_enum(BorrowedStrDeserializer::new(&self.key.text))
    }

    serde::forward_to_deserialize_any! {
        bool f32 f64 char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map struct
        identifier ignored_any
    }
}

/// What an enum's variant holds when only its name is written.
static NOTHING: Node = Node { span: Span { start: 0, end: 0, line: 0, column: 0 }, kind: Kind::Null };

/// An enum: the name of a variant alone, or a mapping from that name to its content.
pub(super) struct EnumReader<'de, 'a> {
    name: &'de str,
    name_span: Span,
    content: &'de Node,
    content_span: Span,
    path: &'a Path<'a>,
    unknown: &'a RefCell<Vec<UnknownField>>,
}

impl<'de, 'a> EnumReader<'de, 'a> {
    pub(super) fn name(name: &'de str, value: &Reader<'de, 'a>) -> Self {
        let span = value.node.span;
        let (path, unknown) = (value.path, value.unknown);
        Self { name, name_span: span, content: &NOTHING, content_span: span, path, unknown }
    }

    pub(super) fn entry(entry: &'de Entry, value: &Reader<'de, 'a>) -> Self {
        let Entry { key, value: content } = entry;
        let (path, unknown) = (value.path, value.unknown);
        Self { name: &key.text, name_span: key.span, content, content_span: content.span, path, unknown }
    }

    /// Reads the content, and puts its place on errors.
    fn content<T>(
        self,
        read: impl FnOnce(Reader<'de, '_>) -> Result<T, DecodeError>,
    ) -> Result<T, DecodeError> {
        let path = self.path.key(self.name);
        let value = read(Reader { node: self.content, path: &path, unknown: self.unknown });
        value.map_err(|error| error.locate(&path, self.content_span, Some(self.name_span)))
    }
}

impl<'de> de::EnumAccess<'de> for EnumReader<'de, '_> {
    type Error = DecodeError;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), DecodeError> {
        let name = BorrowedStrDeserializer::<DecodeError>::new(self.name);
        match seed.deserialize(name) {
            Ok(variant) => Ok((variant, self)),
            Err(error) => Err(error.locate(self.path, self.name_span, None)),
        }
    }
}

impl<'de> de::VariantAccess<'de> for EnumReader<'de, '_> {
    type Error = DecodeError;

    fn unit_variant(self) -> Result<(), DecodeError> {
        let name = self.name;
        self.content(|content| match &content.node.kind {
            Kind::Null => Ok(()),
            Kind::Mapping(entries) if entries.is_empty() => Ok(()),
            _ => Err(DecodeError::wrong_type(&format!("no value for `{name}`"), &content.node.describe())),
        })
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, DecodeError> {
        self.content(|content| seed.deserialize(content))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _len: usize, visitor: V) -> Result<V::Value, DecodeError> {
        self.content(|content| content.deserialize_seq(visitor))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        self.content(|content| content.deserialize_struct("", fields, visitor))
    }
}
