//! Defaults of API versions that are gone, for manifests that still carry them.
//!
//! Source: conversion and defaulting of `extensions/v1beta1`, `apps/v1beta1` and core `v1` in Kubernetes 1.15, where
//! a selector that is left out is that of the template's labels.

use std::sync::Arc;

use crate::api::Labels;
use crate::api::core::LabelSelector;
use crate::api::object::Object;

/// Completes what an old version left to its server.
pub(super) fn modernise(api_version: &str, object: &mut Object) {
    if !matches!(api_version, "extensions/v1beta1" | "apps/v1beta1") {
        return;
    }
    let selector = |current: &mut Option<LabelSelector>, labels: &Labels| {
        if current.is_none() && !labels.is_empty() {
            *current = Some(LabelSelector { match_labels: labels.clone(), match_expressions: Vec::new() });
        }
    };
    match object {
        Object::Deployment(object) => {
            let spec = &mut Arc::make_mut(object).spec;
            selector(&mut spec.selector, &spec.template.metadata.labels);
        }
        Object::ReplicaSet(object) => {
            let spec = &mut Arc::make_mut(object).spec;
            selector(&mut spec.selector, &spec.template.metadata.labels);
        }
        Object::DaemonSet(object) => {
            let spec = &mut Arc::make_mut(object).spec;
            selector(&mut spec.selector, &spec.template.metadata.labels);
        }
        Object::StatefulSet(object) => {
            let spec = &mut Arc::make_mut(object).spec;
            selector(&mut spec.selector, &spec.template.metadata.labels);
        }
        _ => {}
    }
}
