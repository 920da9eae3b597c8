//! Goal: the catalogue is whole and consistent, and words are found however they are written.

use super::*;

fn terms(word: &str) -> Vec<&'static str> {
    explain(word)
        .unwrap_or_else(|unknown| panic!("{unknown}"))
        .entries
        .iter()
        .map(|entry| entry.term)
        .collect()
}

#[test]
fn words_are_found_however_they_are_written() {
    for (word, expected) in [
        ("137", &["137"][..]),
        ("exit code 137", &["137"]),
        ("ExitCode:137", &["137"]),
        ("CrashLoopBackOff", &["CrashLoopBackOff"]),
        ("crash loop back-off", &["CrashLoopBackOff"]),
        ("crashloopbackoff", &["CrashLoopBackOff"]),
        ("SIGKILL", &["SIGKILL"]),
        ("kill", &["SIGKILL"]),
        ("signal 9", &["SIGKILL"]),
        ("Signal:9", &["SIGKILL"]),
        ("9", &["3-124", "SIGKILL"]),
        ("42", &["3-124"]),
        ("exit 9", &["3-124"]),
        ("147", &["128+n"]),
        ("200", &["128+n"]),
        ("Init:0/2", &["Init:N/M"]),
        ("Init:Error", &["Init:N/M", "Error"]),
        ("Init:CrashLoopBackOff", &["Init:N/M", "CrashLoopBackOff"]),
        ("node.kubernetes.io/unreachable", &["node.kubernetes.io/unreachable"]),
        ("unreachable", &["node.kubernetes.io/unreachable"]),
        ("liveness probe", &["livenessProbe"]),
        ("Failed", &["Failed", "Failed"]),
        ("nodeCrash", &["nodeCrash"]),
        ("node crash", &["nodeCrash"]),
        ("besteffort", &["BestEffort"]),
    ] {
        assert_eq!(terms(word), expected, "{word}");
    }
}

#[test]
fn unknown_words_get_a_suggestion() {
    for (word, meant) in [
        ("CrashLopBackOff", Some("CrashLoopBackOff")),
        ("SIGKIL", Some("SIGKILL")),
        ("Evcted", Some("Evicted")),
        ("flux capacitor", None),
        ("", None),
        ("999", None),
    ] {
        assert_eq!(explain(word).unwrap_err().meant, meant, "{word}");
    }
    let text = explain("Evcted").unwrap_err().to_string();
    assert_eq!(text, "`Evcted` is not explained here; did you mean `Evicted`?");
}

/// Every exit code of the list, every signal, and every topic is there.
#[test]
fn nothing_is_missing() {
    for code in (0..=159).chain([255]) {
        let found = explain(&format!("exit code {code}")).unwrap();
        assert_eq!(found.entries[0].topic, Topic::ExitCode, "{code}");
    }
    for number in 1..=31 {
        let found = explain(&format!("signal {number}")).unwrap();
        assert_eq!(found.entries[0].topic, Topic::Signal, "{number}");
    }
    let mut topics: Vec<Topic> = entries().map(|entry| entry.topic).collect();
    topics.sort_unstable();
    topics.dedup();
    assert_eq!(topics.len(), 17);
}

/// The code of a signal is 128 plus its number.
#[test]
fn codes_are_computed_right() {
    for entry in signals::CODES {
        let code: i32 = entry.term.parse().unwrap();
        let number = code - 128;
        let beginning = format!("Ended by signal {number} (SIG");
        assert!(entry.meaning.starts_with(&beginning), "{code}: {}", entry.meaning);
    }
}

#[test]
fn entries_are_whole_and_refer_to_entries() {
    for entry in entries() {
        assert!(entry.meaning.ends_with('.'), "{}: {}", entry.term, entry.meaning);
        for point in entry.causes.iter().chain(entry.advice) {
            assert!(point.ends_with('.'), "{}: {point}", entry.term);
        }
        for other in entry.see_also {
            assert!(explain(other).is_ok(), "{} refers to {other}", entry.term);
            assert_ne!(other, &entry.term);
        }
    }
}

#[test]
fn no_term_occurs_twice_in_a_topic() {
    let mut seen = std::collections::BTreeSet::new();
    for entry in entries() {
        assert!(seen.insert((entry.topic, entry.term)), "{} twice", entry.term);
    }
}

#[test]
fn an_entry_as_text() {
    let expected = "\
OOMKilled (reason of a terminated container)
  The container used more memory than its limit and was killed: exit code 137.

  How it comes about:
  - The kernel enforces the memory limit of each container. With cgroup v2 all processes of the
    container are killed together; there is no event Killing before it and no preStop hook.
  - Only this container restarts, on the same node; the other containers of the pod are not touched.
  - It can come with another code when only a child process was killed and the program then exited
    itself.

  What to do:
  - Raise the memory limit or find the leak. A request does not help: it counts for scheduling and
    eviction.
  - Node-pressure eviction is something else: it ends the whole pod, see Evicted.

  See it happen: shakedown run scenarios/oom-killed
  Learn it:      shakedown lesson exit-code-137

  See also: 137, Evicted, MemoryPressure, SystemOOM, oom
";
    let explanation = explain("OOMKilled").unwrap();
    assert_eq!(explanation.entries[0].to_string(), expected);
    assert!(explain("9").unwrap().to_string().contains("\n\nSIGKILL (signal)\n"));
}

#[test]
fn every_field_of_a_scenario_and_every_fault_is_explained() {
    let schema: serde_json::Value = serde_json::from_str(include_str!("../scenario/schema.json")).unwrap();
    for part in [
        "scenarioSpec",
        "scenarioSpec/properties/scheduler",
        "cluster",
        "step",
        "source",
        "appModelSpec",
        "fault",
    ] {
        let fields = schema
            .pointer(&format!("/$defs/{part}/properties"))
            .and_then(serde_json::Value::as_object)
            .unwrap();
        for field in fields
            .keys()
            .filter(|field| !["name", "service", "port", "path", "client"].contains(&field.as_str()))
        {
            let of_ours = |entry: &&Entry| {
                let names = entry.aliases.iter().copied().chain([entry.term]);
                matches!(entry.topic, Topic::ScenarioField | Topic::FaultKind)
                    && names.into_iter().any(|name| name == field || name == format!("spec.{field}"))
            };
            assert!(entries().any(|entry| of_ours(&entry)), "{part}: {field} is not explained");
        }
    }
}
