//! Eviction, the OOM killer of the machine, and limits on storage and processes (`spec` node 3.2, 5).

use super::timeline::case;

/// A pod `p` with one container `c`, and its program: the end of the pod's spec, of the container, and of the program.
macro_rules! program {
    ($pod:literal, $container:literal, $app:literal) => {
        concat!(
            "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {",
            $pod,
            "containers: [{name: c, image: \"app:1\"",
            $container,
            "}]}\n---\napiVersion: shakedown.sim/v1alpha1\nkind: AppModel\nmetadata: {name: app}\nspec: {match: ",
            "{image: \"app:1\"}, ",
            $app,
            "}\n"
        )
    };
}

const EVICTION: &[&str] =
    &["event Evict", "SIG", "exit", "phase Failed", "node ", "event SystemOOM", "start c"];

#[test]
fn r4_memory_runs_short_and_the_pod_is_evicted() {
    // The machine has 16Gi and 100Mi; from 23.0 on less than 100Mi are available.
    let body = program!("", "", "memory: {base: 16154Mi, growth: 10Mi/s}");
    case(400, body).check(
        EVICTION,
        "0 start c 0
         30 SIGTERM c
         30 exit c 143 Error
         30 event EvictionThresholdMet x1 Attempting to reclaim memory
         30 event Evicted x1 The node was low on resource: memory. Threshold quantity: 100Mi, available: 30Mi. Container c was using 16454Mi, request is 0, has larger consumption of memory.
         30 node MemoryPressure True kubelet has insufficient memory available
         31 phase Failed Evicted
         340 node MemoryPressure False kubelet has sufficient memory available",
    );
}

#[test]
fn r4_a_pod_that_ignores_sigterm_gets_two_seconds() {
    let body = program!("", "", "memory: {base: 16154Mi, growth: 10Mi/s}, onSigterm: ignored");
    case(60, body).check(
        &["SIG", "exit", "phase Failed"],
        "30 SIGTERM c\n32 SIGKILL c\n32 exit c 137 Error\n33 phase Failed Evicted",
    );
}

#[test]
fn r5_a_soft_threshold_waits_for_its_grace_but_the_condition_does_not() {
    let body = program!("", "", "memory: {base: 15961Mi, growth: 1Mi/s}");
    case(140, body).settings("{evictionSoftMemory: 500Mi, evictionSoftGracePeriod: 90s}").check(
        &["SIG", "event EvictionT", "phase Failed", "node "],
        "30 node MemoryPressure True kubelet has insufficient memory available
         120 SIGTERM c
         120 event EvictionThresholdMet x1 Attempting to reclaim memory
         121 phase Failed Evicted",
    );
}

#[test]
fn r7_an_empty_dir_past_its_limit() {
    let body = program!(
        "volumes: [{name: v, emptyDir: {sizeLimit: 1Gi}}], ",
        "",
        "disk: {growth: 1Gi/12s, volume: v}"
    );
    case(40, body).check(
        EVICTION,
        "0 start c 0
         20 SIGTERM c
         20 exit c 143 Error
         20 event Evicted x1 Usage of EmptyDir volume \"v\" exceeds the limit \"1Gi\".
         21 phase Failed Evicted",
    );
}

#[test]
fn an_empty_dir_keeps_what_is_in_it_when_the_container_restarts_and_the_writable_layer_does_not() {
    // 100Mi/s for 6 s at a time: the volume has 1200Mi at 12.0; the layer never has more than 600Mi.
    let volume = program!(
        "volumes: [{name: v, emptyDir: {sizeLimit: 1Gi}}], ",
        "",
        "disk: {growth: 100Mi/s, volume: v}, exits: {after: 6s, code: 0}"
    );
    case(40, volume).check(
        &["event Evicted"],
        "20 event Evicted x1 Usage of EmptyDir volume \"v\" exceeds the limit \"1Gi\".",
    );
    let layer = program!(
        "",
        ", resources: {limits: {ephemeral-storage: 1Gi}}",
        "disk: {growth: 100Mi/s}, exits: {after: 6s, code: 0}"
    );
    case(100, layer).check(&["event Evicted"], "");
}

