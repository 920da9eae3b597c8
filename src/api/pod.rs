//! Pods: containers, probes, affinity, status.

use std::borrow::Cow;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::core::{
    Condition, Conditions, IntOrString, LabelSelector, Opaque, ResourceList, SelectorRequirement, Toleration,
};
use super::meta::{Labels, ObjectMeta};
use super::timestamp::Timestamp;
use crate::base::{Name, Quantity};

/// A pod. Everything that pods of one template have in common is shared through `spec`.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Pod {
    /// Identity.
    pub metadata: ObjectMeta,
    /// Desired state, shared between the pods of a template. Its `node_name` is always `None`: see below.
    pub spec: Arc<PodSpec>,
    /// `spec.nodeName`, kept beside the shared part because every pod has its own.
    pub node_name: Option<Name>,
    /// Observed state, shared with whoever has reported it.
    pub status: Arc<PodStatus>,
}

/// The wire form of [`Pod`].
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct PodWire {
    metadata: ObjectMeta,
    spec: PodSpec,
    status: Arc<PodStatus>,
}

/// The same, to write.
#[derive(Serialize)]
struct PodWireRef<'a> {
    metadata: &'a ObjectMeta,
    spec: &'a PodSpec,
    status: &'a PodStatus,
}

impl Serialize for Pod {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        PodWireRef { metadata: &self.metadata, spec: &self.whole_spec(), status: &self.status }
            .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Pod {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut wire = PodWire::deserialize(deserializer)?;
        let node_name = wire.spec.node_name.take().filter(|name| !name.is_empty());
        Ok(Self { metadata: wire.metadata, spec: Arc::new(wire.spec), node_name, status: wire.status })
    }
}

impl Pod {
    /// `spec` with `nodeName`, as the wire form has it.
    pub(super) fn whole_spec(&self) -> Cow<'_, PodSpec> {
        if self.node_name.is_none() {
            return Cow::Borrowed(&self.spec);
        }
        Cow::Owned(PodSpec { node_name: self.node_name.clone(), ..(*self.spec).clone() })
    }

    /// Neither `Succeeded` nor `Failed`, and not being deleted: what controllers count as a replica.
    pub fn is_active(&self) -> bool {
        !self.status.phase.is_terminal() && !self.metadata.is_terminating()
    }

    /// Whether the `Ready` condition is `True`.
    pub fn is_ready(&self) -> bool {
        self.status.conditions.is_true("Ready")
    }

    /// `status.priority` for comparison: absent counts as 0.
    pub fn priority(&self) -> i32 {
        self.spec.priority.unwrap_or(0)
    }
}

/// `spec` of a pod, and of every pod template.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "field meanings are those of k8s.io/api core/v1 PodSpec")]
pub struct PodSpec {
    pub init_containers: Vec<Container>,
    pub containers: Vec<Container>,
    pub ephemeral_containers: Opaque,
    pub restart_policy: RestartPolicy,
    pub termination_grace_period_seconds: Option<i64>,
    pub active_deadline_seconds: Option<i64>,
    pub node_name: Option<Name>,
    pub node_selector: Labels,
    pub affinity: Option<Box<Affinity>>,
    pub tolerations: Vec<Toleration>,
    pub topology_spread_constraints: Vec<TopologySpreadConstraint>,
    pub scheduler_name: Option<Name>,
    pub priority_class_name: Option<Name>,
    pub priority: Option<i32>,
    pub preemption_policy: Option<PreemptionPolicy>,
    pub scheduling_gates: Vec<SchedulingGate>,
    pub readiness_gates: Vec<ReadinessGate>,
    pub overhead: ResourceList,
    pub resources: Option<Resources>,
    pub host_network: bool,
    #[serde(rename = "hostPID")]
    pub host_pid: bool,
    #[serde(rename = "hostIPC")]
    pub host_ipc: bool,
    pub share_process_namespace: Option<bool>,
    pub hostname: Option<Name>,
    pub subdomain: Option<Name>,
    #[serde(rename = "setHostnameAsFQDN")]
    pub set_hostname_as_fqdn: Opaque,
    pub volumes: Vec<Volume>,
    pub os: Opaque,
    pub service_account_name: Option<Name>,
    pub service_account: Option<Name>,
    pub automount_service_account_token: Option<bool>,
    pub enable_service_links: Option<bool>,
    pub security_context: Opaque,
    pub image_pull_secrets: Opaque,
    pub dns_policy: Option<Name>,
    pub dns_config: Opaque,
    pub host_aliases: Opaque,
    pub host_users: Option<bool>,
    pub runtime_class_name: Option<Name>,
    pub resource_claims: Opaque,
}

