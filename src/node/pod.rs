//! What a node knows of one pod: the runtime's truth, what the kubelet last saw of it, and the kubelet's worker.

use std::collections::VecDeque;
use std::sync::Arc;

use super::admission::Amounts;
use super::backoff::BackOffEntry;
use super::kill::Kill;
use super::mounts::Mounts;
use super::objects::NamedByPod;
use super::probe::ProbeWorker;
use super::static_pods::is_from_file;
use crate::api::Uid;
use crate::api::pod::{Container, Pod, PodStatus};
use crate::base::Name;
use crate::kernel::{EventHandle, SimTime};
use crate::trace::RecordId;
use crate::workload::{AppInstance, LastWords};

/// A container process that has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finished {
    /// The n-th restart, from 0.
    pub restart: i32,
    /// When it began; `None` if it never ran.
    pub started_at: Option<SimTime>,
    /// When it ended.
    pub at: SimTime,
    /// Exit code.
    pub code: i32,
    /// Reason as the runtime reports it.
    pub reason: Name,
    /// Of a failed start what the runtime says, else what the program left behind.
    pub message: Option<Name>,
}

/// A container process that the runtime has.
#[derive(Clone, Debug)]
pub struct Instance {
    /// The n-th restart, from 0.
    pub restart: i32,
    /// When it began.
    pub started_at: SimTime,
    /// The program.
    pub app: AppInstance,
    /// Its end, as planned now.
    pub exit_event: Option<EventHandle>,
    /// The record of its start.
    pub record: RecordId,
    /// Process id on the machine.
    pub pid: u32,
    /// The image it was started from.
    pub image: Name,
}

/// The runtime's truth about one container.
#[derive(Clone, Debug, Default)]
pub struct ContainerTruth {
    /// The running process.
    pub running: Option<Instance>,
    /// The newest process that has ended.
    pub ended: Option<Finished>,
    /// The one that ended before it; the runtime keeps no older ones.
    pub ended_before: Option<Finished>,
    /// How many processes were started.
    pub starts: u64,
    /// The number of the newest process that has left a log on the machine's disk.
    pub logged: Option<i32>,
    /// How the running process is being stopped.
    pub kill: Option<Kill>,
    /// The image of the newest process that has ended.
    pub ended_image: Option<Name>,
    /// What its processes left behind in a volume, in bytes.
    pub left_in_volume: Option<(Name, u64)>,
}

/// What a relist saw of one container.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Restart number and start time of the running process.
    pub running: Option<(i32, SimTime)>,
    /// The newest process that has ended.
    pub ended: Option<Finished>,
    /// The one before.
    pub ended_before: Option<Finished>,
}

impl Seen {
    /// Whether the container was ever created.
    pub fn exists(&self) -> bool {
        self.running.is_some() || self.ended.is_some()
    }

    /// Whether the newest process ended well in this sandbox: what ended in an earlier one has to be done again, for the
    /// kubelet purges init containers with the sandbox they ran in.
    pub fn succeeded_in(&self, sandbox: Option<&Sandbox>) -> bool {
        self.exited().is_some_and(|ended| {
            let started = ended.started_at.unwrap_or(ended.at);
            ended.code == 0 && sandbox.is_none_or(|sandbox| started >= sandbox.made_at)
        })
    }

    /// How the newest process ended, if it is not running.
    pub fn exited(&self) -> Option<&Finished> {
        if self.running.is_some() { None } else { self.ended.as_ref() }
    }
}

/// The pod's network and the other namespaces its containers share, held by the pause process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sandbox {
    /// The n-th sandbox of the pod, from 0.
    pub attempt: u32,
    /// When it was made.
    pub made_at: SimTime,
    /// Pod address.
    pub ip: Name,
    /// Whether it works.
    pub ready: bool,
}

/// Where the kubelet's worker is in the life of the pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Containers are kept as the spec says.
    Syncing,
    /// Everything is being stopped.
    Terminating,
    /// Everything has stopped; the last status is due.
    Terminated,
    /// Nothing is left to do but to hear that the object is gone.
    Finished,
}

