//! Goal: templates give what kubectl 1.33 gave for the same list; every row was recorded from it.

use serde_json::json;

use super::*;

fn list() -> Value {
    json!({
        "apiVersion": "v1", "kind": "List", "metadata": {"resourceVersion": ""},
        "items": [
            {"metadata": {"name": "w1", "annotations": {"html": "<a>&", "a.b/c": "1", "a-b": "1"}},
             "spec": {"list": [1, 2.5, 1_000_000, 4, 5, 6, 7, 8, 9], "none": null, "t": true}},
            {"metadata": {"name": "w10"}, "spec": {"items": [], "n": 9, "q": "1", "s": "a9"}},
            {"metadata": {"labels": {"a": "b"}, "name": "w2"},
             "spec": {"d": {"a": {"b": "nested"}, "a.b": "dotted"},
                "items": [{"n": "x", "v": 1}, {"n": "y", "v": 2}, {"n": "z", "v": 3}],
                "n": 10, "q": "100m", "s": "a10"}},
        ],
    })
}

#[test]
fn what_is_found() {
    let list = list();
    for (template, expected) in [
        ("{.items[*].metadata.name}", "w1 w10 w2"),
        ("{.items[-1:].metadata.name}", "w2"),
        ("{.items[-1].metadata.name}", "w2"),
        (r#"{range .items[*]}{.metadata.name}{"\t"}{.spec.n}{"\n"}{end}"#, "w1\t\nw10\t9\nw2\t10\n"),
        ("{.items[?(@.spec.n==10)].metadata.name}", "w2"),
        ("{.items[?(@.spec.n>9)].metadata.name}", "w2"),
        ("{.items[?(@.spec.n<=10)].metadata.name}", "w10 w2"),
        (r#"{.items[?(@.spec.q=="1")].metadata.name}"#, "w10"),
        (r#"{.items[?(@.spec.s!="a10")].metadata.name}"#, "w10"),
        (r"{.items[?(@.metadata.name=='w2')].spec.d.a\.b}", "dotted"),
        ("{.items[?(@.metadata.labels)].metadata.name}", "w2"),
        ("{..name}", "w1 w10 w2"),
        ("{.items..n}", "9 10 x y z"),
        ("{.items[0,2].metadata.name}", "w1 w2"),
        ("{.items[0:3:2].metadata.name}", "w1 w2"),
        ("{.items[*]['metadata.name','spec.n']}", "w1 w10 w2 9 10"),
        ("{.items[*].spec.d}", r#"{"a":{"b":"nested"},"a.b":"dotted"}"#),
        ("{.items[2].spec['d'].a.b}", "nested"),
        ("x{.kind}y", "xListy"),
        ("{.kind}{.apiVersion}", "Listv1"),
        (r#"{"a" }b"#, "ab"),
        ("{$.kind}", "List"),
        ("{ .kind }", "List"),
        ("{.foo}", ""),
        ("{.items[0].foo.bar}", ""),
        ("{.items.metadata}", ""),
        ("{.kind.x}", ""),
        ("{.nothing[0]}", ""),
        ("{range .nothing[*]}x{end}y", "y"),
        ("{range .items[2].spec.items[*]}{.n}={.v},{end}!", "x=1,y=2,z=3,!"),
        ("{range .items[*]}[{range .spec.items[*]}{.n}{end}]{end}", "[][][xyz]"),
        ("{range .items[*]}{.metadata.name}", "w1w10w2"),
        ("{.items[1].spec.*}", "[] 9 1 a9"),
        ("{.items[*].metadata.annotations.html}", "<a>&"),
        ("{.items[0].spec.none}", "null"),
        ("{.items[0].spec.list[1:3]}", "2.5 1000000"),
        (r"{.items[0].metadata.annotations['a\.b/c']}", "1"),
        (r"{.items[0].metadata.annotations.a-b}", "1"),
        ("{1}", "1"),
        ("{-1}", "-1"),
        ("{true}", "true"),
        ("{'q'}", "q"),
        ("}", "}"),
        (r#"{.items[1].metadata.name}{"\u00e9"}"#, "w10é"),
    ] {
        let rendered = JsonPath::parse(template).unwrap().render(&list).unwrap();
        assert_eq!(rendered, expected, "{template}");
    }
}

#[test]
fn what_is_refused() {
    for (template, expected) in [
        ("{.a", "error parsing jsonpath {.a, unclosed action"),
        ("{.items[}", "error parsing jsonpath {.items[}, unterminated array"),
        ("{.items[a]}", "error parsing jsonpath {.items[a]}, invalid array index a"),
        ("{.items[?(@.n)", "error parsing jsonpath {.items[?(@.n), unclosed array expect ]"),
        ("{.items[?(@.n", "error parsing jsonpath {.items[?(@.n, unterminated filter"),
        ("{/}", "error parsing jsonpath {/}, unrecognized character in action: U+002F '/'"),
        ("{foo}", "error parsing jsonpath {foo}, unrecognized identifier foo"),
        ("{end}", "error parsing jsonpath {end}, not in range, nothing to end"),
        ("{\"a}", "error parsing jsonpath {\"a}, unterminated quoted string"),
    ] {
        assert_eq!(JsonPath::parse(template).unwrap_err().to_string(), expected);
    }
    let list = list();
    for (template, why) in [
        ("{.items[5].metadata.name}", "array index out of bounds: index 5, length 3"),
        ("{.items[0].spec.list[9:3]}", "array index out of bounds: index 9, length 9"),
        ("{.kind[0]}", "string is not array or slice"),
        (r#"{.items[?(@.spec.n=="10")].metadata.name}"#, "incompatible types for comparison"),
    ] {
        let error = JsonPath::parse(template).unwrap().render(&list).unwrap_err().to_string();
        let expected = format!("error executing jsonpath {template:?}: Error executing template: {why}");
        assert_eq!(error, expected);
    }
}

#[test]
fn relaxed_paths() {
    let list = list();
    for path in ["kind", ".kind", "{kind}", "{.kind}"] {
        assert_eq!(JsonPath::parse_relaxed(path).unwrap().render(&list).unwrap(), "List", "{path}");
    }
    for path in ["", "{", "{.a", "a{b}", "{}"] {
        let error = JsonPath::parse_relaxed(path).unwrap_err().to_string();
        assert!(error.starts_with("unexpected path string"), "{path}: {error}");
    }
}

#[test]
fn all_as_json() {
    let path = JsonPath::parse("{.items[*].metadata.name}").unwrap();
    assert_eq!(path.render_as_json(&list()).unwrap(), "[\n    \"w1\",\n    \"w10\",\n    \"w2\"\n]\n");
}

#[test]
fn no_template_panics() {
    let alphabet = [
        '{', '}', '[', ']', '.', '*', '?', '(', ')', '@', '\'', '"', '\\', 'a', ':', ',', '1', '-', '=', ' ',
        'é',
    ];
    let list = list();
    let mut state = 1_u64;
    for _ in 0..20_000 {
        let mut template = String::from("{");
        for _ in 0..12 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            template.push(alphabet[(state >> 33) as usize % alphabet.len()]);
        }
        if let Ok(path) = JsonPath::parse(&template) {
            let _ = path.render(&list);
        }
    }
}
