//! The files of a run: written beside their final names and renamed when they are whole.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::args::{Plot, RunArgs, Trace};
use super::checkpoint::Checkpoint;
use super::inputs::Inputs;
use super::part::{PartFile, about};
use crate::api::policy::EventObject;
use crate::api::{Object, Op};
use crate::history::{History, perfetto};
use crate::kernel::{SimDuration, SimTime};
use crate::report::{self, Collector, Limits, RunInfo, Summary};
use crate::scenario::Scenario;
use crate::trace::export::{CsvWriter, JsonlWriter};
use crate::trace::replay::Line;
use crate::trace::{Detail, Record};

/// Records that the report page carries at most.
const PAGE_RECORDS: usize = 200_000;
/// Samples of a series in OpenMetrics; only those that differ from the one before are written.
const METRIC_SAMPLES: u64 = 1_000;

/// Where the canonical trace goes: to a file, or only into the digest.
enum Canonical {
    File(CsvWriter<PartFile>),
    Digest(CsvWriter<io::Sink>),
}

/// Takes the records of a run and makes files of them.
pub(super) struct Outputs {
    dir: Option<PathBuf>,
    kinds: Vec<Trace>,
    canonical: Canonical,
    jsonl: Option<JsonlWriter<PartFile>>,
    events: Option<BTreeMap<u32, EventObject>>,
    page: Option<Vec<Record>>,
    /// What the Perfetto trace is made of.
    lines: Option<Vec<Line>>,
    collector: Collector,
    failed: Option<io::Error>,
}

/// The traces that grow during a run.
const GROWING: [(&str, Trace); 2] = [("trace.csv", Trace::Csv), ("trace.jsonl", Trace::Jsonl)];

impl Outputs {
    /// Opens the files that `run` was asked for: new ones, or those of the checkpoint's run if that was here.
    pub(super) fn open(args: &RunArgs, inputs: &Inputs, from: Option<&Checkpoint>) -> Result<Self, String> {
        let dir = args.out.clone();
        if let Some(dir) = &dir {
            fs::create_dir_all(dir).map_err(about(dir))?;
            let summary = dir.join("summary.json");
            if summary.exists() && !args.force && from.is_none() {
                return Err(format!(
                    "{} already holds the results of a run; use --force to replace them",
                    dir.display()
                ));
            }
            // Its presence says that all the others are whole, which they soon are not.
            if let Err(error) = fs::remove_file(&summary)
                && error.kind() != io::ErrorKind::NotFound
            {
                return Err(about(&summary)(error));
            }
            inputs.write(dir)?;
        }
        let open = |name: &str, trace: Trace| -> Result<Option<PartFile>, String> {
            let Some(dir) = dir.as_ref().filter(|_| args.trace.contains(&trace)) else { return Ok(None) };
            let written = from.and_then(|from| from.written.iter().find(|(written, _)| written == name));
            match written {
                Some((_, length)) => PartFile::go_on(dir.join(name), *length).map(Some),
                None => PartFile::create(dir.join(name)).map(Some),
            }
        };
        let canonical = match open("trace.csv", Trace::Csv)? {
            Some(file) => Canonical::File(CsvWriter::new(file)),
            None => Canonical::Digest(CsvWriter::new(io::sink())),
        };
        let jsonl = open("trace.jsonl", Trace::Jsonl)?.map(JsonlWriter::new);
        let wants = |trace: Trace| dir.is_some() && args.trace.contains(&trace);
        Ok(Self {
            canonical,
            jsonl,
            events: wants(Trace::Events).then(BTreeMap::new),
            page: (dir.is_some() && args.report).then(Vec::new),
            lines: wants(Trace::Perfetto).then(Vec::new),
            collector: Collector::new(Limits::default()),
            failed: None,
            kinds: args.trace.clone(),
            dir,
        })
    }

