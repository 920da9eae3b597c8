//! YAML and JSON text to trees.

use super::{documents, file, problem, same};
use crate::source::{Kind, SourceFile, Style, parse, parse_lenient};

/// The documents of a text as JSON, one after the other.
fn json(text: &str) -> String {
    let documents: Vec<_> =
        documents(text).iter().map(|document| document.root.to_json().to_string()).collect();
    documents.join(" ")
}

#[test]
fn good_texts() {
    for (text, expected) in [
        // Documents: empty ones and comments do not count.
        ("", ""),
        ("# only a comment\n", ""),
        ("---\n---\n# x\n---\nnull\n---\n~\n...\n", ""),
        ("---\n# first\n---\na: 1\n---\n\n--- # last\n- b\n", r#"{"a":1} ["b"]"#),
        ("a: 1\n...\n---\nb: 2\n...\n", r#"{"a":1} {"b":2}"#),
        // Encodings and line ends.
        ("\u{feff}a: 1\n", r#"{"a":1}"#),
        ("a: 1\r\nb:\r\n- x\r\n- |\r\n  y\r\n", r#"{"a":1,"b":["x","y\n"]}"#),
        ("größe: 日本\n", r#"{"größe":"日本"}"#),
        // Scalars.
        (
            "a: |-\n  x\n  y\nb: >\n  x\n  y\nc: 'it''s'\nd: \"\\u0041\\x42\"\n",
            r#"{"a":"x\ny","b":"x y\n","c":"it's","d":"AB"}"#,
        ),
        ("a:\nb: ''\nc: []\nd: {}\n? e\n: f\n", r#"{"a":null,"b":"","c":[],"d":{},"e":"f"}"#),
        ("- - a\n  - b\n-\n  c: d\n  e:\n  - f\n", r#"[["a","b"],{"c":"d","e":["f"]}]"#),
        ("1: a\ntrue: b\n", r#"{"1":"a","true":"b"}"#),
        // Anchors, aliases and merge keys.
        ("a: &x {k: [1]}\nb: *x\nc: &x 2\nd: *x\n", r#"{"a":{"k":[1]},"b":{"k":[1]},"c":2,"d":2}"#),
        ("a: &k key\n*k : v\n", r#"{"a":"key","key":"v"}"#),
        ("a: &a {x: 1, y: 1}\nb: {<<: *a, y: 2, z: 3}\n", r#"{"a":{"x":1,"y":1},"b":{"y":2,"z":3,"x":1}}"#),
        (
            "a: &a {x: 1}\nb: &b {x: 2, y: 2}\nc:\n  <<: [*a, *b]\n",
            r#"{"a":{"x":1},"b":{"x":2,"y":2},"c":{"x":1,"y":2}}"#,
        ),
        (
            "a: &a {x: 1}\nb: {<<: *a}\nc: &c {<<: *a, y: 2}\nd: {<<: *c}\n",
            r#"{"a":{"x":1},"b":{"x":1},"c":{"y":2,"x":1},"d":{"y":2,"x":1}}"#,
        ),
        ("'<<': {a: 1}\n", r#"{"<<":{"a":1}}"#),
        // JSON, and what YAML makes of nearly-JSON.
        (
            "{\"a\": [1, -2.5e3, true, null, {}], \"b\": \"\\ud83d\\ude00\\/\\n\\ud800\"}",
            "{\"a\":[1,-2500,true,null,{}],\"b\":\"😀/\\n\u{fffd}\"}",
        ),
        ("{\n\t\"a\":\t1\n}\n{\"b\": 2}", r#"{"a":1} {"b":2}"#),
        ("{a: 1, \"b\": [x,],}", r#"{"a":1,"b":["x"]}"#),
        ("[a, b]\n---\n{c: d}\n", r#"["a","b"] {"c":"d"}"#),
        ("[]", "[]"),
        ("{}\n---\n{\"a\": 1}\n", r#"{} {"a":1}"#),
    ] {
        assert_eq!(json(text), expected, "{text:?}");
    }
}

/// Texts that are refused, with the beginning of the one-line message.
const BAD: &[(&str, &str)] = &[
    ("a: &x [*x]\n", "web.yaml:1:8: error[alias-cycle]: `*x` stands inside the value it refers to"),
    (
        "a: &x 1\n---\nb: *x\n",
        "web.yaml:3:4: error[undefined-alias]: no value is named `&x` before this alias",
    ),
    ("a: [1, 2\nb: 3\n", "web.yaml:2:2: error[syntax]: not valid YAML: `:` cannot stand here"),
    (
        "a: b: c\n",
        "web.yaml:1:5: error[syntax]: not valid YAML: `:` cannot stand here (text that contains `: `",
    ),
    ("a: 'x\n", "web.yaml:1:4: error[syntax]: not valid YAML: the quote is never closed"),
    ("a:\n  - 1\n  b: 2\n", "web.yaml:3:3: error[syntax]: not valid YAML: expected `- ` here"),
    ("  a: 1\n b: 2\n", "web.yaml:2:2: error[syntax]: not valid YAML: expected `---` or the end of the file"),
    (
        "a: {{ .x }}\n",
        "web.yaml:1:5: error[bad-key]: a key must be text, found a mapping (`{{` looks like a template",
    ),
    (
        "{{- if .x }}\n",
        "web.yaml:1:3: error[syntax]: not valid YAML: `- ` cannot stand here (`{{` looks like",
    ),
    ("? [a, b]\n: 1\n", "web.yaml:1:3: error[bad-key]: a key must be text, found a list"),
    ("~: 1\n", "web.yaml:1:1: error[bad-key]: a key must be text, found nothing (put the key in quotes)"),
    (
        "a: @x\n",
        "web.yaml:1:4: error[syntax]: not valid YAML: unexpected character: `@' (text that begins with this",
    ),
    ("a: \u{1}\n", "web.yaml:1:4: error[control-character]: control character U+0001 in the text"),
    ("a: x\0y\n", "web.yaml:1:5: error[control-character]: control character U+0000 in the text"),
    (
        "<<: 3\n",
        "web.yaml:1:1: error[bad-merge]: `<<` takes a mapping or a list of mappings, found the number `3`",
    ),
    (
        "<<: [{}, x]\n",
        "web.yaml:1:1: error[bad-merge]: `<<` takes a mapping or a list of mappings, found text `x`",
    ),
    (
        "a: \"\\q\"\n",
        "web.yaml:1:4: error[syntax]: not valid YAML: found unknown escape character (in double quotes",
    ),
    ("key\nother: 1\n", "web.yaml:2:6: error[syntax]: not valid YAML: `:` cannot stand here"),
    ("ключ: *нет\n", "web.yaml:1:7: error[undefined-alias]: no value is named `&нет` before this alias"),
    ("{\"a\": 1, \"a\": 2}", "web.yaml:1:10: error[duplicate-key]: the key `a` appears twice in one mapping"),
    ("{\"a\": [\"b\"}", "web.yaml:1:11: error[syntax]: not valid YAML: expected `,` or `]`"),
];

#[test]
fn bad_texts() {
    for (text, expected) in BAD {
        let line = parse(&file(text)).unwrap_err().one_line();
        assert!(line.starts_with(expected), "{text:?}:\n{line}\n{expected}");
    }
}

#[test]
fn bad_json_in_a_json_file() {
    for (text, expected) in [
        ("{\"a\": [\"b\"}", "1:11 expected `,` or `]`, found `}`"),
        ("{\"a\": 1,}", "1:9 expected a key in double quotes, found `}`"),
        ("{\"a\" 1}", "1:6 expected `:`, found `1`"),
        ("{\"a\": 01}", "1:7 expected a value, found `0`"),
        ("{\"a\": nul}", "1:7 expected a value, found `n`"),
        ("{\"a\": \"x\n\"}", "1:9 expected a closing `\"`, found `\\n`"),
        ("{\"a\": \"\\x\"}", "1:8 expected a valid escape, found `\\\\`"),
        ("{\"a\": \"\\u12é\"}", "1:8 expected four hexadecimal digits, found `\\\\`"),
        ("{\"a\": [\n  1\n\n", "2:4 expected `,` or `]`, found the end of the file"),
        ("[1] x", "1:5 expected a value, found `x`"),
    ] {
        let problem = parse(&SourceFile::new("dump.json", text)).unwrap_err();
        let line = problem.one_line();
        let line = line.strip_prefix("dump.json:").unwrap();
        assert_eq!(line.replace(": error[json-syntax]: not valid JSON:", ""), expected);
    }
}

#[test]
fn a_duplicate_key_names_both_places() {
    let text = "a: 1\nb:\n  x: 1\n  'y': 2\n  z: 3\n  y: 4\n";
    same(
        &problem(text),
        "
error[duplicate-key]: the key `y` appears twice in one mapping
 --> web.yaml:6:3
  |
4 |   'y': 2
  |   --- first here
5 |   z: 3
6 |   y: 4
  |   ^
  |
  = help: keep one of the two
",
    );
    let document = parse_lenient(&file(text)).unwrap().remove(0);
    assert_eq!(document.root.to_json().to_string(), r#"{"a":1,"b":{"x":1,"z":3,"y":4}}"#);
    assert_eq!(document.duplicates.len(), 1);
}

#[test]
fn the_last_of_many_duplicate_keys_wins() {
    let lines: Vec<_> = (0..30).map(|number| format!("k{}: {number}\n", number % 12)).collect();
    let text = lines.concat();
    let document = parse_lenient(&file(&text)).unwrap().remove(0);
    assert_eq!(document.root.get("k3").and_then(|node| node.as_str()), Some("27"));
    assert_eq!((document.root.entries().len(), document.duplicates.len()), (12, 18));
    let places: Vec<_> = document.duplicates[12].labels.iter().map(|label| label.span.line).collect();
    assert_eq!(places, [25, 13]);
    assert_eq!(parse(&file(&text)).unwrap_err().labels[0].span.line, 13);
}

#[test]
fn tabs_and_unclosed_brackets_are_shown() {
    same(
        &problem("a:\n\tb: 1\n"),
        "
error[syntax]: not valid YAML: a tab in the indentation
 --> web.yaml:2:1
  |
2 |     b: 1
  | ^^^^
  |
  = help: YAML does not allow tabs for indentation: use spaces
",
    );
    same(
        &problem("a:\n  ports: [80,\n    81\n"),
        "
error[syntax]: not valid YAML: expected `,` or `]`
 --> web.yaml:3:7
  |
2 |   ports: [80,
  |          - opened here
3 |     81
  |       ^
",
    );
}

#[test]
fn an_undefined_alias_is_shown() {
    same(
        &problem("a: 1\nb: *nope\n"),
        "
error[undefined-alias]: no value is named `&nope` before this alias
 --> web.yaml:2:4
  |
2 | b: *nope
  |    ^^^^^
  |
  = help: define it earlier in the same document with `&nope`, or put the text in quotes
",
    );
}

#[test]
fn aliases_cannot_multiply_without_limit() {
    let mut bomb = vec!["a0: &a0 [lol]\n".to_owned()];
    for level in 1..30 {
        let copies = vec![format!("*a{}", level - 1); 10].join(", ");
        bomb.push(format!("a{level}: &a{level} [{copies}]\n"));
    }
    same(
        &problem(&bomb.concat()),
        "
error[too-many-copies]: aliases copy too much
 --> web.yaml:6:20
  |
6 | a5: &a5 [*a4, *a4, *a4, *a4, *a4, *a4, *a4, *a4, *a4, *a4]
  |                    ^^^
  |
  = help: the file would grow to many times its size: write the values out, or use fewer aliases
",
    );
    // Long text counts too, and so do anchors inside anchors.
    let long = format!("a: &a {}\nb:\n{}", "x".repeat(1 << 20), "- *a\n".repeat(100_000));
    assert!(problem(&long).contains("error[too-many-copies]"));
    let nested: Vec<_> = (0..150).map(|level| format!("&a{level} [")).collect();
    let nested = nested.concat() + &"x, ".repeat(10_000) + &"]".repeat(150);
    assert!(problem(&nested).contains("error[too-many-copies]"));
}

#[test]
fn nesting_has_a_limit() {
    let nested = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
    assert_eq!(documents(&nested(200)).len(), 1);
    for text in [
        nested(201),
        "[".repeat(10_000),
        "- ".repeat(10_000),
        "{a: ".repeat(10_000),
        "{\"a\": ".repeat(10_000),
        "x: ".to_owned() + &"[".repeat(10_000),
        "? ".repeat(10_000),
        format!("- &a {}\n- {}*a{}\n", nested(150), "[".repeat(60), "]".repeat(60)),
    ] {
        assert!(problem(&text).starts_with("error[too-deep]: nested deeper than 200 levels\n"));
    }
}

#[test]
fn binary_files_are_refused() {
    let refuse = |bytes: &[u8]| {
        let parsed = SourceFile::from_bytes("web.yaml", bytes.to_vec()).and_then(|file| parse(&file));
        parsed.unwrap_err().render(false)
    };
    same(
        &refuse(b"kind: Pod\nname: caf\xe9\n"),
        "
error[not-utf8]: not UTF-8 text: bad byte at offset 19
 --> web.yaml:2:10
  |
2 | name: caf�
  |          ^ byte 0xe9
  |
  = help: manifests are UTF-8 text
",
    );
    same(
        &refuse(b"PK\x03\x04"),
        "
error[control-character]: control character U+0003 in the text
 --> web.yaml:1:3
  |
1 | PK␃␄
  |   ^
  |
  = help: is this a binary file? In YAML text, write the character as an escape in double quotes
",
    );
    assert!(refuse(b"\xff\xfea\0:\0").contains("save the file as UTF-8"));
    assert!(refuse(b"\x7fELF\x02\x01\x01\0\0").contains("error[control-character]"));
}

#[test]
fn nodes_know_their_places() {
    let text = "# ü\nname: &n web\nports: [80,\n  '81']\ntext: |\n  long\nempty:\nlast: *n\n";
    let document = documents(text).remove(0);
    let entries = document.root.entries();
    let places: Vec<_> = entries
        .iter()
        .map(|entry| {
            let (key, value) = (entry.key.span, entry.value.span);
            format!(
                "{}:{} {:?}",
                value.line,
                value.column,
                &text[key.start as usize..value.end.max(key.end) as usize]
            )
        })
        .collect();
    let expected = [
        "2:7 \"name: &n web\"",
        "3:8 \"ports: [80,\\n  '81']\"",
        "6:3 \"text: |\\n  long\\n\"",
        "7:1 \"empty\"",
        "2:7 \"last\"",
    ];
    assert_eq!(places, expected);
    let Kind::Scalar(scalar) = &entries[1].value.items()[1].kind else {
        panic!("not a scalar");
    };
    assert_eq!((&*scalar.text, scalar.style), ("81", Style::Quoted));
}

#[test]
fn a_bracketed_value_ends_at_its_bracket() {
    let text = "- {a: 1}   # one\n- [2, 3]\n\n- {b: {c: d}}\n";
    let documents = documents(text);
    let written: Vec<_> =
        documents[0].root.items().iter().map(|item| documents[0].file.slice(item.span)).collect();
    assert_eq!(written, ["{a: 1}", "[2, 3]", "{b: {c: d}}"]);
}
