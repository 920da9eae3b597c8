# Sourced by the scripts beside it, at the top of the checkout: $bin is the program, $scratch a folder that goes with the script.
# SHAKEDOWN names a program that is there already.
[ -n "${SHAKEDOWN:-}" ] || cargo build --release --quiet
bin=${SHAKEDOWN:-${CARGO_TARGET_DIR:-target}/release/shakedown}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
