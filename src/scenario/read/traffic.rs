//! Reader of traffic: sources of requests, and the calls that programs make.

use super::{Fields, Mentioned, Read, Value, Variant};
use crate::api::Kind;
use crate::base::Name;
use crate::kernel::{Distribution, SimDuration, SimTime};
use crate::traffic::{From, Load, Mode, Rate, Source, TrafficPlan};
use crate::workload::{CallRule, RetryRule};

/// An attempt may take so long if nothing is said.
const DEFAULT_TIMEOUT: SimDuration = SimDuration::from_secs(10);
/// Requests of a million that should be answered if nothing is said.
const DEFAULT_OBJECTIVE: u32 = 999_000;
/// Wait before the first retry if nothing is said.
const DEFAULT_BACKOFF: SimDuration = SimDuration::from_millis(25);

/// Rates, each with whether requests come at random.
const RATES: &[Variant<(Rate, bool)>] = &[
    ("constant", |value| Ok((Rate::Constant(value.number()?), false))),
    ("ramp", |value| Ok((ramp(value)?, false))),
    ("step", |value| Ok((steps(value)?, false))),
    ("diurnal", |value| Ok((diurnal(value)?, false))),
    ("poisson", |value| Ok((poisson(value)?, true))),
    ("trace", |value| Ok((trace(value)?, false))),
];

/// Rates of a Poisson process that vary.
const VARYING: &[Variant<Rate>] = &[
    ("constant", |value| value.number().map(Rate::Constant)),
    ("ramp", ramp),
    ("step", steps),
    ("diurnal", diurnal),
    ("trace", trace),
];

/// Reads a list of sources, or `{mode: fluid, interval: 10s, sources: [...]}`.
pub(super) fn traffic(value: &Value<'_>) -> Read<TrafficPlan> {
    let (mode, interval, sources) = if value.is_list() {
        (None, None, value.readable(source)?)
    } else {
        let fields = value.fields(&["mode", "interval", "sources"])?;
        let mode = fields
            .optional("mode", |value| value.word("mode", &[("exact", Mode::Exact), ("fluid", Mode::Fluid)]));
        let interval = fields.optional("interval", Value::positive_duration);
        let sources = fields.need("sources", |value| value.readable(source));
        (mode?, interval?, sources?)
    };
    let sources = with_own_names(sources);
    Ok(TrafficPlan { mode: mode.unwrap_or_default(), interval, sources })
}

/// Gives sources without a name that of their Service, with a number where there are several.
fn with_own_names(mut sources: Vec<Source>) -> Vec<Source> {
    for index in 0..sources.len() {
        if !sources[index].name.is_empty() {
            continue;
        }
        let base = format!("clients of {}", sources[index].service);
        let taken = |name: &str| sources.iter().any(|source| source.name == name);
        let numbered = (2..).map(|number| format!("{base} {number}"));
        let name = std::iter::once(base.clone()).chain(numbered).find(|name| !taken(name));
        sources[index].name = name.expect("numbers do not end").into();
    }
    sources
}

/// Reads `{service: default/web, rate: {ramp: {from: 10, to: 500, over: 10m}}}`.
fn source(value: &Value<'_>) -> Read<Source> {
    let fields = value.fields(&[
        "name",
        "service",
        "port",
        "path",
        "client",
        "rate",
        "users",
        "from",
        "until",
        "timeout",
        "retries",
        "reuse",
        "objective",
    ])?;
    let service = fields.need("service", |value| {
        let (namespace, name) = value.namespaced_name()?;
        let kind = Kind::Service;
        value.mention(Mentioned::Object { kind, namespace: namespace.clone(), name: name.clone() });
        Ok((namespace, name))
    });
    let name = fields.optional("name", Value::some_text);
    let port = fields.optional("port", Value::some_text);
    let path = fields.optional("path", path);
    let client = fields.optional("client", client);
    let load = load(&fields);
    let (begins, ends) = super::step::bounds(&fields)?;
    let timeout = fields.optional("timeout", Value::positive_duration);
    let retries = fields.optional("retries", retries);
    let reuse = fields.optional("reuse", Value::truth);
    let objective = fields.optional("objective", percent_per_million);
    let (namespace, service) = service?;
    Ok(Source {
        name: name?.unwrap_or_default(),
        namespace,
        service,
        port: port?,
        path: path?.unwrap_or_else(|| "/".into()),
        from: client?.unwrap_or(From::Anywhere),
        load: load?,
        begins: begins.unwrap_or(SimTime::ZERO),
        ends,
        timeout: timeout?.unwrap_or(DEFAULT_TIMEOUT),
        retries: retries?.unwrap_or(RetryRule::NONE),
        reuse: reuse?.unwrap_or(false),
        objective_per_million: objective?.unwrap_or(DEFAULT_OBJECTIVE),
    })
}

