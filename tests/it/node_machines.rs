//! Machines, kubelets and runtimes that fail: the worked timelines D1 to D3 and D5.

use super::timeline::case;

const WEB: &str =
    "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, image: app:1}]}\n";

#[test]
fn d1_a_stopped_kubelet_restarts_nothing_and_forgets_the_back_off() {
    let body = concat!(
        "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, image: app:1}]}\n---\n",
        "apiVersion: shakedown.sim/v1alpha1\nkind: AppModel\nmetadata: {name: app}\nspec: {match: {image: \"app:1\"}, \
         runs: [{for: 2300ms, code: 1}, {for: 2300ms, code: 1}, {for: forever}]}\n"
    );
    // In back-off until 15.3 when the kubelet stops; at once when it is back.
    case(60, body).steps("[{at: 10s, fault: {kubeletStop: {node: n-1, for: 30s}}}]").check(
        &["start", "exit", "node"],
        "0 start c 0\n2.3 exit c 1 Error\n3 start c 1\n5.3 exit c 1 Error\n40 start c 2",
    );
}

#[test]
fn d2_a_crashed_node_is_unknown_after_the_grace_period() {
    case(60, WEB)
        .steps("[{at: 4s, fault: {nodeCrash: {node: n-1}}}]")
        .check(&["node Ready"], "55 node Ready Unknown Kubelet stopped posting node status.");
    case(60, WEB)
        .version("1.31")
        .steps("[{at: 4s, fault: {nodeCrash: {node: n-1}}}]")
        .check(&["node Ready"], "45 node Ready Unknown Kubelet stopped posting node status.");
}

#[test]
fn d3_a_runtime_that_is_down_for_30_s_makes_the_node_not_ready() {
    case(80, WEB).steps("[{at: 10s, fault: {runtimeStop: {node: n-1, for: 45s}}}]").check(
        &["node Ready"],
        "40 node Ready False container runtime is down
         60 node Ready True kubelet is posting ready status",
    );
    case(80, WEB)
        .steps("[{at: 10s, fault: {runtimeStop: {node: n-1, for: 20s}}}]")
        .check(&["node Ready"], "");
}

#[test]
fn d5_after_a_quick_reboot_the_same_pods_start_again() {
    case(60, WEB).steps("[{at: 4s, fault: {nodeReboot: {node: n-1, downFor: 40s}}}]").check(
        &["start", "node", "phase", "ip"],
        "0 start c 0
         1 phase Running
         1 ip 10.244.0.2
         44 start c 1
         45 ip 10.244.0.3",
    );
}

#[test]
fn d3_after_three_minutes_the_relist_is_late_as_well() {
    let both = "[container runtime is down, PLEG is not healthy: pleg was last seen active 3m0s ago; threshold is 3m0s]";
    let expected = format!(
        "30 node Ready False container runtime is down
         180 message KubeletNotReady {both}
         210 node Ready True kubelet is posting ready status"
    );
    case(240, WEB)
        .steps("[{at: 0s, for: 205s, fault: {runtimeStop: {node: n-1}}}]")
        .check(&["node Ready", "message"], &expected);
}

#[test]
fn n1_without_its_pause_process_a_pod_gets_a_new_sandbox() {
    case(60, WEB).steps("[{at: 10200ms, fault: {sandboxKilled: {pod: p}}}]").check(
        &["start", "SIGTERM", "exit", "ip", "event SandboxChanged", "state c running"],
        "0 start c 0
         1 state c running 0
         1 ip 10.244.0.2
         11 SIGTERM c
         11 exit c 143 Error
         11 start c 1
         11 event SandboxChanged x1 Pod sandbox changed, it will be killed and re-created.
         12 state c running 1
         12 ip 10.244.0.3",
    );
}

#[test]
fn a_kubelet_that_starts_again_admits_its_pods_again() {
    let body = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, image: app:1}], affinity: \
                {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: \
                [{key: disk, operator: DoesNotExist}]}]}}}}\n";
    case(60, body)
        .steps(
            "[{at: 5s, kubectl: label node n-1 disk=hdd}, {at: 10s, for: 5s, fault: {kubeletStop: {node: n-1}}}]",
        )
        .check(
            &["SIGTERM", "exit", "phase", "event NodeAffinity"],
            "1 phase Running
             15 SIGTERM c
             15 exit c 143 Error
             15 event NodeAffinity x1 Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector
             16 phase Failed NodeAffinity",
        );
}

#[test]
fn a_kubelet_without_a_runtime_repeats_what_it_has_said() {
    // Cut off from 45 s on it is declared Unknown; back again it says that its runtime is down, as it still is.
    let steps = "[{at: 10s, fault: {runtimeStop: {node: n-1, for: 150s}}}, {at: 45s, fault: {partition: {between: \
                 [controlPlane, {node: n-1}], for: 70s}}}]";
    case(180, WEB).steps(steps).check(
        &["node Ready"],
        "40 node Ready False container runtime is down
         95 node Ready Unknown Kubelet stopped posting node status.
         115 node Ready False container runtime is down
         160 node Ready True kubelet is posting ready status",
    );
}

#[test]
fn without_a_network_plugin_pods_wait_and_those_that_run_run_on() {
    let message = "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin \
                   returns error: cni plugin not initialized";
    let steps = "[{at: 12s, fault: {networkPluginStop: {node: n-1, for: 20s}}}, {at: 22s, fault: {exit: {pod: default/p, code: 1}}}, \
                 {at: 22s, fault: {exit: {pod: default/h, code: 1}}}]";
    let body = format!(
        "{WEB}---\napiVersion: v1\nkind: Pod\nmetadata: {{name: h}}\nspec: {{hostNetwork: true, containers: [{{name: h, image: \
         \"h:1\"}}]}}\n"
    );
    // Seen at the checks at 15 and 35 s; the pod is tried once a second.
    case(50, body).steps(steps).check(
        &["start", "exit", "node Ready", "event NetworkNotReady x1 "],
        &format!(
            "0 start c 0
             0 start h 0
             20 node Ready False {message}
             22 exit c 1 Error
             22 exit h 1 Error
             22 start h 1
             22 event NetworkNotReady x1 network is not ready: {message}
             35.5 start c 1
             40 node Ready True kubelet is posting ready status"
        ),
    );
}
