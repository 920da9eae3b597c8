//! `shakedown schedule` on manifests: which pods fit, and how much room is left.

use std::fmt::Write as _;

use super::{decision, explain_pod, policies};
use crate::cli::ExitStatus;
use crate::cli::args::{ScheduleArgs, TieBreakRule};
use crate::cli::printer::Printer;
use crate::cli::run;
use crate::control::scheduler::TieBreak;
use crate::control::scheduling::Explain;
use crate::kernel::SimDuration;
use crate::kubectl::table::align;
use crate::scenario::Scenario;
use crate::sim::RunOptions;
use crate::sim::capacity::{Capacity, Missing, capacity, nodes_missing};

/// Schedules and prints what came of it.
pub(super) fn manifests(args: &ScheduleArgs, printer: &mut Printer) -> Result<ExitStatus, String> {
    let mut paths = args.paths.clone();
    paths.extend(args.config.clone());
    let policy = match policies(args)?[..] {
        [] => None,
        [policy] => Some(policy),
        _ => return Err("--policy: name one; several can be compared on a trace only".to_owned()),
    };
    let Some(mut scenario) = run::load(&paths, printer, false) else { return Ok(ExitStatus::Error) };
    if let Some(policy) = policy {
        scenario.scheduler.set_policy(policy);
    }
    match args.tie_break {
        Some(TieBreakRule::Name) => scenario.scheduler.tie_break = TieBreak::Name,
        Some(TieBreakRule::Seeded) => scenario.scheduler.tie_break = TieBreak::Seeded,
        None => {}
    }
    scenario.scheduler_options().map_err(|error| error.to_string())?;
    let explain = match args.explain.as_deref() {
        None => Explain::Nothing,
        Some("") => Explain::Everything,
        Some(pod) => explain(pod),
    };
    let options = RunOptions { seed: args.seed, explain, ..RunOptions::default() };
    let (found, simulation) = capacity(&scenario, &options).map_err(|error| error.to_string())?;
    let mut text = String::new();
    if args.explain.is_some() {
        if simulation.world.explained.is_empty() {
            return Err("--explain: the scheduler has seen no such pod".to_owned());
        }
        for explained in &simulation.world.explained {
            text += &decision(explained, usize::MAX);
            text.push('\n');
        }
    }
    text += &summary(&found);
    if let Some(pool) = &args.until_fits {
        let options = RunOptions { explain: Explain::Nothing, ..options };
        text += &missing(&scenario, &options, pool)?;
    }
    printer.result(&text);
    Ok(if found.misfits.is_empty() { ExitStatus::Success } else { ExitStatus::Failure })
}

/// `web-1`, `shop/web-1`, with or without `pod/` in front.
fn explain(text: &str) -> Explain {
    let text = text.strip_prefix("pod/").unwrap_or(text);
    let (namespace, name) = text.split_once('/').unwrap_or(("default", text));
    explain_pod(namespace, name)
}

fn summary(found: &Capacity) -> String {
    let mut text = String::new();
    let placed = found.pods - found.misfits.len();
    let _ = writeln!(
        text,
        "{placed} of {} pods have a node; {} of {} nodes are used.",
        found.pods, found.usage.nodes_used, found.usage.nodes
    );
    if !found.misfits.is_empty() {
        let mut lines = vec![["NAMESPACE", "POD", "WHY NOT"].map(str::to_owned).to_vec()];
        for misfit in &found.misfits {
            let why =
                if misfit.message.is_empty() { "no scheduler has looked at it" } else { &misfit.message };
            lines.push(vec![misfit.namespace.to_string(), misfit.name.to_string(), why.to_owned()]);
        }
        let _ = write!(text, "\n{}", align(&lines));
    }
    let mut lines =
        vec![["RESOURCE", "CAPACITY", "ALLOCATED", "%", "STRANDED", "%"].map(str::to_owned).to_vec()];
    for usage in &found.usage.resources {
        let amount = |amount| amount_text(&usage.resource, amount);
        lines.push(vec![
            usage.resource.clone(),
            amount(usage.capacity),
            amount(usage.allocated),
            format!("{:.1}", usage.allocated_percent()),
            amount(usage.stranded),
            format!("{:.1}", usage.stranded_percent()),
        ]);
    }
    let _ = write!(text, "\n{}", align(&lines));
    if !found.headroom.is_empty() {
        let mut lines =
            vec![["NAMESPACE", "WORKLOAD", "PLACED", "MORE THAT FIT"].map(str::to_owned).to_vec()];
        for room in &found.headroom {
            let (namespace, placed) = (room.namespace.to_string(), room.placed.to_string());
            lines.push(vec![namespace, room.workload.clone(), placed, room.more_text()]);
        }
        let _ = write!(text, "\n{}", align(&lines));
    }
    let _ = writeln!(text);
    if found.usage.resource("gpu").is_some() {
        let _ = writeln!(text, "fragments         {:.2} GPUs", found.usage.fragments / 1000.0);
    }
    let _ = writeln!(text, "power             {} W", found.usage.watts);
    if let Some(longest) = found.latencies.last() {
        let sum: u64 = found.latencies.iter().map(|latency| latency.as_nanos()).sum();
        let mean = SimDuration::from_nanos(sum / found.latencies.len() as u64);
        let middle = found.latencies[found.latencies.len() / 2];
        let _ = writeln!(text, "decision latency  mean {mean}, median {middle}, longest {longest} (virtual)");
    }
    text
}

/// An amount in the unit that people use for the resource.
fn amount_text(resource: &str, amount: i64) -> String {
    match resource {
        "cpu" | "gpu" => format!("{:.1}", amount as f64 / 1000.0),
        "memory" | "ephemeral-storage" => format!("{:.1}Gi", amount as f64 / f64::from(1 << 30)),
        _ => amount.to_string(),
    }
}

fn missing(scenario: &Scenario, options: &RunOptions, pool: &str) -> Result<String, String> {
    Ok(match nodes_missing(scenario, options, pool)? {
        Missing::Nodes(0) => format!("\npool {pool}: no node is missing\n"),
        Missing::Nodes(1) => format!("\npool {pool}: with 1 node more every pod has a node\n"),
        Missing::Nodes(more) => format!("\npool {pool}: with {more} nodes more every pod has a node\n"),
        Missing::Never(tried, left) => {
            let first = &left[0];
            format!(
                "\npool {pool}: more nodes do not help; with {tried} more, {} pods still have none, such as {}/{}: {}\n",
                left.len(),
                first.namespace,
                first.name,
                first.message
            )
        }
    })
}
