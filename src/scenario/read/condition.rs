//! Readers of conditions: what can be true or false of a cluster.

use super::scalar::DEFAULT_NAMESPACE;
use super::target::{self, POD_FIELDS};
use super::{Fields, Mentioned, Read, Value};
use crate::api::Kind;
use crate::api::core::{ConditionStatus, TaintEffect};
use crate::api::pod::PodPhase;
use crate::base::Name;
use crate::fault::Pick;
use crate::kernel::SimDuration;
use crate::scenario::expect::{
    About, Condition, Count, EventCondition, JobCondition, KubectlCondition, NodeCondition, PodCondition,
    Ready, TaintPattern, TrafficCondition, WorkloadCondition,
};
use crate::source::{nearest, quoted};
use crate::traffic::Cause;

/// One kind of condition: the field that names it, the fields that belong to it, and its reader.
struct Form {
    key: &'static str,
    checks: &'static [&'static str],
    read: fn(&Fields<'_>, &Form) -> Read<Condition>,
}

const WORKLOAD: &[&str] = &["replicas", "updated", "ready", "available"];
const PODS: &[&str] =
    &["count", "phase", "ready", "restarts", "node", "status", "exitCode", "reason", "waiting"];

const TRAFFIC: &[&str] =
    &["client", "sent", "answered", "failed", "retries", "causes", "availability", "latency"];

const FORMS: &[Form] = &[
    Form { key: "kubectl", checks: &["count", "ready", "contains", "exitStatus"], read: kubectl },
    Form { key: "pod", checks: PODS, read: pods },
    Form { key: "pods", checks: PODS, read: pods },
    Form { key: "node", checks: &["ready", "taints", "unschedulable"], read: node },
    Form { key: "deployment", checks: WORKLOAD, read: workload },
    Form { key: "replicaset", checks: WORKLOAD, read: workload },
    Form { key: "statefulset", checks: WORKLOAD, read: workload },
    Form { key: "daemonset", checks: WORKLOAD, read: workload },
    Form { key: "replicationcontroller", checks: WORKLOAD, read: workload },
    Form { key: "job", checks: &["active", "succeeded", "failed", "complete"], read: job },
    Form { key: "service", checks: &["endpoints"], read: service },
    Form { key: "traffic", checks: TRAFFIC, read: requests },
    Form { key: "event", checks: &["count"], read: event },
    Form { key: "object", checks: &["exists"], read: object },
];

/// Reads the condition that some fields of a mapping make; `others` are fields that belong to someone else.
pub(super) fn condition(fields: &mut Fields<'_>, others: &[&'static str]) -> Read<Condition> {
    let form = form(fields, others)?;
    let valid: Vec<&'static str> = [form.key].into_iter().chain(form.checks.iter().copied()).collect();
    let all: Vec<&'static str> = valid.into_iter().chain(others.iter().copied()).collect();
    fields.only(&all);
    (form.read)(fields, form)
}

/// A condition that is a mapping of its own.
pub(super) fn whole_condition(value: &Value<'_>) -> Read<Condition> {
    condition(&mut value.open_fields()?, &[])
}

/// The kind of condition that is meant. `node` alone is a kind, but beside `pod` it is something to check.
fn form(fields: &mut Fields<'_>, others: &[&'static str]) -> Read<&'static Form> {
    let found: Vec<&Form> = FORMS.iter().filter(|form| fields.has(form.key)).collect();
    match found[..] {
        [form] => Ok(form),
        [pods, Form { key: "node", .. }] if POD_FIELDS.contains(&pods.key) => Ok(pods),
        [] => {
            let keys: Vec<&'static str> = FORMS.iter().map(|form| form.key).collect();
            let checks = FORMS.iter().flat_map(|form| form.checks.iter().copied());
            // A misspelt kind is better shown as the unknown field it is.
            let all: Vec<&'static str> =
                keys.iter().copied().chain(checks).chain(others.iter().copied()).collect();
            fields.only(&all);
            let help = format!("give one of `{}`", keys.join("`, `"));
            fields.lacks("it does not say what to look at", help)
        }
        [a, b, ..] => {
            let message =
                format!("`{}` and `{}` are two conditions: write them as two entries", a.key, b.key);
            fields.whole().wrong("conflict", message)
        }
    }
}

