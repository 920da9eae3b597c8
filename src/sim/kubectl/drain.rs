//! `drain`: cordons nodes, evicts their pods, and waits for them. It takes virtual time: it tries again
//! every 5 s what a disruption budget refuses, and looks every second whether pods have gone.
//! Follows `k8s.io/kubectl/pkg/drain`, v0.34.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::api::pod::Pod;
use crate::api::workload::DaemonSet;
use crate::api::{DeleteOptions, Kind, Object, ObjectRef, Request, Selector, Uid};
use crate::base::Name;
use crate::component::Class;
use crate::kernel::{EventKey, SimDuration, SimTime};
use crate::kubectl::verb::Drain;
use crate::kubectl::{DryRun, Scope};
use crate::sim::World;
use crate::sim::event::Event;

use super::Errand;
use super::shell::Shell;

const RETRY: SimDuration = SimDuration::from_secs(5);
const POLL: SimDuration = SimDuration::from_secs(1);
/// The annotation of pods that a kubelet runs from a file.
const MIRROR: &str = "kubernetes.io/config.mirror";

const DAEMON_SET_FATAL: &str = "DaemonSet-managed Pods (use --ignore-daemonsets to ignore)";
const LOCAL_STORAGE_FATAL: &str = "Pods with local storage (use --delete-emptydir-data to override)";
/// kubectl says "cannot delete" twice here.
const UNMANAGED_FATAL: &str = "cannot delete Pods that declare no controller (use --force to override)";
const DAEMON_SET_WARNING: &str = "ignoring DaemonSet-managed Pods";
const UNMANAGED_WARNING: &str = "deleting Pods that declare no controller";

/// The drains of a run, in the order in which they began.
#[derive(Clone, Debug, Default)]
pub(crate) struct Drains(Vec<Progress>);

/// A drain under way.
#[derive(Clone, Debug)]
struct Progress {
    options: Drain,
    /// Nodes that are still to be drained; the first is being drained.
    nodes: Vec<Name>,
    /// Pods of the first node.
    pods: Vec<Leaving>,
    deadline: Option<SimTime>,
    /// Nodes that could not be drained, with the reasons.
    failed: Vec<(Name, Vec<String>)>,
}

/// A pod that is to go.
#[derive(Clone, Debug)]
struct Leaving {
    target: ObjectRef,
    uid: Uid,
    /// Whether its eviction was accepted.
    evicted: bool,
    /// When to try or to look again.
    next: SimTime,
}

