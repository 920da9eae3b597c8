//! Flags as kubectl reads them: `--a=b` and `--a b`, `-ab` for `-a -b` or `-a b`, anywhere among the arguments, up
//! to `--`.
//!
//! Follows the rules and the messages of the pflag library that kubectl is built with.

use crate::kernel::{ParseDurationError, SimDuration};

use super::error::UsageError;

/// One flag that a verb knows.
#[derive(Debug)]
pub(super) struct Flag {
    name: &'static str,
    short: Option<char>,
    /// What the flag means when it stands alone; `None` = it takes the next word.
    alone: Option<&'static str>,
    /// Known to kubectl, without meaning in a simulated cluster: read, then reported.
    ignored: bool,
}

impl Flag {
    /// A flag with a value.
    pub(super) const fn value(name: &'static str) -> Self {
        Self { name, short: None, alone: None, ignored: false }
    }

    /// A flag that is on when it is there; `--x=false` is possible.
    pub(super) const fn switch(name: &'static str) -> Self {
        Self { name, short: None, alone: Some("true"), ignored: false }
    }

    /// A flag whose value, when given at all, is joined to it by `=`.
    pub(super) const fn optional(name: &'static str, alone: &'static str) -> Self {
        Self { name, short: None, alone: Some(alone), ignored: false }
    }

    pub(super) const fn short(mut self, short: char) -> Self {
        self.short = Some(short);
        self
    }

    pub(super) const fn ignored(mut self) -> Self {
        self.ignored = true;
        self
    }

    /// As error messages name it: `-r, --replicas`.
    fn label(&self) -> String {
        match self.short {
            Some(short) => format!("-{short}, --{}", self.name),
            None => format!("--{}", self.name),
        }
    }

    fn invalid(&self, value: &str, why: &str) -> UsageError {
        UsageError::flag(format!("invalid argument {value:?} for {:?} flag: {why}", self.label()))
    }
}

/// What every verb takes.
const GLOBAL: &[Flag] = &[
    Flag::value("namespace").short('n'),
    Flag::value("context").ignored(),
    Flag::value("cluster").ignored(),
    Flag::value("user").ignored(),
    Flag::value("kubeconfig").ignored(),
    Flag::value("server").short('s').ignored(),
    Flag::value("as").ignored(),
    Flag::value("request-timeout").ignored(),
    Flag::value("v").short('v').ignored(),
    Flag::value("cache-dir").ignored(),
    Flag::switch("insecure-skip-tls-verify").ignored(),
    Flag::switch("warnings-as-errors").ignored(),
    // Flags of several verbs that concern the client or the wire only.
    Flag::value("field-manager").ignored(),
    Flag::value("chunk-size").ignored(),
    Flag::switch("show-managed-fields").ignored(),
    Flag::switch("server-print").ignored(),
    Flag::switch("allow-missing-template-keys").ignored(),
    Flag::switch("save-config").ignored(),
    Flag::switch("record").ignored(),
    Flag::optional("validate", "strict").ignored(),
];

/// What every verb takes that changes objects.
pub(super) const CHANGES: &[Flag] =
    &[Flag::value("output").short('o'), Flag::optional("dry-run", WITHOUT_VALUE)];
/// `--dry-run` that stands alone.
const WITHOUT_VALUE: &str = "unchanged";

/// `--dry-run`: what is only tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DryRun {
    /// `client`: what would be sent is shown.
    Client,
    /// `server`: what the server would make of it is shown.
    Server,
}

impl DryRun {
    /// What is added to what is said to be done.
    pub fn suffix(self) -> &'static str {
        match self {
            Self::Client => " (dry run)",
            Self::Server => " (server dry run)",
        }
    }
}

/// Whether the word is a global flag whose value is the next word.
pub(super) fn global_takes_word(word: &str) -> bool {
    let is_this = |flag: &Flag| match word.strip_prefix("--") {
        Some(long) => flag.name == long,
        None => word.strip_prefix('-').is_some_and(|short| short.chars().eq(flag.short)),
    };
    GLOBAL.iter().any(|flag| flag.alone.is_none() && is_this(flag))
}

/// Flags of kubectl that change what a command does, in a way that is not simulated: better refused than ignored.
const NOT_SIMULATED: &[&str] = &[
    "kustomize",
    "server-side",
    "prune",
    "patch-file",
    "subresource",
    "edit",
    "attach",
    "overrides",
    "interactive",
    "raw",
    "template",
    "rm",
];

