//! Which images are on which nodes (`imageStates` of the scheduler cache, kube-scheduler v1.34).

use crate::api::node::{ContainerImage, Node};
use crate::base::{LookupMap, Name};

/// Images by name, as the nodes report them.
#[derive(Clone, Debug, Default)]
pub struct Images {
    by_name: LookupMap<Name, ImageState>,
}

/// An image in the cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImageState {
    /// Bytes, as the node said that listed the name first: later nodes do not change it.
    pub size: i64,
    /// How many nodes have it.
    pub nodes: u32,
}

impl Images {
    /// The image of this name, if any node has it.
    pub fn get(&self, name: &str) -> Option<&ImageState> {
        self.by_name.get(name)
    }

    /// Takes in what `node` reports.
    pub fn add_node(&mut self, node: &Node) {
        for (name, image) in distinct_names(&node.status.images) {
            match self.by_name.get_mut(name) {
                Some(state) => state.nodes += 1,
                None => {
                    self.by_name.insert(name.clone(), ImageState { size: image.size_bytes, nodes: 1 });
                }
            }
        }
    }

    /// Takes out what `node` reported.
    pub fn remove_node(&mut self, node: &Node) {
        for (name, _) in distinct_names(&node.status.images) {
            let state = self.by_name.get_mut(name).expect("what was added is still there");
            state.nodes -= 1;
            if state.nodes == 0 {
                self.by_name.remove(name);
            }
        }
    }
}

/// A name listed twice by one node counts once.
fn distinct_names(images: &[ContainerImage]) -> Vec<(&Name, &ContainerImage)> {
    let mut names: Vec<_> =
        images.iter().flat_map(|image| image.names.iter().map(move |name| (name, image))).collect();
    names.sort_by_key(|(name, _)| *name);
    names.dedup_by_key(|(name, _)| *name);
    names
}

/// The image names on a node, sorted.
pub fn names_on(node: &Node) -> Box<[Name]> {
    distinct_names(&node.status.images).into_iter().map(|(name, _)| name.clone()).collect()
}
