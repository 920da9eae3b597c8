//! `trace.perfetto-trace`: the run for ui.perfetto.dev. A track for each node, pod and container; arrows from causes.
//!
//! The file is a `perfetto.protos.Trace`, written by hand: a few messages of `trace_packet.proto`, `track_event.proto`
//! and `track_descriptor.proto` of Perfetto v48, whose field numbers are named below. Nested tracks and arrows that
//! start at one record and end at many are beyond the older JSON format.

use std::collections::BTreeMap;

use super::History;
use super::proto::Message;
use crate::report::{Lane, MarkKind, NodeState, PodState, Recorded};
use crate::trace::replay::Line;

/// Fields of `TracePacket`.
mod packet {
    pub(super) const TIMESTAMP: u32 = 8;
    pub(super) const SEQUENCE: u32 = 10;
    pub(super) const TRACK_EVENT: u32 = 11;
    pub(super) const SEQUENCE_FLAGS: u32 = 13;
    pub(super) const TRACK_DESCRIPTOR: u32 = 60;
}

/// Fields of `TrackDescriptor`.
mod track {
    pub(super) const UUID: u32 = 1;
    pub(super) const NAME: u32 = 2;
    pub(super) const PARENT: u32 = 5;
    pub(super) const COUNTER: u32 = 8;
    pub(super) const CHILD_ORDERING: u32 = 11;
    pub(super) const RANK: u32 = 12;
    /// Children are in the order of their ranks.
    pub(super) const EXPLICIT: u64 = 3;
}

/// Fields and types of `TrackEvent`.
mod event {
    pub(super) const ANNOTATION: u32 = 4;
    pub(super) const TYPE: u32 = 9;
    pub(super) const TRACK: u32 = 11;
    pub(super) const CATEGORY: u32 = 22;
    pub(super) const NAME: u32 = 23;
    pub(super) const COUNTER_VALUE: u32 = 30;
    pub(super) const FLOW: u32 = 47;
    pub(super) const TERMINATING_FLOW: u32 = 48;
    pub(super) const BEGIN: u64 = 1;
    pub(super) const END: u64 = 2;
    pub(super) const INSTANT: u64 = 3;
    pub(super) const COUNTER: u64 = 4;
}

/// Fields of `DebugAnnotation`.
mod annotation {
    pub(super) const STRING: u32 = 6;
    pub(super) const NAME: u32 = 10;
}

/// The file.
pub fn trace(history: &History, recorded: &Recorded) -> Vec<u8> {
    let mut writer = Writer::default();
    let cluster = writer.track("cluster", None);
    writer.marks(cluster, recorded);
    for node in &recorded.nodes {
        let id = writer.track(&format!("node {}", node.name), None);
        writer.nodes.insert(node.name.to_string(), id);
        let states = node.states.spans(recorded.end).filter(|(_, _, state)| **state != NodeState::Gone);
        for (from, until, state) in states {
            writer.slice(id, from.as_nanos(), until.as_nanos(), "node", state.label());
        }
        writer.counter(id, "CPU requested (milli)", node.cpu_milli.points());
        writer.counter(id, "memory requested (bytes)", node.memory.points());
    }
    let waiting = writer.track("pods not on a node", None);
    for lane in &recorded.lanes {
        writer.pod(lane, waiting, recorded);
    }
    writer.containers(history, recorded.end.as_nanos());
    writer.records(history, cluster);
    writer.out.into_bytes()
}

/// A track of the file.
type Track = u64;

#[derive(Default)]
struct Writer {
    out: Message,
    tracks: u64,
    nodes: BTreeMap<String, Track>,
    /// Tracks of a pod, by namespace and name, with the time from which they hold.
    pods: BTreeMap<(String, String), Vec<(u64, Track)>>,
    containers: BTreeMap<(Track, String), Track>,
    kinds: BTreeMap<String, Track>,
}

impl Writer {
    fn packet(&mut self, at: u64, fill: impl FnOnce(&mut Message)) {
        let mut packet = Message::default();
        packet.number(packet::TIMESTAMP, at);
        packet.number(packet::SEQUENCE, 1);
        fill(&mut packet);
        // `Trace.packet`.
        self.out.message(1, &packet);
    }

