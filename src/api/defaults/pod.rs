//! Defaults of pods, pod templates and their containers: `pkg/apis/core/v1/defaults.go`.

use serde_json::json;

use super::{Defaults, option_defaults};
use crate::api::core::{Opaque, ResourceList};
use crate::api::pod::{
    Container, ContainerPort, EmptyDir, HttpGetAction, ImagePullPolicy, LifecycleHandler, Pod, PodSpec,
    PodTemplate, Probe, Resources, Volume,
};
use crate::api::qos::{RequestOptions, is_pod_level_resource, pod_requests_with};

/// Default of `spec.schedulerName`.
pub(crate) const DEFAULT_SCHEDULER: &str = "default-scheduler";
const GRACE_SECONDS: i64 = 30;

impl Defaults for Pod {
    fn is_complete(&self) -> bool {
        let spec = &self.spec;
        spec.is_complete()
            && spec.enable_service_links.is_some()
            && containers(spec).all(|container| missing_requests(&container.resources).next().is_none())
            && (!spec.host_network
                || containers(spec).all(|container| container.ports.iter().all(has_host_port)))
            && missing_pod_requests(spec).is_empty()
    }

    /// Some defaults apply to pods but not to templates: requests from limits, and host ports.
    fn fill(&mut self) {
        let spec = std::sync::Arc::make_mut(&mut self.spec);
        spec.fill();
        spec.enable_service_links.get_or_insert(true);
        let host_network = spec.host_network;
        for container in spec.containers.iter_mut().chain(&mut spec.init_containers) {
            let missing: ResourceList = missing_requests(&container.resources).collect();
            container.resources.requests.extend(missing);
            for port in container.ports.iter_mut().filter(|port| host_network && !has_host_port(port)) {
                port.host_port = Some(port.container_port);
            }
        }
        let missing = missing_pod_requests(spec);
        if let Some(resources) = &mut spec.resources {
            resources.requests.extend(missing);
        }
    }
}

fn containers(spec: &PodSpec) -> impl Iterator<Item = &Container> {
    spec.containers.iter().chain(&spec.init_containers)
}

fn has_host_port(port: &ContainerPort) -> bool {
    port.host_port.is_some_and(|port| port != 0)
}

/// Limits of resources that have no request, which then requests as much.
fn missing_requests(
    resources: &Resources,
) -> impl Iterator<Item = (crate::base::Name, crate::base::Quantity)> {
    let missing = resources.limits.iter().filter(|(name, _)| !resources.requests.contains_key(*name));
    missing.map(|(name, quantity)| (name.clone(), *quantity))
}

/// Pod-level requests that pod-level limits call for: what the containers request, or else the limit.
fn missing_pod_requests(spec: &PodSpec) -> ResourceList {
    let Some(resources) = spec.resources.as_ref().filter(|resources| !resources.limits.is_empty()) else {
        return ResourceList::new();
    };
    let options = RequestOptions { skip_pod_level: true, skip_overhead: true, missing: None };
    let mut missing = resources.limits.clone();
    missing.extend(pod_requests_with(spec, options));
    missing.retain(|name, _| is_pod_level_resource(name) && !resources.requests.contains_key(name));
    missing
}

impl Defaults for PodTemplate {
    fn is_complete(&self) -> bool {
        self.spec.is_complete()
    }

    fn fill(&mut self) {
        PodSpec::fill_shared(&mut self.spec);
    }
}

impl Defaults for PodSpec {
    option_defaults!(
        spec,
        spec.containers.is_complete()
            && spec.init_containers.is_complete()
            && spec.volumes.is_complete()
            && spec.overhead.is_complete(),
        {
            spec.containers.fill();
            spec.init_containers.fill();
            spec.volumes.fill();
            spec.overhead.fill();
        },
        dns_policy: "ClusterFirst".into(),
        security_context: Box::new(json!({})),
        termination_grace_period_seconds: GRACE_SECONDS,
        scheduler_name: DEFAULT_SCHEDULER.into(),
    );
}

