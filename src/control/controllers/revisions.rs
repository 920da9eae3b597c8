//! The history of StatefulSets and DaemonSets: a ControllerRevision keeps each template they had.
//!
//! Source: `pkg/controller/history/controller_history.go`, v1.34; StatefulSets call it from
//! `stateful_set_control.go getStatefulSetRevisions`, DaemonSets from `update.go constructHistory`.

use std::sync::Arc;

use crate::api::pod::PodTemplate;
use crate::api::workload::ControllerRevision;
use crate::api::{DeleteOptions, Labels, Object, ObjectMeta, Request, Uid};
use crate::base::Name;
use crate::control::manager::{About, Desktop};

use super::replicas::owner_reference;

/// What a template is to be remembered as.
pub(super) struct Snapshot<'a> {
    pub(super) owner: &'a Object,
    pub(super) template: &'a PodTemplate,
    /// Name of the revision: that of its owner and a hash of the template.
    pub(super) name: Name,
    /// The label with the hash, beside those of the template.
    pub(super) hash: (&'static str, &'a str),
}

impl Desktop<'_, '_> {
    /// The revisions of an owner, the oldest first.
    pub(super) fn revisions_of(&self, owner: Uid) -> Vec<Arc<ControllerRevision>> {
        let all = self.mirror.objects().iter::<ControllerRevision>().map(|(_, revision)| revision);
        let is_own = |revision: &&Arc<ControllerRevision>| {
            revision.metadata.controller().is_some_and(|controller| controller.uid == owner)
        };
        let mut own: Vec<_> = all.filter(is_own).cloned().collect();
        own.sort_by_key(|revision| revision.revision);
        own
    }

    /// Sees to it that a template has a revision, and that it is the latest: going back to an old template gives its
    /// revision a new number.
    pub(super) fn record_revision(&mut self, known: &[Arc<ControllerRevision>], snapshot: &Snapshot<'_>) {
        let latest = known.last().map_or(0, |revision| revision.revision);
        let found = known.iter().find(|revision| revision.metadata.name == snapshot.name);
        if found.is_some_and(|revision| revision.revision == latest) {
            self.desk.recorded.remove(&self.key);
            return;
        }
        // What was sent may not have come back through the watch yet.
        let sent = (snapshot.name.clone(), latest + 1);
        if self.desk.recorded.insert(self.key, sent.clone()) == Some(sent) {
            return;
        }
        let request = match found {
            Some(old) => Request::Update(old.renumbered(latest + 1).into()),
            None => Request::Create(revision(snapshot, latest + 1).into()),
        };
        self.submit(request, About::Anything);
    }

    /// Deletes the oldest of the revisions that nobody uses, at most `surplus` of them.
    pub(super) fn forget_revisions(
        &mut self,
        known: &[Arc<ControllerRevision>],
        is_live: impl Fn(&ControllerRevision) -> bool,
        surplus: usize,
    ) {
        for revision in known.iter().filter(|revision| !is_live(revision)).take(surplus) {
            let target = Object::from(revision.as_ref().clone()).reference();
            let options = DeleteOptions { uid: Some(revision.metadata.uid), ..DeleteOptions::default() };
            self.submit(Request::Delete { target, options }, About::Anything);
        }
    }
}

fn revision(snapshot: &Snapshot<'_>, number: i64) -> ControllerRevision {
    let owner = snapshot.owner.metadata();
    let mut labels: Labels = snapshot.template.metadata.labels.clone();
    labels.insert(snapshot.hash.0, snapshot.hash.1);
    let metadata = ObjectMeta {
        name: snapshot.name.clone(),
        namespace: owner.namespace.clone(),
        labels,
        annotations: owner.annotations.clone(),
        owner_references: vec![owner_reference(snapshot.owner)],
        ..ObjectMeta::default()
    };
    ControllerRevision::new(metadata, snapshot.template.clone(), number)
}
