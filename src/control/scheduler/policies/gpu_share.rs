//! `GpuShare`: a pod goes where devices of the right model have enough free, each for itself.
//!
//! Follows the filter of Alibaba's open-gpu-share: a pod without a GPU may go anywhere; a share needs one device with
//! that much free, several devices have to be free as a whole; a pod that names models needs a node that names its own.

use crate::control::scheduler::cluster_event::EventMask;
use crate::control::scheduler::framework::{Cycle, Locality, NodeInfo, Plugin, Points, Status, Verdict};

/// The plugin.
#[derive(Debug)]
pub struct GpuShare;

impl Plugin for GpuShare {
    fn name(&self) -> &'static str {
        "GpuShare"
    }

    fn points(&self) -> Points {
        Points::FILTER
    }

    fn locality(&self) -> Locality {
        Locality::Node
    }

    fn filter(&self, cycle: &Cycle<'_>, node: &NodeInfo) -> Verdict {
        let demand = &cycle.pod.template.gpu;
        match &node.gpus {
            _ if demand.is_none() => Ok(()),
            None => Err(Status::unresolvable("node(s) had no GPU")),
            Some(gpus) if !demand.admits(&gpus.model) => {
                Err(Status::unresolvable("node(s) had no GPU of the requested model"))
            }
            Some(gpus) if gpus.idle.len() < demand.devices as usize => {
                Err(Status::unresolvable("Insufficient GPU devices"))
            }
            Some(gpus) if !gpus.fits(demand) => Err(Status::unschedulable("Insufficient GPU")),
            Some(_) => Ok(()),
        }
    }

    fn events(&self) -> &'static [EventMask] {
        EventMask::EVERYTHING
    }
}
