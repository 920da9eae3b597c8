//! The grammar of shell scripts, as far as it is understood: lists, conditions, loops, functions.

use super::words::{Token, Word, tokens};

/// How deep constructs may be nested.
const MOST_NESTED: usize = 50;

/// A part of a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Node {
    /// Variables that are set, a command with its arguments, and the files that it writes.
    Command {
        sets: Vec<(String, Word)>,
        words: Vec<Word>,
        writes: Vec<Word>,
    },
    /// One after the other.
    List(Vec<Node>),
    /// The second if the first succeeds.
    And(Box<Node>, Box<Node>),
    /// The second if the first fails.
    Or(Box<Node>, Box<Node>),
    /// Success for failure.
    Not(Box<Node>),
    /// `COMMAND &`.
    Background(Box<Node>),
    /// `a | b | c`.
    Pipe(Vec<Node>),
    /// `( ... )`.
    Subshell(Box<Node>),
    If {
        condition: Box<Node>,
        then: Box<Node>,
        otherwise: Option<Box<Node>>,
    },
    While {
        condition: Box<Node>,
        body: Box<Node>,
        until: bool,
    },
    For {
        variable: String,
        words: Vec<Word>,
        body: Box<Node>,
    },
    Function {
        name: String,
        body: Box<Node>,
    },
}

/// Reads a script; `None` = it is not understood.
pub(super) fn parse(script: &str) -> Option<Node> {
    let tokens = tokens(script)?;
    let mut parser = Parser { tokens: &tokens, depth: 0 };
    let list = parser.list(&[])?;
    parser.tokens.is_empty().then_some(list)
}

struct Parser<'a> {
    tokens: &'a [Token],
    depth: usize,
}

