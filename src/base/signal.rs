//! POSIX signals by name and number, as Linux numbers them on the usual machines.

/// By number, from 1.
const NAMES: [&str; 31] = [
    "SIGHUP",
    "SIGINT",
    "SIGQUIT",
    "SIGILL",
    "SIGTRAP",
    "SIGABRT",
    "SIGBUS",
    "SIGFPE",
    "SIGKILL",
    "SIGUSR1",
    "SIGSEGV",
    "SIGUSR2",
    "SIGPIPE",
    "SIGALRM",
    "SIGTERM",
    "SIGSTKFLT",
    "SIGCHLD",
    "SIGCONT",
    "SIGSTOP",
    "SIGTSTP",
    "SIGTTIN",
    "SIGTTOU",
    "SIGURG",
    "SIGXCPU",
    "SIGXFSZ",
    "SIGVTALRM",
    "SIGPROF",
    "SIGWINCH",
    "SIGIO",
    "SIGPWR",
    "SIGSYS",
];

/// `SIGTERM`, `SIGKILL`, ... for those that have a common name.
pub fn name(signal: i32) -> Option<&'static str> {
    NAMES.get(usize::try_from(signal).ok()?.checked_sub(1)?).copied()
}

/// The number of a signal by number or name; names in any case, with or without `SIG`.
///
/// ```
/// use shakedown::base::signal;
///
/// assert_eq!(["SIGTERM", "term", "15"].map(signal::number), [Some(15); 3]);
/// assert_eq!(signal::number("SIGNOPE"), None);
/// ```
pub fn number(text: &str) -> Option<i32> {
    if let Ok(number) = text.parse::<i32>() {
        return name(number).map(|_| number);
    }
    let upper = text.to_ascii_uppercase();
    let short = upper.strip_prefix("SIG").unwrap_or(&upper);
    let index = NAMES.iter().position(|name| name.strip_prefix("SIG") == Some(short))?;
    i32::try_from(index + 1).ok()
}

/// All names, for suggestions.
pub fn names() -> impl Iterator<Item = &'static str> {
    NAMES.iter().copied()
}

#[cfg(test)]
mod tests {
    use super::{name, number};

    #[test]
    fn names_and_numbers_agree() {
        assert_eq!((number("9"), number("SIGSEGV"), number("usr1")), (Some(9), Some(11), Some(10)));
        assert_eq!((number("0"), number("32"), number("-9"), number("SIG")), (None, None, None, None));
        assert!((1..32).all(|signal| name(signal).and_then(number) == Some(signal)));
        assert_eq!((name(0), name(32), name(-1)), (None, None, None));
    }
}
