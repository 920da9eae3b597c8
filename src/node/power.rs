//! A kubelet that stops and starts, a machine that loses power, and what faults do to processes.

use std::sync::Arc;

use super::env::NodeEnv;
use super::eviction::Eviction;
use super::host::{Host, NodeEvent};
use super::pod::{ContainerTruth, Stage, Worker};
use super::static_pods::is_from_file;
use crate::api::pod::Pod;
use crate::component::Ctx;
use crate::fault::ProcessFault;
use crate::trace::{Detail, Subject};
use crate::workload::LastWords;

impl Host {
    /// Ends the process of a container by a fault: with an exit code, or by a signal.
    pub fn end_process(
        &mut self,
        ctx: &mut Ctx<'_, NodeEvent>,
        env: NodeEnv<'_>,
        id: u32,
        container: Option<&str>,
        how: ProcessFault,
    ) -> bool {
        self.with(self.resolve(id), ctx, env, |cx| {
            if how == ProcessFault::KillSandbox {
                return cx.lose_sandbox();
            }
            let init = cx.pod.init_count();
            let index = match container {
                Some(name) => cx.pod.index_of(name),
                None => {
                    (init..cx.pod.containers.len()).find(|index| cx.pod.containers[*index].running.is_some())
                }
            };
            let Some(index) = index.filter(|index| cx.pod.containers[*index].running.is_some()) else {
                return false;
            };
            match how {
                ProcessFault::Exit(code) => {
                    let reason = if code == 0 { "Completed" } else { "Error" };
                    cx.process_ended(index, code, reason, &LastWords::default());
                }
                ProcessFault::OutOfMemory => cx.process_ended(index, 137, "OOMKilled", &LastWords::default()),
                ProcessFault::Signal(signal) => {
                    let is_stop = signal == crate::workload::instance::SIGTERM;
                    cx.deliver_signal(index, signal, is_stop);
                }
                ProcessFault::Hang => {
                    if let Some(instance) = &mut cx.pod.containers[index].running {
                        instance.app.hang();
                    }
                    cx.note_cause_for_probes();
                    cx.wake_probes();
                }
                ProcessFault::KillSandbox => {}
            }
            true
        })
        .unwrap_or(false)
    }

    /// The kubelet stops; containers go on.
    pub fn stop_kubelet(&mut self, ctx: &mut Ctx<'_, NodeEvent>) {
        self.shared.kubelet_runs = false;
        self.shared.awaits_list = false;
        self.shared.preemptions.clear();
        self.shared.outage.forget(ctx);
        self.shared.network_plugin.forget(ctx);
        self.shared.eviction.cancel(ctx);
        self.shared.report.forget(ctx);
        ctx.cancel(&mut self.shared.image_gc);
        if let Some(mut shutdown) = self.shared.shutdown.take() {
            shutdown.abandon(ctx);
        }
        ctx.cancel(&mut self.shared.relist);
        ctx.cancel(&mut self.shared.status_pass);
        for pod in self.pods.values_mut() {
            cancel_worker(ctx, &mut pod.worker);
            pod.worker.run = None;
            pod.worker.probes.clear();
            pod.worker.idle_sync = None;
            for container in &mut pod.containers {
                if let Some(mut kill) = container.kill.take() {
                    kill.abandon(ctx);
                }
            }
        }
    }

