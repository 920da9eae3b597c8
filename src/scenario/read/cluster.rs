//! Reader of the machines: pools of equal ones, or one by one.

use std::sync::Arc;

use super::static_pod::static_pod;
use super::{Fields, Read, Value};
use crate::api::core::{ResourceList, Taint};
use crate::api::node::Node;
use crate::api::pod::Pod;
use crate::api::{Labels, names};
use crate::base::{Name, Quantity};
use crate::scenario::model::{Autoscale, Expander, NodePlan, Place, ZONE_LABEL};

/// More machines than this are surely a slip of the keyboard.
const MOST_NODES: u64 = 100_000;

const EXPANDERS: &[(&str, Expander)] = &[
    ("least-waste", Expander::LeastWaste),
    ("most-pods", Expander::MostPods),
    ("price", Expander::Price),
    ("random", Expander::Random),
];

/// Reads `spec.cluster`.
pub(super) fn cluster(value: &Value<'_>) -> Read<Vec<NodePlan>> {
    let fields = value.fields(&["nodePools", "nodes", "expander"])?;
    let expander = fields.optional("expander", |value| value.word("expander", EXPANDERS));
    let pools = fields.optional("nodePools", |value| value.items(pool));
    let nodes = fields.optional("nodes", |value| value.items(node));
    let (pools, nodes) = (pools?.unwrap_or_default(), nodes?.unwrap_or_default());
    let expander = expander?.unwrap_or_default();
    let mut plans: Vec<NodePlan> = pools.into_iter().flatten().chain(nodes).collect();
    for bounds in plans.iter_mut().filter_map(|plan| plan.autoscale.as_mut()) {
        bounds.expander = expander;
    }
    Ok(plans)
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
    static_pods: Vec<Arc<Pod>>,
    price: Option<Quantity>,
}

const HARDWARE: &[&str] = &["labels", "taints", "capacity", "allocatable", "images", "staticPods", "price"];

fn pool(value: &Value<'_>) -> Read<Vec<NodePlan>> {
    let names: Vec<&'static str> =
        ["name", "count", "zones", "autoscale"].into_iter().chain(HARDWARE.iter().copied()).collect();
    let fields = value.fields(&names)?;
    // Room for the number at the end of the nodes' names.
    let name = fields.need("name", Value::object_name);
    let count = fields.optional("count", |value| value.whole(0..=MOST_NODES));
    let zones = fields.optional("zones", |value| value.one_or_more(Value::label_value));
    let autoscale = fields.optional("autoscale", autoscale);
    let hardware = hardware(&fields);
    let autoscale = autoscale?;
    let (name, count, zones, hardware) = (name?, count?.unwrap_or(1), zones?.unwrap_or_default(), hardware?);
    if let Some((min, max)) = autoscale
        && !(min.max(1)..=max).contains(&count)
    {
        let message = format!("count {count} is not between {} and {max}", min.max(1));
        return value.wrong_help(
            "out-of-range",
            message,
            "a pool that is scaled begins with at least one machine",
        );
    }
    let bounds = autoscale.map(|(min, max)| Autoscale {
        min,
        max,
        zones: zones.clone(),
        expander: Expander::default(),
    });
    let place = value.place();
    let plan = |number: u64| {
        // Machines go round the zones.
        let zone = match zones.len() {
            0 => None,
            len => zones.get((number - 1) as usize % len),
        };
        let machine =
            hardware.machine(&format!("{name}-{number}"), zone, Some(name.clone()), Some(place.clone()));
        NodePlan { autoscale: bounds.clone(), ..machine }
    };
    Ok((1..=count).map(plan).collect())
}

/// `{min: 1, max: 10}`.
fn autoscale(value: &Value<'_>) -> Read<(u64, u64)> {
    let fields = value.fields(&["min", "max"])?;
    let (min, max) = (
        fields.optional("min", |value| value.whole(0..=MOST_NODES)),
        fields.need("max", |value| value.whole(1..=MOST_NODES)),
    );
    let (min, max) = (min?.unwrap_or(0), max?);
    if min > max {
        value.wrong("out-of-range", format!("min {min} is above max {max}"))
    } else {
        Ok((min, max))
    }
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
    let static_pods = fields.optional("staticPods", |value| value.items(static_pod));
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
        static_pods: static_pods?.unwrap_or_default(),
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
        NodePlan {
            node,
            images: self.images.clone(),
            static_pods: self.static_pods.clone(),
            price: self.price,
            pool,
            autoscale: None,
            place,
        }
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
