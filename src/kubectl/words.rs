//! A command line as words, split as a shell would: blanks separate, quotes and backslashes protect.
//!
//! There are no variables, wildcards or redirections: a scenario step names one command, and its words mean what
//! they say.

use super::error::UsageError;

/// Splits a line into words. `'...'` keeps everything, `"..."` everything but `\"` and `\\`, a backslash the next
/// character.
///
/// ```
/// use shakedown::kubectl::split_words;
///
/// assert_eq!(split_words("get pods -l 'a in (b, c)'")?, ["get", "pods", "-l", "a in (b, c)"]);
/// # Ok::<(), shakedown::kubectl::UsageError>(())
/// ```
pub fn split_words(line: &str) -> Result<Vec<String>, UsageError> {
    let mut words = Vec::new();
    // `Some` from the first character of a word on, so that `""` is an empty word and a blank is none.
    let mut word: Option<String> = None;
    let mut rest = line.chars();
    while let Some(character) = rest.next() {
        match character {
            '\'' => {
                let word = word.get_or_insert_default();
                quoted(&mut rest, '\'', word, line)?;
            }
            '"' => {
                let word = word.get_or_insert_default();
                quoted(&mut rest, '"', word, line)?;
            }
            '\\' => {
                let next = rest.next().ok_or_else(|| {
                    UsageError::new(format!("the command ends in a backslash that protects nothing: {line}"))
                })?;
                word.get_or_insert_default().push(next);
            }
            blank if blank.is_whitespace() => words.extend(word.take()),
            other => word.get_or_insert_default().push(other),
        }
    }
    words.extend(word);
    Ok(words)
}

fn quoted(
    rest: &mut std::str::Chars<'_>,
    quote: char,
    word: &mut String,
    line: &str,
) -> Result<(), UsageError> {
    while let Some(character) = rest.next() {
        match character {
            _ if character == quote => return Ok(()),
            '\\' if quote == '"' => match rest.next() {
                Some(escaped @ ('"' | '\\')) => word.push(escaped),
                Some(other) => word.extend(['\\', other]),
                None => word.push('\\'),
            },
            other => word.push(other),
        }
    }
    Err(UsageError::new(format!("the quote {quote} is not closed: {line}")))
}

#[cfg(test)]
mod tests {
    use super::split_words;

    #[test]
    fn splits_as_a_shell() {
        for (line, words) in [
            ("", &[][..]),
            ("  get   pods ", &["get", "pods"]),
            ("a 'b c' d", &["a", "b c", "d"]),
            ("-l 'env in (a, b),!x'", &["-l", "env in (a, b),!x"]),
            (r#"-p '{"spec":{"replicas":3}}'"#, &["-p", r#"{"spec":{"replicas":3}}"#]),
            (r#"-p "{\"a\":\"\\\"}""#, &["-p", r#"{"a":"\"}"#]),
            (r#""a\nb""#, &[r"a\nb"]),
            ("'' \"\"", &["", ""]),
            ("--a=' b'c\" d\"", &["--a= bc d"]),
            (r"a\ b \'c", &["a b", "'c"]),
            ("one\ttwo\nthree", &["one", "two", "three"]),
        ] {
            assert_eq!(split_words(line).unwrap(), words, "{line}");
        }
    }

    #[test]
    fn open_quotes_are_refused() {
        for line in ["'a", "\"a", "a\"b\\\"", "a\\"] {
            assert!(split_words(line).is_err(), "{line}");
        }
        assert_eq!(split_words("say 'hi").unwrap_err().to_string(), "the quote ' is not closed: say 'hi");
    }
}
