//! The rows of workloads.

use crate::api::pod::PodTemplate;
use crate::api::workload::{
    ControllerRevision, DaemonSet, Deployment, ReplicaSet, ReplicationController, StatefulSet,
};
use crate::api::{Selector, Timestamp};

use super::{Column, Row, column, containers_and_images, created, selector_text, wide};

const REPLICA_COLUMNS: &[Column] = &[
    column("NAME"),
    column("DESIRED"),
    column("CURRENT"),
    column("READY"),
    column("AGE"),
    wide("CONTAINERS"),
    wide("IMAGES"),
    wide("SELECTOR"),
];

/// The wide columns of what has a template and a selector.
fn template_cells(template: &PodTemplate, selector: String) -> [String; 3] {
    let [containers, images] = containers_and_images(&template.spec.containers);
    [containers, images, selector]
}

/// An absent number of replicas is 1, as the server would fill in.
fn desired(replicas: Option<i32>) -> i32 {
    replicas.unwrap_or(1)
}

impl Row for ReplicationController {
    const COLUMNS: &'static [Column] = REPLICA_COLUMNS;

    fn cells(&self, now: Timestamp) -> Vec<String> {
        let mut cells = vec![
            self.metadata.name.to_string(),
            desired(self.spec.replicas).to_string(),
            self.status.replicas.to_string(),
            self.status.ready_replicas.to_string(),
            created(&self.metadata, now),
        ];
        cells.extend(template_cells(&self.spec.template, self.spec.selector.to_string()));
        cells
    }
}

impl Row for ControllerRevision {
    const COLUMNS: &'static [Column] =
        &[column("NAME"), column("CONTROLLER"), column("REVISION"), column("AGE")];

    fn cells(&self, now: Timestamp) -> Vec<String> {
        let controller = self.metadata.controller().map_or_else(
            || "<none>".to_owned(),
            |owner| {
                let group = owner.api_version.split_once('/').map_or("", |(group, _)| group);
                let dot = if group.is_empty() { "" } else { "." };
                format!("{}{dot}{group}/{}", owner.kind.to_lowercase(), owner.name)
            },
        );
        let age = created(&self.metadata, now);
        vec![self.metadata.name.to_string(), controller, self.revision.to_string(), age]
    }
}

impl Row for ReplicaSet {
    const COLUMNS: &'static [Column] = REPLICA_COLUMNS;

    fn cells(&self, now: Timestamp) -> Vec<String> {
        let mut cells = vec![
            self.metadata.name.to_string(),
            desired(self.spec.replicas).to_string(),
            self.status.replicas.to_string(),
            self.status.ready_replicas.to_string(),
            created(&self.metadata, now),
        ];
        cells.extend(template_cells(&self.spec.template, selector_text(self.spec.selector.as_ref())));
        cells
    }
}

impl Row for Deployment {
    const COLUMNS: &'static [Column] = &[
        column("NAME"),
        column("READY"),
        column("UP-TO-DATE"),
        column("AVAILABLE"),
        column("AGE"),
        wide("CONTAINERS"),
        wide("IMAGES"),
        wide("SELECTOR"),
    ];

    fn cells(&self, now: Timestamp) -> Vec<String> {
        let selector = match Selector::from_option(self.spec.selector.as_ref()) {
            Ok(selector) => selector.to_string(),
            Err(_) => "<invalid>".to_owned(),
        };
        let mut cells = vec![
            self.metadata.name.to_string(),
            format!("{}/{}", self.status.ready_replicas, desired(self.spec.replicas)),
            self.status.updated_replicas.to_string(),
            self.status.available_replicas.to_string(),
            created(&self.metadata, now),
        ];
        cells.extend(template_cells(&self.spec.template, selector));
        cells
    }
}

impl Row for StatefulSet {
    const COLUMNS: &'static [Column] =
        &[column("NAME"), column("READY"), column("AGE"), wide("CONTAINERS"), wide("IMAGES")];

    fn cells(&self, now: Timestamp) -> Vec<String> {
        let mut cells = vec![
            self.metadata.name.to_string(),
            format!("{}/{}", self.status.ready_replicas, desired(self.spec.replicas)),
            created(&self.metadata, now),
        ];
        cells.extend(containers_and_images(&self.spec.template.spec.containers));
        cells
    }
}

impl Row for DaemonSet {
    const COLUMNS: &'static [Column] = &[
        column("NAME"),
        column("DESIRED"),
        column("CURRENT"),
        column("READY"),
        column("UP-TO-DATE"),
        column("AVAILABLE"),
        column("NODE SELECTOR"),
        column("AGE"),
        wide("CONTAINERS"),
        wide("IMAGES"),
        wide("SELECTOR"),
    ];

    fn cells(&self, now: Timestamp) -> Vec<String> {
        let status = &self.status;
        let mut cells = vec![
            self.metadata.name.to_string(),
            status.desired_number_scheduled.to_string(),
            status.current_number_scheduled.to_string(),
            status.number_ready.to_string(),
            status.updated_number_scheduled.to_string(),
            status.number_available.to_string(),
            self.spec.template.spec.node_selector.to_string(),
            created(&self.metadata, now),
        ];
        cells.extend(template_cells(&self.spec.template, selector_text(self.spec.selector.as_ref())));
        cells
    }
}
