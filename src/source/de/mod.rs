//! From a node to any type with `serde::Deserialize`.
//!
//! Every failure names the path and place of the innermost value that was being read, including failures
//! of a type's own `Deserialize` (`de::Error::custom("bad quantity")`): whoever hands a value to a type puts
//! the place on the error that comes back, unless a deeper value has done so already.
//!
//! Fields a struct does not know are collected, so that the caller decides what they are: a warning for
//! other people's kinds, an error for our own. Types whose unknown fields are errors should therefore not
//! say `deny_unknown_fields` (it works, but ends at the first one).
//!
//! Types should not use `flatten`, `untagged` or `tag = ".."`: serde then reads the value into a buffer of its
//! own first, and places and unknown fields inside it are lost.
//!
//! Where YAML and Kubernetes differ, Kubernetes wins: a `null` field of a struct is a field that is not
//! set; a `null` list, mapping or text is an empty one.

mod access;
mod error;
mod number;

use std::cell::RefCell;
use std::marker::PhantomData;

use serde::de::{self, DeserializeOwned, DeserializeSeed, Visitor};

use super::path::Path;
use super::scalar::{Meaning, quoted};
use super::suggest::help_for;
use super::tree::{Kind, Node, Scalar};
use access::{EnumReader, Fields, MapReader, SeqReader};
pub use error::{DecodeError, UnknownField};

/// Reads a document's root, or any node as if it were one.
pub fn from_node<T: DeserializeOwned>(node: &Node) -> Result<(T, Vec<UnknownField>), DecodeError> {
    from_node_at(node, Path::ROOT)
}

/// Reads a node whose place in the document is `path`, such as an item of a `List`.
pub fn from_node_at<T: DeserializeOwned>(
    node: &Node,
    path: Path<'_>,
) -> Result<(T, Vec<UnknownField>), DecodeError> {
    from_node_seed(node, path, PhantomData)
}

/// As [`from_node_at`], for types that are known only when the program runs.
pub fn from_node_seed<S: for<'de> DeserializeSeed<'de, Value = T>, T>(
    node: &Node,
    path: Path<'_>,
    seed: S,
) -> Result<(T, Vec<UnknownField>), DecodeError> {
    let unknown = RefCell::new(Vec::new());
    let reader = Reader { node, path: &path, unknown: &unknown };
    let value = seed.deserialize(reader).map_err(|error| error.locate(&path, node.span, None))?;
    Ok((value, unknown.into_inner()))
}

/// The deserializer of one node.
#[derive(Clone, Copy)]
struct Reader<'de, 'a> {
    node: &'de Node,
    path: &'a Path<'a>,
    unknown: &'a RefCell<Vec<UnknownField>>,
}

impl<'de> Reader<'de, '_> {
    fn wrong(&self, expected: &dyn de::Expected) -> DecodeError {
        DecodeError::wrong_type(&expected.to_string(), &self.node.describe())
    }

    fn bool(&self) -> Result<bool, DecodeError> {
        match &self.node.kind {
            Kind::Scalar(scalar) => match scalar.meaning() {
                Meaning::Bool(value) => Ok(value),
                _ if matches!(&*scalar.text, "true" | "false") => {
                    Err(self.wrong(&"`true` or `false`").with_help("remove the quotes"))
                }
                _ => Err(self.wrong(&"`true` or `false`")),
            },
            _ => Err(self.wrong(&"`true` or `false`")),
        }
    }

    /// Text: quoted or not, also the digits of an unquoted number. `true` is refused, as Kubernetes does.
    fn text(&self) -> Result<&'de str, DecodeError> {
        match &self.node.kind {
            Kind::Null => Ok(""),
            Kind::Scalar(scalar) if scalar.is_true_or_false() => {
                Err(self.wrong(&"text").with_help(format!("put it in quotes: \"{}\"", scalar.text)))
            }
            Kind::Scalar(scalar) => Ok(&scalar.text),
            _ => Err(self.wrong(&"text")),
        }
    }

    fn list(&self) -> Option<SeqReader<'de, '_>> {
        let items: &[Node] = match &self.node.kind {
            Kind::Null => &[],
            Kind::Sequence(items) => items,
            _ => return None,
        };
        Some(SeqReader::new(items, self))
    }

    fn mapping(&self, fields: Fields) -> Option<MapReader<'de, '_>> {
        match &self.node.kind {
            Kind::Null | Kind::Mapping(_) => Some(MapReader::new(self.node.entries(), fields, self)),
            _ => None,
        }
    }
}

