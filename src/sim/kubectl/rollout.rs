//! `rollout`. Follows `k8s.io/kubectl` polymorphichelpers: rollout_status, history, rollback, objectrestarter.

use std::sync::Arc;

use crate::api::core::Conditions;
use crate::api::pod::PodTemplate;
use crate::api::workload::{ControllerRevision, DaemonSet, Deployment, ReplicaSet, StatefulSet};
use crate::api::{Object, ObjectMeta, Patch, Request};
use crate::base::Name;
use crate::control::controllers::deployment::revision_of;
use crate::kubectl::describe::pod_template;
use crate::kubectl::verb::{Rollout, RolloutAction};
use crate::kubectl::{kind_with_group, plural_with_group};

use super::shell::Shell;
use super::waits::Task;

/// The annotation whose change replaces all pods.
const RESTARTED_AT: &str = "kubectl.kubernetes.io/restartedAt";
/// What the Deployment controller adds to the labels of a template.
const TEMPLATE_HASH: &str = "pod-template-hash";
/// The annotation that `history` shows.
const CHANGE_CAUSE: &str = "kubernetes.io/change-cause";

/// A template that a workload had, or has.
struct Past {
    revision: i64,
    cause: Option<Name>,
    template: PodTemplate,
}

impl Shell<'_> {
    pub(super) fn rollout(&mut self, rollout: &Rollout) {
        let objects = self.objects(&rollout.targets);
        self.errors_by_line =
            matches!(rollout.action, RolloutAction::Restart | RolloutAction::Pause | RolloutAction::Resume);
        if objects.is_empty() && !self.answer.failed {
            let namespace = self.namespace();
            self.note(format!("No resources found in {namespace} namespace."));
            return;
        }
        if let RolloutAction::Status { watch: true, revision, timeout } = rollout.action
            && self.blocks
        {
            self.wait_for(Task::Rollout(revision), &objects, timeout);
            return;
        }
        for object in objects {
            match rollout.action {
                RolloutAction::Status { watch, revision, .. } => self.status(&object, watch, revision),
                RolloutAction::History { revision } => self.history(&object, revision),
                RolloutAction::Undo { to_revision } => self.undo(&object, to_revision),
                RolloutAction::Restart => self.restart(object),
                RolloutAction::Pause => self.pause(&object, true),
                RolloutAction::Resume => self.pause(&object, false),
            }
        }
    }

    /// How far the rollout is now. Time stands still, so one that kubectl would wait for counts as failed.
    fn status(&mut self, object: &Object, watch: bool, revision: Option<i64>) {
        let Some(progress) = progress(object, revision) else { return };
        match progress {
            Progress::Done(text) => self.say(text),
            Progress::Failed(text) => self.error(text),
            Progress::Waiting(text) => {
                self.say(text);
                self.answer.failed |= watch;
            }
        }
    }

    fn history(&mut self, object: &Object, revision: Option<i64>) {
        let history = self.history_of(object);
        let head = format!("{}/{} ", kind_with_group(object.kind()), object.metadata().name);
        if let Some(revision) = revision {
            let Some(past) = history.iter().find(|past| past.revision == revision) else {
                self.error("unable to find the specified revision");
                return;
            };
            self.say(format!("{head}with revision #{revision}"));
            self.say(pod_template(&past.template));
            return;
        }
        self.say(head);
        if history.is_empty() {
            self.say("No rollout history found.");
            return;
        }
        self.say("REVISION  CHANGE-CAUSE");
        for past in history {
            let cause = past.cause.as_deref().unwrap_or("<none>");
            self.say(format!("{:<10}{cause}", past.revision));
        }
        self.say("");
    }

    fn undo(&mut self, object: &Object, to_revision: Option<i64>) {
        let name = &object.metadata().name;
        let is_deployment = matches!(object, Object::Deployment(_));
        let history = self.history_of(object);
        let wanted = match to_revision {
            Some(revision) => history.iter().find(|past| past.revision == revision),
            None => history.len().checked_sub(2).map(|at| &history[at]),
        };
        let Some(past) = wanted else {
            self.error(match to_revision {
                Some(revision) => format!("unable to find specified revision {revision} in history"),
                None if is_deployment => format!("no rollout history found for deployment {name:?}"),
                None => "no last revision to roll back to".to_owned(),
            });
            return;
        };
        if matches!(object, Object::Deployment(deployment) if deployment.spec.paused) {
            self.error(
                "cannot rollback a paused deployment; resume it first with 'kubectl rollout resume' and try again",
            );
            return;
        }
        let mut changed = object.clone();
        let Some(template) = template_mut(&mut changed) else { return };
        let mut wanted = past.template.clone();
        wanted.metadata.labels.remove(TEMPLATE_HASH);
        if *template == wanted {
            let revision = past.revision;
            self.done(
                object,
                &format!("skipped rollback (current template already matches revision {revision})"),
            );
            return;
        }
        *template = wanted;
        if let Some(new) = self.send(Request::Update(changed)) {
            self.done(&new, "rolled back");
        }
    }

    /// The templates that a workload had and has, the oldest first.
    fn history_of(&self, object: &Object) -> Vec<Past> {
        let uid = object.metadata().uid;
        let is_own = |metadata: &ObjectMeta| metadata.controller().is_some_and(|owner| owner.uid == uid);
        let past = |metadata: &ObjectMeta, revision: i64, template: &PodTemplate| Past {
            revision,
            cause: metadata.annotations.get(CHANGE_CAUSE).cloned(),
            template: template.clone(),
        };
        let objects = self.world.api.objects();
        let mut history: Vec<Past> = if matches!(object, Object::Deployment(_)) {
            let sets = objects.iter::<ReplicaSet>().filter(|(_, set)| is_own(&set.metadata));
            sets.map(|(_, set)| past(&set.metadata, revision_of(&set.metadata), &set.spec.template)).collect()
        } else {
            let revisions = objects.iter::<ControllerRevision>().map(|(_, revision)| revision);
            let own = revisions.filter(|revision| is_own(&revision.metadata));
            own.map(|of| past(&of.metadata, of.revision, of.template())).collect()
        };
        history.sort_by_key(|past| past.revision);
        history
    }

    fn restart(&mut self, mut object: Object) {
        let name = object.metadata().name.clone();
        let what = format!("{} {name:?}", plural_with_group(object.kind()));
        if matches!(&object, Object::Deployment(deployment) if deployment.spec.paused) {
            self.error(format!("{what} can't restart paused deployment (run rollout resume first)"));
            return;
        }
        let now = self.world.timestamp().to_string();
        let Some(template) = template_mut(&mut object).map(|template| &mut template.metadata) else {
            self.error(format!("{what} restarting is not supported"));
            return;
        };
        if template.annotations.get(RESTARTED_AT).is_some_and(|before| *before == now.as_str()) {
            self.error(format!(
                "{what} failed to restart: if restart has already been triggered within the past second, please wait \
                 before attempting to trigger another"
            ));
            return;
        }
        template.annotations.insert(RESTARTED_AT, now);
        self.update(object, "restarted");
    }

    fn pause(&mut self, object: &Object, paused: bool) {
        let Object::Deployment(deployment) = object else { return };
        if deployment.spec.paused == paused {
            let state = if paused { "already paused" } else { "not paused" };
            self.error(format!(
                "{} {:?} is {state}",
                plural_with_group(object.kind()),
                object.metadata().name
            ));
            return;
        }
        let change = serde_json::json!({"spec": {"paused": paused}});
        if let Some(new) = self.send_patch(object.reference(), Patch::Merge(Box::new(change))) {
            self.done(&new, if paused { "paused" } else { "resumed" });
        }
    }
}

