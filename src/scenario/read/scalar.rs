//! Readers of single values: words, numbers, times, sizes, names.

use std::ops::RangeInclusive;
use std::str::FromStr;

use super::{Read, Value};
use crate::api::names;
use crate::api::selector::Selector;
use crate::base::{Name, Quantity, signal};
use crate::kernel::{SimDuration, SimTime};
use crate::scenario::expect::Count;
use crate::source::{nearest, quoted};

/// The namespace of whatever names none.
pub(super) const DEFAULT_NAMESPACE: &str = "default";

impl Value<'_> {
    /// Any text, also a number as it was written.
    pub(in crate::scenario) fn text(&self) -> Read<String> {
        self.decode()
    }

    /// Text that is not empty.
    pub(in crate::scenario) fn some_text(&self) -> Read<Name> {
        let text = self.text()?;
        if text.trim().is_empty() {
            self.wrong("invalid-value", "expected some text")
        } else {
            Ok(text.into())
        }
    }

    /// `true` or `false`.
    pub(super) fn truth(&self) -> Read<bool> {
        self.decode()
    }

    /// A whole number within bounds.
    pub(super) fn whole(&self, bounds: RangeInclusive<u64>) -> Read<u64> {
        let number: u64 = self.decode()?;
        if bounds.contains(&number) {
            return Ok(number);
        }
        let (low, high) = bounds.into_inner();
        let expected = match high {
            u64::MAX => format!("a whole number from {low}"),
            high => format!("a whole number from {low} to {high}"),
        };
        self.wrong("out-of-range", format!("`{number}` does not fit: expected {expected}"))
    }

    /// A number that is finite and not negative.
    pub(super) fn number(&self) -> Read<f64> {
        let number: f64 = self.decode()?;
        if number.is_finite() && number >= 0.0 {
            Ok(number)
        } else {
            self.wrong("out-of-range", format!("expected a number from 0, found `{number}`"))
        }
    }

    /// A number above zero.
    pub(super) fn positive_number(&self) -> Read<f64> {
        let number = self.number()?;
        if number > 0.0 { Ok(number) } else { self.wrong("out-of-range", "must be above 0") }
    }

    /// One of a few words.
    pub(super) fn word<T: Copy>(&self, what: &str, words: &[(&'static str, T)]) -> Read<T> {
        // A plain `True` is a boolean to YAML, but a word to the author.
        let Some(text) = self.as_str() else {
            let names: Vec<&str> = words.iter().map(|(name, _)| *name).collect();
            return self.wrong_type(&format!("one of `{}`", names.join("`, `")));
        };
        if let Some((_, value)) = words.iter().find(|(name, _)| *name == text) {
            return Ok(*value);
        }
        let names: Vec<&'static str> = words.iter().map(|(name, _)| *name).collect();
        self.unknown_word(what, text, &names)
    }

    /// A length of time such as `30s`; zero is allowed.
    pub(super) fn duration(&self) -> Read<SimDuration> {
        self.parsed("a duration such as `30s`")
    }

    /// A length of time above zero.
    pub(super) fn positive_duration(&self) -> Read<SimDuration> {
        let length = self.duration()?;
        if length == SimDuration::ZERO {
            self.wrong("out-of-range", "must be longer than zero")
        } else {
            Ok(length)
        }
    }

    /// An instant, as the time since the start of the run.
    pub(super) fn time(&self) -> Read<SimTime> {
        self.parsed("a time since the start of the run such as `5m`")
    }

    fn parsed<T: FromStr<Err: std::fmt::Display>>(&self, expected: &str) -> Read<T> {
        let Some(text) = self.as_str() else {
            return self.wrong_type(expected);
        };
        text.parse().or_else(|error: T::Err| self.wrong("invalid-value", error.to_string()))
    }

    /// A quantity that is not negative.
    pub(super) fn quantity(&self) -> Read<Quantity> {
        let quantity: Quantity = self.decode()?;
        if quantity.value() < 0 || quantity.milli_value() < 0 {
            return self.wrong("out-of-range", "must not be negative");
        }
        Ok(quantity)
    }

    /// A size in bytes.
    pub(super) fn bytes(&self) -> Read<u64> {
        let quantity = self.quantity()?;
        u64::try_from(quantity.value()).or_else(|_| self.wrong("out-of-range", "must not be negative"))
    }

    /// The name of a role or of a binding of one.
    pub(in crate::scenario) fn path_segment(&self) -> Read<Name> {
        self.checked(names::path_segment)
    }

    /// The name of an object of most kinds.
    pub(in crate::scenario) fn object_name(&self) -> Read<Name> {
        self.checked(names::dns1123_subdomain)
    }

    /// A name that is a DNS label: namespaces, containers.
    pub(super) fn label_name(&self) -> Read<Name> {
        self.checked(names::dns1123_label)
    }

    /// The value of a label, such as a zone.
    pub(super) fn label_value(&self) -> Read<Name> {
        self.checked(names::label_value)
    }

    fn checked(&self, rule: impl Fn(&str) -> Vec<String>) -> Read<Name> {
        let text = self.some_text()?;
        self.check_name(&text, rule)?;
        Ok(text)
    }

    /// Reports a text that is against a rule for names.
    pub(in crate::scenario) fn check_name(&self, text: &str, rule: impl Fn(&str) -> Vec<String>) -> Read<()> {
        match rule(text).into_iter().next() {
            None => Ok(()),
            // The rule ends with a regular expression, which helps nobody here.
            Some(problem) => {
                let rule = problem.split(" (e.g. ").next().unwrap_or_default();
                self.wrong("invalid-name", format!("{}: {rule}", quoted(text)))
            }
        }
    }

    /// `namespace/name`, or `name` in the default namespace.
    pub(super) fn namespaced_name(&self) -> Read<(Name, Name)> {
        let text = self.some_text()?;
        let (namespace, name) = text.split_once('/').unwrap_or((DEFAULT_NAMESPACE, &text));
        self.check_name(namespace, names::dns1123_label)?;
        self.check_name(name, names::dns1123_subdomain)?;
        Ok((namespace.into(), name.into()))
    }

    /// A label selector: text as after `kubectl -l`, or a mapping of labels.
    pub(super) fn selector(&self) -> Read<Selector> {
        if self.is_mapping() {
            let labels: crate::api::Labels = self.decode()?;
            return Ok(Selector::from_labels(&labels));
        }
        let text = self.text()?;
        self.selector_text(&text)
    }

    /// See [`Value::selector`].
    pub(super) fn selector_text(&self, text: &str) -> Read<Selector> {
        Selector::parse(text).or_else(|error| self.wrong("invalid-selector", error.message))
    }

    /// A number, or its bounds: `3`, `{min: 3}`, `{min: 3, max: 5}`.
    pub(super) fn count(&self) -> Read<Count> {
        if !self.is_mapping() {
            return self.whole(0..=u64::MAX).map(Count::exactly);
        }
        let fields = self.fields(&["min", "max"])?;
        let min = fields.optional("min", |value| value.whole(0..=u64::MAX));
        let max = fields.optional("max", |value| value.whole(0..=u64::MAX));
        let (min, max) = (min?, max?);
        if min.is_none() && max.is_none() {
            return fields.lacks("a number without bounds", "give `min` or `max`, or write a plain number");
        }
        let count = Count { min: min.unwrap_or(0), max: max.unwrap_or(u64::MAX) };
        if count.min > count.max {
            let message = format!("min {} is above max {}", count.min, count.max);
            return self.wrong("out-of-range", message);
        }
        Ok(count)
    }

    /// The exit code of a process.
    pub(super) fn exit_code(&self) -> Read<i32> {
        self.whole(0..=255).map(|code| code as i32)
    }

    /// A signal by name or number.
    pub(super) fn signal(&self) -> Read<i32> {
        let text = self.text()?;
        if let Some(number) = signal::number(&text) {
            return Ok(number);
        }
        let message = format!("unknown signal {}", quoted(&text));
        let full = if text.starts_with("SIG") { text } else { format!("SIG{text}") };
        match nearest(&full, signal::names()) {
            Some(name) => self.wrong_help("unknown-value", message, format!("did you mean `{name}`?")),
            None => {
                self.wrong_help("unknown-value", message, "write a name such as `SIGTERM`, or a number to 31")
            }
        }
    }
}
