//! `top`: what metrics-server has of its last scrapes; where it does not run, what programs use now by their models.

use std::collections::BTreeMap;

use crate::api::node::Node;
use crate::api::pod::Pod;
use crate::api::{Kind, Object};
use crate::base::Name;
use crate::component::metrics::ContainerUsage;
use crate::kubectl::verb::{Top, TopSort};
use crate::kubectl::{Scope, Selected, Target, Targets};
use crate::sim::World;

use super::shell::Shell;

/// CPU in thousandths of a core, and memory in bytes.
#[derive(Clone, Copy, Default)]
struct Usage {
    cpu: u64,
    memory: u64,
}

impl Usage {
    fn add(&mut self, other: Self) {
        self.cpu += other.cpu;
        self.memory += other.memory;
    }

    /// `12m`, `34Mi`.
    fn cells(self) -> [String; 2] {
        [format!("{}m", self.cpu), format!("{}Mi", self.memory >> 20)]
    }
}

impl Shell<'_> {
    pub(super) fn top(&mut self, top: &Top) {
        let kind = if top.nodes { Kind::Node } else { Kind::Pod };
        let targets = match &top.name {
            Some(name) => Targets::Named(vec![Target { kind, name: name.clone() }]),
            None => Targets::Selected(Selected {
                kinds: vec![kind],
                labels: top.labels.clone(),
                fields: top.fields.clone(),
            }),
        };
        let objects = self.objects(&targets);
        if objects.is_empty() && !self.answer.failed {
            let namespace = self.namespace();
            self.note(match self.scope {
                Scope::All => "No resources found".to_owned(),
                _ if top.nodes => "No resources found".to_owned(),
                _ => format!("No resources found in {namespace} namespace."),
            });
            return;
        }
        if self.answer.failed {
            return;
        }
        if top.nodes { self.top_nodes(top, &objects) } else { self.top_pods(top, &objects) }
    }

    fn top_nodes(&mut self, top: &Top, objects: &[Object]) {
        let mut rows = Vec::new();
        for object in objects {
            let Object::Node(node) = object else { continue };
            let Some(host) = self.world.watches.node(&node.metadata.name) else { continue };
            let mut sum = Usage::default();
            for id in self.world.hosts[host as usize].pods().keys().copied().collect::<Vec<_>>() {
                self.world.usage(host, id).values().for_each(|usage| sum.add(*usage));
            }
            let [cpu, memory] = sum.cells();
            let of_cpu = percent(sum.cpu, allocatable(node, "cpu", true));
            let of_memory = percent(sum.memory, allocatable(node, "memory", false));
            rows.push((sum, vec![node.metadata.name.to_string(), cpu, of_cpu, memory, of_memory]));
        }
        self.print(top, &["NAME", "CPU(cores)", "CPU(%)", "MEMORY(bytes)", "MEMORY(%)"], rows);
    }

    fn top_pods(&mut self, top: &Top, objects: &[Object]) {
        let mut rows = Vec::new();
        let all = self.scope == Scope::All;
        for object in objects {
            let Object::Pod(pod) = object else { continue };
            let usage = self.world.usage_of(pod);
            let mut lead: Vec<String> = Vec::new();
            if all {
                lead.push(pod.metadata.namespace.to_string());
            }
            lead.push(pod.metadata.name.to_string());
            if top.containers {
                for (container, usage) in usage {
                    let cells = lead.iter().cloned().chain([container.to_string()]).chain(usage.cells());
                    rows.push((usage, cells.collect()));
                }
            } else if !usage.is_empty() {
                let mut sum = Usage::default();
                for usage in usage.values() {
                    sum.add(*usage);
                }
                rows.push((sum, lead.into_iter().chain(sum.cells()).collect()));
            }
        }
        let mut headers = if all { vec!["NAMESPACE"] } else { Vec::new() };
        headers.extend(if top.containers { &["POD", "NAME"][..] } else { &["NAME"] });
        headers.extend(["CPU(cores)", "MEMORY(bytes)"]);
        self.print(top, &headers, rows);
    }

    fn print(&mut self, top: &Top, headers: &[&str], mut rows: Vec<(Usage, Vec<String>)>) {
        match top.sort_by {
            Some(TopSort::Cpu) => rows.sort_by_key(|(usage, _)| std::cmp::Reverse(usage.cpu)),
            Some(TopSort::Memory) => rows.sort_by_key(|(usage, _)| std::cmp::Reverse(usage.memory)),
            None => {}
        }
        let mut sum = Usage::default();
        for (usage, _) in &rows {
            sum.add(*usage);
        }
        let mut lines: Vec<Vec<String>> = Vec::new();
        if !top.no_headers {
            lines.push(headers.iter().map(|header| (*header).to_owned()).collect());
        }
        lines.extend(rows.into_iter().map(|(_, cells)| cells));
        if top.sum {
            let blank = vec![String::new(); headers.len() - 3];
            lines.push(blank.into_iter().chain([String::new()]).chain(sum.cells()).collect());
        }
        let text = crate::kubectl::table::align(&lines);
        self.answer.out.push_str(&text);
    }
}

impl World {
    fn usage_of(&self, pod: &Pod) -> BTreeMap<Name, Usage> {
        let host = pod.node_name.as_ref().and_then(|node| self.watches.node(node));
        let found = self.api.objects().find(Kind::Pod, &pod.metadata.namespace, &pod.metadata.name);
        match (host, found) {
            (Some(host), Some((id, _))) => self.usage(host, id.index),
            _ => BTreeMap::new(),
        }
    }

    /// What the running containers of a pod use.
    fn usage(&self, host: u32, pod: u32) -> BTreeMap<Name, Usage> {
        let now = self.now();
        let Some(pod) = self.hosts[host as usize].pod(pod) else { return BTreeMap::new() };
        if self.metrics.runs() {
            let metrics = self.metrics.newest.pods.get(&pod.uid_in_api().unwrap_or(pod.pod.metadata.uid));
            let containers = metrics.into_iter().flat_map(|metrics| &metrics.containers);
            let usage =
                |it: &ContainerUsage| (it.name.clone(), Usage { cpu: it.cpu_milli, memory: it.memory });
            return containers.map(usage).collect();
        }
        let running = pod.containers.iter().enumerate().filter_map(|(at, truth)| {
            let app = &truth.running.as_ref()?.app;
            let usage = Usage { cpu: app.cpu().used_milli(), memory: app.memory_at(now) };
            Some((pod.spec(at).name.clone(), usage))
        });
        running.collect()
    }
}

fn allocatable(node: &Node, resource: &str, milli: bool) -> u64 {
    let quantity = node.status.allocatable.get(resource);
    let value = quantity.map_or(0, |quantity| if milli { quantity.milli_value() } else { quantity.value() });
    value.max(0) as u64
}

fn percent(part: u64, whole: u64) -> String {
    match (u128::from(part) * 100).checked_div(u128::from(whole)) {
        Some(percent) => format!("{percent}%"),
        None => "<unknown>".to_owned(),
    }
}
