//! The tables of Alibaba's GPU trace of 2023 (`openb`): nodes and pods as CSV.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::api::Labels;
use crate::api::node::Node;
use crate::api::pod::{Container, PodSpec, Resources};
use crate::base::{Name, Quantity};
use crate::control::scheduler::gpu::{GPU_COUNT, GPU_MILLI, GPU_MODEL, GpuDemand, WHOLE};

/// Pods that a node of the published experiment may hold.
const PODS_PER_NODE: &str = "1001";

/// A mistake in a table.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{table}:{line}: {problem}")]
pub struct TableError {
    /// Which table.
    pub table: String,
    /// Which line, from 1.
    pub line: u64,
    /// What is wrong.
    pub problem: String,
}

/// A machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeRow {
    /// Its name.
    pub name: Name,
    /// CPU in thousandths of a core.
    pub cpu_milli: i64,
    /// Memory in MiB.
    pub memory_mib: i64,
    /// How many GPU devices.
    pub gpus: u32,
    /// Their model; empty: none is given.
    pub model: Name,
}

impl NodeRow {
    /// The machine as a node of this name.
    pub fn node(&self, name: Name) -> Node {
        let mut node = Node::default();
        node.metadata.name = name;
        let allocatable = &mut node.status.allocatable;
        allocatable.insert("cpu".into(), Quantity::from_milli(self.cpu_milli));
        allocatable.insert("memory".into(), Quantity::from_bytes(self.memory_mib << 20));
        allocatable.insert("pods".into(), PODS_PER_NODE.parse().expect("a number is a quantity"));
        if self.gpus > 0 {
            allocatable.insert(GPU_COUNT.into(), Quantity::from_milli(i64::from(self.gpus) * 1000));
        }
        if !self.model.is_empty() {
            node.metadata.labels.insert(GPU_MODEL, self.model.clone());
        }
        node
    }
}

/// What pods of one kind ask for.
#[derive(Clone, Debug)]
pub struct Shape {
    /// CPU in thousandths of a core.
    pub cpu_milli: i64,
    /// GPU devices.
    pub demand: GpuDemand,
    /// The same as a pod's spec,
    pub spec: Arc<PodSpec>,
    /// and annotations.
    pub annotations: Labels,
}

/// A list of pods: names, and which shape each has.
#[derive(Clone, Debug, Default)]
pub struct Workload {
    /// Its name, as in the name of its file.
    pub name: String,
    /// The shapes.
    pub shapes: Vec<Shape>,
    /// The pods by name, with the place of their shape.
    pub pods: Vec<(Name, usize)>,
}

/// A row by column names.
struct Row<'a> {
    table: &'a str,
    line: u64,
    columns: &'a BTreeMap<String, usize>,
    record: csv::StringRecord,
}

impl Row<'_> {
    fn problem(&self, problem: String) -> TableError {
        TableError { table: self.table.to_owned(), line: self.line, problem }
    }

    fn text(&self, column: &str) -> &str {
        self.columns.get(column).and_then(|at| self.record.get(*at)).unwrap_or_default().trim()
    }

    fn number(&self, column: &str) -> Result<i64, TableError> {
        let text = self.text(column);
        let number = text.parse::<i64>().ok().filter(|number| (0..=1 << 40).contains(number));
        number.ok_or_else(|| {
            self.problem(format!("{column} is `{text}`, expected a whole number of 0 or more"))
        })
    }
}

