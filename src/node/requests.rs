//! What requests from outside do to the containers of a machine: they take CPU and memory, and slow answers to probes down.

use super::env::NodeEnv;
use super::host::{Host, NodeEvent};
use crate::component::Ctx;
use crate::workload::{ProcessId, RequestLoad};

impl Host {
    /// Requests at a process want so much from now on.
    pub fn set_requests(
        &mut self,
        ctx: &mut Ctx<'_, NodeEvent>,
        env: NodeEnv<'_>,
        process: ProcessId,
        load: RequestLoad,
    ) {
        let index = usize::from(process.container);
        self.with(process.pod, ctx, env, |cx| {
            let now = cx.ctx.now;
            let Some(instance) = &mut cx.pod.containers[index].running else { return };
            if instance.app.start_number() != process.start {
                return;
            }
            let change = instance.app.set_requests(load, now);
            if change.memory {
                cx.host.usage_changed = true;
                cx.plan_exit(index);
            }
            cx.host.cpu_changed |= change.cpu;
            if change.first || change.cpu {
                cx.wake_probes();
            }
        });
    }

    /// Requests have filled the memory of a process up to its limit.
    pub fn requests_fill_memory(
        &mut self,
        ctx: &mut Ctx<'_, NodeEvent>,
        env: NodeEnv<'_>,
        process: ProcessId,
    ) {
        let index = usize::from(process.container);
        self.with(process.pod, ctx, env, |cx| {
            let running = cx.pod.containers[index].running.as_ref();
            if running.is_some_and(|instance| instance.app.start_number() == process.start) {
                cx.oom_killed(index);
            }
        });
    }
}
