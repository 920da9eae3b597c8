//! The head of the page: what one wants to know first, as plain HTML that needs no script.

use std::fmt::Write as _;

use super::text::{count, escaped, length, percent};
use crate::report::Summary;
use crate::report::summary::{CostSummary, FaultSummary, FlowSummary, PoolCost, Total, WorkloadSummary};

/// Rows that a card shows; the rest unfolds.
const ROWS: usize = 3;
/// Rows that unfold; the rest is counted.
const MORE: usize = 30;
/// Cards with a sentence for each row, which need more room.
const AVAILABILITY: &str = "Availability";
const REQUESTS: &str = "Requests";
/// Warnings that are shown unfolded.
const WARNINGS: usize = 2;

/// Title, what it is about, facts, command.
pub(super) fn header(summary: &Summary, description: &str) -> String {
    let about = match description.trim() {
        "" => String::new(),
        text => format!("<p class=\"about\">{}</p>\n", escaped(text)),
    };
    format!(
        "<header>\n<div>\n<h1>{scenario}</h1>\n{about}<p class=\"facts\"><span>seed <b>{seed}</b></span> \
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
    let mut cards = vec![availability(summary)];
    cards.extend(requests(&summary.traffic));
    cards.extend([
        recovery(summary),
        cost(&summary.cost),
        restarts(&summary.restarts),
        expectations(summary),
        pods(summary),
        nodes(summary),
    ]);
    format!("<section class=\"cards\" aria-label=\"Summary\">\n{}</section>\n", cards.concat())
}

/// What the reader must know before trusting the results.
pub(super) fn warnings(summary: &Summary) -> String {
    let count = summary.warnings.len();
    if count == 0 {
        return String::new();
    }
    let open = if count <= WARNINGS { " open" } else { "" };
    let what = if count == 1 { "warning".to_owned() } else { format!("{count} warnings") };
    let mut out = format!(
        "<details class=\"warnings\"{open}><summary>To know before trusting this: {what}</summary>\n<ul>\n"
    );
    for warning in &summary.warnings {
        let _ = writeln!(out, "<li>{}</li>", escaped(warning));
    }
    out.push_str("</ul></details>\n");
    out
}

/// A card: what, how much, and the parts as list items.
fn card(title: &str, big: &str, class: &str, note: &str, items: &[String]) -> String {
    let wide = if matches!(title, AVAILABILITY | REQUESTS) { " wide" } else { "" };
    let mut out = format!(
        "<section class=\"card{wide}\">\n<h2>{}</h2>\n<div class=\"big {class}\">{}</div>\n",
        escaped(title),
        escaped(big)
    );
    if !note.is_empty() {
        let _ = writeln!(out, "<small>{}</small>", escaped(note));
    }
    let row = |out: &mut String, item: &str| {
        let _ = writeln!(out, "<li>{item}</li>");
    };
    if items.is_empty() {
        out.push_str("</section>\n");
        return out;
    }
    // One row more is no longer than the line that says so.
    let shown = if items.len() == ROWS + 1 { items.len() } else { items.len().min(ROWS) };
    out.push_str("<ul>\n");
    items[..shown].iter().for_each(|item| row(&mut out, item));
    out.push_str("</ul>\n");
    let more = &items[shown..];
    if !more.is_empty() {
        let _ = writeln!(out, "<details><summary>and {} more</summary>\n<ul>", more.len());
        more.iter().take(MORE).for_each(|item| row(&mut out, item));
        if more.len() > MORE {
            row(&mut out, "<small>the rest is in summary.json</small>");
        }
        out.push_str("</ul></details>\n");
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
        return card(AVAILABILITY, "-", "", "no workloads with replicas", &[]);
    };
    let name = |it: &WorkloadSummary| format!("{}/{}", it.kind.to_lowercase(), it.name);
    let row = |it: &&WorkloadSummary| {
        let value = it.available_percent.map_or("never ready".to_owned(), percent);
        let fewest = it.min_ready.map_or_else(String::new, |fewest| format!("{fewest} ready at least, "));
        let remark = format!("{}, {fewest}{} of {} at the end", it.kind.to_lowercase(), it.ready, it.wanted);
        let width = it.available_percent.unwrap_or(0.0);
        let meter = format!("<div class=\"meter\"><i style=\"width:{width}%\"></i></div>");
        format!("<span>{}</span><b>{value}</b>{meter}<small>{}</small>", escaped(&it.name), escaped(&remark))
    };
    let items: Vec<String> = workloads.iter().map(row).collect();
    let big = worst.available_percent.map_or("never ready".to_owned(), percent);
    let full = thousandths(worst) == 100_000;
    let note =
        if full { "all workloads, since first ready".to_owned() } else { format!("lowest: {}", name(worst)) };
    card(AVAILABILITY, &big, if full { "good" } else { "" }, &note, &items)
}

/// What users got: requests of sources, the worst client first. What programs ask each other is below, in the charts.
fn requests(flows: &[FlowSummary]) -> Option<String> {
    let mut users: Vec<&FlowSummary> = flows.iter().filter(|flow| flow.client_kind == "source").collect();
    users.sort_by(|a, b| {
        let percent = |flow: &FlowSummary| flow.availability_percent.unwrap_or(100.0);
        percent(a).total_cmp(&percent(b)).then_with(|| b.sent.cmp(&a.sent))
    });
    let total = |of: fn(&FlowSummary) -> u64| users.iter().map(|flow| of(flow)).sum::<u64>();
    let (answered, failed) = (total(|flow| flow.answered), total(|flow| flow.failed.total));
    let thousandths = crate::report::traffic::availability(answered, failed)?;
    let row = |flow: &&FlowSummary| {
        let value = flow.availability_percent.map_or("-".to_owned(), percent);
        let failed = if flow.failed.total > 0 { reasons(&flow.failed) } else { "none failed".to_owned() };
        let slow = flow.latency_ms.as_ref().map(|latency| format!(", p99 {}", length(latency.p99 / 1000.0)));
        let budget = flow.error_budget_used_percent.filter(|used| *used > 0.0);
        let budget = budget.map(|used| format!(", error budget used: {}", percent(used)));
        let (slow, budget) = (slow.unwrap_or_default(), budget.unwrap_or_default());
        let remark = format!("{} sent, {failed}{slow}{budget}", count(flow.sent));
        item(&format!("{} to {}", flow.client, flow.service), &value, &remark)
    };
    let items: Vec<String> = users.iter().map(row).collect();
    let class = if failed == 0 { "good" } else { "" };
    let note = format!("answered, of {} that ended", count(answered + failed));
    Some(card(REQUESTS, &percent(thousandths as f64 / 1000.0), class, &note, &items))
}

fn recovery(summary: &Summary) -> String {
    let faults = &summary.faults;
    if faults.is_empty() {
        return card("Time to recovery", "-", "", "no faults in this run", &[]);
    }
    let nobody = summary.workloads.is_empty();
    let row = |fault: &FaultSummary| {
        let value = match fault.outcome {
            "no_effect" if nobody => "-".to_owned(),
            "no_effect" => "no effect".to_owned(),
            _ => fault.recovered_after_s.map_or("not in this run".into(), length),
        };
        let after = |what: &str, after: Option<f64>| {
            after.map_or_else(String::new, |after| format!(", {what} after {}", length(after)))
        };
        let noticed = after("noticed", fault.detected_after_s);
        let felt = after("felt", fault.hit_after_s);
        let requests = match fault.requests_failed {
            0 => String::new(),
            failed => {
                let end = after("the last", fault.requests_recovered_after_s);
                format!("; {} requests failed{end}", count(failed))
            }
        };
        item(&fault.label, &value, &format!("at {}{noticed}{felt}{requests}", length(fault.at_s)))
    };
    let items: Vec<String> = faults.iter().map(row).collect();
    let lost = faults.iter().filter(|fault| fault.outcome == "not_recovered").count();
    let longest = faults
        .iter()
        .filter_map(|fault| fault.recovered_after_s)
        .fold(None, |longest: Option<f64>, it| Some(longest.map_or(it, |longest| longest.max(it))));
    match (lost, longest) {
        (0, Some(longest)) => card("Time to recovery", &length(longest), "", "longest of all faults", &items),
        (0, None) if nobody => card("Time to recovery", "-", "", "no workloads with replicas", &items),
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

/// What the machines cost, by pool, and how much of what was requested of them was used.
fn cost(cost: &CostSummary) -> String {
    let hours = |hours: f64| format!("{hours:.2} h");
    let row = |pool: &PoolCost| {
        let each = pool.price_per_hour.map_or_else(String::new, |price| format!(" at {price}"));
        let value = pool.price.map_or_else(|| hours(pool.node_hours), money);
        let remark = format!("{} nodes at most, {}{each}", pool.nodes_peak, hours(pool.node_hours));
        item(&pool.pool, &value, &remark)
    };
    let mut items = Vec::new();
    if let (Some(wasted), Some(part)) = (cost.cpu_wasted_core_hours, cost.cpu_wasted_percent) {
        items.push(item(
            "CPU wasted",
            &percent(part),
            &format!("{wasted:.2} core hours requested and not used"),
        ));
    }
    if let Some(wasted) = cost.memory_wasted_gib_hours.filter(|wasted| *wasted > 0.0) {
        items.push(item("memory wasted", &format!("{wasted:.2} GiB h"), "requested and not used"));
    }
    items.extend(cost.pools.iter().map(row));
    if cost.pools.iter().any(|pool| pool.price.is_some()) {
        let note = format!("for {:.2} node hours", cost.node_hours);
        return card("Cost", &money(cost.price), "", &note, &items);
    }
    card("Node hours", &format!("{:.2}", cost.node_hours), "", "no pool has a price", &items)
}

fn money(amount: f64) -> String {
    format!("{amount:.2}")
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
    let each: Vec<String> =
        total.by.iter().map(|(reason, times)| format!("{reason} ×{}", count(*times))).collect();
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
