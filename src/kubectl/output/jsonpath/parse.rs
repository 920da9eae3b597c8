//! From the text of a template to its parts.

use serde_json::Value;

use super::{Node, Operator, Part, Slice};

/// Reads a whole template; the error says why not.
pub(super) fn template(text: &str) -> Result<Vec<Part>, String> {
    let mut pieces = pieces(text)?.into_iter();
    let (parts, ended) = nest(&mut pieces);
    if ended {
        return Err("not in range, nothing to end".to_owned());
    }
    Ok(parts)
}

/// Text, or the content of one pair of braces.
enum Piece {
    Path(Vec<Node>),
    RangeOver(Vec<Node>),
    End,
}

fn pieces(text: &str) -> Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let Some((before, action)) = rest.split_once('{') else {
            pieces.push(literal_piece(rest));
            break;
        };
        if !before.is_empty() {
            pieces.push(literal_piece(before));
        }
        let mut reader = Reader::new(action);
        let actions = reader.action(true)?;
        pieces.push(actions);
        rest = reader.rest();
    }
    Ok(pieces)
}

fn literal_piece(text: &str) -> Piece {
    Piece::Path(vec![Node::Literal(text.into())])
}

/// Puts what stands between `range` and `end` into the range. An unclosed range reaches to the end of the template.
/// Returns whether an `end` closed this level.
fn nest(pieces: &mut std::vec::IntoIter<Piece>) -> (Vec<Part>, bool) {
    let mut parts = Vec::new();
    while let Some(piece) = pieces.next() {
        match piece {
            Piece::Path(nodes) => parts.push(Part::Path(nodes)),
            Piece::RangeOver(over) => parts.push(Part::Range { over, body: nest(pieces).0 }),
            Piece::End => return (parts, true),
        }
    }
    (parts, false)
}

/// Reads the inside of braces, or a fragment of it.
struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.at += next.len_utf8();
        Some(next)
    }

    /// Reads steps up to the closing brace, or up to the end of a fragment.
    fn action(&mut self, braced: bool) -> Result<Piece, String> {
        let mut nodes = Vec::new();
        let mut is_range = false;
        loop {
            match self.peek() {
                None if !braced => break,
                None | Some('\n' | '\r') => return Err("unclosed action".to_owned()),
                Some('}') if braced => {
                    self.at += 1;
                    break;
                }
                Some(' ' | '@' | '$') => self.at += 1,
                Some('[') if self.rest().starts_with("[?(") => nodes.push(self.filter()?),
                Some('[') => self.array(&mut nodes)?,
                Some('"' | '\'') => nodes.push(self.quoted()?),
                Some('.') if self.rest().starts_with("..") => self.recursive(&mut nodes),
                Some('.') => {
                    self.at += 1;
                    self.field(&mut nodes);
                }
                Some('+' | '-' | '0'..='9') => nodes.push(self.number()?),
                Some(letter) if letter.is_alphabetic() || letter == '_' => match self.identifier() {
                    "range" => is_range = true,
                    "end" if braced => {
                        self.skip_to_brace();
                        return Ok(Piece::End);
                    }
                    "true" => nodes.push(Node::Literal(true.into())),
                    "false" => nodes.push(Node::Literal(false.into())),
                    other => return Err(format!("unrecognized identifier {other}")),
                },
                Some(other) => {
                    return Err(format!(
                        "unrecognized character in action: U+{:04X} '{other}'",
                        other as u32
                    ));
                }
            }
        }
        Ok(if is_range { Piece::RangeOver(nodes) } else { Piece::Path(nodes) })
    }

    fn skip_to_brace(&mut self) {
        while self.next().is_some_and(|character| character != '}') {}
    }

    fn identifier(&mut self) -> &'a str {
        let rest = self.rest();
        let end = rest.find(ends_a_name).unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    /// A name after a dot; a backslash protects the next character.
    fn field(&mut self, nodes: &mut Vec<Node>) {
        let mut name = String::new();
        while let Some(character) = self.peek() {
            if character == '\\' {
                self.at += 1;
                name.extend(self.next());
            } else if ends_a_name(character) {
                break;
            } else {
                name.push(character);
                self.at += character.len_utf8();
            }
        }
        match name.as_str() {
            "" => {}
            "*" => nodes.push(Node::Wildcard),
            _ => nodes.push(Node::Field(name)),
        }
    }

    fn recursive(&mut self, nodes: &mut Vec<Node>) {
        self.at += 2;
        nodes.push(Node::Recursive);
        if self.peek().is_some_and(|next| next.is_alphanumeric() || next == '_') {
            self.field(nodes);
        }
    }

    fn number(&mut self) -> Result<Node, String> {
        let rest = self.rest();
        let end = rest
            .char_indices()
            .position(|(at, c)| !(c.is_ascii_digit() || c == '.' || (at == 0 && (c == '+' || c == '-'))))
            .unwrap_or(rest.len());
        self.at += end;
        let text = rest[..end].trim_start_matches('+');
        let number = text.parse::<i64>().map(Value::from).or_else(|_| text.parse::<f64>().map(Value::from));
        number.map(Node::Literal).map_err(|_| format!("cannot parse number {}", &rest[..end]))
    }

    /// `"..."` or `'...'` with Go's escapes.
    fn quoted(&mut self) -> Result<Node, String> {
        let unterminated = || "unterminated quoted string".to_owned();
        let quote = self.next();
        let mut text = String::new();
        loop {
            match self.next().ok_or_else(unterminated)? {
                '\n' => return Err(unterminated()),
                closing if Some(closing) == quote => return Ok(Node::Literal(text.into())),
                '\\' => text.push(self.escape().ok_or_else(|| "invalid escape in quoted string".to_owned())?),
                other => text.push(other),
            }
        }
    }

    fn escape(&mut self) -> Option<char> {
        Some(match self.next()? {
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            'a' => '\u{7}',
            'b' => '\u{8}',
            'f' => '\u{c}',
            'v' => '\u{b}',
            'x' => return self.code_point(2),
            'u' => return self.code_point(4),
            'U' => return self.code_point(8),
            other @ ('\\' | '"' | '\'') => other,
            _ => return None,
        })
    }

    fn code_point(&mut self, digits: usize) -> Option<char> {
        let hex = self.rest().get(..digits)?;
        self.at += digits;
        char::from_u32(u32::from_str_radix(hex, 16).ok()?)
    }

    /// `[...]`: an index, a slice, a key in quotes, or several of them.
    fn array(&mut self, nodes: &mut Vec<Node>) -> Result<(), String> {
        let rest = self.rest();
        let end = rest.find([']', '\n']).filter(|end| rest[*end..].starts_with(']'));
        let end = end.ok_or_else(|| "unterminated array".to_owned())?;
        self.at += end + 1;
        let inside = &rest[1..end];
        if inside.contains(',') {
            let one = |text: &str| fragment(&format!("[{}]", text.trim_matches(' ')));
            nodes.push(Node::Union(inside.split(',').map(one).collect::<Result<_, _>>()?));
            return Ok(());
        }
        if let Some(key) = inside.strip_prefix('\'').and_then(|key| key.strip_suffix('\''))
            && !key.contains('\'')
        {
            nodes.extend(fragment(&format!(".{key}"))?);
            return Ok(());
        }
        let slice = slice(if inside == "*" { ":" } else { inside });
        nodes.push(Node::Slice(slice.ok_or_else(|| format!("invalid array index {inside}"))?));
        Ok(())
    }

    /// `[?(...)]`
    fn filter(&mut self) -> Result<Node, String> {
        self.at += "[?(".len();
        let start = self.at;
        let mut quote = None;
        let mut previous = ' ';
        loop {
            match self.next() {
                None | Some('\n') => return Err("unterminated filter".to_owned()),
                Some(mark @ ('"' | '\'')) if quote.is_none() => quote = Some(mark),
                Some(mark) if quote == Some(mark) && previous != '\\' => quote = None,
                Some(')') if quote.is_none() => break,
                Some(other) => {
                    previous = other;
                    continue;
                }
            }
            previous = ' ';
        }
        let condition = &self.text[start..self.at - 1];
        if self.next() != Some(']') {
            return Err("unclosed array expect ]".to_owned());
        }
        comparison(condition)
    }
}

