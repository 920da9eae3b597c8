//! The summary as a person reads it at the end of `run`: a few aligned lines.

use std::fmt::Write as _;

use super::plot::{brief, grouped};
use super::summary::{CostSummary, FaultSummary, Summary, Total, instant};
use crate::kernel::SimDuration;

/// Rows of a table that are shown; the files have all.
const ROWS: usize = 10;

/// The summary as text, with colours if `color`.
pub fn render(summary: &Summary, color: bool) -> String {
    let mut out = Terminal { text: String::new(), color };
    out.headline(summary);
    out.workloads(summary);
    out.faults(summary);
    out.requests(summary);
    out.nodes(summary);
    out.totals(summary);
    out.expectations(summary);
    for warning in &summary.warnings {
        out.line(&format!("{} {warning}", out.paint(YELLOW, "warning:")));
    }
    out.text
}

const BOLD: &str = "1";
const DIM: &str = "2";
const RED: &str = "31";
const GREEN: &str = "32";
const YELLOW: &str = "33";

struct Terminal {
    text: String,
    color: bool,
}

/// A table: titles and rows; every column but the first is aligned to the right.
type Row = Vec<String>;

impl Terminal {
    fn paint(&self, code: &str, text: &str) -> String {
        if self.color { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    fn line(&mut self, line: &str) {
        let _ = writeln!(self.text, "{}", line.trim_end());
    }

    fn headline(&mut self, summary: &Summary) {
        let facts = format!(
            "seed {} · Kubernetes {} · {} virtual · {} records",
            summary.seed,
            summary.kubernetes,
            length(summary.duration_s),
            grouped(summary.records)
        );
        let title = self.paint(BOLD, &summary.scenario);
        self.line(&format!("{title}  {facts}"));
        if let Some(why) = &summary.partial {
            self.line(&format!("{} {why}", self.paint(RED, "PARTIAL:")));
        }
        let digest = self.paint(DIM, &format!("digest {}", summary.digest));
        self.line(&digest);
        self.line("");
    }

    fn workloads(&mut self, summary: &Summary) {
        let row = |it: &super::summary::WorkloadSummary| {
            let name = format!("{}/{}", it.kind.to_lowercase(), it.name);
            let name = if it.namespace == "default" { name } else { format!("{name} -n {}", it.namespace) };
            vec![
                name,
                it.wanted.to_string(),
                it.ready.to_string(),
                it.min_ready.map_or("-".into(), |fewest| fewest.to_string()),
                it.available_percent.map_or("never".into(), percent),
                it.first_ready_s.map_or("-".into(), length),
            ]
        };
        // The least available first: that is what one looks for.
        let mut workloads: Vec<_> = summary.workloads.iter().collect();
        workloads.sort_by_key(|it| it.available_percent.map_or(0, |percent| (percent * 1000.0) as u64 + 1));
        let rows = workloads.into_iter().map(row).collect();
        self.table(&["Workloads", "wanted", "ready", "min ready", "fully ready", "first at"], rows);
    }

    fn faults(&mut self, summary: &Summary) {
        let row = |fault: &FaultSummary| {
            let noticed = fault.detected_after_s.map_or("-".into(), length);
            let (hit, end) = match fault.outcome {
                "no_effect" if summary.workloads.is_empty() => ("-".into(), "no workloads".into()),
                "no_effect" => ("no effect".into(), "-".into()),
                _ => (
                    fault.hit_after_s.map_or("-".into(), length),
                    fault.recovered_after_s.map_or("not in this run".into(), length),
                ),
            };
            vec![fault.label.clone(), length(fault.at_s), noticed, hit, end]
        };
        let rows = summary.faults.iter().map(row).collect();
        self.table(&["Faults", "at", "noticed after", "felt after", "all ready after"], rows);
    }

    /// Requests of sources: what programs send to each other is in the files.
    fn requests(&mut self, summary: &Summary) {
        let row = |flow: &super::summary::FlowSummary| {
            let latency = |of: fn(&super::summary::LatencySummary) -> f64| {
                flow.latency_ms.as_ref().map_or("-".into(), |it| format!("{:.3} ms", of(it)))
            };
            vec![
                format!("{} to {}", flow.client, flow.service),
                grouped(flow.sent),
                flow.availability_percent.map_or("-".into(), percent),
                parts(&flow.failed, ""),
                flow.error_budget_used_percent.map_or("-".into(), percent),
                latency(|it| it.p50),
                latency(|it| it.p99),
            ]
        };
        let rows = summary.traffic.iter().filter(|flow| flow.client_kind == "source").map(row).collect();
        self.table(&["Requests", "sent", "answered", "failed", "error budget used", "p50", "p99"], rows);
    }

    fn nodes(&mut self, summary: &Summary) {
        // Nodes that were always ready are told by their number alone.
        let (well, ill): (Vec<_>, Vec<_>) = summary
            .nodes
            .iter()
            .partition(|node| node.state == "ready" && node.ready_percent.total_cmp(&100.0).is_eq());
        let row = |node: &&super::summary::NodeSummary| {
            vec![node.name.to_string(), node.state.replace('_', " "), percent(node.ready_percent)]
        };
        let mut rows: Vec<Row> = ill.iter().map(row).collect();
        if !well.is_empty() {
            let others = if ill.is_empty() { "" } else { "other " };
            let plural = if well.len() == 1 { "node" } else { "nodes" };
            rows.push(vec![format!("{} {others}{plural}", well.len()), "ready".into(), "100 %".into()]);
        }
        self.table(&["Nodes", "at the end", "ready"], rows);
    }

    fn totals(&mut self, summary: &Summary) {
        let pods = &summary.pods;
        let pods =
            format!("{} created, {} deleted, {} at most at once", pods.created, pods.deleted, pods.peak);
        self.fact("Pods", &pods);
        self.fact("Restarts", &parts(&summary.restarts, "exit "));
        self.fact("Evictions", &parts(&summary.evictions, ""));
        self.cost(&summary.cost);
    }

    /// What the machines cost, where they have a price; and what of the CPU was requested for nothing, where that is known.
    fn cost(&mut self, cost: &CostSummary) {
        let mut facts = Vec::new();
        if cost.pools.iter().any(|pool| pool.price.is_some()) {
            let of_pools =
                cost.pools.iter().filter_map(|pool| Some(format!("{} {:.2}", pool.pool, pool.price?)));
            let of_pools: Vec<String> = of_pools.collect();
            facts.push(format!(
                "{:.2} for {:.2} node hours ({})",
                cost.price,
                cost.node_hours,
                of_pools.join(", ")
            ));
        }
        if let Some(wasted) = cost.cpu_wasted_percent {
            facts.push(format!("{} of the CPU requested was not used", percent(wasted)));
        }
        if !facts.is_empty() {
            self.fact("Cost", &facts.join("; "));
        }
    }

    fn expectations(&mut self, summary: &Summary) {
        let all = &summary.expectations;
        if all.passed + all.failed == 0 {
            return;
        }
        let passed = self.paint(GREEN, &format!("{} passed", all.passed));
        let failed = match all.failed {
            0 => "0 missed".to_owned(),
            count => self.paint(RED, &format!("{count} missed")),
        };
        self.fact("Expectations", &format!("{passed}, {failed}"));
        for missed in &all.missed {
            let cross = self.paint(RED, "✗");
            self.line(&format!("  {cross} {}", missed.label));
            if !missed.found.is_empty() {
                self.line(&format!("    {}", missed.found));
            }
        }
    }

    fn fact(&mut self, title: &str, text: &str) {
        let title = self.paint(BOLD, &format!("{title:<13}"));
        self.line(&format!("{title} {text}"));
    }

    fn table(&mut self, titles: &[&str], rows: Vec<Row>) {
        if rows.is_empty() {
            return;
        }
        let hidden = rows.len().saturating_sub(ROWS);
        let rows: Vec<Row> = rows.into_iter().take(ROWS).collect();
        let column = |index: usize| {
            let cells = rows.iter().map(|row| row[index].chars().count() + if index == 0 { 2 } else { 0 });
            cells.chain([titles[index].chars().count()]).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..titles.len()).map(column).collect();
        let layout = |cells: Vec<String>| {
            let cells = cells.iter().zip(&widths).enumerate();
            let aligned = cells.map(|(index, (cell, width))| match index {
                0 => format!("{cell:<width$}"),
                _ => format!("{cell:>width$}"),
            });
            aligned.collect::<Vec<_>>().join("  ")
        };
        let head = layout(titles.iter().map(|title| (*title).to_owned()).collect());
        let head = self.paint(BOLD, &head);
        self.line(&head);
        for mut row in rows {
            row[0].insert_str(0, "  ");
            self.line(&layout(row));
        }
        if hidden > 0 {
            let note = self.paint(DIM, &format!("  and {hidden} more in summary.json"));
            self.line(&note);
        }
        self.line("");
    }
}

fn parts(total: &Total, prefix: &str) -> String {
    if total.total == 0 {
        return "none".to_owned();
    }
    let mut by: Vec<_> = total.by.iter().collect();
    by.sort_by(|a, b| (b.1, a.0).cmp(&(a.1, b.0)));
    let each = by.into_iter().map(|(key, count)| format!("{prefix}{key} ×{count}"));
    format!("{}: {}", grouped(total.total), each.collect::<Vec<_>>().join(", "))
}

fn percent(percent: f64) -> String {
    super::plot::percent_text((percent * 1000.0).round() as u64)
}

/// Seconds as a length, to the tenth of a second above one second.
fn length(seconds: f64) -> String {
    let exact = instant(seconds).as_nanos();
    let step = if exact >= 1_000_000_000 { 100_000_000 } else { 1_000_000 };
    brief(SimDuration::from_nanos((exact + step / 2) / step * step))
}
