//! Conditions of nodes, their reasons, and taints.

use super::entry::Entry;
use super::entry::Topic::{ConditionReason, NodeCondition, Taint};

pub(super) const ENTRIES: &[Entry] = &[
    Entry::new(
        NodeCondition,
        "MemoryPressure",
        "The node is short of memory: available memory fell below a threshold.",
    )
    .causes(&["By default below 100Mi. The kubelet then evicts pods, one at a time, until it is over \
             the threshold."])
    .advice(&["The condition stays for 5 minutes after the shortage was last seen."])
    .see(&["Evicted", "node.kubernetes.io/memory-pressure", "pressure"]),
    Entry::new(NodeCondition, "DiskPressure", "The node is short of disk space or inodes.")
        .causes(&["By default less than 10 % of the node's file system or 15 % of that for images is \
             available, or less than 5 % of the inodes. Dead containers and unused images are removed \
             first, then pods are evicted."])
        .see(&["Evicted", "node.kubernetes.io/disk-pressure", "ImageGCFailed"]),
    Entry::new(NodeCondition, "PIDPressure", "The node is short of process ids.")
        .causes(&["There is no threshold by default."])
        .see(&["Evicted", "node.kubernetes.io/pid-pressure"]),
    Entry::new(NodeCondition, "NetworkUnavailable", "The network of the node is not set up.")
        .see(&["node.kubernetes.io/network-unavailable"]),
    Entry::new(ConditionReason, "KubeletReady", "The kubelet reports that it is well.").see(&["Ready"]),
    Entry::new(
        ConditionReason,
        "KubeletNotReady",
        "The kubelet reports itself that something is wrong; the message says what.",
    )
    .causes(&[
        "`container runtime is down`: no successful check for 30 s.",
        "`PLEG is not healthy`: listing the containers hangs for more than 3 minutes.",
        "`container runtime network not ready`: there is no pod network.",
        "Meanwhile the kubelet acts on nothing; running containers run on.",
    ])
    .see(&["Ready", "node.kubernetes.io/not-ready", "runtimeStop"]),
    Entry::new(
        ConditionReason,
        "NodeStatusUnknown",
        "The kubelet has stopped reporting: nobody knows how the node is.",
    )
    .causes(&[
        "Power, network or kubelet is gone. The node is Unknown after 50 s (40 s up to 1.31) \
             without a renewed lease.",
        "Its pods are marked not ready at once, and deleted after another 300 s. They stay \
             Terminating until the kubelet is back, because nobody can confirm that they have \
             stopped.",
        "A ReplicaSet replaces them then; a StatefulSet does not, until the object is gone.",
    ])
    .advice(&["If the machine is dead for good: delete the node, or set the taint out-of-service."])
    .see(&[
        "node.kubernetes.io/unreachable",
        "nodeCrash",
        "partition",
        "node.kubernetes.io/out-of-service",
    ]),
    Entry::new(
        ConditionReason,
        "NodeStatusNeverUpdated",
        "The kubelet of a new node has never reported, for 60 s.",
    )
    .see(&["NodeStatusUnknown"]),
    Entry::new(
        Taint,
        "NoSchedule",
        "New pods that do not tolerate the taint are kept away; those there stay.",
    )
    .see(&["PreferNoSchedule", "NoExecute"]),
    Entry::new(Taint, "PreferNoSchedule", "New pods are kept away where there is a choice.")
        .see(&["NoSchedule"]),
    Entry::new(
        Taint,
        "NoExecute",
        "New pods are kept away, and those there are evicted unless they tolerate the taint.",
    )
    .causes(&["A toleration with tolerationSeconds delays the eviction by that time."])
    .see(&["NoSchedule", "TaintManagerEviction"]),
    Entry::new(Taint, "node.kubernetes.io/not-ready", "The node reports Ready=False.")
        .aliases(&["not-ready"])
        .causes(&["NoSchedule at once; NoExecute at a limited rate (one node in 10 s in each zone)."])
        .advice(&["Every pod gets a toleration of 300 s unless it brings its own."])
        .see(&["KubeletNotReady", "NoExecute"]),
    Entry::new(Taint, "node.kubernetes.io/unreachable", "The node has stopped reporting: Ready=Unknown.")
        .aliases(&["unreachable"])
        .causes(&["NoSchedule at once; NoExecute at a limited rate. When more than half of a zone is gone \
             the rate sinks, and when all zones are gone nothing is evicted at all: then the control \
             plane rather has a problem itself."])
        .advice(&["Every pod gets a toleration of 300 s unless it brings its own. Pods of a DaemonSet \
             tolerate it."])
        .see(&["NodeStatusUnknown", "NoExecute", "zoneOutage"]),
    Entry::new(Taint, "node.kubernetes.io/memory-pressure", "The node is short of memory (NoSchedule).")
        .aliases(&["memory-pressure"])
        .see(&["MemoryPressure"]),
    Entry::new(Taint, "node.kubernetes.io/disk-pressure", "The node is short of disk space (NoSchedule).")
        .aliases(&["disk-pressure"])
        .see(&["DiskPressure"]),
    Entry::new(Taint, "node.kubernetes.io/pid-pressure", "The node is short of process ids (NoSchedule).")
        .aliases(&["pid-pressure"])
        .see(&["PIDPressure"]),
    Entry::new(
        Taint,
        "node.kubernetes.io/network-unavailable",
        "The network of the node is not set up (NoSchedule).",
    )
    .aliases(&["network-unavailable"])
    .see(&["NetworkUnavailable"]),
    Entry::new(Taint, "node.kubernetes.io/unschedulable", "The node is cordoned (NoSchedule).")
        .aliases(&["unschedulable taint"])
        .causes(&["`kubectl cordon` sets spec.unschedulable; the taint mirrors it."])
        .see(&["SchedulingDisabled"]),
    Entry::new(
        Taint,
        "node.kubernetes.io/out-of-service",
        "An administrator says: this node is dead (NoExecute).",
    )
    .aliases(&["out-of-service"])
    .causes(&["Its pods are deleted, and those stuck in Terminating are removed by force while it is \
             not ready."])
    .see(&["NodeStatusUnknown", "DeletionByPodGC"]),
];
