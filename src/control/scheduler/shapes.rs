//! Templates and classes in use, each kept once.
//!
//! A template or class without pods is kept for a while, because the next pod of a Job or a scaled-down Deployment is
//! likely to be of it; then its place is given to another.

use std::collections::VecDeque;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use crate::api::pod::{Pod, PodSpec};
use crate::api::{Labels, OwnerReference};
use crate::base::{LookupMap, Name};

use super::class::{ClassId, PodClass};
use super::gpu::GpuDemand;
use super::ids::PodId;
use super::template::{Template, TemplateId};

/// How many shapes without pods are remembered.
const IDLE_MAX: usize = 1024;

/// A pod with what is derived from it. Cheap to clone.
#[derive(Clone, Debug)]
pub struct PodInfo {
    /// Its number.
    pub id: PodId,
    /// The object.
    pub pod: Arc<Pod>,
    /// What it has in common with pods of the same spec.
    pub template: Arc<Template>,
    /// What it has in common with pods that rules between pods cannot tell from it.
    pub class: Arc<PodClass>,
}

impl PodInfo {
    /// Its priority; absent counts as 0.
    pub fn priority(&self) -> i32 {
        self.template.priority()
    }
}

#[derive(Debug)]
struct Counted<T> {
    item: Arc<T>,
    pods: u32,
}

impl<T> Clone for Counted<T> {
    fn clone(&self) -> Self {
        Self { item: self.item.clone(), pods: self.pods }
    }
}

/// All templates and classes.
#[derive(Clone, Debug, Default)]
pub struct Shapes {
    templates: Vec<Option<Counted<Template>>>,
    free_templates: Vec<TemplateId>,
    by_spec: LookupMap<SpecKey, TemplateId>,
    classes: Vec<Option<Counted<PodClass>>>,
    free_classes: Vec<ClassId>,
    by_key: LookupMap<ClassKey, ClassId>,
    /// Classes that had no pods when they were put here, oldest first.
    idle: VecDeque<ClassId>,
}

/// The address of a spec, and what annotations add to it.
type SpecKey = (usize, Option<GpuDemand>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct ClassKey {
    template: TemplateId,
    namespace: Name,
    labels: Labels,
    /// Kind and name.
    controller: Option<(Name, Name)>,
    terminating: bool,
}

impl ClassKey {
    fn new(
        template: TemplateId,
        namespace: &Name,
        labels: &Labels,
        controller: Option<&OwnerReference>,
        terminating: bool,
    ) -> Self {
        Self {
            template,
            namespace: namespace.clone(),
            labels: labels.clone(),
            controller: controller.map(|owner| (owner.kind.clone(), owner.name.clone())),
            terminating,
        }
    }
}

impl Hash for ClassKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.template, &self.namespace, &self.controller, self.terminating).hash(state);
        for pair in &self.labels {
            pair.hash(state);
        }
    }
}

impl Shapes {
    /// Takes in a pod. The second value says whether its class is new and has to be registered where classes matter.
    pub fn take(&mut self, id: PodId, pod: Arc<Pod>) -> (PodInfo, bool) {
        let template = self.template(&pod.spec, GpuDemand::annotated(&pod.metadata.annotations));
        let of = &pod.metadata;
        let key = ClassKey::new(template, &of.namespace, &of.labels, of.controller(), of.is_terminating());
        let known = self.by_key.get(&key).copied();
        let class = known.unwrap_or_else(|| self.new_class(key, &pod));
        let class = self.classes[class.0 as usize].as_mut().expect("classes in the look-up exist");
        class.pods += 1;
        let class = class.item.clone();
        let template = self.templates[template.0 as usize].as_mut().expect("templates of classes exist");
        (PodInfo { id, pod, template: template.item.clone(), class }, known.is_none())
    }

    /// Lets go of a pod. Returns a class that is forgotten with it, if any.
    pub fn release(&mut self, pod: &PodInfo) -> Option<ClassId> {
        let class = self.classes[pod.class.id.0 as usize].as_mut().expect("pods hold their class");
        class.pods -= 1;
        if class.pods > 0 {
            return None;
        }
        self.idle.push_back(pod.class.id);
        if self.idle.len() <= IDLE_MAX {
            return None;
        }
        let oldest = self.idle.pop_front().expect("more than IDLE_MAX are there");
        self.forget_if_unused(oldest)
    }

