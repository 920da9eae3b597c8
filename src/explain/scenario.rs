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
    field("spec.description", "What the scenario shows, in words; the report page begins with it.").aliases(&["description"]),
    field("spec.startTime", "The calendar time of virtual time zero; without it 2025-01-01T00:00:00Z.")
        .aliases(&["startTime", "start time"])
        .causes(&["Schedules of CronJobs follow the calendar, everything else counts from zero."]),
    field("nodes", "Of spec.cluster: single machines, each with a name of its own.").see(&["nodePools", "spec.cluster"]),
    field("expander", "Of spec.cluster: how the cluster autoscaler chooses between node pools that would do.")
        .see(&["autoscale", "nodePools"]),
    field("autoscale", "Of a node pool: between how many nodes the cluster autoscaler keeps it, {min, max}.")
        .see(&["nodePools", "expander"]),
    field("spec.scheduler", "How pods get their nodes: a policy, or a whole configuration, and what decides between equals.")
        .aliases(&["scheduler"])
        .advice(&[
            "Compare policies: `shakedown sweep PATH --vary spec.scheduler.policy=default,MostAllocated`.",
            "See why a pod is where it is: `shakedown why pod/NAME --event scheduled PATH`.",
        ])
        .see(&["policy", "profiles", "tieBreak", "configuration", "FailedScheduling"]),
    field("policy", "Of spec.scheduler: the policy of every profile, such as default, MostAllocated, BestFit, FGD or PWR.")
        .see(&["spec.scheduler"]),
    field("profiles", "Of spec.scheduler: policies by the name that pods give as their schedulerName.")
        .see(&["spec.scheduler"]),
    field("tieBreak", "Of spec.scheduler: between equally good nodes, `seeded` draws one and `name` takes the first by name.")
        .aliases(&["tie break"])
        .see(&["spec.scheduler", "spec.seed"]),
    field("configuration", "Of spec.scheduler: a KubeSchedulerConfiguration (v1), as kube-scheduler reads it.")
        .see(&["spec.scheduler"]),
    field("apply", "Of a step: manifests that are applied, as `kubectl apply` would.").see(&["spec.steps", "kubectl"]),
    field("staticPod", "Of a step: a manifest that is put into the directory of a kubelet or removed from it; the kubelet runs such pods without the API server.")
        .aliases(&["staticPods"])
        .see(&["spec.steps", "apply"]),
    field("when", "Of a step: a condition instead of a time; the step happens once it holds.")
        .see(&["spec.steps", "at"]),
    field("mtbf", "Of a step: a distribution of the times between failures; the fault comes again and again.")
        .see(&["mttr", "fault"]),
    field("mttr", "Of a step: a distribution of the times to repair, after which the fault is over.")
        .see(&["mtbf", "for"]),
    field("by", "Of an expectation: the time by which it must have held once.").see(&["at", "always", "spec.expect"]),
    field("from", "Of a step that repeats, an expectation that always holds, or traffic: when it begins.")
        .see(&["until", "every", "always"]),
    field("until", "Of a step that repeats, an expectation that always holds, or traffic: when it ends.").see(&["from"]),
    field("rate", "Of traffic: requests a second: a number, drawn at random (poisson), or varying over time.")
        .see(&["users", "spec.traffic"]),
    field("users", "Of traffic: people who send, wait for the answer and think, instead of a rate.")
        .causes(&["Users slow down with the service, a rate does not: that is the difference in an overload."])
        .see(&["rate", "spec.traffic"]),
    field("timeout", "Of traffic: how long a client waits for an attempt.").see(&["retries", "spec.traffic"]),
    field("retries", "Of traffic: attempts after the first, with back-off, and a budget that bounds them.")
        .advice(&["Retries without a budget turn an overload into a collapse: see scenarios/retry-storm."])
        .see(&["timeout", "spec.traffic"]),
    field("reuse", "Of traffic: whether connections are kept; a kept one stays with its pod.").see(&["spec.traffic"]),
    field("objective", "Of traffic: the availability that is aimed at, which makes the error budget.")
        .see(&["spec.traffic"]),
    field("grpc", "Of an AppModel: what its gRPC methods answer, by path, as http says for pages.").see(&["http", "AppModel"]),
    field("exec", "Of an AppModel: how commands in the container end: code and latency by what the command contains.")
        .aliases(&["AppModel exec"])
        .see(&["AppModel", "livenessProbe"]),
    field("concurrency", "Of an AppModel: how many requests the program works on at once; the others queue.")
        .see(&["queue", "http"]),
    field("queue", "Of an AppModel: how many requests may wait for a place; more are turned away.").see(&["concurrency"]),
    field("ports", "Of an AppModel: the ports it listens on, when they are not those of the container.")
        .see(&["listen", "AppModel"]),
    field("listen", "Of an AppModel: the addresses it listens on; on localhost only, probes and Services find nobody.")
        .see(&["ports", "Unhealthy"]),
    field("startError", "Of an AppModel: the container cannot be started at all, as with a command that is missing.")
        .see(&["StartError", "128", "127"]),
    field("init", "Of an AppModel: whether an init process such as tini is PID 1, so that signals end the program as usual.")
        .see(&["PID 1", "SIGTERM"]),
    field("disk", "Of an AppModel: what the program writes into its container or a volume, and how fast it grows.")
        .see(&["DiskPressure", "Evicted"]),
    field("grpcHealth", "Of an AppModel: how it answers gRPC health checks, by service; the empty name is the whole program.")
        .see(&["grpc"]),
    field("pids", "Of an AppModel: how many processes it has, and how fast they become more.").see(&["PIDPressure"]),
    field("cpu", "Of an AppModel: what the program uses, and what a request costs."),
];
