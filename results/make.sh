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
    $bin conformance timelines ../shared/golden/timelines | tail -n 1
    echo '```'
    echo
    echo "## Timelines, a row a scenario"
    echo
    echo '```'
    $bin conformance timelines ../shared/golden/timelines | sed '/^$/,$d'
    echo '```'
    echo
    cat results/disagreements.md
} > results/conformance.md
BLESS=1 cargo test --quiet --test it digests_are
