#!/bin/sh
# Runs Online Boutique through its zone outage and writes results/online-boutique.md with its plot of requests.
# The manifests are not part of the project: MANIFESTS names their folder.
set -eu
cd "$(dirname "$0")/.."
manifests=${MANIFESTS:-../shared/data/manifests/online-boutique}
. results/program.sh
run="run scenarios/online-boutique/zone-outage.yaml $manifests"

for outputs in "--plots none --trace csv" "--plots svg --report"; do
    # shellcheck disable=SC2086
    /usr/bin/time -f '%e %U %S %M' -o "$scratch/time" $bin $run $outputs --out "$scratch/out" --force \
        > "$scratch/text" 2> "$scratch/warnings"
    tail -n 1 "$scratch/time" | awk -v what="$outputs" '{
        printf "| `%s` | %.1f | %.1f | %.0f |\n", what, $1, $2 + $3, $4 / 1024 }' >> "$scratch/rows"
done
mkdir -p results/online-boutique
cp "$scratch/out/plots/traffic.svg" "$scratch/out/plots/pods.svg" "$scratch/out/summary.json" results/online-boutique/

{
    cat <<'TEXT'
# Online Boutique for an hour, through a zone outage

Written by `sh results/online-boutique.sh`; do not edit. Six nodes in three zones, the load generator's mix of 95 users, every
request for itself; zone b is away from the 20th to the 35th minute. See `scenarios/online-boutique/README.md`.

TEXT
    echo "Machine: $(sed -n 's/^model name[^:]*: *//p' /proc/cpuinfo | head -n 1), $(nproc) processors; $(rustc --version | cut -d' ' -f1-2)."
    cat <<'TEXT'

| outputs | wall time, s | processor time, s | memory, MiB |
|---|---|---|---|
TEXT
    cat "$scratch/rows"
    echo
    echo '```'
    echo "\$ shakedown $run"
    sed -n '/^Workloads/,/^Expectations/p' "$scratch/text"
    echo '```'
    cat <<'TEXT'

`online-boutique/traffic.svg` shows every page and every call; the first group is all users together.

![Requests](online-boutique/traffic.svg)
TEXT
} > results/online-boutique.md