    /// The machine loses power: every process is gone.
    pub fn power_off(&mut self, ctx: &mut Ctx<'_, NodeEvent>) {
        self.stop_kubelet(ctx);
        self.shared.powered = false;
        ctx.cancel(&mut self.shared.out_of_memory);
        ctx.cancel(&mut self.shared.cpu_shift);
        self.shared.host_binds.clear();
        let forgets = ctx.settings.runtime_forgets_on_boot;
        for pod in self.pods.values_mut() {
            if let Some(sandbox) = &mut pod.sandbox {
                sandbox.ready = false;
            }
            pod.volumes_mounted = false;
            for index in 0..pod.containers.len() {
                // The runtime finds after the boot that the task has vanished: exit code 255, reason Unknown.
                if let Some(mut instance) =
                    pod.end_instance(index, ctx.now, 255, "Unknown".into(), &LastWords::default())
                {
                    ctx.cancel(&mut instance.exit_event);
                    let metadata = &pod.pod.metadata;
                    let subject = Subject::pod(&metadata.namespace, &metadata.name);
                    let text = format!("a container ended with the machine {}", self.shared.name);
                    ctx.trace.record_aside(
                        ctx.now,
                        "node",
                        subject,
                        "ContainerLost",
                        "PowerOff",
                        text,
                        Detail::None,
                    );
                }
            }
            if forgets {
                self.shared.addresses.release(pod.sandbox.take().as_ref().map(|sandbox| &sandbox.ip));
                pod.sandboxes = 0;
                for truth in &mut pod.containers {
                    let newest = truth.ended.as_ref().map(|ended| ended.restart);
                    *truth = ContainerTruth { logged: newest.or(truth.logged), ..ContainerTruth::default() };
                }
            }
        }
    }

    /// The kubelet starts, after a boot or a restart. `pods` is the list it gets from the API server.
    pub fn start_kubelet(
        &mut self,
        ctx: &mut Ctx<'_, NodeEvent>,
        env: NodeEnv<'_>,
        pods: &[(u32, Arc<Pod>)],
    ) {
        let waited = std::mem::take(&mut self.shared.awaits_list);
        self.begin_kubelet(ctx, waited);
        self.relisted(ctx, env, pods);
        self.restart_static_pods(ctx, env);
        self.reconcile_statuses(ctx, env);
        for (id, _) in pods {
            self.with(*id, ctx, env, |cx| cx.request_sync());
        }
    }

    /// The kubelet starts and does not reach the API server: it runs its static pods, and leaves the others alone.
    pub fn start_kubelet_alone(&mut self, ctx: &mut Ctx<'_, NodeEvent>, env: NodeEnv<'_>) {
        self.begin_kubelet(ctx, false);
        self.shared.awaits_list = true;
        self.restart_static_pods(ctx, env);
    }

    /// A kubelet that starts remembers nothing; one that has only waited for its list remembers its static pods.
    fn begin_kubelet(&mut self, ctx: &mut Ctx<'_, NodeEvent>, waited: bool) {
        self.shared.powered = true;
        self.shared.kubelet_runs = true;
        self.shared.kubelet_started = ctx.now;
        if !waited {
            self.shared.pulls_until = ctx.now;
            self.shared.eviction = Eviction::started(ctx.now);
        }
        self.shared.usage_changed = true;
        if self.shared.network_plugin.look() {
            self.shared.schedule_verdict(ctx, ctx.now);
        }
        for pod in self.pods.values_mut().filter(|pod| !waited || !is_from_file(&pod.pod)) {
            let cached = pod.worker.cached.clone();
            let finished = pod.worker.stage == Stage::Finished;
            cancel_worker(ctx, &mut pod.worker);
            pod.worker = Worker::new(pod.containers.len(), cached);
            if finished {
                pod.worker.stage = Stage::Finished;
            }
            pod.look();
        }
    }
}

/// Takes back everything that a worker had planned.
pub(super) fn cancel_worker(ctx: &mut Ctx<'_, NodeEvent>, worker: &mut Worker) {
    ctx.cancel(&mut worker.wanted);
    ctx.cancel(&mut worker.queue_timer);
    ctx.cancel(&mut worker.removal);
    ctx.cancel(&mut worker.deadline);
    ctx.cancel(&mut worker.mounts.retry);
    if let Some(run) = &mut worker.run {
        ctx.cancel(&mut run.timer);
    }
    for probe in &mut worker.probes {
        probe.abandon(ctx);
    }
}
