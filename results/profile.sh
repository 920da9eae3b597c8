#!/bin/sh
# Samples the big scenarios with perf (Debian: linux-perf) and writes the table of results/profile.md; what stands below
# the table is written by hand and kept. `sh results/profile.sh 10` samples a tenth of the size.
set -eu
cd "$(dirname "$0")/.."
part=${1:-1}
. results/program.sh

# groups WHAT: the share of each group of functions in a run, in percent.
groups() {
    sh scenarios/scale/generate.sh "$1" "$part" > "$scratch/scenario.yaml"
    perf record -q -e cpu-clock -F 199 -o "$scratch/perf" -- "$bin" run "$scratch/scenario.yaml" \
        --out "$scratch/out" --force --trace csv --plots none > "$scratch/text" 2> /dev/null
    perf report -i "$scratch/perf" --no-children --stdio -F overhead,sym 2> /dev/null | awk -v what="$1" '
        /^ *[0-9.]+%/ {
            share = $1 + 0
            if ($2 == "[k]") group = "operating system (memory given out, files)"
            else if (/_?mi_/) group = "memory allocator"
            else if (/__mem|memcpy|memcmp/) group = "copies and comparisons of bytes (libc)"
            else if (/blake3|trace::export/) group = "trace: text and digest"
            else if (/control::scheduler|control::scheduling/) group = "scheduler"
            else if (/shakedown::control/) group = "controllers"
            else if (/shakedown::node|shakedown::workload/) group = "kubelets, runtimes and programs"
            else if (/shakedown::api/) group = "API server and objects"
            else if (/shakedown::component/) group = "mirrors, clients and events of components"
            else if (/shakedown::report|shakedown::cli/) group = "report"
            else if (/shakedown::sim::invariants/) group = "invariants"
            else if (/shakedown::kernel/) group = "event queue"
            else if (/shakedown/) group = "dispatch, watches and the rest"
            else group = "collections, clones and drops (std)"
            sum[group] += share
        }
        END { for (group in sum) printf "%s|%s|%.1f\n", group, what, sum[group] }' >> "$scratch/groups"
}

for what in start day zone; do groups $what; done
by_hand=$(sed -n '/^## /,$p' results/profile.md 2> /dev/null || true)
{
    cat <<'TEXT'
# Where the time goes

The table is written by `sh results/profile.sh`: the share in percent that functions of a group have in the processor time of
the big scenarios, by sampling. Functions count where the compiler has put them: what is inlined belongs to who calls it.

TEXT
    echo "Size: 1/$part of 5,000 nodes and 150,000 pods. $(rustc --version | cut -d' ' -f1-2)."
    echo
    echo "| group | start | day | zone |"
    echo "|---|---:|---:|---:|"
    awk -F'|' '{ share[$1, $2] = $3; all[$1] += $3 }
        END { for (group in all)
            printf "| %s | %s | %s | %s |\n", group, share[group, "start"] + 0, share[group, "day"] + 0, share[group, "zone"] + 0 }' \
        "$scratch/groups" | sort -t'|' -k3 -rn
    echo
    echo "$by_hand"
} > "$scratch/profile.md"
mv "$scratch/profile.md" results/profile.md
