//! Which pictures of a sweep there are: for every figure that varies its distribution, and how it depends on the fields.

use super::metric::METRICS;
use super::plan::{Plan, Point};
use super::run::Row;
use super::table;
use crate::report::plot::{Effect, Heading, Scene, distributions, heat_map, tornado};

/// The pictures and their names.
pub fn pictures(plan: &Plan, rows: &[Row]) -> Vec<(String, Scene)> {
    let mut pictures = Vec::new();
    for (number, metric) in METRICS.iter().enumerate() {
        let study = Study { plan, points: plan.points(), rows, metric: number };
        let all: Vec<f64> = rows.iter().filter_map(|row| row.values[number]).collect();
        if metric.name == "records" || all.iter().all(|value| value.to_bits() == all[0].to_bits()) {
            continue;
        }
        let heading = Heading {
            title: metric.help.to_owned(),
            subtitle: format!("{}, seeds {} to {}", plan.scenario, plan.seeds.start(), plan.seeds.end()),
            figure: metric.name.to_owned(),
        };
        pictures.push((format!("{}-distribution", metric.name), study.distributions(&heading)));
        if plan.vary.len() >= 2 {
            pictures.push((format!("{}-heat-map", metric.name), study.heat_map(&heading)));
        }
        if !plan.vary.is_empty() {
            pictures.push((format!("{}-tornado", metric.name), study.tornado(&heading)));
        }
    }
    pictures
}

/// One figure of a sweep.
struct Study<'a> {
    plan: &'a Plan,
    points: Vec<Point>,
    rows: &'a [Row],
    metric: usize,
}

impl Study<'_> {
    fn distributions(&self, heading: &Heading) -> Scene {
        let values = |(at, point): (usize, &Point)| {
            let values = table::values(self.rows, at, self.metric).into_values().collect();
            (point.title(&self.plan.vary), values)
        };
        let points: Vec<(String, Vec<f64>)> = self.points.iter().enumerate().map(values).collect();
        distributions(heading, &points)
    }

    /// The mean over all points that have these values of these fields.
    fn mean_at(&self, wanted: &[(usize, &str)]) -> Option<f64> {
        let has = |point: &Point| wanted.iter().all(|(field, value)| point.values[*field] == *value);
        let values = self.rows.iter().filter(|row| has(&self.points[row.point]));
        let values: Vec<f64> = values.filter_map(|row| row.values[self.metric]).collect();
        (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
    }

    /// The first two fields; the others are averaged over.
    fn heat_map(&self, heading: &Heading) -> Scene {
        let [across, down] = [&self.plan.vary[0], &self.plan.vary[1]];
        let row =
            |down: &String| across.values.iter().map(|it| self.mean_at(&[(0, it), (1, down)])).collect();
        let means: Vec<Vec<Option<f64>>> = down.values.iter().map(row).collect();
        heat_map(heading, (across.label(), &across.values), (down.label(), &down.values), &means)
    }

    fn tornado(&self, heading: &Heading) -> Scene {
        let effect = |(field, vary): (usize, &super::plan::Vary)| {
            let means = vary.values.iter().filter_map(|it| Some((it.clone(), self.mean_at(&[(field, it)])?)));
            let mut means: Vec<(String, f64)> = means.collect();
            means.sort_by(|a, b| a.1.total_cmp(&b.1));
            let (low, high) = (means.first()?.clone(), means.last()?.clone());
            Some(Effect { field: vary.label().to_owned(), low, high })
        };
        let effects: Vec<Effect> = self.plan.vary.iter().enumerate().filter_map(effect).collect();
        tornado(heading, self.mean_at(&[]).unwrap_or(0.0), &effects)
    }
}