    /// Takes a record.
    pub(super) fn take(&mut self, record: &Record) {
        let written = match &mut self.canonical {
            Canonical::File(writer) => writer.write(record),
            Canonical::Digest(writer) => writer.write(record),
        };
        let written =
            written.and_then(|()| self.jsonl.as_mut().map_or(Ok(()), |writer| writer.write(record)));
        if let Err(error) = written {
            self.failed.get_or_insert(error);
        }
        if let (Some(events), Detail::Commit(commit)) = (&mut self.events, &record.detail)
            && let (Object::Event(event), true) = (&commit.new, commit.op != Op::Deleted)
        {
            events.insert(commit.id.index, event.as_ref().clone());
        }
        if let Some(page) = &mut self.page
            && page.len() < PAGE_RECORDS
        {
            page.push(Record { detail: Detail::None, ..record.clone() });
        }
        if let Some(lines) = &mut self.lines {
            lines.push(Line::brief(record));
        }
        self.collector.take(record);
    }

    /// Whether everything could be written so far.
    pub(super) fn check(&self) -> Result<(), String> {
        self.failed.as_ref().map_or(Ok(()), |error| Err(format!("cannot write the trace: {error}")))
    }

    /// Hands everything on to the files; returns the digest of the trace so far and how long the growing files are.
    pub(super) fn sync(&mut self) -> Result<(String, Vec<(String, u64)>), String> {
        self.check()?;
        let trace = |error: io::Error| format!("cannot write the trace: {error}");
        let digest = match &mut self.canonical {
            Canonical::File(writer) => writer.sync(),
            Canonical::Digest(writer) => writer.sync(),
        };
        let digest = digest.map_err(trace)?;
        if let Some(writer) = &mut self.jsonl {
            writer.sync().map_err(trace)?;
        }
        let mut written = Vec::new();
        for (name, kind) in GROWING {
            if let Some(dir) = self.dir.as_ref().filter(|_| self.kinds.contains(&kind)) {
                written.push((name.to_owned(), PartFile::length(&dir.join(name))?));
            }
        }
        Ok((digest, written))
    }

    /// Ends the traces and draws the rest. Returns the summary.
    pub(super) fn finish(
        self,
        end: SimTime,
        scenario: &Scenario,
        args: &RunArgs,
        info: impl FnOnce(String) -> RunInfo,
    ) -> Result<Summary, String> {
        let trace = |error: io::Error| format!("cannot write the trace: {error}");
        let digest = match self.canonical {
            Canonical::File(writer) => writer.finish(),
            Canonical::Digest(writer) => writer.finish(),
        };
        let info = info(digest.map_err(trace)?);
        if let Some(writer) = self.jsonl {
            writer.finish().map_err(trace)?;
        }
        let recorded = self.collector.finish(end);
        let summary = Summary::new(&recorded, &info);
        let Some(dir) = &self.dir else { return Ok(summary) };
        for (name, kind) in GROWING {
            if self.kinds.contains(&kind) {
                PartFile::finish(&dir.join(name))?;
            }
        }
        if let Some(events) = &self.events {
            write_whole(dir, "events.csv", events_csv(events)?.as_bytes())?;
            write_whole(dir, "events.json", events_json(events).as_bytes())?;
        }
        if let Some(lines) = self.lines {
            let history = History::new(lines, end);
            write_whole(dir, "trace.perfetto-trace", &perfetto::trace(&history, &recorded))?;
        }
        if args.trace.contains(&Trace::Openmetrics) {
            let measures = report::metrics::measures(&recorded, &info.pools, METRIC_SAMPLES, usize::MAX);
            let text = report::openmetrics::text(&measures, scenario.epoch, end);
            write_whole(dir, "metrics.openmetrics.txt", text.as_bytes())?;
        }
        let step =
            report::metrics::default_step(end.saturating_since(SimTime::ZERO).max(SimDuration::from_secs(1)));
        let metrics =
            report::metrics::csv(&recorded, &info.pools, step).map_err(|error| error.to_string())?;
        write_whole(dir, "metrics.csv", metrics.as_bytes())?;
        draw(dir, &recorded, &info, &args.plots)?;
        if let Some(records) = &self.page {
            let sources: Vec<report::html::Source<'_>> = scenario
                .sources
                .iter()
                .map(|file| report::html::Source { name: file.name(), text: file.text() })
                .collect();
            let limits = report::html::PageLimits::default();
            let page =
                report::html::page(&recorded, &info, records.iter().map(page_record), &sources, limits);
            write_whole(dir, "report.html", page.as_bytes())?;
        }
        // Last, because its presence says that all the others are whole.
        write_whole(dir, "summary.json", summary.to_json().as_bytes())?;
        Ok(summary)
    }
}

