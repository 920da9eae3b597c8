//! The pages of workloads and autoscalers.

use super::cluster::cluster;

fn check(line: &str, expected: &str) {
    assert_eq!(cluster().out(line), expected, "{line}");
}

#[test]
fn deploy_web() {
    check(
        "describe deploy web",
        r"Name:                   web
Namespace:              default
CreationTimestamp:      Wed, 01 Jan 2025 09:00:00 +0000
Labels:                 <none>
Annotations:            <none>
Selector:               app=web
Replicas:               3 desired | 2 updated | 4 total | 2 available | 2 unavailable
StrategyType:           RollingUpdate
MinReadySeconds:        0
RollingUpdateStrategy:  25% max unavailable, 1 max surge
Pod Template:
  Labels:           app=web
  Service Account:  default
  Containers:
   app:
    Image:       web:1
    Ports:       8080/TCP, 9090/TCP
    Host Ports:  0/TCP, 9091/TCP
    Args:
      -v
    Limits:
      memory:  256Mi
    Requests:
      cpu:      250m
      memory:   128Mi
    Liveness:   http-get http://:8080/healthz delay=5s timeout=1s period=10s #success=1 #failure=3
    Readiness:  tcp-socket :8080 delay=0s timeout=1s period=5s #success=1 #failure=3
    Environment:
      MODE:  fast
      POD:    (v1:metadata.name)
      KEY:   <set to the key 'k' in secret 's'>  Optional: false
    Mounts:
      /cfg from cfg (ro)
      /tmp from tmp (rw)
  Volumes:
   tmp:
    Type:       EmptyDir (a temporary directory that shares a pod's lifetime)
    Medium:     
    SizeLimit:  <unset>
   cfg:
    Type:          ConfigMap (a volume populated by a ConfigMap)
    Name:          c
    Optional:      false
  Node-Selectors:  disk=ssd
  Tolerations:     <none>
Conditions:
  Type           Status  Reason
  ----           ------  ------
  Available      True    MinimumReplicasAvailable
  Progressing    True    ReplicaSetUpdated
OldReplicaSets:  web-4c (2/2 replicas created)
NewReplicaSet:   web-5d (2/2 replicas created)
Events:          <none>
",
    );
}

#[test]
fn rs_web_5d() {
    check(
        "describe rs web-5d",
        r"Name:           web-5d
Namespace:      default
Selector:       app=web,pod-template-hash=5d
Labels:         app=web
Annotations:    <none>
Controlled By:  Deployment/web
Replicas:       2 current / 2 desired
Pods Status:    1 Running / 1 Waiting / 0 Succeeded / 0 Failed
Pod Template:
  Labels:           app=web
                    pod-template-hash=5d
  Service Account:  default
  Containers:
   app:
    Image:       web:1
    Ports:       8080/TCP, 9090/TCP
    Host Ports:  0/TCP, 9091/TCP
    Args:
      -v
    Limits:
      memory:  256Mi
    Requests:
      cpu:      250m
      memory:   128Mi
    Liveness:   http-get http://:8080/healthz delay=5s timeout=1s period=10s #success=1 #failure=3
    Readiness:  tcp-socket :8080 delay=0s timeout=1s period=5s #success=1 #failure=3
    Environment:
      MODE:  fast
      POD:    (v1:metadata.name)
      KEY:   <set to the key 'k' in secret 's'>  Optional: false
    Mounts:
      /cfg from cfg (ro)
      /tmp from tmp (rw)
  Volumes:
   tmp:
    Type:       EmptyDir (a temporary directory that shares a pod's lifetime)
    Medium:     
    SizeLimit:  <unset>
   cfg:
    Type:          ConfigMap (a volume populated by a ConfigMap)
    Name:          c
    Optional:      false
  Node-Selectors:  disk=ssd
  Tolerations:     <none>
Conditions:
  Type             Status  Reason
  ----             ------  ------
  ReplicaFailure   True    FailedCreate
Events:            <none>
",
    );
}

#[test]
fn sts_db() {
    check(
        "describe sts db",
        r"Name:               db
Namespace:          default
CreationTimestamp:  Wed, 01 Jan 2025 09:00:00 +0000
Selector:           app=db
Labels:             <none>
Annotations:        <none>
Replicas:           3 desired | 2 total
Update Strategy:    RollingUpdate
  Partition:        1
Pods Status:        0 Running / 0 Waiting / 0 Succeeded / 0 Failed
Pod Template:
  Labels:  app=db
  Containers:
   c:
    Image:         x
    Port:          <none>
    Host Port:     <none>
    Environment:   <none>
    Mounts:        <none>
  Volumes:         <none>
  Node-Selectors:  <none>
  Tolerations:     <none>
Volume Claims:
  Name:          data
  StorageClass:  fast
  Labels:        <none>
  Annotations:   <none>
  Capacity:      1Gi
  Access Modes:  [ReadWriteOnce]
Events:          <none>
",
    );
}

#[test]
fn ds_agent() {
    check(
        "describe ds agent",
        r"Name:           agent
Namespace:      default
Selector:       app=db
Node-Selector:  <none>
Labels:         <none>
Annotations:    <none>
Desired Number of Nodes Scheduled: 3
Current Number of Nodes Scheduled: 2
Number of Nodes Scheduled with Up-to-date Pods: 1
Number of Nodes Scheduled with Available Pods: 0
Number of Nodes Misscheduled: 0
Pods Status:  0 Running / 0 Waiting / 0 Succeeded / 0 Failed
Pod Template:
  Labels:  app=db
  Containers:
   c:
    Image:         x
    Port:          <none>
    Host Port:     <none>
    Environment:   <none>
    Mounts:        <none>
  Volumes:         <none>
  Node-Selectors:  <none>
  Tolerations:     <none>
Events:            <none>
",
    );
}

#[test]
fn job_sum() {
    check(
        "describe job sum",
        r"Name:               sum
Namespace:          default
Selector:           
Labels:             <none>
Annotations:        <none>
Parallelism:        2
Completions:        5
Completion Mode:    Indexed
Backoff Limit:      6
Start Time:         Wed, 01 Jan 2025 09:10:00 +0000
Completed At:       Wed, 01 Jan 2025 09:15:00 +0000
Duration:           5m
Pods Statuses:      1 Active (0 Ready) / 3 Succeeded / 1 Failed
Completed Indexes:  0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,...
Pod Template:
  Labels:  app=db
  Containers:
   c:
    Image:         x
    Port:          <none>
    Host Port:     <none>
    Environment:   <none>
    Mounts:        <none>
  Volumes:         <none>
  Node-Selectors:  <none>
  Tolerations:     <none>
Events:            <none>
",
    );
}

#[test]
fn cronjob_tick() {
    check(
        "describe cronjob tick",
        r"Name:                          tick
Namespace:                     default
Labels:                        <none>
Annotations:                   <none>
Schedule:                      */5 * * * *
Concurrency Policy:            Allow
Suspend:                       False
Successful Job History Limit:  <unset>
Failed Job History Limit:      <unset>
Starting Deadline Seconds:     <unset>
Selector:                      <unset>
Parallelism:                   <unset>
Completions:                   <unset>
Pod Template:
  Labels:  app=db
  Containers:
   c:
    Image:           x
    Port:            <none>
    Host Port:       <none>
    Environment:     <none>
    Mounts:          <none>
  Volumes:           <none>
  Node-Selectors:    <none>
  Tolerations:       <none>
Last Schedule Time:  <unset>
Active Jobs:         tick-1
Events:              <none>
",
    );
}

#[test]
fn hpa_web() {
    check(
        "describe hpa web",
        r#"Name:                                                  web
Namespace:                                             default
Labels:                                                <none>
Annotations:                                           <none>
CreationTimestamp:                                     Wed, 01 Jan 2025 09:00:00 +0000
Reference:                                             Deployment/web
Metrics:                                               ( current / target )
  resource cpu on pods  (as a percentage of request):  80% (200m) / 50%
  "rps" on pods:                                       <unknown> / 10
Min replicas:                                          2
Max replicas:                                          10
Behavior:
  Scale Up:
    Stabilization Window: 0 seconds
    Select Policy: Max
    Policies:
      - Type: Pods  Value: 4  Period: 15 seconds
Deployment pods:    3 current / 4 desired
Conditions:
  Type         Status  Reason            Message
  ----         ------  ------            -------
  AbleToScale  True    ReadyForNewScale  recommended size matches
Events:        <none>
"#,
    );
}