#[test]
fn a_container_past_its_storage_limit() {
    let body = program!("", ", resources: {limits: {ephemeral-storage: 1Gi}}", "disk: {growth: 100Mi/s}");
    case(30, body).check(
        &["event Evicted", "phase Failed"],
        "20 event Evicted x1 Pod ephemeral local storage usage exceeds the total limit of containers 1Gi.
         21 phase Failed Evicted",
    );
}

#[test]
fn the_machine_is_out_of_memory_before_the_kubelet_looks() {
    // Used up at 20.98; the BestEffort pod has the highest score although the other one holds more.
    let body = "apiVersion: v1\nkind: Pod\nmetadata: {name: big}\nspec: {containers: [{name: big, image: \"big:1\", resources: \
                {limits: {cpu: 1, memory: 13Gi}}}]}\n---\n\
                apiVersion: shakedown.sim/v1alpha1\nkind: AppModel\nmetadata: {name: big}\nspec: {match: {image: \"big:1\"}, \
                memory: {base: 12Gi}}\n---\n\
                apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, image: \"app:1\"}]}\n---\n\
                apiVersion: shakedown.sim/v1alpha1\nkind: AppModel\nmetadata: {name: app}\nspec: {match: {image: \"app:1\"}, \
                memory: {growth: 200Mi/s}}\n";
    case(30, body).check(
        EVICTION,
        "0 start c 0
         20.98 exit c 137 OOMKilled
         20.98 event SystemOOM x1 System OOM encountered, victim process: c, pid: 1002
         21 start c 1",
    );
}

#[test]
fn process_ids_run_short() {
    let body = program!("", "", "pids: {growth: 1000/s}");
    case(60, body).settings("{evictionHardPid: 1000, nodePids: 32768}").check(
        &["event Evict", "phase Failed", "node PID"],
        "40 event EvictionThresholdMet x1 Attempting to reclaim pids
         40 event Evicted x1 The node was low on resource: pids. Threshold quantity: 1k, available: 0.
         40 node PIDPressure True kubelet has insufficient PID available
         41 phase Failed Evicted",
    );
    // A limit on the pod keeps it from taking all; nothing is killed.
    case(60, body)
        .settings("{evictionHardPid: 1000, nodePids: 32768, podPidsLimit: 1024}")
        .check(&["event Evict", "exit", "phase Failed", "node PID"], "");
}

#[test]
fn images_go_before_pods_when_the_disk_runs_short() {
    // 5Gi of an image that nobody needs any more; less than 15 % of 10Gi are available from 51.2 on.
    let body = "apiVersion: v1\nkind: Pod\nmetadata: {name: once}\nspec: {restartPolicy: Never, containers: [{name: once, image: \
                \"once:1\"}]}\n---\n\
                apiVersion: shakedown.sim/v1alpha1\nkind: AppModel\nmetadata: {name: once}\nspec: {match: {image: \"once:1\"}, \
                image: {size: 5Gi}, exits: {after: 1s, code: 0}}\n---\n\
                apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, image: \"app:1\"}]}\n---\n\
                apiVersion: shakedown.sim/v1alpha1\nkind: AppModel\nmetadata: {name: app}\nspec: {match: {image: \"app:1\"}, \
                image: {size: 1Gi}, disk: {base: 2Gi, growth: 10Mi/s}}\n";
    case(400, body).node("cpu: 4, memory: 16Gi, pods: 110, ephemeral-storage: 10Gi").check(
        &["event Evict", "node "],
        "60 event EvictionThresholdMet x1 Attempting to reclaim ephemeral-storage
         60 node DiskPressure True kubelet has disk pressure
         360 node DiskPressure False kubelet has no disk pressure",
    );
}

