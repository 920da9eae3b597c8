//! Objects that an API server would refuse: better said where they are written than by a row of the trace.

use crate::api::Object;
use crate::api::defaults::apply_defaults;
use crate::api::validation::validate_create;
use crate::scenario::read::Value;
use crate::source::Diagnostic;

/// Reports everything that is wrong with an object which is to be created as it stands.
pub(super) fn check(value: &Value<'_>, object: &Object) {
    let mut object = object.clone();
    let metadata = object.metadata_mut();
    if metadata.name.is_empty() {
        // The server makes one.
        metadata.name = format!("{}x", metadata.generate_name.as_deref().unwrap_or_default()).into();
    }
    apply_defaults(&mut object);
    for error in validate_create(&object) {
        let span = value.node.locate(&error.path).span();
        let problem = Diagnostic::error("invalid-object", error.to_string());
        value.context.report(problem.at(value.context.file, span, "the API server would refuse this"));
    }
}
