//! Replays a recording: the cluster of the recording, its inputs and actions at their times, and every row that a
//! watch of it would have shown.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::names::{Names, Seen};
use super::recording::{Millis, Recording, Row, to_seconds};
use super::reduce::{self, Clock};
use super::setting::{self, Setting};
use crate::api::policy::Namespace;
use crate::api::{
    ApiResult, DeleteOptions, Kind, Object, ObjectMeta, ObjectRef, Patch, Propagation, Request,
};
use crate::base::Name;
use crate::kernel::SimTime;
use crate::sim::{RunOptions, Simulation, strategic_merge};
use crate::trace::{Detail, Record};

/// What a replay gave.
pub(super) struct Replay {
    /// The simulated timeline, in the shape of the recorded one.
    pub(super) rows: Vec<Row>,
    /// What the reader should know: flags and actions that were not understood, refusals that differ.
    pub(super) notes: Vec<String>,
}

/// One replay in progress.
struct Player<'a> {
    recording: &'a Recording,
    setting: Setting,
    simulation: Simulation,
    /// The namespaces of the scenario; rows name theirs when there are several.
    namespaces: BTreeSet<String>,
    recorded: Seen,
    recorded_rows: usize,
    ours: Seen,
    names: Names,
    used_inputs: BTreeSet<usize>,
    rows: Vec<Row>,
    notes: Vec<String>,
}

/// Replays a recording.
pub(super) fn replay(recording: &Recording) -> Result<Replay, String> {
    let setting = setting::of(recording)?;
    let simulation = Simulation::new(&setting.scenario, &RunOptions::default());
    let mut player = Player {
        recording,
        simulation,
        namespaces: namespaces(recording),
        recorded: Seen::default(),
        recorded_rows: 0,
        ours: Seen::default(),
        names: Names::default(),
        used_inputs: BTreeSet::new(),
        rows: Vec::new(),
        notes: setting.unknown_flags.iter().map(|flag| format!("flag {flag} has no setting")).collect(),
        setting,
    };
    player.play()?;
    Ok(Replay { rows: player.rows, notes: player.notes })
}

/// The namespaces that the scenario uses.
fn namespaces(recording: &Recording) -> BTreeSet<String> {
    let actions = recording.timeline.iter().filter(|row| row.kind == "Action");
    let of_actions = actions.map(|row| row.text("namespace").to_owned());
    let of_inputs = recording.inputs.iter().filter_map(|input| input.namespace.clone());
    let mut all: BTreeSet<String> = of_actions.chain(of_inputs).filter(|name| !name.is_empty()).collect();
    if all.is_empty() {
        all.insert(recording.namespace());
    }
    all
}

