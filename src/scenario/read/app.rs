//! Reader of an `AppModel`: what the program in an image does.

use super::{Fields, Read, Value};
use crate::base::Name;
use crate::kernel::{Distribution, SimDuration};
use crate::workload::instance::SIGNAL_BASE;
use crate::workload::{
    AppModel, ExecRule, ExitRule, Growth, HealthRule, HealthStatus, HttpRule, LastWords, Matcher, OnSignal,
    ScriptedRun,
};

const FIELDS: &[&str] = &[
    "match",
    "image",
    "startup",
    "http",
    "grpc",
    "grpcHealth",
    "exec",
    "ports",
    "listen",
    "exits",
    "runs",
    "startError",
    "onSigterm",
    "init",
    "memory",
    "disk",
    "pids",
    "cpu",
    "concurrency",
    "queue",
];

/// Reads a whole document.
pub(in crate::scenario) fn app(document: &Value<'_>) -> Read<AppModel> {
    let fields = document.fields(&["apiVersion", "kind", "metadata", "spec"])?;
    let name = fields.need("metadata", super::spec::metadata_name);
    let model = fields.need("spec", spec);
    Ok(AppModel { name: name?, ..model? })
}

fn spec(value: &Value<'_>) -> Read<AppModel> {
    let fields = value.fields(FIELDS)?;
    let matcher = fields.need("match", matcher);
    let image = fields.optional("image", image);
    let startup = fields.optional("startup", startup);
    let http = fields.optional("http", |value| value.entries(http_rule));
    let grpc = fields.optional("grpc", |value| value.entries(http_rule));
    let concurrency = fields.optional("concurrency", |value| value.whole(1..=1_000_000));
    let queue = fields.optional("queue", |value| value.whole(0..=100_000_000));
    let health = fields.optional("grpcHealth", |value| value.entries(health_rule));
    let exec = fields.optional("exec", |value| value.items(exec_rule));
    let ports = fields.optional("ports", |value| value.one_or_more(port));
    let localhost = fields.optional("listen", |value| {
        value.word("address", &[("localhost", true), ("127.0.0.1", true), ("all", false), ("0.0.0.0", false)])
    });
    let exits = fields.optional("exits", |value| value.one_or_more(exit_rule));
    let runs = fields.optional("runs", |value| value.items(scripted_run));
    let start_error = fields.optional("startError", Value::some_text);
    let on_stop = fields.optional("onSigterm", on_sigterm);
    let has_init = fields.optional("init", Value::truth);
    let memory = fields.optional("memory", memory);
    let disk = fields.optional("disk", disk);
    let pids = fields.optional("pids", pids);
    let cpu = fields.optional("cpu", cpu);

    let default = AppModel::well_behaved("");
    let image = image?.unwrap_or_default();
    let (startup, startup_cpu) = startup?.unwrap_or((default.startup, SimDuration::ZERO));
    let (memory, memory_in_child, memory_per_request) = memory?.unwrap_or_default();
    let disk = disk?.unwrap_or_default();
    let (pids, fork_failed) = pids?.unwrap_or((default.pids, None));
    let (cpu_base_milli, cpu_per_request, cpu_threads) = cpu?.unwrap_or((0, SimDuration::ZERO, 1));
    let (on_stop, closes_on_stop) = on_stop?.unwrap_or((default.on_stop, false));
    let mut http = http?.unwrap_or_default();
    http.extend(grpc?.unwrap_or_default());
    Ok(AppModel {
        matcher: matcher?,
        image_size: image.size,
        image_missing: image.missing,
        image_user: image.user,
        pull_time: image.pull,
        start_error: start_error?,
        startup,
        startup_cpu,
        http,
        health: health?.unwrap_or_default(),
        exec: exec?.unwrap_or_default(),
        ports: ports?,
        localhost_only: localhost?.unwrap_or(false),
        exits: exits?.unwrap_or_default(),
        runs: runs?.unwrap_or_default(),
        has_init: has_init?.unwrap_or(false),
        stop_signal: image.stop_signal.unwrap_or(default.stop_signal),
        on_stop,
        closes_on_stop,
        memory,
        memory_in_child,
        disk: disk.bytes,
        disk_volume: disk.volume,
        files: disk.files,
        disk_full: disk.full,
        pids,
        fork_failed,
        cpu_base_milli,
        cpu_threads,
        cpu_per_request,
        concurrency: concurrency?.map(|most| most as u32),
        queue: queue?.map(|most| most as u32),
        memory_per_request,
        name: default.name,
    })
}

