//! A machine whose network plugin does not work: no pod gets a network, those that have one keep it.
//!
//! Source: kubelet v1.32 `kubelet.go` updateRuntimeUp and SyncPod; `spec` node 2.1, 2.4, 7.2. The kubelet learns of it from the
//! runtime's status. Not modelled: a sandbox that is made between the failure and that check.

use super::host::{Host, HostShared, NodeEvent};
use super::pod_cx::PodCx;
use crate::component::events::EventType;
use crate::component::{Class, Ctx};
use crate::kernel::{EventHandle, SimDuration};
use crate::trace::RecordId;

const SEQ_NETWORK_CHECK: u32 = 13;
/// What the runtime says of its network (containerd).
pub(super) const NOT_READY: &str = "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady \
                                    message:Network plugin returns error: cni plugin not initialized";

/// The network plugin of a machine, and what its kubelet knows of it.
#[derive(Clone, Debug, Default)]
pub(super) struct NetworkPlugin {
    is_down: bool,
    /// Whether the kubelet has seen that it is down.
    pub(super) seen_down: bool,
    check: Option<EventHandle>,
    /// The record of what made it stop.
    cause: RecordId,
}

impl NetworkPlugin {
    /// A kubelet that starts looks at once.
    pub(super) fn look(&mut self) -> bool {
        self.seen_down = self.is_down;
        self.seen_down
    }

    /// The kubelet stops.
    pub(super) fn forget(&mut self, ctx: &mut Ctx<'_, NodeEvent>) {
        ctx.cancel(&mut self.check);
    }
}

impl Host {
    /// The network plugin stops, or works again: the kubelet sees it at its next check of the runtime.
    pub fn set_network_plugin(&mut self, ctx: &mut Ctx<'_, NodeEvent>, works: bool) {
        let at = ctx.now.ceil_to(ctx.settings.runtime_check_period, SimDuration::ZERO);
        let target = self.shared.target;
        let plugin = &mut self.shared.network_plugin;
        plugin.is_down = !works;
        plugin.cause = ctx.trace.cause();
        ctx.cancel(&mut plugin.check);
        if self.shared.kubelet_runs && self.shared.powered {
            let event = NodeEvent::NetworkCheck;
            plugin.check = Some(ctx.schedule(at, Class::Report, target, SEQ_NETWORK_CHECK, event));
        }
    }

    /// The kubelet sees whether the network plugin works.
    pub(super) fn check_network(&mut self, ctx: &mut Ctx<'_, NodeEvent>, env: super::NodeEnv<'_>) {
        self.shared.network_plugin.check = None;
        let before = self.shared.network_plugin.seen_down;
        if self.shared.network_plugin.look() == before {
            return;
        }
        self.shared.schedule_verdict(ctx, ctx.now);
        for id in self.ids() {
            self.with(id, ctx, env, |cx| {
                if cx.lacks_network() {
                    cx.wake_idle_sync();
                }
            });
        }
    }
}

impl HostShared {
    /// Whether the kubelet knows of nothing that keeps the node from being ready.
    pub(super) fn is_well(&self) -> bool {
        self.runtime_answers && !self.network_plugin.seen_down
    }
}

impl PodCx<'_, '_> {
    /// Whether the pod needs a network of its own, and the kubelet knows that there is none.
    pub(super) fn lacks_network(&self) -> bool {
        self.host.network_plugin.seen_down && !self.pod.pod.spec.host_network
    }

    /// The end of a sync that found no network.
    pub(super) fn network_not_ready(&mut self) {
        self.ctx.trace.set_cause(self.host.network_plugin.cause);
        let text = format!("network is not ready: {NOT_READY}");
        self.pod_event(EventType::Warning, "NetworkNotReady", &text);
        self.end_sync_for(self.ctx.settings.network_not_ready_backoff, true);
    }
}
