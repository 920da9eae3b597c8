//! The steps of a sync, one after another: stop, make the sandbox, start.
//!
//! Source: kubelet v1.32 `kuberuntime_manager.go` SyncPod steps 2 to 8, doBackOff; `spec` node 2.1, 2.5, 2.8.

use super::backoff::BackOff;
use super::host::{HostBind, NodeEvent};
use super::image::Pull;
use super::kill::HookRun;
use super::pod::{Finished, Instance, KillReason, Sandbox, Step, Waiting};
use super::pod_cx::PodCx;
use crate::component::Class;
use crate::component::events::EventType;
use crate::kernel::{SimDuration, SimTime};
use crate::trace::{ContainerFact, Detail, RecordId, Subject};
use crate::workload::{AppInstance, Exit, LastWords};

pub(super) const SEQ_RUN: u32 = 4;
/// What a program usually exits with that cannot bind its port.
const PORT_IN_USE: i32 = 1;

/// Number of a container's exit among the events of its pod.
fn exit_seq(container: usize) -> u32 {
    container as u32
}

impl PodCx<'_, '_> {
    /// Does steps until one has to wait or none is left.
    pub(super) fn advance(&mut self) {
        while let Some(run) = &self.pod.worker.run {
            if run.waiting.is_some() {
                return;
            }
            let Some(step) = run.steps.front().copied() else {
                let error = run.error;
                self.end_sync(error);
                return;
            };
            if let Some(waiting) = self.do_step(step) {
                if let Some(run) = &mut self.pod.worker.run {
                    run.waiting = Some(waiting);
                }
                return;
            }
            self.pop_step();
        }
    }

    fn pop_step(&mut self) {
        if let Some(run) = &mut self.pod.worker.run {
            run.steps.pop_front();
            run.waiting = None;
        }
    }

    fn fail_step(&mut self) {
        if let Some(run) = &mut self.pod.worker.run {
            run.error = true;
        }
    }

    /// Waits for a length of time.
    #[expect(clippy::unnecessary_wraps, reason = "it is the result of a step")]
    fn wait(&mut self, after: SimDuration, waiting: Waiting) -> Option<Waiting> {
        let event = NodeEvent::RunStep { pod: self.id };
        let at = self.ctx.now + after;
        let handle = self.ctx.schedule(at, Class::Runtime, self.pod.target, SEQ_RUN, event);
        if let Some(run) = &mut self.pod.worker.run {
            run.timer = Some(handle);
        }
        Some(waiting)
    }

    /// What the first step waited for has come.
    pub(super) fn run_step(&mut self) {
        if !self.host.kubelet_works() {
            self.abandon_run();
            return;
        }
        let Some(run) = &mut self.pod.worker.run else { return };
        run.timer = None;
        if run.waiting == Some(Waiting::Volumes) {
            self.volumes_timed_out();
            return;
        }
        let next = match run.waiting.take() {
            Some(Waiting::Sandbox) => {
                self.sandbox_made();
                None
            }
            Some(Waiting::Image(index)) => self.image_ready(index),
            Some(Waiting::Start(index)) => self.start_process(index),
            Some(Waiting::PostStart(index)) if std::mem::take(&mut run.hook_fails) => {
                self.post_start_failed(index)
            }
            Some(Waiting::PostStart(_) | Waiting::Exit(_) | Waiting::Volumes) | None => None,
        };
        self.step_done(next);
    }

    fn step_done(&mut self, next: Option<Waiting>) {
        if let Some(run) = &mut self.pod.worker.run {
            match next {
                Some(waiting) => run.waiting = Some(waiting),
                None => self.pop_step(),
            }
        }
        self.advance();
    }

    /// A container has ended; a step may have waited for that.
    pub(super) fn run_saw_exit(&mut self, index: usize) {
        match self.pod.worker.run.as_ref().and_then(|run| run.waiting) {
            Some(Waiting::Exit(waited)) if waited == index => self.step_done(None),
            // The hook ends with the process.
            Some(Waiting::PostStart(waited)) if waited == index => {
                let mut timer = self.pod.worker.run.as_mut().and_then(|run| run.timer.take());
                self.ctx.cancel(&mut timer);
                self.post_start_failed(index);
                self.step_done(None);
            }
            _ => {}
        }
        self.terminating_progress();
    }

