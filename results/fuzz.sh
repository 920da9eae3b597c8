#!/bin/sh
# Fuzzes every target with coverage (libFuzzer), for an hour in all or for so many seconds: `sh results/fuzz.sh 600`.
# FUZZ_JOBS=4 runs four targets at a time. Needs a nightly toolchain and `cargo install cargo-fuzz`. Writes results/fuzz.md.
set -eu
cd "$(dirname "$0")/.."
seconds=${1:-3600}
jobs=${FUZZ_JOBS:-1}
targets=$(cargo +nightly fuzz list)
share=$((seconds / $(echo "$targets" | wc -l)))
work=${FUZZ_DIR:-target/fuzz}
mkdir -p "$work"
# One target, for the parent that runs some at a time.
if [ -n "${FUZZ_TARGET:-}" ]; then
    target=$FUZZ_TARGET
    mkdir -p "$work/corpus/$target"
    more=fuzz/corpus/$target
    case $target in manifest | run) more="$more $work/scenarios" ;; esac
    # An input that takes more than a minute or 2 GiB counts as a failure.
    "$work"/build/*/release/"$target" -max_total_time="$share" -max_len=20000 -timeout=60 -rss_limit_mb=2048 \
        -dict=fuzz/words.dict -print_final_stats=1 -verbosity=1 -artifact_prefix="$work/crash-$target-" \
        "$work/corpus/$target" $more > "$work/$target.log" 2>&1 || echo "$target: an input fails, see $work"
    exit
fi
# The program has no unsafe code of its own, so a sanitizer would only make it slow. FUZZ_BUILT: it is built already.
[ -n "${FUZZ_BUILT:-}" ] || cargo +nightly fuzz build --sanitizer none --target-dir "$work/build" > /dev/null 2>&1
rm -f "$work"/*.log

# Shipped scenarios, each as one input, are where fuzzing of manifests and runs begins.
mkdir -p "$work/scenarios"
find scenarios -name scenario.yaml | while read -r scenario; do
    directory=$(dirname "$scenario")
    for file in "$directory"/*.yaml; do printf -- '---\n' && cat "$file"; done > "$work/scenarios/$(echo "$directory" | tr / _)"
done

echo "$targets" | xargs -P "$jobs" -I {} env FUZZ_TARGET={} sh results/fuzz.sh "$seconds"

{
    echo "# Fuzzing"
    echo
    echo "Written by \`sh results/fuzz.sh $seconds\`; do not edit. libFuzzer with coverage, $jobs targets at a time; what a target does is"
    echo "in \`fuzz/targets.rs\`. Edges are places in the compiled program that inputs have reached."
    echo
    echo "| target | seconds | inputs tried | edges | inputs kept | failures |"
    echo "|---|---:|---:|---:|---:|---:|"
    for target in $targets; do
        tried=$(awk '/stat::number_of_executed_units/ { print $2 }' "$work/$target.log")
        edges=$(grep -o 'cov: [0-9]*' "$work/$target.log" | tail -n 1 | cut -d' ' -f2)
        echo "| $target | $share | ${tried:-?} | ${edges:-?} | $(find "$work/corpus/$target" -type f | wc -l) |" \
            "$(find "$work" -maxdepth 1 -name "crash-$target-*" | wc -l) |"
    done
} > results/fuzz.md
cat results/fuzz.md
