//! Phases and reasons of pods, the words of kubectl's STATUS column, and QoS classes.

use super::entry::Entry;
use super::entry::Topic::{PodPhase, PodReason, QosClass, Status};

pub(super) const ENTRIES: &[Entry] = &[
    Entry::new(PodPhase, "Pending", "Some container of the pod has never been started yet.")
        .causes(&[
            "The pod has no node: see its condition PodScheduled and the event FailedScheduling.",
            "It has one, but images are being pulled, init containers run, or a container cannot be \
             created.",
            "A pod in which one container runs and another has never started is Pending as well.",
        ])
        .see(&["FailedScheduling", "Unschedulable", "ContainerCreating", "ImagePullBackOff", "Init:N/M"]),
    Entry::new(
        PodPhase,
        "Running",
        "All containers have been started, and at least one runs or will be started again.",
    )
    .causes(&["A container in CrashLoopBackOff leaves the pod Running: it has been started before."])
    .advice(&["Running does not mean ready: look at READY and the condition Ready."])
    .see(&["Ready", "CrashLoopBackOff", "NotReady"]),
    Entry::new(PodPhase, "Succeeded", "All containers ended with exit code 0 and will not be started again.")
        .causes(&["Only with restartPolicy Never or OnFailure. The phase is final; the object stays until \
             deleted."])
        .see(&["Completed", "Complete"]),
    Entry::new(PodPhase, "Failed", "All containers have ended for good, at least one of them not with 0.")
        .causes(&[
            "restartPolicy Never and an exit code other than 0, in an init container too.",
            "Eviction, an exceeded activeDeadlineSeconds, a refusal by the kubelet, the shutdown of \
             the node.",
            "The phase is final: the pod does not come back; a controller creates another.",
        ])
        .see(&["Evicted", "DeadlineExceeded", "OutOfcpu", "NodeShutdown"]),
    Entry::new(
        PodPhase,
        "Unknown",
        "The state of the pod could not be obtained; kubelets no longer set this phase.",
    )
    .causes(&["Containerd reports a container whose end it did not see as terminated with reason \
             Unknown and code 255."])
    .see(&["255", "NodeStatusUnknown"]),
    Entry::new(PodReason, "Evicted", "The kubelet ended the pod because the node ran short of something.")
        .causes(&[
            "Memory, disk space, inodes or process ids of the node fell below a threshold. The \
             kubelet picks the pod that uses more than it requested, then the one with the lower \
             priority, then the one furthest above its request.",
            "A pod went over the size limit of an emptyDir or its limit of ephemeral storage.",
            "Disruption budgets and, for hard thresholds, terminationGracePeriodSeconds do not count.",
        ])
        .advice(&[
            "The pod stays as Failed and never comes back; its controller creates another, maybe \
             elsewhere.",
            "Request what the pod uses: who stays below its request is taken last.",
        ])
        .see(&["MemoryPressure", "DiskPressure", "EvictionThresholdMet", "OOMKilled", "BestEffort"]),
    Entry::new(
        PodReason,
        "DeadlineExceeded",
        "The pod or Job was active for longer than activeDeadlineSeconds.",
    )
    .causes(&["For a Job it counts from status.startTime and goes before backoffLimit."])
    .see(&["Failed", "BackoffLimitExceeded"]),
    Entry::new(PodReason, "NodeShutdown", "The kubelet refused the pod because the node is shutting down.")
        .see(&["Terminated", "Failed"]),
    Entry::new(PodReason, "Terminated", "The pod was ended by the orderly shutdown of its node.")
        .causes(&["Graceful node shutdown is configured: normal pods go first, critical ones last."])
        .advice(&["The pod stays as Failed and does not start again when the node is back."])
        .see(&["NodeShutdown", "DisruptionTarget"]),
    Entry::new(
        PodReason,
        "OutOfcpu",
        "The kubelet refused the pod: the node lacks CPU, memory, pods or another resource.",
    )
    .aliases(&["OutOfmemory", "OutOfpods", "OutOfephemeral-storage"])
    .causes(&["The scheduler placed it, but by then others had taken the room, or the node shrank on a \
             restart."])
    .advice(&["The pod is Failed for good; its controller creates another."])
    .see(&["Failed", "FailedScheduling"]),
    Entry::new(
        PodReason,
        "NodeAffinity",
        "The kubelet refused the pod: the node does not match its selector or affinity.",
    )
    .causes(&["A label of the node changed; the check runs again when the kubelet restarts."])
    .see(&["OutOfcpu", "Failed"]),
    Entry::new(PodReason, "NodePorts", "The kubelet refused the pod: a host port that it wants is taken.")
        .see(&["OutOfcpu", "Failed"]),
    Entry::new(
        PodReason,
        "TopologyAffinityError",
        "The kubelet refused the pod: its topology manager found no fit.",
    )
    .see(&["OutOfcpu"]),
    Entry::new(
        PodReason,
        "UnexpectedAdmissionError",
        "The kubelet refused the pod: a device or plugin reported an error.",
    )
    .see(&["OutOfcpu"]),
    Entry::new(
        PodReason,
        "SysctlForbidden",
        "The kubelet refused the pod: it wants a kernel setting that is not allowed.",
    )
    .see(&["OutOfcpu"]),
    Entry::new(
        Status,
        "Terminating",
        "The pod is being deleted: its deletionTimestamp is set. This is no phase.",
    )
    .causes(&[
        "Its containers have got SIGTERM, or run a preStop hook, and have until the end of the \
             grace period.",
        "The object goes when the containers are dead and the volumes are unmounted. A finalizer \
             keeps it longer.",
        "On a node that does not answer it stays like this until the kubelet returns or the node \
             is deleted.",
    ])
    .see(&["Killing", "137", "143", "NodeStatusUnknown", "TaintManagerEviction"]),
    Entry::new(
        Status,
        "NotReady",
        "Of a pod: some containers have completed, others run, and the pod is not ready. Of a \
             node: its condition Ready is not True.",
    )
    .see(&["Ready", "Completed", "KubeletNotReady"]),
    Entry::new(Status, "Init:N/M", "N of the M init containers are done; the next one runs or waits.")
        .aliases(&["Init", "Init:0/1", "Init:Error", "Init:CrashLoopBackOff"])
        .causes(&[
            "Init containers run one after another; each must end with 0 before the next starts.",
            "A sidecar (an init container with restartPolicy Always) must be started, not ended.",
            "`Init:` with a reason behind it: the init container waits or ended for that reason.",
        ])
        .see(&["PodInitializing", "Initialized"]),
    Entry::new(Status, "SchedulingDisabled", "The node is cordoned: spec.unschedulable is true.")
        .aliases(&["cordoned"])
        .causes(&["`kubectl cordon` or `drain`. Pods that run there stay."])
        .see(&["node.kubernetes.io/unschedulable"]),
    Entry::new(
        QosClass,
        "Guaranteed",
        "Every container has limits for CPU and memory, and requests equal to them.",
    )
    .causes(&["Init containers count as well. The class is fixed when the pod is created."])
    .advice(&["When the node runs out of memory, its processes are killed last (oom_score_adj -997)."])
    .see(&["Burstable", "BestEffort"]),
    Entry::new(
        QosClass,
        "Burstable",
        "Some container has a request or a limit, but the pod is not Guaranteed.",
    )
    .causes(&["oom_score_adj is 1000 - 1000 * memory request / memory of the node, between 3 and 999."])
    .see(&["Guaranteed", "BestEffort"]),
    Entry::new(QosClass, "BestEffort", "No container has any request or limit for CPU or memory.")
        .causes(&[
            "Its processes are the first to be killed when the node runs out of memory (oom_score_adj \
             1000).",
        ])
        .advice(&[
            "Under MemoryPressure the kubelet admits no such pod unless it tolerates the taint.",
            "Eviction ranks by use above the request: without a request everything is above.",
        ])
        .see(&["Guaranteed", "Burstable", "Evicted", "MemoryPressure"]),
];
