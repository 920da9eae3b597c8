//! Every constant that the simulation depends on, by the name Kubernetes gives it.
//!
//! A version profile ([`super::profile`]) chooses the values; a scenario may override each under `spec.settings`.

use crate::base::Quantity;
use crate::kernel::SimDuration;

/// What kind of value a setting takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SettingType {
    /// A length of time such as `40s`.
    Duration,
    /// A whole number.
    Integer,
    /// An amount such as `100Mi`.
    Quantity,
    /// A number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// Priorities and how long each band of pods has, such as `0=60s,100000=10s`.
    PriorityBands,
}

/// Name, type and meaning of a setting.
#[derive(Clone, Copy, Debug)]
pub struct SettingInfo {
    /// As written in a scenario.
    pub name: &'static str,
    /// What it takes.
    pub kind: SettingType,
    /// One sentence.
    pub meaning: &'static str,
}

/// Why a setting was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    /// There is no such setting.
    #[error("unknown setting `{name}`")]
    Unknown {
        /// As written.
        name: String,
    },
    /// The value does not suit the setting.
    #[error("`{value}` is not a value for `{name}`: expected {expected}")]
    BadValue {
        /// The setting.
        name: &'static str,
        /// As written.
        value: String,
        /// What would be right.
        expected: &'static str,
    },
}

/// A type that a setting can have.
trait Value: Sized {
    const KIND: SettingType;
    const EXPECTED: &'static str;
    fn read(text: &str) -> Option<Self>;
    fn show(&self) -> String;
}

impl Value for SimDuration {
    const KIND: SettingType = SettingType::Duration;
    const EXPECTED: &'static str = "a duration such as 500ms, 40s or 1m30s";
    fn read(text: &str) -> Option<Self> {
        text.parse().ok()
    }
    fn show(&self) -> String {
        self.to_string()
    }
}

impl Value for u64 {
    const KIND: SettingType = SettingType::Integer;
    const EXPECTED: &'static str = "a whole number from 0";
    fn read(text: &str) -> Option<Self> {
        text.parse().ok()
    }
    fn show(&self) -> String {
        self.to_string()
    }
}

impl Value for f64 {
    const KIND: SettingType = SettingType::Number;
    const EXPECTED: &'static str = "a number from 0";
    fn read(text: &str) -> Option<Self> {
        text.parse().ok().filter(|number: &f64| number.is_finite() && *number >= 0.0)
    }
    fn show(&self) -> String {
        self.to_string()
    }
}

impl Value for bool {
    const KIND: SettingType = SettingType::Boolean;
    const EXPECTED: &'static str = "true or false";
    fn read(text: &str) -> Option<Self> {
        text.parse().ok()
    }
    fn show(&self) -> String {
        self.to_string()
    }
}

/// An amount of bytes, written as a quantity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bytes(pub u64);

impl Value for Bytes {
    const KIND: SettingType = SettingType::Quantity;
    const EXPECTED: &'static str = "an amount of bytes such as 100Mi";
    fn read(text: &str) -> Option<Self> {
        text.parse().ok().and_then(|amount: Quantity| u64::try_from(amount.value()).ok()).map(Self)
    }
    fn show(&self) -> String {
        Quantity::from_bytes(i64::try_from(self.0).unwrap_or(i64::MAX)).to_string()
    }
}

/// How long pods of at least this priority have, by rising priority.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PriorityBands(pub Vec<(i32, SimDuration)>);

impl Value for PriorityBands {
    const KIND: SettingType = SettingType::PriorityBands;
    const EXPECTED: &'static str = "priorities and durations such as `0=60s,100000=10s`";
    fn read(text: &str) -> Option<Self> {
        let band = |part: &str| {
            let (priority, time) = part.split_once('=')?;
            Some((priority.trim().parse().ok()?, time.trim().parse().ok()?))
        };
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        let mut bands: Vec<(i32, SimDuration)> = parts.map(band).collect::<Option<_>>()?;
        bands.sort_by_key(|(priority, _)| *priority);
        bands.windows(2).all(|pair| pair[0].0 < pair[1].0).then_some(Self(bands))
    }
    fn show(&self) -> String {
        self.0.iter().map(|(priority, time)| format!("{priority}={time}")).collect::<Vec<_>>().join(",")
    }
}

