//! The text form of label selectors: `Lexer` and `Parser` of `apimachinery/pkg/labels/selector.go`, v0.34.
//!
//! ```text
//! selector    := [ requirement { "," requirement } ]
//! requirement := ["!"] key | key ("="|"=="|"!=") [value] | key (">"|"<") value
//!              | key ("in"|"notin") "(" [ value { "," value } ] ")"
//! ```

use super::{Operator, Requirement, SelectorError};
use crate::api::names;
use crate::base::Name;

/// Reads all requirements, in the order written.
pub(super) fn requirements(text: &str) -> Result<Vec<Requirement>, SelectorError> {
    Parser { tokens: tokens(text), position: 0 }.selector()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token<'a> {
    End,
    Comma,
    Open,
    Close,
    Bang,
    Equals,
    DoubleEquals,
    NotEquals,
    Greater,
    Less,
    /// A key or value. `in` and `notin` are such too: the parser knows where they are operators.
    Word(&'a str),
}

impl<'a> Token<'a> {
    fn text(self) -> &'a str {
        match self {
            Self::End => "",
            Self::Comma => ",",
            Self::Open => "(",
            Self::Close => ")",
            Self::Bang => "!",
            Self::Equals => "=",
            Self::DoubleEquals => "==",
            Self::NotEquals => "!=",
            Self::Greater => ">",
            Self::Less => "<",
            Self::Word(text) => text,
        }
    }
}

/// Splits a text; the last token is `End`.
fn tokens(text: &str) -> Vec<Token<'_>> {
    let is_blank = |c: char| matches!(c, ' ' | '\t' | '\r' | '\n');
    let is_special = |c: char| matches!(c, '=' | '!' | '(' | ')' | ',' | '>' | '<');
    let mut tokens = Vec::new();
    let mut rest = text.trim_start_matches(is_blank);
    while let Some(first) = rest.chars().next() {
        let (token, length) = match first {
            ',' => (Token::Comma, 1),
            '(' => (Token::Open, 1),
            ')' => (Token::Close, 1),
            '>' => (Token::Greater, 1),
            '<' => (Token::Less, 1),
            '=' if rest.starts_with("==") => (Token::DoubleEquals, 2),
            '=' => (Token::Equals, 1),
            '!' if rest.starts_with("!=") => (Token::NotEquals, 2),
            '!' => (Token::Bang, 1),
            _ => {
                let end = rest.find(|c| is_blank(c) || is_special(c)).unwrap_or(rest.len());
                (Token::Word(&rest[..end]), end)
            }
        };
        tokens.push(token);
        rest = rest[length..].trim_start_matches(is_blank);
    }
    tokens.push(Token::End);
    tokens
}

