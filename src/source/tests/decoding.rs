//! Trees to typed values: what is accepted, what is noted, and what is refused with which words.

use std::collections::BTreeMap;
use std::fmt::Debug;

use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};

use super::{documents, same};
use crate::source::{Path, Severity, from_node, from_node_at};

#[derive(Debug, PartialEq, Deserialize)]
struct Workload {
    name: String,
    #[serde(default)]
    spec: Spec,
}

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Spec {
    replicas: Option<u32>,
    node_selector: BTreeMap<String, String>,
    containers: Vec<Container>,
    policy: Option<Policy>,
    paused: bool,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Container {
    image: String,
    #[serde(default)]
    cpu: Option<Quantity>,
    #[serde(default)]
    ports: Vec<u16>,
}

/// Stands for any type that parses text with its own rules.
#[derive(Debug, PartialEq)]
struct Quantity(u64);

impl<'de> Deserialize<'de> for Quantity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let digits = text.strip_suffix('m').unwrap_or(&text);
        let number = digits
            .parse()
            .map_err(|_| D::Error::custom(format!("`{text}` is not a quantity like `500m`")))?;
        Ok(Self(number))
    }
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Policy {
    Always,
    Never,
    After(u32),
    Between { low: i8, high: i8 },
    Weighted(f64, f64),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Strict {
    #[serde(rename = "replicas")]
    _replicas: Option<u8>,
}

/// Reads the only document of a text, which must be good and without unknown fields.
#[track_caller]
fn read<T: DeserializeOwned>(text: &str) -> T {
    let documents = documents(text);
    match from_node(&documents[0].root) {
        Ok((value, unknown)) => {
            assert_eq!(unknown, []);
            value
        }
        Err(error) => panic!("{}", error.into_diagnostic(&documents[0].file).render(false)),
    }
}

/// The rendered problem of the only document of a text.
#[track_caller]
fn refuse<T: DeserializeOwned + Debug>(text: &str) -> String {
    let documents = documents(text);
    match from_node::<T>(&documents[0].root) {
        Ok((value, _)) => panic!("accepted: {value:?}"),
        Err(error) => error.into_diagnostic(&documents[0].file).render(false),
    }
}

/// The problem in one line, without place and kind.
#[track_caller]
fn refusal<T: DeserializeOwned + Debug>(text: &str) -> String {
    let documents = documents(text);
    match from_node::<T>(&documents[0].root) {
        Ok((value, _)) => panic!("accepted: {value:?}"),
        Err(error) => {
            let line = error.into_diagnostic(&documents[0].file).one_line();
            line.split_once("]: ").unwrap().1.to_owned()
        }
    }
}

const WORKLOAD: &str = "\
name: web
spec:
  replicas: 3
  nodeSelector: {disk: ssd, 7: yes}
  paused: off
  containers:
  - image: nginx:1.27
    cpu: 4
    ports: [80, 0x1bb]
  - {image: 'true', cpu: 250m}
  policy: {between: {low: -1, high: 5}}
";

#[test]
fn reads_nested_values() {
    let container = |image: &str, cpu, ports: &[u16]| Container {
        image: image.to_owned(),
        cpu: Some(Quantity(cpu)),
        ports: ports.to_vec(),
    };
    let selector = [("disk", "ssd"), ("7", "yes")].map(|(key, value)| (key.to_owned(), value.to_owned()));
    let spec = Spec {
        replicas: Some(3),
        node_selector: selector.into(),
        containers: vec![container("nginx:1.27", 4, &[80, 443]), container("true", 250, &[])],
        policy: Some(Policy::Between { low: -1, high: 5 }),
        paused: false,
    };
    assert_eq!(read::<Workload>(WORKLOAD), Workload { name: "web".to_owned(), spec });
}

#[test]
fn null_means_not_set() {
    let text = "name: web\nspec:\n  replicas:\n  nodeSelector: ~\n  containers: null\n  paused:\n";
    assert_eq!(read::<Workload>(text), Workload { name: "web".to_owned(), spec: Spec::default() });
    assert_eq!(read::<Workload>("name: web\nspec:\n").spec, Spec::default());
    assert_eq!(read::<BTreeMap<String, String>>("a:\nb: ''\n").get("a"), Some(&String::new()));
    assert_eq!(read::<Vec<Option<i32>>>("[1, null, ~]"), [Some(1), None, None]);
}

#[test]
fn reads_enums() {
    for (text, policy) in [
        ("always", Policy::Always),
        ("{never: }", Policy::Never),
        ("{never: {}}", Policy::Never),
        ("after: 7", Policy::After(7)),
        ("weighted: [1, 2.5]", Policy::Weighted(1.0, 2.5)),
    ] {
        assert_eq!(read::<Policy>(text), policy, "{text}");
    }
}

#[test]
fn reads_scalars_as_asked() {
    assert_eq!(
        read::<Vec<String>>("[4, 1.10, 0x10, 012, 1e3, on, 'null', \"\"]").join(" "),
        "4 1.10 0x10 012 1e3 on null "
    );
    assert_eq!(read::<Vec<i64>>("[0400, 3.0, 1e3, -9223372036854775808]"), [256, 3, 1000, i64::MIN]);
    assert_eq!(read::<u64>("18446744073709551615"), u64::MAX);
    assert_eq!(read::<Vec<f64>>("[3, -.5]"), [3.0, -0.5]);
    assert_eq!(read::<Vec<bool>>("[true, False, yes]"), [true, false, true]);
    assert_eq!(read::<BTreeMap<u16, char>>("{1: a, 2: b}"), [(1, 'a'), (2, 'b')].into());
    assert_eq!(read::<(u8, String)>("[1, x]"), (1, "x".to_owned()));
    assert_eq!(read::<String>("!!str 7"), "7");
    assert_eq!(read::<i32>("!!int '7'"), 7);
}

/// What is written, and below it what the user is told.
const REFUSALS: &str = "
name: {}
    name: expected text, found a mapping
name: true
    name: expected text, found the boolean `true` (put it in quotes: \"true\")
spec: {paused: true}
    missing field `name`
name:
    name: `name` has no value
[]
    expected a mapping with `name`, `spec`, found a list
{name: w, spec: x}
    spec: expected a mapping with `replicas`, `nodeSelector`, `containers`, ..., found text `x`
{name: w, spec: {replicas: -1}}
    spec.replicas: `-1` does not fit: expected a whole number from 0 to 4294967295
{name: w, spec: {replicas: 1.5}}
    spec.replicas: expected a whole number from 0 to 4294967295, found the number `1.5`
{name: w, spec: {replicas: '3'}}
    spec.replicas: expected a whole number from 0 to 4294967295, found text `3` (remove the quotes)
{name: w, spec: {replicas: three}}
    spec.replicas: expected a whole number from 0 to 4294967295, found text `three`
{name: w, spec: {paused: 1}}
    spec.paused: expected `true` or `false`, found the number `1`
{name: w, spec: {paused: 'true'}}
    spec.paused: expected `true` or `false`, found text `true` (remove the quotes)
{name: w, spec: {containers: {image: x}}}
    spec.containers: expected a list, found a mapping (write one item per line, each after `- `)
{name: w, spec: {containers: [x]}}
    spec.containers[0]: expected a mapping with `image`, `cpu`, `ports`, found text `x`
{name: w, spec: {containers: [{image: a}, {}]}}
    spec.containers[1]: missing field `image`
{name: w, spec: {containers: [{image: a, ports: [80, 65536]}]}}
    spec.containers[0].ports[1]: `65536` does not fit: expected a whole number from 0 to 65535
{name: w, spec: {nodeSelector: {a/b: [x]}}}
    spec.nodeSelector[\"a/b\"]: expected text, found a list
{name: w, spec: {policy: alway}}
    spec.policy: unknown value `alway` (did you mean `always`?)
{name: w, spec: {policy: {betwen: {}}}}
    spec.policy: unknown value `betwen` (did you mean `between`?)
{name: w, spec: {policy: xyz}}
    spec.policy: unknown value `xyz` (valid names are `always`, `never`, `after`, `between`, `weighted`)
{name: w, spec: {policy: [always]}}
    spec.policy: expected one of `always`, `never`, `after`, `between`, `weighted`, found a list
{name: w, spec: {policy: {always: 3}}}
    spec.policy.always: expected no value for `always`, found the number `3`
{name: w, spec: {policy: after}}
    spec.policy.after: expected a whole number from 0 to 4294967295, found nothing
{name: w, spec: {policy: {between: {low: 1}}}}
    spec.policy.between: missing field `high`
{name: w, spec: {policy: {after: 1, nevr: }}}
    spec.policy: expected a single key, found 2 keys: `after`, `nevr` (did you mean `never`?)
{name: w, spec: {policy: {weighted: [1, 2, 3]}}}
    spec.policy.weighted: expected 2 items, found a list of 3
";

#[test]
fn refusals_say_what_was_found_and_what_would_be_right() {
    let lines: Vec<_> = REFUSALS.trim().lines().collect();
    for case in lines.chunks(2) {
        assert_eq!(refusal::<Workload>(case[0]), case[1].trim_start(), "{}", case[0]);
    }
    assert_eq!(
        refusal::<i64>("9223372036854775808"),
        "`9223372036854775808` does not fit: expected a whole number"
    );
    assert_eq!(refusal::<u64>("-1"), "`-1` does not fit: expected a whole number from 0");
    assert_eq!(
        refusal::<Strict>("replcas: 1"),
        "replcas: unknown field `replcas` (did you mean `replicas`?)"
    );
    assert_eq!(
        refusal::<BTreeMap<u8, u8>>("{256: 1}"),
        "256: `256` does not fit: expected a whole number from 0 to 255"
    );
}

#[test]
fn shows_the_place_of_a_wrong_value() {
    let text = WORKLOAD.replace("250m", "250x");
    same(
        &refuse::<Workload>(&text),
        "
error[invalid-value]: spec.containers[1].cpu: `250x` is not a quantity like `500m`
  --> web.yaml:10:26
   |
10 |   - {image: 'true', cpu: 250x}
   |                          ^^^^
",
    );
}

#[test]
fn points_at_the_key_of_a_wrong_block() {
    let text = "name: web\nspec:\n  containers:\n    image: nginx\n    ports: [80]\n";
    same(
        &refuse::<Workload>(text),
        "
error[wrong-type]: spec.containers: expected a list, found a mapping
 --> web.yaml:3:3
  |
3 |   containers:
  |   ^^^^^^^^^^ expected a list
  |
  = help: write one item per line, each after `- `
",
    );
}

#[test]
fn notes_unknown_fields() {
    let text = "\
name: web
spec:
  replcas: 3
  zzz: {deep: [{er: 1}]}
  containers:
  - image: nginx
    Cpu: 1
    empty:
";
    let documents = documents(text);
    let (workload, unknown) = from_node::<Workload>(&documents[0].root).unwrap();
    assert_eq!(workload.spec.containers[0].image, "nginx");
    let found: Vec<_> = unknown
        .iter()
        .map(|field| (field.path.as_str(), field.span.line, field.span.column, field.suggestion))
        .collect();
    let expected = [
        ("spec.replcas", 3, 3, Some("replicas")),
        ("spec.zzz", 4, 3, None),
        ("spec.containers[0].Cpu", 7, 5, Some("cpu")),
        ("spec.containers[0].empty", 8, 5, None),
    ];
    assert_eq!(found, expected);
    same(
        &unknown[0].to_diagnostic(&documents[0].file, Severity::Error).render(false),
        "
error[unknown-field]: unknown field `replcas`
 --> web.yaml:3:3
  |
3 |   replcas: 3
  |   ^^^^^^^ in `spec`
  |
  = help: did you mean `replicas`?
",
    );
}

#[test]
fn a_missing_field_is_placed_in_its_mapping() {
    let text = "name: web\nspec:\n  containers:\n  - cpu: 1\n    ports: []\n";
    same(
        &refuse::<Workload>(text),
        "
error[missing-field]: spec.containers[0]: missing field `image`
 --> web.yaml:4:5
  |
4 |   - cpu: 1
  |     ^^^^^^ in this mapping
",
    );
}

#[test]
fn other_names_of_a_field_are_known() {
    #[derive(Debug, PartialEq, Deserialize)]
    struct Renamed {
        #[serde(alias = "rename")]
        name: u8,
    }
    assert_eq!(read::<Renamed>("rename: 1"), Renamed { name: 1 });
    assert_eq!(refusal::<Renamed>("{rename: 1, name: 2}"), "the field `name` is given twice");
}

#[test]
fn items_of_a_list_keep_their_places() {
    let text = "kind: List\nitems:\n- name: a\n- name: b\n  spec:\n    replicas: x\n    pausd: 1\n";
    let documents = documents(text);
    let items = documents[0].root.get("items").unwrap().items();
    let list = Path::ROOT.key("items");
    assert!(from_node_at::<Workload>(&items[0], list.index(0)).is_ok());
    let error = from_node_at::<Workload>(&items[1], list.index(1)).unwrap_err();
    assert_eq!((error.path(), error.span().line, error.span().column), ("items[1].spec.replicas", 6, 15));
}

#[test]
fn untyped_values_are_what_kubectl_sends() {
    let text = "{a: 0644, b: yes, c: 1e3, d: 1.5, e: ~, f: 2020-01-01, g: '1', h: [x, {i: .inf}], j: !x 1}";
    let expected = r#"{"a":420,"b":true,"c":1000,"d":1.5,"e":null,"f":"2020-01-01","g":"1","h":["x",{"i":".inf"}],"j":1}"#;
    let documents = documents(text);
    assert_eq!(documents[0].root.to_json().to_string(), expected);
    let text = text.replace(".inf", "x");
    let value: serde_json::Value = read(&text);
    assert_eq!(value.to_string(), expected.replace(".inf", "x"));
}

#[test]
fn a_value_as_deep_as_allowed_is_read_without_trouble() {
    let text = "[".repeat(200) + &"]".repeat(200);
    let value: serde_json::Value = read(&text);
    assert_eq!(value, documents(&text)[0].root.to_json());
}