impl Player<'_> {
    fn play(&mut self) -> Result<(), String> {
        let actions: Vec<&Row> = self.recording.timeline.iter().filter(|row| row.kind == "Action").collect();
        let created_later: BTreeSet<&str> = actions
            .iter()
            .filter(|row| row.text("what") == "create" && row.get("http").as_i64() == Some(201))
            .filter_map(|row| row.text("object").strip_prefix("Namespace/"))
            .collect();
        let early = self.setting.start.since_start().as_secs().saturating_sub(1);
        self.run_until(SimTime::ZERO + crate::kernel::SimDuration::from_secs(early))?;
        for namespace in self.namespaces.clone() {
            if !created_later.contains(namespace.as_str()) {
                self.create_namespace(&namespace).map_err(|error| error.to_string())?;
            }
        }
        self.run_until(self.setting.start)?;
        self.initial_rows();
        for row in actions {
            self.run_until(self.setting.time(row.at))?;
            self.see_recorded_until(row.at);
            let mut fields = row.fields.clone();
            self.act(row, &mut fields);
            self.rows.push(Row { at: row.at, kind: "Action".into(), fields });
        }
        let end = self.setting.time(self.recording.end + setting::OVERRUN);
        self.run_until(end)
    }

    /// Lets the simulation go on, and keeps the rows of what its watches show.
    fn run_until(&mut self, until: SimTime) -> Result<(), String> {
        let mut seen = Vec::new();
        let mut sink = |record: &Record| {
            if let Detail::Commit(commit) = &record.detail {
                seen.push((record.at, commit.clone()));
            }
        };
        self.simulation.run_until(until, &mut sink).map_err(|error| error.to_string())?;
        let clock = Clock { epoch_ms: self.setting.epoch_ms };
        for (at, commit) in seen {
            let at = self.setting.millis(at);
            let Some(mut row) = reduce::row(&commit, at, clock) else { continue };
            let metadata = commit.new.metadata();
            let namespace = self.namespace_of(&commit.new);
            self.ours.note(&row, &namespace);
            if at >= 0 && self.is_shown(&commit.new, &namespace) {
                if self.namespaces.len() > 1 && !metadata.namespace.is_empty() {
                    let rest = std::mem::take(&mut row.fields);
                    for (name, value) in rest {
                        let is_name = name == "name";
                        row.fields.insert(name, value);
                        if is_name {
                            row.fields.insert("namespace".into(), namespace.as_str().into());
                        }
                    }
                }
                self.rows.push(row);
            }
        }
        Ok(())
    }

    /// Whether the recording would show an object: nodes and what is said of them only where nodes were watched.
    fn is_shown(&self, object: &Object, namespace: &str) -> bool {
        let of_node = match object {
            Object::Node(_) => true,
            Object::Event(event) => event.involved_object.kind == "Node",
            _ => false,
        };
        let watched = || self.recording.timeline.iter().any(|row| row.kind == "Node");
        if of_node { watched() } else { self.namespaces.contains(namespace) }
    }

    /// The namespace that an object belongs to in the recording: a namespace belongs to itself, events about nodes to
    /// the scenario.
    fn namespace_of(&self, object: &Object) -> String {
        let metadata = object.metadata();
        match object {
            Object::Namespace(_) => metadata.name.to_string(),
            Object::Event(event) if event.involved_object.kind == "Node" => self.recording.namespace(),
            _ => metadata.namespace.to_string(),
        }
    }

    /// The nodes as they are when the recording starts.
    fn initial_rows(&mut self) {
        let clock = Clock { epoch_ms: self.setting.epoch_ms };
        let nodes = self.simulation.world.api.objects().of(Kind::Node).iter();
        let rows: Vec<Row> = nodes
            .filter_map(|(_, node)| reduce::object(node, clock))
            .map(|mut fields| {
                fields.insert("op".into(), "INITIAL".into());
                Row { at: 0, kind: "Node".into(), fields }
            })
            .collect();
        if self.recording.timeline.iter().any(|row| row.kind == "Node") {
            self.rows.extend(rows);
        }
    }

    fn see_recorded_until(&mut self, at: Millis) {
        let main = self.recording.namespace();
        // A watch row can be up to a second late, so rows a little after the action may be of what was there before.
        while let Some(row) = self.recording.timeline.get(self.recorded_rows) {
            if row.at > at {
                break;
            }
            let namespace = if row.text("namespace").is_empty() { &main } else { row.text("namespace") };
            self.recorded.note(row, namespace);
            self.recorded_rows += 1;
        }
    }

    /// Does what the driver did; the fields of the action's row become those of ours.
    fn act(&mut self, row: &Row, fields: &mut Map<String, Value>) {
        let what = row.text("what");
        let Some(request) = self.request(row, fields) else {
            if !setting::is_loss(what) && !setting::is_return(what) && !what.contains("file") {
                self.notes
                    .push(format!("{:.3} s: action `{what}` is not understood", row.at as f64 / 1000.0));
            }
            return;
        };
        let answer = self.simulation.world.call_as_user(request);
        let created = matches!(what, "create" | "evict");
        let (code, message) = match &answer {
            Ok(_) => (if created { 201 } else { 200 }, None),
            Err(error) => (error.code, Some(error.message.clone())),
        };
        if row.get("http").as_u64() != Some(u64::from(code)) {
            let recorded = row.get("http");
            let object = row.text("object");
            let said = message.clone().unwrap_or_default();
            let at = to_seconds(row.at);
            self.notes.push(format!("{at} s: {what} {object} was answered {recorded}, here {code} {said}"));
        }
        fields.insert("http".into(), code.into());
        fields.shift_remove("message");
        fields.shift_remove("reason");
        fields.shift_remove("causes");
        if let Some(message) = message {
            fields.insert("message".into(), message.into());
        }
    }

    fn request(&mut self, row: &Row, fields: &mut Map<String, Value>) -> Option<Request> {
        let what = row.text("what");
        if what == "create" {
            return self.creation(row);
        }
        let target = self.target(row)?;
        if target.kind == Kind::Pod || target.kind == Kind::ReplicaSet {
            fields.insert("object".into(), format!("{}/{}", target.kind, target.name).into());
        }
        let patch = |target, patch| Some(Request::Patch { target, uid: None, patch });
        match what {
            "patch" => {
                let body = row.fields.get("patch").or_else(|| row.fields.get("strategicPatch"))?;
                let mut body = body.clone();
                if row.fields.contains_key("strategicPatch") {
                    let objects = self.simulation.world.api.objects();
                    let mut wire =
                        serde_json::to_value(objects.find(target.kind, &target.namespace, &target.name)?.1)
                            .ok()?;
                    strategic_merge(&mut wire, &body);
                    body = wire;
                }
                patch(target, Patch::Merge(Box::new(body)))
            }
            "cordon" => patch(target, Patch::Unschedulable(true)),
            "uncordon" => patch(target, Patch::Unschedulable(false)),
            "delete" => Some(Request::Delete { target, options: options(row.get("options")) }),
            "evict" => {
                let options = options(row.get("options"));
                Some(Request::Evict { namespace: target.namespace, name: target.name, options })
            }
            _ => None,
        }
    }

    fn namespace(&self, row: &Row) -> String {
        let named = row.text("namespace");
        if named.is_empty() { self.recording.namespace() } else { named.to_owned() }
    }

    /// What an action is about, by our name.
    fn target(&mut self, row: &Row) -> Option<ObjectRef> {
        let (kind, name) = row.text("object").split_once('/')?;
        let kind = Kind::from_manifest(kind)?;
        if !kind.names().namespaced {
            return Some(ObjectRef { kind, namespace: Name::default(), name: name.into() });
        }
        let namespace = self.namespace(row);
        let key = (namespace.clone(), kind.as_str().to_owned(), name.to_owned());
        let name = self.names.ours(&key, &self.recorded, &self.ours);
        Some(ObjectRef { kind, namespace: namespace.as_str().into(), name: name.as_str().into() })
    }

    /// The request of a `create`: the input of that name that was sent at about that time.
    fn creation(&mut self, row: &Row) -> Option<Request> {
        let (kind, name) = row.text("object").split_once('/')?;
        let namespace = self.namespace(row);
        let fits = |(index, input): &(usize, &super::recording::Input)| {
            !self.used_inputs.contains(index)
                && input.manifest["kind"] == kind
                && input.manifest["metadata"]["name"] == name
                && input.namespace.as_ref().is_none_or(|of_input| *of_input == namespace)
        };
        let inputs = self.recording.inputs.iter().enumerate().filter(fits);
        let Some((index, input)) = inputs.min_by_key(|(_, input)| (input.at - row.at).abs()) else {
            let namespace = Namespace {
                metadata: ObjectMeta { name: name.into(), ..ObjectMeta::default() },
                ..Namespace::default()
            };
            return (kind == "Namespace").then(|| Request::Create(namespace.into()));
        };
        self.used_inputs.insert(index);
        let object = self.read(&input.manifest, &namespace);
        self.create_unannounced(row.at);
        object.map(Request::Create)
    }

    /// Inputs that no action tells of (priority classes, for one) are there before the next action.
    fn create_unannounced(&mut self, at: Millis) {
        let recording = self.recording;
        for (index, input) in recording.inputs.iter().enumerate() {
            let kind = input.manifest["kind"].as_str().unwrap_or_default();
            let name = input.manifest["metadata"]["name"].as_str().unwrap_or_default();
            let object = format!("{kind}/{name}");
            let announced = recording.timeline.iter().any(|row| {
                row.kind == "Action" && row.text("what") == "create" && row.text("object") == object
            });
            if input.at > at || announced || !self.used_inputs.insert(index) {
                continue;
            }
            let namespace = input.namespace.clone().unwrap_or_else(|| recording.namespace());
            if let Some(object) = self.read(&input.manifest, &namespace) {
                let answer = self.simulation.world.call_as_user(Request::Create(object));
                self.notes.extend(answer.err().map(|error| error.to_string()));
            }
        }
    }

    fn read(&mut self, manifest: &Value, namespace: &str) -> Option<Object> {
        let kind = Kind::from_manifest(manifest["kind"].as_str()?)?;
        match Object::deserialize_as(kind, manifest.clone()) {
            Ok(mut object) => {
                if kind.names().namespaced {
                    object.metadata_mut().namespace = namespace.into();
                }
                Some(object)
            }
            Err(error) => {
                self.notes.push(format!("{} cannot be read: {error}", manifest["metadata"]["name"]));
                None
            }
        }
    }

    fn create_namespace(&mut self, name: &str) -> ApiResult {
        let metadata = ObjectMeta { name: name.into(), ..ObjectMeta::default() };
        let namespace = Namespace { metadata, ..Namespace::default() };
        self.simulation.world.call_as_user(Request::Create(namespace.into()))
    }
}

fn options(recorded: &Value) -> DeleteOptions {
    let propagation = match recorded["propagationPolicy"].as_str() {
        Some("Orphan") => Propagation::Orphan,
        Some("Foreground") => Propagation::Foreground,
        _ => Propagation::Background,
    };
    DeleteOptions {
        grace_period_seconds: recorded["gracePeriodSeconds"].as_i64(),
        propagation,
        ..DeleteOptions::default()
    }
}
