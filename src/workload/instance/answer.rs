//! What comes back to a probe or a hook.

use crate::base::Name;
use crate::kernel::SimDuration;
use crate::workload::HealthStatus;

/// So many redirects a prober follows within a host.
pub(super) const MOST_REDIRECTS: usize = 10;

/// What comes back, after `latency`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Time to the answer; `None` = never.
    pub latency: Option<SimDuration>,
    /// Whether it is a success.
    pub success: bool,
    /// Whether nobody listens.
    pub refused: bool,
    /// Whether the client gave up following redirects.
    pub is_lost: bool,
    /// What the prober would print; with a success, a warning.
    pub output: Name,
    /// The first service that the program needed for the answer and could not reach.
    pub lacks: Option<Name>,
}

impl Answer {
    /// A failure at once.
    pub fn failure(output: impl Into<Name>) -> Self {
        Self {
            latency: Some(SimDuration::ZERO),
            success: false,
            refused: false,
            is_lost: false,
            output: output.into(),
            lacks: None,
        }
    }

    /// Nobody listens.
    pub fn refused() -> Self {
        Self { refused: true, ..Self::failure("connect: connection refused") }
    }

    /// No answer within the time that the asker allows.
    pub fn late(output: Name) -> Self {
        Self { latency: None, ..Self::failure(output) }
    }

    /// A success after some time.
    pub fn success(latency: SimDuration) -> Self {
        Self {
            latency: Some(latency),
            success: true,
            refused: false,
            is_lost: false,
            output: Name::default(),
            lacks: None,
        }
    }

    /// The client followed as many redirects as it may.
    pub(super) fn lost(latency: SimDuration) -> Self {
        let text = format!("stopped after {MOST_REDIRECTS} redirects");
        Self { latency: Some(latency), is_lost: true, ..Self::failure(text) }
    }

    /// What the prober of gRPC health checks makes of a status (`probe/grpc/grpc.go`).
    pub(super) fn health(latency: SimDuration, status: HealthStatus) -> Self {
        let output = match status {
            HealthStatus::Serving => return Self::success(latency),
            HealthStatus::Unimplemented => "error: this server does not implement the grpc health protocol \
                                            (grpc.health.v1.Health): unknown service grpc.health.v1.Health"
                .to_owned(),
            status => format!("service unhealthy (responded with {:?})", status.word()),
        };
        Self { latency: Some(latency), ..Self::failure(output) }
    }

    /// An HTTP response: 200 to 399 are successes, redirects to another host with a warning.
    pub(super) fn http(latency: SimDuration, status: u16) -> Self {
        match status {
            200..300 => Self::success(latency),
            300..400 => Self {
                output: "Probe terminated redirects, Response body: ".into(),
                ..Self::success(latency)
            },
            _ => Self {
                latency: Some(latency),
                ..Self::failure(format!("HTTP probe failed with statuscode: {status}"))
            },
        }
    }
}