impl Parser<'_> {
    fn take_operator(&mut self, operator: &str) -> bool {
        let found = matches!(self.tokens.first(), Some(Token::Operator(found)) if *found == operator);
        if found {
            self.tokens = &self.tokens[1..];
        }
        found
    }

    fn peek_plain(&self) -> Option<&str> {
        match self.tokens.first()? {
            Token::Word(word) => word.plain(),
            _ => None,
        }
    }

    fn take_plain(&mut self, text: &str) -> bool {
        let found = self.peek_plain() == Some(text);
        if found {
            self.tokens = &self.tokens[1..];
        }
        found
    }

    /// Commands up to one of the reserved words or a closing parenthesis, which stay.
    fn list(&mut self, ends: &[&str]) -> Option<Node> {
        self.depth += 1;
        if self.depth > MOST_NESTED {
            return None;
        }
        let mut nodes = Vec::new();
        loop {
            while self.take_operator(";") {}
            let closed = matches!(self.tokens.first(), None | Some(Token::Operator(")")));
            if closed || self.peek_plain().is_some_and(|word| ends.contains(&word)) {
                break;
            }
            let node = self.and_or()?;
            if self.take_operator("&") {
                nodes.push(Node::Background(Box::new(node)));
                continue;
            }
            nodes.push(node);
            if !self.take_operator(";") {
                break;
            }
        }
        self.depth -= 1;
        Some(Node::List(nodes))
    }

    fn and_or(&mut self) -> Option<Node> {
        let mut left = self.pipe()?;
        loop {
            let and = self.take_operator("&&");
            if !and && !self.take_operator("||") {
                return Some(left);
            }
            while self.take_operator(";") {}
            let (first, second) = (Box::new(left), Box::new(self.pipe()?));
            left = if and { Node::And(first, second) } else { Node::Or(first, second) };
        }
    }

    fn pipe(&mut self) -> Option<Node> {
        if self.take_plain("!") {
            return Some(Node::Not(Box::new(self.pipe()?)));
        }
        let mut stages = vec![self.command()?];
        while self.take_operator("|") {
            stages.push(self.command()?);
        }
        if stages.len() == 1 { stages.pop() } else { Some(Node::Pipe(stages)) }
    }

    fn command(&mut self) -> Option<Node> {
        if self.take_operator("(") {
            let list = self.list(&[])?;
            return self.take_operator(")").then(|| Node::Subshell(Box::new(list)));
        }
        match self.peek_plain() {
            Some("if") => self.condition(),
            Some("while") => self.looped(false),
            Some("until") => self.looped(true),
            Some("for") => self.for_each(),
            Some("{") => self.group(),
            Some("case" | "select" | "function" | "[[" | "}" | "then" | "do" | "done" | "fi") => None,
            _ => self.simple(),
        }
    }

    fn group(&mut self) -> Option<Node> {
        self.tokens = &self.tokens[1..];
        let list = self.list(&["}"])?;
        self.take_plain("}").then_some(list)
    }

    /// `if` or `elif`.
    fn condition(&mut self) -> Option<Node> {
        self.tokens = &self.tokens[1..];
        let condition = Box::new(self.list(&["then"])?);
        if !self.take_plain("then") {
            return None;
        }
        let then = Box::new(self.list(&["elif", "else", "fi"])?);
        if self.peek_plain() == Some("elif") {
            let otherwise = Some(Box::new(self.condition()?));
            return Some(Node::If { condition, then, otherwise });
        }
        let otherwise = if self.take_plain("else") { Some(Box::new(self.list(&["fi"])?)) } else { None };
        self.take_plain("fi").then_some(Node::If { condition, then, otherwise })
    }

    fn looped(&mut self, until: bool) -> Option<Node> {
        self.tokens = &self.tokens[1..];
        let condition = Box::new(self.list(&["do"])?);
        Some(Node::While { condition, body: self.body()?, until })
    }

    fn for_each(&mut self) -> Option<Node> {
        self.tokens = &self.tokens[1..];
        let variable = self.peek_plain()?.to_owned();
        self.tokens = &self.tokens[1..];
        if !self.take_plain("in") {
            return None;
        }
        let mut words = Vec::new();
        while let Some((Token::Word(word), rest)) = self.tokens.split_first() {
            words.push(word.clone());
            self.tokens = rest;
        }
        while self.take_operator(";") {}
        Some(Node::For { variable, words, body: self.body()? })
    }

    fn body(&mut self) -> Option<Box<Node>> {
        let body = self.take_plain("do").then(|| self.list(&["done"]))??;
        self.take_plain("done").then(|| Box::new(body))
    }

    fn simple(&mut self) -> Option<Node> {
        let (mut sets, mut words, mut writes) = (Vec::new(), Vec::new(), Vec::new());
        while let Some((token, rest)) = self.tokens.split_first() {
            match token {
                Token::Word(word) => {
                    self.tokens = rest;
                    match assignment(word).filter(|_| words.is_empty()) {
                        Some(set) => sets.push(set),
                        None => words.push(word.clone()),
                    }
                }
                Token::Read | Token::Write => {
                    let (Token::Word(file), after) = rest.split_first()? else { return None };
                    self.tokens = after;
                    if *token == Token::Write {
                        writes.push(file.clone());
                    }
                }
                Token::Operator("(") => return self.function(&words),
                Token::Operator(_) => break,
            }
        }
        let empty = sets.is_empty() && words.is_empty() && writes.is_empty();
        (!empty).then_some(Node::Command { sets, words, writes })
    }

    /// `name() { ... }`, from the parenthesis on.
    fn function(&mut self, words: &[Word]) -> Option<Node> {
        let [name] = words else { return None };
        let name = name.plain()?.to_owned();
        if !self.take_operator("(") || !self.take_operator(")") {
            return None;
        }
        while self.take_operator(";") {}
        if self.peek_plain() != Some("{") {
            return None;
        }
        Some(Node::Function { name, body: Box::new(self.group()?) })
    }
}

/// `name=value`.
fn assignment(word: &Word) -> Option<(String, Word)> {
    use super::words::Part;
    let Some(Part::Text(text)) = word.parts.first() else { return None };
    let (name, value) = text.split_once('=')?;
    let is_name = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.chars().all(|character| character.is_ascii_alphanumeric() || character == '_');
    if !is_name {
        return None;
    }
    let mut parts = word.parts.clone();
    parts[0] = Part::Text(value.to_owned());
    Some((name.to_owned(), Word { parts, quoted: true }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_grammar_allows_is_read_and_the_rest_refused() {
        for good in [
            "touch /tmp/healthy; sleep 30; rm -f /tmp/healthy; sleep 600",
            "while true; do echo hi; sleep 1; done",
            "trap 'exit 0' TERM\nsleep 3600 & wait",
            "if [ -f /tmp/a ]; then exit 1; elif false; then exit 2; else exit 3; fi",
            "for i in 1 2 3\ndo\n  echo $i\ndone",
            "stop() { echo bye; exit 0; }; trap stop TERM; sleep 1",
            "a=1 b=\"two words\" true && ! false || (exit 4)",
            "",
        ] {
            assert!(parse(good).is_some(), "{good:?} is not understood");
        }
        for bad in [
            "if true; then",
            "while true; sleep 1; done",
            "a )",
            "case x in x) ;; esac",
            "echo $(ls | wc)",
            "; |",
        ] {
            assert_eq!(parse(bad), None, "{bad:?} is understood");
        }
        let deep = format!("{}true{}", "( ".repeat(60), " )".repeat(60));
        assert_eq!(parse(&deep), None);
    }
}
