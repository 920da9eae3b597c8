//! Kubernetes Events as a component reports them: aggregated, counted, and dropped when too many.
//!
//! Source: `k8s.io/client-go/tools/record/events_cache.go` v0.32. The order is aggregate, count, filter; the count
//! grows even while the filter drops, so the next event that passes carries the whole count.

use super::client::ApiClient;
use super::ctx::Ctx;
use std::borrow::Cow;

use crate::api::core::ObjectReference;
use crate::api::policy::{EventObject, EventSource};
use crate::api::{Kind, Object, ObjectMeta, ObjectRef, Patch, Request, Uid};
use crate::base::{LookupMap, Name};
use crate::kernel::{SimDuration, SimTime};

/// From this many different messages on, similar events become one.
const AGGREGATE_FROM: usize = 10;
/// Messages further apart than this are not similar.
const AGGREGATE_WINDOW: SimDuration = SimDuration::from_secs(600);
/// Events about one object that pass at once.
const SPAM_BURST: u64 = 25;
/// Time until one more passes.
const SPAM_REFILL: SimDuration = SimDuration::from_secs(300);

/// A CamelCase word: one of the program's, or one that is put together.
pub type Reason = Cow<'static, str>;

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

/// What is remembered of one object. Objects have few news, so lists are searched from the beginning, and have no room to
/// spare: there is one of these for each pod and component.
#[derive(Clone, Debug, Default)]
struct About {
    /// When the token bucket of each type will be full again.
    full_at: [SimTime; 2],
    groups: Vec<Group>,
    series: Vec<Series>,
}

/// Which events count as the same kind of news.
#[derive(Clone, Debug)]
struct Group {
    kind: EventType,
    reason: Reason,
    messages: Vec<Name>,
    last: SimTime,
}

/// One Event object.
#[derive(Clone, Debug)]
struct Series {
    kind: EventType,
    reason: Reason,
    field_path: Option<Name>,
    message: Name,
    name: Name,
    count: i32,
    sent: bool,
}

/// The event recorder of one component (on one node).
#[derive(Clone, Debug)]
pub struct EventRecorder {
    source: EventSource,
    /// By identity and name: nodes are known by their names only.
    about: LookupMap<(Uid, Name), About>,
}

impl EventRecorder {
    /// A recorder that reports as `component`, on a node or not.
    pub fn new(component: &'static str, host: Option<Name>) -> Self {
        let source = EventSource { component: Name::word(component), host };
        Self { source, about: LookupMap::default() }
    }

    /// Forgets everything about an object that is gone for good.
    pub fn forget(&mut self, uid: Uid, name: &Name) {
        self.about.remove(&(uid, name.clone()));
    }

    /// Reports an event about an object.
    pub fn emit<E>(
        &mut self,
        ctx: &mut Ctx<'_, E>,
        client: &mut ApiClient,
        object: ObjectReference,
        kind: EventType,
        reason: impl Into<Reason>,
        message: impl Into<Name>,
    ) {
        let reason = reason.into();
        let about = self.about.entry_or_default((object.uid, object.name.clone()));
        let message = about.aggregate(ctx.now, kind, &reason, message.into());
        let at = about.series(&self.source, &object, ctx.now, kind, &reason, message);
        about.series[at].count += 1;
        if !about.passes(ctx.now, kind) {
            return;
        }
        let now = ctx.timestamp();
        let series = &mut about.series[at];
        let (name, count, message) = (series.name.clone(), series.count, series.message.clone());
        let namespace =
            if object.namespace.is_empty() { Name::word("default") } else { object.namespace.clone() };
        if series.sent {
            let target = ObjectRef { kind: Kind::Event, namespace, name };
            let patch = Patch::EventCount { count, message, last: now };
            client.submit_event(ctx, Request::Patch { target, uid: None, patch });
            return;
        }
        series.sent = true;
        let event = EventObject {
            metadata: ObjectMeta { name, namespace, ..ObjectMeta::default() },
            involved_object: object,
            reason: match reason {
                Reason::Borrowed(word) => Name::word(word),
                Reason::Owned(text) => text.into(),
            },
            message,
            kind: Name::word(kind.as_str()),
            count,
            first_timestamp: Some(now),
            last_timestamp: Some(now),
            source: self.source.clone(),
            ..EventObject::default()
        };
        client.submit_event(ctx, Request::Create(Object::from(event)));
    }
}

impl About {
    /// From the tenth message of a group on, all further news of the group is one series.
    fn aggregate(&mut self, now: SimTime, kind: EventType, reason: &Reason, message: Name) -> Name {
        let same = |group: &Group| group.kind == kind && group.reason == *reason;
        let at = self.groups.iter().position(same).unwrap_or_else(|| {
            self.groups.reserve_exact(1);
            self.groups.push(Group {
                kind,
                reason: reason.clone(),
                messages: Vec::new(),
                last: SimTime::ZERO,
            });
            self.groups.len() - 1
        });
        let group = &mut self.groups[at];
        if now.saturating_since(group.last) > AGGREGATE_WINDOW {
            group.messages.clear();
        }
        group.last = now;
        // More messages than make one series need not be told apart.
        if group.messages.len() < AGGREGATE_FROM && !group.messages.contains(&message) {
            group.messages.reserve_exact(1);
            group.messages.push(message.clone());
        }
        if group.messages.len() < AGGREGATE_FROM {
            return message;
        }
        Name::from(format!("(combined from similar events): {message}"))
    }

    /// The series of an event, begun if it is not there.
    fn series(
        &mut self,
        source: &EventSource,
        object: &ObjectReference,
        now: SimTime,
        kind: EventType,
        reason: &Reason,
        message: Name,
    ) -> usize {
        let same = |series: &Series| {
            series.kind == kind
                && series.reason == *reason
                && series.message == message
                && series.field_path == object.field_path
        };
        self.series.iter().position(same).unwrap_or_else(|| {
            let name = event_name(source, object, now, reason, &message);
            let field_path = object.field_path.clone();
            let reason = reason.clone();
            self.series.reserve_exact(1);
            self.series.push(Series { kind, reason, field_path, message, name, count: 0, sent: false });
            self.series.len() - 1
        })
    }

    /// The spam filter: a token bucket for each object and type.
    fn passes(&mut self, now: SimTime, kind: EventType) -> bool {
        let full_at = &mut self.full_at[kind as usize];
        let credit = SPAM_REFILL * (SPAM_BURST - 1);
        if full_at.saturating_sub(credit) > now {
            return false;
        }
        *full_at = (*full_at).max(now) + SPAM_REFILL;
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
