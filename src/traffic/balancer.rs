//! Load balancers of the cloud: which nodes they send requests to, as their health checks see it.
//!
//! Source: KEP-3836, kube-proxy `proxy/healthcheck`; `spec` node 9.2. With `externalTrafficPolicy: Cluster` a check asks
//! kube-proxy whether it is well; with `Local` whether the node has a ready endpoint.

use std::collections::BTreeMap;

use crate::base::Name;
use crate::kernel::SimTime;
use crate::network::Rules;
use crate::network::Scope;
use crate::network::choice::is_local;

use super::engine::{Happening, Sort, Traffic, TrafficCtx};

/// What a load balancer thinks of a node.
#[derive(Clone, Copy, Debug)]
struct Health {
    is_up: bool,
    /// Checks in a row that found the opposite.
    against: u64,
}

/// The load balancers of all Services that have one.
#[derive(Clone, Debug, Default)]
pub(super) struct Balancers(BTreeMap<(Name, Name), BTreeMap<u32, Health>>);

impl Balancers {
    /// The nodes that get requests; none of them has to have power.
    pub(super) fn nodes(&self, namespace: &Name, service: &Name) -> Vec<u32> {
        let nodes = self.0.get(&(namespace.clone(), service.clone())).into_iter().flatten();
        nodes.filter(|(_, health)| health.is_up).map(|(node, _)| *node).collect()
    }
}

/// Whether the cloud has given a Service its load balancer.
fn is_provided(rules: &Rules) -> bool {
    rules.service.as_ref().is_some_and(|service| {
        service.spec.kind.as_deref() == Some("LoadBalancer")
            && !service.status.load_balancer.ingress.is_empty()
    })
}

impl Traffic {
    /// Plans the next round of health checks.
    pub(super) fn plan_checks(&mut self, at: SimTime) {
        self.at(at, Sort::Checks, 0, 0, Happening::Checks);
    }

    /// All load balancers check all nodes.
    pub(super) fn check_nodes(&mut self, ctx: &mut TrafficCtx<'_>) {
        let services: Vec<(Name, Name)> = self.balanced();
        for (namespace, service) in services {
            let Some(newest) =
                ctx.services.newest(&namespace, &service).filter(|rules| is_provided(rules)).cloned()
            else {
                continue;
            };
            let found: Vec<(u32, bool)> = (0..ctx.cluster.nodes())
                .map(|node| (node, self.passes_check(ctx, node, &namespace, &service, &newest)))
                .collect();
            let threshold = ctx.settings.load_balancer_check_threshold;
            let nodes = self.balancers.0.entry((namespace, service)).or_default();
            for (node, passes) in found {
                // The first check decides at once: the load balancer is not announced before it.
                let health = nodes.entry(node).or_insert(Health { is_up: passes, against: 0 });
                health.against = if passes == health.is_up { 0 } else { health.against + 1 };
                if health.against >= threshold {
                    *health = Health { is_up: passes, against: 0 };
                }
            }
        }
        let next = ctx.now + ctx.settings.load_balancer_check_period;
        if next <= ctx.end {
            self.plan_checks(next);
        }
    }

    fn passes_check(
        &self,
        ctx: &mut TrafficCtx<'_>,
        node: u32,
        namespace: &Name,
        service: &Name,
        newest: &Rules,
    ) -> bool {
        if !ctx.cluster.has_power(node) {
            return false;
        }
        if !is_local(newest, Scope::External) {
            return true;
        }
        let timing = ctx.timing();
        let version = ctx.proxies.version(node, ctx.now, ctx.services, timing);
        let rules = ctx.services.at(namespace, service, version);
        rules.is_some_and(|rules| rules.ready.iter().any(|target| target.node == node))
    }
}
