//! `exec` and `logs`: what reaches into a container.

use std::sync::Arc;

use crate::api::core::Conditions;
use crate::api::pod::Pod;
use crate::api::{Kind, Object, Selector};
use crate::base::{Name, signal};
use crate::fault::ProcessFault;
use crate::kernel::SimTime;
use crate::kubectl::verb::{Exec, Logs, LogsOf};
use crate::kubectl::{Target, Targets};
use crate::node::{ContainerTruth, hostname};
use crate::sim::World;

use super::shell::Shell;

/// A container on a machine.
struct Place {
    host: u32,
    /// Index of the pod's object.
    pod: u32,
}

impl Shell<'_> {
    pub(super) fn exec(&mut self, exec: &Exec) {
        let Some(pod) = self.pod_of(&exec.target) else { return };
        let Some(container) = self.container_of(&pod, exec.container.as_ref()) else { return };
        if pod.status.phase.is_terminal() {
            let phase = pod.status.phase.as_str();
            self.error(format!("cannot exec into a container in a completed pod; current phase is {phase}"));
            return;
        }
        let Some(place) = self.reach(&pod) else { return };
        let running = self.world.truth(&place, &container).is_some_and(|truth| truth.running.is_some());
        if !running {
            self.error(format!("unable to upgrade connection: container not found ({container:?})"));
            return;
        }
        match signal_to_main_process(&exec.command) {
            Some(signal) => {
                let how = ProcessFault::Signal(signal);
                self.world.with_host(place.host, |host, ctx, env| {
                    host.end_process(ctx, env, place.pod, Some(&container), how)
                });
            }
            None => self.run_in_container(&place, &container, &exec.command),
        }
    }

    /// The program's model says how the command ends; what it would print is not simulated, but for names and addresses.
    fn run_in_container(&mut self, place: &Place, container: &Name, command: &[Name]) {
        let now = self.world.now();
        let Some(instance) = self.world.truth(place, container).and_then(|truth| truth.running.as_ref())
        else {
            return;
        };
        let age = now.saturating_since(instance.started_at);
        let line = command.iter().map(Name::as_str).collect::<Vec<_>>().join(" ");
        let rules = &instance.app.model().exec;
        let code = rules.iter().find(|rule| line.contains(rule.contains.as_str())).map_or(0, |rule| {
            let in_time = rule.while_aged.is_empty()
                || rule.while_aged.iter().any(|(from, until)| (*from..*until).contains(&age));
            if in_time { rule.code } else { rule.code.max(1) }
        });
        if code == 0
            && let Some(text) = self.printed(place, &line)
        {
            self.say(text);
        }
        if code != 0 {
            self.answer.fail(format!("command terminated with exit code {code}"));
            self.status = Some(code);
        }
    }

    /// What a command prints that asks for the name or the address of the machine.
    fn printed(&self, place: &Place, line: &str) -> Option<String> {
        let host = &self.world.hosts[place.host as usize];
        let pod = host.pod(place.pod)?;
        match line {
            "hostname" | "cat /etc/hostname" | "uname -n" => {
                Some(hostname::hostname(&pod.pod, &host.shared.name).to_string())
            }
            "hostname -f" => Some(hostname::fully_qualified(&pod.pod, &host.shared.name).to_string()),
            "hostname -i" | "hostname -I" => pod.sandbox.as_ref().map(|sandbox| sandbox.ip.to_string()),
            _ => None,
        }
    }

    pub(super) fn logs(&mut self, logs: &Logs) {
        let pods = match &logs.of {
            LogsOf::One(target) => self.pod_of(target).into_iter().collect(),
            LogsOf::Labelled(labels) => self.pods_labelled(labels),
        };
        for pod in pods {
            let containers: Vec<Name> = if logs.all_containers {
                pod.spec.init_containers.iter().chain(&pod.spec.containers).map(|c| c.name.clone()).collect()
            } else {
                self.container_of(&pod, logs.container.as_ref()).into_iter().collect()
            };
            for container in containers {
                self.log_of(&pod, &container, logs.previous);
            }
        }
    }

    /// What programs write is not simulated: the lines tell what the runtime knows of the container.
    fn log_of(&mut self, pod: &Pod, container: &Name, previous: bool) {
        let Some(place) = self.reach(pod) else { return };
        let lines = self.world.truth(&place, container).map(|truth| life(truth, previous));
        let name = &pod.metadata.name;
        match lines {
            Some(lines) if !lines.is_empty() => {
                self.say(format!(
                    "# What programs write is not simulated; this is the life of container {container} of {name}."
                ));
                for line in lines {
                    self.say(line);
                }
            }
            _ if previous => self.answer.fail(format!(
                "Error from server (BadRequest): previous terminated container {container:?} in pod {name:?} not found"
            )),
            _ => {
                let reason = waiting_reason(pod, container);
                self.answer.fail(format!(
                    "Error from server (BadRequest): container {container:?} in pod {name:?} is waiting to start: \
                     {reason}"
                ));
            }
        }
    }

    /// The pod itself, or the first pod of a workload, ready ones first.
    fn pod_of(&mut self, target: &Target) -> Option<Arc<Pod>> {
        let objects = self.objects(&Targets::Named(vec![target.clone()]));
        match objects.first()? {
            Object::Pod(pod) => Some(pod.clone()),
            workload => {
                let selector = selector_of(workload)?;
                let namespace = workload.metadata().namespace.clone();
                let pods = self.world.api.objects().iter::<Pod>().map(|(_, pod)| pod.clone());
                let mut pods: Vec<Arc<Pod>> = pods
                    .filter(|pod| {
                        pod.metadata.namespace == namespace && selector.matches(&pod.metadata.labels)
                    })
                    .collect();
                pods.sort_by_key(|pod| (!pod.is_ready(), pod.metadata.name.clone()));
                if pods.is_empty() {
                    self.error("timed out waiting for the condition");
                }
                pods.into_iter().next()
            }
        }
    }

    fn pods_labelled(&mut self, labels: &str) -> Vec<Arc<Pod>> {
        let selected = crate::kubectl::Selected {
            kinds: vec![Kind::Pod],
            labels: Some(labels.to_owned()),
            fields: None,
        };
        let objects = self.objects(&Targets::Selected(selected));
        let pod = |object: Object| if let Object::Pod(pod) = object { Some(pod) } else { None };
        objects.into_iter().filter_map(pod).collect()
    }

    /// The container that is meant: by name, or the first.
    fn container_of(&mut self, pod: &Pod, named: Option<&Name>) -> Option<Name> {
        let mut all = pod.spec.containers.iter().chain(&pod.spec.init_containers).map(|c| &c.name);
        match named {
            None => all.next().cloned(),
            Some(name) if all.any(|container| container == name) => Some(name.clone()),
            Some(name) => {
                let pod = &pod.metadata.name;
                self.answer.fail(format!(
                    "Error from server (BadRequest): container {name} is not valid for pod {pod}"
                ));
                None
            }
        }
    }

    /// The machine that a pod is on, if the API server can talk to it.
    fn reach(&mut self, pod: &Pod) -> Option<Place> {
        let Some(node) = &pod.node_name else {
            let name = &pod.metadata.name;
            self.answer
                .fail(format!("Error from server (BadRequest): pod {name} does not have a host assigned"));
            return None;
        };
        let host = self.world.watches.node(node)?;
        let shared = &self.world.hosts[host as usize].shared;
        if !shared.powered || !shared.kubelet_runs || !self.world.reach.reaches_api(host) {
            let why = if shared.powered && !shared.kubelet_runs {
                "connection refused"
            } else {
                "no route to host"
            };
            self.answer.fail(format!(
                "Error from server: error dialing backend: dial tcp {node}:10250: connect: {why}"
            ));
            return None;
        }
        let (id, _) =
            self.world.api.objects().find(Kind::Pod, &pod.metadata.namespace, &pod.metadata.name)?;
        Some(Place { host, pod: id.index })
    }
}

