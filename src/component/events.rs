//! Kubernetes Events as a component reports them: aggregated, counted, and dropped when too many.
//!
//! Source: `k8s.io/client-go/tools/record/events_cache.go` v0.32. The order is aggregate, count, filter; the count
//! grows even while the filter drops, so the next event that passes carries the whole count.

use std::collections::{BTreeMap, BTreeSet};

use super::client::ApiClient;
use super::ctx::Ctx;
use crate::api::core::ObjectReference;
use crate::api::policy::{EventObject, EventSource};
use crate::api::{Kind, Object, ObjectMeta, ObjectRef, Patch, Request};
use crate::base::Name;
use crate::kernel::{SimDuration, SimTime};

/// From this many different messages on, similar events become one.
const AGGREGATE_FROM: usize = 10;
/// Messages further apart than this are not similar.
const AGGREGATE_WINDOW: SimDuration = SimDuration::from_secs(600);
/// Events about one object that pass at once.
const SPAM_BURST: u64 = 25;
/// Time until one more passes.
const SPAM_REFILL: SimDuration = SimDuration::from_secs(300);

/// `Normal` or `Warning`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EventType {
    /// For information.
    Normal,
    /// Something may be wrong.
    Warning,
}

impl EventType {
    fn as_str(self) -> &'static str {
        match self {
            Self::Normal => "Normal",
            Self::Warning => "Warning",
        }
    }
}

/// Which events count as the same kind of news.
type GroupKey = (ObjectReference, EventType, Name);

#[derive(Clone, Debug, Default)]
struct Group {
    messages: BTreeSet<Name>,
    last: SimTime,
}

#[derive(Clone, Debug)]
struct Series {
    name: Name,
    count: i32,
    sent: bool,
}

#[derive(Clone, Debug, Default)]
struct Bucket {
    full_at: SimTime,
}

/// The event recorder of one component (on one node).
#[derive(Clone, Debug)]
pub struct EventRecorder {
    source: EventSource,
    groups: BTreeMap<GroupKey, Group>,
    series: BTreeMap<(GroupKey, Name), Series>,
    buckets: BTreeMap<(Name, Name, Name, EventType), Bucket>,
}

impl EventRecorder {
    /// A recorder that reports as `component`, on a node or not.
    pub fn new(component: &'static str, host: Option<Name>) -> Self {
        let source = EventSource { component: component.into(), host };
        Self { source, groups: BTreeMap::new(), series: BTreeMap::new(), buckets: BTreeMap::new() }
    }

    /// Forgets everything about an object that is gone for good.
    pub fn forget(&mut self, kind: &str, namespace: &str, name: &str) {
        let about = |r: &ObjectReference| r.kind == kind && r.namespace == namespace && r.name == name;
        self.groups.retain(|key, _| !about(&key.0));
        self.series.retain(|(key, _), _| !about(&key.0));
        self.buckets.retain(|key, _| !(key.0 == kind && key.1 == namespace && key.2 == name));
    }

    /// Reports an event about an object.
    pub fn emit<E>(
        &mut self,
        ctx: &mut Ctx<'_, E>,
        client: &mut ApiClient,
        about: ObjectReference,
        kind: EventType,
        reason: &'static str,
        message: impl Into<Name>,
    ) {
        let message = self.aggregate(ctx.now, &about, kind, reason, message.into());
        let group: GroupKey = (about.clone(), kind, reason.into());
        let series = self.series.entry((group, message.clone())).or_insert_with(|| Series {
            name: event_name(&self.source, &about, ctx.now, reason, &message),
            count: 0,
            sent: false,
        });
        series.count += 1;
        let (name, count, sent) = (series.name.clone(), series.count, series.sent);
        if !self.passes(ctx.now, &about, kind) {
            return;
        }
        let namespace = if about.namespace.is_empty() { "default".into() } else { about.namespace.clone() };
        let now = ctx.timestamp();
        if sent {
            let target = ObjectRef { kind: Kind::Event, namespace, name };
            let patch = Patch::EventCount { count, message, last: now };
            client.submit_event(ctx, Request::Patch { target, uid: None, patch });
            return;
        }
        let event = EventObject {
            metadata: ObjectMeta { name, namespace, ..ObjectMeta::default() },
            involved_object: about.clone(),
            reason: reason.into(),
            message: message.clone(),
            kind: kind.as_str().into(),
            count,
            first_timestamp: Some(now),
            last_timestamp: Some(now),
            source: self.source.clone(),
            ..EventObject::default()
        };
        client.submit_event(ctx, Request::Create(Object::from(event)));
        if let Some(series) = self.series.get_mut(&((about, kind, reason.into()), message)) {
            series.sent = true;
        }
    }

    /// From the tenth message of a group on, all further news of the group is one series.
    fn aggregate(
        &mut self,
        now: SimTime,
        about: &ObjectReference,
        kind: EventType,
        reason: &'static str,
        message: Name,
    ) -> Name {
        let key = (ObjectReference { field_path: None, ..about.clone() }, kind, reason.into());
        let group = self.groups.entry(key).or_default();
        if now.saturating_since(group.last) > AGGREGATE_WINDOW {
            group.messages.clear();
        }
        group.last = now;
        group.messages.insert(message.clone());
        if group.messages.len() < AGGREGATE_FROM {
            return message;
        }
        Name::from(format!("(combined from similar events): {message}"))
    }

    /// The spam filter: a token bucket for each object and type.
    fn passes(&mut self, now: SimTime, about: &ObjectReference, kind: EventType) -> bool {
        let key = (about.kind.clone(), about.namespace.clone(), about.name.clone(), kind);
        let bucket = self.buckets.entry(key).or_default();
        let credit = SPAM_REFILL * (SPAM_BURST - 1);
        if bucket.full_at.saturating_sub(credit) > now {
            return false;
        }
        bucket.full_at = bucket.full_at.max(now) + SPAM_REFILL;
        true
    }
}

/// Event names are the object's name, a dot, and the time in hexadecimal, as client-go makes them; 16 bits of what
/// the event says keep those of one instant apart.
fn event_name(
    source: &EventSource,
    about: &ObjectReference,
    now: SimTime,
    reason: &str,
    message: &str,
) -> Name {
    let mut hasher = blake3::Hasher::new();
    for text in [&source.component, reason, message, about.field_path.as_deref().unwrap_or_default()] {
        hasher.update(text.as_bytes()).update(&[0]);
    }
    let hash = hasher.finalize();
    let [a, b, ..] = *hash.as_bytes();
    Name::from(format!("{}.{:x}{a:02x}{b:02x}", about.name, now.as_nanos()))
}
