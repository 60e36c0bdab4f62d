#!/usr/bin/env python3
"""Echoes over many connections: ws-service, its peers, and TCP alone, which is the limit.

    cargo build --release -p ws-service -p benches
    benches/scripts/echo.py benches/record/DATE-echo [--rounds N] [--seconds S] [--cells 100x1x20 …]

A server runs on core 0, the load on core 1, one pair at a time; rounds are interleaved, and the medians
count. Writes OUT.json and OUT.md. Standard library only.
"""

import argparse
import datetime
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys

from server import Server

RELEASE = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", "target")) / "release"
SERVERS = {
    "raw TCP": ["raw_tcp_echo", "--listen", "127.0.0.1:0"],
    "ws-service": ["ws-service", "--listen", "127.0.0.1:0", "--threads", "1"],
    "fastwebsockets": ["fastwebsockets_echo", "--listen", "127.0.0.1:0"],
    "tokio-tungstenite": ["tokio_tungstenite_echo", "--listen", "127.0.0.1:0", "--threads", "1"],
}
# Connections, messages in flight on each, bytes of a message, and what it is made of.
CELLS = [(n, 1, size, "binary") for n in (100, 1_000, 10_000) for size in (20, 1_024, 16_384)] + [
    (100, 16, 20, "binary"),
    (10, 1, 262_144, "binary"),
    (100, 1, 262_144, "binary"),
    (100, 1, 20, "ascii"),
    (100, 1, 1_024, "ascii"),
    (100, 1, 16_384, "ascii"),
    (100, 1, 16_384, "wide"),
    (100, 1, 262_144, "ascii"),
    (100, 1, 262_144, "wide"),
]


def start(name):
    program, *options = SERVERS[name]
    return Server("taskset", "-c", "0", RELEASE / program, *options)


def measure(name, cell, seconds):
    connections, in_flight, size, kind = cell
    if name == "raw TCP":
        kind = "raw"
    with start(name) as server:
        command = ["taskset", "-c", "1", RELEASE / "echo_load", "--address", server.address]
        command += ["--connections", str(connections), "--in-flight", str(in_flight), "--size", str(size)]
        command += ["--kind", kind, "--seconds", str(seconds), "--server-pid", str(server.process.pid)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60 + 10 * seconds, check=False)
    if done.returncode:
        sys.exit(f"{name}, {cell}: {done.stderr}")
    return json.loads(done.stdout)


def run(cells, rounds, seconds):
    found = {}
    for turn in range(rounds):
        for cell in cells:
            for name in SERVERS:
                found.setdefault(cell, {}).setdefault(name, []).append(measure(name, cell, seconds))
        print(f"round {turn + 1} of {rounds}", file=sys.stderr)
    return found


def median(results, key):
    return statistics.median(result[key] for result in results)


def table(found):
    names = list(SERVERS)
    lines = [
        "| connections × in flight × bytes | " + " | ".join(names) + " | ws-service × raw | CPU of ws-service, µs |",
        "|---|" + "--:|" * (len(names) + 2),
    ]
    for (connections, in_flight, size, kind), results in found.items():
        rates = {name: median(results[name], "rate") for name in names}
        ratio = rates["ws-service"] / rates["raw TCP"]
        cost = median(results["ws-service"], "server_cpu_us")
        cells = " | ".join(f"{rates[name]:,.0f}" for name in names)
        lines.append(f"| {connections:,} × {in_flight} × {size:,} {kind} | {cells} | {ratio:.2f} | {cost:.2f} |")
    return lines


def machine():
    cores = os.cpu_count()
    return f"{datetime.date.today()}, {cores} cores, {platform.system()} {platform.release().split('-')[0]}"


def parse_cell(text):
    connections, in_flight, size, *kind = text.split("x")
    return int(connections), int(in_flight), int(size), kind[0] if kind else "binary"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--cells", nargs="*", type=parse_cell, default=CELLS)
    options = parser.parse_args()
    found = run(options.cells, options.rounds, options.seconds)
    head = f"Messages a second, medians of {options.rounds} interleaved rounds, one thread; {machine()}."
    text = "\n".join(["# Echo", "", head, "", *table(found), ""])
    options.out.with_suffix(".md").write_text(text)
    results = [{"cell": cell, "results": results} for cell, results in found.items()]
    options.out.with_suffix(".json").write_text(json.dumps(results, indent=1) + "\n")
    print(text)


if __name__ == "__main__":
    main()
