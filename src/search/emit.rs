//! A finding as a scenario file: everything of the scenario, the faults among its steps, and of the expectations only
//! the one that breaks.

use serde_json::{Value, json};

use super::draw::{Schedule, Strike};
use super::trial::Miss;
use crate::kubectl::output::to_yaml;
use crate::scenario::Scenario;
use crate::source::parse_lenient;

/// The text of the file.
pub(super) fn scenario_file(scenario: &Scenario, schedule: &Schedule, miss: &Miss) -> Result<String, String> {
    let mut documents = Vec::new();
    for file in &scenario.sources {
        let parsed = parse_lenient(file).map_err(|problem| problem.one_line())?;
        documents.extend(parsed.iter().map(|document| document.root.to_json()));
    }
    let is_scenario = |document: &Value| {
        document["kind"] == "Scenario"
            && document["apiVersion"].as_str().is_some_and(|version| version.starts_with("shakedown.sim/"))
    };
    let at = documents.iter().position(is_scenario).ok_or("the scenario has no Scenario document")?;
    let mut document = documents.remove(at);
    let spec = &mut document["spec"];
    if let Some(index) = miss.expectation {
        let wanted = spec["expect"].get(index).cloned();
        spec["expect"] = json!([wanted.ok_or("the expectation is not in the file")?]);
    }
    let mut steps = spec["steps"].as_array().cloned().unwrap_or_default();
    steps.extend(schedule.0.iter().map(Strike::to_step));
    spec["steps"] = json!(steps);
    let mut text = format!("# Found by `shakedown search`: {}\n", miss.to_string().replace('\n', " "));
    text.push_str(&to_yaml(&document));
    for document in documents.iter().filter(|document| !document.is_null()) {
        text.push_str("---\n");
        text.push_str(&to_yaml(document));
    }
    Ok(text)
}
