#!/bin/sh
# Mutation testing by slices: `sh results/mutants.sh [SLICE...]` with slices of `kernel hpa scheduler node`, all unless told
# otherwise; SHARE=6 tries every sixth mutant. Needs `cargo install cargo-mutants`. Writes results/mutants.md.
#
# The crate as a whole takes too long to build for every mutant. The rooms are layered, so a few of them with what is
# below them make a crate of their own, in target/mutants, which is built and tested in seconds.
set -eu
cd "$(dirname "$0")/.."
slices=${*:-kernel hpa scheduler node}
share=${SHARE:-1}
work=$PWD/target/mutants
export CARGO_TARGET_DIR="$work/build"

# package NAME "PACKAGES BELOW" MODULE...: a package that has these rooms, or modules of a room as ROOM/MODULE.
package() {
    name=$1 below=$2 && shift 2
    mkdir -p "$work/crates/$name/src"
    lib=$work/crates/$name/src/lib.rs
    {
        echo "//! Some rooms of the program."
        echo "#![allow(warnings)]"
        for package in $below; do echo "pub use $package::*;"; done
    } > "$lib"
    for module in "$@"; do
        case $module in
            */*) echo "pub mod ${module%/*} { pub mod ${module#*/}; }" ;;
            *) echo "pub mod $module;" ;;
        esac >> "$lib"
        room=$work/crates/$name/src/$(dirname "$module")
        mkdir -p "$room"
        cp -r "src/$module" "$room/"
        test ! -f "src/$module.rs" || cp "src/$module.rs" "$room/"
    done
    # What is for the whole crate has to be seen from other packages too.
    find "$work/crates/$name/src" -name '*.rs' -exec sed -i 's/pub(crate)/pub/' {} +
    {
        printf '[package]\nname = "%s"\nversion = "0.0.0"\nedition = "2024"\n' "$name"
        printf '[lib]\ndoctest = false\n[dependencies]\n'
        for package in $below; do echo "$package = { path = \"../$package\" }"; done
        # Nothing here prints, draws or reads arguments.
        sed -n '/^\[dependencies\]/,/^$/p' Cargo.toml | grep ' = ' |
            grep -vE '^(clap|plotters|png|ratatui|indicatif|signal-hook|mimalloc|rust-embed|rayon) '
        printf '[dev-dependencies]\n'
        sed -n '/^\[dev-dependencies\]/,/^$/p' Cargo.toml | grep -E '^(proptest|insta) '
    } > "$work/crates/$name/Cargo.toml"
}

rm -rf "$work/crates"
package ground "" base kernel
package lower ground api trace fault component workload source network kubectl
package scheduler lower control/scheduler
package decisions "lower scheduler" conformance/scheduler
package plane lower control
package machines lower node
package functions "lower plane machines" conformance/functions
package shakedown "lower plane machines" traffic bench scenario sim
mkdir -p "$work/crates/shakedown/tests/it"
cp tests/it/node_*.rs tests/it/timeline.rs "$work/crates/shakedown/tests/it/"
(cd tests/it && ls node_*.rs timeline.rs | sed 's/\.rs$//; s/.*/mod &;/') > "$work/crates/shakedown/tests/it/main.rs"
# Recordings of real components.
test ! -d ../shared || ln -s "$PWD/../shared" "$work/crates/shared"
cat > "$work/Cargo.toml" <<'END'
[workspace]
members = ["crates/*"]
exclude = ["crates/shared"]
resolver = "3"
[profile.dev]
debug = false
[profile.dev.package.ground]
opt-level = 1
[profile.dev.package.lower]
opt-level = 1
[profile.dev.package.rand_chacha]
opt-level = 2
[profile.dev.package.chacha20]
opt-level = 2
END
cp Cargo.lock "$work/Cargo.lock"

# mutate SLICE PACKAGE "TESTED PACKAGES" FILE...: tries all mutants of these files of a package.
mutate() {
    slice=$1 package=$2 tested=$3 && shift 3
    files=
    for file in "$@"; do files="$files --file $file"; done
    for package_tested in $tested; do files="$files --test-package $package_tested"; done
    rm -rf "$work/$slice"
    echo "$share" > "$work/$slice.share"
    # Status 2 and 3 say that some survived, which is what this is about.
    # shellcheck disable=SC2086
    (cd "$work" && set -f && cargo mutants --in-place --package "$package" $files --output "$work/$slice" \
        --shard "0/$share" --sharding round-robin --minimum-test-timeout 60 --colors never) > "$work/$slice.log" 2>&1 ||
        [ $? -le 3 ] || { tail "$work/$slice.log" && exit 1; }
}
for slice in $slices; do
    case $slice in
        kernel) mutate kernel ground ground 'crates/ground/src/kernel/*.rs' ;;
        hpa) mutate hpa plane "plane functions" 'crates/plane/src/control/hpa/*.rs' ;;
        scheduler)
            mutate scheduler scheduler "scheduler decisions" '**/scheduler/backoff.rs' '**/scheduler/resources.rs' \
                '**/scheduler/scoring.rs' '**/plugins/node_resources_*.rs' '**/plugins/image_locality.rs'
            ;;
        node) mutate node machines "machines functions shakedown" '**/node/probe/*.rs' '**/node/backoff.rs' ;;
    esac
done

{
    echo "# Mutation testing"
    echo
    echo "Written by \`sh results/mutants.sh\`, the last part by hand. A mutant is the program with one operator, value or"
    echo "function body replaced; it is caught when a test fails or hangs, and unviable when it does not compile."
    echo
    echo "| slice | share | file | tried | caught | unviable | survived |"
    echo "|---|---|---|---:|---:|---:|---:|"
    for slice in kernel hpa scheduler node; do
        out=$work/$slice/mutants.out
        test -d "$out" || continue
        for ending in caught timeout unviable missed; do sed "s/^/$ending /" "$out/$ending.txt"; done |
            awk -v slice="$slice" -v share="1/$(cat "$work/$slice.share")" '
                { split($2, place, ":"); file = place[1]; sub("crates/[a-z]*/", "", file)
                  tried[file]++; how[file, $1 == "timeout" ? "caught" : $1]++ }
                END { for (file in tried) printf "| %s | %s | `%s` | %d | %d | %d | %d |\n", slice, share, file, tried[file],
                    how[file, "caught"], how[file, "unviable"], how[file, "missed"] }' | sort
    done
    echo
    echo "Survivors:"
    echo
    cat "$work"/*/mutants.out/missed.txt | sed 's|crates/[a-z]*/||; s/^/- `/; s/$/`/'
    echo
    cat results/survivors.md
} > results/mutants.md
