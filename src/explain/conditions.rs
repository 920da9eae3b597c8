//! Conditions of pods and workloads, and their reasons.

use super::entry::Entry;
use super::entry::Topic::{ConditionReason, PodCondition, WorkloadCondition};

pub(super) const ENTRIES: &[Entry] = &[
    Entry::new(PodCondition, "PodScheduled", "Whether the pod has a node.")
        .causes(&["False with reason Unschedulable when no node fits, with SchedulingGated while gates are \
             open."])
        .see(&["Unschedulable", "SchedulingGated", "FailedScheduling"]),
    Entry::new(
        PodCondition,
        "PodReadyToStartContainers",
        "Whether the sandbox of the pod exists and has a network.",
    )
    .see(&["FailedCreatePodSandBox", "SandboxChanged"]),
    Entry::new(
        PodCondition,
        "Initialized",
        "Whether all init containers are done and all sidecars are started.",
    )
    .causes(&["It stays True once a regular container has been started."])
    .see(&["Init:N/M", "ContainersNotInitialized"]),
    Entry::new(PodCondition, "ContainersReady", "Whether all containers and sidecars are ready.")
        .causes(&["A container is ready when it is started and its readiness probe, if it has one, has \
             succeeded."])
        .see(&["Ready", "readinessProbe", "ContainersNotReady"]),
    Entry::new(
        PodCondition,
        "Ready",
        "Of a pod: whether it should get traffic. Of a node: whether its kubelet is well.",
    )
    .causes(&[
        "A pod is ready when its containers are and every readiness gate is True. Services send \
             no new connections to a pod that is not ready, or that is being deleted; established \
             ones are not cut.",
        "A node is Unknown when its kubelet has not reported for 50 s (40 s up to 1.31): reason \
             NodeStatusUnknown.",
        "When a node is no longer ready, the pods on it are marked not ready at once.",
    ])
    .see(&["ContainersReady", "ReadinessGatesNotReady", "NodeStatusUnknown", "KubeletNotReady"]),
    Entry::new(
        PodCondition,
        "DisruptionTarget",
        "The pod was ended on purpose, by something other than itself.",
    )
    .causes(&["Its reason says by whom: eviction, preemption, taints, the garbage collector or the \
             kubelet."])
    .see(&[
        "EvictionByEvictionAPI",
        "PreemptionByScheduler",
        "DeletionByTaintManager",
        "DeletionByPodGC",
        "TerminationByKubelet",
    ]),
    Entry::new(
        PodCondition,
        "PodResizePending",
        "A change of resources in place has not been admitted: Deferred or Infeasible.",
    )
    .see(&["PodResizeInProgress"]),
    Entry::new(PodCondition, "PodResizeInProgress", "A change of resources in place is being carried out.")
        .see(&["PodResizePending"]),
    Entry::new(
        ConditionReason,
        "Unschedulable",
        "No node fits the pod; the message counts the nodes by reason.",
    )
    .causes(&[
        "Not enough CPU, memory or other resources left; taints; affinity; spreading; host ports; \
             volumes.",
        "The scheduler tries again when something changes that could help, at the latest after \
             about 5 minutes.",
    ])
    .see(&["FailedScheduling", "Pending", "Preempted"]),
    Entry::new(
        ConditionReason,
        "SchedulingGated",
        "spec.schedulingGates is not empty: the scheduler does not look at the pod.",
    )
    .advice(&["Whoever set the gates must remove them."])
    .see(&["PodScheduled", "Pending"]),
    Entry::new(
        ConditionReason,
        "ContainersNotInitialized",
        "Some init containers are not done; the message names them.",
    )
    .see(&["Initialized", "Init:N/M"]),
    Entry::new(
        ConditionReason,
        "ContainersNotReady",
        "Some containers are not ready; the message names them.",
    )
    .see(&["Ready", "readinessProbe"]),
    Entry::new(
        ConditionReason,
        "ReadinessGatesNotReady",
        "A condition named in spec.readinessGates is missing or not True.",
    )
    .see(&["Ready"]),
    Entry::new(ConditionReason, "PodCompleted", "Not ready because the pod has succeeded.")
        .see(&["Succeeded"]),
    Entry::new(ConditionReason, "PodFailed", "Not ready because the pod has failed.").see(&["Failed"]),
    Entry::new(
        ConditionReason,
        "TerminationByKubelet",
        "The kubelet ended the pod: eviction, node shutdown or preemption.",
    )
    .see(&["DisruptionTarget", "Evicted"]),
    Entry::new(
        ConditionReason,
        "EvictionByEvictionAPI",
        "The pod was evicted through the API, as `kubectl drain` does.",
    )
    .causes(&["The eviction API respects disruption budgets: it refuses with 429 while none is left."])
    .see(&["DisruptionTarget"]),
    Entry::new(
        ConditionReason,
        "PreemptionByScheduler",
        "The pod had to make room for one of higher priority.",
    )
    .see(&["DisruptionTarget", "Preempted"]),
    Entry::new(
        ConditionReason,
        "DeletionByTaintManager",
        "The pod does not tolerate a NoExecute taint of its node.",
    )
    .see(&["DisruptionTarget", "TaintManagerEviction", "NoExecute"]),
    Entry::new(
        ConditionReason,
        "DeletionByPodGC",
        "The node of the pod no longer exists, or is out of service.",
    )
    .see(&["DisruptionTarget", "node.kubernetes.io/out-of-service"]),
    Entry::new(
        WorkloadCondition,
        "Available",
        "Whether the Deployment has as many available pods as its strategy demands.",
    )
    .causes(&["True (MinimumReplicasAvailable) while at least replicas - maxUnavailable are available."])
    .see(&["Progressing"]),
    Entry::new(WorkloadCondition, "Progressing", "Whether the rollout of the Deployment gets on.")
        .causes(&[
            "False with ProgressDeadlineExceeded when nothing has moved for progressDeadlineSeconds \
             (600).",
            "True with NewReplicaSetAvailable when it is complete.",
        ])
        .see(&["ProgressDeadlineExceeded", "Available"]),
    Entry::new(
        ConditionReason,
        "ProgressDeadlineExceeded",
        "The rollout has not moved for progressDeadlineSeconds.",
    )
    .causes(&["The new pods do not become available. Nothing is rolled back by itself."])
    .advice(&["Look at the new pods; `rollout undo` goes back."])
    .see(&["Progressing"]),
    Entry::new(ConditionReason, "NewReplicaSetAvailable", "The rollout is complete.").see(&["Progressing"]),
    Entry::new(ConditionReason, "MinimumReplicasAvailable", "The Deployment has enough available pods.")
        .see(&["Available"]),
    Entry::new(WorkloadCondition, "ReplicaFailure", "A ReplicaSet could not create or delete pods.")
        .see(&["FailedCreate"]),
    Entry::new(WorkloadCondition, "Complete", "The Job has finished: enough of its pods have succeeded.")
        .see(&["Succeeded"]),
    Entry::new(
        WorkloadCondition,
        "FailureTarget",
        "The Job is going to fail; its remaining pods are being ended.",
    )
    .see(&["BackoffLimitExceeded"]),
    Entry::new(WorkloadCondition, "Suspended", "The Job has no pods because spec.suspend is true."),
    Entry::new(
        ConditionReason,
        "BackoffLimitExceeded",
        "More pods of the Job have failed than backoffLimit allows.",
    )
    .causes(&["The delay between attempts is 10 s, doubled for each failure, up to 10 minutes."])
    .see(&["FailureTarget", "DeadlineExceeded"]),
    Entry::new(ConditionReason, "PodFailurePolicy", "A rule of the Job's podFailurePolicy made it fail.")
        .see(&["BackoffLimitExceeded"]),
    Entry::new(
        WorkloadCondition,
        "AbleToScale",
        "Whether the autoscaler can read and change the number of replicas.",
    )
    .see(&["ScalingActive", "ScalingLimited"]),
    Entry::new(
        WorkloadCondition,
        "ScalingActive",
        "Whether the autoscaler can compute a number of replicas.",
    )
    .causes(&["False with ScalingDisabled when the target has 0 replicas."])
    .see(&["AbleToScale"]),
    Entry::new(
        WorkloadCondition,
        "ScalingLimited",
        "Whether a bound keeps the autoscaler from the number it computed.",
    )
    .causes(&["minReplicas or maxReplicas (TooFewReplicas, TooManyReplicas), or the policies of \
             `behavior` (ScaleUpLimit, ScaleDownLimit)."])
    .see(&["AbleToScale"]),
];