impl World {
    fn truth(&self, place: &Place, container: &str) -> Option<&ContainerTruth> {
        let pod = self.hosts[place.host as usize].pod(place.pod)?;
        pod.containers.get(pod.index_of(container)?)
    }
}

fn selector_of(workload: &Object) -> Option<Selector> {
    let selector = match workload {
        Object::Deployment(object) => &object.spec.selector,
        Object::ReplicaSet(object) => &object.spec.selector,
        Object::StatefulSet(object) => &object.spec.selector,
        Object::DaemonSet(object) => &object.spec.selector,
        Object::Job(object) => &object.spec.selector,
        _ => return None,
    };
    selector.as_ref()?.compile().ok()
}

/// `kill -SIG 1`, also inside `sh -c`: the signal.
fn signal_to_main_process(command: &[Name]) -> Option<i32> {
    let line = match command {
        [_, flag, line] if flag == "-c" => line.to_string(),
        words => words.iter().map(Name::as_str).collect::<Vec<_>>().join(" "),
    };
    let words: Vec<&str> = line.split_whitespace().collect();
    match words[..] {
        [program, "1"] if program.ends_with("kill") => Some(crate::workload::instance::SIGTERM),
        [program, "-s", name, "1"] if program.ends_with("kill") => signal::number(name),
        [program, option, "1"] if program.ends_with("kill") => signal::number(option.strip_prefix('-')?),
        _ => None,
    }
}

fn waiting_reason(pod: &Pod, container: &str) -> String {
    let statuses = pod.status.init_container_statuses.iter().chain(&pod.status.container_statuses);
    let status = statuses.into_iter().find(|status| status.name == container);
    let waiting = status.and_then(|status| status.state.waiting.as_ref());
    let reason = waiting.and_then(|waiting| waiting.reason.clone());
    match reason {
        Some(reason) => reason.to_string(),
        None if !pod.status.conditions.is_true("Initialized") => "PodInitializing".to_owned(),
        None => "ContainerCreating".to_owned(),
    }
}

/// What the runtime knows of a container, as lines: of the process that runs or ran last, or of the one before.
fn life(truth: &ContainerTruth, previous: bool) -> Vec<String> {
    let at = |time: SimTime| time.to_string();
    let ended = if previous && truth.running.is_none() { &truth.ended_before } else { &truth.ended };
    let mut lines = Vec::new();
    if let Some(running) = truth.running.as_ref().filter(|_| !previous) {
        lines.push(format!("{} started (restart {})", at(running.started_at), running.restart));
        return lines;
    }
    if let Some(ended) = ended {
        if let Some(started) = ended.started_at {
            lines.push(format!("{} started (restart {})", at(started), ended.restart));
        }
        lines.push(format!("{} ended with exit code {} ({})", at(ended.at), ended.code, ended.reason));
    }
    lines
}