    fn do_step(&mut self, step: Step) -> Option<Waiting> {
        match step {
            Step::Kill(index, reason) => {
                self.pod.containers[index].running.as_ref()?;
                let message = self.kill_message(index, reason);
                self.begin_kill(index, reason, &message);
                // A program that obeys at once may have ended within the call.
                self.pod.containers[index].running.as_ref().map(|_| Waiting::Exit(index))
            }
            Step::Sandbox => {
                self.host.addresses.release(self.pod.sandbox.take().as_ref().map(|sandbox| &sandbox.ip));
                let latency = self.ctx.settings.sandbox_latency;
                if latency > SimDuration::ZERO {
                    return self.wait(latency, Waiting::Sandbox);
                }
                self.sandbox_made();
                None
            }
            Step::Start(index) => self.start(index),
        }
    }

    fn kill_message(&self, index: usize, reason: KillReason) -> String {
        let name = &self.pod.spec(index).name;
        match reason {
            KillReason::Liveness => format!("Container {name} failed liveness probe, will be restarted"),
            KillReason::Startup => format!("Container {name} failed startup probe, will be restarted"),
            KillReason::Changed => format!("Container {name} definition changed, will be restarted"),
            KillReason::PostStart => "FailedPostStartHook".to_owned(),
            KillReason::PodStops | KillReason::Sandbox => format!("Stopping container {name}"),
        }
    }

    fn sandbox_made(&mut self) {
        let host_network = self.pod.pod.spec.host_network;
        let address = if host_network { Some(self.host.address.clone()) } else { self.host.addresses.take() };
        let Some(ip) = address else {
            let message = "Failed to create pod sandbox: no IP addresses available in range set";
            self.pod_event(EventType::Warning, "FailedCreatePodSandBox", message);
            self.fail_step();
            if let Some(run) = &mut self.pod.worker.run {
                run.steps.truncate(1);
            }
            return;
        };
        let attempt = self.pod.sandboxes;
        self.pod.sandboxes += 1;
        self.pod.sandbox = Some(Sandbox { attempt, made_at: self.ctx.now, ip, ready: true });
        self.complain_about_dns();
        self.changed();
    }

    /// A kubelet that was told no address for DNS says so for every pod that wants the cluster's.
    fn complain_about_dns(&mut self) {
        if self.ctx.settings.cluster_dns || self.pod.pod.spec.host_network {
            return;
        }
        let problem = "kubelet does not have ClusterDNS IP configured and cannot create Pod using \"ClusterFirst\" \
                       policy. Falling back to \"Default\" policy.";
        let metadata = &self.pod.pod.metadata;
        let pod = format!("{}_{}({})", metadata.name, metadata.namespace, metadata.uid);
        self.host.node_event(self.ctx, EventType::Warning, "MissingClusterDNS", problem.to_owned());
        self.pod_event(EventType::Warning, "MissingClusterDNS", &format!("pod: {pod:?}. {problem}"));
    }

    /// The pause process is gone; containers run on until the kubelet notices. Returns whether there was one.
    pub(super) fn lose_sandbox(&mut self) -> bool {
        let Some(sandbox) = self.pod.sandbox.as_mut().filter(|sandbox| sandbox.ready) else { return false };
        sandbox.ready = false;
        let metadata = &self.pod.pod.metadata;
        let subject = Subject::pod(&metadata.namespace, &metadata.name);
        let text = "the pause process of the sandbox was killed".to_owned();
        self.ctx.trace.record(self.ctx.now, "runtime", subject, "SandboxLost", "", text, Detail::None);
        self.changed();
        true
    }

    /// Starts a container: back-off, image, process, hook.
    fn start(&mut self, index: usize) -> Option<Waiting> {
        if self.in_crash_backoff(index) {
            self.fail_step();
            return None;
        }
        match self.ensure_image(index) {
            Pull::Present => self.create(index),
            Pull::Wait(after) => self.wait(after, Waiting::Image(index)),
            Pull::Refused => {
                self.fail_step();
                None
            }
        }
    }

    fn image_ready(&mut self, index: usize) -> Option<Waiting> {
        if self.pull_finished(index) {
            self.create(index)
        } else {
            self.fail_step();
            None
        }
    }

    fn create(&mut self, index: usize) -> Option<Waiting> {
        if let Some(problem) = self.config_problem(index) {
            self.container_event(index, EventType::Warning, "Failed", format!("Error: {problem}"));
            self.pod.worker.reasons[index] = Some(("CreateContainerConfigError".into(), problem.into()));
            self.fail_step();
            return None;
        }
        let name = self.pod.spec(index).name.clone();
        let message = match self.host.minor_version {
            ..32 => format!("Created container {name}"),
            32..35 => format!("Created container: {name}"),
            _ => "Container created".to_owned(),
        };
        self.container_event(index, EventType::Normal, "Created", message);
        let latency = self.ctx.settings.container_start_latency;
        if latency > SimDuration::ZERO {
            return self.wait(latency, Waiting::Start(index));
        }
        self.start_process(index)
    }

