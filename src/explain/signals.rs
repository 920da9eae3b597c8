//! Signals, and the exit codes 128+n that they leave behind.

use super::entry::Entry;
use super::entry::Topic::{ExitCode, Signal};

/// Makes an entry for each signal and, for those that end a process, one for the exit code.
macro_rules! signals {
    (
        ending: $($number:literal $code:literal $short:literal $note:literal $see:tt;)*
        others: $($other:literal $other_short:literal $other_note:literal;)*
    ) => {
        /// Exit codes of processes that a signal ended.
        pub(super) const CODES: &[Entry] = &[$(
            Entry::new(
                ExitCode,
                stringify!($code),
                concat!("Ended by signal ", $number, " (SIG", $short, "): 128 + ", $number, "."),
            )
            .causes(&[
                $note,
                "Or a program that catches the signal chose the same number itself.",
            ])
            .see(&$see),
        )*];

        /// The signals by name and number.
        pub(super) const ENTRIES: &[Entry] = &[
            $(
                Entry::new(
                    Signal,
                    concat!("SIG", $short),
                    concat!(
                        "Signal ", $number, "; without a handler it ends the process, ",
                        "and the container's exit code is ", $code, "."
                    ),
                )
                .aliases(&[$short, stringify!($number)])
                .causes(&[$note])
                .see(&[stringify!($code), "PID 1"]),
            )*
            $(
                Entry::new(
                    Signal,
                    concat!("SIG", $other_short),
                    concat!("Signal ", $other, "; it does not end a process, so it leaves no exit code."),
                )
                .aliases(&[$other_short, stringify!($other)])
                .causes(&[$other_note]),
            )*
            PID_ONE,
        ];
    };
}

signals! {
    ending:
    1 129 "HUP" "The terminal is gone, or, by custom, a request to read the configuration again." ["SIGHUP"];
    2 130 "INT" "An interrupt (Ctrl-C); some images ask to be stopped with it." ["SIGINT", "143"];
    3 131 "QUIT" "A request to quit; the nginx image asks to be stopped with it." ["SIGQUIT", "143"];
    4 132 "ILL" "An instruction that the processor does not know: built for another one." ["SIGILL"];
    5 133 "TRAP" "A breakpoint without a debugger." ["SIGTRAP"];
    6 134 "ABRT" "The program ended itself: a failed assertion, abort(), a fatal error of a JVM or of the \
             C library."
        ["SIGABRT"];
    7 135 "BUS" "Access to memory that is not there or not aligned." ["SIGBUS", "139"];
    8 136 "FPE" "An arithmetic error, such as an integer division by zero." ["SIGFPE"];
    9 137 "KILL" "It cannot be caught: sent when memory runs out (reason OOMKilled), when the grace period \
             is over (an event Killing some seconds before), or by `kill -9`."
        ["OOMKilled", "143", "SIGKILL", "SIGTERM", "ContainerStatusUnknown"];
    10 138 "USR1" "A signal for the program's own use that it does not handle." ["SIGUSR1"];
    11 139 "SEGV" "Access to memory that is not the program's: an error in the program or in a library." ["SIGSEGV"];
    12 140 "USR2" "A signal for the program's own use that it does not handle." ["SIGUSR2"];
    13 141 "PIPE" "Writing to a pipe or socket that nobody reads any more." ["SIGPIPE"];
    14 142 "ALRM" "A timer of the program itself ran out." ["SIGALRM"];
    15 143 "TERM" "The normal request to stop (deletion, drain, rollout, a failed liveness probe) to a \
             program without a handler; one with a handler chooses its own code, usually 0."
        ["SIGTERM", "137", "Killing", "PID 1"];
    16 144 "STKFLT" "A fault of the floating-point stack." ["SIGSTKFLT"];
    24 152 "XCPU" "The limit of CPU time set inside the container was reached. A CPU limit of Kubernetes \
             throttles and never ends a process."
        ["SIGXCPU"];
    25 153 "XFSZ" "The limit of file size set inside the container was reached." ["SIGXFSZ"];
    26 154 "VTALRM" "A timer of the program itself ran out." ["SIGVTALRM"];
    27 155 "PROF" "A timer for profiling ran out." ["SIGPROF"];
    29 157 "IO" "Input or output became possible and the program does not handle it." ["SIGIO"];
    30 158 "PWR" "The power is failing." ["SIGPWR"];
    31 159 "SYS" "A system call that a seccomp profile forbids." ["SIGSYS"];
    others:
    17 "CHLD" "A child process ended; ignored unless handled.";
    18 "CONT" "A stopped process goes on.";
    19 "STOP" "The process is stopped until SIGCONT; it cannot be caught.";
    20 "TSTP" "A stop from the terminal (Ctrl-Z).";
    21 "TTIN" "A background process reads from the terminal, and is stopped.";
    22 "TTOU" "A background process writes to the terminal, and is stopped.";
    23 "URG" "Urgent data on a socket; ignored unless handled.";
    28 "WINCH" "The window changed its size; ignored unless handled.";
}

const PID_ONE: Entry = Entry::new(
    Signal,
    "PID 1",
    "The first process of a container: signals with a default action do nothing to it unless \
             it has a handler.",
)
.aliases(&["PID1", "init process"])
.causes(&[
    "Each container has its own PID namespace, and the kernel protects process 1 of a \
             namespace. `sh -c app` without `exec`, or a program without a handler, therefore ignores \
             SIGTERM and is killed when the grace period ends (137).",
    "SIGKILL from outside always works.",
])
.advice(&["Handle SIGTERM in the program, start it with `exec`, put a small init such as tini in \
             front, or set shareProcessNamespace: then the default action applies and the code is \
             143."])
.see(&["SIGTERM", "137", "143"]);