/// The words of a command, sorted into arguments and flags.
#[derive(Debug)]
pub(super) struct Parsed {
    /// The arguments in order, those after `--` included.
    pub(super) args: Vec<String>,
    /// How many arguments stood before `--`, if there was one.
    pub(super) before_dashes: Option<usize>,
    given: Vec<(&'static Flag, String)>,
}

impl Parsed {
    /// Sorts `words` by the flags in `own` and those that every verb has.
    pub(super) fn parse(words: &[String], own: &[&'static [Flag]]) -> Result<Self, UsageError> {
        let mut reader = Reader { flags: own, words: words.iter(), given: Vec::new() };
        let mut args = Vec::new();
        let mut before_dashes = None;
        while let Some(word) = reader.words.next() {
            if word == "--" {
                before_dashes = Some(args.len());
                args.extend(reader.words.by_ref().cloned());
            } else if let Some(long) = word.strip_prefix("--") {
                reader.long(long)?;
            } else if word.len() > 1
                && let Some(short) = word.strip_prefix('-')
            {
                reader.short(short)?;
            } else {
                args.push(word.clone());
            }
        }
        Ok(Self { args, before_dashes, given: reader.given })
    }

    fn last(&self, name: &str) -> Option<(&'static Flag, &str)> {
        self.given
            .iter()
            .rev()
            .find(|(flag, _)| flag.name == name)
            .map(|(flag, value)| (*flag, value.as_str()))
    }

    /// `--dry-run`.
    pub(super) fn dry_run(&self) -> Result<Option<DryRun>, UsageError> {
        match self.last("dry-run").map(|(_, value)| value) {
            None | Some("none") => Ok(None),
            Some("client") => Ok(Some(DryRun::Client)),
            Some("server") => Ok(Some(DryRun::Server)),
            Some(WITHOUT_VALUE) => Err(UsageError::new(
                "--dry-run flag without a value was specified. A value must be set: \"none\", \"server\", or \
                 \"client\".",
            )),
            Some(other) => Err(UsageError::new(format!(
                "Invalid dry-run value ({other}). Must be \"none\", \"server\", or \"client\"."
            ))),
        }
    }

    /// Whether the flag was given at all.
    pub(super) fn has(&self, name: &str) -> bool {
        self.last(name).is_some()
    }

    /// The value of a flag; the last one wins.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.last(name).map(|(_, value)| value.to_owned())
    }

    /// All values of a flag that may be repeated.
    pub(super) fn texts(&self, name: &str) -> Vec<String> {
        self.given.iter().filter(|(flag, _)| flag.name == name).map(|(_, value)| value.clone()).collect()
    }

    /// All values of a flag that may be repeated or hold several, joined by commas.
    pub(super) fn list(&self, name: &str) -> Vec<String> {
        let values = self.given.iter().filter(|(flag, _)| flag.name == name);
        values.flat_map(|(_, value)| value.split(',').map(str::to_owned)).collect()
    }

    /// Whether a switch is on; `default` when it was not given.
    pub(super) fn switch_or(&self, name: &str, default: bool) -> Result<bool, UsageError> {
        let Some((flag, value)) = self.last(name) else { return Ok(default) };
        match value {
            "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
            "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
            other => {
                Err(flag.invalid(other, &format!("strconv.ParseBool: parsing {other:?}: invalid syntax")))
            }
        }
    }

    /// Whether a switch that is off by default is on.
    pub(super) fn switch(&self, name: &str) -> Result<bool, UsageError> {
        self.switch_or(name, false)
    }

    /// The value of a flag that takes a whole number.
    pub(super) fn number<T: TryFrom<i64>>(&self, name: &str) -> Result<Option<T>, UsageError> {
        let Some((flag, value)) = self.last(name) else { return Ok(None) };
        let looks_right = value.strip_prefix(['-', '+']).unwrap_or(value);
        let digits = !looks_right.is_empty() && looks_right.bytes().all(|byte| byte.is_ascii_digit());
        let number = value.parse::<i64>().ok().and_then(|number| T::try_from(number).ok());
        number.map(Some).ok_or_else(|| {
            let why = if digits { "value out of range" } else { "invalid syntax" };
            flag.invalid(value, &format!("strconv.ParseInt: parsing {value:?}: {why}"))
        })
    }

