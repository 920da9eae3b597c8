//! Splits a shell script into words and operators (POSIX shell, sections 2.2 to 2.6 of its grammar).
//!
//! What the simulator cannot know the meaning of (here-documents, globs in conditions, most command substitutions) is refused
//! with `None`, so that nobody is told a guess.

/// A piece of a word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Text as it is.
    Text(String),
    /// The value of a variable.
    Variable(String),
    /// `$((...))`.
    Arithmetic(String),
    /// The output of a command that is not simulated, such as `$(date)`.
    Unknown,
}

/// A word before expansion.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) parts: Vec<Part>,
    /// Whether any of it was quoted: then it is no reserved word, and stays a word when it is empty.
    pub(super) quoted: bool,
}

impl Word {
    /// The word as a reserved word, a name or an operator's neighbour: plain unquoted text.
    pub(super) fn plain(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [Part::Text(text)] if !self.quoted => Some(text),
            _ => None,
        }
    }

    fn push(&mut self, character: char) {
        if let Some(Part::Text(text)) = self.parts.last_mut() {
            text.push(character);
        } else {
            self.parts.push(Part::Text(character.to_string()));
        }
    }
}

/// A word or an operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    Word(Word),
    /// `;`, `&`, `&&`, `||`, `|`, `(`, `)` or a new line (as `;`).
    Operator(&'static str),
    /// `>` or `>>`: what follows is written.
    Write,
    /// `<`: what follows is read.
    Read,
}

/// The operators, longer ones first.
const OPERATORS: [(&str, &str); 8] =
    [("&&", "&&"), ("||", "||"), (";", ";"), ("\n", ";"), ("&", "&"), ("|", "|"), ("(", "("), (")", ")")];
/// Commands whose output nobody acts on in the scripts that are understood.
const IDLE_COMMANDS: [&str; 8] = ["date", "hostname", "whoami", "id", "uname", "uptime", "pwd", "cat"];

/// All tokens of a script, if it is understood.
pub(super) fn tokens(script: &str) -> Option<Vec<Token>> {
    let mut reader = Reader { rest: script };
    let mut tokens = Vec::new();
    loop {
        reader.skip_blanks();
        let Some(next) = reader.peek() else { return Some(tokens) };
        if next == '#' {
            reader.rest = &reader.rest[reader.rest.find('\n').unwrap_or(reader.rest.len())..];
        } else if let Some(redirection) = reader.redirection() {
            match redirection {
                Redirection::Duplicate => {}
                Redirection::Write => tokens.push(Token::Write),
                Redirection::Read => tokens.push(Token::Read),
                Redirection::Document => return None,
            }
        } else if let Some((text, operator)) =
            OPERATORS.iter().find(|(text, _)| reader.rest.starts_with(text))
        {
            reader.rest = &reader.rest[text.len()..];
            tokens.push(Token::Operator(operator));
        } else {
            tokens.push(Token::Word(reader.word()?));
        }
    }
}

/// Where a command reads from and writes to.
enum Redirection {
    /// `2>&1`: nothing changes here.
    Duplicate,
    /// `>`, `>>`, `2>`, `&>`.
    Write,
    /// `<`.
    Read,
    /// `<<` or `<(`: not understood.
    Document,
}

struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.rest = &self.rest[next.len_utf8()..];
        Some(next)
    }

    fn skip_blanks(&mut self) {
        loop {
            self.rest = self.rest.trim_start_matches([' ', '\t', '\r']);
            match self.rest.strip_prefix("\\\n") {
                Some(rest) => self.rest = rest,
                None => return,
            }
        }
    }

    /// Text up to `end`, which is taken too.
    fn until(&mut self, end: &str) -> Option<&'a str> {
        let (text, rest) = self.rest.split_once(end)?;
        self.rest = rest;
        Some(text)
    }

    /// A redirection, if one is next.
    fn redirection(&mut self) -> Option<Redirection> {
        if let Some(rest) = self.rest.strip_prefix('<') {
            self.rest = rest;
            let is_document = rest.starts_with(['<', '(']);
            return Some(if is_document { Redirection::Document } else { Redirection::Read });
        }
        let after_number = self.rest.strip_prefix(['1', '2', '&']).unwrap_or(self.rest);
        let rest = after_number.strip_prefix('>')?;
        if let Some(rest) = rest.strip_prefix("&1").or_else(|| rest.strip_prefix("&2")) {
            self.rest = rest;
            return Some(Redirection::Duplicate);
        }
        self.rest = rest.strip_prefix('>').unwrap_or(rest);
        Some(Redirection::Write)
    }

    fn word(&mut self) -> Option<Word> {
        let mut word = Word::default();
        while let Some(next) = self.peek() {
            match next {
                ' ' | '\t' | '\r' | '\n' | ';' | '&' | '|' | '(' | ')' | '<' | '>' => break,
                '\'' => {
                    self.next();
                    word.quoted = true;
                    self.until("'")?.chars().for_each(|character| word.push(character));
                }
                '"' => {
                    self.next();
                    word.quoted = true;
                    self.double_quoted(&mut word)?;
                }
                '\\' => {
                    self.next();
                    word.quoted = true;
                    word.push(self.next()?);
                }
                '$' | '`' => self.dollar(&mut word)?,
                _ => {
                    self.next();
                    word.push(next);
                }
            }
        }
        Some(word)
    }

    fn double_quoted(&mut self, word: &mut Word) -> Option<()> {
        loop {
            match self.peek()? {
                '"' => {
                    self.next();
                    return Some(());
                }
                '\\' if self.rest[1..].starts_with(['"', '\\', '$', '`']) => {
                    self.next();
                    word.push(self.next()?);
                }
                '$' | '`' => self.dollar(word)?,
                other => {
                    self.next();
                    word.push(other);
                }
            }
        }
    }

    /// A variable, arithmetic, or the output of a command.
    fn dollar(&mut self, word: &mut Word) -> Option<()> {
        if self.next() == Some('`') {
            let command = self.until("`")?;
            word.parts.push(output_of(command)?);
            return Some(());
        }
        if let Some(rest) = self.rest.strip_prefix("((") {
            self.rest = rest;
            let sum = self.until("))")?;
            word.parts.push(Part::Arithmetic(sum.to_owned()));
        } else if let Some(rest) = self.rest.strip_prefix('(') {
            self.rest = rest;
            let command = self.until(")")?;
            word.parts.push(output_of(command)?);
        } else if let Some(rest) = self.rest.strip_prefix('{') {
            self.rest = rest;
            let name = self.until("}")?;
            let is_name = !name.is_empty() && name.chars().all(is_of_name);
            word.parts.push(Part::Variable(is_name.then(|| name.to_owned())?));
        } else {
            let special = self.rest.strip_prefix(['$', '!', '?', '#', '@', '*']);
            let end = special.map_or_else(
                || self.rest.find(|character| !is_of_name(character)).unwrap_or(self.rest.len()),
                |_| 1,
            );
            let (name, rest) = self.rest.split_at(end);
            self.rest = rest;
            if name.is_empty() {
                word.push('$');
            } else {
                word.parts.push(Part::Variable(name.to_owned()));
            }
        }
        Some(())
    }
}

fn is_of_name(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_'
}

/// What a command prints, where that is known or does not matter.
fn output_of(command: &str) -> Option<Part> {
    let words: Vec<&str> = command.split_whitespace().collect();
    if command.contains(['|', ';', '&', '`']) {
        return None;
    }
    match words.as_slice() {
        ["seq", bounds @ ..] => {
            let numbers = bounds.iter().map(|bound| bound.parse().ok()).collect::<Option<Vec<i64>>>()?;
            let (first, last) = match numbers.as_slice() {
                [last] => (1, *last),
                [first, last] => (*first, *last),
                _ => return None,
            };
            let few = (0..1000).contains(&last.checked_sub(first)?);
            let list = || (first..=last).map(|number| number.to_string()).collect::<Vec<_>>().join(" ");
            few.then(|| Part::Text(list()))
        }
        [name, ..] if IDLE_COMMANDS.contains(name) => Some(Part::Unknown),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(script: &str) -> Vec<String> {
        let text = |token: &Token| match token {
            Token::Word(word) => format!("{:?}", word.parts),
            other => format!("{other:?}"),
        };
        tokens(script).expect("understood").iter().map(text).collect()
    }

    #[test]
    fn quotes_keep_words_together_and_hide_operators() {
        assert_eq!(
            plain("echo 'a; b' \"c d\" e\\ f"),
            ["[Text(\"echo\")]", "[Text(\"a; b\")]", "[Text(\"c d\")]", "[Text(\"e f\")]"]
        );
    }

    #[test]
    fn redirections_of_messages_vanish_and_those_to_files_stay() {
        assert_eq!(
            plain("cat x 2>&1 > /tmp/y # why"),
            ["[Text(\"cat\")]", "[Text(\"x\")]", "Write", "[Text(\"/tmp/y\")]"]
        );
    }

    #[test]
    fn outputs_of_other_commands_are_not_guessed() {
        assert_eq!(tokens("x=$(curl -s example.org)"), None);
        assert_eq!(tokens("cat <<EOF"), None);
        assert_eq!(tokens("echo 'open"), None);
        assert_eq!(plain("$(seq 2 4)"), ["[Text(\"2 3 4\")]"]);
        assert_eq!(plain("\"$(date)\""), ["[Unknown]"]);
    }
}