impl Defaults for Volume {
    fn is_complete(&self) -> bool {
        let sources: [&Opaque; 29] = [
            &self.host_path,
            &self.config_map,
            &self.secret,
            &self.persistent_volume_claim,
            &self.projected,
            &self.downward_api,
            &self.ephemeral,
            &self.csi,
            &self.nfs,
            &self.iscsi,
            &self.rbd,
            &self.cephfs,
            &self.cinder,
            &self.glusterfs,
            &self.quobyte,
            &self.git_repo,
            &self.gce_persistent_disk,
            &self.aws_elastic_block_store,
            &self.image,
            &self.fc,
            &self.flex_volume,
            &self.flocker,
            &self.azure_disk,
            &self.azure_file,
            &self.vsphere_volume,
            &self.photon_persistent_disk,
            &self.portworx_volume,
            &self.scale_io,
            &self.storageos,
        ];
        self.empty_dir.is_some() || sources.iter().any(|source| source.is_some())
    }

    /// A volume without a source is an empty directory.
    fn fill(&mut self) {
        if !self.is_complete() {
            self.empty_dir = Some(EmptyDir::default());
        }
    }
}

impl Defaults for Container {
    option_defaults!(
        container,
        container.ports.is_complete()
            && container.resources.is_complete()
            && container.liveness_probe.is_complete()
            && container.readiness_probe.is_complete()
            && container.startup_probe.is_complete()
            && container.lifecycle.as_ref().is_none_or(|hooks| {
                [&hooks.post_start, &hooks.pre_stop].into_iter().flatten().all(Defaults::is_complete)
            }),
        {
            container.ports.fill();
            container.resources.fill();
            container.liveness_probe.fill();
            container.readiness_probe.fill();
            container.startup_probe.fill();
            if let Some(hooks) = &mut container.lifecycle {
                [&mut hooks.post_start, &mut hooks.pre_stop].into_iter().flatten().for_each(Defaults::fill);
            }
        },
        image_pull_policy: pull_policy(&container.image),
        termination_message_path: "/dev/termination-log".into(),
        termination_message_policy: "File".into(),
    );
}

/// The pull policy of an image for which none is given: `Always` for the tag `latest`, which is also meant when there is
/// neither tag nor digest, else `IfNotPresent`.
pub fn pull_policy(image: &str) -> ImagePullPolicy {
    let (name, digest) = image.split_once('@').map_or((image, None), |(name, digest)| (name, Some(digest)));
    let last = name.rsplit('/').next().unwrap_or_default();
    let latest = match last.split_once(':') {
        Some((_, tag)) => tag == "latest",
        None => digest.is_none() && !name.is_empty(),
    };
    if latest { ImagePullPolicy::Always } else { ImagePullPolicy::IfNotPresent }
}

impl Defaults for ContainerPort {
    option_defaults!(port, true, {}, protocol: "TCP".into());
}

impl Defaults for Resources {
    fn is_complete(&self) -> bool {
        self.requests.is_complete() && self.limits.is_complete()
    }

    fn fill(&mut self) {
        self.requests.fill();
        self.limits.fill();
    }
}

impl Defaults for Probe {
    fn is_complete(&self) -> bool {
        let set = |number: Option<i32>| number.is_some_and(|number| number != 0);
        set(self.timeout_seconds)
            && set(self.period_seconds)
            && set(self.success_threshold)
            && set(self.failure_threshold)
            && self.http_get.as_ref().is_none_or(Defaults::is_complete)
    }

    /// Zero counts as absent.
    fn fill(&mut self) {
        let fill = |number: &mut Option<i32>, default| {
            if number.is_none_or(|number| number == 0) {
                *number = Some(default);
            }
        };
        fill(&mut self.timeout_seconds, 1);
        fill(&mut self.period_seconds, 10);
        fill(&mut self.success_threshold, 1);
        fill(&mut self.failure_threshold, 3);
        self.http_get.iter_mut().for_each(Defaults::fill);
    }
}

impl Defaults for HttpGetAction {
    option_defaults!(action, true, {}, path: "/".into(), scheme: "HTTP".into());
}

impl Defaults for LifecycleHandler {
    fn is_complete(&self) -> bool {
        self.http_get.as_ref().is_none_or(Defaults::is_complete)
    }

    fn fill(&mut self) {
        self.http_get.iter_mut().for_each(Defaults::fill);
    }
}
