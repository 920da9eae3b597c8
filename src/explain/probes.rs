//! Probes and their fields.

use super::entry::Entry;
use super::entry::Topic::Probe;

pub(super) const ENTRIES: &[Entry] = &[
    Entry::new(
        Probe,
        "livenessProbe",
        "Says whether a container is still alive; when it fails, the container is restarted.",
    )
    .aliases(&["liveness", "liveness probe"])
    .causes(&[
        "After failureThreshold failures in a row the container gets SIGTERM, then SIGKILL when \
             the grace is over, and is started again at once unless it is in back-off.",
        "Without one, only the end of the process restarts a container. It does not reroute \
             traffic.",
    ])
    .advice(&["Do not let it depend on other services: their trouble would restart this container."])
    .see(&["readinessProbe", "startupProbe", "Unhealthy", "Killing", "CrashLoopBackOff"]),
    Entry::new(
        Probe,
        "readinessProbe",
        "Says whether a container can take traffic; when it fails, Services leave the pod out.",
    )
    .aliases(&["readiness", "readiness probe"])
    .causes(&["It never restarts anything. It goes on while the pod is being deleted, until containers \
             stop."])
    .see(&["Ready", "livenessProbe", "Unhealthy"]),
    Entry::new(
        Probe,
        "startupProbe",
        "Holds back liveness and readiness probes until the program has started.",
    )
    .aliases(&["startup", "startup probe"])
    .causes(&[
        "The program has initialDelaySeconds + failureThreshold * periodSeconds to start; then it \
             is restarted.",
        "Once it has succeeded it is not run again for this instance.",
    ])
    .see(&["livenessProbe", "failureThreshold", "periodSeconds"]),
    Entry::new(
        Probe,
        "initialDelaySeconds",
        "No attempt before the container has run for so long; default 0.",
    )
    .causes(&["It is a lower bound: attempts are made at the ticks of the probe, which start with the \
             pod, not with the container. The start time is cut to whole seconds, so the delay can be \
             up to 1 s short."])
    .see(&["periodSeconds", "startupProbe"]),
    Entry::new(Probe, "periodSeconds", "Time between attempts; default 10, at least 1.")
        .causes(&["An attempt that takes longer than the period delays the next one."])
        .see(&["timeoutSeconds", "failureThreshold"]),
    Entry::new(Probe, "timeoutSeconds", "An attempt that takes longer has failed; default 1.")
        .advice(&["A server that answers in 2 s fails every attempt with the default."])
        .see(&["periodSeconds"]),
    Entry::new(Probe, "successThreshold", "So many successes in a row count as success; default 1.")
        .causes(&["It must be 1 for liveness and startup probes."])
        .see(&["failureThreshold"]),
    Entry::new(Probe, "failureThreshold", "So many failures in a row count as failure; default 3.")
        .causes(&["From the first bad answer to the reaction it takes up to failureThreshold * \
             periodSeconds."])
        .see(&["periodSeconds", "successThreshold"]),
    Entry::new(
        Probe,
        "terminationGracePeriodSeconds",
        "Time between SIGTERM and SIGKILL; of the pod (default 30), or of a liveness or startup \
             probe for its restarts.",
    )
    .aliases(&["grace period", "gracePeriodSeconds"])
    .causes(&[
        "A preStop hook runs within this time, not before it. At least 2 s are left for SIGTERM.",
        "It is not allowed on a readiness probe.",
    ])
    .see(&["SIGTERM", "137", "Killing"]),
    Entry::new(Probe, "httpGet", "An attempt succeeds with a status from 200 to 399.")
        .causes(&[
            "The kubelet asks the address of the pod from the node: a program that listens on \
             127.0.0.1 only fails.",
            "Redirects are followed on the same host only; one to another host counts as success \
             (ProbeWarning).",
            "Certificates are not verified.",
        ])
        .see(&["tcpSocket", "ProbeWarning"]),
    Entry::new(Probe, "tcpSocket", "An attempt succeeds when the connection is accepted.")
        .causes(&["The connection is closed at once. It comes from the node to the address of the pod."])
        .see(&["httpGet"]),
    Entry::new(Probe, "exec", "An attempt succeeds when the command in the container ends with 0.")
        .causes(&["Any other code fails, 126 and 127 included; so does a timeout."])
        .see(&["httpGet", "126", "127"]),
    Entry::new(Probe, "grpc", "An attempt succeeds when the health service answers SERVING.")
        .causes(&["Plain text, to the address of the pod. A server without the health service fails."])
        .see(&["httpGet"]),
];