fn template_mut(object: &mut Object) -> Option<&mut PodTemplate> {
    Some(match object {
        Object::Deployment(object) => &mut Arc::make_mut(object).spec.template,
        Object::StatefulSet(object) => &mut Arc::make_mut(object).spec.template,
        Object::DaemonSet(object) => &mut Arc::make_mut(object).spec.template,
        _ => return None,
    })
}

/// How far a rollout is, and what kubectl says about it.
pub(super) enum Progress {
    Done(String),
    Waiting(String),
    Failed(String),
}

/// How far the rollout of a workload is; nothing for kinds that have none.
pub(super) fn progress(object: &Object, revision: Option<i64>) -> Option<Progress> {
    match object {
        Object::Deployment(deployment) => Some(deployment_progress(deployment, revision)),
        Object::DaemonSet(set) => Some(daemon_set_progress(set)),
        Object::StatefulSet(set) => Some(stateful_set_progress(set)),
        _ => None,
    }
}

fn deployment_progress(deployment: &Deployment, revision: Option<i64>) -> Progress {
    let (name, status) = (&deployment.metadata.name, &deployment.status);
    let found = revision_of(&deployment.metadata);
    if let Some(wanted) = revision.filter(|wanted| *wanted != found) {
        return Progress::Failed(format!(
            "desired revision ({wanted}) is different from the running revision ({found})"
        ));
    }
    if deployment.metadata.generation > status.observed_generation {
        return Progress::Waiting("Waiting for deployment spec update to be observed...".to_owned());
    }
    let condition = status.conditions.condition("Progressing");
    if condition.is_some_and(|it| it.reason.as_deref() == Some("ProgressDeadlineExceeded")) {
        return Progress::Failed(format!("deployment {name:?} exceeded its progress deadline"));
    }
    let waiting = |what: String| {
        Progress::Waiting(format!("Waiting for deployment {name:?} rollout to finish: {what}..."))
    };
    let (wanted, updated) = (deployment.spec.replicas.unwrap_or(1), status.updated_replicas);
    if updated < wanted {
        return waiting(format!("{updated} out of {wanted} new replicas have been updated"));
    }
    if status.replicas > updated {
        return waiting(format!("{} old replicas are pending termination", status.replicas - updated));
    }
    if status.available_replicas < updated {
        let available = status.available_replicas;
        return waiting(format!("{available} of {updated} updated replicas are available"));
    }
    Progress::Done(format!("deployment {name:?} successfully rolled out"))
}

