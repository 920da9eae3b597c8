#!/bin/sh
# Counts instructions with valgrind, which a busy machine does not disturb.
#
#   sh results/instructions.sh           writes results/instructions.md
#   sh results/instructions.sh --check   exit status 1 when a count is more than 10 % above the committed one
set -eu
cd "$(dirname "$0")/.."
command -v valgrind > /dev/null || {
    (apt-get update -qq && apt-get install -y -qq valgrind) > /dev/null 2>&1 || {
        echo "instruction counts SKIPPED: there is no valgrind and it cannot be installed here"
        exit 0
    }
}
target=${CARGO_TARGET_DIR:-target}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cargo build --release --quiet --locked --bin shakedown --example hold
sh scenarios/scale/generate.sh start 100 > "$scratch/start.yaml"

# count OPTIONS... -- COMMAND...: instructions of a command.
count() {
    valgrind --tool=callgrind --callgrind-out-file=/dev/null "$@" 2>&1 > /dev/null \
        | sed -n 's/.*Collected : \([0-9]*\).*/\1/p'
}

run="$target/release/shakedown run $scratch/start.yaml --quiet"
{
    echo "kernel (hold, 10,000 pending) | an event | $(($(count "$target/release/examples/hold" 10000 1000000) / 1000000))"
    echo "scheduler cycle (50 nodes) | a pod | $(($(count --toggle-collect='*scheduler::Scheduler::schedule' $run) / 1500))"
    echo "whole run (start, a hundredth) | a pod | $(($(count $run) / 1500))"
} > "$scratch/counts"

if [ "${1:-}" = --check ]; then
    status=0
    while IFS='|' read -r name per now; do
        before=$(grep -F "| $name" results/instructions.md | sed 's/.*| *\([0-9]*\) |$/\1/')
        echo "$name: $now instructions for$per, committed: ${before:-none}"
        if [ -z "$before" ] || [ "$now" -gt $((before * 11 / 10)) ]; then
            echo "  more than 10 % above the committed figure: find out why, or run sh results/instructions.sh and say so"
            status=1
        fi
    done < "$scratch/counts"
    exit $status
fi
{
    cat <<'TEXT'
# Instructions

Written by `sh results/instructions.sh`; CI fails when a count is more than 10 % above these.

TEXT
    echo "Counted by $(valgrind --version), $(rustc --version | cut -d' ' -f1-2)."
    cat <<'TEXT'

| what | for | instructions |
|---|---|---:|
TEXT
    sed 's/^/| /; s/$/ |/' "$scratch/counts"
} > results/instructions.md
