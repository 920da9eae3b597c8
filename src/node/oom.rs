//! A machine that runs out of memory: the kernel's OOM killer takes the process with the highest score.
//!
//! Source: Linux `mm/oom_kill.c` oom_badness, kubelet v1.32 `oom/oom_watcher_linux.go`, `qos/policy.go`; `spec` node 3.2, 5.2.
//! The score is memory in pages plus `oom_score_adj` thousandths of the machine. What is outside of pods is never taken.

use super::env::NodeEnv;
use super::host::{Host, NodeEvent};
use super::usage::first_instant;
use crate::api::qos::oom_score_adj;
use crate::component::events::EventType;
use crate::component::{Class, Ctx};

const SEQ_OOM: u32 = 5;

impl Host {
    /// Plans the instant at which the machine's memory is used up.
    pub(super) fn plan_oom(&mut self, ctx: &mut Ctx<'_, NodeEvent>) {
        ctx.cancel(&mut self.shared.out_of_memory);
        let memory = self.shared.machine(ctx.settings).memory;
        if !self.shared.powered || memory == 0 {
            return;
        }
        let anyone = self.pods.values().any(|pod| pod.memory(ctx.now) > 0 || pod.memory_grows());
        let Some(at) = first_instant(ctx.now, |at| self.memory_used(at) >= memory).filter(|_| anyone) else {
            return;
        };
        let event = NodeEvent::OutOfMemory;
        let handle = ctx.schedule(at, Class::Application, self.shared.target, SEQ_OOM, event);
        self.shared.out_of_memory = Some(handle);
    }

    /// The machine's memory is used up: processes are killed until there is some again.
    pub(super) fn out_of_memory(&mut self, ctx: &mut Ctx<'_, NodeEvent>, env: NodeEnv<'_>) {
        self.shared.out_of_memory = None;
        self.shared.usage_changed = true;
        let memory = self.shared.machine(ctx.settings).memory;
        while self.memory_used(ctx.now) >= memory {
            let Some((pod, container)) = self.oom_victim(ctx) else { return };
            let (name, pid) = {
                let pod = &self.pods[&pod];
                let pid = pod.containers[container].running.as_ref().map_or(0, |instance| instance.pid);
                (pod.spec(container).name.clone(), pid)
            };
            let text = format!("System OOM encountered, victim process: {name}, pid: {pid}");
            if self.shared.kubelet_works() {
                self.node_event(ctx, EventType::Warning, "SystemOOM", text);
            }
            self.with(pod, ctx, env, |cx| cx.oom_killed(container));
        }
    }

    /// The process with the highest score; among equals the oldest pod's first.
    fn oom_victim(&self, ctx: &Ctx<'_, NodeEvent>) -> Option<(u32, usize)> {
        let memory = i64::try_from(self.shared.machine(ctx.settings).memory).unwrap_or(i64::MAX);
        let mut worst: Option<(i128, u32, usize)> = None;
        for (id, pod) in &self.pods {
            for index in 0..pod.containers.len() {
                let usage = pod.container_memory(index, ctx.now);
                if usage == 0 {
                    continue;
                }
                let adjust = i128::from(oom_score_adj(&pod.pod.spec, pod.spec(index), memory));
                let score = i128::from(usage) + adjust * i128::from(memory) / 1000;
                if worst.is_none_or(|(most, ..)| score > most) {
                    worst = Some((score, *id, index));
                }
            }
        }
        worst.map(|(_, id, index)| (id, index))
    }
}