fn matcher(value: &Value<'_>) -> Read<Matcher> {
    let fields = value.fields(&["image", "container", "labels"])?;
    let image = fields.optional("image", Value::some_text);
    let container = fields.optional("container", Value::label_name);
    let labels = fields.optional("labels", Value::selector);
    Ok(Matcher { image: image?, container: container?, labels: labels?, args: None })
}

/// What is said of the image.
#[derive(Default)]
struct Image {
    size: Option<u64>,
    missing: bool,
    pull: Option<SimDuration>,
    stop_signal: Option<i32>,
    user: Option<Name>,
}

fn image(value: &Value<'_>) -> Read<Image> {
    let fields = value.fields(&["size", "missing", "pull", "stopSignal", "user"])?;
    let stop_signal = fields.optional("stopSignal", Value::signal);
    let size = fields.optional("size", Value::bytes);
    let missing = fields.optional("missing", Value::truth);
    let pull = fields.optional("pull", Value::duration);
    let user = fields.optional("user", Value::some_text);
    Ok(Image {
        size: size?,
        missing: missing?.unwrap_or(false),
        pull: pull?,
        stop_signal: stop_signal?,
        user: user?,
    })
}

fn startup(value: &Value<'_>) -> Read<(Distribution, SimDuration)> {
    let fields = value.fields(&["after", "cpu"])?;
    let cpu = fields.optional("cpu", Value::duration);
    let after = if fields.given(&["cpu"]).is_empty() {
        fields.need("after", Value::distribution).map(Some)
    } else {
        fields.optional("after", Value::distribution)
    };
    Ok((after?.unwrap_or(immediately()), cpu?.unwrap_or(SimDuration::ZERO)))
}

fn http_rule(path: &str, value: &Value<'_>) -> Read<HttpRule> {
    if !path.starts_with('/') {
        return value.wrong("invalid-value", "an HTTP path begins with `/`");
    }
    let fields = value.fields(&["status", "latency", "cpu", "needs", "calls", "parallel", "location"])?;
    let calls = fields.optional("calls", |value| value.items(super::traffic::call));
    let parallel = fields.optional("parallel", Value::truth);
    let status = fields.optional("status", |value| value.whole(100..=599));
    let latency = fields.optional("latency", Value::distribution);
    let cpu = fields.optional("cpu", Value::duration);
    let needs = fields.optional("needs", |value| value.one_or_more(needed_service));
    let location = fields.optional("location", Value::some_text)?;
    let status = status?.unwrap_or(if location.is_some() { 302 } else { 200 }) as u16;
    if location.is_some() && !matches!(status, 301..=303 | 307 | 308) {
        let message = format!("status {status} is no redirect, and `location` says where one leads");
        return value.wrong_help("conflict", message, "a redirect has status 301, 302, 303, 307 or 308");
    }
    Ok(HttpRule {
        path: path.into(),
        status,
        location,
        latency: latency?.unwrap_or(immediately()),
        needs: needs?.unwrap_or_default(),
        cpu: cpu?.unwrap_or(SimDuration::ZERO),
        calls: calls?.unwrap_or_default(),
        parallel: parallel?.unwrap_or(false),
    })
}

/// How a service of the program answers `grpc.health.v1.Health/Check`; the empty name is the whole program.
fn health_rule(service: &str, value: &Value<'_>) -> Read<HealthRule> {
    const STATUSES: &[(&str, HealthStatus)] = &[
        ("SERVING", HealthStatus::Serving),
        ("NOT_SERVING", HealthStatus::NotServing),
        ("UNKNOWN", HealthStatus::Unknown),
        ("UNIMPLEMENTED", HealthStatus::Unimplemented),
    ];
    let fields = value.fields(&["status", "latency", "needs"])?;
    let status = fields.optional("status", |value| value.word("status of a health check", STATUSES));
    let latency = fields.optional("latency", Value::distribution);
    let needs = fields.optional("needs", |value| value.one_or_more(needed_service));
    Ok(HealthRule {
        service: service.into(),
        status: status?.unwrap_or(HealthStatus::Serving),
        latency: latency?.unwrap_or(immediately()),
        needs: needs?.unwrap_or_default(),
    })
}

