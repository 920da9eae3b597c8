//! Which constants which Kubernetes version has. Source: `spec` change logs, control plane section 8 and node section 0.

use super::settings::Settings;
use crate::kernel::SimDuration;

/// The versions that have a profile.
pub const VERSIONS: [&str; 10] =
    ["1.20", "1.28", "1.29", "1.30", "1.31", "1.32", "1.33", "1.34", "1.35", "1.36"];
/// The version of a scenario that names none.
pub const DEFAULT_VERSION: &str = "1.34";

/// The constants of a version (`1.34`, `v1.34.1`), or `None` if there is no profile for it.
pub fn settings_for(version: &str) -> Option<Settings> {
    let minor = minor_of(version)?;
    let mut settings = Settings { hpa_rules_of_minor: u64::from(minor), ..Settings::default() };
    if minor < 32 {
        settings.node_monitor_grace_period = SimDuration::from_secs(40);
        settings.readiness_trigger_resets_ticker = false;
    }
    if minor < 27 {
        settings.kubelet_qps = 5;
        settings.kubelet_burst = 10;
        settings.no_execute_taint_at_next_pass = true;
        settings.event_record_qps = 5;
        settings.event_burst = 10;
        settings.job_tracking_finalizers = false;
        settings.cron_job_poll_period = SimDuration::from_secs(10);
        settings.sync_job_batch_period = SimDuration::ZERO;
        settings.max_job_pod_failure_backoff = SimDuration::from_secs(360);
        settings.endpoint_slice_retry_max_delay = SimDuration::from_secs(100);
        settings.terminal_phase_of_deleted_pods = false;
        // Recorded: 1.2 to 12.2 s, half of them within 6.6 s.
        settings.deleted_pod_removal_delay = SimDuration::from_millis(6600);
        settings.logarithmic_scale_down = false;
    }
    if minor < 32 {
        settings.job_managed_by = false;
    }
    if minor < 33 {
        settings.ordered_namespace_deletion = false;
    }
    if minor >= 35 {
        settings.sync_by_backoff_expiry = true;
        settings.hpa_configurable_tolerance = true;
    }
    Some(settings)
}

/// The minor number of a version that has a profile.
pub fn minor_of(version: &str) -> Option<u32> {
    let plain = version.strip_prefix('v').unwrap_or(version);
    let mut parts = plain.split('.');
    let (major, minor) = (parts.next()?, parts.next()?);
    let short = format!("{major}.{minor}");
    VERSIONS.contains(&short.as_str()).then(|| minor.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grace_period_grew_in_1_32() {
        assert_eq!(settings_for("1.31").unwrap().node_monitor_grace_period, SimDuration::from_secs(40));
        assert_eq!(settings_for("v1.34.1").unwrap().node_monitor_grace_period, SimDuration::from_secs(50));
        assert!(settings_for("1.99").is_none());
        assert!(settings_for("latest").is_none());
    }
}
