//! Reasons of events.

use super::entry::Entry;
use super::entry::Topic::EventReason;

pub(super) const ENTRIES: &[Entry] = &[
    Entry::new(
        EventReason,
        "ScalingReplicaSet",
        "A Deployment has changed how many pods one of its ReplicaSets is to have.",
    )
    .causes(&[
        "A rolling update moves replicas from the old set to the new one, step by step.",
        "Somebody, or an autoscaler, has changed the replicas of the Deployment.",
    ])
    .see(&["Progressing"]),
    Entry::new(EventReason, "Scheduled", "The scheduler has given the pod a node.")
        .see(&["FailedScheduling"]),
    Entry::new(
        EventReason,
        "FailedScheduling",
        "No node fits the pod; the message counts the nodes by reason.",
    )
    .causes(&[
        "`0/3 nodes are available: 1 node(s) had untolerated taint {dedicated: gpu}, 2 \
             Insufficient cpu.` Each node is counted under the first filter that refused it.",
        "The second part tells why preemption would not help.",
    ])
    .see(&["Unschedulable", "Pending", "Preempted"]),
    Entry::new(EventReason, "Preempted", "The pod had to make room for one of higher priority.")
        .causes(&[
            "It is deleted with its own grace period. Disruption budgets are respected where possible \
             only.",
        ])
        .see(&["PreemptionByScheduler", "Preempting"]),
    Entry::new(EventReason, "Pulling", "The kubelet pulls the image from the registry.")
        .causes(&["By default one image at a time on each node."])
        .see(&["Pulled", "ErrImagePull"]),
    Entry::new(EventReason, "Pulled", "The image is on the node: pulled, or already there.")
        .see(&["Pulling", "Created"]),
    Entry::new(EventReason, "Created", "The container was created.").see(&["Started"]),
    Entry::new(EventReason, "Started", "The container was started.").see(&["Created", "Killing"]),
    Entry::new(
        EventReason,
        "Killing",
        "The kubelet stops the container: SIGTERM now, SIGKILL when the grace is over.",
    )
    .causes(&[
        "Deletion of the pod, eviction, a failed liveness or startup probe, a changed definition, \
             a failed hook.",
        "There is no event for a container that ends by itself, nor for one that runs out of \
             memory.",
    ])
    .see(&["SIGTERM", "137", "Unhealthy", "Terminating"]),
    Entry::new(EventReason, "Unhealthy", "An attempt of a probe failed.")
        .causes(&["One event an attempt, counted up; after 25 in a row further ones are dropped, one every \
             5 minutes passes."])
        .see(&["livenessProbe", "readinessProbe", "failureThreshold"]),
    Entry::new(
        EventReason,
        "ProbeWarning",
        "A probe was redirected to another host, which counts as success.",
    )
    .see(&["httpGet"]),
    Entry::new(
        EventReason,
        "BackOff",
        "The kubelet waits before it restarts a container, or before it pulls an image again.",
    )
    .see(&["CrashLoopBackOff", "ImagePullBackOff"]),
    Entry::new(EventReason, "Failed", "A step towards a running container failed; the message says which.")
        .aliases(&["Failed to pull"])
        .causes(&["`Failed to pull image`, `Error: ErrImagePull`, `Error: configmap \"c\" not found`, ..."])
        .see(&["ErrImagePull", "CreateContainerConfigError", "RunContainerError"]),
    Entry::new(EventReason, "InspectFailed", "The name of the image could not be read.")
        .see(&["InvalidImageName"]),
    Entry::new(EventReason, "FailedPostStartHook", "The postStart hook failed; the container is killed.")
        .see(&["PostStartHookError", "Killing"]),
    Entry::new(
        EventReason,
        "FailedPreStopHook",
        "The preStop hook failed; the container is stopped all the same.",
    )
    .causes(&["preStop does not run when a container ends by itself or is killed for memory."])
    .see(&["Killing"]),
    Entry::new(
        EventReason,
        "SandboxChanged",
        "The sandbox of the pod is gone: everything in it is started anew.",
    )
    .causes(&["The node was rebooted or the pause process was killed. The pod gets a new address, its \
             init containers run again, its restart counts rise; name, node and emptyDir contents \
             stay."])
    .see(&["Rebooted", "FailedCreatePodSandBox"]),
    Entry::new(
        EventReason,
        "FailedCreatePodSandBox",
        "The sandbox of the pod, with its network, could not be made.",
    )
    .causes(&["For example no address is left on the node. It is tried again every 10 to 15 s."])
    .see(&["ContainerCreating", "NetworkNotReady"]),
    Entry::new(EventReason, "FailedMount", "A volume of the pod could not be mounted.")
        .causes(&["For example a ConfigMap or Secret that does not exist."])
        .see(&["ContainerCreating"]),
    Entry::new(EventReason, "FailedKillPod", "The containers of a pod could not be stopped."),
    Entry::new(EventReason, "NetworkNotReady", "The node has no pod network; only hostNetwork pods start.")
        .see(&["KubeletNotReady"]),
    Entry::new(EventReason, "FailedSync", "The kubelet could not find out the state of the pod."),
    Entry::new(EventReason, "Preempting", "The kubelet ended a pod to make room for a critical one.")
        .see(&["Preempted"]),
    Entry::new(EventReason, "ExceededGracePeriod", "The runtime did not stop an evicted pod in time.")
        .see(&["Evicted"]),
    Entry::new(
        EventReason,
        "TaintManagerEviction",
        "The pod is deleted because of a NoExecute taint of its node.",
    )
    .causes(&["By default 300 s after its node became unreachable or not ready."])
    .see(&["NoExecute", "DeletionByTaintManager", "node.kubernetes.io/unreachable"]),
    Entry::new(EventReason, "NodeReady", "The node has become ready.").see(&["NodeNotReady", "Ready"]),
    Entry::new(
        EventReason,
        "NodeNotReady",
        "The node is no longer ready; its pods are marked not ready at once.",
    )
    .see(&["NodeStatusUnknown", "KubeletNotReady", "TaintManagerEviction"]),
    Entry::new(EventReason, "Rebooted", "The node was rebooted: its boot ID has changed.")
        .causes(&["A quick reboot goes unnoticed otherwise: the node stays Ready and its pods are shown as \
             Running."])
        .see(&["nodeReboot", "SandboxChanged"]),
    Entry::new(
        EventReason,
        "NodeAllocatableEnforced",
        "The kubelet has set the limits for all pods of the node together.",
    ),
    Entry::new(EventReason, "NodeHasSufficientMemory", "The node is no longer short of memory.")
        .see(&["MemoryPressure"]),
    Entry::new(EventReason, "NodeHasInsufficientMemory", "The node is short of memory.")
        .see(&["MemoryPressure"]),
    Entry::new(
        EventReason,
        "EvictionThresholdMet",
        "The node ran short of something; the kubelet reclaims or evicts.",
    )
    .see(&["Evicted", "MemoryPressure", "DiskPressure"]),
    Entry::new(
        EventReason,
        "SystemOOM",
        "The kernel of the node killed a process because the whole node was out of memory.",
    )
    .causes(&["Pods together used more than the node has, faster than the kubelet could evict."])
    .see(&["OOMKilled", "Evicted"]),
    Entry::new(EventReason, "ImageGCFailed", "Unused images could not be removed from the node.")
        .see(&["DiskPressure"]),
    Entry::new(EventReason, "FreeDiskSpaceFailed", "Removing unused images freed less than was wanted.")
        .see(&["DiskPressure"]),
    Entry::new(EventReason, "InvalidDiskCapacity", "The size of the image disk is not known."),
    Entry::new(EventReason, "SuccessfulCreate", "A controller created a pod.").see(&["FailedCreate"]),
    Entry::new(EventReason, "FailedCreate", "A controller could not create a pod.")
        .causes(&["A quota is used up, or the namespace is being deleted."])
        .see(&["ReplicaFailure"]),
    Entry::new(EventReason, "SuccessfulDelete", "A controller deleted a pod it had too many of.")
        .see(&["SuccessfulCreate"]),
    Entry::new(
        EventReason,
        "JobAlreadyActive",
        "A CronJob with policy Forbid did not start: the run before is not over.",
    ),
    Entry::new(
        EventReason,
        "MissSchedule",
        "A CronJob did not start in time: startingDeadlineSeconds has passed.",
    ),
    Entry::new(
        EventReason,
        "TooManyMissedTimes",
        "A CronJob has missed more than 100 times; only the last one is started.",
    ),
];