/// `service/db`, `service/shop/db`, `shop/db` or `db`.
pub(super) fn needed_service(value: &Value<'_>) -> Read<Name> {
    let text = value.some_text()?;
    let plain = ["service/", "services/", "svc/"].iter().find_map(|prefix| text.strip_prefix(prefix));
    let plain = plain.unwrap_or(&text);
    let parts: Vec<&str> = plain.split('/').collect();
    if parts.len() > 2 || parts.iter().any(|part| !crate::api::names::dns1123_subdomain(part).is_empty()) {
        let help = "write `service/name`, or `service/namespace/name`";
        return value.wrong_help("invalid-name", format!("`{text}` does not name a service"), help);
    }
    Ok(plain.into())
}

fn exec_rule(value: &Value<'_>) -> Read<ExecRule> {
    let fields = value.fields(&["contains", "code", "latency", "cpu", "whileAged"])?;
    let contains = fields.optional("contains", Value::some_text);
    let code = fields.optional("code", Value::exit_code);
    let latency = fields.optional("latency", Value::distribution);
    let cpu = fields.optional("cpu", Value::duration);
    let while_aged = fields.optional("whileAged", |value| value.one_or_more(age));
    Ok(ExecRule {
        contains: contains?.unwrap_or_default(),
        code: code?.unwrap_or(0),
        latency: latency?.unwrap_or(immediately()),
        while_aged: while_aged?.unwrap_or_default(),
        cpu: cpu?.unwrap_or(SimDuration::ZERO),
    })
}

fn age(value: &Value<'_>) -> Read<(SimDuration, SimDuration)> {
    let fields = value.fields(&["from", "until"])?;
    let (from, until) = (fields.optional("from", Value::duration), fields.optional("until", Value::duration));
    let (from, until) = (from?.unwrap_or(SimDuration::ZERO), until?.unwrap_or(SimDuration::MAX));
    if from >= until {
        return value.wrong("out-of-range", format!("from {from} is not before until {until}"));
    }
    Ok((from, until))
}

fn port(value: &Value<'_>) -> Read<i32> {
    value.whole(1..=65_535).map(|port| port as i32)
}

fn exit_rule(value: &Value<'_>) -> Read<ExitRule> {
    let fields = value.fields(&["after", "code", "signal", "message", "log"])?;
    let (after, code, words) =
        (fields.need("after", Value::distribution), ending(&fields), last_words(&fields));
    Ok(ExitRule { after: after?, code: code?, words: words? })
}

/// What the program writes to its termination message file, and the end of its log.
fn last_words(fields: &Fields<'_>) -> Read<LastWords> {
    let (message, log) = (fields.optional("message", Value::text), fields.optional("log", Value::text));
    Ok(LastWords { message: message?.unwrap_or_default().into(), log: log?.unwrap_or_default().into() })
}

/// `code`, or `signal` as the code that the runtime reports for it.
fn ending(fields: &Fields<'_>) -> Read<i32> {
    let code = fields.optional("code", Value::exit_code);
    let signal = fields.optional("signal", Value::signal);
    match (code?, signal?) {
        (Some(code), None) => Ok(code),
        (None, Some(signal)) => Ok(SIGNAL_BASE + signal),
        (None, None) => {
            fields.lacks("missing field `code` or `signal`", "how does it end? write for example `code: 1`")
        }
        (Some(_), Some(_)) => {
            fields.whole().wrong("conflict", "a program ends by `code` or by `signal`, not by both")
        }
    }
}

fn scripted_run(value: &Value<'_>) -> Read<ScriptedRun> {
    let fields = value.fields(&["for", "code", "signal", "message", "log"])?;
    let lasts = fields.need("for", |value| match value.as_str() {
        Some("forever") => Ok(None),
        _ => value.duration().map(Some),
    });
    let lasts = lasts?;
    let given = fields.given(&["code", "signal", "message", "log"]);
    let code = match lasts {
        None if given.is_empty() => 0,
        None => {
            let message = format!("a run that lasts forever has no `{}`", given[0]);
            return value.wrong("conflict", message);
        }
        Some(_) => ending(&fields)?,
    };
    Ok(ScriptedRun { lasts, code, words: last_words(&fields)? })
}

/// What SIGTERM does, and whether the program then takes no new connections.
fn on_sigterm(value: &Value<'_>) -> Read<(OnSignal, bool)> {
    if !value.is_mapping() {
        const WORDS: &[(&str, bool)] = &[("ignored", true), ("unhandled", false)];
        let ignored = value.word("reaction to SIGTERM", WORDS)?;
        return Ok((if ignored { OnSignal::Ignore } else { OnSignal::Unhandled }, false));
    }
    let fields = value.fields(&["exitAfter", "code", "stopListening", "message", "log"])?;
    let after = fields.optional("exitAfter", Value::distribution);
    let code = fields.optional("code", Value::exit_code);
    let closes = fields.optional("stopListening", Value::truth);
    let words = last_words(&fields);
    let (after, code) = (after?.unwrap_or(immediately()), code?.unwrap_or(0));
    let ending = OnSignal::Exit { after, code, words: words? };
    Ok((ending, closes?.unwrap_or(false)))
}

