//! Tables about quantities, names, selectors, taints and affinity (libraries of 1.34).

use serde_json::{Value, json};

use super::{Answer, read};
use crate::api::core::{IntOrString, LabelSelector, Taint, Toleration};
use crate::api::pod::NodeSelector;
use crate::api::taints::{EVICTING_EFFECTS, HARD_EFFECTS, first_untolerated};
use crate::api::{Labels, Selector, names};
use crate::base::Quantity;

pub(super) fn quantity_parse(input: &Value) -> Answer {
    let quantity = quantity(input, "s")?;
    Ok(json!({
        "string": quantity.to_string(),
        "value": quantity.value().to_string(),
        "milliValue": quantity.milli_value().to_string(),
        "sign": quantity.signum(),
        "isZero": quantity.is_zero(),
        "format": quantity.format().as_str(),
        "decimal": quantity.to_decimal_text(),
    }))
}

pub(super) fn quantity_arith(input: &Value) -> Answer {
    let (a, b) = (quantity(input, "a")?, quantity(input, "b")?);
    Ok(json!({ "add": (a + b).to_string(), "sub": (a - b).to_string(), "cmp": a.cmp(&b) as i32 }))
}

fn quantity(input: &Value, key: &str) -> Result<Quantity, String> {
    read::<String>(input, key)?
        .parse()
        .map_err(|error: crate::base::quantity::QuantityError| error.to_string())
}

pub(super) fn label_selector_parse(input: &Value) -> Answer {
    let selector = Selector::parse(&read::<String>(input, "selector")?).map_err(|error| error.message)?;
    selector_answer(&selector, input)
}

pub(super) fn label_selector_object(input: &Value) -> Answer {
    let object: Option<LabelSelector> = read(input, "labelSelector")?;
    let selector = Selector::from_option(object.as_ref()).map_err(|error| error.message)?;
    selector_answer(&selector, input)
}

fn selector_answer(selector: &Selector, input: &Value) -> Answer {
    let sets: Vec<Labels> = read(input, "sets")?;
    let matches: Vec<bool> = sets.iter().map(|labels| selector.matches(labels)).collect();
    Ok(json!({ "string": selector.to_string(), "empty": selector.is_empty(), "matches": matches }))
}

pub(super) fn name_validation(input: &Value) -> Answer {
    let text: String = read(input, "s")?;
    let verdict = |messages: Vec<String>| if messages.is_empty() { Value::Null } else { json!(messages) };
    Ok(json!({
        "qualifiedName": verdict(names::qualified_name(&text)),
        "labelValue": verdict(names::label_value(&text)),
        "dns1123Label": verdict(names::dns1123_label(&text)),
        "dns1123Subdomain": verdict(names::dns1123_subdomain(&text)),
        "dns1035Label": verdict(names::dns1035_label(&text)),
        "portName": verdict(names::port_name(&text)),
    }))
}

/// Whether the same rules refuse the name, in whatever words.
pub(super) fn same_verdicts(expected: &Value, got: &Value) -> bool {
    let (Some(expected), Some(got)) = (expected.as_object(), got.as_object()) else { return false };
    expected.len() == got.len()
        && expected
            .iter()
            .all(|(rule, verdict)| got.get(rule).is_some_and(|g| g.is_null() == verdict.is_null()))
}

pub(super) fn intstr_scaled(input: &Value) -> Answer {
    let value: IntOrString = read(input, "v")?;
    let scaled = value.scaled(read(input, "total")?, read(input, "roundUp")?);
    scaled.map(|value| json!({ "value": value })).map_err(|error| error.to_string())
}

pub(super) fn taints_tolerations(input: &Value) -> Answer {
    let taints: Vec<Taint> = read::<Option<_>>(input, "taints")?.unwrap_or_default();
    // A toleration with an operator that does not exist cannot be read; the real function lets it tolerate nothing.
    let tolerations: Vec<Value> = read::<Option<_>>(input, "tolerations")?.unwrap_or_default();
    let tolerations: Vec<Option<Toleration>> =
        tolerations.into_iter().map(|value| serde_json::from_value(value).ok()).collect();
    let covers =
        |toleration: &Option<Toleration>, taint| toleration.as_ref().is_some_and(|t| t.tolerates(taint));
    let row = |taint| list(tolerations.iter().map(|toleration| covers(toleration, taint).into()).collect());
    let tolerates = list(taints.iter().map(row).collect());
    let tolerations: Vec<Toleration> = tolerations.into_iter().flatten().collect();
    let first = |effects| first_untolerated(&taints, &tolerations, effects).map_or(Value::Null, shown);
    Ok(json!({
        "tolerates": tolerates,
        "firstUntoleratedForScheduling": first(HARD_EFFECTS),
        "firstUntoleratedNoExecute": first(EVICTING_EFFECTS),
    }))
}

/// A list as Go writes one that was never added to: null when it is empty.
fn list(values: Vec<Value>) -> Value {
    if values.is_empty() { Value::Null } else { values.into() }
}

fn shown(taint: &Taint) -> Value {
    json!({ "key": taint.key, "value": taint.value, "effect": taint.effect })
}

pub(super) fn node_affinity(input: &Value) -> Answer {
    let selector: NodeSelector = read(input, "nodeSelector")?;
    let matcher = selector.compile().map_err(|error| error.message)?;
    let nodes: Vec<Labels> = read(input, "nodes")?;
    let names: String = read(input, "nodeNames")?;
    let matches: Vec<bool> =
        nodes.iter().zip(names.split(',')).map(|(labels, name)| matcher.matches(labels, name)).collect();
    Ok(json!({ "matches": matches }))
}
