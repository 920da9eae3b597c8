//! Probes and life-cycle hooks: `validateProbe`, `validateHandler` of `pkg/apis/core/validation`.

use super::path::{Path, Problems};
use crate::api::core::IntOrString;
use crate::api::names;
use crate::api::pod::{
    Container, ExecAction, HttpGetAction, Lifecycle, LifecycleHandler, Probe, SleepAction,
};

/// The probes and hooks of a container that may have them. `grace_seconds` is the pod's grace period.
pub(super) fn check(problems: &mut Problems, path: &Path<'_>, container: &Container, grace_seconds: i64) {
    if let Some(lifecycle) = &container.lifecycle {
        check_lifecycle(problems, &path.child("lifecycle"), lifecycle, grace_seconds);
    }
    for (field, probe) in
        [("livenessProbe", &container.liveness_probe), ("startupProbe", &container.startup_probe)]
    {
        if let Some(probe) = probe {
            let path = path.child(field);
            check_probe(problems, &path, probe);
            if probe.success_threshold != Some(1) {
                problems.invalid(&path.child("successThreshold"), probe.success_threshold, "must be 1");
            }
        }
    }
    if let Some(probe) = &container.readiness_probe {
        let path = path.child("readinessProbe");
        check_probe(problems, &path, probe);
        if let Some(seconds) = probe.termination_grace_period_seconds {
            let path = path.child("terminationGracePeriodSeconds");
            problems.invalid(&path, seconds, "must not be set for readinessProbes");
        }
    }
}

/// Ordinary init containers have neither probes nor hooks.
pub(super) fn forbid(problems: &mut Problems, path: &Path<'_>, container: &Container) {
    let present = [
        ("lifecycle", container.lifecycle.is_some()),
        ("livenessProbe", container.liveness_probe.is_some()),
        ("readinessProbe", container.readiness_probe.is_some()),
        ("startupProbe", container.startup_probe.is_some()),
    ];
    for (field, _) in present.into_iter().filter(|(_, present)| *present) {
        problems
            .forbidden(&path.child(field), "may not be set for init containers without restartPolicy=Always");
    }
}

fn check_probe(problems: &mut Problems, path: &Path<'_>, probe: &Probe) {
    let mut handlers = Handlers { problems, path, count: 0 };
    handlers.exec(probe.exec.as_ref());
    handlers.http_get(probe.http_get.as_ref());
    handlers.port("tcpSocket", probe.tcp_socket.as_ref().map(|action| action.port.clone()));
    handlers.port("grpc", probe.grpc.as_ref().map(|action| IntOrString::Int(action.port)));
    handlers.finish();
    for (field, number) in [
        ("initialDelaySeconds", probe.initial_delay_seconds),
        ("timeoutSeconds", probe.timeout_seconds),
        ("periodSeconds", probe.period_seconds),
        ("successThreshold", probe.success_threshold),
        ("failureThreshold", probe.failure_threshold),
    ] {
        problems.nonnegative(&path.child(field), number.map(i64::from));
    }
    if let Some(seconds) = probe.termination_grace_period_seconds.filter(|seconds| *seconds <= 0) {
        problems.invalid(&path.child("terminationGracePeriodSeconds"), seconds, "must be greater than 0");
    }
}

fn check_lifecycle(problems: &mut Problems, path: &Path<'_>, lifecycle: &Lifecycle, grace_seconds: i64) {
    for (field, hook) in [("postStart", &lifecycle.post_start), ("preStop", &lifecycle.pre_stop)] {
        if let Some(hook) = hook {
            check_hook(problems, &path.child(field), hook, grace_seconds);
        }
    }
}

fn check_hook(problems: &mut Problems, path: &Path<'_>, hook: &LifecycleHandler, grace_seconds: i64) {
    let mut handlers = Handlers { problems, path, count: 0 };
    handlers.exec(hook.exec.as_ref());
    handlers.http_get(hook.http_get.as_ref());
    handlers.port("tcpSocket", hook.tcp_socket.as_ref().map(|action| action.port.clone()));
    handlers.sleep(hook.sleep.as_ref(), grace_seconds);
    handlers.finish();
}

/// Ways to act, of which exactly one must be given.
struct Handlers<'a, 'p> {
    problems: &'a mut Problems,
    path: &'a Path<'p>,
    count: usize,
}

impl Handlers<'_, '_> {
    /// Whether this is the first way given; a second one is refused unseen.
    fn is_first(&mut self, field: &str) -> bool {
        self.count += 1;
        if self.count > 1 {
            self.problems.forbidden(&self.path.child(field), "may not specify more than 1 handler type");
        }
        self.count == 1
    }

    fn exec(&mut self, action: Option<&ExecAction>) {
        if let Some(action) = action
            && self.is_first("exec")
            && action.command.is_empty()
        {
            self.problems.required(&self.path.child("exec").child("command"), "");
        }
    }

    fn http_get(&mut self, action: Option<&HttpGetAction>) {
        if let Some(action) = action
            && self.is_first("httpGet")
        {
            let path = self.path.child("httpGet");
            if action.path.as_ref().is_none_or(|path| path.is_empty()) {
                self.problems.required(&path.child("path"), "");
            }
            check_port(self.problems, &path.child("port"), &action.port);
            self.problems.word(&path.child("scheme"), action.scheme.as_deref(), &["HTTP", "HTTPS"]);
        }
    }

    fn port(&mut self, field: &str, port: Option<IntOrString>) {
        if let Some(port) = port
            && self.is_first(field)
        {
            check_port(self.problems, &self.path.child(field).child("port"), &port);
        }
    }

    fn sleep(&mut self, action: Option<&SleepAction>, grace_seconds: i64) {
        if let Some(action) = action
            && self.is_first("sleep")
            && !(0..=grace_seconds).contains(&action.seconds)
        {
            let detail =
                format!("must be non-negative and less than terminationGracePeriodSeconds ({grace_seconds})");
            self.problems.invalid(&self.path.child("sleep"), action.seconds, &detail);
        }
    }

    fn finish(self) {
        if self.count == 0 {
            self.problems.required(self.path, "must specify a handler type");
        }
    }
}

/// `ValidatePortNumOrName`.
pub(super) fn check_port(problems: &mut Problems, path: &Path<'_>, port: &IntOrString) {
    match port {
        IntOrString::Int(port) => problems.port(path, *port),
        IntOrString::Text(name) => problems.invalid_text(path, name, &names::port_name(name)),
    }
}
