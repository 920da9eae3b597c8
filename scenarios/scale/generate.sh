#!/bin/sh
# Writes one of the three big scenarios to standard output, at full size or at a fraction of it.
#
#   sh scenarios/scale/generate.sh start 1      # 5,000 nodes, 150,000 pods: created, scheduled and ready
#   sh scenarios/scale/generate.sh day 10       # a tenth of it, for 24 hours, with crashing programs and machines
#   sh scenarios/scale/generate.sh zone 100     # a hundredth of it; one of three zones is lost for an hour
set -eu
usage="usage: sh scenarios/scale/generate.sh start|day|zone [1|10|100]"
what=${1:?$usage}
fraction=${2:-1}
case $fraction in 1 | 10 | 100) ;; *) echo "$usage" >&2; exit 2 ;; esac

nodes=$((5000 / fraction))
workloads=$((300 / fraction))
replicas=500
# All clients together are as fast in proportion: every size takes the same virtual time.
qps=$((1000 / fraction))

case $what in
start) duration=10m ;;
day) duration=24h ;;
zone) duration=90m ;;
*) echo "$usage" >&2; exit 2 ;;
esac

cat <<YAML
apiVersion: shakedown.sim/v1alpha1
kind: Scenario
metadata: {name: scale-$what-$fraction}
spec:
  description: $nodes nodes and $((workloads * replicas)) pods, made by generate.sh $what $fraction.
  seed: 1
  duration: $duration
  kubernetes: "1.34"
  cluster:
    nodePools:
    - name: node
      count: $nodes
      zones: [a, b, c]
      allocatable: {cpu: "8", memory: 32Gi, pods: 110}
  settings: {kubeApiQps: $qps, kubeApiBurst: $qps, schedulerQps: $qps, schedulerBurst: $qps}
YAML

case $what in
day)
    # Twenty machines crash, one every 70 minutes, each for a quarter of an hour (at fractions: as many fewer).
    echo "  steps:"
    crashes=$((20 / fraction > 0 ? 20 / fraction : 1))
    for crash in $(seq 1 "$crashes"); do
        node=$((crash * nodes / (crashes + 1)))
        echo "  - at: $((crash * 1400 / crashes))m"
        echo "    fault: {nodeCrash: {node: node-$node, recoverAfter: 15m}}"
    done
    ;;
zone)
    cat <<YAML
  steps:
  - at: 15m
    fault: {zoneOutage: {zone: c, for: 1h}}
YAML
    ;;
esac

cat <<YAML
  expect:
YAML
for workload in 1 "$workloads"; do
    echo "  - {at: 9m, deployment: shop-$((workload % 10))/app-$workload, ready: $replicas, available: $replicas}"
done

cat <<YAML
---
apiVersion: shakedown.sim/v1alpha1
kind: AppModel
metadata: {name: app}
spec:
  match: {image: "example/app:*"}
  image: {size: 100Mi}
  startup: {after: 2s}
  http: {"/healthz": {latency: 2ms}, "/ready": {latency: 2ms}}
  onSigterm: {exitAfter: 1s, code: 0}
YAML
# One in a hundred a day.
[ "$what" = day ] && echo "  exits: [{after: {exponential: {mean: 2400h}}, code: 1}]"

for namespace in 0 1 2 3 4 5 6 7 8 9; do
    cat <<YAML
---
apiVersion: v1
kind: Namespace
metadata: {name: shop-$namespace}
YAML
done

for workload in $(seq 1 "$workloads"); do
    namespace=shop-$((workload % 10))
    cat <<YAML
---
apiVersion: v1
kind: Service
metadata: {name: app-$workload, namespace: $namespace}
spec:
  selector: {app: app-$workload}
  ports: [{port: 80, targetPort: http}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: app-$workload, namespace: $namespace}
spec:
  replicas: $replicas
  selector: {matchLabels: {app: app-$workload}}
  template:
    metadata: {labels: {app: app-$workload}}
    spec:
      containers:
      - name: app
        image: example/app:1.0
        ports: [{containerPort: 8080, name: http}]
        resources: {requests: {cpu: 100m, memory: 256Mi}}
        readinessProbe: {httpGet: {path: /ready, port: http}, periodSeconds: 10}
        livenessProbe: {httpGet: {path: /healthz, port: http}, periodSeconds: 10}
YAML
done
