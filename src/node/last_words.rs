//! Termination messages: what the API shows of what a program left behind.
//!
//! Source: kubelet v1.32 `kuberuntime_container.go` getTerminationMessage, `container/runtime.go`, `status_manager.go`
//! normalizeStatus; `spec` node 2.7.

use crate::api::pod::Container;
use crate::base::Name;
use crate::workload::LastWords;

/// The most that is read of a termination message file, in bytes.
const MOST_OF_FILE: usize = 4096;
/// The most that is read of a log in its place.
const MOST_OF_LOG: usize = 2048;
const MOST_LINES_OF_LOG: usize = 80;
/// What all containers of a pod share, in bytes.
const MOST_OF_POD: usize = 12 * 1024;

/// The message of a process that ended with `code`: its file, or the end of its log if the container wants that.
pub(super) fn message(container: &Container, code: i32, words: &LastWords) -> Option<Name> {
    let has_file = container.termination_message_path.as_ref().is_none_or(|path| !path.is_empty());
    if has_file && !words.message.is_empty() {
        return Some(tail(&words.message, MOST_OF_FILE).into());
    }
    let wants_log = container.termination_message_policy.as_deref() == Some("FallbackToLogsOnError");
    if !wants_log || code == 0 || words.log.is_empty() {
        return None;
    }
    let lines: Vec<&str> = words.log.lines().collect();
    let last = lines[lines.len().saturating_sub(MOST_LINES_OF_LOG)..].join("\n") + "\n";
    Some(tail(&last, MOST_OF_LOG).into())
}

/// What fits of a message beside those of the other `containers - 1` containers of its pod.
pub(super) fn fitting(message: &Name, containers: usize) -> Name {
    let most = MOST_OF_POD / containers.max(1);
    if message.len() <= most {
        return message.clone();
    }
    let end = (0..=most).rev().find(|at| message.is_char_boundary(*at)).unwrap_or(0);
    message[..end].into()
}

/// The last bytes of a text, from the beginning of a character on.
fn tail(text: &str, most: usize) -> &str {
    let from = text.len().saturating_sub(most);
    let from = (from..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
    &text[from..]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(policy: &str, code: i32, file: &str, log: &str) -> Option<String> {
        let container = Container { termination_message_policy: Some(policy.into()), ..Container::default() };
        let words = LastWords { message: file.into(), log: log.into() };
        message(&container, code, &words).map(|text| text.to_string())
    }

    #[test]
    fn the_file_goes_before_the_log_and_the_log_is_for_errors_only() {
        let fallback = "FallbackToLogsOnError";
        assert_eq!(said("File", 1, "", "panic"), None);
        assert_eq!(said(fallback, 1, "", "panic").as_deref(), Some("panic\n"));
        assert_eq!(said(fallback, 0, "", "bye"), None);
        assert_eq!(said(fallback, 1, "lost the database", "panic").as_deref(), Some("lost the database"));
    }

    #[test]
    fn long_messages_are_cut() {
        let long = "x".repeat(5000);
        assert_eq!(said("File", 0, &long, "").unwrap().len(), MOST_OF_FILE);
        let log = "a line\n".repeat(100);
        assert_eq!(said("FallbackToLogsOnError", 1, "", &log).unwrap().lines().count(), MOST_LINES_OF_LOG);
        assert_eq!(said("FallbackToLogsOnError", 1, "", &long).unwrap().len(), MOST_OF_LOG);
        assert_eq!(fitting(&Name::from("y".repeat(4096)), 4).len(), 3072);
    }
}
