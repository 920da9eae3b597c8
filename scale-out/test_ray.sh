#!/bin/sh
# A real Ray cluster of two nodes on the loopback device: a sweep over it has the bytes of a local one, also when a node is
# lost in the middle. Needs the program (first argument) and `pip install ray`.
set -eu
cd "$(dirname "$0")/.."
binary=$(realpath "${1:-target/release/shakedown}")
scratch=$(mktemp -d)
export RAY_DISABLE_IMPORT_WARNING=1 RAY_USAGE_STATS_ENABLED=0 RAY_ENABLE_AUTO_CONNECT=0
port=6399

stop() {
    # Only what this script has started: the processes of its two nodes are in the groups of their sessions.
    for session in $(cat "$scratch"/*.session 2> /dev/null); do /bin/kill -TERM -- "-$session" 2> /dev/null || true; done
    rm -rf "$scratch"
}
trap stop EXIT

# node NAME ARGUMENTS...: starts a node in a session of its own.
node() {
    name=$1
    shift
    setsid sh -c 'echo $$ > "$1"; shift; exec ray start --block "$@"' - "$scratch/$name.session" "$@" \
        > "$scratch/$name.log" 2>&1 &
}

node head --head --port=$port --num-cpus=1 --include-dashboard=false --node-ip-address=127.0.0.1 \
    --object-store-memory=100000000 --temp-dir="$scratch/ray"
until ray status --address=127.0.0.1:$port > /dev/null 2>&1; do sleep 1; done
node second --address=127.0.0.1:$port --num-cpus=1 --node-ip-address=127.0.0.1 --object-store-memory=100000000
until [ "$(ray status --address=127.0.0.1:$port 2> /dev/null | grep -c '^ 1 node_')" = 2 ]; do sleep 1; done

sweep="scenarios/random-failures --seeds ${SEEDS:-600} --vary spec.settings.nodeMonitorGracePeriod=50s,20s --plots none"
"$binary" sweep $sweep --out "$scratch/local" > /dev/null

python3 scale-out/ray_sweep.py --address 127.0.0.1:$port --binary "$binary" --shards 8 --out "$scratch/spread" -- $sweep \
    > "$scratch/driver.log" 2>&1 &
driver=$!
# The second node dies once the first shard is done.
until grep -q '^1/8 shards' "$scratch/driver.log" || ! kill -0 $driver 2> /dev/null; do sleep 0.2; done
/bin/kill -KILL -- "-$(cat "$scratch/second.session")"
wait $driver || { cat "$scratch/driver.log"; exit 1; }

diff -r "$scratch/local" "$scratch/spread"
echo "a sweep over two Ray nodes, one of which was lost, has the bytes of a local one"
