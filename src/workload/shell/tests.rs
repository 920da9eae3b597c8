//! Scripts as people write them, with the times and codes that they have in a container.

use std::collections::BTreeMap;

use super::{Knowledge, Script, Walk};
use crate::kernel::SimDuration;

fn script(text: &str) -> Option<Script> {
    understood(&["sh", "-c", text], Knowledge { busybox: true, ..Knowledge::default() })
}

/// The script, if all that it does is understood.
fn understood(words: &[&str], knowledge: Knowledge) -> Option<Script> {
    Script::of_container(words, knowledge).filter(|script| script.run(None, true).is_some())
}

fn seconds(seconds: u64) -> SimDuration {
    SimDuration::from_secs(seconds)
}

/// Seconds and code of the end, as PID 1.
fn end(text: &str) -> Option<(u64, i32)> {
    end_when_stopped(text, None)
}

fn end_when_stopped(text: &str, at: Option<u64>) -> Option<(u64, i32)> {
    let script = script(text).unwrap_or_else(|| panic!("{text:?} is not understood"));
    let walk = script.run(at.map(seconds), true).expect("understood with a signal too");
    walk.exit.map(|(age, code)| (age.as_nanos() / 1_000_000_000, code))
}

#[test]
fn a_script_ends_with_the_status_of_its_last_command() {
    assert_eq!(end("sleep 5; exit 3"), Some((5, 3)));
    assert_eq!(end("echo hello"), Some((0, 0)));
    assert_eq!(end("sleep 10 && false"), Some((10, 1)));
    assert_eq!(end("false || exit 7"), Some((0, 7)));
    assert_eq!(end("exit 300"), Some((0, 44)));
    assert_eq!(end("(sleep 2; exit 4); echo $?"), Some((2, 0)));
    assert_eq!(end("! true"), Some((0, 1)));
    assert_eq!(end("set -e; false; sleep 100"), Some((0, 1)));
    assert_eq!(end("set -e; if false; then :; fi; false || true; sleep 1"), Some((1, 0)));
    assert_eq!(end("sleep 1m 30s; exit 1"), Some((90, 1)));
    assert_eq!(end("sleep infinity"), None);
    assert_eq!(end("tail -f /dev/null"), None);
}

#[test]
fn loops_and_variables_count() {
    assert_eq!(end("for i in 1 2 3; do sleep $i; done; exit $i"), Some((6, 3)));
    assert_eq!(end("for i in $(seq 1 4); do if [ $i -eq 3 ]; then break; fi; sleep 1; done"), Some((2, 0)));
    assert_eq!(
        end("i=0; while [ $i -lt 5 ]; do i=$((i+1)); sleep 2; done; exit $((i * 2 + 1))"),
        Some((10, 11))
    );
    assert_eq!(end("until [ -f /tmp/x ]; do sleep 3; touch /tmp/x; done"), Some((3, 0)));
    assert_eq!(end("while true; do echo $(date); sleep 5; done"), None);
    assert_eq!(end("run() { sleep 1; return 9; }; run; exit $?"), Some((1, 9)));
}

#[test]
fn the_liveness_example_of_the_kubernetes_documentation() {
    let script = script("touch /tmp/healthy; sleep 30; rm -f /tmp/healthy; sleep 600").expect("understood");
    let walk = script.run(None, true).expect("understood");
    assert_eq!(walk.exit, Some((seconds(630), 0)));
    let probe = Script::of_exec(&["cat", "/tmp/healthy"], script.knowledge.clone()).expect("understood");
    let answer = |walk: &Walk, age| probe.run_among(&walk.files_at(seconds(age))).expect("understood");
    assert_eq!(answer(&walk, 5).exit, Some((SimDuration::ZERO, 0)));
    let late = answer(&walk, 30);
    assert_eq!(late.exit, Some((SimDuration::ZERO, 1)));
    assert_eq!(late.output, "cat: can't open '/tmp/healthy': No such file or directory\n");
    assert!(!walk.is_settled(seconds(29)) && walk.is_settled(seconds(30)));
}

#[test]
fn files_of_a_loop_come_and_go_with_its_turns() {
    let script =
        script("while true; do touch /tmp/ok; sleep 10; rm /tmp/ok; sleep 5; done").expect("understood");
    let walk = script.run(None, true).expect("understood");
    let exists = |age| walk.files_at(seconds(age)).get("/tmp/ok").copied();
    for turn in 0..5 {
        assert_eq!(exists(turn * 15 + 9), Some(true), "turn {turn}");
        assert_eq!(exists(turn * 15 + 11), Some(false), "turn {turn}");
    }
    assert!(!walk.is_settled(seconds(1000)));
}

