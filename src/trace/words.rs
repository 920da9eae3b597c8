//! A record in words that a person understands: `container web restarted (restart 2)`.
//!
//! The words are made of the columns of the trace alone, so that a live run, a file read back and the report page say
//! the same.

/// What happened, without who it happened to.
pub fn phrase(kind: &str, component: &str, event: &str, reason: &str, message: &str) -> String {
    match event {
        "Step" => format!("somebody ran `{message}`"),
        "Fault" => format!("fault: {}", fault(reason, message)),
        "FaultEnd" => format!("the fault is over: {}", fault(reason, message)),
        "PowerOff" => "the machine lost power".to_owned(),
        "PowerOn" => "the machine has booted".to_owned(),
        "ContainerStarted" => started(message),
        "ContainerExited" => message.split(", restart ").next().unwrap_or(message).to_owned(),
        "Signal" => message.replacen(" to ", " sent to ", 1),
        "ProbeFailed" | "ProbeSucceeded" => probe(message),
        "PodTerminated" => format!("all containers of the pod have ended (phase {reason})"),
        "ImagePulling" | "ImagePulled" | "ContainerLost" if !message.is_empty() => message.to_owned(),
        "Expectation" => format!("expectation {}: {message}", reason.to_lowercase()),
        "Output" => "kubectl answered".to_owned(),
        "Refused" => format!("refused: {message}"),
        "ADDED" | "MODIFIED" if kind == "Event" => event_text(reason, message),
        "ADDED" => added(component, message),
        "DELETED" => "deleted".to_owned(),
        "MODIFIED" => changes(kind, message),
        _ => [reason, message].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(": "),
    }
}

/// `container web started, restart 2`.
fn started(message: &str) -> String {
    match message.split_once(" started, restart ") {
        Some((container, "0")) => format!("{container} started"),
        Some((container, number)) => format!("{container} restarted (restart {number})"),
        None => message.to_owned(),
    }
}

fn probe(message: &str) -> String {
    let mut letters = message.chars();
    let lower: String = letters.next().into_iter().flat_map(char::to_lowercase).chain(letters).collect();
    lower.replacen(": HTTP probe failed with statuscode: ", " answered ", 1)
}

/// `nodeCrash node worker-2`.
fn fault(kind: &str, label: &str) -> String {
    let victim = label.strip_prefix(kind).unwrap_or(label).trim();
    let said = match kind {
        "exit" => "containers of {} are made to exit",
        "signal" => "containers of {} get a signal",
        "oom" => "containers of {} run out of memory",
        "hang" => "the programs of {} hang",
        "slowStart" => "containers of {} start slowly",
        "probeFailure" => "probes of {} fail",
        "dependencyDown" => "{} is down",
        "imagePullError" => "{} cannot be pulled",
        "imagePullSlow" => "{} is pulled slowly",
        "nodeCrash" => "{} crashes",
        "nodeReboot" => "{} reboots",
        "kubeletStop" => "the kubelet of {} stops",
        "runtimeStop" => "the container runtime of {} stops",
        "networkPluginStop" => "the network plugin of {} stops",
        "pressure" => "{} runs short of resources",
        "controlPlane" => "{} fails",
        "partition" => "the network is cut: {}",
        "networkLatency" => "the network is slow: {}",
        "packetLoss" => "the network loses packets: {}",
        "zoneOutage" => "{} goes away",
        _ => return label.to_owned(),
    };
    said.replacen("{}", victim, 1)
}

/// `Normal Pod/web: text`.
fn event_text(reason: &str, message: &str) -> String {
    let text = message.split_once(": ").map_or(message, |(_, text)| text);
    format!("event {reason}: {text}")
}

fn added(component: &str, message: &str) -> String {
    let owner = message.split("; ").find_map(|part| part.strip_prefix("owner "));
    match (component, owner) {
        ("kubeadm", _) => "created with the cluster".to_owned(),
        ("kubectl", _) => "created with kubectl".to_owned(),
        (_, Some(owner)) => format!("created for {owner}"),
        _ => "created".to_owned(),
    }
}

/// What was written to the store: its parts, without those that say nothing new.
fn changes(kind: &str, message: &str) -> String {
    let parts: Vec<&str> = message.split("; ").filter(|part| !part.is_empty()).collect();
    let unknown = parts.iter().any(|part| part.starts_with("Ready Unknown"));
    let mut said: Vec<String> = parts.iter().filter_map(|part| change(kind, part, unknown)).collect();
    if said.is_empty() {
        said = parts.iter().map(|part| (*part).to_owned()).collect();
    }
    if said.is_empty() { "changed".to_owned() } else { said.join("; ") }
}