    /// CrashLoopBackOff arithmetic (`doBackOff`): counted from the end of the newest process that the kubelet has seen
    /// to end; a container that has run for ten minutes since its last start begins anew.
    fn in_crash_backoff(&mut self, index: usize) -> bool {
        let seen = &self.pod.seen[index];
        let Some(ended) = seen.ended.clone() else { return false };
        let settings = self.ctx.settings;
        let now = self.ctx.now;
        let backoff = BackOff {
            reset: settings.crash_loop_reset,
            ..BackOff::for_restarts(
                settings.crash_loop_initial_backoff,
                settings.max_container_restart_period,
            )
        };
        if self.pod.containers[index]
            .ended_image
            .as_ref()
            .is_some_and(|image| *image != self.pod.spec(index).image)
        {
            // The key of a back-off covers the image: another one begins anew.
            self.pod.worker.crash_backoff[index] = None;
        }
        let entry = self.pod.worker.crash_backoff[index];
        if let Some(entry) = entry.filter(|_| backoff.is_waiting(entry, ended.at, now)) {
            self.report_crash_backoff(index, entry.delay);
            return true;
        }
        self.pod.worker.crash_backoff[index] = Some(backoff.next(entry, ended.at, now));
        false
    }

    fn report_crash_backoff(&mut self, index: usize, delay: SimDuration) {
        let metadata = &self.pod.pod.metadata;
        let (name, uid) = (self.pod.spec(index).name.clone(), metadata.uid);
        let pod = format!("{}_{}({uid})", metadata.name, metadata.namespace);
        self.container_event(
            index,
            EventType::Warning,
            "BackOff",
            format!("Back-off restarting failed container {name} in pod {pod}"),
        );
        let message = format!("back-off {delay} restarting failed container={name} pod={pod}");
        self.pod.worker.reasons[index] = Some(("CrashLoopBackOff".into(), message.into()));
    }

    /// The runtime starts the process.
    fn start_process(&mut self, index: usize) -> Option<Waiting> {
        let now = self.ctx.now;
        let metadata = &self.pod.pod.metadata;
        let container = self.pod.spec(index);
        let (namespace, name) = (metadata.namespace.clone(), metadata.name.clone());
        let ordinary_init = index < self.pod.init_count() && !self.pod.is_sidecar(index);
        let model = if ordinary_init {
            self.env.apps.init_model_for(container, &metadata.labels).clone()
        } else {
            self.env.apps.model_for(container, &metadata.labels).clone()
        };
        let container_name = container.name.clone();
        let around = self.surroundings(container);
        let truth = &self.pod.containers[index];
        // A runtime that has forgotten everything leaves the numbers of the logs (1.22+).
        let by_logs = truth.logged.filter(|_| self.host.minor_version >= 22);
        let newest = truth.ended.as_ref().map(|ended| ended.restart).or(by_logs);
        let restart = newest.map_or(0, |newest| newest + 1);
        if let Some(error) = &model.start_error {
            let message = error.clone();
            self.start_failed(index, restart, &message);
            return None;
        }
        let entity = format!("{namespace}/{name}/{container_name}");
        self.host.cpu_changed |= model.uses_cpu();
        self.host.usage_changed |= model.holds_resources();
        if let Some(image) = self.host.images.get_mut(&container.image) {
            image.used_at = now;
        }
        let image = container.image.clone();
        self.host.last_pid += 1;
        let pid = self.host.last_pid;
        let app = AppInstance::start(model, self.ctx.streams, &entity, truth.starts, now, around);
        let text = format!("container {container_name} started, restart {restart}");
        let detail = Detail::Container {
            container: container_name.clone(),
            node: self.host.name.clone(),
            fact: ContainerFact::Started { restart },
        };
        let subject = Subject::pod(&namespace, &name);
        let record =
            self.ctx.trace.record(now, "runtime", subject, "ContainerStarted", "Started", text, detail);
        let truth = &mut self.pod.containers[index];
        truth.starts += 1;
        truth.running =
            Some(Instance { restart, started_at: now, app, exit_event: None, record, pid, image });
        self.pod.worker.reasons[index] = None;
        self.bind_ports(index);
        self.plan_exit(index);
        self.changed();
        self.note_for_probes(index, record);
        let text = match self.host.minor_version {
            ..35 => format!("Started container {container_name}"),
            _ => "Container started".to_owned(),
        };
        self.container_event(index, EventType::Normal, "Started", text);
        self.post_start(index)
    }