/// Why a container is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KillReason {
    /// The pod ends.
    PodStops,
    /// Its liveness probe failed.
    Liveness,
    /// Its startup probe failed.
    Startup,
    /// Its name or image changed.
    Changed,
    /// Its postStart hook failed.
    PostStart,
    /// The sandbox is to be made anew.
    Sandbox,
}

/// One step of a sync.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Stop a container and wait until it has ended.
    Kill(usize, KillReason),
    /// Make the sandbox.
    Sandbox,
    /// Start a container.
    Start(usize),
}

/// What a started step waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waiting {
    /// The container's process to end.
    Exit(usize),
    /// The volumes of the pod.
    Volumes,
    /// The sandbox.
    Sandbox,
    /// The image.
    Image(usize),
    /// The runtime to start the process.
    Start(usize),
    /// The postStart hook.
    PostStart(usize),
}

/// A sync in progress.
#[derive(Clone, Debug, Default)]
pub struct Run {
    /// What is still to do.
    pub steps: VecDeque<Step>,
    /// What the first step waits for.
    pub waiting: Option<Waiting>,
    /// The event that ends the wait.
    pub timer: Option<EventHandle>,
    /// Whether a step failed or was put off.
    pub error: bool,
    /// Whether the postStart hook that runs will fail.
    pub hook_fails: bool,
}

/// Why a container does not run, as the last sync found.
pub type WaitingReason = (Name, Name);

/// Why the kubelet itself ends a pod: what the final status says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KubeletVerdict {
    /// CamelCase word such as `Evicted`.
    pub reason: Name,
    /// Sentence.
    pub message: Name,
    /// Whether the pod gets the condition `DisruptionTarget`.
    pub is_disruption: bool,
}

/// The kubelet's memory of a pod. All of it is lost when the kubelet restarts.
#[derive(Clone, Debug)]
pub struct Worker {
    /// Stage of life.
    pub stage: Stage,
    /// The sync in progress.
    pub run: Option<Run>,
    /// When the last sync ended.
    pub last_sync_end: Option<SimTime>,
    /// A sync is wanted as soon as it may begin.
    pub wanted: Option<EventHandle>,
    /// A sync was asked for while one was running.
    pub again: bool,
    /// The next sync without special cause.
    pub queue_timer: Option<EventHandle>,
    /// The next sync without special cause, if it is not simulated because it would find nothing new.
    pub idle_sync: Option<SimTime>,
    /// The end of the pod's `activeDeadlineSeconds`.
    pub deadline: Option<EventHandle>,
    /// Why containers do not run.
    pub reasons: Vec<Option<WaitingReason>>,
    /// The status as last computed: what probes look at.
    pub cached: Arc<PodStatus>,
    /// Whether `cached` still has to reach the API server.
    pub unsent: bool,
    /// First sync of the pod.
    pub start_time: Option<SimTime>,
    /// CrashLoopBackOff state of each container.
    pub crash_backoff: Vec<Option<BackOffEntry>>,
    /// ImagePullBackOff state of each container's image.
    pub image_backoff: Vec<Option<BackOffEntry>>,
    /// Volumes that could not be set up.
    pub mounts: Mounts,
    /// Probe workers.
    pub probes: Vec<ProbeWorker>,
    /// Whether probe workers were made.
    pub probes_started: bool,
    /// Smallest grace period asked for.
    pub grace: Option<i64>,
    /// Why the kubelet itself ends the pod.
    pub verdict: Option<KubeletVerdict>,
    /// Whether the API object is gone or was never this kubelet's to delete.
    pub object_gone: bool,
    /// Status pass at which the object is to be deleted.
    pub removal: Option<EventHandle>,
}

impl Worker {
    /// A worker for a pod with `containers` containers of all sorts.
    pub fn new(containers: usize, cached: Arc<PodStatus>) -> Self {
        Self {
            stage: Stage::Syncing,
            run: None,
            last_sync_end: None,
            wanted: None,
            again: false,
            queue_timer: None,
            idle_sync: None,
            deadline: None,
            reasons: vec![None; containers],
            cached,
            unsent: false,
            start_time: None,
            crash_backoff: vec![None; containers],
            image_backoff: vec![None; containers],
            mounts: Mounts::default(),
            probes: Vec::new(),
            probes_started: false,
            grace: None,
            verdict: None,
            object_gone: false,
            removal: None,
        }
    }
}

