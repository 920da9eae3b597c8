//! Values as JSON text, straight from their types: fields that are `null` are left out, and numbers and texts do not go
//! through the formatting machinery.

use std::fmt::{self, Write as _};

use serde::ser::{self, Serialize};
use serde_json::Error;

use super::text::push_number;

/// Appends the JSON text of a value.
///
/// # Panics
/// When the value has keys that are no text, which no part of an API object has.
pub(super) fn push_value<T: Serialize + ?Sized>(out: &mut Vec<u8>, value: &T) {
    value.serialize(Compact { out }).expect("parts of objects have a form in JSON");
}

/// Appends a text in quotes.
pub(super) fn push_text(out: &mut Vec<u8>, text: &str) {
    if !is_plain(text.as_bytes()) {
        serde_json::to_writer(out, text).expect("text has a form in JSON, and memory takes it");
        return;
    }
    out.reserve(text.len() + 2);
    out.push(b'"');
    out.extend_from_slice(text.as_bytes());
    out.push(b'"');
}

/// Whether a text stands in JSON as it is.
fn is_plain(text: &[u8]) -> bool {
    // Without an early end, so that many bytes are looked at in one step.
    let is_special = |byte: &u8| *byte < b' ' || *byte == b'"' || *byte == b'\\';
    !text.iter().fold(false, |found, byte| found | is_special(byte))
}

/// Writes one value.
struct Compact<'a> {
    out: &'a mut Vec<u8>,
}

/// Writes the elements of a list, or the fields of a map or structure, and their end.
struct Parts<'a> {
    out: &'a mut Vec<u8>,
    /// Where they begin.
    start: usize,
    /// Where the key of the present field begins.
    key: usize,
    end: u8,
}

const NULL: &[u8] = b"null";

impl<'a> Compact<'a> {
    fn parts(self, begin: u8, end: u8) -> Parts<'a> {
        self.out.push(begin);
        let start = self.out.len();
        Parts { out: self.out, start, key: start, end }
    }

    fn unsigned(self, number: u64) {
        push_number(self.out, number);
    }

    fn signed(self, number: i64) {
        if number < 0 {
            self.out.push(b'-');
        }
        push_number(self.out, number.unsigned_abs());
    }
}

impl Parts<'_> {
    fn separate(&mut self) {
        if self.out.len() > self.start {
            self.out.push(b',');
        }
    }

    fn key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
        self.key = self.out.len();
        self.separate();
        let start = self.out.len();
        key.serialize(Compact { out: self.out })?;
        if self.out.get(start) != Some(&b'"') {
            return Err(ser::Error::custom("a key must be a text"));
        }
        self.out.push(b':');
        Ok(())
    }

    fn value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        let start = self.out.len();
        value.serialize(Compact { out: self.out })?;
        if &self.out[start..] == NULL {
            self.out.truncate(self.key);
        }
        Ok(())
    }

    fn element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.separate();
        value.serialize(Compact { out: self.out })
    }

    fn finish(self) {
        self.out.push(self.end);
    }
}

macro_rules! numbers {
    ($($name:ident($type:ty) $how:ident($as:ty);)*) => { $(
        fn $name(self, number: $type) -> Result<(), Error> {
            self.$how(number as $as);
            Ok(())
        }
    )* };
}

/// What no part of an object is made of.
macro_rules! no {
    ($($name:ident($($type:ty),*) -> $result:ty;)*) => { $(
        fn $name(self, $(_: $type),*) -> Result<$result, Error> {
            Err(ser::Error::custom(concat!("no object has what calls for ", stringify!($name))))
        }
    )* };
}

impl<'a> ser::Serializer for Compact<'a> {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Parts<'a>;
    type SerializeTuple = Parts<'a>;
    type SerializeTupleStruct = ser::Impossible<(), Error>;
    type SerializeTupleVariant = ser::Impossible<(), Error>;
    type SerializeMap = Parts<'a>;
    type SerializeStruct = Parts<'a>;
    type SerializeStructVariant = ser::Impossible<(), Error>;

    numbers! {
        serialize_i8(i8) signed(i64);
        serialize_i16(i16) signed(i64);
        serialize_i32(i32) signed(i64);
        serialize_i64(i64) signed(i64);
        serialize_u8(u8) unsigned(u64);
        serialize_u16(u16) unsigned(u64);
        serialize_u32(u32) unsigned(u64);
        serialize_u64(u64) unsigned(u64);
    }

