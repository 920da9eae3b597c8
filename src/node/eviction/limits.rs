//! Limits on local storage, which the kubelet enforces by eviction.
//!
//! Source: kubelet v1.32 `eviction_manager.go` localStorageEviction; `spec` node 5.5.

use super::is_active;
use crate::base::{Name, Quantity};
use crate::kernel::SimTime;
use crate::node::pod::HostPod;

/// Why a pod must go, if it holds more than it may: an `emptyDir`, then the pod, then a container.
pub(super) fn exceeded(pod: &HostPod, at: SimTime) -> Option<String> {
    if !is_active(pod) {
        return None;
    }
    empty_dir(pod, at).or_else(|| whole_pod(pod, at)).or_else(|| container(pod, at))
}

fn empty_dir(pod: &HostPod, at: SimTime) -> Option<String> {
    let (name, limit) = pod
        .empty_dirs()
        .find(|(name, limit)| limit.is_some_and(|limit| pod.volume_bytes(name, at) > limit))?;
    let limit = Quantity::from_bytes(limit? as i64);
    Some(format!("Usage of EmptyDir volume \"{name}\" exceeds the limit \"{limit}\". "))
}

fn limit_of(pod: &HostPod, index: usize) -> Option<Quantity> {
    pod.spec(index).resources.limits.get("ephemeral-storage").copied()
}

fn whole_pod(pod: &HostPod, at: SimTime) -> Option<String> {
    let regular = pod.init_count()..pod.containers.len();
    let sidecars = (0..pod.init_count()).filter(|index| pod.is_sidecar(*index));
    let limits: Vec<Quantity> = sidecars.chain(regular).filter_map(|index| limit_of(pod, index)).collect();
    let limit = limits.into_iter().reduce(|sum, one| sum + one)?;
    (i128::from(pod.disk(at)) > i128::from(limit.value()))
        .then(|| format!("Pod ephemeral local storage usage exceeds the total limit of containers {limit}. "))
}

fn container(pod: &HostPod, at: SimTime) -> Option<String> {
    (0..pod.containers.len()).find_map(|index| {
        let limit = limit_of(pod, index)?;
        let name: &Name = &pod.spec(index).name;
        (i128::from(pod.container_disk(index, at)) > i128::from(limit.value()))
            .then(|| format!("Container {name} exceeded its local ephemeral storage limit \"{limit}\". "))
    })
}
