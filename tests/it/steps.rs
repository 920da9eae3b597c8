//! Runs of `kubectl` steps on two machines without latencies, and what they print.

use shakedown::scenario::from_text;
use shakedown::sim::{RunOptions, Simulation};
use shakedown::trace::Record;

/// What kubectl printed: time in seconds, how it stands with the command, and the text.
pub type Output = (f64, String, String);

/// What the steps (YAML, two blanks deep) of a scenario with some objects print.
pub fn outputs_of(steps: &str, objects: &str) -> Vec<Output> {
    let text = format!(
        "apiVersion: shakedown.sim/v1alpha1\nkind: Scenario\nmetadata: {{name: steps}}\nspec:\n  timing: ideal\n  \
         duration: 20m\n  cluster: {{nodePools: [{{name: n, count: 2}}]}}\n  steps:\n{steps}\n---{objects}"
    );
    let scenario = from_text("steps.yaml", &text).unwrap_or_else(|problems| panic!("{problems:#?}"));
    let mut simulation = Simulation::new(&scenario, &RunOptions::default());
    let mut found = Vec::new();
    let mut sink = |record: &Record| {
        if record.event == "Output" {
            found.push((record.at.as_secs_f64(), record.reason.to_string(), record.message.to_string()));
        }
    };
    simulation.run_until(simulation.world.end, &mut sink).unwrap();
    found
}

/// What commands print that are given one a second from 10 s on, each with what it says until the next.
pub fn in_turn(commands: &[&str], objects: &str) -> Vec<String> {
    let lines = commands.iter().enumerate();
    let lines: Vec<String> =
        lines.map(|(at, command)| format!("  - {{at: {}s, kubectl: {command:?}}}", at + 10)).collect();
    let mut texts = vec![String::new(); commands.len()];
    for (at, _, text) in outputs_of(&lines.join("\n"), objects) {
        let since = at as usize - 10;
        texts[since.min(commands.len() - 1)].push_str(&text);
    }
    texts.iter().map(|text| text.trim_end().to_owned()).collect()
}
