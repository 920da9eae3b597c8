//! GPU devices of a node and what pods take of them: a share of one device, or several whole ones.
//!
//! kube-scheduler counts devices as extended resources (`nvidia.com/gpu: 2`) and knows nothing of shares. Shares are
//! described as in Alibaba's open-gpu-share and its published traces: annotations of the pod
//! (`alibabacloud.com/gpu-milli`, thousandths of each device; `gpu-count`; `gpu-card-model`, models joined by `|`),
//! allocatable `alibabacloud.com/gpu-count` and label `alibabacloud.com/gpu-card-model` of the node. Which device a pod
//! gets is decided when it is assumed; only plugins of [`super::policies`] look at devices.

use std::sync::Arc;

use crate::api::Labels;
use crate::api::core::ResourceList;
use crate::api::node::Node;
use crate::base::Name;

use super::ids::PodId;

/// A whole device.
pub const WHOLE: i64 = 1000;
/// Devices that a node may have.
const DEVICES_MAX: usize = 64;

/// Annotation: thousandths of each device that the pod takes.
pub const GPU_MILLI: &str = "alibabacloud.com/gpu-milli";
/// Annotation of pods and allocatable resource of nodes: a number of devices.
pub const GPU_COUNT: &str = "alibabacloud.com/gpu-count";
/// Annotation of pods (models joined by `|`) and label of nodes: the model of the devices.
pub const GPU_MODEL: &str = "alibabacloud.com/gpu-card-model";
/// Label that NVIDIA's feature discovery gives to nodes.
const NVIDIA_MODEL: &str = "nvidia.com/gpu.product";

/// What a pod asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct GpuDemand {
    /// How many devices.
    pub devices: u32,
    /// How much of each, in thousandths.
    pub milli: i64,
    /// The models that will do; empty: all.
    pub models: Arc<[Name]>,
}

impl GpuDemand {
    /// `milli` of each of `devices`. More than a whole device is a whole device, and several are always whole.
    pub fn new(devices: u32, milli: i64, models: &str) -> Self {
        let milli = if devices > 1 { WHOLE } else { milli.min(WHOLE) };
        if devices == 0 || milli <= 0 {
            return Self::default();
        }
        let models = models.split('|').map(str::trim).filter(|model| !model.is_empty());
        Self { devices, milli, models: models.map(Name::from).collect() }
    }

    /// What the annotations of a pod say, if they say anything.
    pub fn annotated(annotations: &Labels) -> Option<Self> {
        let number = |key| annotations.get(key).and_then(|text| text.as_str().trim().parse::<u32>().ok());
        let (milli, count) = (number(GPU_MILLI), number(GPU_COUNT));
        if milli.is_none() && count.is_none() {
            return None;
        }
        let models = annotations.get(GPU_MODEL).map_or("", Name::as_str);
        Some(Self::new(count.unwrap_or(1), milli.map_or(WHOLE, i64::from), models))
    }

    /// Whole devices as an extended resource of any vendor (`nvidia.com/gpu`, `amd.com/gpu`).
    pub fn of_resources<'a>(scalars: impl Iterator<Item = (&'a Name, i64)>) -> Self {
        let devices: i64 = scalars.filter(|(name, _)| name.ends_with("/gpu")).map(|(_, amount)| amount).sum();
        Self::new(u32::try_from(devices).unwrap_or(0), WHOLE, "")
    }

    /// Whether nothing is asked for.
    pub fn is_none(&self) -> bool {
        self.devices == 0
    }

    /// Whether it is less than a whole device.
    pub fn is_share(&self) -> bool {
        self.devices == 1 && self.milli < WHOLE
    }

    /// Thousandths of a device, all together.
    pub fn total(&self) -> i64 {
        i64::from(self.devices) * self.milli
    }

    /// Whether devices of this model will do.
    pub fn admits(&self, model: &str) -> bool {
        self.models.is_empty() || self.models.iter().any(|wanted| wanted == model)
    }
}

/// Devices of one node, by number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeviceSet(u64);

impl DeviceSet {
    /// This one only.
    pub fn of(device: usize) -> Self {
        Self(1 << device)
    }

    /// Adds a device.
    pub fn insert(&mut self, device: usize) {
        self.0 |= 1 << device;
    }

    /// The devices, in order.
    pub fn iter(self) -> impl Iterator<Item = usize> {
        (0..DEVICES_MAX).filter(move |device| self.0 & (1 << device) != 0)
    }
}

/// A pod with devices.
#[derive(Clone, Debug)]
struct Holder {
    pod: PodId,
    devices: DeviceSet,
    demand: GpuDemand,
}

/// The devices of a node.
#[derive(Clone, Debug, Default)]
pub struct Gpus {
    /// Their model.
    pub model: Name,
    /// What is free of each, in thousandths.
    pub idle: Vec<i64>,
    holders: Vec<Holder>,
}

