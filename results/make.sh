#!/bin/sh
# Makes everything in this folder but kernel.md (see kernel.sh): run it from the top of the checkout.
set -eu
cargo build --release --quiet
bin=target/release/shakedown
$bin run scenarios/node-failure --out out/results --force --plots svg --trace csv --quiet
mkdir -p results/node-failure
cp out/results/plots/*.svg out/results/summary.json results/node-failure/
{
    echo "# Conformance"
    echo
    echo "Against recordings of real Kubernetes components, made by \`sh results/make.sh\`."
    echo
    echo '```'
    $bin conformance functions ../shared/golden/functions | tail -n 1
    $bin conformance scheduler ../shared/golden/scheduler | tail -n 1
    echo '```'
} > results/conformance.md
{
    echo "# Shipped scenarios"
    echo
    echo "Digests at the shipped seeds, made by \`sh results/make.sh\`. They are the same on every machine."
    echo
    echo "| scenario | digest of trace.csv |"
    echo "|---|---|"
    for file in $(find scenarios -name scenario.yaml | LC_ALL=C sort); do
        folder=$(dirname "$file")
        digest=$($bin run "$folder" --plots none 2>/dev/null | sed -n 's/^digest //p')
        echo "| ${folder#scenarios/} | \`$digest\` |"
    done
} > results/digests.md
