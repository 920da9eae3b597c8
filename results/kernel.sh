#!/bin/sh
# Measures the kernel and writes the tables of results/kernel.md. Takes about five minutes, most of it compilation.
# Run it from anywhere on a quiet machine: sh results/kernel.sh
set -eu
cd "$(dirname "$0")/.."
figures=$(mktemp)
trap 'rm -f "$figures"' EXIT

cargo bench --quiet --bench kernel -- --output-format bencher | tee /dev/stderr | grep '^test ' > "$figures"
peers=$(cargo run --quiet --release --manifest-path benches/peers/Cargo.toml | tee /dev/stderr)

{
    cat <<'TEXT'
# How fast the kernel is

Written by `sh results/kernel.sh`; do not edit. Ratios compare figures of the same run on the same machine, so they say
more than the nanoseconds. Before anything is measured, both sides have to give the same events in the same order.

TEXT
    echo "Machine: $(sed -n 's/^model name[^:]*: *//p' /proc/cpuinfo | head -n 1), $(nproc) processors; $(rustc --version | cut -d' ' -f1-2)."
    cat <<'TEXT'

## The event queue beside a bare `BinaryHeap`

Nanoseconds of processor time for taking one event and scheduling the next one (`cargo bench --bench kernel`, which also
describes the workloads). The heap has neither handles nor cancellation, except in `timers`.

| workload | pending | queue | heap | heap / queue |
|---|---:|---:|---:|---:|
TEXT
    awk '{
        name = $0; sub(/^test /, "", name); sub(/ \.\.\. bench:.*/, "", name)
        nanos = $0; sub(/.*bench: */, "", nanos); sub(/ ns\/iter.*/, "", nanos); gsub(/,/, "", nanos)
        split(name, part, "/")
        row = part[1] " | " part[3]
        if (part[2] == "queue") order[++rows] = row
        figure[row, part[2]] = nanos / 1000 # One iteration is 1,000 events.
    } END {
        for (i = 1; i <= rows; i++) {
            queue = figure[order[i], "queue"]; heap = figure[order[i], "heap"]
            printf "| %s | %.0f | %.0f | %.1f |\n", order[i], queue, heap, heap / queue
        }
    }' "$figures"
    cat <<'TEXT'

## Beside other simulation kernels

The same three workloads through the whole run loop of each kernel (`benches/peers`), in nanoseconds of processor time
for one event, best of five. simcore boxes its events and orders them by a float; NeXosim runs asynchronous models, here
on one thread.

TEXT
    echo "$peers"
} > results/kernel.md
