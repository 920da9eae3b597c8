//! Which runs a sweep is made of.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

/// A field of the scenario and the values it takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vary {
    /// Path of the field, such as `spec.settings.nodeMonitorGracePeriod`.
    pub field: String,
    /// Its values as they would be written.
    pub values: Vec<String>,
}

impl Vary {
    /// Reads `FIELD=VALUE,VALUE,...`. Commas within brackets and quotes belong to their value.
    ///
    /// ```
    /// use shakedown::sweep::Vary;
    ///
    /// let vary = Vary::parse("spec.cluster={nodes: [a, b]},{nodes: [a]}").unwrap();
    /// assert_eq!((vary.field.as_str(), vary.values.len()), ("spec.cluster", 2));
    /// ```
    ///
    /// # Errors
    /// When there is no field or no value.
    pub fn parse(text: &str) -> Result<Self, String> {
        let form = "write for example `spec.settings.nodeMonitorGracePeriod=20s,40s`";
        let Some((field, values)) = text.split_once('=') else {
            return Err(format!("`{text}` has no values: {form}"));
        };
        let values: Vec<String> = split(values).into_iter().map(|value| value.trim().to_owned()).collect();
        if field.trim().is_empty() || values.iter().any(String::is_empty) {
            return Err(format!("`{text}` lacks a field or a value: {form}"));
        }
        if let Some(again) = (1..values.len()).find(|at| values[..*at].contains(&values[*at])) {
            return Err(format!("`{text}` has the value `{}` twice", values[again]));
        }
        Ok(Self { field: field.trim().to_owned(), values })
    }

    /// The last part of the field's path: the head of its column.
    pub fn label(&self) -> &str {
        self.field.rsplit(['.', ':']).next().unwrap_or(&self.field)
    }
}

/// Splits at the commas that are in no brackets and no quotes.
fn split(text: &str) -> Vec<&str> {
    let (mut parts, mut start, mut depth, mut quote) = (Vec::new(), 0, 0, None);
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(open), _) if c == open => quote = None,
            (None, '"' | '\'') => quote = Some(c),
            (None, '{' | '[') => depth += 1,
            (None, '}' | ']') => depth -= 1,
            (None, ',') if depth == 0 => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            // Inside quotes everything is text.
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

/// One of the combinations of values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Point {
    /// The value of each varied field, in the order of the fields.
    pub values: Vec<String>,
}

impl Point {
    /// `field=value field=value`; `base` when nothing is varied.
    pub fn title(&self, vary: &[Vary]) -> String {
        let words: Vec<String> =
            vary.iter().zip(&self.values).map(|(vary, value)| format!("{}={value}", vary.label())).collect();
        if words.is_empty() { "base".to_owned() } else { words.join(" ") }
    }
}

/// A part of a sweep: the n-th of so many, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shard {
    /// Which part.
    pub index: u64,
    /// Of how many.
    pub of: u64,
}

impl Shard {
    /// Reads `3/16`.
    ///
    /// # Errors
    /// When it is not of that form, or there is no such part.
    pub fn parse(text: &str) -> Result<Self, String> {
        let read = |text: &str| text.trim().parse::<u64>().ok();
        let parts = text.split_once('/').and_then(|(index, of)| Some((read(index)?, read(of)?)));
        match parts {
            Some((index, of)) if (1..=of).contains(&index) => Ok(Self { index, of }),
            _ => Err(format!("`{text}` is no shard: write for example `3/16`, from 1/16 to 16/16")),
        }
    }
}

/// Everything that decides which runs there are and what they compute: `sweep.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// Name of the scenario.
    pub scenario: String,
    /// Version of Shakedown.
    pub version: String,
    /// BLAKE3 of all files of the scenario, with their names left out.
    pub sources: String,
    /// Virtual time at which runs stop, if not the scenario's.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub until: Option<String>,
    /// Whether every latency of machinery is zero.
    pub ideal: bool,
    /// The varied fields.
    pub vary: Vec<Vary>,
    /// First and last seed.
    pub seeds: RangeInclusive<u64>,
    /// The figures, in the order of their columns.
    pub metrics: Vec<String>,
    /// The part of the sweep that is meant; `None` = all of it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub shard: Option<Shard>,
}

