//! What a pod is doing, in the words of the timeline.

use crate::api::pod::{ContainerStatus, Pod, PodPhase};

/// What a pod is doing. The order is that of a pod's life and of the legend.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PodState {
    /// No node has been found for it.
    Pending,
    /// It waits for an image.
    Pulling,
    /// Its sandbox is made, init containers run, or containers start.
    Starting,
    /// Its containers run but it is not ready.
    NotReady,
    /// It is ready.
    Ready,
    /// A container failed and waits to be tried again.
    BackOff,
    /// It has been told to go.
    Terminating,
    /// All its containers ended well.
    Succeeded,
    /// It has failed for good.
    Failed,
    /// It no longer exists.
    Gone,
}

impl PodState {
    /// Every state that can be seen, in the order of the legend.
    pub const VISIBLE: [Self; 9] = [
        Self::Pending,
        Self::Pulling,
        Self::Starting,
        Self::NotReady,
        Self::Ready,
        Self::BackOff,
        Self::Terminating,
        Self::Succeeded,
        Self::Failed,
    ];

    /// Words for the legend.
    pub fn label(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Pulling => "pulling image",
            Self::Starting => "starting",
            Self::NotReady => "running, not ready",
            Self::Ready => "ready",
            Self::BackOff => "crash loop / back-off",
            Self::Terminating => "terminating",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Gone => "gone",
        }
    }

    /// One word for files that programs read.
    pub fn id(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Pulling => "pulling",
            Self::Starting => "starting",
            Self::NotReady => "not_ready",
            Self::Ready => "ready",
            Self::BackOff => "back_off",
            Self::Terminating => "terminating",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Gone => "gone",
        }
    }

    /// The state that the API shows; `pulling` says whether the node is pulling an image for this pod, which the API
    /// does not show.
    pub fn of(pod: &Pod, pulling: bool) -> Self {
        match pod.status.phase {
            PodPhase::Succeeded => return Self::Succeeded,
            PodPhase::Failed => return Self::Failed,
            _ if pod.metadata.is_terminating() => return Self::Terminating,
            _ if pod.node_name.is_none() => return Self::Pending,
            _ => {}
        }
        let statuses = || pod.status.init_container_statuses.iter().chain(&pod.status.container_statuses);
        if statuses().any(is_backing_off) {
            Self::BackOff
        } else if pulling {
            Self::Pulling
        } else if pod.is_ready() {
            Self::Ready
        } else if pod.status.phase == PodPhase::Running {
            Self::NotReady
        } else {
            Self::Starting
        }
    }
}

/// Whether the kubelet waits before it tries this container again.
fn is_backing_off(status: &ContainerStatus) -> bool {
    let reason = status.state.waiting.as_ref().and_then(|waiting| waiting.reason.as_deref());
    matches!(
        reason,
        Some(
            "CrashLoopBackOff"
                | "ImagePullBackOff"
                | "ErrImagePull"
                | "CreateContainerError"
                | "CreateContainerConfigError"
                | "RunContainerError"
        )
    )
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::api::pod::Waiting;

    fn pod(manifest: &str) -> Pod {
        serde_json::from_str(manifest).unwrap()
    }

    #[test]
    fn states_follow_a_life() {
        let mut pod = pod(r#"{"metadata":{"name":"a"}}"#);
        assert_eq!(PodState::of(&pod, false), PodState::Pending);
        pod.node_name = Some("n".into());
        assert_eq!(PodState::of(&pod, false), PodState::Starting);
        assert_eq!(PodState::of(&pod, true), PodState::Pulling);
        Arc::make_mut(&mut pod.status).phase = PodPhase::Running;
        assert_eq!(PodState::of(&pod, false), PodState::NotReady);
        let waiting = Waiting { reason: Some("CrashLoopBackOff".into()), message: None };
        let mut status = ContainerStatus::default();
        status.state.waiting = Some(waiting);
        Arc::make_mut(&mut pod.status).container_statuses = vec![status];
        assert_eq!(PodState::of(&pod, false), PodState::BackOff);
        pod.metadata.deletion_timestamp = Some(crate::api::Timestamp::from_secs(5));
        assert_eq!(PodState::of(&pod, false), PodState::Terminating);
        Arc::make_mut(&mut pod.status).phase = PodPhase::Succeeded;
        assert_eq!(PodState::of(&pod, false), PodState::Succeeded);
    }
}