/// What happens to a container that has exited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are the documentation")]
pub enum RestartPolicy {
    #[default]
    Always,
    OnFailure,
    Never,
}

/// Whether a pod may evict others of lower priority to get a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are the documentation")]
pub enum PreemptionPolicy {
    #[default]
    PreemptLowerPriority,
    Never,
}

/// `spec.schedulingGates[]`.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SchedulingGate {
    /// Name of the gate.
    pub name: Name,
}

/// `spec.readinessGates[]`.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReadinessGate {
    /// The condition that must be `True` for the pod to be ready.
    pub condition_type: Name,
}

/// A container of a pod.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "field meanings are those of k8s.io/api core/v1 Container")]
pub struct Container {
    pub name: Name,
    pub image: Name,
    pub image_pull_policy: Option<ImagePullPolicy>,
    pub command: Vec<Name>,
    pub args: Vec<Name>,
    pub ports: Vec<ContainerPort>,
    pub resources: Resources,
    pub resize_policy: Opaque,
    pub restart_policy: Option<RestartPolicy>,
    pub restart_policy_rules: Vec<RestartPolicyRule>,
    pub liveness_probe: Option<Box<Probe>>,
    pub readiness_probe: Option<Box<Probe>>,
    pub startup_probe: Option<Box<Probe>>,
    pub lifecycle: Option<Box<Lifecycle>>,
    pub termination_message_path: Option<Name>,
    pub termination_message_policy: Option<Name>,
    pub env: Opaque,
    pub env_from: Opaque,
    pub volume_mounts: Opaque,
    pub volume_devices: Opaque,
    pub working_dir: Option<Name>,
    pub security_context: Opaque,
    pub stdin: Option<bool>,
    pub stdin_once: Option<bool>,
    pub tty: Option<bool>,
}

impl Container {
    /// Whether this init container is a sidecar: one with `restartPolicy: Always`.
    pub fn is_sidecar(&self) -> bool {
        self.restart_policy == Some(RestartPolicy::Always)
    }
}

/// A rule of `containers[].restartPolicyRules`.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RestartPolicyRule {
    /// What to do: `Restart`.
    pub action: Name,
    /// Exit codes that the rule is about.
    pub exit_codes: Option<ExitCodeRule>,
}

/// Exit codes of a restart rule.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ExitCodeRule {
    /// `In` or `NotIn`.
    pub operator: SelectorOperatorIn,
    /// The codes.
    pub values: Vec<i32>,
}

/// `In` or `NotIn`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are the documentation")]
pub enum SelectorOperatorIn {
    #[default]
    In,
    NotIn,
}

/// When the kubelet asks the registry for an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are the documentation")]
pub enum ImagePullPolicy {
    Always,
    IfNotPresent,
    Never,
}

/// `containers[].ports[]`.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "field meanings are those of k8s.io/api core/v1 ContainerPort")]
pub struct ContainerPort {
    pub name: Option<Name>,
    pub container_port: i32,
    pub protocol: Option<Name>,
    pub host_port: Option<i32>,
    #[serde(rename = "hostIP")]
    pub host_ip: Option<Name>,
}

/// Requests and limits.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Resources {
    /// What is set aside for the container.
    pub requests: ResourceList,
    /// What it may use at most.
    pub limits: ResourceList,
    /// Dynamic resource claims, not simulated.
    pub claims: Opaque,
}

/// A liveness, readiness or startup probe.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "field meanings are those of k8s.io/api core/v1 Probe")]
pub struct Probe {
    pub http_get: Option<HttpGetAction>,
    pub tcp_socket: Option<TcpSocketAction>,
    pub exec: Option<ExecAction>,
    pub grpc: Option<GrpcAction>,
    pub initial_delay_seconds: Option<i32>,
    pub timeout_seconds: Option<i32>,
    pub period_seconds: Option<i32>,
    pub success_threshold: Option<i32>,
    pub failure_threshold: Option<i32>,
    pub termination_grace_period_seconds: Option<i64>,
}

/// `httpGet` of a probe or hook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "field meanings are those of k8s.io/api core/v1 HTTPGetAction")]
pub struct HttpGetAction {
    #[serde(default)]
    pub path: Option<Name>,
    pub port: IntOrString,
    #[serde(default)]
    pub host: Option<Name>,
    #[serde(default)]
    pub scheme: Option<Name>,
    #[serde(default)]
    pub http_headers: Opaque,
}

/// `tcpSocket` of a probe.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "field meanings are those of k8s.io/api core/v1 TCPSocketAction")]
pub struct TcpSocketAction {
    pub port: IntOrString,
    #[serde(default)]
    pub host: Option<Name>,
}

