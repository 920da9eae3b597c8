//! ConfigMaps and Secrets that pods name: in their environment and in their volumes (`spec` node 2.1, 2.7, 8.1).

use super::timeline::{Case, case};

/// Pod `p` with a container `c` that has these fields, and a pod that has these.
fn pod(container: &str, spec: &str) -> Case {
    case(
        40,
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: p}}\nspec: {{containers: [{{name: c, image: \"app:1\", {container}}}]{spec}}}\n"
        ),
    )
}

/// A step that creates an object at so many seconds.
fn create(at: u64, kind: &str, content: &str) -> String {
    format!("{{at: {at}s, apply: {{apiVersion: v1, kind: {kind}, metadata: {{name: x}}, {content}}}}}")
}

fn steps(steps: &[String]) -> &'static str {
    Box::leak(format!("[{}]", steps.join(", ")).into_boxed_str())
}

const SHOWN: &[&str] = &["start", "exit", "state", "event Failed"];
const ENV: &str = "env: [{name: A, valueFrom: {configMapKeyRef: {name: x, key: k}}}]";

#[test]
fn a_missing_config_map_keeps_a_container_from_being_created() {
    pod(ENV, "").steps(steps(&[create(15, "ConfigMap", "data: {k: v}")])).check(
        SHOWN,
        "0 state c ContainerCreating 0
         0 event Failed x1 Error: configmap \"x\" not found
         1 state c CreateContainerConfigError 0
         1 event Failed x2 Error: configmap \"x\" not found
         11.5 event Failed x3 Error: configmap \"x\" not found
         22.5 start c 0
         23 state c running 0",
    );
}

#[test]
fn a_missing_key_is_named() {
    let steps = || {
        steps(&[create(0, "ConfigMap", "data: {other: v}"), create(0, "Secret", "stringData: {other: v}")])
    };
    let event = &["event Failed x1"];
    pod(ENV, "")
        .steps(steps())
        .check(event, "0 event Failed x1 Error: couldn't find key k in ConfigMap default/x");
    let secret = "env: [{name: A, valueFrom: {secretKeyRef: {name: x, key: k}}}]";
    pod(secret, "")
        .steps(steps())
        .check(event, "0 event Failed x1 Error: couldn't find key k in Secret default/x");
    // The whole of it has no keys that could be missing.
    pod("envFrom: [{secretRef: {name: x}}]", "")
        .steps(steps())
        .check(&["event Failed", "start"], "0 start c 0");
    pod("envFrom: [{secretRef: {name: z}}]", "")
        .steps(steps())
        .check(event, "0 event Failed x1 Error: secret \"z\" not found");
}

#[test]
fn what_is_optional_may_be_missing() {
    let container = "envFrom: [{configMapRef: {name: x, optional: true}}], env: [{name: A, valueFrom: {secretKeyRef: {name: \
                     x, key: k, optional: true}}}], volumeMounts: [{name: v, mountPath: /v}]";
    let volumes = ", volumes: [{name: v, secret: {secretName: x, optional: true}}]";
    pod(container, volumes).check(&["event Failed", "start"], "0 start c 0");
}

const MOUNT: &str = "volumeMounts: [{name: v, mountPath: /v}]";
const VOLUME: &str = ", volumes: [{name: v, configMap: {name: x}}]";

#[test]
fn a_missing_volume_is_tried_again_with_a_back_off() {
    // 0.5, 1, 2, 4, 8 s after the attempt before; the pod starts with the first that succeeds.
    pod(MOUNT, VOLUME).steps(steps(&[create(8, "ConfigMap", "data: {k: v}")])).check(
        &["start", "state", "event FailedMount"],
        "0 state c ContainerCreating 0
         0 event FailedMount x1 MountVolume.SetUp failed for volume \"v\" : configmap \"x\" not found
         0.5 event FailedMount x2 MountVolume.SetUp failed for volume \"v\" : configmap \"x\" not found
         1.5 event FailedMount x3 MountVolume.SetUp failed for volume \"v\" : configmap \"x\" not found
         3.5 event FailedMount x4 MountVolume.SetUp failed for volume \"v\" : configmap \"x\" not found
         7.5 event FailedMount x5 MountVolume.SetUp failed for volume \"v\" : configmap \"x\" not found
         15.5 start c 0
         16 state c running 0",
    );
}

#[test]
fn a_volume_may_lack_keys() {
    let volume = ", volumes: [{name: v, projected: {sources: [{configMap: {name: x, items: [{key: k, path: k}]}}, {secret: \
                  {name: z}}]}}]";
    pod(MOUNT, volume).steps(steps(&[create(0, "ConfigMap", "data: {other: v}")])).check(
        &["event FailedMount x1", "start"],
        "0 event FailedMount x1 MountVolume.SetUp failed for volume \"v\" : [references non-existent config key: k, secret \
         \"z\" not found]",
    );
    // Nobody mounts it; and every namespace has the certificate of its API server.
    pod("", VOLUME).check(&["event FailedMount", "start"], "0 start c 0");
    let root = ", volumes: [{name: v, configMap: {name: kube-root-ca.crt}}]";
    pod(MOUNT, root).check(&["event FailedMount", "start"], "0 start c 0");
}

#[test]
fn old_kubelets_say_that_they_have_waited() {
    let wait = Case::run;
    let said = |version: &'static str| {
        let case = pod(MOUNT, VOLUME).lasts(300).version(version);
        let lines = super::timeline::lines(&wait(&case));
        let unable = lines.into_iter().filter(|(_, what)| what.contains("Unable to attach"));
        unable.map(|(at, what)| format!("{at} {what}")).collect::<Vec<_>>()
    };
    let text = "Unable to attach or mount volumes: unmounted volumes=[v], unattached volumes=[v]: timed out waiting for the \
                condition";
    // 2m3s for each sync, and 10 s with the next tick between two.
    assert_eq!(
        said("1.20"),
        [format!("123 event FailedMount x1 {text}"), format!("256.5 event FailedMount x2 {text}")]
    );
    assert!(said("1.34").is_empty());
}