/// A pod on a node.
#[derive(Clone, Debug)]
pub struct HostPod {
    /// The object as last delivered.
    pub pod: Arc<Pod>,
    /// What its spec asks for.
    pub requested: Amounts,
    /// The ConfigMaps and Secrets that it names.
    pub(super) named: Option<Box<NamedByPod>>,
    /// Whether all volumes have been set up on this machine.
    pub volumes_mounted: bool,
    /// Stable identity for the order of events.
    pub target: u64,
    /// The runtime's sandbox.
    pub sandbox: Option<Sandbox>,
    /// Sandboxes made so far.
    pub sandboxes: u32,
    /// The runtime's containers: init containers first, then the regular ones.
    pub containers: Vec<ContainerTruth>,
    /// What the last relist saw.
    pub seen: Vec<Seen>,
    /// The sandbox that the last relist saw.
    pub seen_sandbox: Option<Sandbox>,
    /// Whether the truth has changed since.
    pub dirty: bool,
    /// The kubelet's memory.
    pub worker: Worker,
    /// Of a static pod the identity of its image in the API, if there is one.
    pub mirror: Option<Uid>,
}

impl HostPod {
    /// A pod that has just been handed to the kubelet.
    pub fn new(pod: Arc<Pod>) -> Self {
        let count = pod.spec.init_containers.len() + pod.spec.containers.len();
        let worker = Worker::new(count, pod.status.clone());
        Self {
            target: pod.metadata.uid.stable_id(),
            requested: Amounts::requested(&pod.spec),
            named: NamedByPod::of(&pod.spec),
            volumes_mounted: false,
            sandbox: None,
            sandboxes: 0,
            containers: vec![ContainerTruth::default(); count],
            seen: vec![Seen::default(); count],
            seen_sandbox: None,
            dirty: false,
            worker,
            mirror: None,
            pod,
        }
    }

    /// The identity under which the API knows the pod; of a static pod without an image there is none.
    pub fn uid_in_api(&self) -> Option<Uid> {
        if is_from_file(&self.pod) { self.mirror } else { Some(self.pod.metadata.uid) }
    }

    /// How many init containers there are (sidecars included).
    pub fn init_count(&self) -> usize {
        self.pod.spec.init_containers.len()
    }

    /// The spec of the n-th container.
    pub fn spec(&self, index: usize) -> &Container {
        let init = &self.pod.spec.init_containers;
        init.get(index).unwrap_or_else(|| &self.pod.spec.containers[index - init.len()])
    }

    /// Whether the n-th container is a sidecar.
    pub fn is_sidecar(&self, index: usize) -> bool {
        index < self.init_count() && self.spec(index).is_sidecar()
    }

    /// The n-th container of that name.
    pub fn index_of(&self, container: &str) -> Option<usize> {
        (0..self.containers.len()).find(|index| self.spec(*index).name == container)
    }

    /// Whether any process runs.
    pub fn any_running(&self) -> bool {
        self.containers.iter().any(|container| container.running.is_some())
    }

    /// Takes over what the runtime has now, as a relist does.
    pub fn look(&mut self) {
        for (truth, seen) in self.containers.iter().zip(&mut self.seen) {
            seen.running = truth.running.as_ref().map(|instance| (instance.restart, instance.started_at));
            seen.ended.clone_from(&truth.ended);
            seen.ended_before.clone_from(&truth.ended_before);
        }
        self.seen_sandbox.clone_from(&self.sandbox);
        self.dirty = false;
    }

    /// Notes that a process has ended.
    pub fn end_instance(
        &mut self,
        index: usize,
        at: SimTime,
        code: i32,
        reason: Name,
        words: &LastWords,
    ) -> Option<Instance> {
        let message = super::last_words::message(self.spec(index), code, words);
        self.keep_volume(index, at);
        let truth = &mut self.containers[index];
        let instance = truth.running.take()?;
        truth.ended_before = truth.ended.take();
        truth.ended_image = Some(instance.image.clone());
        truth.ended = Some(Finished {
            restart: instance.restart,
            started_at: Some(instance.started_at),
            at,
            code,
            reason,
            message,
        });
        self.dirty = true;
        Some(instance)
    }
}
