#!/usr/bin/env python3
"""Echoes, fan-out and idle memory: ws-service, its peers, and TCP alone, which is the limit.

    cargo build --release -p ws-service -p benches
    benches/scripts/echo.py benches/record/DATE-echo [PART …] [--rounds N] [--seconds S]
    benches/scripts/echo_report.py benches/record/DATE-echo README.md

Each part (small, large, text, fan-out, memory; all of them if none is named) takes up to four minutes, and
writes OUT/PART.json. One server at a time runs on core 0, the load on core 1; all that is compared is
interleaved, round by round, each round in another order. Standard library only.
"""

import argparse
import datetime
import json
import os
import pathlib
import subprocess
import sys

import memory
from record import machine
from server import Server

RELEASE = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", "target")) / "release"
RAW = "raw TCP"
# By name: the program and its options. TCP alone has several ways; the best of them is the limit.
SERVERS = {
    RAW: ["raw_tcp_echo"],
    f"{RAW}, in turns": ["raw_tcp_echo", "--batch", "64"],
    f"{RAW}, whole messages": ["raw_tcp_echo", "--batch", "64", "--message", "{frame}"],
    "ws-service": ["ws-service", "--threads", "1"],
    "fastwebsockets": ["fastwebsockets_server"],
    "tokio-tungstenite": ["tokio_tungstenite_echo", "--threads", "1"],
}
MIRRORS = {
    RAW: ["raw_tcp_mirror"],
    "ws-service": ["ws-service", "--threads", "1"],
    "fastwebsockets": ["fastwebsockets_server"],
    "fastwebsockets, gathered": ["fastwebsockets_server", "--gather", "8192"],
}
# Connections, messages in flight on each, bytes of a message, and what it is made of.
ECHOES = {
    "small": [(n, 1, size, "binary") for size in (20, 1_024) for n in (100, 1_000, 10_000)]
    + [(100, 16, 20, "binary")],
    "large": [(n, 1, 16_384, "binary") for n in (100, 1_000, 10_000)]
    + [(n, 1, 262_144, "binary") for n in (10, 100)],
    "text": [(100, 1, size, kind) for size in (20, 1_024, 16_384, 262_144) for kind in ("binary", "ascii", "wide")],
}
# Subscribers, messages in flight, bytes of a message, and what it is made of.
FANOUTS = [(n, k, 100, "binary") for n in (1_000, 5_000) for k in (1, 16)]


def start(command, frame=0):
    program, *options = command
    options = [option.format(frame=frame) for option in options]
    return Server("taskset", "-c", "0", RELEASE / program, "--listen", "127.0.0.1:0", *options)


def frame_size(size):
    return size + (2 if size < 126 else 4 if size < 65_536 else 10)


def run_load(name, command, load, cell, seconds):
    count, in_flight, size, kind = cell
    if name.startswith(RAW):
        kind = "raw"
    with start(command, frame_size(size)) as server:
        command = ["taskset", "-c", "1", RELEASE / load[0], "--address", server.address]
        command += [load[1], str(count), "--in-flight", str(in_flight), "--size", str(size), "--kind", kind]
        command += ["--seconds", str(seconds), "--server-pid", str(server.process.pid)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120 + 10 * seconds, check=False)
    if done.returncode:
        sys.exit(f"{name}, {cell}: {done.stderr}")
    return json.loads(done.stdout)


def echo_servers(part, cell):
    """Those that are compared in a cell."""
    if part == "text":
        return {"ws-service": SERVERS["ws-service"]}
    whole = cell[2] > 1_024
    return {name: command for name, command in SERVERS.items() if whole or not name.endswith("whole messages")}


def run(cells, servers, load, rounds, seconds):
    """Results by cell and server, a list with one of each round."""
    found = [{"cell": cell, "results": {name: [] for name in servers(cell)}} for cell in cells]
    for turn in range(rounds):
        for it in found:
            names = list(it["results"])
            shift = turn % len(names)
            order = names[shift:] + names[:shift]
            # Who goes before whom changes too: a load leaves its mark on a shared machine.
            for name in order if turn % 2 == 0 else reversed(order):
                command = servers(it["cell"])[name]
                it["results"][name].append(run_load(name, command, load, it["cell"], seconds))
        print(f"round {turn + 1} of {rounds}", file=sys.stderr)
    return found


def run_part(part, rounds, seconds):
    if part == "memory":
        names = ("ws-service", "fastwebsockets", "tokio-tungstenite")
        return {name: memory.per_connection(lambda name=name: start(SERVERS[name])) for name in names}
    if part == "fan-out":
        return run(FANOUTS, lambda _: MIRRORS, ("fanout_load", "--subscribers"), rounds, seconds)
    return run(ECHOES[part], lambda cell: echo_servers(part, cell), ("echo_load", "--connections"), rounds, seconds)


def main():
    parts = [*ECHOES, "fan-out", "memory"]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(parts))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.6)
    options = parser.parse_args()
    if not set(options.parts) <= set(parts):
        parser.error(f"the parts are {', '.join(parts)}")
    options.out.mkdir(parents=True, exist_ok=True)
    for part in options.parts or parts:
        about = {"date": str(datetime.date.today()), "machine": machine()}
        about |= {"rounds": options.rounds, "seconds": options.seconds}
        about["found"] = run_part(part, options.rounds, options.seconds)
        (options.out / f"{part}.json").write_text(json.dumps(about, indent=1) + "\n")


if __name__ == "__main__":
    main()