fn ends_a_name(character: char) -> bool {
    matches!(character, '\n' | '\r' | ' ' | '.' | '[' | ']' | '$' | '@' | '{' | '}')
}

/// Reads steps outside braces: an index of a union, a side of a comparison.
fn fragment(text: &str) -> Result<Vec<Node>, String> {
    match Reader::new(text).action(false)? {
        Piece::Path(nodes) => Ok(nodes),
        Piece::RangeOver(_) | Piece::End => Err("range and end need braces of their own".to_owned()),
    }
}

fn comparison(condition: &str) -> Result<Node, String> {
    let is_mark = |character: char| matches!(character, '!' | '<' | '=' | '>');
    let Some(start) = condition.find(is_mark).filter(|start| *start > 0) else {
        return Ok(Node::Filter { left: fragment(condition)?, comparison: None });
    };
    let marks = &condition[start..];
    let length = marks.find(|character| !is_mark(character)).unwrap_or(marks.len());
    let operator = match &marks[..length] {
        "==" => Operator::Equal,
        "!=" => Operator::NotEqual,
        "<" => Operator::Less,
        "<=" => Operator::LessOrEqual,
        ">" => Operator::Greater,
        ">=" => Operator::GreaterOrEqual,
        other => return Err(format!("unrecognized filter operator {other}")),
    };
    let right = fragment(&marks[length..])?;
    Ok(Node::Filter { left: fragment(&condition[..start])?, comparison: Some((operator, right)) })
}

/// `3`, `-1`, `1:3`, `:`, `0:9:2`
fn slice(text: &str) -> Option<Slice> {
    let bound = |text: &str| -> Option<Option<i64>> {
        if text.is_empty() { Some(None) } else { text.parse().ok().map(Some) }
    };
    let parts: Vec<&str> = text.split(':').collect();
    match parts[..] {
        [index] => {
            let index = bound(index)?.unwrap_or(0);
            Some(Slice { start: Some(index), end: Some(index.saturating_add(1)), step: None, is_index: true })
        }
        [start, end] => Some(Slice { start: bound(start)?, end: bound(end)?, step: None, is_index: false }),
        [start, end, step] => {
            Some(Slice { start: bound(start)?, end: bound(end)?, step: bound(step)?, is_index: false })
        }
        _ => None,
    }
}
