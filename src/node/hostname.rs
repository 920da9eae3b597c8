//! The name by which the containers of a pod know their machine.
//!
//! Source: kubelet v1.32 `kubelet_pods.go` GeneratePodHostNameAndDomain, `util/util.go` GetNodenameForKernel; `spec` node 6.1,
//! 6.4. All containers of a pod share it, since they share the UTS namespace.

use crate::api::pod::Pod;
use crate::base::Name;

/// Longest name that the kernel takes.
const LONGEST: usize = 63;
const CLUSTER_DOMAIN: &str = "cluster.local";

/// What `hostname` prints in a container of `pod` on `node`.
pub fn hostname(pod: &Pod, node: &Name) -> Name {
    if pod.spec.host_network {
        return node.clone();
    }
    let as_domain =
        pod.spec.set_hostname_as_fqdn.as_deref().and_then(serde_json::Value::as_bool) == Some(true);
    if as_domain { fully_qualified(pod, node) } else { short(pod) }
}

/// What `hostname -f` prints: with the domain that a `subdomain` gives.
pub fn fully_qualified(pod: &Pod, node: &Name) -> Name {
    if pod.spec.host_network {
        return node.clone();
    }
    let short = short(pod);
    match pod.spec.subdomain.as_ref().filter(|domain| !domain.is_empty()) {
        Some(domain) => {
            let namespace = &pod.metadata.namespace;
            format!("{short}.{domain}.{namespace}.svc.{CLUSTER_DOMAIN}").into()
        }
        None => short,
    }
}

fn short(pod: &Pod) -> Name {
    let given = pod.spec.hostname.as_ref().filter(|name| !name.is_empty());
    let name = given.unwrap_or(&pod.metadata.name);
    // Names of objects are ASCII.
    let cut = name.get(..LONGEST.min(name.len())).unwrap_or(name);
    cut.trim_end_matches(['-', '.']).into()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::api::pod::PodSpec;

    fn pod(name: &str, spec: PodSpec) -> Pod {
        let mut pod = Pod { spec: Arc::new(spec), ..Pod::default() };
        pod.metadata.name = name.into();
        pod.metadata.namespace = "shop".into();
        pod
    }

    #[test]
    fn a_pod_is_called_like_itself_unless_it_says_otherwise() {
        let node = Name::from("worker-1");
        let plain = pod("web-0", PodSpec::default());
        assert_eq!(hostname(&plain, &node), "web-0");
        assert_eq!(
            hostname(&pod(&format!("{}-{}", "a".repeat(62), "b"), PodSpec::default()), &node),
            "a".repeat(62).as_str()
        );
        let spec =
            PodSpec { hostname: Some("db".into()), subdomain: Some("data".into()), ..PodSpec::default() };
        assert_eq!(hostname(&pod("x", spec.clone()), &node), "db");
        assert_eq!(fully_qualified(&pod("x", spec.clone()), &node), "db.data.shop.svc.cluster.local");
        let on_host = PodSpec { host_network: true, ..spec };
        assert_eq!(hostname(&pod("x", on_host), &node), "worker-1");
    }
}