    fn track(&mut self, name: &str, parent: Option<Track>) -> Track {
        self.tracks += 1;
        let (id, first) = (self.tracks, self.tracks == 1);
        self.packet(0, |packet| {
            if first {
                packet.number(packet::SEQUENCE_FLAGS, 1);
            }
            let mut descriptor = Message::default();
            descriptor.number(track::UUID, id);
            descriptor.text(track::NAME, name);
            if let Some(parent) = parent {
                descriptor.number(track::PARENT, parent);
            }
            descriptor.number(track::CHILD_ORDERING, track::EXPLICIT);
            descriptor.number(track::RANK, id);
            packet.message(packet::TRACK_DESCRIPTOR, &descriptor);
        });
        id
    }

    fn event(&mut self, at: u64, kind: u64, track: Track, fill: impl FnOnce(&mut Message)) {
        self.packet(at, |packet| {
            let mut event = Message::default();
            event.number(event::TYPE, kind);
            event.number(event::TRACK, track);
            fill(&mut event);
            packet.message(packet::TRACK_EVENT, &event);
        });
    }

    fn slice(&mut self, track: Track, from: u64, until: u64, category: &str, name: &str) {
        if until <= from {
            return;
        }
        self.event(from, event::BEGIN, track, |event| {
            event.text(event::CATEGORY, category);
            event.text(event::NAME, name);
        });
        self.event(until, event::END, track, |_| {});
    }

    fn counter(&mut self, parent: Track, name: &str, points: &[(crate::kernel::SimTime, i64)]) {
        self.tracks += 1;
        let id = self.tracks;
        self.packet(0, |packet| {
            let mut descriptor = Message::default();
            descriptor.number(track::UUID, id);
            descriptor.text(track::NAME, name);
            descriptor.number(track::PARENT, parent);
            descriptor.number(track::RANK, id);
            descriptor.message(track::COUNTER, &Message::default());
            packet.message(packet::TRACK_DESCRIPTOR, &descriptor);
        });
        for (at, value) in points {
            self.event(at.as_nanos(), event::COUNTER, id, |event| {
                event.number(event::COUNTER_VALUE, *value as u64);
            });
        }
    }

    /// Steps and faults. Faults may overlap, so each label has a track.
    fn marks(&mut self, cluster: Track, recorded: &Recorded) {
        let mut faults: BTreeMap<&str, Track> = BTreeMap::new();
        for mark in recorded.marks.iter().filter(|mark| mark.kind == MarkKind::Fault) {
            let id = match faults.get(mark.label.as_str()) {
                Some(id) => *id,
                None => self.track(&format!("fault: {}", mark.label), Some(cluster)),
            };
            faults.insert(&mark.label, id);
            let until = mark.until.unwrap_or(mark.at).min(recorded.end);
            self.slice(id, mark.at.as_nanos(), until.as_nanos(), "fault", &mark.label);
        }
    }

    /// The states of a pod, below the node that it is on.
    fn pod(&mut self, lane: &Lane, waiting: Track, recorded: &Recorded) {
        let name = if lane.namespace == "default" {
            lane.name.to_string()
        } else {
            format!("{}/{}", lane.namespace, lane.name)
        };
        let end = recorded.end;
        let mut places = Vec::new();
        let mut from = lane.created;
        for binding in &lane.bindings {
            if binding.from > from {
                places.push((from, binding.from, waiting));
            }
            let until = binding.until.unwrap_or(end);
            places.push((
                binding.from,
                until,
                self.nodes.get(binding.node.as_str()).copied().unwrap_or(waiting),
            ));
            from = until;
        }
        if from < end {
            places.push((from, end, waiting));
        }
        for (from, until, parent) in places {
            let spans = lane.states.spans(end).filter(|(_, _, state)| **state != PodState::Gone);
            let seen = spans.map(|(start, stop, state)| (start.max(from), stop.min(until), *state));
            let seen: Vec<_> = seen.filter(|(start, stop, _)| start < stop).collect();
            if seen.is_empty() {
                continue;
            }
            let id = self.track(&format!("pod {name}"), Some(parent));
            let key = (lane.namespace.to_string(), lane.name.to_string());
            self.pods.entry(key).or_default().push((from.as_nanos(), id));
            for (start, stop, state) in seen {
                self.slice(id, start.as_nanos(), stop.as_nanos(), "pod", state.label());
            }
        }
    }

