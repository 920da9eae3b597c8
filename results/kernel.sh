#!/bin/sh
# Measures the kernel and writes the tables of results/kernel.md. Takes about four minutes, most of it compilation.
# Run it from anywhere on a quiet machine: sh results/kernel.sh
set -eu
cd "$(dirname "$0")/.."
samples="${CARGO_TARGET_DIR:-target}/criterion"

rm -rf "$samples/hold" "$samples/timers" "$samples/in step" "$samples/ping-pong"
cargo bench --quiet --bench kernel -- --output-format bencher >&2
peers=$(cargo run --quiet --release --manifest-path benches/peers/Cargo.toml | tee /dev/stderr)

# best FILE: the nanoseconds for one event in the fastest sample. An iteration is a thousand events.
best() {
    tr -d '\n' < "$1" | sed 's/.*"iters":\[\([^]]*\)\],"times":\[\([^]]*\)\].*/\1 \2/' | awk '{
        n = split($1, iterations, ","); split($2, times, ",")
        for (i = 1; i <= n; i++) { t = times[i] / iterations[i] / 1000; if (i == 1 || t < best) best = t }
        print best
    }'
}

# row WORKLOAD PENDING: a line of the first table.
row() {
    queue=$(best "$samples/$1/queue_$2/new/sample.json")
    heap=$(best "$samples/$1/heap_$2/new/sample.json")
    awk -v q="$queue" -v h="$heap" -v w="$1" -v n="$2" \
        'BEGIN { printf "| %s | %s | %.0f | %.0f | %.2f |\n", w, n, q, h, h / q }'
}

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
describes the workloads), best of a hundred samples. The heap has neither handles nor cancellation, except in `timers`.

| workload | pending | queue | heap | heap / queue |
|---|---:|---:|---:|---:|
TEXT
    for pending in 100 1000 10000 100000 1000000; do row hold $pending; done
    for pending in 1000 100000; do row timers $pending; done
    for pending in 1000 100000; do row "in step" $pending; done
    row ping-pong 1
    cat <<'TEXT'

## Beside other simulation kernels

The same three workloads through the whole run loop of each kernel (`benches/peers`), in nanoseconds of processor time
for one event, best of five. simcore boxes its events and orders them by a float; NeXosim runs asynchronous models, here
on one thread.

TEXT
    echo "$peers"
} > results/kernel.md