fn write_whole(dir: &Path, name: &str, bytes: &[u8]) -> Result<(), String> {
    PartFile::write_whole(&dir.join(name), bytes)
}

fn draw(dir: &Path, recorded: &report::Recorded, info: &RunInfo, plots: &[Plot]) -> Result<(), String> {
    const LANES: usize = 200;
    const FLOWS: usize = 40;
    if plots.contains(&Plot::None) {
        return Ok(());
    }
    let dir = dir.join("plots");
    fs::create_dir_all(&dir).map_err(about(&dir))?;
    let scenes = [
        ("pods", report::plot::pods(recorded, info, LANES)),
        ("replicas", report::plot::replicas(recorded, info, LANES)),
        ("nodes", report::plot::nodes(recorded, info, LANES)),
    ];
    let requests = (!recorded.flows.is_empty()).then(|| report::plot::traffic(recorded, info, FLOWS));
    let capacity = report::plot::capacity(recorded, info).map(|scene| ("capacity", scene));
    let others = requests.map(|scene| ("traffic", scene)).into_iter().chain(capacity);
    for (name, scene) in &scenes.into_iter().chain(others).collect::<Vec<_>>() {
        if plots.contains(&Plot::Svg) {
            let svg = report::plot::svg(scene).map_err(|error| error.to_string())?;
            write_whole(&dir, &format!("{name}.svg"), svg.as_bytes())?;
        }
        if plots.contains(&Plot::Png) {
            let png = report::plot::png(scene).map_err(|error| error.to_string())?;
            write_whole(&dir, &format!("{name}.png"), &png)?;
        }
    }
    Ok(())
}

fn page_record(record: &Record) -> report::Record<'_> {
    report::Record {
        id: record.id,
        at: record.at,
        cause: (record.cause != 0).then_some(record.cause),
        component: record.component,
        kind: record.subject.kind,
        namespace: &record.subject.namespace,
        name: &record.subject.name,
        event: record.event,
        reason: &record.reason,
        message: &record.message,
    }
}

/// As `kubectl get events -A -o json` prints them, those that have expired included.
fn events_json(events: &BTreeMap<u32, EventObject>) -> String {
    let items = events.values().map(|event| {
        let object = Object::from(event.clone());
        serde_json::to_value(&object).expect("an object is plain data with text keys")
    });
    let list = serde_json::json!({
        "apiVersion": "v1",
        "kind": "List",
        "metadata": {"resourceVersion": ""},
        "items": items.collect::<Vec<_>>(),
    });
    crate::kubectl::output::to_json(&list)
}

fn events_csv(events: &BTreeMap<u32, EventObject>) -> Result<String, String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let header =
        ["namespace", "last_seen", "first_seen", "count", "type", "reason", "object", "source", "message"];
    writer.write_record(header).map_err(|error| error.to_string())?;
    let mut sorted: Vec<&EventObject> = events.values().collect();
    sorted.sort_by_key(|event| event.last_timestamp);
    for event in sorted {
        let about = &event.involved_object;
        let time = |at: Option<crate::api::Timestamp>| at.map(|at| at.to_string()).unwrap_or_default();
        let row = [
            event.metadata.namespace.to_string(),
            time(event.last_timestamp),
            time(event.first_timestamp),
            event.count.to_string(),
            event.kind.to_string(),
            event.reason.to_string(),
            format!("{}/{}", about.kind.to_lowercase(), about.name),
            event.source.component.to_string(),
            event.message.to_string(),
        ];
        writer.write_record(row).map_err(|error| error.to_string())?;
    }
    let bytes = writer.into_inner().map_err(|error| error.to_string())?;
    String::from_utf8(bytes).map_err(|error| error.to_string())
}
