//! Containers that no AppModel describes, but whose manifest says in plain shell what they do.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::model::{AppModel, OnSignal};
use super::shell::{Knowledge, Script};
use crate::api::pod::Container;

/// The program of a container, if its command and arguments are understood.
pub(super) fn model(container: &Container) -> Option<AppModel> {
    let script = script(container)?;
    let busy = script.run(None, true)?.busy;
    Some(AppModel {
        script: Some(Arc::new(script)),
        // No shell command that is understood listens.
        ports: Some(Vec::new()),
        on_stop: OnSignal::Unhandled,
        cpu_base_milli: if busy { 1000 } else { 0 },
        ..AppModel::well_behaved("shell")
    })
}

fn script(container: &Container) -> Option<Script> {
    if container.command.is_empty() && container.args.is_empty() {
        let has_input = container.stdin == Some(true);
        return if has_input { None } else { Script::of_bare_image(&container.image) };
    }
    let knowledge = knowledge(container);
    let words = container.command.iter().chain(&container.args);
    let words = words.map(|word| expand(word, &knowledge.variables)).collect::<Option<Vec<_>>>()?;
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    // A bare shell waits for input that never comes.
    if words.len() == 1 && container.stdin == Some(true) {
        return None;
    }
    Script::of_container(&words, knowledge)
}

fn knowledge(container: &Container) -> Knowledge {
    let list =
        |value: &Option<Box<Value>>| value.as_deref().and_then(Value::as_array).cloned().unwrap_or_default();
    let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
    let variable = |entry: &Value| {
        let value = if entry.get("valueFrom").is_some() {
            None
        } else {
            Some(text(entry, "value").unwrap_or_default())
        };
        Some((text(entry, "name")?, value))
    };
    Knowledge {
        variables: list(&container.env).iter().filter_map(variable).collect(),
        mounts: list(&container.volume_mounts).iter().filter_map(|mount| text(mount, "mountPath")).collect(),
        busybox: ["busybox", "alpine"].iter().any(|name| container.image.contains(name)),
        own_files: true,
        more_variables: !list(&container.env_from).is_empty(),
    }
}

/// Puts values in the place of `$(NAME)`, as the kubelet does before it starts a container; names that are not variables
/// stay as they are. `None` = a value is not known. Source: `third_party/forked/golang/expansion`.
fn expand(word: &str, variables: &BTreeMap<String, Option<String>>) -> Option<String> {
    let mut expanded = String::with_capacity(word.len());
    let mut rest = word;
    while let Some(at) = rest.find('$') {
        expanded.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            // `$$(` is a `$(` that is left to the shell; the shell's own `$$` stays.
            expanded.push_str(if after.starts_with('(') { "$" } else { "$$" });
            rest = after;
            continue;
        }
        let name = rest.strip_prefix('(').and_then(|inner| inner.split_once(')'));
        match name.and_then(|(name, after)| Some((variables.get(name)?, after))) {
            Some((value, after)) => {
                expanded.push_str(value.as_ref()?);
                rest = after;
            }
            None => expanded.push('$'),
        }
    }
    expanded.push_str(rest);
    Some(expanded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_of_the_manifest_are_put_in_before_the_shell_sees_them() {
        let variables =
            BTreeMap::from([("CODE".to_owned(), Some("3".to_owned())), ("SECRET".to_owned(), None)]);
        let expand = |word| expand(word, &variables);
        assert_eq!(expand("exit $(CODE)").as_deref(), Some("exit 3"));
        assert_eq!(expand("echo $(date) $(seq 3)").as_deref(), Some("echo $(date) $(seq 3)"));
        assert_eq!(expand("echo $$(CODE); kill $$").as_deref(), Some("echo $(CODE); kill $$"));
        assert_eq!(expand("echo $(SECRET)"), None);
    }

    #[test]
    fn what_a_container_does_follows_from_its_manifest() {
        let container = |manifest: Value| serde_json::from_value::<Container>(manifest).unwrap();
        let exit = |manifest| Some(model(&container(manifest))?.script?.run(None, true)?.exit?.1);
        let of =
            |command: Value| serde_json::json!({ "name": "c", "image": "busybox:1.36", "command": command });
        assert_eq!(exit(of(serde_json::json!(["sh", "-c", "exit 3"]))), Some(3));
        let mut with_env = of(serde_json::json!(["sh", "-c", "exit $CODE"]));
        with_env["env"] = serde_json::json!([{ "name": "CODE", "value": "42" }]);
        assert_eq!(exit(with_env.clone()), Some(42));
        with_env["env"] = serde_json::json!([{ "name": "CODE", "valueFrom": {} }]);
        assert_eq!(exit(with_env), None);
        assert_eq!(exit(serde_json::json!({ "name": "c", "image": "alpine" })), Some(0));
        assert_eq!(exit(serde_json::json!({ "name": "c", "image": "alpine", "stdin": true })), None);
        assert_eq!(exit(serde_json::json!({ "name": "c", "image": "nginx" })), None);
    }
}
