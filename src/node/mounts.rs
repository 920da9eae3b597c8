//! Volumes of ConfigMaps and Secrets: set up before a pod starts, and again with every sync.
//!
//! Source: kubelet v1.32 `volumemanager/volume_manager.go` WaitForAttachAndMount, `goroutinemap/exponentialbackoff`. An
//! attempt that fails is made again on its own, whatever the pod's syncs do. Not modelled: the loops of the volume manager
//! (100 and 300 ms), which only delay; volumes of other kinds, which are always there.

use std::collections::BTreeMap;

use super::backoff::{BackOff, BackOffEntry};
use super::host::NodeEvent;
use super::pod::{Run, Stage, Waiting};
use super::pod_cx::PodCx;
use crate::component::Class;
use crate::component::events::EventType;
use crate::kernel::{EventHandle, SimTime};

const SEQ_MOUNT: u32 = 6;

/// The kubelet's memory of volumes that it could not set up.
#[derive(Clone, Debug, Default)]
pub struct Mounts {
    /// By the number of the volume: the back-off since its last failure.
    failed: BTreeMap<usize, BackOffEntry>,
    /// The next attempt.
    pub(super) retry: Option<EventHandle>,
}

impl PodCx<'_, '_> {
    /// Part of the sync of a pod: whether all of its volumes are set up. If not, the sync waits.
    pub(super) fn volumes_are_ready(&mut self) -> bool {
        if self.pod.named.is_none() {
            return true;
        }
        self.mount_volumes();
        if self.pod.volumes_mounted {
            return true;
        }
        let at = self.ctx.now + self.ctx.settings.pod_attach_and_mount_timeout;
        let timer = self.schedule_step(at);
        self.pod.worker.run =
            Some(Run { waiting: Some(Waiting::Volumes), timer: Some(timer), ..Run::default() });
        false
    }

    /// Tries to set up every volume whose back-off allows it.
    fn mount_volumes(&mut self) {
        let Some(named) = self.pod.named.take() else { return };
        let now = self.ctx.now;
        for (number, volume) in named.volumes.iter().enumerate() {
            let entry = self.pod.worker.mounts.failed.get(&number).copied();
            if entry.is_some_and(|entry| now < entry.last_update + entry.delay) {
                continue;
            }
            let Some(problem) = self.volume_problem(volume) else {
                if self.pod.worker.mounts.failed.remove(&number).is_some() {
                    self.set_cause_from(volume);
                }
                continue;
            };
            self.set_cause_from(volume);
            let text = format!("MountVolume.SetUp failed for volume \"{}\" : {problem}", volume.name);
            self.pod_event(EventType::Warning, "FailedMount", &text);
            let entry = self.mount_backoff().next(entry, now, now);
            self.pod.worker.mounts.failed.insert(number, entry);
        }
        self.pod.named = Some(named);
        self.pod.volumes_mounted |= self.pod.worker.mounts.failed.is_empty();
        self.plan_mount_retry();
    }

    /// Whether a sync would find that a volume cannot be set up any more.
    pub(super) fn would_fail_to_mount(&self) -> bool {
        let volumes = self.pod.named.iter().flat_map(|named| &named.volumes).enumerate();
        let known = |number: &usize| self.pod.worker.mounts.failed.contains_key(number);
        volumes.filter(|(number, _)| !known(number)).any(|(_, volume)| self.volume_problem(volume).is_some())
    }

    fn mount_backoff(&self) -> BackOff {
        let settings = self.ctx.settings;
        // It never forgets: only success ends it.
        BackOff {
            reset: crate::kernel::SimDuration::MAX,
            ..BackOff::new(settings.volume_mount_backoff, settings.max_volume_mount_backoff)
        }
    }

    fn plan_mount_retry(&mut self) {
        let mut old = self.pod.worker.mounts.retry.take();
        self.ctx.cancel(&mut old);
        let ends = self.pod.worker.mounts.failed.values().map(|entry| entry.last_update + entry.delay);
        let Some(at) = ends.min() else { return };
        let event = NodeEvent::MountRetry { pod: self.id };
        let handle = self.ctx.schedule(at, Class::Runtime, self.pod.target, SEQ_MOUNT, event);
        self.pod.worker.mounts.retry = Some(handle);
    }

    /// The back-off of a volume is over. A sync that waits for the last one goes on.
    pub(super) fn retry_mounts(&mut self) {
        self.pod.worker.mounts.retry = None;
        if self.pod.worker.stage != Stage::Syncing {
            return;
        }
        self.mount_volumes();
        let waits = self.pod.worker.run.as_ref().is_some_and(|run| run.waiting == Some(Waiting::Volumes));
        if waits && self.pod.volumes_mounted {
            let mut timer = self.pod.worker.run.take().and_then(|run| run.timer);
            self.ctx.cancel(&mut timer);
            self.sync_pod_with_volumes();
        }
    }

    /// A sync has waited long enough for volumes. Kubelets from 1.28 on do not say so.
    pub(super) fn volumes_timed_out(&mut self) {
        if self.host.minor_version < 28 {
            let named = self.pod.named.iter().flat_map(|named| &named.volumes).enumerate();
            let failed = named.filter(|(number, _)| self.pod.worker.mounts.failed.contains_key(number));
            let unmounted: Vec<&str> = failed.map(|(_, volume)| volume.name.as_str()).collect();
            let all: Vec<&str> = crate::api::references::mounted_volumes(&self.pod.pod.spec)
                .map(|volume| volume.name.as_str())
                .collect();
            let text = format!(
                "Unable to attach or mount volumes: unmounted volumes=[{}], unattached volumes=[{}]: timed out waiting for the \
                 condition",
                unmounted.join(" "),
                all.join(" ")
            );
            self.pod_event(EventType::Warning, "FailedMount", &text);
        }
        self.end_sync(true);
    }

    fn schedule_step(&mut self, at: SimTime) -> EventHandle {
        let event = NodeEvent::RunStep { pod: self.id };
        self.ctx.schedule(at, Class::Runtime, self.pod.target, super::run::SEQ_RUN, event)
    }
}
