#!/usr/bin/env python3
"""Attack ws-service in every way at once, and record what those who behave felt, and what memory it took.

    cargo build --release -p ws-service
    benches/scripts/fire.py benches/record/DATE-fire.md

1,000 readers that stopped reading under full fan-out, 2,000 slow-loris handshakes (half of them slowhttptest's, if it
is installed), 200 floods of fragments and 10 of pings; meanwhile 50 clients echo every 10 ms. Once with limits to what
a connection may send, and once without. Takes a minute, on a machine that does nothing else. The exit status says
whether their p99 stayed below 5 ms and memory below its bound with those limits.
"""

import json
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from attackers import FragmentFlood, PingFlood, Publisher, SlowLoris, SlowReaders
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
# Seconds: until all attackers are there, and for how long they are watched.
GATHER, WATCH = 5, 20


def behave(server, seconds, directory):
    """What those who behave feel: a storm that has no storm in it."""
    out = f"{directory}/storm.json"
    command = [OURS, "storm", f"ws://{server.address}/echo", "--connections", str(OTHERS), "--end", "close",
               "--survivors", str(CLIENTS), "--interval", "10ms", "--settle", f"{seconds}s", "--seconds", "0",
               "--json", out]
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode > 1:
        sys.exit(done.stderr)
    report = json.loads(pathlib.Path(out).read_text(encoding="utf-8"))
    return report["rounds"][0], done.returncode


def slowhttptest(address, count, seconds):
    """The half of the slow-loris handshakes that somebody else has written."""
    command = ["slowhttptest", "-H", "-c", str(count), "-r", str(count), "-i", "1", "-l", str(seconds),
               "-u", f"http://{address}/echo"]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def counters(server):
    server.process.send_signal(signal.SIGUSR1)
    return json.loads(server.process.stdout.readline())


def peak(server):
    """The most memory it ever had, in bytes."""
    with open(f"/proc/{server.process.pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) * KIB for line in status if line.startswith("VmHWM"))


def attack(server, directory):
    """Everything at once."""
    seconds = GATHER + WATCH + 5
    until = time.monotonic() + seconds
    others = 1_000 if shutil.which("slowhttptest") else 0
    attackers = {
        "slow readers": SlowReaders(server.address, 1_000, until),
        "slow-loris handshakes": SlowLoris(server.address, 2_000 - others, until),
        "floods of fragments": FragmentFlood(server.address, 200, until),
        "floods of pings": PingFlood(server.address, 10, until),
    }
    publisher = Publisher(server.address, until)
    for process in (*attackers.values(), publisher):
        process.start()
    loris = slowhttptest(server.address, others, seconds) if others else None
    time.sleep(GATHER)
    before = counters(server)
    felt, status = behave(server, WATCH, directory)
    after = counters(server)
    for process in (*attackers.values(), publisher):
        process.join(60)
    if loris:
        loris.wait(60)
    crowd = {name: (it.count, it.cut_off.value) for name, it in attackers.items()}
    crowd["slow-loris handshakes"] = (2_000, None)
    return {"felt": felt, "status": status, "before": before, "after": after, "crowd": crowd,
            "sent": publisher.sent.value, "with": "half of them slowhttptest's" if loris else "all our own"}


def run(*options):
    """What is felt by those who behave, and what memory it takes: first while they are alone, then not."""
    with Server(OURS, "--listen", "127.0.0.1:0", *SERVER, *options) as server, \
            tempfile.TemporaryDirectory() as directory:
        calm, _ = behave(server, 5, directory)
        idle = server.rss()
        return attack(server, directory) | {"calm": calm, "idle": idle, "peak": peak(server)}


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
    before, after, idle = found["before"], found["after"], found["idle"]
    connections = max(before["connections"], after["connections"])
    bound = idle + connections * (2 * MAX_MESSAGE + MAX_QUEUE) * KIB
    felt = found["felt"]["before"]
    p99 = felt["survivors"]["p99_us"] / 1000
    is_right = p99 < P99_BELOW_MS and found["peak"] < bound and found["status"] == 0

    def during(name):
        return after[name] - before[name]

    lines = [
        f"Attacked {time.strftime('%Y-%m-%d')} on {machine()}, attackers and clients on the same cores:", "",
        "```text", f"ws-service {' '.join(SERVER + RATES)}", "```", "",
        "| at the same time | connections | cut off |", "|---|--:|--:|",
    ]
    for name, (count, cut_off) in found["crowd"].items():
        lines.append(f"| {name} | {count:,} | {'' if cut_off is None else f'{cut_off:,}'} |")
    lines += [
        "", f"| {CLIENTS} clients that echo every 10 ms | alone | under attack | without `{RATES[0]}` and `{RATES[2]}` |",
        "|---|--:|--:|--:|",
    ]
    seen = [it["before"] for it in (found["calm"], found["felt"], unlimited["felt"])]
    for name, key in (("p50", "p50_us"), ("p99", "p99_us"), ("p99.9", "p999_us"), ("worst", "max_us")):
        lines.append(row(name, (it["survivors"][key] for it in seen)))
    lines += [
        row("slowest fresh connect with an echo", (it["fresh"]["max_us"] for it in seen)), "",
        f"- Meanwhile the service read {during('messages_in'):,} messages and {during('bytes_in') / 2**20:,.0f} MiB, "
        f"wrote {during('bytes_out') / 2**20:,.0f} MiB, dropped {during('dropped'):,} copies for slow readers of "
        f"{found['sent']:,} publications, and gave up {during('handshakes_failed'):,} handshakes "
        f"({found['with']}).",
        f"- Memory: {idle / 2**20:.1f} MiB before, {found['peak'] / 2**20:.1f} MiB at most; by its bound, "
        f"{connections:,} connections × (2 × {MAX_MESSAGE} + {MAX_QUEUE}) KiB, {bound / 2**20:,.0f} MiB. Without limits to "
        f"what a connection may send: {unlimited['peak'] / 2**20:.1f} MiB at most.",
        f"- Lost or damaged for those who behave: {'nothing' if found['status'] == 0 else 'SOMETHING'}.",
        f"- {'All as it should be.' if is_right else 'NOT as it should be.'}",
    ]
    return lines, is_right


if __name__ == "__main__":
    main()