    /// The value of a flag that takes a length of time; negative ones are for `negative` to interpret.
    pub(super) fn duration_or(
        &self,
        name: &str,
        negative: Option<SimDuration>,
    ) -> Result<Option<SimDuration>, UsageError> {
        let Some((flag, value)) = self.last(name) else { return Ok(None) };
        match (value.parse::<SimDuration>(), negative) {
            (Ok(duration), _) => Ok(Some(duration)),
            (Err(ParseDurationError::Negative { .. }), Some(instead)) => Ok(Some(instead)),
            (Err(error), _) => Err(flag.invalid(value, &duration_error(value, &error))),
        }
    }

    /// The value of a flag that takes a length of time.
    pub(super) fn duration(&self, name: &str) -> Result<Option<SimDuration>, UsageError> {
        self.duration_or(name, None)
    }

    /// Everything but one flag, for verbs that give it another meaning.
    pub(super) fn without(&self, name: &str) -> Self {
        let given = self.given.iter().filter(|(flag, _)| flag.name != name).cloned().collect();
        Self { args: self.args.clone(), before_dashes: self.before_dashes, given }
    }

    /// The flags that were given but mean nothing here.
    pub(super) fn ignored(&self) -> Vec<String> {
        let ignored = self.given.iter().filter(|(flag, _)| flag.ignored);
        ignored.map(|(flag, _)| format!("--{}", flag.name)).collect()
    }
}

fn duration_error(value: &str, error: &ParseDurationError) -> String {
    match error {
        ParseDurationError::MissingUnit { .. } => format!("time: missing unit in duration {value:?}"),
        ParseDurationError::UnknownUnit { unit, .. } => {
            format!("time: unknown unit {unit:?} in duration {value:?}")
        }
        _ => format!("time: invalid duration {value:?}"),
    }
}

struct Reader<'a> {
    flags: &'a [&'static [Flag]],
    words: std::slice::Iter<'a, String>,
    given: Vec<(&'static Flag, String)>,
}

