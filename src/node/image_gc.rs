//! Images on a machine's disk, and the kubelet's garbage collector for them.
//!
//! Source: kubelet v1.32 `images/image_gc_manager.go`, `kubelet.go` StartGarbageCollection; `spec` node 5.5, 8.1. Every 5 min,
//! when the disk is 85 % full, unused images are deleted until it is 80 % full, the least recently used first.

use std::collections::BTreeSet;

use super::env::NodeEnv;
use super::host::{Host, NodeEvent};
use super::pod::Stage;
use super::usage::first_instant;
use crate::base::Name;
use crate::component::events::EventType;
use crate::component::{Class, Ctx};
use crate::kernel::SimTime;
use crate::trace::{Detail, Subject};

const SEQ_IMAGE_GC: u32 = 12;

/// An image on the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ImageOnDisk {
    /// Its size.
    pub bytes: u64,
    /// Since when it is there.
    pub since: SimTime,
    /// When a container of it was last started.
    pub used_at: SimTime,
}

impl Host {
    /// An image is on the machine from the beginning.
    pub fn preload_image(&mut self, image: Name, bytes: u64) {
        let image_on_disk = ImageOnDisk { bytes, since: SimTime::ZERO, used_at: SimTime::ZERO };
        self.shared.images.insert(image, image_on_disk);
    }

    /// Images that no pod of the machine needs, the least recently used first.
    fn unused_images(&self) -> Vec<(Name, ImageOnDisk)> {
        let pods = self.pods.values().filter(|pod| pod.worker.stage != Stage::Finished);
        let used: BTreeSet<&Name> =
            pods.flat_map(|pod| (0..pod.containers.len()).map(|index| &pod.spec(index).image)).collect();
        let unused = self.shared.images.iter().filter(|(name, _)| !used.contains(name));
        let mut unused: Vec<(Name, ImageOnDisk)> = unused.map(|(name, one)| (name.clone(), *one)).collect();
        unused.sort_by_key(|(_, image)| (image.used_at, image.since));
        unused
    }

    fn delete_image(&mut self, ctx: &mut Ctx<'_, NodeEvent>, name: &Name) {
        self.shared.images.remove(name);
        let subject = Subject::node(&self.shared.name);
        let text = format!("image {name} deleted");
        ctx.trace.record_aside(ctx.now, "kubelet", subject, "ImageDeleted", "ImageGC", text, Detail::None);
    }

    /// Under disk pressure all unused images go. Returns whether there were any.
    pub(super) fn delete_unused_images(&mut self, ctx: &mut Ctx<'_, NodeEvent>) -> bool {
        let unused = self.unused_images();
        for (name, _) in &unused {
            self.delete_image(ctx, name);
        }
        !unused.is_empty()
    }

    /// Plans the next pass of the collector that finds the disk too full.
    pub(super) fn plan_image_gc(&mut self, ctx: &mut Ctx<'_, NodeEvent>, env: NodeEnv<'_>) {
        let mut pass = self.shared.image_gc.take();
        ctx.cancel(&mut pass);
        let disk = self.shared.machine(ctx.settings).disk;
        let high = ctx.settings.image_gc_high_threshold_percent;
        if high >= 100 || disk == 0 || !self.shared.powered || !self.shared.kubelet_runs {
            return;
        }
        let full = |at: SimTime| u128::from(self.disk_used(at)) * 100 >= u128::from(disk) * u128::from(high);
        let from = if env.eager { Some(ctx.now) } else { first_instant(ctx.now, full) };
        let Some(from) = from else { return };
        let (period, phase) = (ctx.settings.image_gc_period, self.shared.kubelet_started.since_start());
        let target = self.shared.target;
        let at = if from > ctx.now {
            from.ceil_to(period, phase)
        } else {
            ctx.next_tick(period, phase, Class::Report, target, SEQ_IMAGE_GC)
        };
        self.shared.image_gc =
            Some(ctx.schedule(at, Class::Report, target, SEQ_IMAGE_GC, NodeEvent::ImageGc));
    }

    /// A pass of the collector.
    pub(super) fn collect_images(&mut self, ctx: &mut Ctx<'_, NodeEvent>) {
        self.shared.image_gc = None;
        self.shared.usage_changed = true;
        let settings = ctx.settings;
        let disk = self.shared.machine(settings).disk;
        let used = self.disk_used(ctx.now);
        let part =
            |percent: u64| u64::try_from(u128::from(disk) * u128::from(percent) / 100).unwrap_or(u64::MAX);
        if !self.shared.kubelet_works() || used < part(settings.image_gc_high_threshold_percent) {
            return;
        }
        let wanted = used.saturating_sub(part(settings.image_gc_low_threshold_percent));
        let mut freed = 0;
        for (name, image) in self.unused_images() {
            if freed >= wanted {
                break;
            }
            if ctx.now.saturating_since(image.since) >= settings.image_minimum_gc_age {
                freed += image.bytes;
                self.delete_image(ctx, &name);
            }
        }
        let failed = freed < wanted;
        if failed {
            let text = format!(
                "Failed to garbage collect required amount of images. Attempted to free {wanted} bytes, but only \
                 found {freed} bytes eligible to free."
            );
            self.node_event(ctx, EventType::Warning, "FreeDiskSpaceFailed", text.clone());
            if self.shared.eviction.image_gc_failed {
                self.node_event(ctx, EventType::Warning, "ImageGCFailed", text);
            }
        }
        self.shared.eviction.image_gc_failed = failed;
    }
}
