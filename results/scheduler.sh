#!/bin/sh
# Measures how many pods a second the scheduler places and writes results/scheduler.md.
set -eu
cd "$(dirname "$0")/.."
figures=$(cargo bench --quiet --bench scheduler | awk '{ printf "| %d | %s | %d | %d | %d |\n", $1, $2, $3, $4, $5 }')
{
    cat <<'TEXT'
# How many pods the scheduler places

Written by `sh results/scheduler.sh`; do not edit. Pods a second of processor time on one core, through the whole decision
engine with the default plugins (`cargo bench --bench scheduler`, which also describes the workload), best of five passes.
Goals at 5,000 nodes: 20,000 with default sampling, 5,000 when every node is scored. The real scheduler's algorithm, measured
in its own process on two cores, places about 310 pods a second at 5,000 nodes and 420 at 1,000.

TEXT
    echo "Machine: $(sed -n 's/^model name[^:]*: *//p' /proc/cpuinfo | head -n 1), $(nproc) processors; $(rustc --version | cut -d' ' -f1-2)."
    cat <<'TEXT'

| nodes | percentageOfNodesToScore | nodes scored | pods a second | ns a node scored |
|---:|---|---:|---:|---:|
TEXT
    echo "$figures"
} > results/scheduler.md