/// Something must be checked: a condition that is always true is a mistake.
fn check_given(fields: &Fields<'_>, form: &Form) -> Read<()> {
    if !fields.given(form.checks).is_empty() {
        return Ok(());
    }
    let help = format!("add one of `{}`", form.checks.join("`, `"));
    fields.lacks(format!("`{}` alone checks nothing", form.key), help)
}

fn count(fields: &Fields<'_>, name: &str) -> Read<Option<Count>> {
    fields.optional(name, Value::count)
}

fn kubectl(fields: &Fields<'_>, form: &Form) -> Read<Condition> {
    let line = fields.need("kubectl", super::step::kubectl_line);
    let (rows, ready) = (count(fields, "count"), count(fields, "ready"));
    let contains = fields.optional("contains", |value| value.one_or_more(Value::text));
    let exit_status = fields.optional("exitStatus", Value::exit_code);
    check_given(fields, form)?;
    Ok(Condition::Kubectl(KubectlCondition {
        line: line?,
        count: rows?,
        ready: ready?,
        contains: contains?.unwrap_or_default(),
        exit_status: exit_status?,
    }))
}

fn pods(fields: &Fields<'_>, form: &Form) -> Read<Condition> {
    const PHASES: &[(&str, PodPhase)] = &[
        ("Pending", PodPhase::Pending),
        ("Running", PodPhase::Running),
        ("Succeeded", PodPhase::Succeeded),
        ("Failed", PodPhase::Failed),
        ("Unknown", PodPhase::Unknown),
    ];
    let target = target::pods(fields);
    let phase = fields.optional("phase", |value| value.word("phase", PHASES));
    let ready = fields.optional("ready", readiness);
    let (number, restarts) = (count(fields, "count"), count(fields, "restarts"));
    let node = fields.optional("node", target::node_name);
    let status = fields.optional("status", Value::some_text);
    let exit_code = fields.optional("exitCode", Value::exit_code);
    let reason = fields.optional("reason", Value::some_text);
    let waiting = fields.optional("waiting", Value::some_text);
    check_given(fields, form)?;
    let target = target?;
    if target.pick != Pick::All {
        return fields.whole().wrong("conflict", "write `count` beside `pods`: it is the number to find");
    }
    Ok(Condition::Pods(PodCondition {
        namespace: target.namespace,
        by: target.by,
        count: number?,
        phase: phase?,
        ready: ready?,
        restarts: restarts?,
        node: node?,
        status: status?,
        exit_code: exit_code?,
        reason: reason?,
        waiting: waiting?,
    }))
}

/// `true`, `false`, or how many.
fn readiness(value: &Value<'_>) -> Read<Ready> {
    match value.as_str() {
        Some("true" | "True") => Ok(Ready::All),
        Some("false" | "False") => Ok(Ready::None),
        _ => value.count().map(Ready::Count),
    }
}

fn node(fields: &Fields<'_>, form: &Form) -> Read<Condition> {
    const STATUSES: &[(&str, ConditionStatus)] = &[
        ("True", ConditionStatus::True),
        ("False", ConditionStatus::False),
        ("Unknown", ConditionStatus::Unknown),
    ];
    let name = fields.need("node", target::node_name);
    let ready = fields.optional("ready", |value| match value.as_str() {
        Some("true") => Ok(ConditionStatus::True),
        Some("false") => Ok(ConditionStatus::False),
        _ => value.word("status", STATUSES),
    });
    let taints = fields.optional("taints", |value| value.items(taint));
    let unschedulable = fields.optional("unschedulable", Value::truth);
    check_given(fields, form)?;
    Ok(Condition::Node(NodeCondition {
        name: name?,
        ready: ready?,
        taints: taints?,
        unschedulable: unschedulable?,
    }))
}

