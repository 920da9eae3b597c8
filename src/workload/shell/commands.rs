//! The commands that are known: those of the shell itself, and a few programs that every image has.

use super::machine::{Machine, Status, Stop, Trap};
use super::parse;
use crate::kernel::SimDuration;

/// Commands that do nothing that anybody here could see.
const IDLE: [&str; 18] = [
    "true", ":", "date", "hostname", "whoami", "id", "uname", "uptime", "pwd", "cd", "sync", "umask",
    "chmod", "chown", "env", "printenv", "nproc", "ulimit",
];
/// An argument; `None` = not known.
type Argument = Option<String>;

/// The name of a program without its folder, if that is one of those where programs are.
pub(super) fn base_name(path: &str) -> &str {
    let folders = ["/bin/", "/usr/bin/", "/usr/local/bin/", "/sbin/", "/usr/sbin/"];
    let name = folders.iter().find_map(|folder| path.strip_prefix(folder));
    name.filter(|name| !name.contains('/')).unwrap_or(path)
}

/// Runs a command. `prints` tells whether its output goes to the log.
pub(super) fn run(machine: &mut Machine<'_>, name: &str, arguments: &[Argument], prints: bool) -> Status {
    let name = base_name(name);
    match name {
        "echo" | "printf" => {
            print(machine, name, arguments, prints);
            return Ok(0);
        }
        "export" | "readonly" | "local" => return export(machine, arguments),
        _ if IDLE.contains(&name) => return Ok(0),
        "false" => return Ok(1),
        _ => {}
    }
    let known: Option<Vec<&str>> = arguments.iter().map(Option::as_deref).collect();
    let Some(words) = known else { return unknown(machine) };
    match name {
        "sleep" => sleep(machine, &words),
        "exit" => Err(Stop::Exit(code(machine, &words)?)),
        "return" => Err(Stop::Return(code(machine, &words)?)),
        "break" => Err(Stop::Break(levels(&words)?)),
        "continue" => Err(Stop::Continue(levels(&words)?)),
        "test" => test(machine, &words),
        "[" => match words.split_last() {
            Some((&"]", words)) => test(machine, words),
            _ => Ok(2),
        },
        "touch" | "mkdir" | "tee" => files(machine, &words, true),
        "rm" | "rmdir" => files(machine, &words, false),
        "cat" | "ls" => list(machine, name, &words, prints),
        "tail" if words.contains(&"-f") || words.contains(&"-F") => machine.wait_until(None).map(|()| 0),
        "yes" => {
            machine.busy = true;
            Err(Stop::Never)
        }
        "set" => {
            set(machine, &words);
            Ok(0)
        }
        "trap" => trap(machine, &words),
        "wait" => machine.wait_for_jobs(),
        "kill" => kill(machine, &words),
        "exec" => exec(machine, &words, prints),
        _ if super::SHELLS.contains(&name) => shell(machine, &words),
        _ => unknown(machine),
    }
}

/// A program that is not known.
fn unknown(machine: &Machine<'_>) -> Status {
    if machine.lenient { Ok(0) } else { Err(Stop::Unknown) }
}

fn print(machine: &mut Machine<'_>, name: &str, arguments: &[Argument], prints: bool) {
    let words = arguments.iter().map(|word| word.as_deref().unwrap_or("..."));
    let line = words
        .filter(|word| name != "echo" || !matches!(*word, "-n" | "-e" | "-ne"))
        .collect::<Vec<_>>()
        .join(" ");
    if prints {
        let end = if name == "echo" { "\n" } else { "" };
        machine.print(&(line.replace("\\n", "\n") + end));
    }
}

fn export(machine: &mut Machine<'_>, arguments: &[Argument]) -> Status {
    for argument in arguments {
        let Some((name, value)) = argument.as_deref().ok_or(Stop::Unknown)?.split_once('=') else { continue };
        machine.state.variables.insert(name.to_owned(), Some(value.to_owned()));
    }
    Ok(0)
}

/// How long `sleep` sleeps: seconds, or with a unit as GNU and busybox know it; several are added. For ever = the longest
/// time that there is.
fn duration(words: &[&str]) -> Option<SimDuration> {
    let mut sum = SimDuration::ZERO;
    for word in words {
        if matches!(*word, "infinity" | "inf") {
            return Some(SimDuration::MAX);
        }
        let (number, factor) = match word.char_indices().last()? {
            (at, 's') => (&word[..at], 1.0),
            (at, 'm') => (&word[..at], 60.0),
            (at, 'h') => (&word[..at], 3600.0),
            (at, 'd') => (&word[..at], 86_400.0),
            _ => (*word, 1.0),
        };
        let plain = number.chars().all(|character| character.is_ascii_digit() || character == '.');
        let seconds: f64 = number.parse().ok().filter(|_| plain)?;
        sum = sum.saturating_add(SimDuration::from_secs_f64(seconds * factor)?);
    }
    (!words.is_empty()).then_some(sum)
}

