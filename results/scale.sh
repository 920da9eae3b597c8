#!/bin/sh
# Runs the big scenarios at a hundredth, a tenth and full size, and the sweep, and writes results/scale.md.
# Takes about ten minutes and 4 GiB. `sh results/scale.sh 10` leaves out the full size.
set -eu
cd "$(dirname "$0")/.."
smallest=${1:-1}
. results/program.sh

# row WHAT FRACTION: a line of the first table. The trace goes to the disk.
row() {
    sh scenarios/scale/generate.sh "$1" "$2" > "$scratch/scenario.yaml"
    /usr/bin/time -f '%U %S %M' -o "$scratch/time" \
        "$bin" run "$scratch/scenario.yaml" --out "$scratch/out" --force --trace csv --plots none > "$scratch/text"
    records=$(sed -n 's/.* \([0-9,]*\) records.*/\1/p' "$scratch/text" | head -n 1 | tr -d ,)
    pods=$((150000 / $2))
    tail -n 1 "$scratch/time" | awk -v what="$1" -v part="$2" -v records="$records" -v pods="$pods" '{
        seconds = $1 + $2
        printf "| %s | 1/%d | %d | %.2f | %.1f | %.2f | %.1f |\n", what, part, records, seconds,
            seconds * 1e6 / records, $3 / 1048576, $3 / pods
    }'
}

{
    cat <<'TEXT'
# Big clusters and sweeps

Written by `sh results/scale.sh`; do not edit. See `scenarios/scale/README.md` for what the scenarios are.

TEXT
    echo "Machine: $(sed -n 's/^model name[^:]*: *//p' /proc/cpuinfo | head -n 1), $(nproc) processors; $(rustc --version | cut -d' ' -f1-2)."
    cat <<'TEXT'

## 5,000 nodes, 150,000 pods

Processor time of one core for the whole program, with `trace.csv` written to disk. Goals at full size: `start` 15 s, `day`
30 s, `zone` 30 s, each in 4 GiB. That the time for a record stays about the same shows that cost is linear in what happens.

| scenario | size | records | s | µs a record | peak GiB | KiB a pod, all told |
|---|---:|---:|---:|---:|---:|---:|
TEXT
    for what in start day zone; do
        for part in 100 10 1; do
            [ "$part" -lt "$smallest" ] || row $what $part
        done
    done
    cat <<'TEXT'

## A thousand seeds

`shakedown sweep scenarios/random-failures --seeds 1000 --plots none`: twenty nodes, an hour, random failures. Goal: 10 s on
two processors.

| threads | wall s | runs a second |
|---:|---:|---:|
TEXT
    for jobs in 1 2; do
        rm -rf "$scratch/sweep"
        /usr/bin/time -f '%e' -o "$scratch/time" "$bin" sweep scenarios/random-failures --seeds 1000 --plots none \
            --jobs $jobs --out "$scratch/sweep" > "$scratch/text"
        awk -v jobs=$jobs '{ printf "| %d | %.1f | %.0f |\n", jobs, $1, 1000 / $1 }' "$scratch/time"
    done
} > "$scratch/scale.md"
mv "$scratch/scale.md" results/scale.md