impl Plan {
    /// All combinations of values, the last field changing fastest. The first one is the baseline.
    pub fn points(&self) -> Vec<Point> {
        let mut points = vec![Point { values: Vec::new() }];
        for vary in &self.vary {
            let longer = |point: &Point| {
                let values = vary.values.clone();
                let prefix = point.values.clone();
                values
                    .into_iter()
                    .map(move |value| Point { values: prefix.iter().cloned().chain([value]).collect() })
            };
            points = points.iter().flat_map(longer).collect();
        }
        points
    }

    /// The runs as (seed, number of the point): seed by seed, so that all points get on together.
    pub fn runs(&self) -> impl Iterator<Item = (u64, usize)> {
        let points = self.points().len();
        let shard = self.shard.unwrap_or(Shard { index: 1, of: 1 });
        let all = self.seeds.clone().flat_map(move |seed| (0..points).map(move |point| (seed, point)));
        let mine = move |(number, _): &(u64, (u64, usize))| number % shard.of == shard.index - 1;
        (0..).zip(all).filter(mine).map(|(_, run)| run)
    }

    /// Whether rows of `other` are rows of this sweep, too: only the seeds and the shard may differ.
    pub fn computes_the_same_as(&self, other: &Self) -> bool {
        let same = |plan: &Self| Self { seeds: 0..=0, shard: None, ..plan.clone() };
        same(self) == same(other)
    }
}

/// Reads `1000` (seeds 1 to 1000) or `5..20` (both included).
///
/// # Errors
/// When it is neither, or no seed at all.
pub fn seeds(text: &str) -> Result<RangeInclusive<u64>, String> {
    let range = match text.split_once("..") {
        None => text.trim().parse().ok().map(|last| 1..=last),
        Some((first, last)) => first
            .trim()
            .parse()
            .ok()
            .zip(last.trim_start_matches('=').trim().parse().ok())
            .map(|(a, b)| a..=b),
    };
    range.filter(|range| !range.is_empty()).ok_or_else(|| {
        format!("`{text}` names no seeds: write a number of seeds such as `1000`, or `5..20` for the seeds from 5 to 20")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_are_all_combinations_and_shards_part_the_runs() {
        let vary = |text| Vary::parse(text).unwrap();
        let plan = Plan {
            scenario: String::new(),
            version: String::new(),
            sources: String::new(),
            until: None,
            ideal: false,
            vary: vec![vary("a.x=1,2"), vary("b=[p, q],{r: 1, s: 2}")],
            seeds: seeds("3..5").unwrap(),
            metrics: Vec::new(),
            shard: None,
        };
        let titles: Vec<String> = plan.points().iter().map(|point| point.title(&plan.vary)).collect();
        assert_eq!(titles, ["x=1 b=[p, q]", "x=1 b={r: 1, s: 2}", "x=2 b=[p, q]", "x=2 b={r: 1, s: 2}"]);
        let all: Vec<(u64, usize)> = plan.runs().collect();
        assert_eq!((all.len(), all[0], all[11]), (12, (3, 0), (5, 3)));
        let mut parts: Vec<(u64, usize)> = (1..=5)
            .flat_map(|index| {
                Plan { shard: Some(Shard { index, of: 5 }), ..plan.clone() }.runs().collect::<Vec<_>>()
            })
            .collect();
        parts.sort_unstable();
        assert_eq!(parts, all);
    }

    #[test]
    fn what_is_no_range_or_shard_is_refused() {
        assert!(seeds("0").is_err() && seeds("5..4").is_err() && seeds("x").is_err());
        assert!(Shard::parse("0/4").is_err() && Shard::parse("5/4").is_err() && Shard::parse("4").is_err());
        assert!(Vary::parse("a").is_err() && Vary::parse("a=1,").is_err() && Vary::parse("a=1,1").is_err());
    }
}
