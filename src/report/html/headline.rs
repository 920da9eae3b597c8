//! The head of the page: what one wants to know first, as plain HTML that needs no script.

use std::fmt::Write as _;

use super::text::{count, escaped, length, percent};
use crate::report::Summary;
use crate::report::summary::{FaultSummary, Total, WorkloadSummary};

/// Rows that a card shows; the rest is counted.
const ROWS: usize = 5;

/// Title, facts, command.
pub(super) fn header(summary: &Summary) -> String {
    format!(
        "<header>\n<div>\n<h1>{scenario}</h1>\n<p class=\"facts\"><span>seed <b>{seed}</b></span> \
         <span>Kubernetes <b>{kubernetes}</b></span> <span><b>{length}</b> of virtual time</span> \
         <span><b>{events}</b> events</span> <span><b>{records}</b> records</span> \
         <span>Shakedown <b>{version}</b></span></p>\n\
         <p class=\"facts\"><span>digest <code>{digest}</code></span></p>\n\
         <p class=\"again\"><code id=\"command\">{command}</code> <button type=\"button\" id=\"copy\">Copy</button></p>\n\
         </div>\n</header>\n",
        scenario = escaped(&summary.scenario),
        seed = summary.seed,
        kubernetes = escaped(&summary.kubernetes),
        length = length(summary.duration_s),
        events = count(summary.events),
        records = count(summary.records),
        version = escaped(&summary.version),
        digest = escaped(&summary.digest),
        command = escaped(&summary.command),
    )
}

/// The cards with the numbers.
pub(super) fn cards(summary: &Summary) -> String {
    let cards = [
        availability(summary),
        recovery(summary),
        restarts(&summary.restarts),
        expectations(summary),
        pods(summary),
        nodes(summary),
    ];
    format!("<section class=\"cards\" aria-label=\"Summary\">\n{}</section>\n", cards.concat())
}

/// What the reader must know before trusting the results.
pub(super) fn warnings(summary: &Summary) -> String {
    summary.warnings.iter().fold(String::new(), |mut out, warning| {
        let _ = writeln!(out, "<p><b>Not simulated:</b> {}</p>", escaped(warning));
        out
    })
}

/// A card: what, how much, and the parts as list items.
fn card(title: &str, big: &str, class: &str, note: &str, items: &[String]) -> String {
    let mut out = format!(
        "<section class=\"card\">\n<h2>{}</h2>\n<div class=\"big {class}\">{}</div>\n",
        escaped(title),
        escaped(big)
    );
    if !note.is_empty() {
        let _ = writeln!(out, "<small>{}</small>", escaped(note));
    }
    if !items.is_empty() {
        out.push_str("<ul>\n");
        for item in items.iter().take(ROWS) {
            let _ = writeln!(out, "<li>{item}</li>");
        }
        if let Some(more) = items.len().checked_sub(ROWS).filter(|more| *more > 0) {
            let _ = writeln!(out, "<li><small>and {more} more in summary.json</small></li>");
        }
        out.push_str("</ul>\n");
    }
    out.push_str("</section>\n");
    out
}

/// A list item: a name, a value, and a remark below.
fn item(name: &str, value: &str, remark: &str) -> String {
    let remark =
        if remark.is_empty() { String::new() } else { format!("<small>{}</small>", escaped(remark)) };
    format!("<span>{}</span><b>{}</b>{remark}", escaped(name), escaped(value))
}

fn availability(summary: &Summary) -> String {
    let mut workloads: Vec<&WorkloadSummary> = summary.workloads.iter().collect();
    let thousandths =
        |it: &WorkloadSummary| it.available_percent.map_or(0, |percent| (percent * 1000.0) as u64);
    workloads.sort_by_key(|it| thousandths(it));
    let Some(worst) = workloads.first() else {
        return card("Availability", "-", "", "no workloads with replicas", &[]);
    };
    let name = |it: &WorkloadSummary| format!("{}/{}", it.kind.to_lowercase(), it.name);
    let row = |it: &&WorkloadSummary| {
        let value = it.available_percent.map_or("never ready".to_owned(), percent);
        let fewest = it.min_ready.map_or_else(String::new, |fewest| format!("at least {fewest} ready, "));
        let remark = format!("{fewest}{} of {} at the end", it.ready, it.wanted);
        let width = it.available_percent.unwrap_or(0.0);
        let meter = format!("<div class=\"meter\"><i style=\"width:{width}%\"></i></div>");
        format!("<span>{}</span><b>{value}</b>{meter}<small>{}</small>", escaped(&name(it)), escaped(&remark))
    };
    let items: Vec<String> = workloads.iter().map(row).collect();
    let big = worst.available_percent.map_or("never ready".to_owned(), percent);
    let full = thousandths(worst) == 100_000;
    let note =
        if full { "all workloads, since first ready".to_owned() } else { format!("lowest: {}", name(worst)) };
    card("Availability", &big, if full { "good" } else { "" }, &note, &items)
}