/// How many devices the node offers.
fn count(allocatable: &ResourceList) -> usize {
    let of = |name: &Name| allocatable.get(name).map_or(0, crate::base::Quantity::value);
    let shared = allocatable.keys().find(|name| *name == GPU_COUNT).map(of);
    let whole = || allocatable.keys().filter(|name| name.ends_with("/gpu")).map(of).sum();
    usize::try_from(shared.unwrap_or_else(whole)).unwrap_or(0).min(DEVICES_MAX)
}

impl Gpus {
    /// Devices of this model, as idle as this, without pods.
    pub fn new(model: &str, idle: &[i64]) -> Self {
        Self { model: model.into(), idle: idle.to_vec(), holders: Vec::new() }
    }

    /// The devices of a new version of a node, as taken as those of the old version were.
    pub fn of_node(node: &Node, old: Option<Box<Self>>) -> Option<Box<Self>> {
        let count = count(&node.status.allocatable);
        if count == 0 && old.is_none() {
            return None;
        }
        let mut gpus = old.unwrap_or_default();
        gpus.idle.resize(count, WHOLE);
        let labels = &node.metadata.labels;
        let model = labels.get(GPU_MODEL).or_else(|| labels.get(NVIDIA_MODEL));
        gpus.model = model.cloned().unwrap_or_default();
        Some(gpus)
    }

    /// What is free of all devices together.
    pub fn idle_total(&self) -> i64 {
        self.idle.iter().sum()
    }

    /// How many devices nobody uses.
    pub fn free_devices(&self) -> usize {
        self.idle.iter().filter(|idle| **idle == WHOLE).count()
    }

    /// Whether enough devices have enough free, and are of a model that will do.
    pub fn fits(&self, demand: &GpuDemand) -> bool {
        demand.admits(&self.model)
            && self.idle.iter().filter(|idle| **idle >= demand.milli).count() >= demand.devices as usize
    }

    /// The devices that have room for the demand's part of one.
    pub fn fitting<'a>(&'a self, demand: &'a GpuDemand) -> impl Iterator<Item = usize> + 'a {
        let fits = |(_, idle): &(usize, &i64)| **idle >= demand.milli;
        self.idle.iter().enumerate().filter(fits).map(|(device, _)| device)
    }

    /// What a pod gets if no policy has an opinion: a share goes where the least is left, whole devices are the first
    /// free ones.
    pub fn tightest(&self, demand: &GpuDemand) -> DeviceSet {
        let mut devices = DeviceSet::default();
        if demand.is_share() {
            let best = self.fitting(demand).min_by_key(|device| self.idle[*device]);
            if let Some(device) = best {
                devices.insert(device);
            }
        } else {
            self.fitting(demand).take(demand.devices as usize).for_each(|device| devices.insert(device));
        }
        devices
    }

    /// Gives devices to a pod.
    pub fn take(&mut self, pod: PodId, devices: DeviceSet, demand: &GpuDemand) {
        self.change(devices, -demand.milli);
        self.holders.push(Holder { pod, devices, demand: demand.clone() });
    }

    /// Takes the devices of a pod back.
    pub fn give_back(&mut self, pod: PodId) {
        let Some(at) = self.holders.iter().position(|holder| holder.pod == pod) else { return };
        let holder = self.holders.swap_remove(at);
        self.change(holder.devices, holder.demand.milli);
    }

    fn change(&mut self, devices: DeviceSet, milli: i64) {
        for device in devices.iter() {
            // A device may have been taken out of the node since.
            if let Some(idle) = self.idle.get_mut(device) {
                *idle += milli;
            }
        }
    }

    /// What the pods on the node ask for, one by one.
    pub fn demands(&self) -> impl Iterator<Item = &GpuDemand> {
        self.holders.iter().map(|holder| &holder.demand)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_go_where_least_is_left_and_whole_devices_to_the_first_free() {
        let mut gpus = Gpus::new("", &[WHOLE, 500, 400, WHOLE]);
        assert_eq!(gpus.tightest(&GpuDemand::new(1, 400, "")), DeviceSet::of(2));
        let two = GpuDemand::new(2, 700, "");
        assert_eq!(two.milli, WHOLE, "several devices are whole ones");
        gpus.take(PodId(7), gpus.tightest(&two), &two);
        assert_eq!(gpus.idle, [0, 500, 400, 0]);
        assert!(!gpus.fits(&GpuDemand::new(1, 600, "")));
        gpus.give_back(PodId(7));
        assert_eq!(gpus.free_devices(), 2);
    }

    #[test]
    fn demands_are_read_from_annotations_and_resources() {
        let annotations: Labels = [(GPU_MILLI, "460"), (GPU_MODEL, "T4|P100")].into_iter().collect();
        let share = GpuDemand::annotated(&annotations).unwrap();
        assert!(share.is_share() && share.admits("T4") && !share.admits("G2"));
        assert_eq!(GpuDemand::annotated(&Labels::default()), None);
        let (gpu, nic) = (Name::from("nvidia.com/gpu"), Name::from("example.com/nic"));
        assert_eq!(GpuDemand::of_resources([(&gpu, 2), (&nic, 1)].into_iter()).total(), 2000);
    }
}
