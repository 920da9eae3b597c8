//! The pages of pods, nodes, Services and policies.

use super::cluster::cluster;

/// A pod with everything that a page of a pod can show.
const POD: &str = r#"Name:             web-5d-1
Namespace:        default
Priority:         1000
Service Account:  default
Node:             n1/172.18.0.3
Start Time:       Wed, 01 Jan 2025 09:00:01 +0000
Labels:           app=web
                  pod-template-hash=5d
Annotations:      note:
                    two
                    lines
                  short: hi
Status:           Running
IP:               10.1.0.5
IPs:
  IP:           10.1.0.5
Controlled By:  ReplicaSet/web-5d
Init Containers:
  init:
    Container ID:   
    Image:          i
    Image ID:       
    Port:           <none>
    Host Port:      <none>
    State:          Terminated
      Reason:       Completed
      Exit Code:    0
      Started:      Wed, 01 Jan 2025 09:00:02 +0000
      Finished:     Wed, 01 Jan 2025 09:00:04 +0000
    Ready:          True
    Restart Count:  0
    Requests:
      cpu:        2
    Environment:  <none>
    Mounts:       <none>
Containers:
  app:
    Container ID:  containerd://abc
    Image:         web:1
    Image ID:      
    Ports:         8080/TCP, 9090/TCP
    Host Ports:    0/TCP, 9091/TCP
    Args:
      -v
    State:          Waiting
      Reason:       CrashLoopBackOff
    Last State:     Terminated
      Reason:       OOMKilled
      Exit Code:    137
      Started:      Wed, 01 Jan 2025 09:50:00 +0000
      Finished:     Wed, 01 Jan 2025 09:55:00 +0000
    Ready:          False
    Restart Count:  3
    Limits:
      memory:  256Mi
    Requests:
      cpu:      250m
      memory:   128Mi
    Liveness:   http-get http://:8080/healthz delay=5s timeout=1s period=10s #success=1 #failure=3
    Readiness:  tcp-socket :8080 delay=0s timeout=1s period=5s #success=1 #failure=3
    Environment:
      MODE:  fast
      POD:   web-5d-1 (v1:metadata.name)
      KEY:   <set to the key 'k' in secret 's'>  Optional: false
    Mounts:
      /cfg from cfg (ro)
      /tmp from tmp (rw)
Conditions:
  Type          Status
  Initialized   True 
  Ready         False 