/// Reads `{service: cart, path: /items, timeout: 1s, retries: 2}` or just `cart`.
pub(super) fn call(value: &Value<'_>) -> Read<CallRule> {
    let plain = |service: Name| CallRule {
        service,
        port: None,
        path: "/".into(),
        times: 1,
        timeout: DEFAULT_TIMEOUT,
        retries: RetryRule::NONE,
        reuse: false,
        optional: false,
    };
    if !value.is_mapping() {
        return super::app::needed_service(value).map(plain);
    }
    let fields =
        value.fields(&["service", "port", "path", "times", "timeout", "retries", "reuse", "optional"])?;
    let service = fields.need("service", super::app::needed_service);
    let port = fields.optional("port", Value::some_text);
    let path = fields.optional("path", path);
    let times = fields.optional("times", |value| value.whole(1..=1000));
    let timeout = fields.optional("timeout", Value::positive_duration);
    let retries = fields.optional("retries", retries);
    let reuse = fields.optional("reuse", Value::truth);
    let optional = fields.optional("optional", Value::truth);
    let plain = plain(service?);
    Ok(CallRule {
        port: port?,
        path: path?.unwrap_or(plain.path),
        times: times?.map_or(plain.times, |times| times as u32),
        timeout: timeout?.unwrap_or(plain.timeout),
        retries: retries?.unwrap_or(plain.retries),
        reuse: reuse?.unwrap_or(plain.reuse),
        optional: optional?.unwrap_or(plain.optional),
        service: plain.service,
    })
}

fn path(value: &Value<'_>) -> Read<Name> {
    let text = value.some_text()?;
    if text.starts_with('/') { Ok(text) } else { value.wrong("invalid-value", "a path begins with `/`") }
}

/// `outside`, `cluster`, `{node: worker-1}` or `{zone: a}`.
fn client(value: &Value<'_>) -> Read<From> {
    if !value.is_mapping() {
        let words = [("outside", false), ("cluster", true)];
        let inside = value.word("place of clients", &words)?;
        return Ok(if inside { From::Cluster } else { From::Outside });
    }
    value.one_of(
        "place of clients",
        &[
            ("node", |value| super::target::node_name(value).map(From::Node)),
            ("zone", |value| {
                let zone = value.label_value()?;
                value.mention(Mentioned::Zone(zone.clone()));
                Ok(From::Zone(zone))
            }),
        ],
    )
}

/// A number of attempts after the first, or `{attempts: 2, budget: 20%, backoff: 50ms}`.
fn retries(value: &Value<'_>) -> Read<RetryRule> {
    let attempts = |value: &Value<'_>| value.whole(0..=100).map(|attempts| attempts as u32);
    if !value.is_mapping() {
        return Ok(RetryRule {
            attempts: attempts(value)?,
            budget_per_million: None,
            backoff: DEFAULT_BACKOFF,
        });
    }
    let fields = value.fields(&["attempts", "budget", "backoff"])?;
    let attempts = fields.need("attempts", attempts);
    let budget = fields.optional("budget", percent_per_million);
    let backoff = fields.optional("backoff", Value::duration);
    Ok(RetryRule {
        attempts: attempts?,
        budget_per_million: budget?,
        backoff: backoff?.unwrap_or(DEFAULT_BACKOFF),
    })
}

/// `99.9%`, in parts of a million.
pub(super) fn percent_per_million(value: &Value<'_>) -> Read<u32> {
    let text = value.some_text()?;
    let number = text.strip_suffix('%').and_then(|number| number.trim().parse::<f64>().ok());
    match number.filter(|number| (0.0..=100.0).contains(number)) {
        Some(percent) => Ok((percent * 10_000.0).round() as u32),
        None => {
            value.wrong("invalid-value", format!("expected a percentage such as `99.9%`, found `{text}`"))
        }
    }
}

