#!/usr/bin/env python3
"""Soak ws-service with everything at once, and record whether it bore it.

  benches/scripts/soak.py OUT.md [TIME] [OPTION...]      from the repository's root, after
                                cargo build --release -p ws-service

TIME is an hour unless given (`10m`). Two threads; 10,000 connections that are killed, frozen, churned, closed,
stopped and reset in turn, while 50 survivors echo each millisecond, two rooms of 50 talk and 50 slow readers read.
OPTIONs go to the storm. Fails if anything was lost, damaged or out of order, if descriptors or memory grew, or if
the server still has a connection, a timer or a byte when all have gone. The line that it writes last is its verdict.
"""
import json
import subprocess
import sys
import tempfile
import time

from record import machine
from server import Server

OURS = "target/release/ws-service"
# Silence is long for a slow reader: a ping waits behind what the system holds for it.
SERVER = ("--threads", "2", "--ping-after", "2s", "--hangup-after", "20s", "--high-water", "64KiB")
GAUGES = ("connections", "sessions", "timers", "topics", "queued_bytes", "fanouts", "staged", "paused", "panics")


def left(stats):
    """What must be gone, and is not; ends that nobody was told of."""
    found = {name: stats[name] for name in GAUGES if stats[name]}
    found.update({f"armed {name}": count for name, count in stats["armed"].items() if count})
    if stats["opened"] != sum(stats["closes"].values()):
        found["opened, not closed"] = stats["opened"] - sum(stats["closes"].values())
    return found


def record(report, text, stats, status, command):
    """The record, as lines."""
    found = left(stats)
    rounds = report["rounds"]
    held = [it["server"]["after"] for it in rounds if it["server"] and it["server"]["after"]]
    step = max(1, len(held) // 12)
    memory = ", ".join(f"{it['rss_bytes'] / 2**20:.1f}" for it in held[::step])
    descriptors = sorted({it["descriptors"] for it in held})
    lines = [
        f"Soaked {time.strftime('%Y-%m-%d')} on {machine()}, {report['lasted_us'] / 6e7:.0f} minutes:", "",
        "```text", f"ws-service {' '.join(SERVER)}", command, "```", "",
        "```text", *text, "```", "",
        f"- Memory between rounds, from first to last, MiB: {memory}.",
        f"- Descriptors between rounds: {', '.join(map(str, descriptors))}.",
        f"- {stats['handshakes']:,} handshakes, {stats['messages_in']:,} messages in, {stats['messages_out']:,} out, "
        f"{stats['closes']['hang_up']:,} hung up on, {stats['panics']} panics.",
        f"- Left in the server when all had gone: {found or 'nothing'}.",
        f"- {'Clean' if status == 0 and not found else 'NOT CLEAN'}.",
    ]
    return lines


def main():
    if len(sys.argv) < 2 or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    out, lasts, options = sys.argv[1], (sys.argv[2:3] or ["1h"])[0], sys.argv[3:]
    with Server(OURS, "--listen", "127.0.0.1:0", *SERVER) as server, \
            tempfile.NamedTemporaryFile(suffix=".json") as file:
        options = ["--soak", lasts, *options]
        command = [OURS, "storm", f"ws://{server.address}/echo", "--server-pid", str(server.process.pid), *options]
        storm = subprocess.Popen([*command, "--json", file.name], stdout=subprocess.PIPE, text=True)
        text = []
        for line in storm.stdout:
            print(line, end="", flush=True)
            text.append(line.rstrip())
        status = storm.wait()
        report = json.load(open(file.name, encoding="utf-8"))
        time.sleep(1)
        stats = server.counters()
    table = next(place for place, line in enumerate(text) if line.startswith("─"))
    shown = "ws-service storm ws://ADDRESS/echo --server-pid PID " + " ".join(options)
    lines = record(report, text[table:], stats, status, shown)
    with open(out, "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
    sys.exit(status or len(left(stats)) > 0)


if __name__ == "__main__":
    main()
