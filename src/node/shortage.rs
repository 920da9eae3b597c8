//! Programs that end because they get no more of something: a full disk, no more processes.
//!
//! The kernel refuses the write (ENOSPC) or the fork (EAGAIN) and kills nobody; what the program makes of it is its own affair
//! (`AppModel` fields `disk.exitWhenFull`, `pids.exitWhenForkFails`). `spec` node 5.5.

use super::env::NodeEnv;
use super::host::{Host, NodeEvent};
use super::usage::first_instant;
use crate::component::Ctx;
use crate::kernel::SimTime;
use crate::workload::{AppModel, Exit};

impl Host {
    /// Plans the ends of programs that do not go on without disk space or processes.
    pub(super) fn plan_shortages(&mut self, ctx: &mut Ctx<'_, NodeEvent>, env: NodeEnv<'_>) {
        for id in self.ids() {
            for container in 0..self.pods[&id].containers.len() {
                let Some(instance) = &self.pods[&id].containers[container].running else { continue };
                let model = instance.app.model().clone();
                if model.disk_full.is_none() && model.fork_failed.is_none() {
                    continue;
                }
                let exit = self.shortage(ctx, id, &model);
                self.with(id, ctx, env, |cx| {
                    let running = &mut cx.pod.containers[container].running;
                    if running.as_mut().is_some_and(|instance| instance.app.set_shortage(exit)) {
                        cx.plan_exit(container);
                    }
                });
            }
        }
    }

    /// The first exit for want of something.
    fn shortage(&self, ctx: &Ctx<'_, NodeEvent>, id: u32, model: &AppModel) -> Option<Exit> {
        let (now, machine) = (ctx.now, self.shared.machine(ctx.settings));
        let pod = &self.pods[&id];
        let limit = ctx.settings.pod_pids_limit;
        let disk =
            model.disk_full.filter(|_| model.disk.per_second > 0 && machine.disk > 0).and_then(|code| {
                let at = first_instant(now, |at: SimTime| self.disk_used(at) >= machine.disk)?;
                Some(Exit::new(at, code))
            });
        let fork = model.fork_failed.filter(|_| model.pids.per_second > 0).and_then(|code| {
            let refused = |at: SimTime| {
                limit > 0 && pod.pids(at, 0) > limit || self.pids_used(at, limit) > machine.pids
            };
            Some(Exit::new(first_instant(now, refused)?, code))
        });
        disk.into_iter().chain(fork).min_by_key(|exit| exit.at)
    }
}
