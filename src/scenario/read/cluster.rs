//! Reader of the machines: pools of equal ones, or one by one.

use super::{Fields, Read, Value};
use crate::api::core::{ResourceList, Taint};
use crate::api::node::Node;
use crate::api::{Labels, names};
use crate::base::{Name, Quantity};
use crate::scenario::model::{NodePlan, Place, ZONE_LABEL};

/// More machines than this are surely a slip of the keyboard.
const MOST_NODES: u64 = 100_000;

/// Reads `spec.cluster`.
pub(super) fn cluster(value: &Value<'_>) -> Read<Vec<NodePlan>> {
    let fields = value.fields(&["nodePools", "nodes"])?;
    let pools = fields.optional("nodePools", |value| value.items(pool));
    let nodes = fields.optional("nodes", |value| value.items(node));
    let (pools, nodes) = (pools?.unwrap_or_default(), nodes?.unwrap_or_default());
    Ok(pools.into_iter().flatten().chain(nodes).collect())
}

/// The machines of a scenario that describes none: three workers.
pub(in crate::scenario) fn default_cluster() -> Vec<NodePlan> {
    let plan = |number: u64| {
        let hardware = Hardware {
            allocatable: default_resources(),
            capacity: default_resources(),
            ..Hardware::default()
        };
        hardware.machine(&format!("worker-{number}"), None, Some("worker".into()), None)
    };
    (1..=3).map(plan).collect()
}

/// What machines of a pool have in common.
#[derive(Clone, Default)]
struct Hardware {
    labels: Labels,
    taints: Vec<Taint>,
    capacity: ResourceList,
    allocatable: ResourceList,
    images: Vec<Name>,
    price: Option<Quantity>,
}

const HARDWARE: &[&str] = &["labels", "taints", "capacity", "allocatable", "images", "price"];

fn pool(value: &Value<'_>) -> Read<Vec<NodePlan>> {
    let names: Vec<&'static str> =
        ["name", "count", "zones"].into_iter().chain(HARDWARE.iter().copied()).collect();
    let fields = value.fields(&names)?;
    // Room for the number at the end of the nodes' names.
    let name = fields.need("name", Value::object_name);
    let count = fields.optional("count", |value| value.whole(0..=MOST_NODES));
    let zones = fields.optional("zones", |value| value.one_or_more(Value::label_value));
    let hardware = hardware(&fields);
    let (name, count, zones, hardware) = (name?, count?.unwrap_or(1), zones?.unwrap_or_default(), hardware?);
    let place = value.place();
    let plan = |number: u64| {
        // Machines go round the zones.
        let zone = match zones.len() {
            0 => None,
            len => zones.get((number - 1) as usize % len),
        };
        hardware.machine(&format!("{name}-{number}"), zone, Some(name.clone()), Some(place.clone()))
    };
    Ok((1..=count).map(plan).collect())
}

fn node(value: &Value<'_>) -> Read<NodePlan> {
    let names: Vec<&'static str> = ["name", "zone"].into_iter().chain(HARDWARE.iter().copied()).collect();
    let fields = value.fields(&names)?;
    let name = fields.need("name", Value::object_name);
    let zone = fields.optional("zone", Value::label_value);
    let hardware = hardware(&fields)?;
    Ok(hardware.machine(&name?, zone?.as_ref(), None, Some(value.place())))
}

fn hardware(fields: &Fields<'_>) -> Read<Hardware> {
    let labels = fields.optional("labels", labels);
    let taints = fields.optional("taints", Value::decode);
    let capacity = fields.optional("capacity", resources);
    let allocatable = fields.optional("allocatable", resources);
    let images = fields.optional("images", |value| value.items(Value::some_text));
    let price = fields.optional("price", Value::quantity);
    let (capacity, allocatable) = with_defaults(capacity?, allocatable?);
    if let Some((name, _)) = allocatable.iter().find(|(name, amount)| exceeds(amount, capacity.get(*name))) {
        let message = format!("`allocatable.{name}` is more than `capacity.{name}`");
        return fields.whole().wrong("out-of-range", message);
    }
    Ok(Hardware {
        labels: labels?.unwrap_or_default(),
        taints: taints?.unwrap_or_default(),
        capacity,
        allocatable,
        images: images?.unwrap_or_default(),
        price: price?,
    })
}

fn exceeds(amount: &Quantity, capacity: Option<&Quantity>) -> bool {
    capacity.is_some_and(|capacity| amount.milli_value() > capacity.milli_value())
}

/// Fills in what is not said: capacity and allocatable follow each other, and both have the defaults.
pub(in crate::scenario) fn with_defaults(
    capacity: Option<ResourceList>,
    allocatable: Option<ResourceList>,
) -> (ResourceList, ResourceList) {
    let (capacity, allocatable) = (capacity.unwrap_or_default(), allocatable.unwrap_or_default());
    let mut whole = default_resources();
    whole.extend(allocatable.clone());
    whole.extend(capacity.clone());
    let mut usable = default_resources();
    usable.extend(capacity);
    usable.extend(allocatable);
    (whole, usable)
}

fn default_resources() -> ResourceList {
    const GIBI: i64 = 1 << 30;
    [
        ("cpu", Quantity::from_value(4)),
        ("memory", Quantity::from_bytes(16 * GIBI)),
        ("pods", Quantity::from_value(110)),
    ]
    .into_iter()
    .map(|(name, amount)| (name.into(), amount))
    .collect()
}

fn resources(value: &Value<'_>) -> Read<ResourceList> {
    let amounts = value.entries(|name, value| Ok((name.into(), value.quantity()?)))?;
    Ok(amounts.into_iter().collect())
}

fn labels(value: &Value<'_>) -> Read<Labels> {
    let pairs = value.entries(|key, value| {
        value.check_name(key, names::qualified_name)?;
        let text = value.text()?;
        value.check_name(&text, names::label_value)?;
        Ok((Name::from(key), Name::from(text)))
    })?;
    Ok(pairs.into_iter().collect())
}

impl Hardware {
    fn machine(&self, name: &str, zone: Option<&Name>, pool: Option<Name>, place: Option<Place>) -> NodePlan {
        let mut node = Node::default();
        node.metadata.name = name.into();
        node.metadata.labels = self.labels.clone();
        node.spec.taints.clone_from(&self.taints);
        node.status.capacity = self.capacity.clone();
        node.status.allocatable = self.allocatable.clone();
        if let Some(zone) = zone {
            node.metadata.labels.insert(ZONE_LABEL, zone);
        }
        label_as_kubelet(&mut node);
        NodePlan { node, images: self.images.clone(), price: self.price, pool, place }
    }
}

/// Labels that every kubelet gives its node.
pub(in crate::scenario) fn label_as_kubelet(node: &mut Node) {
    let name = node.metadata.name.clone();
    let labels = &mut node.metadata.labels;
    let own =
        [("kubernetes.io/hostname", &*name), ("kubernetes.io/os", "linux"), ("kubernetes.io/arch", "amd64")];
    for (key, value) in own {
        if !labels.contains_key(key) {
            labels.insert(key, value);
        }
    }
}
