//! Numbers with their ranges.

use std::fmt::Display;

use super::error::DecodeError;
use crate::source::scalar::{Meaning, plain_meaning, quoted};
use crate::source::tree::{Kind, Node};

/// An integer type with its limits.
pub(super) trait Integer: TryFrom<i128> + Display {
    const MIN: Self;
    const MAX: Self;
}

macro_rules! integer {
    ($($type:ty)*) => {$(
        impl Integer for $type {
            const MIN: Self = <$type>::MIN;
            const MAX: Self = <$type>::MAX;
        }
    )*};
}

integer!(i8 i16 i32 i64 i128 u8 u16 u32 u64 u128);

/// The integer a node holds, if the type can hold it.
pub(super) fn integer<T: Integer>(node: &Node) -> Result<T, DecodeError> {
    let expected = range::<T>();
    let Kind::Scalar(scalar) = &node.kind else {
        return Err(DecodeError::wrong_type(&expected, &node.describe()));
    };
    match scalar.meaning() {
        Meaning::Int(value) => T::try_from(value).map_err(|_| does_not_fit(&scalar.text, &expected)),
        // Kubernetes refuses 1.5 for an integer, and so do we; 3.0 has been read as an integer.
        Meaning::Float(value) if value.fract() == 0.0 => Err(does_not_fit(&scalar.text, &expected)),
        Meaning::Float(_) => Err(DecodeError::wrong_type(&expected, &node.describe())),
        _ => Err(not_a_number(node, &scalar.text, &expected)),
    }
}

/// The float a node holds.
pub(super) fn float(node: &Node) -> Result<f64, DecodeError> {
    let Kind::Scalar(scalar) = &node.kind else {
        return Err(DecodeError::wrong_type("a number", &node.describe()));
    };
    match scalar.meaning() {
        Meaning::Int(value) => Ok(value as f64),
        Meaning::Float(value) => Ok(value),
        _ => Err(not_a_number(node, &scalar.text, "a number")),
    }
}

fn not_a_number(node: &Node, text: &str, expected: &str) -> DecodeError {
    let error = DecodeError::wrong_type(expected, &node.describe());
    match plain_meaning(text) {
        Meaning::Int(_) | Meaning::Float(_) => error.with_help("remove the quotes"),
        _ => error,
    }
}

fn does_not_fit(text: &str, expected: &str) -> DecodeError {
    DecodeError::new("out-of-range", format!("{} does not fit: expected {expected}", quoted(text)))
        .with_label(format!("expected {expected}"))
}

/// The values a type takes, in words. Limits of 64 bits and more interest nobody.
fn range<T: Integer>() -> String {
    let (signed, wide) = (T::MIN.to_string() != "0", size_of::<T>() >= 8);
    match (signed, wide) {
        (true, true) => "a whole number".to_owned(),
        (false, true) => "a whole number from 0".to_owned(),
        _ => format!("a whole number from {} to {}", T::MIN, T::MAX),
    }
}