Volumes:
  tmp:
    Type:       EmptyDir (a temporary directory that shares a pod's lifetime)
    Medium:     
    SizeLimit:  <unset>
  cfg:
    Type:                     ConfigMap (a volume populated by a ConfigMap)
    Name:                     c
    Optional:                 false
QoS Class:                    Burstable
Node-Selectors:               disk=ssd
Tolerations:                  dedicated=gpu:NoSchedule
                              node.kubernetes.io/unreachable:NoExecute op=Exists for 300s
Topology Spread Constraints:  zone:DoNotSchedule when max skew 1 is exceeded for selector app=web
Events:
  Type     Reason   Age                From     Message
  ----     ------   ----               ----     -------
  Normal   Pulled   20m                kubelet  Container image "web:1" already present on machine
  Warning  BackOff  3m (x12 over 10m)  kubelet  Back-off restarting failed container app
"#;

fn check(line: &str, expected: &str) {
    assert_eq!(cluster().out(line), expected, "{line}");
}

#[test]
fn pod_web_5d_1() {
    check("describe pod web-5d-1", POD);
}

#[test]
fn pod_web_5d_2() {
    check(
        "describe pod web-5d-2",
        r"Name:                      web-5d-2
Namespace:                 default
Node:                      n1/
Labels:                    app=web
                           pod-template-hash=5d
Annotations:               <none>
Status:                    Terminating (lasts 10s)
Termination Grace Period:  30s
IP:                        
IPs:                       <none>
Controlled By:             ReplicaSet/web-5d
Containers:
  app:
    Image:      web:1
    Port:       <none>
    Host Port:  <none>
    Limits:
      cpu:              1500m
      example.com/gpu:  1
      memory:           1Gi
    Requests:
      cpu:              1
      example.com/gpu:  1
    Environment:        <none>
    Mounts:             <none>
Volumes:                <none>
QoS Class:              Burstable
Node-Selectors:         <none>
Tolerations:            <none>
Events:                 <none>
",
    );
}

#[test]
fn node_n1() {
    check(
        "describe node n1",
        r"Name:               n1
Roles:              worker
Labels:             node-role.kubernetes.io/worker=
Annotations:        <none>
CreationTimestamp:  Wed, 01 Jan 2025 09:00:00 +0000
Taints:             dedicated=gpu:NoExecute
                    node.kubernetes.io/unschedulable:NoSchedule
Unschedulable:      true
Lease:
  HolderIdentity:  n1
  AcquireTime:     <unset>
  RenewTime:       Wed, 01 Jan 2025 09:59:55 +0000
Conditions:
  Type             Status  LastHeartbeatTime                 LastTransitionTime                Reason                       Message
  ----             ------  -----------------                 ------------------                ------                       -------
  MemoryPressure   False   Wed, 01 Jan 2025 09:59:00 +0000   Wed, 01 Jan 2025 09:00:10 +0000   KubeletHasSufficientMemory   kubelet says so
  Ready            True    Wed, 01 Jan 2025 09:59:00 +0000   Wed, 01 Jan 2025 09:00:10 +0000   KubeletReady                 kubelet says so
Addresses:
  InternalIP:  172.18.0.3
Capacity:
  cpu:              4
  example.com/gpu:  2
  memory:           16Gi
  pods:             110
Allocatable:
  cpu:              3800m
  example.com/gpu:  2
  memory:           15Gi
  pods:             110
System Info:
  Machine ID:                 m
  System UUID:                
  Boot ID:                    
  Kernel Version:             6.1
  OS Image:                   Debian
  Operating System:           linux
  Architecture:               amd64
  Container Runtime Version:  containerd://2.1
  Kubelet Version:            v1.34.1
  Kube-Proxy Version:         
PodCIDR:                      10.1.0.0/24
PodCIDRs:                     10.1.0.0/24
Non-terminated Pods:          (2 in total)
  Namespace                   Name        CPU Requests  CPU Limits   Memory Requests  Memory Limits  Age
  ---------                   ----        ------------  ----------   ---------------  -------------  ---
  default                     web-5d-1    2 (52%)       0 (0%)       128Mi (0%)       256Mi (1%)     60m
  default                     web-5d-2    1 (26%)       1500m (39%)  0 (0%)           1Gi (6%)       60m
Allocated resources:
  (Total limits may be over 100 percent, i.e., overcommitted.)
  Resource           Requests    Limits
  --------           --------    ------
  cpu                3 (78%)     1500m (39%)
  memory             128Mi (0%)  1280Mi (8%)
  ephemeral-storage  0 (0%)      0 (0%)
  example.com/gpu    1           1
Events:
  Type    Reason  Age   From     Message
  ----    ------  ----  ----     -------
  Normal  Pulled  59m   kubelet  Node n1 status is now: NodeReady
",
    );
}

#[test]
fn svc_web() {
    check(
        "describe svc web",
        r"Name:                     web
Namespace:                default
Labels:                   <none>
Annotations:              <none>
Selector:                 app=web
Type:                     NodePort
IP Family Policy:         SingleStack
IP Families:              IPv4
IP:                       10.96.0.10
IPs:                      10.96.0.10
Port:                     http  80/TCP
TargetPort:               http/TCP
NodePort:                 http  30080/TCP
Endpoints:                10.1.0.5:8080,10.1.0.7:8080,10.1.0.8:8080 + 1 more...
Port:                     tls  443/TCP
TargetPort:               443/TCP
Endpoints:                
Session Affinity:         None
Internal Traffic Policy:  Cluster
Events:                   <none>
",
    );
}

#[test]
fn endpointslice_web_x() {
    check(
        "describe endpointslice web-x",
        r"Name:         web-x
Namespace:    default
Labels:       kubernetes.io/service-name=web
Annotations:  <none>
AddressType:  IPv4
Ports:
  Name  Port  Protocol
  ----  ----  --------
  http  8080  TCP
Endpoints:
  - Addresses:  10.1.0.5
    Conditions:
      Ready:    true
    Hostname:   <unset>
    NodeName:   n1
    Zone:       <unset>
  - Addresses:  10.1.0.6
    Conditions:
      Ready:    false
    Hostname:   <unset>
    NodeName:   n1
    Zone:       <unset>
  - Addresses:  10.1.0.7
    Conditions:
      Ready:    true
    Hostname:   <unset>
    NodeName:   n1
    Zone:       <unset>
  - Addresses:  10.1.0.8
    Conditions:
      Ready:    true
    Hostname:   <unset>
    NodeName:   n1
    Zone:       <unset>
  - Addresses:  10.1.0.9
    Conditions:
      Ready:   true
    Hostname:  <unset>
    NodeName:  n1
    Zone:      <unset>
Events:        <none>
",
    );
}

#[test]
fn ep_web() {
    check(
        "describe ep web",
        r"Name:         web
Namespace:    default
Labels:       <none>
Annotations:  <none>
Subsets:
  Addresses:          10.1.0.5
  NotReadyAddresses:  10.1.0.6
  Ports:
    Name  Port  Protocol
    ----  ----  --------
    http  8080  TCP

Events:  <none>
",
    );
}

#[test]
fn pdb_web() {
    check(
        "describe pdb web",
        r"Name:           web
Namespace:      default
Min available:  2
Selector:       app=web
Status:
    Allowed disruptions:  1
    Current:              3
    Desired:              2
    Total:                3
Events:                   <none>
",
    );
}

#[test]
fn ns_default() {
    check(
        "describe ns default",
        r"Name:         default
Labels:       <none>
Annotations:  <none>
Status:       Active

Resource Quotas
  Name:    q
  Scopes:  BestEffort
  * Matches all pods that do not have resource requirements set. These pods have a best effort quality of service.
  Resource      Used  Hard
  --------      ---   ---
  pods          1     5
  requests.cpu  0     2

Resource Limits
 Type       Resource  Min  Max  Default Request  Default Limit  Max Limit/Request Ratio
 ----       --------  ---  ---  ---------------  -------------  -----------------------
 Container  cpu       -    2    200m             -              -
",
    );
}

#[test]
fn quota_q() {
    check(
        "describe quota q",
        r"Name:       q
Namespace:  default
Scopes:     BestEffort
 * Matches all pods that do not have resource requirements set. These pods have a best effort quality of service.
Resource      Used  Hard
--------      ----  ----
pods          1     5
requests.cpu  0     2
",
    );
}

#[test]
fn limits_l() {
    check(
        "describe limits l",
        r"Name:       l
Namespace:  default
Type        Resource  Min  Max  Default Request  Default Limit  Max Limit/Request Ratio
----        --------  ---  ---  ---------------  -------------  -----------------------
Container   cpu       -    2    200m             -              -
",
    );
}

#[test]
fn pc_high() {
    check(
        "describe pc high",
        r"Name:              high
Value:             1000
GlobalDefault:     false
PreemptionPolicy:  PreemptLowerPriority
Description:       important
Annotations:       <none>
Events:            <none>
",
    );
}

#[test]
fn lease_n1() {
    check(
        "describe lease n1 -n kube-node-lease",
        r"Name:         n1
Namespace:    kube-node-lease
Labels:       <none>
Annotations:  <none>
API Version:  coordination.k8s.io/v1
Kind:         Lease
Metadata:
  Creation Timestamp:  2025-01-01T09:00:00Z
Spec:
  Holder Identity:         n1
  Lease Duration Seconds:  40
  Renew Time:              2025-01-01T09:59:55.500000Z
Events:                    <none>
",
    );
}