    fn post_start(&mut self, index: usize) -> Option<Waiting> {
        let hook = self.pod.spec(index).lifecycle.as_ref()?.post_start.clone()?;
        let HookRun { lasts, fails } = self.run_hook(index, &hook);
        match lasts {
            Some(SimDuration::ZERO) if fails => self.post_start_failed(index),
            Some(SimDuration::ZERO) => None,
            Some(lasts) => {
                if let Some(run) = &mut self.pod.worker.run {
                    run.hook_fails = fails;
                }
                self.wait(lasts, Waiting::PostStart(index))
            }
            None => Some(Waiting::PostStart(index)),
        }
    }

    /// A container whose postStart hook failed is stopped; the usual rules start it again.
    fn post_start_failed(&mut self, index: usize) -> Option<Waiting> {
        let text = "PostStartHook failed";
        self.container_event(index, EventType::Warning, "FailedPostStartHook", text.to_owned());
        self.pod.worker.reasons[index] = Some(("PostStartHookError".into(), text.into()));
        self.fail_step();
        let message = self.kill_message(index, KillReason::PostStart);
        self.begin_kill(index, KillReason::PostStart, &message);
        self.pod.containers[index].running.as_ref().map(|_| Waiting::Exit(index))
    }

    /// The containers of a pod share its ports: of two programs that bind the same one, the later ends with code 1.
    pub(super) fn bind_ports(&mut self, index: usize) {
        let Some((ports, listens)) = self.bound(index) else { return };
        for other in 0..self.pod.containers.len() {
            let Some((theirs, since)) = self.bound(other).filter(|_| other != index) else { continue };
            if !ports.iter().any(|port| theirs.contains(port)) {
                continue;
            }
            let (late, at) = if since <= listens { (index, listens) } else { (other, since) };
            if let Some(instance) = &mut self.pod.containers[late].running {
                instance.app.force_exit(Exit::new(at, PORT_IN_USE));
            }
            if late != index {
                self.plan_exit(other);
            }
        }
        if self.pod.pod.spec.host_network {
            self.bind_host_ports(index, ports, listens);
        }
    }

    /// Pods on the machine's network share its ports in the same way.
    fn bind_host_ports(&mut self, index: usize, ports: Vec<i32>, listens: SimTime) {
        let own = (self.id, index);
        for ((pod, container), bind) in &self.host.host_binds {
            if *pod == self.id || !ports.iter().any(|port| bind.ports.contains(port)) {
                continue;
            }
            let clash = if bind.since <= listens { (own, listens) } else { ((*pod, *container), bind.since) };
            self.host.clashes.push(clash);
        }
        self.host.host_binds.insert(own, HostBind { ports, since: listens });
    }

    /// A program finds its port taken when it wants to bind it.
    pub(super) fn port_in_use(&mut self, index: usize, at: SimTime) {
        if let Some(instance) = &mut self.pod.containers[index].running {
            instance.app.force_exit(Exit::new(at, PORT_IN_USE));
            self.plan_exit(index);
        }
    }

    /// The ports that a program is known to bind, and when.
    fn bound(&self, index: usize) -> Option<(Vec<i32>, SimTime)> {
        let app = &self.pod.containers[index].running.as_ref()?.app;
        Some((app.model().ports.clone()?, app.listens_at()))
    }

    /// Exit code, reason and message of a start that failed, as the runtime reports them.
    ///
    /// Docker's code follows the error (`moby` `daemon/start.go` setExitCodeFromError).
    fn failed_start(&self, error: &str) -> (i32, &'static str, String) {
        if !self.ctx.settings.dockershim {
            let message = format!("failed to create containerd task: failed to create shim task: {error}");
            return (128, "StartError", message);
        }
        let has = |words: &[&str]| words.iter().any(|word| error.contains(word));
        let code = if has(&["executable file not found", "no such file or directory"]) {
            127
        } else if has(&["permission denied", "not a directory"]) {
            126
        } else {
            128
        };
        (code, "ContainerCannotRun", error.to_owned())
    }