    /// A class that is in use.
    pub fn class(&self, id: ClassId) -> Option<&Arc<PodClass>> {
        self.classes.get(id.0 as usize)?.as_ref().map(|counted| &counted.item)
    }

    /// All classes in use.
    pub fn classes(&self) -> impl Iterator<Item = &Arc<PodClass>> {
        self.classes.iter().flatten().map(|counted| &counted.item)
    }

    fn template(&mut self, spec: &Arc<PodSpec>, gpu: Option<GpuDemand>) -> TemplateId {
        // The address is that of a spec that is kept alive here, so no other spec can have it.
        let key = (Arc::as_ptr(spec) as usize, gpu);
        if let Some(id) = self.by_spec.get(&key) {
            return *id;
        }
        let id = self.free_templates.pop().unwrap_or(TemplateId(self.templates.len() as u32));
        let template = Counted { item: Arc::new(Template::new(id, spec.clone(), key.1.clone())), pods: 0 };
        put(&mut self.templates, id.0, template);
        self.by_spec.insert(key, id);
        id
    }

    fn new_class(&mut self, key: ClassKey, pod: &Pod) -> ClassId {
        let id = self.free_classes.pop().unwrap_or(ClassId(self.classes.len() as u32));
        let template = key.template;
        let class = PodClass::new(id, template, pod);
        put(&mut self.classes, id.0, Counted { item: Arc::new(class), pods: 0 });
        // Templates count their classes, classes their pods.
        self.templates[template.0 as usize].as_mut().expect("the template was just looked up").pods += 1;
        self.by_key.insert(key, id);
        id
    }

    fn forget_if_unused(&mut self, id: ClassId) -> Option<ClassId> {
        // It may have got pods again, or be waiting a second time.
        if self.classes[id.0 as usize].as_ref().is_none_or(|class| class.pods > 0) || self.idle.contains(&id)
        {
            return None;
        }
        let class = self.classes[id.0 as usize].take()?.item;
        self.free_classes.push(id);
        let controller = class.controller.as_ref();
        let key =
            ClassKey::new(class.template, &class.namespace, &class.labels, controller, class.terminating);
        self.by_key.remove(&key);
        let place = class.template.0 as usize;
        let template = self.templates[place].as_mut().expect("templates of classes exist");
        template.pods -= 1;
        if template.pods == 0 {
            let Template { spec, annotated, .. } = &*template.item;
            self.by_spec.remove(&(Arc::as_ptr(spec) as usize, annotated.clone()));
            self.free_templates.push(class.template);
            self.templates[place] = None;
        }
        Some(id)
    }
}

fn put<T>(places: &mut Vec<Option<T>>, at: u32, item: T) {
    let at = at as usize;
    if at == places.len() {
        places.push(Some(item));
    } else {
        places[at] = Some(item);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::ObjectMeta;

    fn pod(spec: &Arc<PodSpec>, app: &str) -> Arc<Pod> {
        let labels = [("app", app)].into_iter().collect();
        let metadata = ObjectMeta { namespace: "default".into(), labels, ..ObjectMeta::default() };
        Arc::new(Pod { metadata, spec: spec.clone(), ..Pod::default() })
    }

    #[test]
    fn equal_pods_share_a_class_and_places_are_used_again() {
        let mut shapes = Shapes::default();
        let spec = Arc::new(PodSpec::default());
        let (first, new) = shapes.take(PodId(0), pod(&spec, "a"));
        assert!(new);
        let (second, new) = shapes.take(PodId(1), pod(&spec, "a"));
        assert!(!new && Arc::ptr_eq(&first.class, &second.class));
        let (other, new) = shapes.take(PodId(2), pod(&spec, "b"));
        assert!(new && Arc::ptr_eq(&first.template, &other.template));
        for pod in [&first, &second, &other] {
            assert_eq!(shapes.release(pod), None);
        }
        // Enough other shapes pass through to push both classes out, and the template with the second of them.
        let passers: Vec<_> = (0..IDLE_MAX).map(|_| Arc::new(PodSpec::default())).collect();
        let mut forgotten = Vec::new();
        for (at, spec) in passers.iter().enumerate() {
            let (info, _) = shapes.take(PodId(3 + at as u32), pod(spec, "c"));
            forgotten.extend(shapes.release(&info));
        }
        assert_eq!(forgotten, [first.class.id, other.class.id]);
        let (last, new) = shapes.take(PodId(0), pod(&spec, "a"));
        assert!(new && last.class.id == other.class.id && !Arc::ptr_eq(&last.template, &first.template));
    }
}