impl Reader<'_> {
    fn known(&self) -> impl Iterator<Item = &'static Flag> + '_ {
        self.flags.iter().copied().chain([GLOBAL]).flatten()
    }

    /// `name` or `name=value`, after the two dashes.
    fn long(&mut self, text: &str) -> Result<(), UsageError> {
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (text, None),
        };
        if name.is_empty() || name.starts_with('-') {
            return Err(UsageError::flag(format!("bad flag syntax: --{text}")));
        }
        let Some(flag) = self.known().find(|flag| flag.name == name) else {
            return Err(self.unknown(name));
        };
        let value = match (value, flag.alone) {
            (Some(value), _) | (None, Some(value)) => value.to_owned(),
            (None, None) => self.next_word(|| format!("--{name}"))?,
        };
        self.given.push((flag, value));
        Ok(())
    }

    /// One or several letters after a single dash; the first that takes a value takes the rest.
    fn short(&mut self, text: &str) -> Result<(), UsageError> {
        let mut letters = text.chars();
        while let Some(letter) = letters.next() {
            let Some(flag) = self.known().find(|flag| flag.short == Some(letter)) else {
                return Err(UsageError::flag(format!("unknown shorthand flag: {letter:?} in -{text}")));
            };
            let rest = letters.as_str();
            if let Some(value) = rest.strip_prefix('=') {
                self.given.push((flag, value.to_owned()));
                return Ok(());
            }
            if let Some(alone) = flag.alone {
                self.given.push((flag, alone.to_owned()));
                continue;
            }
            let value = match rest {
                "" => self.next_word(|| format!("{letter:?} in -{text}"))?,
                value => value.to_owned(),
            };
            self.given.push((flag, value));
            return Ok(());
        }
        Ok(())
    }

    fn next_word(&mut self, flag: impl Fn() -> String) -> Result<String, UsageError> {
        self.words
            .next()
            .cloned()
            .ok_or_else(|| UsageError::flag(format!("flag needs an argument: {}", flag())))
    }

    fn unknown(&self, name: &str) -> UsageError {
        if NOT_SIMULATED.contains(&name) {
            return UsageError::new(format!("kubectl's flag --{name} is not simulated"));
        }
        let names: Vec<&str> = self.known().filter(|flag| !flag.ignored).map(|flag| flag.name).collect();
        UsageError::flag(format!("unknown flag: --{name}")).suggesting(name, names, "--")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: &[Flag] = &[
        Flag::value("output").short('o'),
        Flag::switch("watch").short('w'),
        Flag::switch("all-namespaces").short('A'),
        Flag::optional("cascade", "background"),
        Flag::value("replicas").short('r'),
        Flag::value("timeout"),
    ];

    fn parse(line: &str) -> Result<Parsed, UsageError> {
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        Parsed::parse(&words, &[OWN])
    }

    fn message<T: std::fmt::Debug>(result: Result<T, UsageError>) -> String {
        result.unwrap_err().to_string()
    }

    #[test]
    fn all_ways_to_write_a_value() {
        for line in ["-owide", "-o=wide", "-o wide", "--output=wide", "--output wide", "-wowide", "-Awo wide"]
        {
            assert_eq!(parse(line).unwrap().text("output").as_deref(), Some("wide"), "{line}");
        }
        let parsed = parse("pods -wA web-1 -- -o json").unwrap();
        assert!(parsed.switch("watch").unwrap() && parsed.switch("all-namespaces").unwrap());
        assert_eq!(parsed.args, ["pods", "web-1", "-o", "json"]);
        assert_eq!(parsed.before_dashes, Some(2));
        assert!(!parsed.has("output"));
    }

    #[test]
    fn optional_values_need_the_equals_sign() {
        let parsed = parse("--cascade orphan").unwrap();
        assert_eq!((parsed.text("cascade").as_deref(), parsed.args.len()), (Some("background"), 1));
        assert_eq!(parse("--cascade=orphan").unwrap().text("cascade").as_deref(), Some("orphan"));
    }

    #[test]
    fn a_lone_dash_is_an_argument() {
        assert_eq!(parse("-w -").unwrap().args, ["-"]);
    }

    #[test]
    fn refusals_are_those_of_kubectl() {
        for (line, expected) in [
            ("--foo", "unknown flag: --foo"),
            ("--replica=3", "unknown flag: --replica; did you mean `--replicas`?"),
            ("-x", "unknown shorthand flag: 'x' in -x"),
            ("-wx", "unknown shorthand flag: 'x' in -wx"),
            ("-n", "flag needs an argument: 'n' in -n"),
            ("--namespace", "flag needs an argument: --namespace"),
            ("--=3", "bad flag syntax: --=3"),
            ("--kustomize=x", "kubectl's flag --kustomize is not simulated"),
        ] {
            assert_eq!(message(parse(line)), expected, "{line}");
        }
        let number = |line: &str| parse(line).unwrap().number::<i32>("replicas");
        assert_eq!(number("-r 3").unwrap(), Some(3));
        assert_eq!(number("-r=-3").unwrap(), Some(-3));
        assert_eq!(
            message(number("-r x")),
            r#"invalid argument "x" for "-r, --replicas" flag: strconv.ParseInt: parsing "x": invalid syntax"#
        );
        assert!(message(number("-r 99999999999")).ends_with("value out of range"));
        assert_eq!(
            message(parse("--watch=maybe").unwrap().switch("watch")),
            r#"invalid argument "maybe" for "-w, --watch" flag: strconv.ParseBool: parsing "maybe": invalid syntax"#
        );
    }

    #[test]
    fn lengths_of_time_are_those_of_go() {
        let time = |line: &str| parse(line).unwrap().duration("timeout");
        assert_eq!(time("--timeout=1m30s").unwrap(), Some(SimDuration::from_secs(90)));
        for (line, why) in [
            ("--timeout=5", r#"time: missing unit in duration "5""#),
            ("--timeout=x", r#"time: invalid duration "x""#),
            ("--timeout=5fortnights", r#"time: unknown unit "fortnights" in duration "5fortnights""#),
        ] {
            assert!(message(time(line)).ends_with(why), "{line}: {}", message(time(line)));
        }
    }

    #[test]
    fn flags_of_the_client_are_named_not_obeyed() {
        assert_eq!(parse("--context=prod pods -v=6").unwrap().ignored(), ["--context", "--v"]);
    }
}