    /// The runtime cannot start the process (missing binary, bad working directory).
    fn start_failed(&mut self, index: usize, restart: i32, error: &str) {
        let now = self.ctx.now;
        let (code, reason, message) = self.failed_start(error);
        let truth = &mut self.pod.containers[index];
        truth.starts += 1;
        truth.ended_before = truth.ended.take();
        truth.ended = Some(Finished {
            restart,
            started_at: None,
            at: now,
            code,
            reason: reason.into(),
            message: Some(message.as_str().into()),
        });
        self.record_exit(index, code, reason, restart);
        self.container_event(index, EventType::Warning, "Failed", format!("Error: {message}"));
        self.pod.worker.reasons[index] = Some(("RunContainerError".into(), message.into()));
        self.fail_step();
        self.changed();
    }

    /// (Re)schedules the end of a container's process as its program plans it now.
    pub(super) fn plan_exit(&mut self, index: usize) {
        let Some(instance) = &mut self.pod.containers[index].running else { return };
        let exit = instance.app.exit().cloned();
        let mut old = instance.exit_event.take();
        self.ctx.cancel(&mut old);
        let Some(exit) = exit else { return };
        let event = NodeEvent::ProcessExits { pod: self.id, container: index as u16 };
        let at = exit.at.max(self.ctx.now);
        let handle = self.ctx.schedule(at, Class::Application, self.pod.target, exit_seq(index), event);
        if let Some(instance) = &mut self.pod.containers[index].running {
            instance.exit_event = Some(handle);
        }
    }

    /// The process of a container ends, as planned.
    pub(super) fn process_exits(&mut self, index: usize) {
        let Some(instance) = &self.pod.containers[index].running else { return };
        let Some(exit) = instance.app.exit().cloned() else { return };
        if exit.oom && self.ctx.settings.single_process_oom_kill && instance.app.model().memory_in_child {
            self.child_killed(index);
            return;
        }
        let reason = match (exit.oom || instance.app.lost_child(), exit.code) {
            (true, _) => "OOMKilled",
            (false, 0) => "Completed",
            (false, _) => "Error",
        };
        self.process_ended(index, exit.code, reason, &exit.words);
    }

    /// The OOM killer has taken the child that held the memory; the container runs on.
    fn child_killed(&mut self, index: usize) {
        let now = self.ctx.now;
        let name = self.pod.spec(index).name.clone();
        let metadata = &self.pod.pod.metadata;
        let subject = Subject::pod(&metadata.namespace, &metadata.name);
        let text = format!("a child process of container {name} was killed for its memory");
        self.ctx.trace.record(now, "runtime", subject, "ChildKilled", "OOM", text, Detail::None);
        if let Some(instance) = &mut self.pod.containers[index].running {
            instance.app.lose_child(now);
        }
        self.host.usage_changed = true;
        self.plan_exit(index);
    }

    /// The machine is out of memory and this process has the highest score.
    pub(super) fn oom_killed(&mut self, index: usize) {
        let in_child = |app: &AppInstance| app.model().memory_in_child;
        let is_child = self.pod.containers[index].running.as_ref().is_some_and(|one| in_child(&one.app));
        if is_child && self.ctx.settings.single_process_oom_kill {
            self.child_killed(index);
        } else {
            self.process_ended(index, 137, "OOMKilled", &LastWords::default());
        }
    }

    /// The process of a container has ended.
    pub(super) fn process_ended(&mut self, index: usize, code: i32, reason: &'static str, words: &LastWords) {
        let now = self.ctx.now;
        let ended = self.pod.end_instance(index, now, code, reason.into(), words);
        let Some(mut instance) = ended else { return };
        self.host.host_binds.remove(&(self.id, index));
        self.ctx.cancel(&mut instance.exit_event);
        if let Some(uid) = self.pod.uid_in_api() {
            self.host.ended.push((uid, index as u16));
        }
        self.host.cpu_changed |= instance.app.model().uses_cpu();
        self.host.usage_changed |= instance.app.model().holds_resources();
        let record = self.record_exit(index, code, reason, instance.restart);
        self.changed();
        self.note_for_probes(index, record);
        self.wake_probes();
        self.kill_finished(index);
        self.run_saw_exit(index);
    }

    fn record_exit(&mut self, index: usize, code: i32, reason: &'static str, restart: i32) -> RecordId {
        let container = self.pod.spec(index).name.clone();
        let metadata = &self.pod.pod.metadata;
        let subject = Subject::pod(&metadata.namespace, &metadata.name);
        let text = format!("container {container} ended with exit code {code} ({reason}), restart {restart}");
        let detail = Detail::Container {
            container,
            node: self.host.name.clone(),
            fact: ContainerFact::Exited { code, reason: reason.into() },
        };
        self.ctx.trace.record(self.ctx.now, "runtime", subject, "ContainerExited", reason, text, detail)
    }
}
