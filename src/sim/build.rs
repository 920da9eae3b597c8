//! From a scenario to a world at virtual time zero.

use std::collections::{BTreeSet, VecDeque};

use crate::api::admission::Admission;
use crate::api::core::{Condition, ConditionStatus};
use crate::api::node::{Node, NodeAddress, NodeInfo};
use crate::api::policy::{Namespace, PriorityClass};
use crate::api::service::{Service, ServicePort, ServiceSpec};
use crate::api::services::dotted;
use crate::api::{ApiServer, Kind, Object, ObjectMeta, Request};
use crate::base::{Name, Quantity};
use crate::component::Class;
use crate::control::manager::ControllerManager;
use crate::control::scheduling::SchedulerComponent;
use crate::kernel::{EventKey, EventQueue, SimTime, Streams};
use crate::network::{Network, Reach};
use crate::node::{Host, HostConfig};
use crate::scenario::{NodePlan, Scenario};
use crate::trace::Recorder;
use crate::traffic::Traffic;
use crate::workload::Apps;

use super::autoscaler::ClusterAutoscaler;
use super::control_plane::{ControlPlane, Elected};
use super::event::{Event, Watcher};
use super::expect::Watchlist;
use super::faults::ActiveFaults;
use super::kubectl::{Drains, Typed, Waits};
use super::metrics::MetricsServer;
use super::run::RunOptions;
use super::steps::Script;
use super::watch::Watches;
use super::world::{Heartbeat, Incarnations, World};

/// Nodes have addresses from here on.
const NODE_NETWORK: u32 = 0x0a00_0000;
/// Each node has a /24 from here on for its pods.
const POD_NETWORK: u32 = 0x0af4_0000;
/// What a kubelet reports and nobody limits: ephemeral storage of a node that names none.
const DEFAULT_STORAGE: i64 = 100 << 30;

impl World {
    /// The world of a scenario, with nothing simulated yet.
    pub fn new(scenario: &Scenario, options: &RunOptions) -> Self {
        let seed = options.seed.unwrap_or(scenario.seed);
        let streams = Streams::new(seed);
        let mut settings = scenario.settings.clone();
        if options.ideal {
            settings = settings.idealised();
        }
        let admission = Admission {
            not_ready_toleration_seconds: settings.default_not_ready_toleration_seconds as i64,
            unreachable_toleration_seconds: settings.default_unreachable_toleration_seconds as i64,
        };
        let api = ApiServer::new(streams, scenario.epoch, admission);
        let end = options.until.unwrap_or(SimTime::ZERO + scenario.duration);
        let scheduling = scenario.scheduler_options().expect("scenarios are checked when they are read");
        let mut world = Self {
            scheduling: scheduling.clone(),
            explain: options.explain.clone(),
            explained: Vec::new(),
            controllers: Some(ControllerManager::new(&settings, api.objects(), 0)),
            scheduler: Some(SchedulerComponent::new(
                &settings,
                (&scheduling, &options.explain),
                api.objects(),
                0,
            )),
            streams,
            epoch: scenario.epoch,
            eager: options.eager,
            queue: EventQueue::new(),
            passed: EventKey { at: SimTime::ZERO, class: 0, target: 0, seq: 0 },
            recorder: Recorder::default(),
            api,
            control_plane: ControlPlane::new(&settings, options.eager),
            watches: Watches::new(&settings),
            incarnations: Incarnations::default(),
            hosts: Vec::new(),
            heartbeats: Vec::new(),
            network: Network::default(),
            traffic: None,
            metrics: MetricsServer::default(),
            cluster_autoscaler: ClusterAutoscaler::new(scenario),
            kubelet_version: (scenario.minor, scenario.version.clone()),
            balancers_planned: BTreeSet::new(),
            traffic_wake: None,
            reach: Reach::default(),
            apps: Apps::new(scenario.apps.clone()),
            faults: ActiveFaults::default(),
            script: Script::new(scenario),
            drains: Drains::default(),
            waits: Waits::default(),
            typed: Typed::default(),
            watchlist: Watchlist::new(scenario),
            end,
            user_seq: 0,
            settings,
        };
        for watcher in [Watcher::ControllerManager, Watcher::Scheduler, Watcher::Network] {
            world.open_watch(watcher);
        }
        world.traffic = Traffic::new(&scenario.traffic, &world.apps, streams, end);
        world.network.services.is_used = world.traffic.is_some();
        world.bootstrap(scenario);
        world.plan_traffic();
        if world.cluster_autoscaler.is_wanted() {
            world.plan_scan(SimTime::ZERO + world.settings.cluster_autoscaler_scan_interval);
        }
        if world.traffic.is_some() {
            world.start_metrics_server();
        }
        world
    }

