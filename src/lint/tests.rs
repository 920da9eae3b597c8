//! Every rule finds its bad example and not its good one, at a place, and no finding goes without words.

use super::{Options, all, find, lint, output};
use crate::scenario::from_text;

fn findings(text: &str, rule: &str, prove: bool) -> Vec<super::Finding> {
    let scenario =
        from_text("example.yaml", text).unwrap_or_else(|problems| panic!("{}", problems.render(false)));
    lint(&scenario, &Options { only: vec![rule.to_owned()], prove, ..Options::default() })
}

#[test]
fn every_rule_finds_its_bad_example_and_not_its_good_one() {
    for rule in all() {
        for prove in [false, true] {
            let bad = findings(rule.bad, rule.id, prove);
            assert!(!bad.is_empty(), "{} does not find its example (prove: {prove})", rule.id);
            assert!(bad.iter().all(|finding| finding.label.span.line > 0), "{}", rule.id);
            let good = findings(rule.good, rule.id, prove);
            let said: Vec<_> = good.iter().map(|finding| &finding.message).collect();
            assert!(good.is_empty(), "{} complains about the mended example: {said:?}", rule.id);
        }
    }
}

#[test]
fn claims_about_behaviour_are_shown_by_runs() {
    let proven = [
        "liveness-depends-on-backend",
        "liveness-without-startup-probe",
        "startup-budget-too-short",
        "grace-period-too-short",
        "memory-limit-near-use",
        "budget-blocks-drain",
    ];
    for id in proven {
        let rule = find(id).unwrap();
        let finding = &findings(rule.bad, id, true)[0];
        let proof = finding.proof.as_ref().unwrap_or_else(|| panic!("{id} has no proof"));
        assert!(!proof.lines.is_empty(), "{id}: {}", proof.claim);
    }
}

#[test]
fn ids_and_aliases_find_a_rule() {
    let mut ids: Vec<_> = all().map(|rule| rule.id).collect();
    ids.sort_unstable();
    let count = ids.len();
    ids.dedup();
    assert_eq!(ids.len(), count, "ids are unique");
    assert_eq!(find("kube-linter:latest-tag").unwrap().id, "latest-tag");
    assert_eq!(find("container-image-tag").unwrap().id, "latest-tag");
    assert_eq!(find("latest-tga").err(), Some(Some("latest-tag")));
}

#[test]
fn a_finding_is_placed_where_the_field_is_written() {
    let rule = find("latest-tag").unwrap();
    let finding = &findings(rule.bad, rule.id, false)[0];
    assert_eq!(finding.label.file.slice(finding.label.span), "example/web:latest");
    assert_eq!(finding.object, "Deployment default/web");
    let list = format!("apiVersion: v1\nkind: List\nitems:\n- {}", rule.bad.trim_end().replace('\n', "\n  "));
    let finding = &findings(&list, rule.id, false)[0];
    assert_eq!(finding.label.file.slice(finding.label.span), "example/web:latest");
}

#[test]
fn sarif_names_rule_file_and_line() {
    let rule = find("latest-tag").unwrap();
    let log = output::sarif(&findings(rule.bad, rule.id, false));
    let result = &log["runs"][0]["results"][0];
    assert_eq!(result["ruleId"], "latest-tag");
    assert_eq!(result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], "example.yaml");
    let index = result["ruleIndex"].as_u64().unwrap() as usize;
    assert_eq!(log["runs"][0]["tool"]["driver"]["rules"][index]["id"], "latest-tag");
}
