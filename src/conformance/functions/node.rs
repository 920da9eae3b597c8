//! Tables about the kubelet: phases, back-off, quality of service.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Answer, read};
use crate::api::pod::{
    Container, ContainerStatus, PodSpec, PodStatus, Resources, Running, Terminated, Waiting,
};
use crate::api::qos;
use crate::kernel::{SimDuration, SimTime};
use crate::node::backoff::BackOff;
use crate::node::phase::{self, Ending};

pub(super) fn pod_phase(input: &Value) -> Answer {
    let (init, regular) = (containers(input, "init")?, containers(input, "containers")?);
    let spec = PodSpec {
        restart_policy: read(input, "restartPolicy")?,
        init_containers: init.0,
        containers: regular.0,
        ..PodSpec::default()
    };
    let status =
        PodStatus { init_container_statuses: init.1, container_statuses: regular.1, ..PodStatus::default() };
    Ok(json!({ "phase": phase::pod_phase(&spec, &status, Ending::default()) }))
}

/// Containers and their statuses from words such as `exit1`.
fn containers(input: &Value, key: &str) -> Result<(Vec<Container>, Vec<ContainerStatus>), String> {
    let (mut containers, mut statuses) = (Vec::new(), Vec::new());
    for (at, word) in read::<Option<Vec<String>>>(input, key)?.unwrap_or_default().iter().enumerate() {
        let name = format!("{key}-{at}");
        containers.push(Container { name: name.as_str().into(), ..Container::default() });
        if word != "absent" {
            statuses.push(ContainerStatus { name: name.into(), ..status(word)? });
        }
    }
    Ok((containers, statuses))
}

fn status(word: &str) -> Result<ContainerStatus, String> {
    let mut status = ContainerStatus::default();
    let exited = |code: &str| -> Result<_, String> {
        let exit_code = code.parse().map_err(|_| format!("unknown state {word}"))?;
        Ok(Some(Terminated { exit_code, ..Terminated::default() }))
    };
    if word == "running" {
        status.state.running = Some(Running::default());
    } else if let Some(code) = word.strip_prefix("exit") {
        status.state.terminated = exited(code)?;
    } else if let Some(rest) = word.strip_prefix("waiting") {
        status.state.waiting = Some(Waiting::default());
        if let Some(code) = rest.strip_prefix("-last") {
            status.last_state.terminated = exited(code)?;
        }
    } else if word != "empty" {
        return Err(format!("unknown state {word}"));
    }
    Ok(status)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Exit {
    finished_at: u64,
    first_sync_at: u64,
}

/// The kubelet looks at the container once a second from the first sync on, and restarts it when it may.
pub(super) fn crashloop_backoff(input: &Value) -> Answer {
    let (initial, max): (u64, u64) = (read(input, "initialSeconds")?, read(input, "maxSeconds")?);
    let policy = BackOff::new(SimDuration::from_secs(initial), SimDuration::from_secs(max));
    let every = SimDuration::from_secs(read(input, "syncEverySeconds")?);
    let mut entry = None;
    let mut restarts = Vec::new();
    for exit in read::<Vec<Exit>>(input, "exits")? {
        let finished = SimTime::from_secs(exit.finished_at);
        let mut now = SimTime::from_secs(exit.first_sync_at);
        while policy.is_waiting(entry, finished, now) {
            now += every;
        }
        let next = policy.next(entry, finished, now);
        entry = Some(next);
        restarts.push(json!({ "restartedAt": now.as_secs(), "backoffAfterSeconds": next.delay.as_secs() }));
    }
    Ok(restarts.into())
}

pub(super) fn qos_oom(input: &Value) -> Answer {
    let containers: Vec<Resources> = read(input, "containers")?;
    let containers =
        containers.into_iter().map(|resources| Container { resources, ..Container::default() }).collect();
    let spec = PodSpec { containers, ..PodSpec::default() };
    let capacity: i64 = read(input, "nodeMemoryBytes")?;
    let scores: Vec<i32> = spec.containers.iter().map(|c| qos::oom_score_adj(&spec, c, capacity)).collect();
    Ok(json!({ "qosClass": qos::qos_class(&spec), "oomScoreAdj": scores }))
}
