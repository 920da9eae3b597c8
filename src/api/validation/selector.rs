//! Label selectors: `ValidateLabelSelector` of `apimachinery/pkg/apis/meta/v1/validation`.

use super::metadata::check_labels;
use super::path::{Path, Problems};
use crate::api::core::{LabelSelector, SelectorOperator, SelectorRequirement};
use crate::api::names;

pub(super) fn check(problems: &mut Problems, path: &Path<'_>, selector: &LabelSelector) {
    check_labels(problems, &path.child("matchLabels"), &selector.match_labels);
    let expressions = path.child("matchExpressions");
    for (at, requirement) in selector.match_expressions.iter().enumerate() {
        let path = expressions.index(at);
        if matches!(requirement.operator, SelectorOperator::Gt | SelectorOperator::Lt) {
            let operator = format!("{:?}", requirement.operator);
            problems.invalid(&path.child("operator"), operator, "not a valid selector operator");
        } else {
            check_number_of_values(problems, &path, requirement);
        }
        problems.invalid_text(&path.child("key"), &requirement.key, &names::qualified_name(&requirement.key));
        let values = path.child("values");
        for (at, value) in requirement.values.iter().enumerate() {
            problems.invalid_text(&values.index(at), value, &names::label_value(value));
        }
    }
}

/// A selector that may be absent.
pub(super) fn check_option(problems: &mut Problems, path: &Path<'_>, selector: Option<&LabelSelector>) {
    if let Some(selector) = selector {
        check(problems, path, selector);
    }
}

/// Whether the values suit the operator; also used for node selectors.
pub(super) fn check_number_of_values(
    problems: &mut Problems,
    path: &Path<'_>,
    requirement: &SelectorRequirement,
) {
    let (path, values) = (path.child("values"), requirement.values.len());
    match requirement.operator {
        SelectorOperator::In | SelectorOperator::NotIn if values == 0 => {
            problems.required(&path, "must be specified when `operator` is 'In' or 'NotIn'");
        }
        SelectorOperator::Exists | SelectorOperator::DoesNotExist if values > 0 => {
            problems.forbidden(&path, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
        }
        SelectorOperator::Gt | SelectorOperator::Lt if values != 1 => {
            problems.required(&path, "must be specified single value when `operator` is 'Lt' or 'Gt'");
        }
        _ => {}
    }
}
