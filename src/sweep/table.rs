//! Rows and what they say together, as CSV. The same rows in the same order give the same bytes.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::plan::{Plan, Point};
use super::run::Row;
use super::stats::{Sample, quantile};

/// Columns of `runs.csv` beside the varied fields and the figures.
const ROW_HEAD: [&str; 2] = ["point", "seed"];
const ROW_REST: [&str; 2] = ["status", "digest"];
const STATISTICS: [&str; 12] = [
    "metric",
    "runs",
    "mean",
    "half_width_95",
    "deviation",
    "min",
    "p05",
    "p25",
    "median",
    "p75",
    "p95",
    "max",
];
const DIFFERENCES: [&str; 6] = ["metric", "pairs", "mean_difference", "half_width_95", "low_95", "high_95"];

/// Quotes a field where RFC 4180 demands it.
fn field(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

fn line<'a>(fields: impl IntoIterator<Item = &'a str>) -> String {
    let fields: Vec<String> = fields.into_iter().map(field).collect();
    fields.join(",") + "\n"
}

/// A statistic: six decimals at most.
fn rounded(value: f64) -> String {
    let text = format!("{value:.6}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

fn optional(value: Option<f64>) -> String {
    value.map(rounded).unwrap_or_default()
}

/// The header of `runs.csv`.
pub(super) fn header(plan: &Plan) -> String {
    let fields = plan.vary.iter().map(|vary| vary.field.as_str());
    let metrics = plan.metrics.iter().map(String::as_str);
    line(ROW_HEAD.into_iter().chain(fields).chain(ROW_REST).chain(metrics))
}

/// A line of `runs.csv`. Figures are written so that reading them gives the same number.
pub(super) fn row_line(row: &Row, points: &[Point]) -> String {
    let (number, seed) = ((row.point + 1).to_string(), row.seed.to_string());
    let fields = points[row.point].values.iter().map(String::as_str);
    let figures: Vec<String> =
        row.values.iter().map(|value| value.map(|value| value.to_string()).unwrap_or_default()).collect();
    let head = [number.as_str(), seed.as_str()].into_iter().chain(fields);
    line(head.chain([row.status.as_str(), row.digest.as_str()]).chain(figures.iter().map(String::as_str)))
}

/// Reads a line of `runs.csv`; `None` when it is torn or not of this plan.
pub(super) fn read_row(record: &csv::StringRecord, plan: &Plan, points: &[Point]) -> Option<Row> {
    let varied = plan.vary.len();
    if record.len() != ROW_HEAD.len() + varied + ROW_REST.len() + plan.metrics.len() {
        return None;
    }
    let point: usize = record[0].parse::<usize>().ok()?.checked_sub(1)?;
    let rest = ROW_HEAD.len() + varied;
    let values = record
        .iter()
        .skip(rest + ROW_REST.len())
        .map(|text| if text.is_empty() { Ok(None) } else { text.parse().map(Some) });
    let row = Row {
        point,
        seed: record[1].parse().ok()?,
        status: record[rest].to_owned(),
        digest: record[rest + 1].to_owned(),
        values: values.collect::<Result<_, _>>().ok()?,
    };
    let has_its_values = points.get(point)?.values.iter().zip(record.iter().skip(ROW_HEAD.len()));
    has_its_values.into_iter().all(|(a, b)| a == b).then_some(row)
}

/// `runs.csv`: one row a run, seed by seed.
pub fn runs_csv(plan: &Plan, rows: &[Row]) -> String {
    let points = plan.points();
    rows.iter().fold(header(plan), |text, row| text + &row_line(row, &points))
}

/// The values of one figure at one point, by seed.
pub fn values(rows: &[Row], point: usize, metric: usize) -> BTreeMap<u64, f64> {
    let mine = rows.iter().filter(|row| row.point == point);
    mine.filter_map(|row| Some((row.seed, (*row.values.get(metric)?)?))).collect()
}

/// `points.csv`: the statistics of every figure at every point.
pub fn points_csv(plan: &Plan, rows: &[Row]) -> String {
    let mut text = line(plan.vary.iter().map(|vary| vary.field.as_str()).chain(STATISTICS));
    for (number, point) in plan.points().iter().enumerate() {
        for (metric, name) in plan.metrics.iter().enumerate() {
            let mut sorted: Vec<f64> = values(rows, number, metric).into_values().collect();
            let sample = Sample::of(&sorted);
            sorted.sort_by(f64::total_cmp);
            let mut cells: Vec<String> = point.values.clone();
            cells.push(name.clone());
            cells.push(sorted.len().to_string());
            cells.push(optional(sample.map(|sample| sample.mean)));
            cells.push(optional(sample.and_then(|sample| sample.half_width)));
            cells.push(optional(sample.map(|sample| sample.deviation)));
            cells.extend(
                [0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0].map(|part| optional(quantile(&sorted, part))),
            );
            text += &line(cells.iter().map(String::as_str));
        }
    }
    text
}

/// The differences of a figure between a point and the baseline, seed by seed.
pub fn paired(rows: &[Row], point: usize, metric: usize) -> Vec<f64> {
    let base = values(rows, 0, metric);
    let other = values(rows, point, metric);
    other.into_iter().filter_map(|(seed, value)| Some(value - base.get(&seed)?)).collect()
}

/// `differences.csv`: every point against the first one, seed by seed (common random numbers).
pub fn differences_csv(plan: &Plan, rows: &[Row]) -> String {
    let mut text = line(plan.vary.iter().map(|vary| vary.field.as_str()).chain(DIFFERENCES));
    for (number, point) in plan.points().iter().enumerate().skip(1) {
        for (metric, name) in plan.metrics.iter().enumerate() {
            let differences = paired(rows, number, metric);
            let sample = Sample::of(&differences);
            let mut head: Vec<&str> = point.values.iter().map(String::as_str).collect();
            head.push(name);
            let mut cells = String::new();
            let bound = |sign: f64| sample.and_then(|s| Some(s.mean + sign * s.half_width?));
            let _ = write!(
                cells,
                ",{},{},{},{},{}",
                differences.len(),
                optional(sample.map(|sample| sample.mean)),
                optional(sample.and_then(|sample| sample.half_width)),
                optional(bound(-1.0)),
                optional(bound(1.0)),
            );
            text += line(head).trim_end();
            text += &cells;
            text.push('\n');
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::plan::Vary;

    fn plan() -> Plan {
        Plan {
            scenario: "s".into(),
            version: "0".into(),
            sources: String::new(),
            until: None,
            ideal: false,
            vary: vec![Vary::parse("a.b=1,\"x, y\"").unwrap()],
            seeds: 1..=3,
            metrics: vec!["m".into()],
            shard: None,
        }
    }

    fn rows() -> Vec<Row> {
        let row = |(seed, point): (u64, usize)| Row {
            seed,
            point,
            status: "ok".into(),
            digest: "d".into(),
            values: vec![Some(seed as f64 / 3.0 + 2.0 * point as f64)],
        };
        plan().runs().map(row).collect()
    }

    #[test]
    fn rows_read_back_are_the_rows_written() {
        let text = runs_csv(&plan(), &rows());
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let points = plan().points();
        let read: Vec<Row> =
            reader.records().map(|record| read_row(&record.unwrap(), &plan(), &points).unwrap()).collect();
        assert_eq!(read, rows());
    }

    #[test]
    fn differences_are_taken_seed_by_seed() {
        let text = differences_csv(&plan(), &rows());
        assert_eq!(
            text,
            "a.b,metric,pairs,mean_difference,half_width_95,low_95,high_95\n\"\"\"x, y\"\"\",m,3,2,0,2,2\n"
        );
    }
}