    /// What `kubeadm` leaves behind, the machines, and the manifests.
    fn bootstrap(&mut self, scenario: &Scenario) {
        for name in ["default", "kube-system", "kube-public", "kube-node-lease"] {
            self.create_now(Namespace { metadata: named(name, ""), ..Namespace::default() }.into());
        }
        for (name, value) in
            [("system-cluster-critical", 2_000_000_000), ("system-node-critical", 2_000_001_000)]
        {
            let class = PriorityClass { metadata: named(name, ""), value, ..PriorityClass::default() };
            self.create_now(class.into());
        }
        for which in Elected::ALL {
            self.plan_looks(which);
        }
        self.create_now(kubernetes_service().into());
        for (index, plan) in scenario.nodes.iter().enumerate() {
            self.add_machine(index as u32, plan);
        }
        self.with_controllers(|controllers, ctx| controllers.start(ctx));
        self.with_scheduler(|scheduler, ctx| scheduler.start(ctx));
        for manifest in in_order(scenario) {
            self.submit_as_user(Request::Create(manifest));
        }
        self.schedule_script(0);
        self.schedule_expectations(0);
    }

    fn create_now(&mut self, object: Object) {
        let kind = object.kind();
        let name = object.metadata().name.clone();
        let result = self.serve("kubeadm", Request::Create(object));
        assert!(result.is_ok(), "the cluster begins with {kind} {name}: {result:?}");
    }

    /// One more machine, which is up.
    pub(super) fn add_machine(&mut self, index: u32, plan: &NodePlan) {
        let name = plan.name().clone();
        let config = HostConfig {
            index,
            name: name.clone(),
            address: Name::from(dotted(NODE_NETWORK + 10 + index)),
            pod_network: POD_NETWORK + (index << 8),
            minor_version: self.kubelet_version.0,
        };
        let node = registered(plan.node.clone(), &config, &self.kubelet_version.1.clone(), self.epoch);
        let mut host = Host::new(config, &self.settings);
        host.shared.capacity = node.status.capacity.clone();
        host.shared.allocatable = node.status.allocatable.clone();
        host.shared.labels = node.metadata.labels.clone();
        host.shared.taints.clone_from(&node.spec.taints);
        for image in &plan.images {
            let size = self.apps.models().iter().find(|app| app.matcher.is_for_image(image));
            let size = size.and_then(|app| app.image_size).unwrap_or(self.settings.default_image_size);
            host.preload_image(image.clone(), size);
        }
        self.hosts.push(host);
        self.network.proxies.add(SimTime::ZERO);
        self.heartbeats.push(Heartbeat { since: Some(SimTime::ZERO), last: SimTime::ZERO });
        self.watches.add_node(name);
        self.open_watch(Watcher::Node(index));
        self.create_now(node.into());
        if let Some(node) = self.api.objects().get::<Node>(&Name::default(), plan.name()) {
            self.hosts[index as usize].shared.node_uid = node.metadata.uid;
        }
        for manifest in &plan.static_pods {
            self.with_host(index, |host, ctx, env| host.put_manifest(ctx, env, manifest));
        }
    }

    /// Plans the steps from `first` on.
    pub(super) fn schedule_script(&mut self, first: u32) {
        for (index, at, class) in self.script.beginnings(first) {
            let key = EventKey { at, class: class as u8, target: 0, seq: index };
            self.push(key, 0, Event::Step(index));
        }
    }