/// `exec` of a probe or hook.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ExecAction {
    /// Program and arguments.
    pub command: Vec<Name>,
}

/// `grpc` of a probe.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GrpcAction {
    /// Port number.
    pub port: i32,
    /// Service name sent to the health service.
    #[serde(default)]
    pub service: Option<Name>,
}

/// `containers[].lifecycle`.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "field meanings are those of k8s.io/api core/v1 Lifecycle")]
pub struct Lifecycle {
    pub post_start: Option<LifecycleHandler>,
    pub pre_stop: Option<LifecycleHandler>,
    pub stop_signal: Option<Name>,
}

/// A `postStart` or `preStop` hook.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "field meanings are those of k8s.io/api core/v1 LifecycleHandler")]
pub struct LifecycleHandler {
    pub exec: Option<ExecAction>,
    pub http_get: Option<HttpGetAction>,
    pub tcp_socket: Option<TcpSocketAction>,
    pub sleep: Option<SleepAction>,
}

/// `sleep` of a hook.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SleepAction {
    /// How long.
    pub seconds: i64,
}

/// `spec.volumes[]`. Only what eviction and draining look at is typed.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "field meanings are those of k8s.io/api core/v1 Volume")]
pub struct Volume {
    pub name: Name,
    pub empty_dir: Option<EmptyDir>,
    pub host_path: Opaque,
    pub config_map: Opaque,
    pub secret: Opaque,
    pub persistent_volume_claim: Opaque,
    pub projected: Opaque,
    #[serde(rename = "downwardAPI")]
    pub downward_api: Opaque,
    pub ephemeral: Opaque,
    pub csi: Opaque,
    pub nfs: Opaque,
    pub iscsi: Opaque,
    pub rbd: Opaque,
    pub cephfs: Opaque,
    pub cinder: Opaque,
    pub glusterfs: Opaque,
    pub quobyte: Opaque,
    pub git_repo: Opaque,
    pub gce_persistent_disk: Opaque,
    pub aws_elastic_block_store: Opaque,
    pub image: Opaque,
    pub fc: Opaque,
    pub flex_volume: Opaque,
    pub flocker: Opaque,
    pub azure_disk: Opaque,
    pub azure_file: Opaque,
    pub vsphere_volume: Opaque,
    pub photon_persistent_disk: Opaque,
    pub portworx_volume: Opaque,
    #[serde(rename = "scaleIO")]
    pub scale_io: Opaque,
    pub storageos: Opaque,
}

/// `volumes[].emptyDir`.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct EmptyDir {
    /// `Memory` for a tmpfs.
    pub medium: Option<Name>,
    /// Past this the pod is evicted.
    pub size_limit: Option<Quantity>,
}

/// `spec.affinity`.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "field meanings are those of k8s.io/api core/v1 Affinity")]
pub struct Affinity {
    pub node_affinity: Option<NodeAffinity>,
    pub pod_affinity: Option<PodAffinity>,
    pub pod_anti_affinity: Option<PodAffinity>,
}

/// Which nodes a pod wants.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NodeAffinity {
    /// Hard requirement: one of the terms must match.
    #[serde(rename = "requiredDuringSchedulingIgnoredDuringExecution")]
    pub required: Option<NodeSelector>,
    /// Soft wishes with weights.
    #[serde(rename = "preferredDuringSchedulingIgnoredDuringExecution")]
    pub preferred: Vec<PreferredSchedulingTerm>,
}

/// Terms of which one must match.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NodeSelector {
    /// The terms, joined by OR.
    pub node_selector_terms: Vec<NodeSelectorTerm>,
}

/// Requirements that must all hold. An empty term matches nothing.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NodeSelectorTerm {
    /// On the node's labels.
    pub match_expressions: Vec<SelectorRequirement>,
    /// On the node's fields (`metadata.name`).
    pub match_fields: Vec<SelectorRequirement>,
}

/// A weighted node term.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PreferredSchedulingTerm {
    /// 1-100.
    pub weight: i32,
    /// The term.
    pub preference: NodeSelectorTerm,
}

/// Pod affinity or anti-affinity.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PodAffinity {
    /// Hard terms, all of which must hold.
    #[serde(rename = "requiredDuringSchedulingIgnoredDuringExecution")]
    pub required: Vec<PodAffinityTerm>,
    /// Soft terms with weights.
    #[serde(rename = "preferredDuringSchedulingIgnoredDuringExecution")]
    pub preferred: Vec<WeightedPodAffinityTerm>,
}

