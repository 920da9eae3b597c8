//! Exit codes and signals: the worked timelines E1 to E5.

use super::timeline::{Case, case};

/// Pod `p` with a program that does `$program`.
macro_rules! program {
    ($program:literal) => {
        concat!(
            "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, image: app:1, resources: \
             {limits: {memory: 100Mi}}}]}\n---\napiVersion: shakedown.sim/v1alpha1\nkind: AppModel\nmetadata: {name: \
             app}\nspec: {match: {image: \"app:1\"}, ",
            $program,
            "}\n"
        )
    };
}

fn stubborn() -> Case {
    case(60, program!("onSigterm: ignored"))
}

const STOP: &[&str] = &["SIG", "exit", "removed"];

#[test]
fn e1_without_a_handler_pid_1_lives_until_sigkill() {
    stubborn().delete(5, 30).check(STOP, "5 SIGTERM c\n35 SIGKILL c\n35 exit c 137 Error\n36 removed");
}

#[test]
fn e2_with_an_init_process_the_default_action_applies() {
    let body = program!("onSigterm: {code: 143}");
    case(10, body).delete(5, 30).check(STOP, "5 SIGTERM c\n5 exit c 143 Error\n6 removed");
}

#[test]
fn e3_the_grace_may_be_shorter_but_not_below_two_seconds() {
    stubborn().delete(5, 5).check(STOP, "5 SIGTERM c\n10 SIGKILL c\n10 exit c 137 Error\n11 removed");
    stubborn().delete(5, 1).check(STOP, "5 SIGTERM c\n7 SIGKILL c\n7 exit c 137 Error\n8 removed");
    stubborn().delete(5, 0).check(STOP, "5 removed\n5 SIGTERM c\n7 SIGKILL c\n7 exit c 137 Error");
}

#[test]
fn e4_a_second_deletion_may_shorten_the_grace() {
    stubborn()
        .delete(5, 30)
        .delete(15, 5)
        .check(STOP, "5 SIGTERM c\n15 SIGTERM c\n20 SIGKILL c\n20 exit c 137 Error\n21 removed");
    stubborn()
        .delete(5, 5)
        .delete(7, 30)
        .check(STOP, "5 SIGTERM c\n10 SIGKILL c\n10 exit c 137 Error\n11 removed");
}

#[test]
fn e4_also_while_a_pre_stop_hook_runs() {
    let body = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, image: app:1, lifecycle: \
                {preStop: {sleep: {seconds: 20}}}}]}\n---\napiVersion: shakedown.sim/v1alpha1\nkind: AppModel\n\
                metadata: {name: app}\nspec: {match: {image: \"app:1\"}, onSigterm: ignored}\n";
    // The kill is issued anew: the hook runs again, for at most the new grace.
    case(60, body)
        .delete(1, 30)
        .delete(11, 5)
        .check(STOP, "16 SIGTERM c\n18 SIGKILL c\n18 exit c 137 Error\n19 removed");
}

#[test]
fn e5_memory_past_the_limit() {
    let body = program!("memory: {growth: 10Mi/s}");
    case(31, body).check(
        &["start", "exit"],
        "0 start c 0
         10 exit c 137 OOMKilled
         10 start c 1
         20 exit c 137 OOMKilled
         30.5 start c 2",
    );
}

/// A pod whose program has no handler for the signal.
fn without_handler(pod: &str, app: &str) -> super::timeline::Case {
    let body = format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: p}}\nspec: {{{pod}containers: [{{name: c, image: \"app:1\"}}]}}\n---\n\
         apiVersion: shakedown.sim/v1alpha1\nkind: AppModel\nmetadata: {{name: app}}\nspec: {{match: {{image: \"app:1\"}}, \
         {app}onSigterm: unhandled}}\n"
    );
    case(60, body).delete(5, 30)
}

#[test]
fn e1_e2_a_signal_without_handler_does_nothing_to_pid_1_only() {
    let survives = "5 SIGTERM c\n35 SIGKILL c\n35 exit c 137 Error\n36 removed";
    without_handler("", "").check(STOP, survives);
    let dies = "5 SIGTERM c\n5 exit c 143 Error\n6 removed";
    without_handler("", "init: true, ").check(STOP, dies);
    without_handler("shareProcessNamespace: true, ", "").check(STOP, dies);
    // The image's own stop signal.
    let quit = "5 SIGQUIT c\n5 exit c 131 Error\n6 removed";
    let stop = &["SIG", "exit", "removed"];
    without_handler("", "init: true, image: {stopSignal: SIGQUIT}, ").check(stop, quit);
}
