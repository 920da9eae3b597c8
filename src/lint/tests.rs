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
        "readiness-depends-on-backend",
        "liveness-without-startup-probe",
        "startup-budget-too-short",
        "grace-period-too-short",
        "memory-limit-near-use",
        "budget-blocks-drain",
        "single-replica",
        "no-prestop-delay",
        "rollout-cannot-progress",
        "pod-fits-nowhere",
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
fn a_probe_with_any_kind_of_credentials_is_found() {
    let manifest = |probe: &str| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: web}}\nspec:\n  containers:\n  - name: web\n    image: web:1\n    \
             readinessProbe: {{httpGet: {{port: 80, {probe}}}}}\n"
        )
    };
    let header =
        |name: &str, value: &str| format!("path: /, httpHeaders: [{{name: {name}, value: \"{value}\"}}]");
    let secret = [
        header("Authorization", "Bearer abc"),
        header("Proxy-Authorization", "Basic abc"),
        header("X-Api-Key", "abc"),
        header("X-Auth-Token", "abc"),
        header("x-amz-security-token", "abc"),
        header("Cookie", "theme=dark; sessionid=abc"),
        "path: \"/health?access_token=abc\"".to_owned(),
    ];
    for probe in secret {
        assert_eq!(findings(&manifest(&probe), "heavy-probe", false).len(), 1, "{probe}");
    }
    for probe in [
        header("Cookie", "shop_session-id=x-liveness-probe"),
        header("Accept", "text/html"),
        "path: /health?deep=1".to_owned(),
    ] {
        assert!(findings(&manifest(&probe), "heavy-probe", false).is_empty(), "{probe}");
    }
    let login = format!(
        "{}---\napiVersion: shakedown.sim/v1alpha1\nkind: AppModel\nmetadata: {{name: web}}\nspec: {{match: {{image: \"web:*\"}}, \
         http: {{/: {{status: 401}}}}}}\n",
        manifest("path: /")
    );
    assert_eq!(findings(&login, "heavy-probe", false).len(), 1);
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

#[test]
fn sarif_locations_are_uris() {
    let rule = find("latest-tag").unwrap();
    let scenario = from_text("my files/ü.yaml", rule.bad).unwrap();
    let found = lint(&scenario, &Options { only: vec![rule.id.to_owned()], ..Options::default() });
    let location = &output::sarif(&found)["runs"][0]["results"][0]["locations"][0]["physicalLocation"];
    assert_eq!(location["artifactLocation"]["uri"], "my%20files/%C3%BC.yaml");
}

/// What the schema of SARIF 2.1.0 asks of the parts that are used, over the findings of every bad example.
#[test]
fn sarif_is_as_its_schema_asks() {
    for rule in all() {
        let log = output::sarif(&findings(rule.bad, rule.id, false));
        let text = |value: &serde_json::Value| value.as_str().is_some_and(|text| !text.is_empty());
        assert_eq!(log["version"], "2.1.0");
        let run = &log["runs"][0];
        assert!(["utf16CodeUnits", "unicodeCodePoints"].contains(&run["columnKind"].as_str().unwrap()));
        assert!(text(&run["tool"]["driver"]["name"]));
        let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
        assert_eq!(rules.len(), all().count());
        for rule in rules {
            assert!(text(&rule["id"]));
            for message in ["shortDescription", "fullDescription", "help"] {
                assert!(text(&rule[message]["text"]), "{message} of {}", rule["id"]);
            }
            let tags = rule["properties"]["tags"].as_array().unwrap();
            assert!((1..tags.len()).all(|n| !tags[..n].contains(&tags[n])), "tags of {}", rule["id"]);
        }
        for result in run["results"].as_array().unwrap() {
            assert!(text(&result["message"]["text"]));
            assert!(["note", "warning", "error"].contains(&result["level"].as_str().unwrap()));
            assert_eq!(rules[result["ruleIndex"].as_u64().unwrap() as usize]["id"], result["ruleId"]);
            let location = &result["locations"][0]["physicalLocation"];
            assert!(text(&location["artifactLocation"]["uri"]));
            for least_one in ["startLine", "startColumn"] {
                assert!(location["region"][least_one].as_u64().unwrap() >= 1);
            }
        }
    }
}
