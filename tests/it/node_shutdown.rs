//! Graceful node shutdown (`spec` node 7.4, D4).

use super::timeline::{Case, case};

const SHOWN: &[&str] = &["SIG", "exit", "phase Failed", "event Shutdown", "node Ready", "start"];

fn shutdown(web: &str) -> Case {
    let body = format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: web}}\nspec: {{containers: [{{name: web, image: \"web:1\"}}]}}\n---\n\
         apiVersion: v1\nkind: Pod\nmetadata: {{name: cni}}\nspec: {{priorityClassName: system-node-critical, containers: \
         [{{name: cni, image: \"cni:1\"}}]}}\n---\n\
         apiVersion: shakedown.sim/v1alpha1\nkind: AppModel\nmetadata: {{name: web}}\nspec: {{match: {{image: \"web:1\"}}, \
         onSigterm: {web}}}\n---\n\
         apiVersion: shakedown.sim/v1alpha1\nkind: AppModel\nmetadata: {{name: cni}}\nspec: {{match: {{image: \"cni:1\"}}, \
         onSigterm: {{exitAfter: 1s}}}}\n"
    );
    case(120, body)
        .settings("{shutdownGracePeriod: 30s, shutdownGracePeriodCriticalPods: 10s}")
        .steps("[{at: 10s, fault: {nodeReboot: {node: n-1, downFor: 45s}}}]")
}

#[test]
fn d4_critical_pods_have_the_last_ten_seconds() {
    shutdown("ignored").check(
        SHOWN,
        "0 start cni 0
         0 start web 0
         10 SIGTERM web
         10 event Shutdown x1 Shutdown manager detected shutdown event
         10 node Ready False node is shutting down
         30 SIGKILL web
         30 exit web 137 Error
         30 SIGTERM cni
         31 exit cni 0 Completed
         31 phase Failed Terminated
         32 phase Failed Terminated
         78 node Ready True kubelet is posting ready status",
    );
}

#[test]
fn d4_a_group_that_is_done_early_makes_room_for_the_next() {
    shutdown("{exitAfter: 3s}").check(
        &["SIG", "exit", "start"],
        "0 start cni 0
         0 start web 0
         10 SIGTERM web
         13 exit web 0 Completed
         13 SIGTERM cni
         14 exit cni 0 Completed",
    );
}

#[test]
fn without_a_grace_period_the_power_goes_at_once_and_the_pods_come_back() {
    shutdown("ignored").settings("{}").check(
        &["SIG", "phase Failed", "start", "node Ready"],
        "0 start cni 0
         0 start web 0
         55 start cni 1
         55 start web 1",
    );
}