#[test]
fn unused_images_are_collected_when_the_disk_is_85_percent_full() {
    let body = "apiVersion: v1\nkind: Pod\nmetadata: {name: once}\nspec: {restartPolicy: Never, containers: [{name: once, image: \
                \"once:1\"}]}\n---\n\
                apiVersion: shakedown.sim/v1alpha1\nkind: AppModel\nmetadata: {name: once}\nspec: {match: {image: \"once:1\"}, \
                image: {size: 5Gi}, exits: {after: 1s, code: 0}}\n---\n\
                apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, image: \"app:1\"}]}\n---\n\
                apiVersion: shakedown.sim/v1alpha1\nkind: AppModel\nmetadata: {name: app}\nspec: {match: {image: \"app:1\"}, \
                image: {size: 1Gi}, disk: {base: 2Gi, growth: 10Mi/s}}\n";
    let settings = "{evictionHardNodefs: 0, evictionHardImagefs: 0}";
    let text = "Failed to garbage collect required amount of images. Attempted to free";
    let body = body.replace("growth: 10Mi/s", "growth: 3Mi/s");
    // 9372Mi are used at 2100: 1180Mi too much; 10272Mi at 2400.
    let expected = format!(
        "300 ImageDeleted once:1
         2100 event FreeDiskSpaceFailed x1 {text} 1237319680 bytes, but only found 0 bytes eligible to free.
         2400 event FreeDiskSpaceFailed x1 {text} 2181038080 bytes, but only found 0 bytes eligible to free.
         2400 event ImageGCFailed x1 {text} 2181038080 bytes, but only found 0 bytes eligible to free."
    );
    case(2500, body.as_str())
        .node("cpu: 4, memory: 16Gi, pods: 110, ephemeral-storage: 10Gi")
        .settings(settings)
        .check(&["event Free", "event Image", "node ", "ImageDeleted"], &expected);
}

#[test]
fn a_fault_takes_memory_from_outside_and_pods_go_one_after_another() {
    let body = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, image: \"app:1\"}]}\n---\n\
                apiVersion: v1\nkind: Pod\nmetadata: {name: q}\nspec: {containers: [{name: d, image: \"app:1\"}]}\n---\n\
                apiVersion: v1\nkind: Pod\nmetadata: {name: vital}\nspec: {priorityClassName: system-node-critical, containers: \
                [{name: v, image: \"app:1\"}]}\n---\n\
                apiVersion: shakedown.sim/v1alpha1\nkind: AppModel\nmetadata: {name: app}\nspec: {match: {image: \"app:1\"}, \
                memory: {base: 20Mi}}\n";
    // 50Mi are available, 100Mi are needed: 20Mi of one pod and 20Mi of the other are not enough.
    case(60, body).steps("[{at: 5s, for: 30s, fault: {pressure: {node: n-1, resource: memory}}}]").check(
        &["event EvictionT", "SIG", "phase Failed"],
        "10 SIGTERM c
         10 event EvictionThresholdMet x1 Attempting to reclaim memory
         11 SIGTERM d
         11 phase Failed Evicted
         11 event EvictionThresholdMet x2 Attempting to reclaim memory
         12 phase Failed Evicted
         12 event EvictionThresholdMet x3 Attempting to reclaim memory
         22 event EvictionThresholdMet x4 Attempting to reclaim memory
         32 event EvictionThresholdMet x5 Attempting to reclaim memory",
    );
}

#[test]
fn the_oom_killer_takes_a_child_if_it_takes_single_processes() {
    let body = program!(
        "",
        ", resources: {limits: {memory: 100Mi}}",
        "memory: {growth: 10Mi/s, inChild: true}, exits: {after: 25s, code: 1}"
    );
    case(26, body)
        .settings("{singleProcessOomKill: true}")
        .check(&["exit", "ChildKilled"], "10 ChildKilled c\n20 ChildKilled c\n25 exit c 1 OOMKilled");
    case(26, body).check(&["exit"], "10 exit c 137 OOMKilled\n20 exit c 137 OOMKilled");
}
