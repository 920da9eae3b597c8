//! Shared immutable text: names, label keys and values, messages.
//!
//! A [`Name`] is cloned far more often than it is made (every version of every object holds some), so it is
//! reference counted. Order and equality are those of the text, never of the address.

use std::borrow::Borrow;
use std::cell::RefCell;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;
use std::sync::Arc;

use super::lookup::LookupMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A cheap-to-clone immutable string, ordered by its bytes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(Arc<str>);

thread_local! {
    /// Words that many objects have, once for each thread: threads that shared them would count references together.
    static WORDS: RefCell<LookupMap<&'static str, Name>> = RefCell::default();
    static EMPTY: Name = Name(Arc::from(""));
}

impl Name {
    /// A word of the program, such as a kind, a reason or the name of a condition: made once and shared from then on.
    ///
    /// ```
    /// use shakedown::base::Name;
    ///
    /// assert_eq!(Name::word("Pod"), Name::from("Pod"));
    /// ```
    pub fn word(text: &'static str) -> Self {
        WORDS.with_borrow_mut(|words| {
            if let Some(word) = words.get(text) {
                return word.clone();
            }
            let word = Self::from(text);
            words.insert(text, word.clone());
            word
        })
    }

    /// The text itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Name {
    fn default() -> Self {
        EMPTY.with(Self::clone)
    }
}

impl Deref for Name {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for Name {
    fn borrow(&self) -> &str {
        &self.0
    }
}

/// Two names that are a key together: looked up without making either of them.
pub trait TwoNames {
    /// Both.
    fn both(&self) -> (&str, &str);
}

impl TwoNames for (Name, Name) {
    fn both(&self) -> (&str, &str) {
        (&self.0, &self.1)
    }
}

impl TwoNames for (&Name, &Name) {
    fn both(&self) -> (&str, &str) {
        (self.0, self.1)
    }
}

impl<'a> Borrow<dyn TwoNames + 'a> for (Name, Name) {
    fn borrow(&self) -> &(dyn TwoNames + 'a) {
        self
    }
}

impl PartialEq for dyn TwoNames + '_ {
    fn eq(&self, other: &Self) -> bool {
        self.both() == other.both()
    }
}

impl Eq for dyn TwoNames + '_ {}

impl Hash for dyn TwoNames + '_ {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.both().hash(state);
    }
}

impl AsRef<str> for Name {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Name {
    fn from(text: &str) -> Self {
        Self(Arc::from(text))
    }
}

impl From<String> for Name {
    fn from(text: String) -> Self {
        Self(Arc::from(text))
    }
}

impl From<&Name> for Name {
    fn from(name: &Name) -> Self {
        name.clone()
    }
}

impl PartialEq<str> for Name {
    fn eq(&self, other: &str) -> bool {
        &*self.0 == other
    }
}

impl PartialEq<&str> for Name {
    fn eq(&self, other: &&str) -> bool {
        &*self.0 == *other
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl Serialize for Name {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::from)
    }
}

/// Reads a text; a bare number counts as the text of that number (`cpu: 4` means `"4"`).
pub fn text_or_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    struct Visitor;
    impl serde::de::Visitor<'_> for Visitor {
        type Value = String;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a text or a number")
        }
        fn visit_str<E>(self, text: &str) -> Result<String, E> {
            Ok(text.to_owned())
        }
        fn visit_i64<E>(self, number: i64) -> Result<String, E> {
            Ok(number.to_string())
        }
        fn visit_u64<E>(self, number: u64) -> Result<String, E> {
            Ok(number.to_string())
        }
        fn visit_f64<E>(self, number: f64) -> Result<String, E> {
            Ok(number.to_string())
        }
    }
    deserializer.deserialize_str(Visitor)
}
