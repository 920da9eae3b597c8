//! Kinds that no component acts on (ConfigMaps, Secrets, roles, custom kinds): kept, named, counted, each for itself.

use crate::steps::in_turn;

const OBJECTS: &str = "
apiVersion: v1
kind: ConfigMap
metadata: {name: web, labels: {app: web}}
data: {colour: blue, shape: round}
---
apiVersion: v1
kind: Secret
metadata: {name: web, labels: {app: web}}
stringData: {password: correct horse}
---
apiVersion: example.com/v1
kind: Certificate
metadata: {name: web}
spec: {days: 90}
---
apiVersion: example.com/v1
kind: Backup
metadata: {name: web}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: web, namespace: team}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}
subjects: [{kind: ServiceAccount, name: web, namespace: team}]
---
apiVersion: v1
kind: ResourceQuota
metadata: {name: few, namespace: team}
spec: {hard: {configmaps: '1', count/secrets: '1'}}
";

fn kubectl(commands: &[&str]) -> Vec<String> {
    in_turn(commands, OBJECTS)
}

#[test]
fn one_name_serves_several_kinds() {
    let texts = kubectl(&[
        "get configmaps,secrets",
        "get secret web -o jsonpath={.data.password}",
        "delete secret web",
        "get cm web -o name",
        "get secret web",
        "label configmap web tier=front",
        "get cm -l tier=front,!missing --no-headers -o custom-columns=NAME:.metadata.name,COLOUR:.data.colour",
        "get rolebindings -n team -o wide",
        "describe cm web",
    ]);
    assert_eq!(
        texts[0],
        "NAME            DATA   AGE\nconfigmap/web   2      10s\n\nNAME         TYPE     DATA   AGE\n\
         secret/web   Opaque   1      10s"
    );
    assert_eq!(texts[1], "Y29ycmVjdCBob3JzZQ==");
    assert_eq!(texts[2], "secret \"web\" deleted from default namespace");
    assert_eq!(texts[3], "configmap/web");
    assert_eq!(texts[4], "Error from server (NotFound): secrets \"web\" not found");
    assert_eq!(texts[5], "configmap/web labeled");
    assert_eq!(texts[6], "web   blue");
    assert_eq!(
        texts[7],
        "NAME   ROLE          AGE   USERS   GROUPS   SERVICEACCOUNTS\nweb    Role/reader   17s                    team/web"
    );
    assert!(
        texts[8].starts_with("Name:         web\nNamespace:    default\nLabels:       app=web\n"),
        "{}",
        texts[8]
    );
    assert!(texts[8].contains("\nData\n====\ncolour:\n----\nblue\n\nshape:\n----\nround\n"), "{}", texts[8]);
}

#[test]
fn they_are_created_counted_and_go_with_their_namespace() {
    let texts = kubectl(&[
        "create configmap one -n team --from-literal=a=1 --from-literal=b=2",
        "create configmap two -n team",
        "create secret generic one -n team --from-literal=a=1 --type=example.com/own",
        "create secret generic two -n team",
        "create serviceaccount robot -n team",
        "get cm,secret,sa -n team",
        "delete namespace team",
        "get cm,secret,sa,rolebindings -n team",
        "create configmap three -n team",
    ]);
    let refused = |kind: &str, resource: &str, used: &str| {
        format!(
            "error: failed to create {kind}: {kind}s \"two\" is forbidden: exceeded quota: few, requested: {resource}=1, \
             used: {used}, limited: {resource}=1"
        )
    };
    assert_eq!(texts[0], "configmap/one created");
    assert_eq!(texts[1], refused("configmap", "configmaps", "configmaps=1"));
    assert_eq!(texts[2], "secret/one created");
    assert_eq!(texts[3], refused("secret", "count/secrets", "count/secrets=1"));
    assert_eq!(texts[4], "serviceaccount/robot created");
    assert!(texts[5].contains("secret/one   example.com/own   1"), "{}", texts[5]);
    assert_eq!(texts[6], "namespace \"team\" deleted");
    assert_eq!(texts[7], "No resources found in team namespace.");
    assert_eq!(texts[8], "error: failed to create configmap: namespaces \"team\" not found");
}

const SET: &str = "
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db, annotations: {kubernetes.io/change-cause: first}}
spec:
  replicas: 2
  serviceName: db
  revisionHistoryLimit: 1
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec: {terminationGracePeriodSeconds: 1, containers: [{name: c, image: 'example/db:1'}]}
";

#[test]
fn the_history_of_a_set_is_kept_in_revisions_and_undo_brings_an_old_template_back() {
    let revisions = "get controllerrevisions --no-headers --sort-by=.revision -o custom-columns=\
                     N:.revision,I:.data.spec.template.spec.containers[0].image";
    let wait = |_: u32| "get pods";
    let mut commands = vec!["set image sts/db c=example/db:2"];
    commands.extend((0..30).map(wait));
    commands.extend(["rollout history sts/db", revisions, "rollout undo sts/db"]);
    commands.extend((0..30).map(wait));
    commands.extend([revisions, "rollout undo sts/db --to-revision=9"]);
    commands.push("get sts db -o jsonpath={.spec.template.spec.containers[0].image}");
    let texts = in_turn(&commands, SET);
    assert_eq!(texts[31], "statefulset.apps/db \nREVISION  CHANGE-CAUSE\n1         first\n2         first");
    assert_eq!(texts[32], "1     example/db:1\n2     example/db:2");
    assert_eq!(texts[33], "statefulset.apps/db rolled back");
    assert_eq!(texts[64], "2     example/db:2\n3     example/db:1");
    assert_eq!(texts[65], "error: unable to find specified revision 9 in history");
    assert_eq!(texts[66], "example/db:1");
}