#[test]
fn a_shell_without_a_trap_ignores_sigterm_as_pid_1_only() {
    assert_eq!(end_when_stopped("sleep 3600", Some(10)), Some((3600, 0)));
    assert_eq!(end_when_stopped("while true; do sleep 5; done", Some(12)), None);
    assert_eq!(end_when_stopped("while true; do :; done", Some(12)), None);
    let script = script("while true; do sleep 5; done").expect("understood");
    let walk = script.run(Some(seconds(12)), false).expect("understood");
    assert_eq!(walk.exit, Some((seconds(12), 143)));
}

#[test]
fn a_trap_waits_for_the_command_in_the_foreground_but_not_in_wait() {
    assert_eq!(end_when_stopped("trap 'exit 0' TERM; sleep 3600", Some(10)), Some((3600, 0)));
    assert_eq!(end_when_stopped("trap 'exit 5' TERM; sleep 3600 & wait", Some(10)), Some((10, 5)));
    assert_eq!(
        end_when_stopped("trap 'sleep 4; exit 0' SIGTERM; while true; do sleep 5; done", Some(12)),
        Some((19, 0))
    );
    assert_eq!(
        end_when_stopped("trap 'exit 0' TERM; while true; do sleep 1; done", Some(86_400)),
        Some((86_400, 0))
    );
    assert_eq!(end_when_stopped("trap 'exit 6' TERM; while :; do :; done", Some(9)), Some((9, 6)));
    assert_eq!(end_when_stopped("trap 'echo bye' TERM; sleep 100 & wait", Some(10)), Some((10, 143)));
    assert_eq!(end_when_stopped("trap '' TERM; sleep 20", Some(10)), Some((20, 0)));
    assert_eq!(end_when_stopped("trap 'exit 1' TERM; exec sleep 50", Some(10)), Some((50, 0)));
    assert_eq!(end("trap 'exit 8' EXIT; exit 1"), Some((0, 8)));
}

#[test]
fn pid_1_does_not_feel_its_own_kill() {
    assert_eq!(end("kill -9 $$; sleep 1; exit 2"), Some((1, 2)));
    assert_eq!(end("trap 'exit 3' TERM; kill $$; sleep 1"), Some((0, 3)));
    let script = script("kill -SEGV $$").expect("understood");
    assert_eq!(script.run(None, false).and_then(|walk| walk.exit), Some((SimDuration::ZERO, 139)));
}

#[test]
fn a_loop_that_never_waits_takes_a_core() {
    let busy = |text| script(text).and_then(|script| script.run(None, true)).map(|walk| walk.busy);
    assert_eq!(busy("while true; do :; done"), Some(true));
    assert_eq!(busy("yes > /dev/null"), Some(true));
    assert_eq!(busy("while true; do sleep 1; done"), Some(false));
}

#[test]
fn what_is_not_known_is_not_guessed() {
    for text in [
        "nginx -g 'daemon off;'",
        "sleep 5; ./server",
        "cat /config/a && exit 1",
        "curl -f localhost || exit 1",
        "x=$(curl a); exit $x",
        "case $1 in a) exit 1;; esac",
        "i=0; while true; do i=$((i+1)); done",
    ] {
        assert_eq!(script(text), None, "{text:?} is understood");
    }
    let shared = Knowledge { mounts: vec!["/tmp".to_owned()], ..Knowledge::default() };
    assert_eq!(understood(&["sh", "-c", "touch /tmp/ready; sleep 9"], shared), None);
    assert_eq!(understood(&["java", "-jar", "x.jar"], Knowledge::default()), None);
}

#[test]
fn a_hook_may_run_programs_that_are_not_known() {
    let end = |words: &[&str]| {
        let script = Script::of_exec(words, Knowledge::default())?;
        script.run_among(&BTreeMap::new())?.exit
    };
    assert_eq!(end(&["sh", "-c", "sleep 10; nginx -s quit"]), Some((seconds(10), 0)));
    assert_eq!(end(&["/bin/sleep", "1.5"]), Some((SimDuration::from_millis(1500), 0)));
    assert_eq!(end(&["sh", "-c", "curl -f localhost || exit 1"]), Some((SimDuration::ZERO, 0)));
    assert_eq!(end(&["/bin/false"]), Some((SimDuration::ZERO, 1)));
}

#[test]
fn systems_without_a_command_end_at_once() {
    let exit =
        |image| Script::of_bare_image(image).map(|script| script.run(None, true).expect("understood").exit);
    assert_eq!(exit("busybox"), Some(Some((SimDuration::ZERO, 0))));
    assert_eq!(exit("docker.io/library/ubuntu:24.04"), Some(Some((SimDuration::ZERO, 0))));
    assert_eq!(exit("localhost:5000/alpine"), None);
    assert_eq!(exit("nginx:1.25"), None);
}
