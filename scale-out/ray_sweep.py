#!/usr/bin/env python3
"""Spreads a sweep over a Ray cluster: one task a shard, then `shakedown sweep merge`.

    pip install ray
    python scale-out/ray_sweep.py --shards 16 --out out/whole -- scenarios/random-failures --seeds 10000

What follows `--` are the arguments of `shakedown sweep`. The scenario travels with the tasks; the program must be on every
node (`--binary`). A task whose worker or node is lost is done again elsewhere: a shard gives the same bytes wherever it is
computed, and so does the whole.
"""

import argparse
import io
import os
import pathlib
import subprocess
import sys
import tarfile
import tempfile

import ray


def packed(directory: str) -> bytes:
    """A directory or file as an archive, to travel to and from the workers."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        archive.add(directory, arcname="it")
    return buffer.getvalue()


def unpack(archive: bytes, directory: str) -> str:
    """The path of what was packed, below `directory`."""
    with tarfile.open(fileobj=io.BytesIO(archive)) as opened:
        opened.extractall(directory, filter="data")
    return os.path.join(directory, "it")


# A lost worker is nobody's mistake: try again for as long as it takes. What `shakedown` itself refuses is not retried.
@ray.remote(num_cpus=1, max_retries=-1)
def shard(binary: str, paths: list[bytes], arguments: list[str], index: int, of: int) -> bytes:
    """Does one shard on whatever node Ray has chosen; returns its directory, packed."""
    with tempfile.TemporaryDirectory() as scratch:
        scenario = []
        for number, archive in enumerate(paths):
            place = os.path.join(scratch, f"path-{number}")
            os.mkdir(place)
            scenario.append(unpack(archive, place))
        out = os.path.join(scratch, "out")
        command = [binary, "sweep", *scenario, *arguments, "--shard", f"{index}/{of}", "--jobs", "1", "--out", out]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"shard {index}/{of}: {done.stderr.strip()}")
        return packed(out)


def parse() -> argparse.Namespace:
    """The arguments of this program, and those of the sweep after `--`."""
    own, sweep = sys.argv[1:], []
    if "--" in own:
        at = own.index("--")
        own, sweep = own[:at], own[at + 1 :]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--address", default="auto", help="address of the Ray cluster")
    parser.add_argument("--binary", default="shakedown", help="the program, as found on every node")
    parser.add_argument("--shards", type=int, required=True, help="how many parts; a few for each processor of the cluster")
    parser.add_argument("--out", required=True, help="directory for the results")
    arguments = parser.parse_args(own)
    arguments.paths = sweep[: first_option(sweep)]
    arguments.sweep = sweep[first_option(sweep) :]
    if not arguments.paths:
        parser.error("give the scenario and the arguments of the sweep after --")
    return arguments


def first_option(words: list[str]) -> int:
    """Where the options begin: paths come first."""
    return next((at for at, word in enumerate(words) if word.startswith("-")), len(words))


def plots_of(options: list[str]) -> list[str]:
    """The part of a sweep's options that says which plots it draws: merging draws them, not the shards."""
    for at, word in enumerate(options):
        if word.startswith("--plots="):
            return [word]
        if word == "--plots":
            return options[at : at + 2]
    return []


def main() -> int:
    """Does all shards, in any order, and merges them."""
    arguments = parse()
    ray.init(address=arguments.address, logging_level="warning")
    paths = [packed(path) for path in arguments.paths]
    pending = {
        shard.remote(arguments.binary, paths, arguments.sweep, index, arguments.shards): index
        for index in range(1, arguments.shards + 1)
    }
    with tempfile.TemporaryDirectory() as scratch:
        directories = []
        while pending:
            [ready], _ = ray.wait(list(pending), num_returns=1)
            index = pending.pop(ready)
            place = os.path.join(scratch, f"shard-{index}")
            os.mkdir(place)
            directories.append(unpack(ray.get(ready), place))
            print(f"{arguments.shards - len(pending)}/{arguments.shards} shards", file=sys.stderr)
        pathlib.Path(arguments.out).parent.mkdir(parents=True, exist_ok=True)
        merge = [arguments.binary, "sweep", "merge", *directories, "--out", arguments.out, *plots_of(arguments.sweep)]
        return subprocess.run(merge, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