fn sleep(machine: &mut Machine<'_>, words: &[&str]) -> Status {
    let Some(duration) = duration(words) else {
        machine.print("sleep: invalid time interval\n");
        return Ok(1);
    };
    let end = Some(machine.age.saturating_add(duration)).filter(|_| duration < SimDuration::MAX);
    machine.wait_until(end)?;
    Ok(0)
}

fn code(machine: &Machine<'_>, words: &[&str]) -> Status {
    match words.first() {
        None => Ok(machine.status),
        // Only eight bits of it are kept.
        Some(word) => word.parse::<i32>().map(|code| code & 0xff).map_err(|_| Stop::Unknown),
    }
}

fn levels(words: &[&str]) -> Result<u32, Stop> {
    let count: u32 = words.first().map_or(Ok(1), |word| word.parse()).map_err(|_| Stop::Unknown)?;
    count.checked_sub(1).ok_or(Stop::Unknown)
}

/// `test` and `[`: 0 = true, 1 = false, 2 = no test at all.
fn test(machine: &Machine<'_>, words: &[&str]) -> Status {
    let truth = |value: bool| Ok(i32::from(!value));
    match words {
        [] => truth(false),
        ["!", rest @ ..] => match test(machine, rest)? {
            status @ (0 | 1) => Ok(1 - status),
            status => Ok(status),
        },
        ["-n", word] | [word] => truth(!word.is_empty()),
        ["-z", word] => truth(word.is_empty()),
        ["-e" | "-f" | "-d" | "-r" | "-s" | "-w" | "-x", path] => match machine.file(path) {
            Some(exists) => truth(exists),
            None => unknown(machine),
        },
        [left, "=" | "==", right] => truth(left == right),
        [left, "!=", right] => truth(left != right),
        [left, operator, right] => {
            let (Ok(left), Ok(right)) = (left.parse::<i64>(), right.parse::<i64>()) else { return Ok(2) };
            match *operator {
                "-eq" => truth(left == right),
                "-ne" => truth(left != right),
                "-lt" => truth(left < right),
                "-le" => truth(left <= right),
                "-gt" => truth(left > right),
                "-ge" => truth(left >= right),
                _ => unknown(machine),
            }
        }
        _ => unknown(machine),
    }
}

fn files(machine: &mut Machine<'_>, words: &[&str], exist: bool) -> Status {
    for path in words.iter().filter(|word| !word.starts_with('-')) {
        if path.contains(['*', '?', '[']) {
            return unknown(machine);
        }
        machine.set_file((*path).to_owned(), exist)?;
    }
    Ok(0)
}

/// `cat` and `ls`: they fail for files that are not there.
fn list(machine: &mut Machine<'_>, name: &str, words: &[&str], prints: bool) -> Status {
    let mut status = 0;
    for path in words.iter().filter(|word| !word.starts_with('-')) {
        match machine.file(path) {
            Some(true) => {}
            None => return unknown(machine),
            Some(false) => {
                let why = "No such file or directory";
                let line = match (name, machine.knowledge.busybox) {
                    ("cat", true) => format!("cat: can't open '{path}': {why}\n"),
                    ("ls", false) => format!("ls: cannot access '{path}': {why}\n"),
                    _ => format!("{name}: {path}: {why}\n"),
                };
                if prints {
                    machine.print(&line);
                }
                status = if name == "ls" && !machine.knowledge.busybox { 2 } else { 1 };
            }
        }
    }
    Ok(status)
}

fn set(machine: &mut Machine<'_>, words: &[&str]) {
    for word in words {
        match word.split_at_checked(1) {
            Some(("-", letters)) => machine.exit_on_error |= letters.contains('e') || *word == "errexit",
            Some(("+", letters)) => machine.exit_on_error &= !letters.contains('e'),
            _ => {}
        }
    }
}