impl Shell<'_> {
    /// Cordons the nodes and begins to empty the first.
    pub(super) fn drain(&mut self, drain: Drain) {
        self.errors_by_line = true;
        let nodes = self.nodes(&drain.nodes);
        if self.answer.failed || nodes.is_empty() {
            return;
        }
        for node in &nodes {
            if !self.cordon_node(node, true) {
                return;
            }
        }
        let now = self.world.now();
        let progress = Progress {
            deadline: drain.timeout.map(|timeout| now + timeout),
            nodes: nodes.iter().map(|node| node.metadata().name.clone()).collect(),
            options: drain,
            pods: Vec::new(),
            failed: Vec::new(),
        };
        let number = self.world.drains.0.len();
        self.world.drains.0.push(progress.clone());
        self.advance(number, progress, true);
    }

    /// Does what is due, until there is something to wait for.
    fn advance(&mut self, number: usize, mut progress: Progress, mut arrives: bool) {
        while let Some(node) = progress.nodes.first().cloned() {
            let step = if arrives { self.arrive(&mut progress, &node) } else { Ok(()) };
            arrives = true;
            match step.and_then(|()| self.evict_and_look(&mut progress)) {
                Ok(()) if !progress.pods.is_empty() => {
                    self.wait_for_pods(number, progress);
                    return;
                }
                Ok(()) => self.say(format!("node/{node} drained{}", self.dry_run.map_or("", DryRun::suffix))),
                Err(why) => {
                    let all = together(&why);
                    self.error(format!(
                        "unable to drain node {node:?} due to error: {all}, continuing command..."
                    ));
                    progress.failed.push((node, why));
                }
            }
            progress.pods.clear();
            progress.nodes.remove(0);
        }
        if !progress.failed.is_empty() {
            self.note("There are pending nodes to be drained:");
            for (node, _) in &progress.failed {
                self.note(format!(" {node}"));
            }
            self.tell_errors(&progress.failed);
        }
        self.world.drains.0[number] = progress;
    }

    /// The errors at the end: those of one node by themselves, those of several together by node.
    fn tell_errors(&mut self, failed: &[(Name, Vec<String>)]) {
        match failed {
            [(_, errors)] => errors.iter().for_each(|error| self.note(error)),
            _ => failed.iter().for_each(|(_, errors)| self.note(together(errors))),
        }
    }

    fn wait_for_pods(&mut self, number: usize, progress: Progress) {
        let now = self.world.now();
        let due = progress.pods.iter().map(|pod| pod.next).chain(progress.deadline).filter(|at| *at > now);
        let at = due.min().unwrap_or(now + POLL);
        let key = EventKey { at, class: Class::User as u8, target: u64::MAX - 2, seq: number as u32 };
        self.world.drains.0[number] = progress;
        let cause = self.world.recorder.cause();
        self.world.push(key, cause, Event::Drain(number as u32));
        self.pending = Some(Errand::Drain(number as u32));
    }

    /// Finds the pods of the next node; some kinds of pods forbid to go on.
    fn arrive(&mut self, progress: &mut Progress, node: &Name) -> Result<(), Vec<String>> {
        let options = &progress.options;
        let selector = Selector::parse(options.pod_selector.as_deref().unwrap_or_default())
            .map_err(|error| vec![error.to_string()])?;
        let (mut fatal, mut warnings) = (BTreeMap::new(), BTreeMap::new());
        let now = self.world.now();
        let pods: Vec<Arc<Pod>> =
            self.world.api.objects().iter::<Pod>().map(|(_, pod)| pod.clone()).collect();
        let mut leaving = Vec::new();
        let here =
            |pod: &&Arc<Pod>| pod.node_name.as_ref() == Some(node) && selector.matches(&pod.metadata.labels);
        for pod in pods.iter().filter(here) {
            let name = format!("{}/{}", pod.metadata.namespace, pod.metadata.name);
            let fate = self.fate(pod, options);
            let list: Option<(&mut BTreeMap<&str, Vec<String>>, &str)> = match fate {
                Fate::Fatal(why) => Some((&mut fatal, why)),
                Fate::Stays(Some(why)) | Fate::Goes(Some(why)) => Some((&mut warnings, why)),
                Fate::Stays(None) | Fate::Goes(None) => None,
            };
            if let Some((list, why)) = list {
                list.entry(why).or_default().push(name);
            }
            if matches!(fate, Fate::Goes(_)) {
                let target = Object::Pod(pod.clone()).reference();
                leaving.push(Leaving { target, uid: pod.metadata.uid, evicted: false, next: now });
            }
        }
        let listed = |(why, pods): (&&str, &Vec<String>)| format!("{why}: {}", pods.join(", "));
        if !fatal.is_empty() {
            return Err(fatal.iter().map(|it| format!("cannot delete {}", listed(it))).collect());
        }
        if !warnings.is_empty() {
            let all: Vec<String> = warnings.iter().map(listed).collect();
            self.note(format!("Warning: {}", all.join("; ")));
        }
        progress.pods = leaving;
        Ok(())
    }

    /// What the filters say of a pod.
    fn fate(&self, pod: &Pod, options: &Drain) -> Fate {
        let now = self.world.timestamp();
        let terminal = pod.status.phase.is_terminal();
        if let (Some(limit), Some(at)) = (options.skip_wait_for_delete, pod.metadata.deletion_timestamp)
            && now.seconds_since(at) > limit.as_secs() as i64
        {
            return Fate::Stays(None);
        }
        let controller = pod.metadata.controller();
        if let Some(owner) = controller.filter(|owner| owner.kind == "DaemonSet" && !terminal) {
            let sets = self.world.api.objects();
            let exists = sets.get::<DaemonSet>(&pod.metadata.namespace, &owner.name).is_some();
            return match (exists, options.ignore_daemonsets) {
                (false, _) if options.force => Fate::Goes(Some(UNMANAGED_WARNING)),
                (_, true) => Fate::Stays(Some(DAEMON_SET_WARNING)),
                (_, false) => Fate::Fatal(DAEMON_SET_FATAL),
            };
        }
        if pod.metadata.annotations.contains_key(MIRROR) {
            return Fate::Stays(None);
        }
        let local = pod.spec.volumes.iter().any(|volume| volume.empty_dir.is_some());
        if local && !terminal && !options.delete_emptydir_data {
            return Fate::Fatal(LOCAL_STORAGE_FATAL);
        }
        if controller.is_none() && !terminal {
            return if options.force {
                Fate::Goes(Some(UNMANAGED_WARNING))
            } else {
                Fate::Fatal(UNMANAGED_FATAL)
            };
        }
        Fate::Goes(None)
    }

    /// Evicts the pods whose turn it is, and forgets those that have gone.
    fn evict_and_look(&mut self, progress: &mut Progress) -> Result<(), Vec<String>> {
        let now = self.world.now();
        let mut pods = std::mem::take(&mut progress.pods);
        if self.dry_run.is_some() {
            for pod in &pods {
                self.say_dry(pod, &progress.options);
            }
            return Ok(());
        }
        for pod in pods.iter_mut().filter(|pod| pod.next <= now && !pod.evicted) {
            self.evict(pod, &progress.options).map_err(|why| vec![why])?;
        }
        let gone = |world: &World, pod: &Leaving| {
            let found = world.api.objects().find(Kind::Pod, &pod.target.namespace, &pod.target.name);
            found.is_none_or(|(_, object)| object.metadata().uid != pod.uid)
        };
        let word = if progress.options.disable_eviction { "deleted" } else { "evicted" };
        for pod in pods.iter_mut().filter(|pod| pod.next <= now && pod.evicted) {
            if gone(self.world, pod) {
                self.say(format!("pod/{} {word}", pod.target.name));
            } else {
                pod.next = now + POLL;
            }
        }
        // Whoever was looked at and is still there has a later turn now.
        pods.retain(|pod| pod.next > now);
        progress.pods = pods;
        if !progress.pods.is_empty() && progress.deadline.is_some_and(|deadline| deadline <= now) {
            let timeout = progress.options.timeout.unwrap_or_default();
            return Err(vec![format!(
                "error when waiting for pods to terminate: global timeout reached: {timeout}"
            )]);
        }
        Ok(())
    }

    /// What `--dry-run` says of a pod.
    fn say_dry(&mut self, pod: &Leaving, options: &Drain) {
        let ObjectRef { namespace, name, .. } = &pod.target;
        let suffix = self.dry_run.map_or("", DryRun::suffix);
        let what = if options.disable_eviction { "deleting" } else { "evicting" };
        self.say(format!("{what} pod {namespace}/{name}{suffix}"));
    }

    fn evict(&mut self, pod: &mut Leaving, options: &Drain) -> Result<(), String> {
        let now = self.world.now();
        let ObjectRef { namespace, name, .. } = pod.target.clone();
        let how =
            DeleteOptions { grace_period_seconds: options.grace_period_seconds, ..DeleteOptions::default() };
        let request = if options.disable_eviction {
            Request::Delete { target: pod.target.clone(), options: how }
        } else {
            self.say(format!("evicting pod {namespace}/{name}"));
            Request::Evict { namespace: namespace.clone(), name: name.clone(), options: how }
        };
        match self.world.serve("kubectl", request) {
            Ok(_) => pod.evicted = true,
            Err(error) if error.code == 404 => pod.evicted = true,
            Err(error) if error.code == 429 => {
                pod.next = now + RETRY;
                self.note(format!(
                    "error when evicting pods/{name:?} -n {namespace:?} (will retry after 5s): {}",
                    error.message
                ));
            }
            Err(error) => {
                return Err(format!("error when evicting pods/{name:?} -n {namespace:?}: {}", error.message));
            }
        }
        Ok(())
    }
}

/// Several errors as one.
fn together(errors: &[String]) -> String {
    match errors {
        [one] => one.clone(),
        all => format!("[{}]", all.join(", ")),
    }
}

/// What becomes of a pod, and what is said about it.
#[derive(Clone, Copy)]
enum Fate {
    Goes(Option<&'static str>),
    Stays(Option<&'static str>),
    Fatal(&'static str),
}

impl World {
    /// A drain goes on.
    pub(crate) fn continue_drain(&mut self, number: u32) {
        let progress = self.drains.0[number as usize].clone();
        if let Some(why) = self.no_answer() {
            // The watch of kubectl fails, and with it the command.
            self.report_progress(Errand::Drain(number), &super::failure(why.to_owned()), 1, false);
            return;
        }
        let mut shell = Shell::new(self, Scope::Default);
        shell.errors_by_line = true;
        shell.advance(number as usize, progress, false);
        let pending = shell.pending.is_some();
        let (answer, status) = shell.finish();
        self.report_progress(Errand::Drain(number), &answer, status, pending);
    }
}