struct Parser<'a> {
    tokens: Vec<Token<'a>>,
    position: usize,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Token<'a> {
        self.tokens.get(self.position).copied().unwrap_or(Token::End)
    }

    fn next(&mut self) -> Token<'a> {
        let token = self.peek();
        self.position += 1;
        token
    }

    fn selector(&mut self) -> Result<Vec<Requirement>, SelectorError> {
        let mut requirements = Vec::new();
        loop {
            match self.peek() {
                Token::End => return Ok(requirements),
                Token::Word(_) | Token::Bang => {}
                other => return Err(found(other, ", expected: !, identifier, or 'end of string'")),
            }
            let requirement = self.requirement().map_err(|error| {
                SelectorError::new(format!("unable to parse requirement: {}", error.message))
            })?;
            requirements.push(requirement);
            match self.next() {
                Token::End => return Ok(requirements),
                Token::Comma if matches!(self.peek(), Token::Word(_) | Token::Bang) => {}
                Token::Comma => return Err(found(self.peek(), ", expected: identifier after ','")),
                other => return Err(found(other, ", expected: ',' or 'end of string'")),
            }
        }
    }

    fn requirement(&mut self) -> Result<Requirement, SelectorError> {
        let negated = self.peek() == Token::Bang;
        if negated {
            self.position += 1;
        }
        let key = match self.next() {
            Token::Word(key) => key,
            other => return Err(found(other, ", expected: identifier")),
        };
        let problems = names::qualified_name(key);
        if !problems.is_empty() {
            let message = format!("<nil>: Invalid value: {key:?}: {}", problems.join("; "));
            return Err(SelectorError::new(message));
        }
        if negated {
            return Requirement::new(key, Operator::DoesNotExist, Vec::new());
        }
        if matches!(self.peek(), Token::End | Token::Comma) {
            return Requirement::new(key, Operator::Exists, Vec::new());
        }
        let operator = self.operator()?;
        let values = match operator {
            Operator::In | Operator::NotIn => self.list()?,
            _ => vec![self.exact()?],
        };
        Requirement::new(key, operator, values)
    }

    fn operator(&mut self) -> Result<Operator, SelectorError> {
        Ok(match self.next() {
            Token::Word("in") => Operator::In,
            Token::Word("notin") => Operator::NotIn,
            Token::Equals => Operator::Equals,
            Token::DoubleEquals => Operator::DoubleEquals,
            Token::NotEquals => Operator::NotEquals,
            Token::Greater => Operator::GreaterThan,
            Token::Less => Operator::LessThan,
            other => return Err(found(other, ", expected: in, notin, =, ==, !=, gt, lt")),
        })
    }

    /// What follows `=`: a value, or nothing, which is the empty value.
    fn exact(&mut self) -> Result<Name, SelectorError> {
        match self.peek() {
            Token::End | Token::Comma => Ok(Name::default()),
            Token::Word(value) => {
                self.position += 1;
                Ok(value.into())
            }
            other => Err(found(other, ", expected: identifier")),
        }
    }

    /// A list in parentheses. Each side of a stray comma counts as an empty value, but after two commas in a row a
    /// value must follow: upstream eats the second one and then insists.
    fn list(&mut self) -> Result<Vec<Name>, SelectorError> {
        let open = self.next();
        if open != Token::Open {
            return Err(found(open, " expected: '('"));
        }
        if self.peek() == Token::Close {
            self.position += 1;
            return Ok(vec![Name::default()]);
        }
        if !matches!(self.peek(), Token::Word(_) | Token::Comma) {
            return Err(found(self.peek(), ", expected: ',', ')' or identifier"));
        }
        let mut values: Vec<Name> = Vec::new();
        loop {
            match self.next() {
                Token::Word(value) => {
                    values.push(value.into());
                    match self.peek() {
                        Token::Comma => {}
                        Token::Close => break,
                        other => return Err(found(other, ", expected: ',' or ')'")),
                    }
                }
                Token::Comma => {
                    if values.is_empty() {
                        values.push(Name::default());
                    }
                    match self.peek() {
                        Token::Close => {
                            values.push(Name::default());
                            break;
                        }
                        Token::Comma => {
                            self.position += 1;
                            values.push(Name::default());
                        }
                        _ => {}
                    }
                }
                other => return Err(found(other, ", expected: ',', or identifier")),
            }
        }
        self.position += 1;
        // Upstream collects values into a set before it numbers them in messages.
        values.sort();
        values.dedup();
        Ok(values)
    }
}

fn found(token: Token<'_>, expected: &str) -> SelectorError {
    SelectorError::new(format!("found '{}'{expected}", token.text()))
}

#[cfg(test)]
mod tests {
    use super::super::Selector;

    fn check(text: &str, expected: Result<&str, &str>) {
        let got = Selector::parse(text);
        let got = got.as_ref().map(ToString::to_string).map_err(|error| error.message.as_str());
        assert_eq!(got.as_deref().map_err(|e| *e), expected, "{text}");
    }

    #[test]
    fn words_in_and_notin_may_be_keys_and_values() {
        check("in in (in,notin)", Ok("in in (in,notin)"));
        check("notin=in", Ok("notin=in"));
        check("in", Ok("in"));
    }

    #[test]
    fn stray_commas_stand_for_empty_values() {
        check("a in ()", Ok("a in ()"));
        check("a in (,)", Ok("a in ()"));
        check("a in (b,)", Ok("a in (,b)"));
        check("a in (b,,c)", Ok("a in (,b,c)"));
        check("a in (b,,)", Err("unable to parse requirement: found ')', expected: ',', or identifier"));
    }

    #[test]
    fn errors_name_what_was_found() {
        check(",", Err("found ',', expected: !, identifier, or 'end of string'"));
        check("a,", Err("found '', expected: identifier after ','"));
        check("!a=b", Err("found '=', expected: ',' or 'end of string'"));
        check("!!a", Err("unable to parse requirement: found '!', expected: identifier"));
        check("a in", Err("unable to parse requirement: found '' expected: '('"));
        check("a b", Err("unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"));
    }
}