#[test]
fn what_is_deleted_is_missed_at_the_next_start_only() {
    let delete = |at: u64| format!("{{at: {at}s, kubectl: delete configmap x}}");
    let exit = "{at: 20s, fault: {exit: {pod: default/p, code: 1}}}".to_owned();
    let all = steps(&[create(0, "ConfigMap", "data: {k: v}"), delete(5), exit]);
    pod(ENV, "").steps(all).check(
        SHOWN,
        "0 start c 0
         0 state c ContainerCreating 0
         1 state c running 0
         20 exit c 1 Error
         20 state c terminated 1 Error 0
         20 event Failed x1 Error: configmap \"x\" not found
         30.5 state c CreateContainerConfigError 0
         30.5 event Failed x2 Error: configmap \"x\" not found",
    );
    // A volume that is set up stays; the next sync without cause says that it cannot be renewed.
    pod(MOUNT, VOLUME).lasts(70).steps(all).check(
        &["start", "exit", "event FailedMount x1"],
        "0 start c 0
         20 exit c 1 Error
         20 start c 1
         20 event FailedMount x1 MountVolume.SetUp failed for volume \"v\" : configmap \"x\" not found",
    );
}

#[test]
fn a_kubelet_that_is_cut_off_knows_what_it_has_heard() {
    let cut = "{at: 3s, fault: {partition: {between: [controlPlane, {node: n-1}], for: 20s}}}".to_owned();
    let exit = "{at: 10s, fault: {exit: {pod: default/p, code: 1}}}".to_owned();
    let all = [
        create(0, "ConfigMap", "data: {k: v}"),
        cut,
        "{at: 5s, kubectl: delete configmap x}".to_owned(),
        exit,
    ];
    pod(ENV, "").steps(steps(&all)).check(&["start", "exit"], "0 start c 0\n10 exit c 1 Error\n10 start c 1");
    // Once it hears of the deletion the next start fails.
    let later = "{at: 30s, fault: {exit: {pod: default/p, code: 1}}}".to_owned();
    let all = steps(&[&all[..3], &[later]].concat());
    pod(ENV, "").steps(all).check(&["start", "exit"], "0 start c 0\n30 exit c 1 Error");
}

#[test]
fn a_container_that_must_not_run_as_root_is_not_created() {
    let context = "securityContext: {runAsNonRoot: true, runAsUser: 0}";
    let starts = |case: Case| {
        let lines = super::timeline::lines(&case.run());
        let told =
            lines.into_iter().find(|(_, what)| what.starts_with("event Failed") || what.starts_with("start"));
        let (_, what) = told.unwrap_or_default();
        // Without the identity of the pod.
        what.split(" (pod").next().unwrap_or_default().to_owned()
    };
    assert_eq!(
        starts(pod(context, "")),
        "event Failed x1 Error: container's runAsUser breaks non-root policy"
    );
    assert_eq!(starts(pod("securityContext: {runAsNonRoot: true}", "")), "start c 0");
    let image = |user: &str| {
        let app = format!(
            ", securityContext: {{runAsNonRoot: true}}}}\n---\napiVersion: shakedown.sim/v1alpha1\nkind: AppModel\nmetadata: \
             {{name: app}}\nspec: {{match: {{image: \"app:1\"}}, image: {{user: {user}}}"
        );
        starts(pod("", &app))
    };
    assert_eq!(image("0"), "event Failed x1 Error: container has runAsNonRoot and image will run as root");
    assert_eq!(
        image("nginx"),
        "event Failed x1 Error: container has runAsNonRoot and image has non-numeric user (nginx), cannot verify user is \
         non-root"
    );
    assert_eq!(image("\"1000\""), "start c 0");
}

#[test]
fn a_refused_pull_says_why_it_is_put_off() {
    use shakedown::trace::Detail;
    let body = ", restartPolicy: Always}\n---\napiVersion: shakedown.sim/v1alpha1\nkind: AppModel\nmetadata: {name: \
                app}\nspec: {match: {image: \"app:1\"}, image: {missing: true}";
    let message = |version: &'static str| {
        let records = pod("", body).version(version).run();
        let waiting = records.iter().find_map(|record| {
            let Detail::Commit(commit) = &record.detail else { return None };
            let shakedown::api::Object::Pod(pod) = &commit.new else { return None };
            let waiting = pod.status.container_statuses.first()?.state.waiting.clone()?;
            (waiting.reason.as_deref() == Some("ImagePullBackOff")).then_some(waiting.message?)
        });
        waiting.unwrap().to_string()
    };
    assert_eq!(message("1.31"), "Back-off pulling image \"app:1\"");
    assert!(
        message("1.34")
            .starts_with("Back-off pulling image \"app:1\": ErrImagePull: rpc error: code = NotFound")
    );
}