/// One part of a change; `None` when another part says it.
fn change(kind: &str, part: &str, unknown: bool) -> Option<String> {
    if let Some(node) = part.strip_prefix("node ") {
        return Some(format!("scheduled to {node}"));
    }
    if let Some(node) = part.strip_prefix("nominated ") {
        return Some(format!("promised room on {node}, once other pods have made it"));
    }
    if let Some((_, phase)) = part.strip_prefix("phase ").and_then(|phases| phases.split_once(" -> ")) {
        return Some(format!("phase {phase}"));
    }
    if let Some(rest) = part.strip_prefix("container ") {
        return Some(container(rest));
    }
    if let Some(grace) = part.strip_prefix("deletion requested, grace ") {
        return Some(format!("told to end (grace period {grace})"));
    }
    if let Some((from, to)) = part.strip_prefix("replicas ").and_then(|counts| counts.split_once(" -> ")) {
        return Some(format!("scaled from {from} to {to} replicas"));
    }
    if let Some(taint) = part.strip_prefix("taint ").and_then(|taint| taint.strip_suffix(" added")) {
        return Some(format!("tainted {taint}"));
    }
    if let Some(taint) = part.strip_prefix("taint ").and_then(|taint| taint.strip_suffix(" removed")) {
        return Some(format!("no longer tainted {taint}"));
    }
    condition(kind, part, unknown)
}

/// `Ready False (ContainersNotReady)`.
fn condition(kind: &str, part: &str, unknown: bool) -> Option<String> {
    let (name, rest) = part.split_once(' ')?;
    let (status, reason) = match rest.split_once(" (") {
        Some((status, reason)) => (status, reason.trim_end_matches(')')),
        None => (rest, ""),
    };
    let because = if reason.is_empty() { String::new() } else { format!(" ({reason})") };
    let said = match (kind, name, status) {
        ("Node", "Ready", "Unknown") => "became Unknown: its kubelet has not reported in time".to_owned(),
        ("Node", _, "Unknown") if unknown => return None,
        (_, "Ready", "True") => "became ready".to_owned(),
        (_, "Ready", "False") => format!("not ready{because}"),
        ("Pod", "ContainersReady" | "Initialized" | "PodReadyToStartContainers", _)
        | ("Pod", "PodScheduled", "True") => return None,
        ("Pod", "PodScheduled", _) => format!("cannot be scheduled{because}"),
        ("Pod", "DisruptionTarget", "True") => format!("marked for eviction{because}"),
        _ => part.to_owned(),
    };
    Some(said)
}

/// `web waiting CrashLoopBackOff restarts 5`.
fn container(rest: &str) -> String {
    let words: Vec<&str> = rest.split_whitespace().collect();
    match words[..] {
        [name, "waiting", reason, "restarts", "0"] => format!("container {name} waits: {reason}"),
        [name, "waiting", reason, "restarts", times] => {
            format!("container {name} waits: {reason} ({times} restarts)")
        }
        [name, "running", "restarts", "0"] => format!("container {name} runs"),
        [name, "running", "restarts", times] => format!("container {name} runs ({times} restarts)"),
        [name, "terminated", code, reason, ..] => format!("container {name} ended with {code} ({reason})"),
        _ => format!("container {rest}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_told_in_words() {
        let told = [
            phrase("Pod", "runtime", "ContainerStarted", "Started", "container web started, restart 2"),
            phrase(
                "Pod",
                "kubelet",
                "MODIFIED",
                "",
                "Ready False (ContainersNotReady); ContainersReady False (x); container web waiting CrashLoopBackOff restarts 5",
            ),
            phrase(
                "Node",
                "node-controller",
                "MODIFIED",
                "",
                "MemoryPressure Unknown (NodeStatusUnknown); Ready Unknown (NodeStatusUnknown)",
            ),
            phrase("Cluster", "scenario", "Fault", "nodeCrash", "nodeCrash node worker-2"),
            phrase(
                "Pod",
                "kubelet",
                "ProbeFailed",
                "Liveness",
                "Liveness probe of container web failed 3 times in a row since 10s: GET /healthz: HTTP probe failed with statuscode: 500",
            ),
            phrase("Deployment", "kubectl", "MODIFIED", "", "replicas 4 -> 6"),
        ];
        let wanted = [
            "container web restarted (restart 2)",
            "not ready (ContainersNotReady); container web waits: CrashLoopBackOff (5 restarts)",
            "became Unknown: its kubelet has not reported in time",
            "fault: node worker-2 crashes",
            "liveness probe of container web failed 3 times in a row since 10s: GET /healthz answered 500",
            "scaled from 4 to 6 replicas",
        ];
        assert_eq!(told.each_ref().map(String::as_str), wanted);
    }
}