    /// Plans to look at the expectations from `first` on; what is due already is looked at now.
    pub(super) fn schedule_expectations(&mut self, first: u32) {
        for (index, at) in self.watchlist.checks(first) {
            let at = at.max(self.now());
            let key = EventKey { at, class: Class::Observer as u8, target: 0, seq: index };
            self.push(key, 0, Event::Expect(index));
        }
    }
}

fn named(name: &str, namespace: &str) -> ObjectMeta {
    ObjectMeta { name: name.into(), namespace: namespace.into(), ..ObjectMeta::default() }
}

fn kubernetes_service() -> Service {
    Service {
        metadata: named("kubernetes", "default"),
        spec: ServiceSpec {
            cluster_ip: Some("10.96.0.1".into()),
            ports: vec![ServicePort { name: Some("https".into()), port: 443, ..ServicePort::default() }],
            ..ServiceSpec::default()
        },
        ..Service::default()
    }
}

/// The node object as its kubelet keeps it once it is up.
fn registered(mut node: Node, config: &HostConfig, version: &str, epoch: crate::api::Timestamp) -> Node {
    let name = config.name.clone();
    node.metadata.labels.insert("kubernetes.io/hostname", name.clone());
    node.metadata.labels.insert("kubernetes.io/os", "linux");
    node.metadata.labels.insert("kubernetes.io/arch", "amd64");
    let [a, b, c, _] = config.pod_network.to_be_bytes();
    let cidr = Name::from(format!("{a}.{b}.{c}.0/24"));
    node.spec.pod_cidr = Some(cidr.clone());
    node.spec.pod_cidrs = vec![cidr];
    let storage = Quantity::from_bytes(DEFAULT_STORAGE);
    let offered = *node.status.allocatable.entry("ephemeral-storage".into()).or_insert(storage);
    if node.status.capacity.is_empty() {
        node.status.capacity = node.status.allocatable.clone();
    }
    node.status.capacity.entry("ephemeral-storage".into()).or_insert(offered);
    node.status.addresses = vec![
        NodeAddress { kind: "InternalIP".into(), address: config.address.clone() },
        NodeAddress { kind: "Hostname".into(), address: name },
    ];
    node.status.conditions = node_conditions(epoch);
    let version = Name::from(format!("v{}", version.trim_start_matches('v')));
    node.status.node_info = Some(NodeInfo {
        kernel_version: "6.1.0-shakedown".into(),
        os_image: "Simulated Linux".into(),
        container_runtime_version: "containerd://2.1.0".into(),
        kubelet_version: version.clone(),
        kube_proxy_version: version,
        operating_system: "linux".into(),
        architecture: "amd64".into(),
        ..NodeInfo::default()
    });
    node
}

/// The conditions of a healthy node.
pub(super) fn node_conditions(now: crate::api::Timestamp) -> Vec<Condition> {
    let condition = |kind: &str, status, reason: &str, message: &str| Condition {
        kind: kind.into(),
        status,
        reason: Some(reason.into()),
        message: Some(message.into()),
        last_transition_time: Some(now),
        last_heartbeat_time: Some(now),
        ..Condition::default()
    };
    let (yes, no) = (ConditionStatus::True, ConditionStatus::False);
    vec![
        condition(
            "MemoryPressure",
            no,
            "KubeletHasSufficientMemory",
            "kubelet has sufficient memory available",
        ),
        condition("DiskPressure", no, "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
        condition("PIDPressure", no, "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
        condition("Ready", yes, "KubeletReady", "kubelet is posting ready status"),
    ]
}

/// Manifests may come in any order, so what others stand on goes first.
fn in_order(scenario: &Scenario) -> VecDeque<Object> {
    let rank = |kind: Kind| match kind {
        Kind::Namespace => 0,
        Kind::PriorityClass | Kind::ResourceQuota | Kind::LimitRange => 1,
        Kind::Service | Kind::PodDisruptionBudget => 2,
        _ => 3,
    };
    let mut objects: Vec<Object> = scenario.objects.iter().map(|manifest| manifest.object.clone()).collect();
    objects.sort_by_key(|object| rank(object.kind()));
    objects.into()
}