fn trap(machine: &mut Machine<'_>, words: &[&str]) -> Status {
    let words = words.strip_prefix(&["--"]).unwrap_or(words);
    let Some((action, signals)) = words.split_first() else { return Ok(0) };
    let trap = match *action {
        "-" => Trap::Default,
        "" => Trap::Ignore,
        commands => Trap::Run(parse::parse(commands).ok_or(Stop::Unknown)?),
    };
    for signal in signals {
        match signal.trim_start_matches("SIG") {
            "TERM" | "15" => machine.state.trap = trap.clone(),
            "EXIT" | "0" => {
                machine.exit_trap = match &trap {
                    Trap::Run(commands) => Some(commands.clone()),
                    _ => None,
                }
            }
            _ => {}
        }
    }
    Ok(0)
}

/// A signal that the script sends: to itself (`$$`, `1`), which as PID 1 it does not even feel unless it has a trap for it
/// (pid_namespaces(7)), or to a job in the background.
fn kill(machine: &mut Machine<'_>, words: &[&str]) -> Status {
    let (signal, targets) = match words {
        ["-s", signal, rest @ ..] => (signal.trim_start_matches("SIG"), rest),
        [first, rest @ ..] if first.starts_with('-') => (first[1..].trim_start_matches("SIG"), rest),
        rest => ("TERM", rest),
    };
    let number = signal_number(signal).ok_or(Stop::Unknown)?;
    for target in targets {
        if *target != "1" {
            if target.starts_with("job") {
                machine.jobs.pop();
                continue;
            }
            return Err(Stop::Unknown);
        }
        match (&machine.state.trap, number) {
            (_, 0) | (Trap::Ignore, 15) => {}
            (Trap::Run(_), 15) => machine.signal = Some(machine.age),
            _ if machine.is_pid_1 => {}
            _ => return Err(Stop::Exit(128 + number)),
        }
    }
    Ok(0)
}

/// The number of a signal on x86-64 Linux, by name or number.
fn signal_number(signal: &str) -> Option<i32> {
    Some(match signal {
        "HUP" => 1,
        "INT" => 2,
        "QUIT" => 3,
        "ILL" => 4,
        "TRAP" => 5,
        "ABRT" => 6,
        "BUS" => 7,
        "FPE" => 8,
        "KILL" => 9,
        "USR1" => 10,
        "SEGV" => 11,
        "USR2" => 12,
        "PIPE" => 13,
        "ALRM" => 14,
        "TERM" => 15,
        number => number.parse().ok().filter(|number| (0..=64).contains(number))?,
    })
}

/// The program takes the place of the shell, traps end.
fn exec(machine: &mut Machine<'_>, words: &[&str], prints: bool) -> Status {
    let Some((name, arguments)) = words.split_first() else { return Ok(0) };
    machine.state.trap = Trap::Default;
    machine.exit_trap = None;
    let arguments: Vec<Argument> = arguments.iter().map(|word| Some((*word).to_owned())).collect();
    let status = run(machine, name, &arguments, prints)?;
    Err(Stop::Exit(status))
}

/// A shell within the shell.
fn shell(machine: &mut Machine<'_>, words: &[&str]) -> Status {
    match words {
        [] => Ok(0),
        ["-c", script, ..] => {
            let inner = parse::parse(script).ok_or(Stop::Unknown)?;
            machine.subshell(&inner)
        }
        _ => unknown(machine),
    }
}

/// Sums of numbers and variables: `+`, `-`, `*`, `/`, `%`, from left to right within their rank.
pub(super) fn arithmetic(text: &str, variable: &dyn Fn(&str) -> Option<i64>) -> Option<i64> {
    let mut tokens = Vec::new();
    let mut rest = text.trim();
    while let Some(first) = rest.chars().next() {
        let end = if first.is_ascii_alphanumeric() || matches!(first, '_' | '$') {
            let later = |character: char| !character.is_ascii_alphanumeric() && character != '_';
            rest[1..].find(later).map_or(rest.len(), |at| at + 1)
        } else if matches!(first, '+' | '-' | '*' | '/' | '%') {
            1
        } else {
            return None;
        };
        tokens.push(&rest[..end]);
        rest = rest[end..].trim_start();
    }
    let value = |token: &str| match token.trim_start_matches('$') {
        name if name.starts_with(|first: char| first.is_ascii_digit()) => name.parse().ok(),
        name => variable(name),
    };
    let (first, rest) = tokens.split_first()?;
    let (mut sum, mut product) = (0i64, value(first)?);
    for pair in rest.chunks(2) {
        let [operator, token] = pair else { return None };
        let number = value(token)?;
        match *operator {
            "*" => product = product.checked_mul(number)?,
            "/" => product = product.checked_div(number)?,
            "%" => product = product.checked_rem(number)?,
            sign => {
                sum = sum.checked_add(product)?;
                product = if sign == "+" { number } else { number.checked_neg()? };
            }
        }
    }
    sum.checked_add(product)
}
