//! Why containers wait and how they ended.

use super::entry::Entry;
use super::entry::Topic::{TerminatedReason, WaitingReason};

pub(super) const ENTRIES: &[Entry] = &[
    Entry::new(
        WaitingReason,
        "ContainerCreating",
        "The pod has a node, its container has not been started yet.",
    )
    .causes(&[
        "Volumes are being mounted, the sandbox with its network is being made, the image is \
             being pulled.",
        "A sandbox that cannot be made leaves the container here: event FailedCreatePodSandBox.",
        "A postStart hook that runs: until it ends, the container is not shown as running.",
    ])
    .advice(&["Read the events of the pod: Pulling, FailedMount, FailedCreatePodSandBox."])
    .see(&["PodInitializing", "Pulling", "FailedMount", "FailedCreatePodSandBox"]),
    Entry::new(WaitingReason, "PodInitializing", "The container waits for the init containers of its pod.")
        .causes(&["What ContainerCreating is to a pod without init containers, this is to one that has \
             some."])
        .see(&["Init:N/M", "Initialized", "ContainerCreating"]),
    Entry::new(
        WaitingReason,
        "CrashLoopBackOff",
        "The container has ended more than once, and the kubelet waits before it starts it again.",
    )
    .aliases(&["crash loop", "back-off"])
    .causes(&[
        "The program ends again and again, whatever its exit code: 0 counts as well with \
             restartPolicy Always.",
        "The first restart is immediate; then the delays are 10 s, 20 s, 40 s, 80 s, 160 s and \
             300 s, counted from the end of the container. They start anew when an instance has run \
             for more than 10 minutes.",
        "A liveness probe that keeps failing leads here, too, once the delay is longer than the \
             container runs.",
    ])
    .advice(&[
        "Look at the last state of the container (exit code, reason) and at `logs --previous`.",
        "It is no phase: the pod is still Running. A new pod or a new image starts without \
             delays.",
    ])
    .see(&["Error", "OOMKilled", "137", "BackOff", "livenessProbe", "Running"]),
    Entry::new(WaitingReason, "ErrImagePull", "An attempt to pull the image has just failed.")
        .causes(&[
            "The name or tag does not exist, the registry does not answer, or it refuses without \
             credentials.",
            "It alternates with ImagePullBackOff: this one after an attempt, that one while none is \
             made.",
        ])
        .advice(&["Read the message of the event Failed; check the image name and the pull secrets."])
        .see(&["ImagePullBackOff", "Failed to pull", "imagePullError"]),
    Entry::new(
        WaitingReason,
        "ImagePullBackOff",
        "The kubelet waits before it tries to pull the image again.",
    )
    .causes(&["After a failed pull the delays are 10 s, doubled up to 300 s, counted from the last \
             failed attempt, for each pod and image."])
    .advice(&["The cause is that of ErrImagePull. A changed image name is tried at once."])
    .see(&["ErrImagePull", "BackOff"]),
    Entry::new(WaitingReason, "InvalidImageName", "The name of the image cannot be read.")
        .advice(&["Correct `image`: registry/name:tag or name@digest, in lower case."])
        .see(&["ErrImagePull", "InspectFailed"]),
    Entry::new(
        WaitingReason,
        "ErrImageNeverPull",
        "imagePullPolicy is Never, and the image is not on the node.",
    )
    .advice(&["Put the image on the node, or let it be pulled: IfNotPresent."])
    .see(&["ErrImagePull"]),
    Entry::new(WaitingReason, "ImageInspectError", "The runtime could not look up the image on the node.")
        .see(&["ErrImagePull"]),
    Entry::new(WaitingReason, "RegistryUnavailable", "The registry does not answer.").see(&["ErrImagePull"]),
    Entry::new(WaitingReason, "SignatureValidationFailed", "The signature of the image was refused.")
        .see(&["ErrImagePull"]),
    Entry::new(
        WaitingReason,
        "CreateContainerConfigError",
        "What the container is to be started with cannot be put together.",
    )
    .causes(&[
        "A ConfigMap or Secret, or a key of one, does not exist.",
        "runAsNonRoot is set and the image runs as root.",
    ])
    .advice(&["The event Failed names what is missing. Once it exists, the container starts by itself."])
    .see(&["CreateContainerError", "Failed", "Pending"]),
    Entry::new(WaitingReason, "CreateContainerError", "The runtime could not create the container.")
        .see(&["RunContainerError", "CreateContainerConfigError"]),
    Entry::new(
        WaitingReason,
        "RunContainerError",
        "The runtime created the container but could not start it.",
    )
    .causes(&["The program in `command` is not in the image. Then it counts as ended with StartError, \
             128."])
    .see(&["StartError", "128", "CrashLoopBackOff"]),
    Entry::new(
        WaitingReason,
        "PreCreateHookError",
        "A hook of the kubelet before creating the container failed.",
    )
    .see(&["CreateContainerError"]),
    Entry::new(
        WaitingReason,
        "PreStartHookError",
        "A hook of the kubelet before starting the container failed.",
    )
    .see(&["RunContainerError"]),
    Entry::new(
        WaitingReason,
        "PostStartHookError",
        "The postStart hook failed, and the container was killed.",
    )
    .causes(&["An exec hook ended with a failure, or an HTTP hook got no answer at all."])
    .see(&["FailedPostStartHook", "CrashLoopBackOff"]),
    Entry::new(TerminatedReason, "Completed", "The container ended with exit code 0.")
        .causes(&["The program did its work, or stopped cleanly on SIGTERM."])
        .advice(&["With restartPolicy Always it is started again; repeated, this is a crash loop."])
        .see(&["0", "Succeeded", "CrashLoopBackOff"]),
    Entry::new(TerminatedReason, "Error", "The container ended with an exit code other than 0.")
        .causes(&["The program failed, or a signal ended it; the code says which."])
        .advice(&["Read the code and `logs --previous`. 137 with this reason was no lack of memory: see \
             137."])
        .see(&["1", "137", "143", "OOMKilled"]),
    Entry::new(
        TerminatedReason,
        "OOMKilled",
        "The container used more memory than its limit and was killed: exit code 137.",
    )
    .aliases(&["OOM", "out of memory"])
    .causes(&[
        "The kernel enforces the memory limit of each container. With cgroup v2 all processes of \
             the container are killed together; there is no event Killing before it and no preStop \
             hook.",
        "Only this container restarts, on the same node; the other containers of the pod are not \
             touched.",
        "It can come with another code when only a child process was killed and the program then \
             exited itself.",
    ])
    .advice(&[
        "Raise the memory limit or find the leak. A request does not help: it counts for \
             scheduling and eviction.",
        "Node-pressure eviction is something else: it ends the whole pod, see Evicted.",
    ])
    .see(&["137", "Evicted", "MemoryPressure", "SystemOOM", "oom"]),
    Entry::new(TerminatedReason, "ContainerCannotRun", "The container could not be started (older docker).")
        .see(&["StartError", "RunContainerError"]),
    Entry::new(
        TerminatedReason,
        "StartError",
        "The runtime (containerd) could not start the process: exit code 128.",
    )
    .causes(&["The program or its working directory is not in the image."])
    .see(&["128", "RunContainerError"]),
    Entry::new(
        TerminatedReason,
        "ContainerStatusUnknown",
        "The kubelet lost track of a container that used to run; it reports exit code 137.",
    )
    .causes(&["The container could not be located when the pod was terminated, for example after the \
             node was rebooted."])
    .see(&["137", "nodeReboot", "255"]),
];
