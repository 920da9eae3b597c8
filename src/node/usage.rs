//! What the pods of a machine hold of its memory, disk and process ids, now and later.
//!
//! Between two changes (a process starts or ends, an image comes or goes) all of it only grows, so the first instant at
//! which something is short can be found by bisection: see [`first_instant`].

use super::host::{Host, HostShared, NodeEvent};
use super::pod::{HostPod, Stage};
use crate::base::Name;
use crate::component::{Ctx, Settings};
use crate::fault::Resource;
use crate::kernel::{SimDuration, SimTime};

/// What a machine has, as the kubelet's eviction and the kernel see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Machine {
    /// Bytes of memory.
    pub(super) memory: u64,
    /// Bytes of the one file system for images, writable layers, logs and `emptyDir` volumes.
    pub(super) disk: u64,
    /// Files on that file system.
    pub(super) inodes: u64,
    /// Process ids.
    pub(super) pids: u64,
}

/// What something outside of pods holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Outside {
    pub(super) memory: u64,
    pub(super) disk: u64,
    pub(super) pids: u64,
}

impl HostShared {
    /// What the machine has. A node that offers all of its memory to pods has what the kubelet keeps free on top.
    pub(super) fn machine(&self, settings: &Settings) -> Machine {
        let amount = |list: &crate::api::core::ResourceList, name: &str| {
            list.get(name).map_or(0, |quantity| quantity.value().max(0) as u64)
        };
        let offered = amount(&self.allocatable, "memory") + settings.eviction_hard_memory.0;
        Machine {
            memory: amount(&self.capacity, "memory").max(offered),
            disk: amount(&self.capacity, "ephemeral-storage"),
            inodes: settings.node_inodes,
            pids: settings.node_pids,
        }
    }
}

impl HostPod {
    /// Memory of a container.
    pub(super) fn container_memory(&self, index: usize, at: SimTime) -> u64 {
        self.containers[index].running.as_ref().map_or(0, |instance| instance.app.memory_at(at))
    }

    /// Bytes in the writable layer and logs of a container.
    pub(super) fn container_disk(&self, index: usize, at: SimTime) -> u64 {
        let running = self.containers[index].running.as_ref();
        running.filter(|one| one.app.model().disk_volume.is_none()).map_or(0, |one| one.app.disk_at(at))
    }

    /// What a container has written to an `emptyDir` volume in all of its runs.
    fn written(&self, index: usize, volume: &str, at: SimTime) -> u64 {
        let truth = &self.containers[index];
        let left = truth.left_in_volume.as_ref().filter(|(name, _)| name == volume).map(|(_, bytes)| *bytes);
        let Some(app) = truth.running.as_ref().map(|instance| &instance.app) else {
            return left.unwrap_or(0);
        };
        if app.model().disk_volume.as_deref() != Some(volume) {
            return left.unwrap_or(0);
        }
        match left {
            Some(left) => left.saturating_add(app.disk_at(at) - app.model().disk.base),
            None => app.disk_at(at),
        }
    }

    /// Bytes in an `emptyDir` volume.
    pub(super) fn volume_bytes(&self, volume: &str, at: SimTime) -> u64 {
        (0..self.containers.len()).map(|index| self.written(index, volume, at)).sum()
    }

    /// What stays in the pod's volume when a process ends.
    pub(super) fn keep_volume(&mut self, index: usize, at: SimTime) {
        let running = self.containers[index].running.as_ref();
        let Some(volume) = running.and_then(|one| one.app.model().disk_volume.clone()) else { return };
        let bytes = self.written(index, &volume, at);
        self.containers[index].left_in_volume = Some((volume, bytes));
    }

    /// Memory of all containers.
    pub(super) fn memory(&self, at: SimTime) -> u64 {
        (0..self.containers.len()).map(|index| self.container_memory(index, at)).sum()
    }

    /// Whether a container holds more memory with time.
    pub(super) fn memory_grows(&self) -> bool {
        let mut running = self.containers.iter().filter_map(|truth| truth.running.as_ref());
        running.any(|instance| instance.app.model().memory.per_second > 0)
    }

    /// Writable layers, logs and `emptyDir` volumes.
    pub(super) fn disk(&self, at: SimTime) -> u64 {
        let layers = (0..self.containers.len()).map(|index| self.container_disk(index, at));
        let volumes = self.empty_dirs().map(|(name, _)| self.volume_bytes(name, at));
        layers.chain(volumes).sum()
    }