/// `key`, `key:Effect`, `key=value` or `key=value:Effect`.
fn taint(value: &Value<'_>) -> Read<TaintPattern> {
    let text = value.some_text()?;
    let (rest, effect) = match text.rsplit_once(':') {
        None => (&*text, None),
        Some((rest, "NoSchedule")) => (rest, Some(TaintEffect::NoSchedule)),
        Some((rest, "PreferNoSchedule")) => (rest, Some(TaintEffect::PreferNoSchedule)),
        Some((rest, "NoExecute")) => (rest, Some(TaintEffect::NoExecute)),
        Some((_, word)) => {
            let names = ["NoSchedule", "PreferNoSchedule", "NoExecute"];
            return value.unknown_word("taint effect", word, &names);
        }
    };
    let (key, pattern) = match rest.split_once('=') {
        Some((key, value)) => (key, Some(value.into())),
        None => (rest, None),
    };
    value.check_name(key, crate::api::names::qualified_name)?;
    Ok(TaintPattern { key: key.into(), value: pattern, effect })
}

/// Reads the object that a field names, and remembers it.
fn named(fields: &Fields<'_>, key: &'static str, kind: Kind) -> Read<(Name, Name)> {
    fields.need(key, |value| {
        let (namespace, name) = value.namespaced_name()?;
        value.mention(Mentioned::Object { kind, namespace: namespace.clone(), name: name.clone() });
        Ok((namespace, name))
    })
}

fn workload(fields: &Fields<'_>, form: &Form) -> Read<Condition> {
    let Some(kind) = Kind::from_word(form.key) else {
        unreachable!("the keys of workload conditions are kinds");
    };
    let target = named(fields, form.key, kind);
    let [replicas, updated, ready, available] =
        ["replicas", "updated", "ready", "available"].map(|name| count(fields, name));
    check_given(fields, form)?;
    let (namespace, name) = target?;
    let (replicas, updated, ready, available) = (replicas?, updated?, ready?, available?);
    Ok(Condition::Workload(WorkloadCondition { kind, namespace, name, replicas, updated, ready, available }))
}

fn job(fields: &Fields<'_>, form: &Form) -> Read<Condition> {
    let target = named(fields, "job", Kind::Job);
    let [active, succeeded, failed] = ["active", "succeeded", "failed"].map(|name| count(fields, name));
    let complete = fields.optional("complete", Value::truth);
    check_given(fields, form)?;
    let (namespace, name) = target?;
    let (active, succeeded, failed, complete) = (active?, succeeded?, failed?, complete?);
    Ok(Condition::Job(JobCondition { namespace, name, active, succeeded, failed, complete }))
}

fn service(fields: &Fields<'_>, _form: &Form) -> Read<Condition> {
    let target = named(fields, "service", Kind::Service);
    let endpoints = fields.need("endpoints", Value::count);
    let (namespace, name) = target?;
    Ok(Condition::Service { namespace, name, endpoints: endpoints? })
}

fn requests(fields: &Fields<'_>, form: &Form) -> Read<Condition> {
    let target = named(fields, "traffic", Kind::Service);
    let client = fields.optional("client", Value::some_text);
    let [sent, answered, failed, retries] =
        ["sent", "answered", "failed", "retries"].map(|name| count(fields, name));
    let causes = fields.optional("causes", |value| {
        value.entries(|name, value| {
            let names: Vec<&'static str> = Cause::ALL.iter().map(|cause| cause.word()).collect();
            if !names.contains(&name) {
                return value.unknown_word("cause", name, &names);
            }
            Ok((Name::from(name), value.count()?))
        })
    });
    let availability = fields.optional("availability", availability);
    let latency = fields.optional("latency", |value| value.entries(quantile));
    let only_client = Form { checks: &form.checks[1..], ..*form };
    check_given(fields, &only_client)?;
    let (namespace, service) = target?;
    Ok(Condition::Traffic(TrafficCondition {
        namespace,
        service,
        client: client?,
        sent: sent?,
        answered: answered?,
        failed: failed?,
        retries: retries?,
        causes: causes?.unwrap_or_default(),
        availability: availability?,
        latency: latency?.unwrap_or_default(),
    }))
}

