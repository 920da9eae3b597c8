//! Fields of scenario files and AppModels.

use super::entry::Entry;
use super::entry::Topic::ScenarioField;

const fn field(term: &'static str, meaning: &'static str) -> Entry {
    Entry::new(ScenarioField, term, meaning)
}

pub(super) const ENTRIES: &[Entry] = &[
    field("spec.seed", "What all random draws begin with. The same seed gives the same run, byte for byte.")
        .aliases(&["seed"])
        .advice(&[
            "Compare policies with the same seed: they meet the same luck. Vary it with `run --seed N`.",
        ])
        .see(&["spec.duration"]),
    field("spec.duration", "How much virtual time the run lasts, such as 15m.")
        .aliases(&["duration"])
        .advice(&["`run --until T` ends it earlier or later."]),
    field("spec.kubernetes", "The version whose delays and defaults the run has, such as \"1.34\".")
        .aliases(&["kubernetes"])
        .see(&["spec.settings"]),
    field("spec.timing", "`typical` delays of the machinery, or `ideal`: none at all.")
        .aliases(&["timing"])
        .advice(&["Use ideal for lessons and sums by hand; `run --ideal` does the same."]),
    field(
        "spec.settings",
        "Constants of the profile, by their Kubernetes names, such as nodeMonitorGracePeriod.",
    )
    .aliases(&["settings"])
    .see(&["spec.kubernetes"]),
    field("spec.cluster", "The machines: nodePools and single nodes. Node manifests count, too.")
        .aliases(&["cluster"])
        .see(&["nodePools"]),
    field("nodePools", "Groups of equal nodes: name, count, zones, allocatable, labels, taints.")
        .aliases(&["spec.cluster.nodePools", "node pools"])
        .causes(&["Nodes are named NAME-1, NAME-2, ... and dealt out to the zones in turn."])
        .see(&["spec.cluster"]),
    field(
        "spec.steps",
        "What happens when: each step has a time and a kubectl command, manifests to apply, or a fault.",
    )
    .aliases(&["steps"])
    .see(&["at", "every", "fault", "nodeCrash"]),
    field("at", "The virtual time of a step or an expectation, counted from the start of the run.")
        .see(&["every", "for"]),
    field("every", "Repeats a step with a period.").see(&["at"]),
    field("for", "How long a fault lasts; without it, to the end of the run.").see(&["at", "fault"]),
    field("fault", "Something that goes wrong, such as {nodeCrash: {node: worker-2}}.")
        .causes(&["It is recorded, and everything that follows names it as its cause: see `shakedown why`."])
        .see(&["nodeCrash", "dependencyDown", "probeFailure", "spec.steps"]),
    field("kubectl", "A command of a step, as one would type it after `kubectl`.").see(&["spec.steps"]),
    field(
        "spec.expect",
        "What must hold, at a time, by a time or always. A miss makes `run` exit with status 1.",
    )
    .aliases(&["expect", "expectations"])
    .see(&["always", "at"]),
    field("always", "An expectation that is checked whenever something changes.").see(&["spec.expect"]),
    field("spec.traffic", "Requests that clients send to a Service: rates, ramps, retries.")
        .aliases(&["traffic"])
        .see(&["http"]),
    field(
        "AppModel",
        "What the program in an image does: when it listens, what it answers, how it ends, what it uses.",
    )
    .causes(&["It is chosen by match; an image without one listens at once, answers 200 and runs for ever."])
    .see(&["match", "http", "exits", "onSigterm"]),
    field("match", "Which containers an AppModel is for: image (with * as a wildcard), container, labels.")
        .see(&["AppModel"]),
    field("image", "Of an AppModel: the size of the image, or how long a pull takes.")
        .see(&["Pulling", "ErrImagePull"]),
    field("startup", "Of an AppModel: how long the program takes until it listens.")
        .see(&["startupProbe", "slowStart"]),
    field("http", "Of an AppModel: pages, each with status, latency and the services that it needs.")
        .causes(&["A page that needs a service without ready endpoints answers 503."])
        .see(&["dependencyDown", "readinessProbe"]),
    field("exits", "Of an AppModel: when the program ends by itself, and with which code.")
        .see(&["runs", "CrashLoopBackOff"]),
    field(
        "runs",
        "Of an AppModel: what the first, second, ... start of the container does; the last one repeats.",
    )
    .see(&["exits"]),
    field(
        "onSigterm",
        "Of an AppModel: what the program does when it is asked to stop: exit after a while, or ignore it.",
    )
    .causes(&["A program that ignores it is killed when the grace period is over, with exit code 137."])
    .see(&["SIGTERM", "137", "143", "terminationGracePeriodSeconds"]),
    field(
        "memory",
        "Of an AppModel: base, and growth over time. Past the limit of the container it is OOMKilled.",
    )
    .see(&["OOMKilled", "137"]),
    field("cpu", "Of an AppModel: what the program uses, and what a request costs."),
];
