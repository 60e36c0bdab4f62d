#!/usr/bin/env python3
"""Attack ws-service in every way at once, and record what those who behave felt, and what memory it took.

    cargo build --release -p ws-service
    benches/scripts/fire.py benches/record/DATE-fire.md

1,000 readers that stopped reading under full fan-out, 2,000 slow-loris handshakes (and 1,000 of slowhttptest's, again
and again, if it is installed), 200 floods of fragments and 10 of pings; meanwhile 50 clients echo every 10 ms. Once
with limits to what a connection may send, and once without. Takes a minute and a half, on a machine that does
nothing else. The exit status says whether, with those limits, their p99 stayed below 5 ms and memory below its bound,
nothing was lost, and all attackers were there all the time.
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading
import time

from attackers import NICE, FragmentFlood, PingFlood, Publisher, SlowLoris, SlowReaders
from record import machine
from server import Server

OURS = "target/release/ws-service"
KIB = 1_024
MAX_MESSAGE, HIGH_WATER, MAX_QUEUE = 64, 64, 192
SERVER = ("--threads", "2", "--max-connections", "5000", "--max-message-size", f"{MAX_MESSAGE}KiB",
          "--high-water", f"{HIGH_WATER}KiB", "--max-queue", f"{MAX_QUEUE}KiB", "--overflow", "drop",
          "--handshake-timeout", "5s", "--write-timeout", "2m")
RATES = ("--messages-per-second", "2000", "--bytes-per-second", "4MiB")
CLIENTS = 50
# Connections that the storm ends afterwards, as it must.
OTHERS = 10
P99_BELOW_MS = 5
# Connections at least, and those of them that are upgraded: readers, loris, floods, the publisher, those who behave.
EXPECTED, SESSIONS = 1_000 + 2_000 + 210 + 1 + CLIENTS, 1_000 + 210 + 1 + CLIENTS
# Seconds: until all attackers are there, and for how long they are watched.
GATHER, WATCH = 5, 20


def behave(server, seconds, directory, look=lambda: None):
    """What those who behave feel, by a storm that has no storm in it; `look` is called each second meanwhile."""
    out = f"{directory}/storm.json"
    command = [OURS, "storm", f"ws://{server.address}/echo", "--connections", str(OTHERS), "--end", "close",
               "--survivors", str(CLIENTS), "--interval", "10ms", "--settle", f"{seconds}s", "--seconds", "0",
               "--json", out]
    pathlib.Path(out).unlink(missing_ok=True)
    storm = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    begun = time.monotonic()
    while storm.poll() is None:
        time.sleep(1)
        if time.monotonic() < begun + seconds:
            look()
    if storm.returncode > 1 or not os.path.exists(out):
        sys.exit("the storm has failed")
    report = json.loads(pathlib.Path(out).read_text(encoding="utf-8"))
    return report["rounds"][0], storm.returncode


class SlowHttpTest(threading.Thread):
    """Slow-loris handshakes that somebody else has written: each run ends when all of them are cut off."""

    def __init__(self, address, count, until):
        super().__init__()
        self.command = ["nice", "-n", str(NICE), "slowhttptest", "-H", "-c", str(count), "-r", str(count), "-i", "1",
                        "-u", f"http://{address}/echo"]
        self.until = until

    def run(self):
        while (left := int(self.until - time.monotonic())) > 0:
            subprocess.run([*self.command, "-l", str(left)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL, check=False)


def attack(server, directory):
    """Everything at once."""
    seconds = GATHER + WATCH + 5
    until = time.monotonic() + seconds
    theirs = 1_000 if shutil.which("slowhttptest") else 0
    loris, others = SlowLoris(server.address, 2_000, until), SlowHttpTest(server.address, theirs, until)
    readers = SlowReaders(server.address, 1_000, until)
    fragments, pings = FragmentFlood(server.address, 200, until), PingFlood(server.address, 10, until)
    publisher = Publisher(server.address, until)
    processes = (readers, loris, fragments, pings, publisher)
    for process in processes:
        process.start()
    if theirs:
        others.start()
    time.sleep(GATHER)
    seen = []

    def look():
        seen.append(server.counters() | {"published": publisher.sent.value})

    look()
    felt, status = behave(server, WATCH, directory, look)
    for process in processes:
        process.join(60)
    if theirs:
        others.join(60)
    return {"felt": felt, "status": status, "seen": seen, "theirs": theirs,
            "flooded": fragments.sent.value + pings.sent.value, "cut_off": fragments.cut_off.value,
            "are_well": all(process.exitcode == 0 for process in processes)}


def run(*options):
    """What is felt by those who behave, and what memory it takes: first while they are alone, then not."""
    with Server(OURS, "--listen", "127.0.0.1:0", *SERVER, *options) as server, \
            tempfile.TemporaryDirectory() as directory:
        calm, _ = behave(server, 5, directory)
        idle = server.rss()
        return attack(server, directory) | {"calm": calm, "idle": idle, "peak": server.peak()}


def row(name, micros):
    return f"| {name} | " + " | ".join(f"{it / 1000:.2f} ms" for it in micros) + " |"


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    lines, is_right = report(run(*RATES), run())
    pathlib.Path(sys.argv[1]).write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))
    sys.exit(not is_right)


def report(found, unlimited):
    before, after, idle = found["seen"][0], found["seen"][-1], found["idle"]
    open_ones = [it["connections"] for it in found["seen"]]
    sessions = [it["sessions"] for it in found["seen"]]
    connections = max(open_ones)
    bound = idle + connections * 2 * (MAX_MESSAGE + MAX_QUEUE) * KIB
    felt = found["felt"]["before"]
    p99 = felt["survivors"]["p99_us"] / 1000
    # Those who have just been cut off are on their way back: a few of the loris, and of the floods.
    are_there = min(open_ones) > 0.9 * EXPECTED and min(sessions) > 0.9 * SESSIONS and found["are_well"]
    is_right = p99 < P99_BELOW_MS and found["peak"] < bound and found["status"] == 0 and are_there

    def during(name):
        return after[name] - before[name]

    lines = [
        f"Attacked {time.strftime('%Y-%m-%d')} on {machine()}, attackers (`nice -n {NICE}`) and clients on the same "
        "cores:",
        "",
        "```text", f"ws-service {' '.join(SERVER + RATES)}", "```", "",
        "- 1,000 readers of a room that do not read, while 1,000 messages of 1 KiB a second are published to it",
        f"- 2,000 slow-loris handshakes, and up to {found['theirs']:,} of slowhttptest's; who is cut off comes again",
        f"- 200 floods of empty fragments, cut off {found['cut_off']:,} times, and 10 of pings",
        "", f"| {CLIENTS} clients that echo every 10 ms | alone | under attack | "
        f"without `{RATES[0]}` and `{RATES[2]}` |",
        "|---|--:|--:|--:|",
    ]
    seen = [it["before"] for it in (found["calm"], found["felt"], unlimited["felt"])]
    for name, key in (("p50", "p50_us"), ("p99", "p99_us"), ("p99.9", "p999_us"), ("worst", "max_us")):
        lines.append(row(name, (it["survivors"][key] for it in seen)))
    lines += [
        row("slowest fresh connect with an echo", (it["fresh"]["max_us"] for it in seen)), "",
        f"- Connections all the while: {min(open_ones):,} to {connections:,}, of which {min(sessions):,} to "
        f"{max(sessions):,} had been upgraded; {during('handshakes_failed'):,} handshakes were given up.",
        f"- Of {during('published'):,} publications {during('dropped'):,} copies for slow readers were dropped. The "
        f"floods got rid of {found['flooded'] / 2**20:,.0f} MiB; without `{RATES[0]}` and `{RATES[2]}`, of "
        f"{unlimited['flooded'] / 2**20:,.0f} MiB.",
        f"- Memory: {idle / 2**20:.1f} MiB before, {found['peak'] / 2**20:.1f} MiB at most; by its bound, "
        f"{connections:,} connections × 2 × ({MAX_MESSAGE} + {MAX_QUEUE}) KiB, {bound / 2**20:,.0f} MiB. Without "
        f"those two limits {unlimited['peak'] / 2**20:.1f} MiB at most.",
        f"- Lost or damaged for those who behave: {'nothing' if found['status'] == 0 else 'SOMETHING'}.",
        *([] if are_there else ["- Some attackers were NOT THERE."]),
        f"- {'All as it should be.' if is_right else 'NOT as it should be.'}",
    ]
    return lines, is_right


if __name__ == "__main__":
    main()