fn load(fields: &Fields<'_>) -> Read<Load> {
    match fields.given(&["rate", "users"])[..] {
        ["rate"] => fields.need("rate", rate).map(|(rate, random)| Load::Open { rate, random }),
        ["users"] => fields.need("users", users),
        [] => fields.lacks(
            "it does not say how many requests",
            "give `rate: 10`, or `users: {count: 10, think: 5s}`",
        ),
        _ => fields.conflict(&["rate", "users"]),
    }
}

fn users(value: &Value<'_>) -> Read<Load> {
    let fields = value.fields(&["count", "think", "rampUp"])?;
    let users = fields.need("count", |value| value.whole(1..=1_000_000));
    let think = fields.optional("think", Value::distribution);
    let ramp_up = fields.optional("rampUp", Value::duration);
    Ok(Load::Closed {
        users: users? as u32,
        think: think?.unwrap_or(Distribution::exactly(SimDuration::from_secs(1))),
        ramp_up: ramp_up?.unwrap_or(SimDuration::ZERO),
    })
}

fn rate(value: &Value<'_>) -> Read<(Rate, bool)> {
    if value.is_mapping() {
        value.one_of("rate", RATES)
    } else {
        Ok((Rate::Constant(value.number()?), false))
    }
}

fn poisson(value: &Value<'_>) -> Read<Rate> {
    if value.is_mapping() {
        value.one_of("rate", VARYING)
    } else {
        value.positive_number().map(Rate::Constant)
    }
}

fn ramp(value: &Value<'_>) -> Read<Rate> {
    let fields = value.fields(&["from", "to", "over"])?;
    let (from, to) = (fields.need("from", Value::number), fields.need("to", Value::number));
    let over = fields.need("over", Value::positive_duration);
    Ok(Rate::Ramp { from: from?, to: to?, over: over? })
}

fn steps(value: &Value<'_>) -> Read<Rate> {
    let steps = value.items(|value| {
        let fields = value.fields(&["at", "rate"])?;
        let (at, rate) = (fields.need("at", Value::time_in_run), fields.need("rate", Value::number));
        Ok((at?, rate?))
    })?;
    if steps.is_empty() {
        return value.wrong("invalid-value", "expected at least one step");
    }
    if !steps.is_sorted_by(|(a, _), (b, _)| a < b) {
        return value.wrong("out-of-range", "the times of the steps must increase");
    }
    Ok(Rate::Step(steps))
}

fn diurnal(value: &Value<'_>) -> Read<Rate> {
    let fields = value.fields(&["low", "high", "period"])?;
    let (low, high) = (fields.need("low", Value::number), fields.need("high", Value::number));
    let period = fields.optional("period", Value::positive_duration);
    let (low, high) = (low?, high?);
    if low > high {
        return value.wrong("out-of-range", format!("low {low} is above high {high}"));
    }
    Ok(Rate::Diurnal { low, high, period: period?.unwrap_or(SimDuration::from_secs(86_400)) })
}

/// A CSV file beside the scenario: a header, then a time in seconds and a rate in every row.
fn trace(value: &Value<'_>) -> Read<Rate> {
    let name = value.some_text()?;
    // Beside the file that names it.
    let path = std::path::Path::new(value.context.file.name()).with_file_name(&*name);
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => return value.wrong("unreadable", format!("cannot read {name}: {error}")),
    };
    let mut steps: Vec<(SimTime, f64)> = Vec::new();
    for (number, line) in text.lines().enumerate().skip(1).filter(|(_, line)| !line.trim().is_empty()) {
        let row = line.split_once(',').and_then(|(time, rate)| {
            let at = SimTime::from_secs_f64(time.trim().parse().ok()?)?;
            let rate: f64 = rate.trim().parse().ok()?;
            (rate.is_finite() && rate >= 0.0).then_some((at, rate))
        });
        let Some((at, rate)) = row else {
            let message =
                format!("{name}:{}: expected a time in seconds and a rate, such as `60,250`", number + 1);
            return value.wrong("invalid-value", message);
        };
        if steps.last().is_some_and(|(last, _)| *last >= at) {
            return value.wrong("out-of-range", format!("{name}:{}: the times must increase", number + 1));
        }
        steps.push((at, rate));
    }
    if steps.is_empty() {
        return value.wrong("invalid-value", format!("{name} has no rows"));
    }
    Ok(Rate::Step(steps))
}
