//! What the scheduler knows of objects that are neither pods nor nodes: the listers of its informers.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::api::policy::PodDisruptionBudget;
use crate::api::selector::Selector;
use crate::api::{Labels, Object, OwnerReference};
use crate::base::Name;

/// Namespace and name.
type Key = (Name, Name);

/// Services, controllers, namespaces and disruption budgets.
#[derive(Clone, Debug, Default)]
pub struct Objects {
    services: BTreeMap<Key, Labels>,
    /// By kind, namespace and name: the selectors of controllers that spread their pods by default.
    controllers: BTreeMap<(ControllerKind, Name, Name), Selector>,
    namespaces: BTreeMap<Name, Labels>,
    budgets: BTreeMap<Key, Budget>,
    selectors_version: u64,
    namespaces_version: u64,
    no_labels: Labels,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum ControllerKind {
    ReplicationController,
    ReplicaSet,
    StatefulSet,
}

/// A disruption budget, compiled.
#[derive(Clone, Debug)]
pub struct Budget {
    /// The object.
    pub object: Arc<PodDisruptionBudget>,
    /// Its selector.
    pub selector: Selector,
}

/// What happened to an object.
#[derive(Clone, Debug)]
pub enum ObjectChange<'a> {
    /// It was created or changed.
    Set(&'a Object),
    /// It was deleted.
    Deleted(&'a Object),
}

impl Objects {
    /// Takes notice of a change. Kinds that no plugin asks about are ignored.
    pub fn apply(&mut self, change: &ObjectChange<'_>) {
        let (object, present) = match change {
            ObjectChange::Set(object) => (*object, true),
            ObjectChange::Deleted(object) => (*object, false),
        };
        let metadata = object.metadata();
        let key = (metadata.namespace.clone(), metadata.name.clone());
        let option = |selector: &Option<_>| {
            Selector::from_option(selector.as_ref()).unwrap_or_else(|_| Selector::nothing())
        };
        match object {
            Object::Service(service) => {
                let changed = put(&mut self.services, key, present.then(|| service.spec.selector.clone()));
                self.selectors_version += u64::from(changed);
            }
            Object::ReplicationController(controller) => self.put_controller(
                ControllerKind::ReplicationController,
                key,
                present.then(|| Selector::from_labels(&controller.spec.selector)),
            ),
            Object::ReplicaSet(set) => {
                let selector = present.then(|| option(&set.spec.selector));
                self.put_controller(ControllerKind::ReplicaSet, key, selector);
            }
            Object::StatefulSet(set) => {
                let selector = present.then(|| option(&set.spec.selector));
                self.put_controller(ControllerKind::StatefulSet, key, selector);
            }
            Object::Namespace(_) => {
                let changed = put(&mut self.namespaces, key.1, present.then(|| metadata.labels.clone()));
                self.namespaces_version += u64::from(changed);
            }
            Object::PodDisruptionBudget(budget) if present => {
                let selector = option(&budget.spec.selector);
                self.budgets.insert(key, Budget { object: budget.clone(), selector });
            }
            Object::PodDisruptionBudget(_) => {
                self.budgets.remove(&key);
            }
            _ => {}
        }
    }

    fn put_controller(&mut self, kind: ControllerKind, (namespace, name): Key, selector: Option<Selector>) {
        let changed = put(&mut self.controllers, (kind, namespace, name), selector);
        self.selectors_version += u64::from(changed);
    }

    /// Grows whenever [`Self::default_selector`] may have changed.
    pub fn selectors_version(&self) -> u64 {
        self.selectors_version
    }

    /// Grows whenever labels of a namespace have changed.
    pub fn namespaces_version(&self) -> u64 {
        self.namespaces_version
    }

    /// The labels of a namespace; one that is not known has none.
    pub fn namespace_labels(&self, namespace: &str) -> &Labels {
        self.namespaces.get(namespace).unwrap_or(&self.no_labels)
    }

    /// The budgets in force, by namespace and name.
    pub fn budgets(&self) -> impl Iterator<Item = &Budget> {
        self.budgets.values()
    }

    /// Which pods belong together with a pod of these labels (`helper.DefaultSelector`): the selectors of all services
    /// that select it, and of its controller.
    pub fn default_selector(
        &self,
        namespace: &Name,
        labels: &Labels,
        controller: Option<&OwnerReference>,
    ) -> Selector {
        let of_namespace = (namespace.clone(), Name::default())..;
        let services = self
            .services
            .range(of_namespace)
            .take_while(|((of, _), _)| of == namespace)
            .map(|(_, selector)| selector)
            .filter(|selector| !selector.is_empty() && Selector::from_labels(selector).matches(labels));
        let common: Labels = services.flatten().cloned().collect();
        let selector = Selector::from_labels(&common);
        match controller.and_then(|owner| self.selector_of(namespace, owner)) {
            Some(of_controller) if !of_controller.is_nothing() => selector.and(of_controller),
            _ => selector,
        }
    }

    fn selector_of(&self, namespace: &Name, owner: &OwnerReference) -> Option<&Selector> {
        let kind = match (owner.api_version.as_str(), owner.kind.as_str()) {
            ("v1", "ReplicationController") => ControllerKind::ReplicationController,
            ("apps/v1", "ReplicaSet") => ControllerKind::ReplicaSet,
            ("apps/v1", "StatefulSet") => ControllerKind::StatefulSet,
            _ => return None,
        };
        self.controllers.get(&(kind, namespace.clone(), owner.name.clone()))
    }
}

/// Sets or removes a value; returns whether that changed anything.
fn put<K: Ord, V: PartialEq>(map: &mut BTreeMap<K, V>, key: K, value: Option<V>) -> bool {
    match value {
        Some(value) if map.get(&key) == Some(&value) => false,
        Some(value) => {
            map.insert(key, value);
            true
        }
        None => map.remove(&key).is_some(),
    }
}