fn recovery(summary: &Summary) -> String {
    let faults = &summary.faults;
    if faults.is_empty() {
        return card("Time to recovery", "-", "", "no faults in this run", &[]);
    }
    let row = |fault: &FaultSummary| {
        let value = match fault.outcome {
            "no_effect" => "no effect".to_owned(),
            _ => fault.recovered_after_s.map_or("not in this run".into(), length),
        };
        let felt =
            fault.hit_after_s.map_or_else(String::new, |after| format!(", felt after {}", length(after)));
        item(&fault.label, &value, &format!("at {}{felt}", length(fault.at_s)))
    };
    let items: Vec<String> = faults.iter().map(row).collect();
    let lost = faults.iter().filter(|fault| fault.outcome == "not_recovered").count();
    let longest = faults
        .iter()
        .filter_map(|fault| fault.recovered_after_s)
        .fold(None, |longest: Option<f64>, it| Some(longest.map_or(it, |longest| longest.max(it))));
    match (lost, longest) {
        (0, Some(longest)) => card("Time to recovery", &length(longest), "", "longest of all faults", &items),
        (0, None) => card("Time to recovery", "no effect", "good", "all workloads stayed ready", &items),
        (lost, _) => card(
            "Time to recovery",
            &format!("{lost} open"),
            "bad",
            "faults not recovered from in this run",
            &items,
        ),
    }
}

fn restarts(restarts: &Total) -> String {
    let mut by: Vec<_> = restarts.by.iter().collect();
    by.sort_by(|a, b| (b.1, a.0).cmp(&(a.1, b.0)));
    let items: Vec<String> = by
        .iter()
        .map(|(code, times)| match code.as_str() {
            "unknown" => item("exit unknown", &count(**times), "the container vanished with its node"),
            code => item(&format!("exit {code}"), &count(**times), exit_code_meaning(code)),
        })
        .collect();
    card("Restarts", &count(restarts.total), "", "by the exit code before", &items)
}

/// What people want to know of the exit codes they meet most.
fn exit_code_meaning(code: &str) -> &'static str {
    match code {
        "0" => "ended by itself, without an error",
        "1" => "the program reported an error",
        "2" => "the program reported wrong use",
        "126" => "the command could not be executed",
        "127" => "the command was not found",
        "130" => "interrupted (SIGINT)",
        "134" => "aborted itself (SIGABRT)",
        "137" => "killed (SIGKILL): out of memory, or still running when the grace period ended",
        "139" => "invalid memory access (SIGSEGV)",
        "143" => "asked to end (SIGTERM) and did",
        _ => "",
    }
}

fn expectations(summary: &Summary) -> String {
    let all = &summary.expectations;
    let total = all.passed + all.failed;
    if total == 0 {
        return card("Expectations", "-", "", "the scenario states none", &[]);
    }
    let items: Vec<String> =
        all.missed.iter().map(|missed| item(&missed.label, "✗", &missed.found)).collect();
    let class = if all.failed == 0 { "good" } else { "bad" };
    card("Expectations", &format!("{} of {total}", all.passed), class, "held", &items)
}

fn pods(summary: &Summary) -> String {
    let events = &summary.kubernetes_events;
    let mut items = vec![
        item("deleted", &count(summary.pods.deleted), ""),
        item("most at once", &count(summary.pods.peak), ""),
        item("evicted", &count(summary.evictions.total), &reasons(&summary.evictions)),
    ];
    if events.normal + events.warning > 0 {
        let remark = format!("{} of them warnings", count(events.warning));
        items.push(item("Kubernetes events", &count(events.normal + events.warning), &remark));
    }
    card("Pods", &count(summary.pods.created), "", "created", &items)
}

fn reasons(total: &Total) -> String {
    let each: Vec<String> = total.by.iter().map(|(reason, times)| format!("{reason} ×{times}")).collect();
    each.join(", ")
}

fn nodes(summary: &Summary) -> String {
    let always = |node: &&crate::report::summary::NodeSummary| node.ready_percent.total_cmp(&100.0).is_eq();
    let (well, mut ill): (Vec<_>, Vec<_>) = summary.nodes.iter().partition(always);
    ill.sort_by_key(|node| (node.ready_percent * 1000.0) as u64);
    let row = |node: &&crate::report::summary::NodeSummary| {
        item(
            &node.name,
            &percent(node.ready_percent),
            &format!("{} at the end", node.state.replace('_', " ")),
        )
    };
    let mut items: Vec<String> = ill.iter().map(row).collect();
    if !well.is_empty() {
        items.insert(0, item("always ready", &count(well.len() as u64), ""));
    }
    card("Nodes", &count(summary.nodes.len() as u64), "", "part of the time ready", &items)
}
