//! What a probe asks the program in a container, and what the prober prints about the answer.
//!
//! Source: kubelet v1.32 `probe/http`, `probe/tcp`, `probe/exec`, `probe/grpc`; `spec` node 1.1.

use super::ProbeKind;
use crate::api::core::IntOrString;
use crate::api::pod::{Container, Probe};
use crate::base::Name;
use crate::kernel::SimDuration;
use crate::node::env::ProbeFault;
use crate::node::pod_cx::PodCx;
use crate::trace::RecordId;
use crate::workload::{Answer, Question};

/// What the runtime says when a command in a container cannot be started for want of processes.
pub(in crate::node) const FORK_FAILED: &str = "rpc error: code = Unknown desc = failed to exec in container: failed to \
    start exec: OCI runtime exec failed: exec failed: unable to start container process: error starting setns process: \
    fork/exec /proc/self/exe: resource temporarily unavailable";

impl PodCx<'_, '_> {
    /// What the program in the container would answer now and the record that accounts for it (0 = that of the
    /// container), or why the prober cannot ask.
    pub(in crate::node) fn answer_of(
        &mut self,
        index: usize,
        kind: ProbeKind,
        spec: &Probe,
    ) -> Result<(Answer, RecordId), Name> {
        let fault = self.env.faults.probe(&self.pod.pod, &self.pod.spec(index).name, kind);
        if let Some(ProbeFault { output, record }) = fault {
            return Ok((Answer::failure(output), record));
        }
        let container = self.pod.spec(index).clone();
        let Some(question) = question(spec, &container) else {
            return Err("couldn't find the named port in the container".into());
        };
        let is_command = matches!(question, Question::Exec { .. });
        if is_command && !self.pod.can_fork(self.ctx.now, self.ctx.settings.pod_pids_limit) {
            return Err(FORK_FAILED.into());
        }
        if is_command && !self.host.runtime_answers {
            return Err("rpc error: code = Unavailable desc = connection error".into());
        }
        let namespace = self.pod.pod.metadata.namespace.clone();
        let env = self.env;
        let available = |service: &str| env.network.is_available(&namespace, service);
        let now = self.ctx.now;
        let crowd = env.network.crowd(self.pod.pod.metadata.uid, index as u16, now);
        let mut answer = match &mut self.pod.containers[index].running {
            Some(instance) => instance.app.answer(question, now, &available, crowd),
            None if is_command => {
                return Err("rpc error: code = NotFound desc = container is not running".into());
            }
            None => Answer::refused(),
        };
        if answer.refused {
            answer.output = self.refused_text(spec, question);
        } else if let (true, Question::Http { path, port }) = (answer.is_lost, question) {
            answer.output = format!("{}: {}", self.get(spec, port, path), answer.output).into();
        }
        let blame = answer.lacks.as_ref().map_or(0, |service| env.network.record_of(&namespace, service));
        Ok((answer, blame))
    }

    /// The address that network probes go to.
    fn probed_host(&self, spec: &Probe) -> Name {
        let http = spec.http_get.as_ref().and_then(|http| http.host.clone());
        let tcp = spec.tcp_socket.as_ref().and_then(|tcp| tcp.host.clone());
        let own = || self.pod.sandbox.as_ref().map(|sandbox| sandbox.ip.clone()).unwrap_or_default();
        http.or(tcp).unwrap_or_else(own)
    }

    /// How Go's HTTP client names a request.
    fn get(&self, spec: &Probe, port: i32, path: &str) -> String {
        format!("Get \"http://{}:{port}{path}\"", self.probed_host(spec))
    }

    fn refused_text(&self, spec: &Probe, question: Question<'_>) -> Name {
        let host = self.probed_host(spec);
        let refused = |port: i32| format!("dial tcp {host}:{port}: connect: connection refused");
        match question {
            Question::Http { path, port } => {
                format!("{}: {}", self.get(spec, port, path), refused(port)).into()
            }
            Question::Tcp { port } => refused(port).into(),
            Question::Grpc { port, .. } => {
                format!("timeout: failed to connect service \"{host}:{port}\" within 1s: connection refused")
                    .into()
            }
            Question::Exec { .. } => Name::default(),
        }
    }

    /// What the prober prints when no answer came in time; `was_coming` tells whether the program works on one.
    pub(in crate::node) fn timeout_text(
        &self,
        spec: &Probe,
        index: usize,
        limit: SimDuration,
        was_coming: bool,
    ) -> Name {
        let host = self.probed_host(spec);
        match question(spec, self.pod.spec(index)) {
            Some(Question::Exec { command }) => {
                let words: Vec<&str> = command.iter().map(Name::as_str).collect();
                format!("command timed out: \"{}\" timed out after {limit}", words.join(" ")).into()
            }
            Some(Question::Grpc { .. }) if was_coming => {
                format!("timeout: health rpc did not complete within {limit}").into()
            }
            Some(Question::Grpc { port, .. }) => format!(
                "timeout: failed to connect service \"{host}:{port}\" within {limit}: context deadline exceeded"
            )
            .into(),
            Some(Question::Tcp { port }) => format!("dial tcp {host}:{port}: i/o timeout").into(),
            Some(Question::Http { path, port }) => format!(
                "{}: context deadline exceeded (Client.Timeout exceeded while awaiting headers)",
                self.get(spec, port, path)
            )
            .into(),
            None => Name::default(),
        }
    }
}

/// The number of a port that may be given by name.
pub(in crate::node) fn resolve_port(port: &IntOrString, container: &Container) -> Option<i32> {
    match port {
        IntOrString::Int(number) => Some(*number),
        IntOrString::Text(name) => {
            let named = container.ports.iter().find(|port| port.name.as_ref() == Some(name));
            named.map(|port| port.container_port).or_else(|| name.parse().ok())
        }
    }
}

/// What a probe asks, with its port resolved; `None` when a named port does not exist.
pub(in crate::node) fn question<'a>(probe: &'a Probe, container: &Container) -> Option<Question<'a>> {
    if let Some(http) = &probe.http_get {
        let path = http.path.as_ref().map_or("/", Name::as_str);
        return Some(Question::Http { path, port: resolve_port(&http.port, container)? });
    }
    if let Some(tcp) = &probe.tcp_socket {
        return Some(Question::Tcp { port: resolve_port(&tcp.port, container)? });
    }
    if let Some(exec) = &probe.exec {
        return Some(Question::Exec { command: &exec.command });
    }
    let grpc = probe.grpc.as_ref()?;
    Some(Question::Grpc { port: grpc.port, service: grpc.service.as_deref().unwrap_or_default() })
}

/// What a probe asks, in words: `GET /healthz`.
pub(super) fn asked(probe: &Probe) -> String {
    if let Some(http) = &probe.http_get {
        return format!("GET {}", http.path.as_ref().map_or("/", Name::as_str));
    }
    if let Some(tcp) = &probe.tcp_socket {
        return format!("connection to port {}", tcp.port);
    }
    if let Some(exec) = &probe.exec {
        let words: Vec<&str> = exec.command.iter().map(Name::as_str).collect();
        return format!("command `{}`", words.join(" "));
    }
    "gRPC health check".to_owned()
}
