#!/bin/sh
# Measures the trace writers and writes results/trace.md.
set -eu
cd "$(dirname "$0")/.."
figures=$(cargo bench --quiet --bench trace | awk '{ printf "| %s | %d |\n", $1, $2 }')
{
    cat <<'TEXT'
# Trace writers

Written by `sh results/trace.sh`; do not edit. Records a second on one core, the writers alone, into nothing, best of ten
passes (`cargo bench --bench trace`). `csv` includes the digest; `jsonl-columns` is a line without `changed`, `jsonl` has the
changed fields of every object. Goals: CSV 5,000,000, JSON lines 3,000,000.

TEXT
    echo "Machine: $(sed -n 's/^model name[^:]*: *//p' /proc/cpuinfo | head -n 1), $(nproc) processors; $(rustc --version | cut -d' ' -f1-2)."
    cat <<'TEXT'

| writer | records a second |
|---|---:|
TEXT
    echo "$figures"
} > results/trace.md