    /// The track of a pod at a time.
    fn pod_track(&self, namespace: &str, name: &str, at: u64) -> Option<Track> {
        let places = self.pods.get(&(namespace.to_owned(), name.to_owned()))?;
        let place = places.iter().rev().find(|(from, _)| *from <= at).or(places.first());
        place.map(|(_, track)| *track)
    }

    /// The lives of containers, below their pods.
    fn containers(&mut self, history: &History, end: u64) {
        let mut running: BTreeMap<(&str, &str, &str), (u64, i32)> = BTreeMap::new();
        let mut lives = Vec::new();
        for line in history.lines() {
            let Some(container) = &line.container else { continue };
            let key = (line.namespace.as_str(), line.name.as_str(), container.name.as_str());
            let ended = running.get(&key).copied();
            if let (Some((from, restart)), true) =
                (ended, line.event != "ImagePulling" && line.event != "ImagePulled")
            {
                lives.push((key, from, line.time_ns, restart, container.exit_code));
                running.remove(&key);
            }
            if let Some(restart) = container.restart {
                running.insert(key, (line.time_ns, restart));
            }
        }
        lives.extend(running.into_iter().map(|(key, (from, restart))| (key, from, end, restart, None)));
        for ((namespace, pod, container), from, until, restart, code) in lives {
            let Some(parent) = self.pod_track(namespace, pod, from) else { continue };
            let key = (parent, container.to_owned());
            let id = match self.containers.get(&key) {
                Some(id) => *id,
                None => self.track(&format!("container {container}"), Some(parent)),
            };
            self.containers.insert(key, id);
            let ending = code.map_or(String::new(), |code| format!(", exit {code}"));
            self.slice(id, from, until, "container", &format!("run {restart}{ending}"));
        }
    }

    /// Every record but Kubernetes Events as an instant, with an arrow from its cause.
    fn records(&mut self, history: &History, cluster: Track) {
        let mut effects: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
        let told = || history.lines().iter().filter(|line| line.kind != "Event");
        for line in told().filter(|line| line.cause != 0) {
            effects.entry(line.cause).or_default().push(line.seq);
        }
        for line in told() {
            let track = self.track_of(line, cluster);
            // An arrow needs both ends, and Kubernetes Events are not drawn.
            let is_caused = history.line(line.cause).is_some_and(|cause| cause.kind != "Event");
            let flows = effects.get(&line.seq).cloned().unwrap_or_default();
            self.event(line.time_ns, event::INSTANT, track, |event| {
                event.text(event::CATEGORY, "record");
                event.text(event::NAME, &line.phrase());
                for (name, value) in [
                    ("component", &line.component),
                    ("object", &line.subject()),
                    ("record", &line.seq.to_string()),
                ] {
                    let mut annotation = Message::default();
                    annotation.text(annotation::NAME, name);
                    annotation.text(annotation::STRING, value);
                    event.message(event::ANNOTATION, &annotation);
                }
                for effect in flows {
                    event.fixed(event::FLOW, effect);
                }
                if is_caused {
                    event.fixed(event::TERMINATING_FLOW, line.seq);
                }
            });
        }
    }

    fn track_of(&mut self, line: &Line, cluster: Track) -> Track {
        let known = match line.kind.as_str() {
            "Pod" => self.pod_track(&line.namespace, &line.name, line.time_ns),
            "Node" => self.nodes.get(&line.name).copied(),
            "Cluster" => Some(cluster),
            _ => None,
        };
        if let Some(track) = known.or_else(|| self.kinds.get(&line.kind).copied()) {
            return track;
        }
        let parent = match self.kinds.get("") {
            Some(parent) => *parent,
            None => self.track("other objects", None),
        };
        self.kinds.insert(String::new(), parent);
        let track = self.track(&line.kind, Some(parent));
        self.kinds.insert(line.kind.clone(), track);
        track
    }
}
