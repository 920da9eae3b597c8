//! Which lesson of the course shows what a word means.

use super::entry::{Entry, Topic};

/// Lessons with the terms that they show; for a topic the lesson that fits every other word of it is in [`by_topic`].
const TAUGHT: &[(&str, &[&str])] = &[
    ("what-a-cluster-is", &["spec.cluster", "nodePools"]),
    (
        "after-kubectl-run",
        &[
            "Scheduled",
            "Pulling",
            "Pulled",
            "Created",
            "Started",
            "ContainerCreating",
            "Pending",
            "kubectl",
            "spec.steps",
        ],
    ),
    ("desired-state", &["ScalingReplicaSet", "SuccessfulCreate", "Available", "MinimumReplicasAvailable"]),
    (
        "node-failure-takes-minutes",
        &[
            "nodeCrash",
            "nodeReboot",
            "zoneOutage",
            "NodeStatusUnknown",
            "NodeNotReady",
            "Unknown",
            "node.kubernetes.io/unreachable",
            "node.kubernetes.io/not-ready",
            "NoExecute",
            "TaintManagerEviction",
            "DeletionByTaintManager",
            "partition",
        ],
    ),
    ("sidecars", &["PodInitializing"]),
    ("crowded-pods-waste-nodes", &["OutOfcpu"]),
    (
        "liveness-in-three-forms",
        &["livenessProbe", "httpGet", "tcpSocket", "exec", "hang", "probeFailure", "Killing"],
    ),
    (
        "probe-timing",
        &[
            "initialDelaySeconds",
            "periodSeconds",
            "timeoutSeconds",
            "successThreshold",
            "failureThreshold",
            "Unhealthy",
        ],
    ),
    (
        "readiness-and-traffic",
        &["readinessProbe", "Ready", "ContainersReady", "ContainersNotReady", "spec.traffic", "NotReady"],
    ),
    ("startup-probes", &["startupProbe", "slowStart", "startup"]),
    ("database-in-the-liveness-probe", &["dependencyDown", "http"]),
    ("exit-codes-0-and-1", &["Completed", "Error", "Succeeded", "Failed", "exit", "exits"]),
    (
        "exit-codes-126-and-127",
        &["126", "127", "128", "startError", "StartError", "ContainerCannotRun", "RunContainerError"],
    ),
    ("exit-code-139", &["139", "SIGSEGV", "134", "SIGABRT", "signal"]),
    ("exit-code-143", &["143", "SIGTERM", "PID 1", "init", "Terminating"]),
    ("exit-code-137", &["137", "SIGKILL", "OOMKilled", "oom", "memory", "ExceededGracePeriod"]),
    ("crash-loop-back-off", &["CrashLoopBackOff", "BackOff", "runs"]),
    ("restart-policies", &["Running"]),
    ("rolling-update", &["Progressing", "NewReplicaSetAvailable", "ProgressDeadlineExceeded"]),
    ("requests-and-qos", &["FailedScheduling", "Unschedulable", "PodScheduled"]),
    (
        "budgets-and-drain",
        &[
            "DisruptionTarget",
            "EvictionByEvictionAPI",
            "SchedulingDisabled",
            "node.kubernetes.io/unschedulable",
        ],
    ),
    ("control-plane-outage", &["controlPlane"]),
    ("throttling", &["cpu"]),
    ("prestop-and-grace", &["FailedPreStopHook", "terminationGracePeriodSeconds", "onSigterm"]),
    ("listening-on-localhost", &["listen"]),
    ("the-kubelet-is-not-the-program", &["kubeletStop", "runtimeStop", "KubeletNotReady"]),
    (
        "init-containers",
        &["Initialized", "ContainersNotInitialized", "Init:N/M", "sandboxKilled", "SandboxChanged"],
    ),
    (
        "eviction",
        &[
            "Evicted",
            "MemoryPressure",
            "DiskPressure",
            "PIDPressure",
            "EvictionThresholdMet",
            "NodeHasInsufficientMemory",
            "node.kubernetes.io/memory-pressure",
            "pressure",
            "TerminationByKubelet",
        ],
    ),
    ("autoscaling", &["autoscale", "AbleToScale", "ScalingActive", "ScalingLimited"]),
    (
        "scheduling-policies",
        &["spec.scheduler", "policy", "profiles", "tieBreak", "Preempted", "PreemptionByScheduler"],
    ),
];

/// The lesson that gives an idea of a whole topic.
fn by_topic(topic: Topic) -> Option<&'static str> {
    match topic {
        Topic::ExitCode => Some("exit-codes-0-and-1"),
        Topic::Signal => Some("exit-code-139"),
        Topic::QosClass => Some("requests-and-qos"),
        Topic::Probe => Some("liveness-in-three-forms"),
        _ => None,
    }
}

/// The name of the lesson that shows what an entry tells.
pub(super) fn lesson(entry: &Entry) -> Option<&'static str> {
    let taught = TAUGHT.iter().find(|(_, terms)| terms.contains(&entry.term));
    taught.map(|(lesson, _)| *lesson).or_else(|| by_topic(entry.topic))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_term_is_explained_once_and_every_lesson_is_there() {
        let lessons = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/lessons");
        let folders: Vec<String> = std::fs::read_dir(lessons)
            .unwrap()
            .map(|folder| folder.unwrap().file_name().into_string().unwrap())
            .collect();
        let topics = crate::explain::entries().filter_map(|entry| by_topic(entry.topic));
        for lesson in TAUGHT.iter().map(|(lesson, _)| *lesson).chain(topics) {
            let there =
                folders.iter().any(|folder| folder.split_once('-').is_some_and(|(_, name)| name == lesson));
            assert!(there, "there is no lesson {lesson}");
        }
        let mut seen = Vec::new();
        for term in TAUGHT.iter().flat_map(|(_, terms)| *terms) {
            assert!(crate::explain::entries().any(|entry| entry.term == *term), "{term} is not explained");
            assert!(!seen.contains(term), "{term} has two lessons");
            seen.push(*term);
        }
    }
}