/// Pods to be near to, or far from, in the sense of a topology key.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "field meanings are those of k8s.io/api core/v1 PodAffinityTerm")]
pub struct PodAffinityTerm {
    pub label_selector: Option<LabelSelector>,
    pub namespaces: Vec<Name>,
    pub namespace_selector: Option<LabelSelector>,
    pub topology_key: Name,
    pub match_label_keys: Vec<Name>,
    pub mismatch_label_keys: Vec<Name>,
}

/// A weighted pod term.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct WeightedPodAffinityTerm {
    /// 1-100.
    pub weight: i32,
    /// The term.
    pub pod_affinity_term: PodAffinityTerm,
}

/// `spec.topologySpreadConstraints[]`.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "field meanings are those of k8s.io/api core/v1 TopologySpreadConstraint")]
pub struct TopologySpreadConstraint {
    pub max_skew: i32,
    pub topology_key: Name,
    pub when_unsatisfiable: UnsatisfiableAction,
    pub label_selector: Option<LabelSelector>,
    pub match_label_keys: Vec<Name>,
    pub min_domains: Option<i32>,
    pub node_affinity_policy: Option<NodeInclusionPolicy>,
    pub node_taints_policy: Option<NodeInclusionPolicy>,
}

/// Hard or soft spreading.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are the documentation")]
pub enum UnsatisfiableAction {
    #[default]
    DoNotSchedule,
    ScheduleAnyway,
}

/// Whether nodes that the pod could not use count for spreading.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are the documentation")]
pub enum NodeInclusionPolicy {
    Honor,
    Ignore,
}

/// `status.phase` of a pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are the documentation")]
pub enum PodPhase {
    #[default]
    Pending,
    Running,
    Succeeded,
    Failed,
    Unknown,
}

impl PodPhase {
    /// `Succeeded` and `Failed` are final.
    pub fn is_terminal(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed)
    }

    /// The word as the API writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::Running => "Running",
            Self::Succeeded => "Succeeded",
            Self::Failed => "Failed",
            Self::Unknown => "Unknown",
        }
    }
}

/// Quality of service class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are the documentation")]
pub enum QosClass {
    Guaranteed,
    Burstable,
    BestEffort,
}

/// `status` of a pod.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "field meanings are those of k8s.io/api core/v1 PodStatus")]
pub struct PodStatus {
    pub phase: PodPhase,
    pub conditions: Vec<Condition>,
    pub reason: Option<Name>,
    pub message: Option<Name>,
    pub nominated_node_name: Option<Name>,
    #[serde(rename = "hostIP")]
    pub host_ip: Option<Name>,
    #[serde(rename = "podIP")]
    pub pod_ip: Option<Name>,
    pub start_time: Option<Timestamp>,
    pub init_container_statuses: Vec<ContainerStatus>,
    pub container_statuses: Vec<ContainerStatus>,
    pub qos_class: Option<QosClass>,
    pub observed_generation: Option<i64>,
}

/// `status.containerStatuses[]`.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "field meanings are those of k8s.io/api core/v1 ContainerStatus")]
pub struct ContainerStatus {
    pub name: Name,
    pub state: ContainerState,
    pub last_state: ContainerState,
    pub ready: bool,
    pub started: Option<bool>,
    pub restart_count: i32,
    pub image: Name,
    #[serde(rename = "imageID", skip_deserializing)]
    pub image_id: NoDigest,
    #[serde(rename = "containerID")]
    pub container_id: Option<Name>,
}

/// Images have no digests here; the API has the field in every status, and its clients insist on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct NoDigest;

impl Serialize for NoDigest {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("")
    }
}

/// One of waiting, running and terminated; none of them = waiting.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "field meanings are those of k8s.io/api core/v1 ContainerState")]
pub struct ContainerState {
    pub waiting: Option<Waiting>,
    pub running: Option<Running>,
    pub terminated: Option<Terminated>,
}

/// Why a container is not running.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Waiting {
    /// CamelCase word such as `CrashLoopBackOff`.
    pub reason: Option<Name>,
    /// Sentence.
    pub message: Option<Name>,
}

/// Since when a container runs.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Running {
    /// Whole seconds.
    pub started_at: Option<Timestamp>,
}

/// How a container ended.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "field meanings are those of k8s.io/api core/v1 ContainerStateTerminated")]
pub struct Terminated {
    pub exit_code: i32,
    pub signal: Option<i32>,
    pub reason: Option<Name>,
    pub message: Option<Name>,
    pub started_at: Option<Timestamp>,
    pub finished_at: Option<Timestamp>,
    #[serde(rename = "containerID")]
    pub container_id: Option<Name>,
}

/// `template` of a workload.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct PodTemplate {
    /// Labels and annotations that pods get.
    pub metadata: ObjectMeta,
    /// What pods run.
    pub spec: Arc<PodSpec>,
}
