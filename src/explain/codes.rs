//! Exit codes that are not those of a signal.

use super::entry::Entry;
use super::entry::Topic::ExitCode;

pub(super) const ENTRIES: &[Entry] = &[
    Entry::new(ExitCode, "0", "The program ended successfully; the reason is Completed.")
        .causes(&["The program did its work and returned.", "It caught SIGTERM and shut down cleanly."])
        .advice(&["With restartPolicy Always the container is started again all the same, and with growing \
             delays: exit 0 ends in CrashLoopBackOff too. Work that ends belongs into a Job, or \
             restartPolicy OnFailure."])
        .see(&["Completed", "CrashLoopBackOff"]),
    Entry::new(ExitCode, "1", "A general failure that the program reported itself; the reason is Error.")
        .causes(&[
            "An exception that nobody caught.",
            "A port that is taken: two containers of one pod share its network, so the second bind \
             fails.",
        ])
        .advice(&["Read the log of the instance that ended: `logs --previous`."])
        .see(&["Error", "CrashLoopBackOff"]),
    Entry::new(ExitCode, "2", "Wrong usage of a shell builtin; also how a Go program ends after a panic.")
        .causes(&["Wrong arguments in `command` or `args`.", "A panic or a fatal error of the Go runtime."])
        .see(&["1", "Error"]),
    Entry::new(ExitCode, "3-124", "A code of the program's own: only its documentation says what it means.")
        .aliases(&["3-125"])
        .causes(&["The program chose it; Kubernetes copies the number and gives the reason Error."])
        .see(&["Error", "1"]),
    Entry::new(
        ExitCode,
        "125",
        "The docker command itself failed; with containerd this code is the program's own.",
    )
    .causes(&["`docker run` could not do its part. It is not seen where containerd runs the containers."])
    .see(&["128", "3-124"]),
    Entry::new(ExitCode, "126", "A shell found the command, but it cannot be executed.")
        .causes(&["A script started through `sh -c` names a file without execute permission."])
        .advice(&["A missing program that is named directly in `command` ends differently: see 128."])
        .see(&["127", "128"]),
    Entry::new(ExitCode, "127", "A shell did not find the command.")
        .causes(&["A script started through `sh -c` names a program that is not in the image."])
        .advice(&["Without a shell in between, the same mistake is no 127: the container never starts \
             (128)."])
        .see(&["126", "128", "RunContainerError"]),
    Entry::new(ExitCode, "128", "The runtime could not start the process: reason StartError.")
        .causes(&[
            "The program in `command` is not in the image, or the working directory is missing. First \
             the container waits with RunContainerError, then it counts as ended with StartError and \
             128, then it backs off.",
            "A script called `exit` with something that is not a number.",
        ])
        .see(&["StartError", "RunContainerError", "127", "CrashLoopBackOff"]),
    Entry::new(
        ExitCode,
        "255",
        "The program ended with -1 or a number out of range, or its end was not seen.",
    )
    .causes(&[
        "The program returned -1.",
        "The machine restarted or the runtime lost the task: containerd then reports 255 with \
             reason Unknown.",
    ])
    .see(&["Unknown", "ContainerStatusUnknown", "nodeReboot"]),
    Entry::new(
        ExitCode,
        "128+n",
        "By convention: ended by signal n. Or the program chose a number above 128 itself.",
    )
    .aliases(&["128 + n", "computed exit code"])
    .causes(&[
        "A signal whose default action ends a process, and no handler for it.",
        "A program that catches a signal chooses its own code; 0 is usual for a clean stop.",
    ])
    .see(&["137", "143", "139"]),
];