/// `99.9%`: at least so much; or `{min: 90%, max: 95%}`.
fn availability(value: &Value<'_>) -> Read<Count> {
    let per_million = |value: &Value<'_>| super::traffic::percent_per_million(value).map(u64::from);
    if !value.is_mapping() {
        return Ok(Count { min: per_million(value)?, max: 1_000_000 });
    }
    let fields = value.fields(&["min", "max"])?;
    let (min, max) = (fields.optional("min", per_million), fields.optional("max", per_million));
    Ok(Count { min: min?.unwrap_or(0), max: max?.unwrap_or(1_000_000) })
}

/// `p99: 200ms`: the most that a quantile may be.
fn quantile(name: &str, value: &Value<'_>) -> Read<(u64, SimDuration)> {
    const QUANTILES: &[(&str, u64)] =
        &[("p50", 500), ("p90", 900), ("p95", 950), ("p99", 990), ("p999", 999), ("max", 1000)];
    let Some((_, per_mille)) = QUANTILES.iter().find(|(word, _)| *word == name) else {
        let names: Vec<&'static str> = QUANTILES.iter().map(|(word, _)| *word).collect();
        return value.unknown_word("quantile", name, &names);
    };
    Ok((*per_mille, value.duration()?))
}

fn event(fields: &Fields<'_>, _form: &Form) -> Read<Condition> {
    let number = count(fields, "count");
    let event = fields.need("event", |value| {
        let fields = value.fields(&["reason", "about", "message"])?;
        let reason = fields.optional("reason", Value::some_text);
        let about = fields.optional("about", about);
        let message = fields.optional("message", Value::text);
        if fields.given(&["reason", "about", "message"]).is_empty() {
            return fields.lacks("it does not say which events", "give `reason`, `about` or `message`");
        }
        Ok(EventCondition { reason: reason?, about: about?, message: message?, count: None })
    });
    Ok(Condition::Event(EventCondition { count: number?, ..event? }))
}

/// `Kind/name` or `Kind/namespace/name`.
fn about(value: &Value<'_>) -> Read<About> {
    let (kind, namespace, name) = kind_and_name(value)?;
    Ok(About { kind, namespace, name })
}

fn object(fields: &Fields<'_>, _form: &Form) -> Read<Condition> {
    let target = fields.need("object", kind_and_name);
    let exists = fields.optional("exists", Value::truth);
    let (kind, namespace, name) = target?;
    let namespaced = kind.names().namespaced;
    let namespace = namespace.unwrap_or(if namespaced { DEFAULT_NAMESPACE.into() } else { Name::default() });
    Ok(Condition::Object { kind, namespace, name, exists: exists?.unwrap_or(true) })
}

fn kind_and_name(value: &Value<'_>) -> Read<(Kind, Option<Name>, Name)> {
    let text = value.some_text()?;
    let parts: Vec<&str> = text.split('/').collect();
    let (word, namespace, name) = match parts[..] {
        [word, name] if !name.is_empty() => (word, None, name),
        [word, namespace, name] if !name.is_empty() && !namespace.is_empty() => {
            (word, Some(namespace.into()), name)
        }
        _ => {
            let help = "write `kind/name` or `kind/namespace/name`";
            return value.wrong_help(
                "invalid-name",
                format!("{} does not name an object", quoted(&text)),
                help,
            );
        }
    };
    let Some(kind) = Kind::from_word(word) else {
        let names =
            Kind::ALL.iter().filter(|kind| **kind != Kind::Unsimulated).map(|kind| kind.names().singular);
        let message = format!("{} is not a kind that is simulated", quoted(word));
        return match nearest(word, names) {
            Some(name) => value.wrong_help("unknown-value", message, format!("did you mean `{name}`?")),
            None => value.wrong("unknown-value", message),
        };
    };
    if namespace.is_some() && !kind.names().namespaced {
        return value.wrong("invalid-name", format!("a {kind} has no namespace"));
    }
    Ok((kind, namespace, name.into()))
}