/// The rows of a table that has at least these columns.
fn rows<T>(
    table: &str,
    text: &str,
    needed: &[&str],
    mut read: impl FnMut(&Row<'_>) -> Result<T, TableError>,
) -> Result<Vec<T>, TableError> {
    let at = |line, problem| TableError { table: table.to_owned(), line, problem };
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
    let header = reader.headers().map_err(|error| at(1, error.to_string()))?.clone();
    let columns: BTreeMap<String, usize> =
        header.iter().enumerate().map(|(at, name)| (name.trim().to_owned(), at)).collect();
    if let Some(missing) = needed.iter().find(|name| !columns.contains_key(**name)) {
        return Err(at(1, format!("there is no column `{missing}` (needed: {})", needed.join(", "))));
    }
    let mut result = Vec::new();
    for record in reader.records() {
        let record =
            record.map_err(|error| at(error.position().map_or(0, csv::Position::line), error.to_string()))?;
        let line = record.position().map_or(0, csv::Position::line);
        result.push(read(&Row { table, line, columns: &columns, record })?);
    }
    Ok(result)
}

/// Reads a table of nodes; `table` is its name in messages.
///
/// # Errors
/// The first mistake.
pub fn nodes(table: &str, text: &str) -> Result<Vec<NodeRow>, TableError> {
    rows(table, text, &["sn", "cpu_milli", "memory_mib", "gpu", "model"], |row| {
        Ok(NodeRow {
            name: row.text("sn").into(),
            cpu_milli: row.number("cpu_milli")?,
            memory_mib: row.number("memory_mib")?,
            gpus: row.number("gpu")? as u32,
            model: row.text("model").into(),
        })
    })
}

/// Reads a table of pods; `table` is its name in messages.
///
/// # Errors
/// The first mistake.
pub fn workload(name: &str, table: &str, text: &str) -> Result<Workload, TableError> {
    let mut shapes: Vec<Shape> = Vec::new();
    let mut places: BTreeMap<(i64, i64, i64, i64, String), usize> = BTreeMap::new();
    let needed = ["name", "cpu_milli", "memory_mib", "num_gpu", "gpu_milli"];
    let pods = rows(table, text, &needed, |row| {
        let (cpu, memory) = (row.number("cpu_milli")?, row.number("memory_mib")?);
        let (count, milli) = (row.number("num_gpu")?, row.number("gpu_milli")?);
        let models = row.text("gpu_spec");
        let place = *places.entry((cpu, memory, count, milli, models.to_owned())).or_insert_with(|| {
            shapes.push(Shape::new(cpu, memory, GpuDemand::new(count as u32, milli, models)));
            shapes.len() - 1
        });
        Ok((row.text("name").into(), place))
    })?;
    Ok(Workload { name: name.to_owned(), shapes, pods })
}

impl Shape {
    fn new(cpu_milli: i64, memory_mib: i64, demand: GpuDemand) -> Self {
        let requests = [
            ("cpu".into(), Quantity::from_milli(cpu_milli)),
            ("memory".into(), Quantity::from_bytes(memory_mib << 20)),
        ];
        let resources = Resources { requests: requests.into_iter().collect(), ..Resources::default() };
        let container = Container { name: "main".into(), resources, ..Container::default() };
        let spec = PodSpec { containers: vec![container], ..PodSpec::default() };
        let mut annotations = Labels::default();
        if !demand.is_none() {
            annotations.insert(GPU_COUNT, demand.devices.to_string().as_str());
            annotations.insert(GPU_MILLI, demand.milli.to_string().as_str());
        }
        if !demand.models.is_empty() {
            let models: Vec<&str> = demand.models.iter().map(Name::as_str).collect();
            annotations.insert(GPU_MODEL, models.join("|").as_str());
        }
        Self { cpu_milli, demand, spec: Arc::new(spec), annotations }
    }
}

/// All GPU of some nodes, in thousandths of a device.
pub fn gpu_capacity(nodes: &[NodeRow]) -> i64 {
    nodes.iter().map(|node| i64::from(node.gpus) * WHOLE).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pods_of_a_kind_share_a_shape() {
        let text = "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec\n\
                    a,1000,2,1,460,T4|G2\nb,1000,2,1,460,T4|G2\nc,500,2,2,300,\nd,500,2,0,0,\n";
        let workload = workload("small", "small.csv", text).unwrap();
        assert_eq!(workload.pods.iter().map(|(_, shape)| *shape).collect::<Vec<_>>(), [0, 0, 1, 2]);
        let totals: Vec<i64> = workload.shapes.iter().map(|shape| shape.demand.total()).collect();
        assert_eq!(totals, [460, 2000, 0]);
        let read_back = GpuDemand::annotated(&workload.shapes[0].annotations);
        assert_eq!(read_back.as_ref(), Some(&workload.shapes[0].demand));
        assert_eq!(GpuDemand::annotated(&workload.shapes[2].annotations), None);
    }

    #[test]
    fn mistakes_are_placed() {
        let header = "name,cpu_milli,memory_mib,num_gpu,gpu_milli\n";
        let message = |text: &str| workload("w", "w.csv", text).unwrap_err().to_string();
        assert_eq!(
            message(&format!("{header}a,1,1,0,0\nb,many,1,0,0\n")),
            "w.csv:3: cpu_milli is `many`, expected a whole number of 0 or more"
        );
        assert!(message("name,cpu\n").starts_with("w.csv:1: there is no column `cpu_milli`"));
    }
}