fn daemon_set_progress(set: &DaemonSet) -> Progress {
    let (name, status) = (&set.metadata.name, &set.status);
    if set.metadata.generation > status.observed_generation {
        return Progress::Waiting("Waiting for daemon set spec update to be observed...".to_owned());
    }
    let waiting = |what: String| {
        Progress::Waiting(format!("Waiting for daemon set {name:?} rollout to finish: {what}..."))
    };
    let (wanted, updated) = (status.desired_number_scheduled, status.updated_number_scheduled);
    if updated < wanted {
        return waiting(format!("{updated} out of {wanted} new pods have been updated"));
    }
    if status.number_available < wanted {
        let available = status.number_available;
        return waiting(format!("{available} of {wanted} updated pods are available"));
    }
    Progress::Done(format!("daemon set {name:?} successfully rolled out"))
}

fn stateful_set_progress(set: &StatefulSet) -> Progress {
    let status = &set.status;
    if set.metadata.generation > status.observed_generation || status.observed_generation == 0 {
        return Progress::Waiting("Waiting for statefulset spec update to be observed...".to_owned());
    }
    let wanted = set.spec.replicas.unwrap_or(1);
    if status.ready_replicas < wanted {
        let missing = wanted - status.ready_replicas;
        return Progress::Waiting(format!("Waiting for {missing} pods to be ready..."));
    }
    let rolling = set.spec.update_strategy.rolling_update.as_ref();
    if let Some(partition) = rolling.and_then(|rolling| rolling.partition) {
        let (updated, due) = (status.updated_replicas, wanted - partition);
        if updated < due {
            return Progress::Waiting(format!(
                "Waiting for partitioned roll out to finish: {updated} out of {due} new pods have been updated..."
            ));
        }
        return Progress::Done(format!(
            "partitioned roll out complete: {updated} new pods have been updated..."
        ));
    }
    if status.update_revision != status.current_revision {
        let revision = status.update_revision.as_deref().unwrap_or_default();
        return Progress::Waiting(format!(
            "waiting for statefulset rolling update to complete {} pods at revision {revision}...",
            status.updated_replicas
        ));
    }
    let revision = status.current_revision.as_deref().unwrap_or_default();
    Progress::Done(format!(
        "statefulset rolling update complete {} pods at revision {revision}...",
        status.current_replicas
    ))
}