    no! {
        serialize_bytes(&[u8]) -> ();
        serialize_tuple_struct(&'static str, usize) -> Self::SerializeTupleStruct;
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> Self::SerializeTupleVariant;
        serialize_struct_variant(&'static str, u32, &'static str, usize) -> Self::SerializeStructVariant;
    }

    fn serialize_bool(self, truth: bool) -> Result<(), Error> {
        self.out.extend_from_slice(if truth { b"true" } else { b"false" });
        Ok(())
    }

    fn serialize_f32(self, number: f32) -> Result<(), Error> {
        serde_json::to_writer(self.out, &number)
    }

    fn serialize_f64(self, number: f64) -> Result<(), Error> {
        serde_json::to_writer(self.out, &number)
    }

    fn serialize_char(self, letter: char) -> Result<(), Error> {
        self.serialize_str(letter.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, text: &str) -> Result<(), Error> {
        push_text(self.out, text);
        Ok(())
    }

    fn serialize_none(self) -> Result<(), Error> {
        self.out.extend_from_slice(NULL);
        Ok(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Error> {
        self.serialize_none()
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Error> {
        self.serialize_none()
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<(), Error> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        let mut parts = self.parts(b'{', b'}');
        parts.key(variant)?;
        parts.value(value)?;
        parts.finish();
        Ok(())
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Parts<'a>, Error> {
        Ok(self.parts(b'[', b']'))
    }

    fn serialize_tuple(self, _: usize) -> Result<Parts<'a>, Error> {
        Ok(self.parts(b'[', b']'))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Parts<'a>, Error> {
        Ok(self.parts(b'{', b'}'))
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Parts<'a>, Error> {
        Ok(self.parts(b'{', b'}'))
    }

    fn collect_str<T: fmt::Display + ?Sized>(self, value: &T) -> Result<(), Error> {
        let start = self.out.len();
        self.out.push(b'"');
        write!(Plain(self.out), "{value}").map_err(ser::Error::custom)?;
        if is_plain(&self.out[start + 1..]) {
            self.out.push(b'"');
            return Ok(());
        }
        self.out.truncate(start);
        self.serialize_str(&value.to_string())
    }
}

/// Takes what the formatting machinery makes.
struct Plain<'a>(&'a mut Vec<u8>);

impl fmt::Write for Plain<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.extend_from_slice(text.as_bytes());
        Ok(())
    }
}

impl ser::SerializeSeq for Parts<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.element(value)
    }

    fn end(self) -> Result<(), Error> {
        self.finish();
        Ok(())
    }
}

impl ser::SerializeTuple for Parts<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.element(value)
    }

    fn end(self) -> Result<(), Error> {
        self.finish();
        Ok(())
    }
}

impl ser::SerializeMap for Parts<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
        self.key(key)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.value(value)
    }

    fn end(self) -> Result<(), Error> {
        self.finish();
        Ok(())
    }
}

impl ser::SerializeStruct for Parts<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), Error> {
        // The names of fields are plain.
        self.key = self.out.len();
        self.separate();
        self.out.push(b'"');
        self.out.extend_from_slice(key.as_bytes());
        self.out.extend_from_slice(b"\":");
        self.value(value)
    }

    fn end(self) -> Result<(), Error> {
        self.finish();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn text_is_that_of_the_library_without_nulls() {
        let value = json!({
            "a": [null, 1, -2, 1.5, true, "x\"y\n", []],
            "gone": null,
            "b": {"also gone": null, "ü": {}},
        });
        let mut out = Vec::new();
        push_value(&mut out, &value);
        let expected = json!({"a": [null, 1, -2, 1.5, true, "x\"y\n", []], "b": {"ü": {}}});
        assert_eq!(String::from_utf8(out).unwrap(), expected.to_string());
    }

    #[test]
    fn what_is_displayed_is_a_text() {
        struct Shown(&'static str);
        impl Serialize for Shown {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self.0)
            }
        }
        for text in ["plain", "with \"quotes\"", ""] {
            let mut out = Vec::new();
            push_value(&mut out, &Shown(text));
            assert_eq!(String::from_utf8(out).unwrap(), json!(text).to_string());
        }
    }
}