macro_rules! integers {
    ($($method:ident $visit:ident $type:ty,)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
            visitor.$visit(number::integer::<$type>(self.node)?)
        }
    )*};
}

impl<'de> de::Deserializer<'de> for Reader<'de, '_> {
    type Error = DecodeError;

    integers! {
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

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        visitor.visit_f32(number::float(self.node)? as f32)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        visitor.visit_f64(number::float(self.node)?)
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match &self.node.kind {
            Kind::Null => visitor.visit_unit(),
            Kind::Sequence(_) => self.deserialize_seq(visitor),
            Kind::Mapping(_) => self.deserialize_map(visitor),
            Kind::Scalar(scalar) => visit_scalar(scalar, visitor),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        visitor.visit_bool(self.bool()?)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        visitor.visit_borrowed_str(self.text()?)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        self.deserialize_str(visitor)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        self.deserialize_str(visitor)
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        self.deserialize_str(visitor)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        visitor.visit_borrowed_bytes(self.text()?.as_bytes())
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        self.deserialize_bytes(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match self.node.kind {
            Kind::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match &self.node.kind {
            Kind::Null => visitor.visit_unit(),
            Kind::Mapping(entries) if entries.is_empty() => visitor.visit_unit(),
            _ => Err(self.wrong(&"no value")),
        }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match self.list() {
            Some(list) => list.visit(visitor),
            None => Err(self.wrong(&"a list").with_help("write one item per line, each after `- `")),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _len: usize, visitor: V) -> Result<V::Value, DecodeError> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _len: usize,
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match self.mapping(Fields::Any) {
            Some(mapping) => visitor.visit_map(mapping),
            None => Err(self.wrong(&"a mapping")),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        if let Some(mapping) = self.mapping(Fields::Known(fields)) {
            return visitor.visit_map(mapping).map_err(|error| error.explain_missing(self.node, self.path));
        }
        let names: Vec<_> = fields.iter().take(3).map(|field| format!("`{field}`")).collect();
        let more = if fields.len() > names.len() { ", ..." } else { "" };
        let with = if names.is_empty() { "" } else { " with " };
        Err(self.wrong(&&*format!("a mapping{with}{}{more}", names.join(", "))))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        let one_of = || match variants {
            [] => "a value".to_owned(),
            [only] => format!("`{only}`"),
            [..] => format!("one of `{}`", variants.join("`, `")),
        };
        match &self.node.kind {
            Kind::Scalar(scalar) => visitor.visit_enum(EnumReader::name(&scalar.text, &self)),
            Kind::Mapping(entries) if entries.len() == 1 => {
                visitor.visit_enum(EnumReader::entry(&entries[0], &self))
            }
            Kind::Mapping(entries) if !entries.is_empty() => {
                let names: Vec<_> = entries.iter().take(5).map(|entry| quoted(&entry.key.text)).collect();
                let found = format!("{} keys: {}", entries.len(), names.join(", "));
                let stranger = entries.iter().find(|entry| !variants.contains(&&*entry.key.text));
                let error = DecodeError::wrong_type("a single key", &found);
                Err(match stranger.and_then(|entry| help_for(&entry.key.text, variants)) {
                    Some(help) => error.with_help(help),
                    None => error,
                })
            }
            _ => Err(self.wrong(&&*one_of())),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        visitor.visit_unit()
    }
}

/// Hands a scalar to a visitor that takes anything.
fn visit_scalar<'de, V: Visitor<'de>>(scalar: &'de Scalar, visitor: V) -> Result<V::Value, DecodeError> {
    match scalar.meaning() {
        Meaning::Null => visitor.visit_unit(),
        Meaning::Bool(value) => visitor.visit_bool(value),
        Meaning::Float(value) => visitor.visit_f64(value),
        Meaning::Text => visitor.visit_borrowed_str(&scalar.text),
        Meaning::Int(value) => match (u64::try_from(value), i64::try_from(value)) {
            (Ok(value), _) => visitor.visit_u64(value),
            (_, Ok(value)) => visitor.visit_i64(value),
            _ => visitor.visit_i128(value),
        },
    }
}