const fn secs(seconds: u64) -> SimDuration {
    SimDuration::from_secs(seconds)
}

const fn millis(milliseconds: u64) -> SimDuration {
    SimDuration::from_millis(milliseconds)
}

macro_rules! settings {
    ($($field:ident $name:literal : $type:ty = $default:expr, $meaning:literal;)*) => {
        /// The constants of a run. `Default` is Kubernetes 1.34 with typical latencies.
        #[derive(Clone, Debug, PartialEq)]
        pub struct Settings { $(#[doc = $meaning] pub $field: $type),* }

        impl Default for Settings {
            fn default() -> Self {
                Self { $($field: $default),* }
            }
        }

        impl Settings {
            /// All settings, in the order of the documentation.
            pub const ALL: &[SettingInfo] = &[$(SettingInfo {
                name: $name, kind: <$type as Value>::KIND, meaning: $meaning,
            }),*];

            /// Overrides one setting.
            ///
            /// # Errors
            /// When there is no setting of this name or the text is not a value for it.
            pub fn set(&mut self, name: &str, text: &str) -> Result<(), SettingError> {
                if let Some(name) = PERIODS.iter().find(|period| **period == name)
                    && <SimDuration as Value>::read(text) == Some(SimDuration::ZERO)
                {
                    let expected = "a duration above zero: without it time would stand still";
                    return Err(SettingError::BadValue { name, value: text.to_owned(), expected });
                }
                match name {
                    $($name => self.$field = <$type as Value>::read(text).ok_or(SettingError::BadValue {
                        name: $name, value: text.to_owned(), expected: <$type as Value>::EXPECTED,
                    })?,)*
                    _ => return Err(SettingError::Unknown { name: name.to_owned() }),
                }
                Ok(())
            }

            /// The value of a setting as text.
            pub fn show(&self, name: &str) -> Option<String> {
                match name {
                    $($name => Some(self.$field.show()),)*
                    _ => None,
                }
            }
        }
    };
}

/// Periods of loops.
const PERIODS: &[&str] = &[
    "nodeMonitorPeriod",
    "nodeLeaseRenewInterval",
    "plegRelistPeriod",
    "syncTickPeriod",
    "podGcPeriod",
    "bookmarkFrequency",
    "runtimeCheckPeriod",
    "evictionCleanupPoll",
];

settings! {
    api_latency "apiLatency": SimDuration = millis(5), "Time from a request to its effect in etcd and the answer.";
    watch_latency "watchLatency": SimDuration = millis(2), "Time from a commit to its delivery to watchers.";
    jitter "jitter": bool = false, "Whether periodic loops start at random phases and periods vary as in real clusters.";
    event_record_qps "eventRecordQps": u64 = 50, "Events a second of each kubelet; 0 = no limit.";
    event_burst "eventBurst": u64 = 100, "Events that a kubelet may send at once.";
    event_ttl "eventTtl": SimDuration = secs(3600), "kube-apiserver --event-ttl: how long Event objects are kept.";
    default_not_ready_toleration_seconds "defaultNotReadyTolerationSeconds": u64 = 300, "How long pods stay on a node that is not ready.";
    default_unreachable_toleration_seconds "defaultUnreachableTolerationSeconds": u64 = 300, "How long pods stay on a node that is not heard of.";

    api_servers "apiServers": u64 = 1, "How many API servers share the clients.";
    etcd_members "etcdMembers": u64 = 3, "How many etcd members there are; more than half must be up.";
    controller_managers "controllerManagers": u64 = 1, "How many replicas of kube-controller-manager there are, of which one leads.";
    schedulers "schedulers": u64 = 1, "How many replicas of kube-scheduler there are, of which one leads.";
    etcd_election_timeout "etcdElectionTimeout": SimDuration = secs(1), "How long etcd is without a leader after it lost one.";
    etcd_request_timeout "etcdRequestTimeout": SimDuration = secs(7), "How long the API server waits for etcd without quorum: 5 s and two election timeouts.";
    lease_duration "leaseDuration": SimDuration = secs(15), "--leader-elect-lease-duration: how long others respect a leader's lease that they do not see renewed.";
    renew_deadline "renewDeadline": SimDuration = secs(10), "--leader-elect-renew-deadline: how long a leader tries to renew its lease before it gives up.";
    retry_period "retryPeriod": SimDuration = secs(2), "--leader-elect-retry-period: time between two looks at the lease.";
    watch_reconnect_backoff "watchReconnectBackoff": SimDuration = millis(800), "First delay before a client tries again whose watch broke; it doubles.";
    watch_reconnect_backoff_max "watchReconnectBackoffMax": SimDuration = secs(30), "The longest such delay.";
    bookmark_frequency "bookmarkFrequency": SimDuration = secs(60), "How often a watch tells its client the present revision.";
    watch_cache_lower_bound "watchCacheLowerBound": u64 = 100, "Changes of a kind that an API server remembers at least.";
    watch_cache_upper_bound "watchCacheUpperBound": u64 = 102_400, "Changes of a kind that an API server remembers at most.";
    event_fresh_duration "eventFreshDuration": SimDuration = secs(75), "For how long an API server tries to remember changes.";
    etcd_compaction_interval "etcdCompactionInterval": SimDuration = secs(300), "--etcd-compaction-interval: how often etcd forgets the revisions of before the last time; 0 = never.";

    kube_api_qps "kubeApiQps": u64 = 20, "Requests a second of each controller's client; 0 = no limit.";
    kube_api_burst "kubeApiBurst": u64 = 30, "Requests that a controller's client may send at once.";
    scheduler_qps "schedulerQps": u64 = 50, "Requests a second of the scheduler's client; 0 = no limit.";
    scheduler_burst "schedulerBurst": u64 = 100, "Requests that the scheduler's client may send at once.";
    kubelet_qps "kubeletQps": u64 = 50, "Requests a second of each kubelet's client; 0 = no limit.";
    kubelet_burst "kubeletBurst": u64 = 100, "Requests that a kubelet's client may send at once.";

    node_monitor_period "nodeMonitorPeriod": SimDuration = secs(5), "How often the node lifecycle controller looks at all nodes.";
    node_monitor_grace_period "nodeMonitorGracePeriod": SimDuration = secs(50), "How long a node may be silent before it is Unknown.";
    node_startup_grace_period "nodeStartupGracePeriod": SimDuration = secs(60), "The same for a node that has never reported.";
    node_eviction_rate "nodeEvictionRate": f64 = 0.1, "Nodes a second that get the NoExecute taint in a normal zone.";
    secondary_node_eviction_rate "secondaryNodeEvictionRate": f64 = 0.01, "The same in a partly disrupted large zone.";
    large_cluster_size_threshold "largeClusterSizeThreshold": u64 = 50, "Zones up to this size count as small: rate 0 when partly disrupted.";
    unhealthy_zone_threshold "unhealthyZoneThreshold": f64 = 0.55, "Fraction of silent nodes from which a zone is partly disrupted.";
    no_execute_taint_at_next_pass "noExecuteTaintAtNextPass": bool = false, "Whether a node that turns Unknown is queued for its NoExecute taint only by the pass after (1.20).";
    taint_eviction_latency "taintEvictionLatency": SimDuration = millis(0), "Time from a taint to the eviction decision.";

    node_lease_renew_interval "nodeLeaseRenewInterval": SimDuration = secs(10), "How often a kubelet renews its lease.";
    node_status_update_frequency "nodeStatusUpdateFrequency": SimDuration = secs(10), "How often a kubelet computes its node status.";
    node_boot_time "nodeBootTime": SimDuration = secs(30), "Time from power-on of a machine to its kubelet running, where a fault does not say.";
    pleg_relist_period "plegRelistPeriod": SimDuration = secs(1), "How often the kubelet looks at what the runtime has.";
    pleg_relist_phase "plegRelistPhase": SimDuration = millis(0), "Phase of the relist within its period.";
    sync_tick_period "syncTickPeriod": SimDuration = secs(1), "How often the kubelet looks at its work queue.";
    sync_tick_phase "syncTickPhase": SimDuration = millis(500), "Phase of the sync tick within its period.";
    sync_frequency "syncFrequency": SimDuration = secs(60), "How long after a successful sync a pod is synced again without cause.";
    sync_error_backoff "syncErrorBackoff": SimDuration = secs(10), "How long after a failed sync a pod is synced again.";
    sync_by_backoff_expiry "syncByBackoffExpiry": bool = false, "Whether a pod in back-off is synced when the back-off ends (1.35+), not by the fixed delay.";
    network_not_ready_backoff "networkNotReadyBackoff": SimDuration = secs(1), "How long after a sync that found no network a pod is synced again.";
    status_sync_period "statusSyncPeriod": SimDuration = secs(10), "How often the kubelet reconciles all pod statuses.";
    dockershim "dockershim": bool = false, "Whether the runtime is Docker (up to 1.23): a process that cannot start is ContainerCannotRun.";
    deleted_pod_removal_delay "deletedPodRemovalDelay": SimDuration = millis(0), "Time from the end of a deleted pod to the removal of its object (1.20: one of the kubelet's later passes).";
    terminal_phase_of_deleted_pods "terminalPhaseOfDeletedPods": bool = true, "Whether a deleted pod ends as Succeeded or Failed (1.27+) or stays Running.";
    cluster_dns "clusterDns": bool = true, "Whether kubelets know the address of the cluster's DNS; without it they complain.";
    runtime_forgets_on_boot "runtimeForgetsOnBoot": bool = false, "Whether a machine that boots has an empty container runtime.";
    minimum_grace_period "minimumGracePeriod": SimDuration = secs(2), "Shortest time between SIGTERM and SIGKILL.";
    probe_latency "probeLatency": SimDuration = millis(1), "Time of a probe beyond the program's own answer time.";
    readiness_trigger_resets_ticker "readinessTriggerResetsTicker": bool = true, "Whether a triggered readiness probe restarts its ticker (1.32).";

    crash_loop_initial_backoff "crashLoopInitialBackoff": SimDuration = secs(10), "First CrashLoopBackOff delay.";
    max_container_restart_period "maxContainerRestartPeriod": SimDuration = secs(300), "Longest CrashLoopBackOff delay.";
    crash_loop_reset "crashLoopReset": SimDuration = secs(600), "How long a container must run for its back-off to be forgotten.";
    image_pull_backoff "imagePullBackoff": SimDuration = secs(10), "First ImagePullBackOff delay.";
    max_image_pull_backoff "maxImagePullBackoff": SimDuration = secs(300), "Longest ImagePullBackOff delay.";
    serialize_image_pulls "serializeImagePulls": bool = true, "Whether a node pulls one image after another.";
    image_pull_latency "imagePullLatency": SimDuration = millis(500), "Fixed part of an image pull.";
    image_check_latency "imageCheckLatency": SimDuration = millis(50), "Time to ask the registry about an image that is there already (pull policy Always).";
    registry_bandwidth "registryBandwidth": u64 = 104_857_600, "Bytes a second a node pulls; 0 = without limit.";
    default_image_size "defaultImageSize": u64 = 104_857_600, "Size in bytes of an image that no AppModel describes.";
    sandbox_latency "sandboxLatency": SimDuration = millis(200), "Time to create a pod sandbox.";
    container_start_latency "containerStartLatency": SimDuration = millis(100), "Time to create and start a container.";
    runtime_check_period "runtimeCheckPeriod": SimDuration = secs(5), "How often the kubelet asks whether the container runtime is up.";
    runtime_threshold "runtimeThreshold": SimDuration = secs(30), "How long the runtime may be silent before the node is not ready.";
    relist_threshold "relistThreshold": SimDuration = secs(180), "How long ago the last look at the runtime may be before the kubelet complains of it.";
    sync_backoff_expiry_limit "syncBackoffExpiryLimit": SimDuration = secs(60), "Longest time between two syncs of a pod in back-off where they follow its end (1.35+).";
    volume_mount_backoff "volumeMountBackoff": SimDuration = millis(500), "First delay before the kubelet tries again to set up a volume; it doubles.";
    max_volume_mount_backoff "maxVolumeMountBackoff": SimDuration = secs(122), "Longest delay before the kubelet tries again to set up a volume.";
    pod_attach_and_mount_timeout "podAttachAndMountTimeout": SimDuration = secs(123), "How long a sync waits for the volumes of a pod.";
    cpu_cfs_quota_period "cpuCFSQuotaPeriod": SimDuration = millis(100), "Length of the period in which a CPU limit is a quota of CPU time.";
    single_process_oom_kill "singleProcessOomKill": bool = false, "Whether the OOM killer takes one process, not the whole container.";

    eviction_monitoring_period "evictionMonitoringPeriod": SimDuration = secs(10), "How often the kubelet looks at its resources.";
    eviction_hard_memory "evictionHardMemory": Bytes = Bytes(104_857_600), "memory.available below which pods are evicted at once.";
    eviction_hard_nodefs "evictionHardNodefs": u64 = 10, "The same for nodefs.available, in percent of the disk; 0 = none.";
    eviction_hard_imagefs "evictionHardImagefs": u64 = 15, "The same for imagefs.available, in percent of the disk; 0 = none.";
    eviction_hard_nodefs_inodes "evictionHardNodefsInodes": u64 = 5, "The same for nodefs.inodesFree, in percent of the inodes; 0 = none.";
    eviction_hard_imagefs_inodes "evictionHardImagefsInodes": u64 = 5, "The same for imagefs.inodesFree, in percent of the inodes; 0 = none.";
    eviction_hard_pid "evictionHardPid": u64 = 0, "The same for pid.available, in process ids; 0 = none.";
    eviction_soft_memory "evictionSoftMemory": Bytes = Bytes(0), "memory.available below which pods are evicted after evictionSoftGracePeriod; 0 = none.";
    eviction_soft_nodefs "evictionSoftNodefs": u64 = 0, "The same for nodefs.available, in percent of the disk; 0 = none.";
    eviction_soft_grace_period "evictionSoftGracePeriod": SimDuration = secs(90), "How long a soft threshold must be met before pods are evicted.";
    eviction_hard_grace_period "evictionHardGracePeriod": u64 = 1, "Grace period of a hard eviction, in seconds; no process gets less than minimumGracePeriod.";
    eviction_cleanup_poll "evictionCleanupPoll": SimDuration = secs(1), "How often the eviction manager looks whether evicted pods are gone.";
    eviction_max_pod_grace_period "evictionMaxPodGracePeriod": u64 = 0, "Longest grace period of a pod that is evicted for a soft threshold, in seconds.";
    eviction_minimum_reclaim_memory "evictionMinimumReclaimMemory": Bytes = Bytes(0), "How much more memory than the threshold must be available for it not to be met any more.";
    eviction_minimum_reclaim_disk "evictionMinimumReclaimDisk": Bytes = Bytes(0), "The same for disk space.";
    eviction_pressure_transition_period "evictionPressureTransitionPeriod": SimDuration = secs(300), "How long a pressure condition stays after it was last observed.";

    container_stop_signals "containerStopSignals": bool = false, "Whether lifecycle.stopSignal counts (feature gate, off by default to 1.36).";
    shutdown_grace_period "shutdownGracePeriod": SimDuration = secs(0), "How long a node may take to stop its pods before it shuts down; 0 = the power goes at once.";
    shutdown_grace_period_critical_pods "shutdownGracePeriodCriticalPods": SimDuration = secs(0), "The last part of it, which critical pods have for themselves.";
    shutdown_grace_period_by_pod_priority "shutdownGracePeriodByPodPriority": PriorityBands = PriorityBands::default(), "The same for each band of priorities, lowest first, such as 0=60s,100000=10s; it takes the place of the two above.";
    node_inodes "nodeInodes": u64 = 6_553_600, "Inodes of a machine's disk.";
    node_pids "nodePids": u64 = 4_194_304, "Process ids of a machine (kernel.pid_max).";
    pod_pids_limit "podPidsLimit": u64 = 0, "Process ids of one pod; 0 = no limit.";
    image_gc_period "imageGCPeriod": SimDuration = secs(300), "How often the kubelet looks for images to delete.";
    image_gc_high_threshold_percent "imageGCHighThresholdPercent": u64 = 85, "Use of the disk from which unused images are deleted; 100 = never.";
    image_gc_low_threshold_percent "imageGCLowThresholdPercent": u64 = 80, "Use of the disk down to which they are deleted.";
    image_minimum_gc_age "imageMinimumGCAge": SimDuration = secs(120), "How long an image stays at least.";

    min_sync_period "minSyncPeriod": SimDuration = secs(1), "Shortest time between two rule updates of kube-proxy.";
    job_tracking_finalizers "jobTrackingFinalizers": bool = true, "Whether Jobs count pods by finalizers (1.26+) or as long as they exist.";
    cron_job_poll_period "cronJobPollPeriod": SimDuration = millis(0), "How often all CronJobs are looked at; 0 = each at its times (1.21+).";
    namespace_deletion_grace_period "namespaceDeletionGracePeriod": SimDuration = secs(5), "How long the namespace controller waits before it deletes content.";
    ordered_namespace_deletion "orderedNamespaceDeletion": bool = true, "Whether pods go before everything else in a namespace (1.33+).";
    proxy_sync_time "proxySyncTime": SimDuration = millis(100), "From the beginning of a kube-proxy sync to its rules being in force.";
    dns_ttl "dnsTtl": SimDuration = secs(30), "How long clients keep an answer of cluster DNS.";
    network_latency "networkLatency": SimDuration = SimDuration::from_micros(250), "Time of a packet between two nodes, one way.";
    zone_latency "zoneLatency": SimDuration = SimDuration::from_micros(500), "Extra time of a packet between two zones, one way.";
    external_latency "externalLatency": SimDuration = millis(10), "Time of a packet between clients outside and the cluster, one way.";
    load_balancer_provisioning "loadBalancerProvisioning": SimDuration = secs(30), "Time until the cloud has made a load balancer.";
    load_balancer_check_period "loadBalancerCheckPeriod": SimDuration = secs(5), "How often a load balancer checks its nodes.";
    load_balancer_check_threshold "loadBalancerCheckThreshold": u64 = 2, "Checks in a row after which a load balancer changes its mind about a node.";
    horizontal_pod_autoscaler_sync_period "horizontalPodAutoscalerSyncPeriod": SimDuration = secs(15), "How often each autoscaler is looked at.";
    horizontal_pod_autoscaler_tolerance "horizontalPodAutoscalerTolerance": f64 = 0.1, "How far from its target a metric may be without an effect.";
    hpa_rules_of_minor "hpaRulesOfMinor": u64 = 34, "Autoscalers compute as in Kubernetes 1.N: what changed are stabilisation (1.24) and the edge of the tolerance (1.33).";
    hpa_configurable_tolerance "hpaConfigurableTolerance": bool = false, "Whether autoscalers may have tolerances of their own (feature gate HPAConfigurableTolerance: alpha in 1.33, on from 1.35 on).";
    horizontal_pod_autoscaler_cpu_initialization_period "horizontalPodAutoscalerCpuInitializationPeriod": SimDuration = secs(300), "How long after its start the CPU of a pod counts only while it is ready.";
    horizontal_pod_autoscaler_initial_readiness_delay "horizontalPodAutoscalerInitialReadinessDelay": SimDuration = secs(30), "How long after its start a pod that is not ready counts as never ready.";
    horizontal_pod_autoscaler_downscale_stabilization "horizontalPodAutoscalerDownscaleStabilization": SimDuration = secs(300), "How long higher recommendations hold off a lower one.";
    metric_resolution "metricResolution": SimDuration = secs(15), "How often metrics-server asks the kubelets.";
    cluster_autoscaler_scan_interval "clusterAutoscalerScanInterval": SimDuration = secs(10), "How often the cluster autoscaler looks at the cluster.";
    node_provision_time "nodeProvisionTime": SimDuration = secs(90), "Time from the autoscaler's wish to a new node that is ready.";
    max_node_provision_time "maxNodeProvisionTime": SimDuration = secs(900), "How long the cluster autoscaler waits for a new node before it gives it up.";
    initial_node_group_backoff "initialNodeGroupBackoff": SimDuration = secs(300), "How long a pool that has failed to grow is left alone; doubled with every further failure.";
    max_node_group_backoff "maxNodeGroupBackoff": SimDuration = secs(1800), "The longest such time.";
    max_total_unready_percentage "maxTotalUnreadyPercentage": u64 = 45, "With more nodes not ready than this the cluster autoscaler does nothing.";
    ok_total_unready_count "okTotalUnreadyCount": u64 = 3, "So many nodes may be not ready in any case.";
    scale_down_unready_time "scaleDownUnreadyTime": SimDuration = secs(1200), "How long a node must not be ready before it is removed.";
    scale_down_delay_after_failure "scaleDownDelayAfterFailure": SimDuration = secs(180), "How long after a failure to remove a node none is removed.";
    scale_down_unneeded_time "scaleDownUnneededTime": SimDuration = secs(600), "How long a node must not be needed before it is removed.";
    scale_down_delay_after_add "scaleDownDelayAfterAdd": SimDuration = secs(600), "How long after a scale-up no node is removed.";
    scale_down_utilization_threshold "scaleDownUtilizationThreshold": f64 = 0.5, "Requests over allocatable below which a node may not be needed.";
    pod_gc_period "podGcPeriod": SimDuration = secs(20), "How often the pod garbage collector works.";
    pod_gc_quarantine "podGcQuarantine": SimDuration = secs(40), "How long a node must be missing before its pods are removed.";
    terminated_pod_gc_threshold "terminatedPodGcThreshold": u64 = 12_500, "Finished pods kept; 0 = all.";
    burst_replicas "burstReplicas": u64 = 500, "Pods that a ReplicaSet creates or deletes in one sync.";
    slow_start_initial_batch_size "slowStartInitialBatchSize": u64 = 1, "Pods that a controller creates first; as long as none fails each batch is twice the one before.";
    expectations_timeout "expectationsTimeout": SimDuration = secs(300), "How long a controller waits to see the pods that it has created or deleted.";
    work_queue_base_delay "workQueueBaseDelay": SimDuration = millis(5), "First delay of a controller's retry; it doubles with every failure in a row.";
    work_queue_max_delay "workQueueMaxDelay": SimDuration = secs(1000), "Longest delay of a controller's retry.";
    work_queue_qps "workQueueQps": u64 = 10, "Retries a second of each controller; 0 = no limit.";
    work_queue_burst "workQueueBurst": u64 = 100, "Retries of a controller that may come at once.";
    max_endpoints_per_slice "maxEndpointsPerSlice": u64 = 100, "--max-endpoints-per-slice: endpoints in one EndpointSlice at most.";
    endpoint_slice_retry_base_delay "endpointSliceRetryBaseDelay": SimDuration = secs(1), "First delay of a retry of the EndpointSlice controller.";
    endpoint_slice_retry_max_delay "endpointSliceRetryMaxDelay": SimDuration = secs(1000), "Longest delay of a retry of the EndpointSlice controller (1.20: 100 s).";
    endpoints_max_retries "endpointsMaxRetries": u64 = 15, "Retries in a row after which the controllers of Endpoints and EndpointSlices give a Service up until it changes.";
    endpoint_slice_updates_batch_period "endpointsliceUpdatesBatchPeriod": SimDuration = secs(0), "--endpointslice-updates-batch-period: how long changes of pods are gathered before slices are written.";
    endpoint_updates_batch_period "endpointUpdatesBatchPeriod": SimDuration = secs(0), "--endpoint-updates-batch-period: the same for Endpoints.";
    namespace_retry_max_delay "namespaceRetryMaxDelay": SimDuration = secs(60), "Longest delay of a retry of the namespace controller.";
    daemon_set_burst_replicas "daemonSetBurstReplicas": u64 = 250, "Pods that a DaemonSet creates or deletes in one sync.";
    failed_daemon_pod_backoff "failedDaemonPodBackoff": SimDuration = secs(1), "How long a DaemonSet waits before it replaces a failed pod of a node once more; it doubles.";
    max_failed_daemon_pod_backoff "maxFailedDaemonPodBackoff": SimDuration = secs(900), "The longest such wait.";
    max_job_pods_per_sync "maxPodCreateDeletePerSync": u64 = 500, "Pods that a Job creates or deletes in one sync.";
    job_pod_failure_backoff "jobPodFailureBackoff": SimDuration = secs(10), "How long a Job waits after a failed pod; it doubles with each failure in a row.";
    max_job_pod_failure_backoff "maxJobPodFailureBackoff": SimDuration = secs(600), "The longest such wait (1.20: 6 min).";
    sync_job_batch_period "syncJobBatchPeriod": SimDuration = secs(1), "How long a Job gathers changes of its pods before it looks at them (1.27+).";
    job_managed_by "jobManagedBy": bool = true, "Whether Jobs with spec.managedBy are left to somebody else (1.32+).";
    next_schedule_delta "nextScheduleDelta": SimDuration = millis(100), "How long after its time a CronJob is looked at.";
    disruption_deletion_timeout "disruptionDeletionTimeout": SimDuration = secs(120), "How long an evicted pod counts as disrupted that is not marked for deletion.";
    logarithmic_scale_down "logarithmicScaleDown": bool = true, "Whether ages count by orders of magnitude when a set shrinks (1.22+).";
    scheduler_latency "schedulerLatency": SimDuration = millis(1), "Time of one scheduling cycle.";
}

impl Settings {
    /// The same constants with every latency of machinery set to zero: for lessons and hand calculation.
    #[must_use]
    pub fn idealised(mut self) -> Self {
        let zero = SimDuration::ZERO;
        self.api_latency = zero;
        self.watch_reconnect_backoff = zero;
        self.watch_latency = zero;
        self.probe_latency = zero;
        self.image_pull_latency = zero;
        self.image_check_latency = zero;
        self.registry_bandwidth = 0;
        self.sandbox_latency = zero;
        self.container_start_latency = zero;
        self.scheduler_latency = zero;
        self.proxy_sync_time = zero;
        self.network_latency = zero;
        self.zone_latency = zero;
        self.external_latency = zero;
        self.kube_api_qps = 0;
        self.scheduler_qps = 0;
        self.kubelet_qps = 0;
        self.event_record_qps = 0;
        self.namespace_deletion_grace_period = zero;
        self.sync_job_batch_period = zero;
        self.jitter = false;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_read_by_their_kubernetes_names() {
        let mut settings = Settings::default();
        settings.set("nodeMonitorGracePeriod", "40s").unwrap();
        assert_eq!(settings.node_monitor_grace_period, secs(40));
        assert_eq!(settings.show("nodeMonitorGracePeriod").unwrap(), "40s");
        assert!(matches!(settings.set("nodeMonitorGracePeriod", "40"), Err(SettingError::BadValue { .. })));
        assert!(matches!(settings.set("nope", "1"), Err(SettingError::Unknown { .. })));
        assert!(settings.set("nodeEvictionRate", "-1").is_err());
    }

    #[test]
    fn every_setting_shows_what_it_reads() {
        let defaults = Settings::default();
        for info in Settings::ALL {
            let mut copy = Settings::default();
            let text = defaults.show(info.name).unwrap();
            copy.set(info.name, &text).unwrap_or_else(|error| panic!("{}: {error}", info.name));
            assert_eq!(copy, defaults, "{}", info.name);
        }
    }
}
