//! What a scenario can let go wrong.

use super::entry::Entry;
use super::entry::Topic::FaultKind;

pub(super) const ENTRIES: &[Entry] = &[
    Entry::new(FaultKind, "exit", "The process of a container exits with a code.")
        .aliases(&["container exit"])
        .causes(&["As a crash of the program: the kubelet restarts it as restartPolicy says."])
        .see(&["CrashLoopBackOff", "1"]),
    Entry::new(FaultKind, "signal", "The process of a container gets a signal.").see(&["128+n", "PID 1"]),
    Entry::new(FaultKind, "oom", "The container is killed as if it had used more memory than its limit.")
        .see(&["OOMKilled", "137"]),
    Entry::new(FaultKind, "hang", "The program stops answering, until it is restarted.")
        .causes(&["Probes fail by timeout. Without a liveness probe nothing restarts it."])
        .see(&["livenessProbe", "Unhealthy"]),
    Entry::new(FaultKind, "slowStart", "Programs that start take longer until they listen.")
        .aliases(&["slow start"])
        .see(&["startupProbe"]),
    Entry::new(FaultKind, "probeFailure", "Probes fail although the program is well.")
        .aliases(&["probe failure"])
        .see(&["Unhealthy", "livenessProbe", "readinessProbe"]),
    Entry::new(FaultKind, "dependencyDown", "Programs that need a service do not get through to it.")
        .aliases(&["dependency down"])
        .see(&["readinessProbe"]),
    Entry::new(FaultKind, "imagePullError", "The registry does not deliver.")
        .aliases(&["image pull error"])
        .see(&["ErrImagePull", "ImagePullBackOff"]),
    Entry::new(FaultKind, "imagePullSlow", "The registry delivers slowly.")
        .aliases(&["image pull slow"])
        .see(&["Pulling", "ContainerCreating"]),
    Entry::new(FaultKind, "nodeCrash", "A machine loses power, and comes back after a while or never.")
        .aliases(&["node crash"])
        .causes(&[
            "If it returns within 50 s, the node never counts as not ready: its pods simply start \
             again there.",
            "If not, it becomes Unknown, and after another 300 s its pods are replaced elsewhere.",
        ])
        .see(&["NodeStatusUnknown", "node.kubernetes.io/unreachable", "nodeReboot"]),
    Entry::new(FaultKind, "nodeReboot", "A machine restarts.")
        .aliases(&["node reboot"])
        .causes(&["The same pods start again: new sandbox and address, init containers run again, one \
             restart more."])
        .see(&["Rebooted", "SandboxChanged"]),
    Entry::new(FaultKind, "kubeletStop", "The kubelet of a node stops; its containers run on.")
        .aliases(&["kubelet stop"])
        .causes(&["Traffic still goes to its pods until the node is Unknown. When the kubelet is back it \
             has forgotten delays of crash loops and counts of probes."])
        .see(&["NodeStatusUnknown"]),
    Entry::new(FaultKind, "networkPluginStop", "The network plugin (CNI) of a node stops; running pods keep their network.")
        .aliases(&["network plugin stop", "cni"])
        .causes(&["The node reports `container runtime network not ready`, and no pod is started, or a container of one \
             started again, except on the machine's own network."])
        .see(&["KubeletNotReady", "NetworkNotReady"]),
    Entry::new(FaultKind, "runtimeStop", "The container runtime of a node stops; running containers run on.")
        .aliases(&["runtime stop"])
        .causes(&["For less than 30 s nothing is noticed; then the node reports `container runtime is \
             down`."])
        .see(&["KubeletNotReady"]),
    Entry::new(
        FaultKind,
        "sandboxKilled",
        "The pause process of a pod is killed, and with it the pod's sandbox.",
    )
    .causes(&[
        "The kubelet stops what still runs, makes a new sandbox with a new address, and starts the init \
             containers and then the others again.",
    ])
    .see(&["SandboxChanged"]),
    Entry::new(
        FaultKind,
        "pressure",
        "Something outside of pods uses up memory, disk space or process ids of a node.",
    )
    .aliases(&["disk pressure", "memory pressure", "PID pressure"])
    .see(&["MemoryPressure", "DiskPressure", "PIDPressure", "Evicted"]),
    Entry::new(FaultKind, "partition", "Two sides of the network do not reach each other.")
        .aliases(&["network partition"])
        .causes(&["A node cut off from the API keeps serving. For the control plane it looks as if it had \
             crashed; pods deleted meanwhile are killed when it is back."])
        .see(&["NodeStatusUnknown", "nodeCrash"]),
    Entry::new(FaultKind, "networkLatency", "Messages between two sides take longer.").aliases(&["latency"]),
    Entry::new(FaultKind, "packetLoss", "Messages between two sides get lost.").aliases(&["packet loss"]),
    Entry::new(FaultKind, "zoneOutage", "All machines of a zone lose power.")
        .aliases(&["zone outage"])
        .causes(&["The rate of evictions depends on how many zones are hit; if all are, there are none."])
        .see(&["nodeCrash", "node.kubernetes.io/unreachable"]),
    Entry::new(
        FaultKind,
        "controlPlane",
        "API server, etcd, scheduler or controller manager is down, slow, or changes its leader.",
    )
    .aliases(&["control plane outage", "API server outage", "etcd quorum", "leader change"])
    .causes(&[
        "Without the API server, containers, probes and existing Services go on; nothing else \
             changes.",
        "Without a quorum of etcd (2 of 3, 3 of 5) nothing can be written.",
        "Without the scheduler new pods stay Pending; without the controller manager nothing is \
             replaced, scaled or marked unreachable.",
        "A leader that dies is replaced after 15 s to about 20 s.",
    ])
    .see(&["Pending", "NodeStatusUnknown"]),
];
