//! What the kubelet reports of its node: pressure conditions, and that it is shutting down.
//!
//! Source: kubelet v1.32 `kubelet_node_status.go`, `nodestatus/setters.go`; `spec` node 7.1. The status is computed every 10 s;
//! what has not changed is not sent, and ticks without news are not simulated.

use std::collections::BTreeSet;

use super::eviction::Pressure;
use super::host::{Host, HostShared, NodeEvent};
use crate::api::core::{Condition, ConditionStatus};
use crate::api::{Kind, ObjectRef, Patch, Request};
use crate::base::Name;
use crate::component::events::EventType;
use crate::component::{Class, Ctx};
use crate::kernel::{EventHandle, SimDuration};

const SEQ_NODE_STATUS: u32 = 11;
/// Token of requests about the node; those about pods carry the index of the pod.
pub(super) const NODE_STATUS_TOKEN: u64 = u64::MAX;

/// What was reported last, and when the next report is due.
#[derive(Clone, Debug, Default)]
pub(super) struct NodeReport {
    pressures: BTreeSet<Pressure>,
    next: Option<EventHandle>,
    /// Somebody has declared the node Unknown: the next report says all.
    disputed: bool,
}

impl NodeReport {
    /// A kubelet that starts reports a node without pressure; one that stops reports nothing.
    pub(super) fn forget(&mut self, ctx: &mut Ctx<'_, NodeEvent>) {
        ctx.cancel(&mut self.next);
        self.pressures.clear();
        self.disputed = false;
    }
}

impl HostShared {
    /// Something is to be reported with the next node status.
    pub(super) fn plan_node_status(&mut self, ctx: &mut Ctx<'_, NodeEvent>) {
        if self.report.next.is_some() || !self.powered || !self.kubelet_runs {
            return;
        }
        let period = ctx.settings.node_status_update_frequency;
        let at = ctx.next_tick(period, SimDuration::ZERO, Class::Report, self.target, SEQ_NODE_STATUS);
        let event = NodeEvent::NodeStatus;
        self.report.next = Some(ctx.schedule(at, Class::Report, self.target, SEQ_NODE_STATUS, event));
    }

    /// The node is said to be Unknown, though its kubelet is there to hear of it.
    pub(super) fn declared_unknown(&mut self, ctx: &mut Ctx<'_, NodeEvent>) {
        self.report.disputed = true;
        self.plan_node_status(ctx);
    }

    /// Whether the report that is due says all, and not only what has changed. Asked once.
    pub fn take_dispute(&mut self) -> bool {
        if self.report.disputed {
            self.report.pressures.clear();
        }
        !self.says_not_ready() && std::mem::take(&mut self.report.disputed)
    }

    /// Sends one condition of the node.
    pub(super) fn send_condition(&mut self, ctx: &mut Ctx<'_, NodeEvent>, condition: Condition) {
        let target = ObjectRef { kind: Kind::Node, namespace: Name::default(), name: self.name.clone() };
        let now = Some(ctx.timestamp());
        let condition = Condition { last_heartbeat_time: now, last_transition_time: now, ..condition };
        let request = Request::Patch { target, uid: None, patch: Patch::Condition(condition) };
        self.client.submit(ctx, request, Some(NODE_STATUS_TOKEN));
    }
}

impl Host {
    /// The node's status is due: what has changed is sent.
    pub(super) fn node_status(&mut self, ctx: &mut Ctx<'_, NodeEvent>) {
        self.shared.report.next = None;
        if self.shared.says_not_ready() && std::mem::take(&mut self.shared.report.disputed) {
            self.send_verdict(ctx);
        }
        let name = self.shared.name.clone();
        for pressure in Pressure::ALL {
            let under = self.shared.eviction.pressures.contains(&pressure);
            if under == self.shared.report.pressures.contains(&pressure) {
                continue;
            }
            let (reason, news) = pressure.reason(under);
            let condition = Condition {
                kind: pressure.condition().into(),
                status: if under { ConditionStatus::True } else { ConditionStatus::False },
                reason: Some(reason.into()),
                message: Some(pressure.message(under).into()),
                ..Condition::default()
            };
            self.shared.send_condition(ctx, condition);
            self.shared.node_event(
                ctx,
                EventType::Normal,
                news,
                format!("Node {name} status is now: {news}"),
            );
        }
        self.shared.report.pressures.clone_from(&self.shared.eviction.pressures);
    }

    /// A node status did not get through: all of it is sent again with the next one.
    pub(super) fn node_status_failed(&mut self, ctx: &mut Ctx<'_, NodeEvent>) {
        self.shared.report.pressures.clear();
        self.shared.report.disputed = true;
        self.shared.plan_node_status(ctx);
    }
}
