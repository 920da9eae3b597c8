//! Which shipped scenario shows what a word means.

/// Terms with the folders below `scenarios/` that show them.
const SHOWN: &[(&str, &str)] = &[
    ("0", "exit-codes/code-0"),
    ("1", "exit-codes/code-1"),
    ("126", "exit-codes/sh-126"),
    ("127", "exit-codes/sh-127"),
    ("128", "exit-codes/start-error-128"),
    ("129", "exit-codes/sighup"),
    ("130", "exit-codes/sigint"),
    ("131", "exit-codes/sigquit"),
    ("132", "exit-codes/sigill"),
    ("134", "exit-codes/sigabrt"),
    ("135", "exit-codes/sigbus"),
    ("136", "exit-codes/sigfpe"),
    ("137", "exit-codes/oom-137"),
    ("139", "exit-codes/sigsegv"),
    ("141", "exit-codes/sigpipe"),
    ("143", "exit-codes/sigterm-handled"),
    ("159", "exit-codes/sigsys"),
    ("255", "exit-codes/reboot-255"),
    ("SIGKILL", "exit-codes/sigkill"),
    ("SIGTERM", "graceful-vs-forced-termination"),
    ("OOMKilled", "oom-killed"),
    ("CrashLoopBackOff", "crash-loop"),
    ("BackOff", "crash-loop"),
    ("livenessProbe", "liveness-restart"),
    ("Killing", "liveness-restart"),
    ("Unhealthy", "liveness-restart"),
    ("readinessProbe", "dependency-outage"),
    ("dependencyDown", "dependency-outage"),
    ("startupProbe", "slow-start-with-and-without-startup-probe"),
    ("slowStart", "slow-start-with-and-without-startup-probe"),
    ("nodeCrash", "node-failure"),
    ("NodeStatusUnknown", "node-failure"),
    ("TaintManagerEviction", "node-failure"),
    ("node.kubernetes.io/unreachable", "node-failure"),
    ("Terminating", "graceful-vs-forced-termination"),
    ("onSigterm", "graceful-vs-forced-termination"),
    ("FailedScheduling", "scale-up-and-bin-packing"),
    ("ScalingReplicaSet", "rolling-update"),
    ("Progressing", "rolling-update"),
    ("DisruptionTarget", "drain-with-budget"),
    ("spec.steps", "node-failure"),
    ("spec.expect", "node-failure"),
    ("nodePools", "scale-up-and-bin-packing"),
    ("http", "dependency-outage"),
    ("runs", "crash-loop"),
];

/// The folder of a scenario that shows what a term means, below the root of the project.
pub(super) fn scenario(term: &str) -> Option<String> {
    let (_, folder) = SHOWN.iter().find(|(shown, _)| *shown == term)?;
    Some(format!("scenarios/{folder}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_term_is_explained_and_every_scenario_is_there() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
        for (term, folder) in SHOWN {
            let known = crate::explain::entries().any(|entry| entry.term == *term);
            assert!(known, "{term} is not explained");
            let file = root.join(folder).join("scenario.yaml");
            assert!(file.is_file(), "{} is missing", file.display());
        }
    }
}
