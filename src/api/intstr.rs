//! Numbers that may be percentages, such as `maxSurge: 25%`.
//!
//! Follows `GetScaledValueFromIntOrPercent` of `k8s.io/apimachinery/pkg/util/intstr` v0.34.

use super::core::IntOrString;

/// Why a value cannot be scaled.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IntOrStringError {
    /// A text without `%` at its end.
    #[error("invalid value for IntOrString: invalid type: string is not a percentage")]
    NotAPercentage,
    /// Something other than a whole number before the `%`.
    #[error("invalid value for IntOrString: invalid value {0:?}: invalid syntax")]
    NotANumber(String),
}

impl IntOrString {
    /// The number itself, or so many percent of `total`, rounded up or down.
    ///
    /// The result may be negative or more than `total`.
    ///
    /// # Errors
    /// When the text is not a whole number with `%`.
    pub fn scaled(&self, total: i32, round_up: bool) -> Result<i32, IntOrStringError> {
        let text = match self {
            Self::Int(number) => return Ok(*number),
            Self::Text(text) => text,
        };
        let digits = text.strip_suffix('%').ok_or(IntOrStringError::NotAPercentage)?;
        let percent: i64 = digits.parse().map_err(|_| IntOrStringError::NotANumber(text.to_string()))?;
        // Floating point, as upstream; whole numbers below 2^53 make it exact but for the last division.
        let exact = percent as f64 * f64::from(total) / 100.0;
        Ok(if round_up { exact.ceil() } else { exact.floor() } as i32)
    }

    /// Reads a text as `kubectl` does a flag: a number when it is one, else a text.
    pub fn parse(text: &str) -> Self {
        text.parse().map_or_else(|_| Self::Text(text.into()), Self::Int)
    }

    /// Whether this is a text ending in `%`.
    pub fn is_percentage(&self) -> bool {
        matches!(self, Self::Text(text) if text.ends_with('%'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_are_rounded_as_asked() {
        for (text, total, up, down) in
            [("25%", 10, 3, 2), ("25%", 0, 0, 0), ("100%", 7, 7, 7), ("-10%", 5, 0, -1), ("7", 3, 7, 7)]
        {
            let value = IntOrString::parse(text);
            assert_eq!(value.scaled(total, true), Ok(up), "{text} of {total}, up");
            assert_eq!(value.scaled(total, false), Ok(down), "{text} of {total}, down");
        }
    }

    #[test]
    fn other_texts_are_refused() {
        assert_eq!(IntOrString::Text("25".into()).scaled(4, true), Err(IntOrStringError::NotAPercentage));
        for text in ["%", " 25%", "1.5%", "25 %", "25%%"] {
            let error = IntOrString::parse(text).scaled(4, true).unwrap_err();
            assert!(matches!(error, IntOrStringError::NotANumber(_)), "{text}");
        }
    }
}