/// Memory, whether a child holds it, and that of a request.
fn memory(value: &Value<'_>) -> Read<(Growth, bool, u64)> {
    let fields = value.fields(&["base", "growth", "inChild", "perRequest"])?;
    let in_child = fields.optional("inChild", Value::truth);
    let per_request = fields.optional("perRequest", Value::bytes);
    Ok((growth(&fields)?, in_child?.unwrap_or(false), per_request?.unwrap_or(0)))
}

fn growth(fields: &Fields<'_>) -> Read<Growth> {
    let base = fields.optional("base", Value::bytes);
    let per_second = fields.optional("growth", amount_a_second);
    Ok(Growth { base: base?.unwrap_or(0), per_second: per_second?.unwrap_or(0) })
}

/// What a program has on disk.
#[derive(Default)]
struct Disk {
    bytes: Growth,
    volume: Option<Name>,
    files: Growth,
    full: Option<i32>,
}

fn disk(value: &Value<'_>) -> Read<Disk> {
    let fields = value.fields(&["base", "growth", "volume", "files", "fileGrowth", "exitWhenFull"])?;
    let volume = fields.optional("volume", Value::label_name);
    let files = fields.optional("files", |value| value.whole(0..=1 << 40));
    let file_growth = fields.optional("fileGrowth", amount_a_second);
    let full = fields.optional("exitWhenFull", Value::exit_code);
    Ok(Disk {
        bytes: growth(&fields)?,
        volume: volume?,
        files: Growth { base: files?.unwrap_or(0), per_second: file_growth?.unwrap_or(0) },
        full: full?,
    })
}

fn pids(value: &Value<'_>) -> Read<(Growth, Option<i32>)> {
    let fields = value.fields(&["base", "growth", "exitWhenForkFails"])?;
    let base = fields.optional("base", |value| value.whole(1..=1 << 22));
    let per_second = fields.optional("growth", amount_a_second);
    let failed = fields.optional("exitWhenForkFails", Value::exit_code);
    Ok((Growth { base: base?.unwrap_or(1), per_second: per_second?.unwrap_or(0) }, failed?))
}

/// `1Mi/m`: an amount, a slash, and a unit of time or a duration.
fn amount_a_second(value: &Value<'_>) -> Read<u64> {
    let help = "write a size and a time, such as `1Mi/m` or `64Ki/s`";
    let text = value.some_text()?;
    let parts = text.split_once('/').and_then(|(size, time)| {
        let size: crate::base::Quantity = size.trim().parse().ok()?;
        // `1Mi/m` is short for `1Mi/1m`.
        let time = time.trim();
        let time =
            if time.starts_with(|c: char| c.is_ascii_digit()) { time.to_owned() } else { format!("1{time}") };
        let time: SimDuration = time.parse().ok()?;
        Some((u128::try_from(size.value()).ok()?, u128::from(time.as_nanos())))
    });
    let Some((size, time)) = parts.filter(|(_, time)| *time > 0) else {
        return value.wrong_help("invalid-value", format!("`{text}` is not a growth"), help);
    };
    // Rounded to the nearest whole one.
    let rate = (size * 1_000_000_000 + time / 2) / time;
    if rate == 0 && size > 0 {
        return value.wrong("out-of-range", format!("`{text}` is less than one a second"));
    }
    u64::try_from(rate).or_else(|_| value.wrong("out-of-range", format!("`{text}` is too much")))
}

fn cpu(value: &Value<'_>) -> Read<(u64, SimDuration, u32)> {
    let fields = value.fields(&["base", "perRequest", "threads"])?;
    let base = fields.optional("base", Value::quantity);
    let per_request = fields.optional("perRequest", Value::duration);
    let threads = fields.optional("threads", |value| value.whole(1..=1024));
    let base = base?.map_or(0, |base| base.milli_value());
    Ok((base.unsigned_abs(), per_request?.unwrap_or(SimDuration::ZERO), threads?.unwrap_or(1) as u32))
}

fn immediately() -> Distribution {
    Distribution::exactly(SimDuration::ZERO)
}
