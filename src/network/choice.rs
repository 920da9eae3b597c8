//! How a proxy chooses the endpoint of a new connection.
//!
//! Source: KEP-1669 (stable 1.28), KEP-4444, kube-proxy `proxy/topology.go`, `proxy/iptables/proxier.go`; `spec` node 9.2.

use std::sync::Arc;

use super::table::{Rules, Target};
use crate::base::Name;

/// Through which door of a Service a connection comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Its cluster address: `internalTrafficPolicy` counts.
    Internal,
    /// A node port: `externalTrafficPolicy` counts.
    External,
}

/// What becomes of a new connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// It goes there.
    To(Arc<Target>),
    /// It is refused at once.
    Reject,
    /// Its packets are thrown away.
    Drop,
}

/// Whether only endpoints on the node itself count.
pub fn is_local(rules: &Rules, scope: Scope) -> bool {
    let Some(service) = &rules.service else { return false };
    let policy = match scope {
        Scope::Internal => &service.spec.internal_traffic_policy,
        Scope::External => &service.spec.external_traffic_policy,
    };
    policy.as_deref() == Some("Local")
}

/// Whether connections without any candidate are thrown away rather than rejected: traffic for local endpoints only is,
/// where there are others.
pub fn is_dropped(rules: &Rules, scope: Scope) -> bool {
    let elsewhere = !rules.ready.is_empty() || !rules.leaving.is_empty();
    is_local(rules, scope) && (elsewhere || scope == Scope::External)
}

/// Whether all proxies with these rules have the same candidates.
pub fn is_same_everywhere(rules: &Rules, scope: Scope) -> bool {
    let distribution =
        rules.service.as_ref().is_some_and(|service| service.spec.traffic_distribution.is_some());
    !distribution && !is_local(rules, scope)
}

/// The endpoints among which the proxy of a node chooses with equal probability: ready ones, or if there are none in
/// scope those that are being terminated and still serve.
pub fn candidates<'a>(
    rules: &'a Rules,
    scope: Scope,
    node: u32,
    zone: Option<&Name>,
) -> Vec<&'a Arc<Target>> {
    let local = is_local(rules, scope);
    let in_scope = |list: &'a [Arc<Target>]| -> Vec<&'a Arc<Target>> {
        list.iter().filter(|target| !local || target.node == node).collect()
    };
    let ready = in_scope(&rules.ready);
    let found = if ready.is_empty() { in_scope(&rules.leaving) } else { ready };
    closest(rules, found, node, zone)
}

/// `trafficDistribution`: endpoints nearby, where there are some.
fn closest<'a>(
    rules: &Rules,
    found: Vec<&'a Arc<Target>>,
    node: u32,
    zone: Option<&Name>,
) -> Vec<&'a Arc<Target>> {
    let wish = rules.service.as_ref().and_then(|service| service.spec.traffic_distribution.as_deref());
    let here = |target: &&Arc<Target>| target.node == node;
    let same_zone = |target: &&Arc<Target>| zone.is_some() && target.zone.as_ref() == zone;
    let near: Vec<_> = match wish {
        Some("PreferSameNode") if found.iter().any(here) => found.iter().copied().filter(here).collect(),
        Some("PreferClose" | "PreferSameZone" | "PreferSameNode") => {
            found.iter().copied().filter(same_zone).collect()
        }
        _ => return found,
    };
    if near.is_empty() { found } else { near }
}

/// What the proxy of a node does with a new connection; `draw` gives a number below its argument.
///
/// The iptables rule of endpoint i of n takes what is left with probability 1 / (n - i): all have equal shares.
pub fn choose(
    rules: &Rules,
    scope: Scope,
    node: u32,
    zone: Option<&Name>,
    draw: impl FnOnce(u64) -> u64,
) -> Choice {
    let found = candidates(rules, scope, node, zone);
    if found.is_empty() {
        return if is_dropped(rules, scope) { Choice::Drop } else { Choice::Reject };
    }
    Choice::To(found[draw(found.len() as u64) as usize].clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Uid;
    use crate::api::service::Service;

    fn target(node: u32, zone: &str) -> Arc<Target> {
        Arc::new(Target {
            pod: Uid(u128::from(node) + 1),
            namespace: "default".into(),
            name: format!("web-{node}").into(),
            node,
            zone: Some(zone.into()),
            ports: Arc::default(),
        })
    }

    fn rules(change: impl FnOnce(&mut Service)) -> Rules {
        let mut service = Service::default();
        change(&mut service);
        Rules {
            service: Some(Arc::new(service)),
            ready: vec![target(0, "a"), target(1, "a"), target(2, "b")],
            leaving: vec![target(3, "b")],
        }
    }

    fn nodes(rules: &Rules, scope: Scope, node: u32, zone: &str) -> Vec<u32> {
        let zone = Name::from(zone);
        candidates(rules, scope, node, Some(&zone)).into_iter().map(|target| target.node).collect()
    }

    /// K4: three endpoints get equal shares.
    #[test]
    fn every_endpoint_has_an_equal_share() {
        let rules = rules(|_| ());
        let chosen = (0..3).map(|index| choose(&rules, Scope::Internal, 0, None, |n| index % n));
        let nodes: Vec<_> = chosen
            .map(|choice| match choice {
                Choice::To(target) => target.node,
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(nodes, [0, 1, 2]);
    }

    #[test]
    fn endpoints_that_leave_serve_only_when_no_other_does() {
        let mut rules = rules(|_| ());
        assert_eq!(nodes(&rules, Scope::Internal, 0, "a"), [0, 1, 2]);
        rules.ready.clear();
        assert_eq!(nodes(&rules, Scope::Internal, 0, "a"), [3]);
        rules.leaving.clear();
        assert_eq!(choose(&rules, Scope::Internal, 0, None, |_| 0), Choice::Reject);
    }

    #[test]
    fn local_policies_never_leave_the_node() {
        let rules = rules(|service| service.spec.internal_traffic_policy = Some("Local".into()));
        assert_eq!(nodes(&rules, Scope::Internal, 1, "a"), [1]);
        assert_eq!(choose(&rules, Scope::Internal, 9, None, |_| 0), Choice::Drop);
        assert_eq!(nodes(&rules, Scope::External, 9, "a"), [0, 1, 2]);
        // The only local endpoint is leaving: it serves (KEP-1669).
        assert_eq!(nodes(&rules, Scope::Internal, 3, "b"), [3]);
    }

    #[test]
    fn traffic_prefers_what_is_close() {
        let close = rules(|service| service.spec.traffic_distribution = Some("PreferClose".into()));
        assert_eq!(nodes(&close, Scope::Internal, 7, "b"), [2]);
        assert_eq!(nodes(&close, Scope::Internal, 7, "c"), [0, 1, 2]);
        let same = rules(|service| service.spec.traffic_distribution = Some("PreferSameNode".into()));
        assert_eq!(nodes(&same, Scope::Internal, 1, "a"), [1]);
        assert_eq!(nodes(&same, Scope::Internal, 9, "a"), [0, 1]);
    }
}
