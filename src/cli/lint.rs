//! `shakedown lint`.

use std::path::Path;

use super::ExitStatus;
use super::args::{Deny, LintArgs, LintFormat};
use super::printer::Printer;
use super::run;
use crate::kubectl::output::to_json;
use crate::lint::{self, Finding, Options, output};
use crate::scenario;
use crate::source::Severity;

/// Looks for mistakes in manifests.
pub(super) fn lint(args: &LintArgs, printer: &mut Printer) -> ExitStatus {
    if args.rules {
        printer.result(&output::list());
        return ExitStatus::Success;
    }
    if let Some(word) = &args.explain {
        return explain(word, printer);
    }
    for word in args.skip.iter().chain(&args.only) {
        if let Err(near) = lint::find(word) {
            return unknown(word, near, printer);
        }
    }
    // What is not simulated is not what was asked.
    let scenario = match scenario::survey(&args.paths, &run::check_kubectl) {
        Ok(scenario) => scenario,
        Err(problems) => {
            printer.diagnostics(&problems);
            return ExitStatus::Error;
        }
    };
    let options = Options { skip: args.skip.clone(), only: args.only.clone(), prove: !args.no_proof };
    let findings = lint::lint(&scenario, &options);
    if let Some(dir) = &args.proofs
        && let Err(problem) = write_proofs(dir, &findings)
    {
        printer.error(&format!("{}: {problem}", dir.display()));
        return ExitStatus::Error;
    }
    let text = match args.output {
        LintFormat::Text => output::text(&findings, scenario.sources.len(), printer.color()),
        LintFormat::Json => to_json(&output::json(&findings)),
        LintFormat::Sarif => to_json(&output::sarif(&findings)),
    };
    printer.result(&text);
    let least = match args.deny {
        Deny::Note => Some(Severity::Note),
        Deny::Warning => Some(Severity::Warning),
        Deny::Error => Some(Severity::Error),
        Deny::Never => None,
    };
    let denied = |finding: &Finding| least.is_some_and(|least| finding.rule.severity >= least);
    if findings.iter().any(denied) { ExitStatus::Failure } else { ExitStatus::Success }
}

fn explain(word: &str, printer: &mut Printer) -> ExitStatus {
    match lint::find(word) {
        Ok(rule) => {
            printer.result(&output::page(rule));
            ExitStatus::Success
        }
        Err(near) => unknown(word, near, printer),
    }
}

fn unknown(word: &str, near: Option<&str>, printer: &mut Printer) -> ExitStatus {
    let hint = near
        .map_or("`shakedown lint --rules` lists them".to_owned(), |near| format!("did you mean `{near}`?"));
    printer.error(&format!("there is no rule `{word}`: {hint}"));
    ExitStatus::Error
}

/// One scenario file a proof, named by its rule and number.
fn write_proofs(dir: &Path, findings: &[Finding]) -> std::io::Result<()> {
    std::fs::create_dir_all(dir)?;
    for (n, finding) in findings.iter().enumerate() {
        if let Some(proof) = &finding.proof {
            std::fs::write(dir.join(format!("{}-{}.yaml", n + 1, finding.rule.id)), &proof.scenario)?;
        }
    }
    Ok(())
}