    /// The volumes that live on the machine's disk, with their limits in bytes.
    pub(super) fn empty_dirs(&self) -> impl Iterator<Item = (&Name, Option<u64>)> {
        self.pod.spec.volumes.iter().filter_map(|volume| {
            let empty_dir = volume.empty_dir.as_ref()?;
            let limit = empty_dir.size_limit.map(|limit| limit.value().max(0) as u64);
            Some((&volume.name, limit.filter(|limit| *limit > 0)))
        })
    }

    /// How many files writable layers and volumes have.
    pub(super) fn files(&self, at: SimTime) -> u64 {
        let running = self.containers.iter().filter_map(|truth| truth.running.as_ref());
        running.map(|instance| instance.app.files_at(at)).sum()
    }

    /// Whether one more process can be made in the pod; `limit` 0 = always.
    pub(super) fn can_fork(&self, at: SimTime, limit: u64) -> bool {
        limit == 0 || self.pids(at, 0) < limit
    }

    /// Whether the pod comes to its limit of processes some day.
    pub(super) fn runs_out_of_pids(&self, limit: u64) -> bool {
        let mut running = self.containers.iter().filter_map(|truth| truth.running.as_ref());
        limit > 0 && running.any(|instance| instance.app.model().pids.per_second > 0)
    }

    /// Processes of all containers; a limit on a pod's processes makes forks fail.
    pub(super) fn pids(&self, at: SimTime, limit: u64) -> u64 {
        let running = self.containers.iter().filter_map(|truth| truth.running.as_ref());
        let sum: u64 = running.map(|instance| instance.app.pids_at(at)).sum();
        if limit == 0 { sum } else { sum.min(limit) }
    }
}

impl Host {
    pub(super) fn memory_used(&self, at: SimTime) -> u64 {
        self.shared.outside.memory + self.pods.values().map(|pod| pod.memory(at)).sum::<u64>()
    }

    pub(super) fn disk_used(&self, at: SimTime) -> u64 {
        let images: u64 = self.shared.images.values().map(|image| image.bytes).sum();
        let pods = self.pods.values().filter(|pod| pod.worker.stage != Stage::Finished);
        self.shared.outside.disk + images + pods.map(|pod| pod.disk(at)).sum::<u64>()
    }

    pub(super) fn files_used(&self, at: SimTime) -> u64 {
        self.pods.values().map(|pod| pod.files(at)).sum()
    }

    pub(super) fn pids_used(&self, at: SimTime, limit: u64) -> u64 {
        self.shared.outside.pids + self.pods.values().map(|pod| pod.pids(at, limit)).sum::<u64>()
    }
}

impl Host {
    /// Something outside of pods takes so much of a resource that only this is left.
    pub fn hold_outside(&mut self, ctx: &Ctx<'_, NodeEvent>, resource: Resource, available: Option<u64>) {
        let (now, settings) = (ctx.now, ctx.settings);
        let machine = self.shared.machine(settings);
        let kept = |amount: u64| available.unwrap_or(amount);
        self.release_outside(resource);
        match resource {
            Resource::Memory => {
                let left = machine.memory.saturating_sub(self.memory_used(now));
                self.shared.outside.memory = left.saturating_sub(kept(settings.eviction_hard_memory.0 / 2));
            }
            Resource::Disk => {
                let percent = settings.eviction_hard_imagefs.max(settings.eviction_hard_nodefs);
                let left = machine.disk.saturating_sub(self.disk_used(now));
                self.shared.outside.disk = left.saturating_sub(kept(machine.disk / 200 * percent));
            }
            Resource::Pid => {
                let left = machine.pids.saturating_sub(self.pids_used(now, settings.pod_pids_limit));
                self.shared.outside.pids = left.saturating_sub(kept(0));
            }
        }
    }

    /// What was outside of pods is gone.
    pub fn release_outside(&mut self, resource: Resource) {
        self.shared.usage_changed = true;
        match resource {
            Resource::Memory => self.shared.outside.memory = 0,
            Resource::Disk => self.shared.outside.disk = 0,
            Resource::Pid => self.shared.outside.pids = 0,
        }
    }
}

/// The first instant from `now` on at which something holds that stays true once it is; `None` = not in ten years.
pub(super) fn first_instant(now: SimTime, holds: impl Fn(SimTime) -> bool) -> Option<SimTime> {
    if holds(now) {
        return Some(now);
    }
    let horizon = now.saturating_add(SimDuration::from_secs(10 * 366 * 86_400));
    if !holds(horizon) {
        return None;
    }
    let (mut before, mut after) = (now.as_nanos(), horizon.as_nanos());
    while after - before > 1 {
        let middle = before + (after - before) / 2;
        if holds(SimTime::from_nanos(middle)) { after = middle } else { before = middle }
    }
    Some(SimTime::from_nanos(after))
}
