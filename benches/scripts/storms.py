#!/usr/bin/env python3
"""Storm ws-service and a plain tokio-tungstenite echo in one run, and record what came of it.

  benches/scripts/storms.py OUT.json [README]      from the repository's root, after
                                cargo build --release -p ws-service -p benches

Both have two threads. The kills are interleaved round by round, so that the machine's moods meet both.
Writes OUT.json, and OUT.md beside it; with README, the same between that file's lines `<!-- storm -->`
and `<!-- /storm -->`. Takes about six minutes; run it on
a machine that does nothing else.
"""
import json
import statistics
import subprocess
import sys
import tempfile
import time

import memory
from record import insert, machine
from server import Server

OURS, PEER = "target/release/ws-service", "target/release/tokio_tungstenite_echo"
ROUNDS = 10


class Service(Server):
    """A server that storms are sent to."""

    def storm(self, *options):
        with tempfile.NamedTemporaryFile(suffix=".json") as out:
            command = [OURS, "storm", f"ws://{self.address}/echo", "--server-pid", str(self.process.pid),
                       "--json", out.name, *options]
            status = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                    check=False).returncode
            report = json.load(open(out.name, encoding="utf-8"))
        print(f"  {' '.join(options)}: status {status}", flush=True)
        return {"command": " ".join(["ws-service storm", *options]), "status": status, "report": report}


def ours(*options, threads=2):
    return Service(OURS, "--listen", "127.0.0.1:0", "--threads", str(threads), *options)


def peer():
    return Service(PEER, "--listen", "127.0.0.1:0", "--threads", "2")


def kills():
    """Ten rounds each, one after the other, on servers that live through all of theirs."""
    found = {"ws-service": [], "tokio-tungstenite": []}
    with ours() as one, peer() as other:
        for _ in range(ROUNDS):
            found["ws-service"].append(one.storm("--end", "kill", "--seconds", "1"))
            found["tokio-tungstenite"].append(other.storm("--end", "kill", "--seconds", "1"))
    return found


def median(storms, *path):
    def value(storm):
        found = storm["report"]["rounds"][0]
        for key in path:
            found = found[key]
        return found
    return statistics.median(value(storm) for storm in storms) / 1000


def table(found):
    lines = ["| 10,000 killed at once, two threads, medians of ten interleaved rounds | ws-service | tokio-tungstenite |",
             "|---|---|---|"]
    rows = [
        ("50 survivors echoing each ms, p99.9 in the second after", ("after", "survivors_uncorrected", "p999_us")),
        ("the same, corrected for messages that could not be sent", ("after", "survivors", "p999_us")),
        ("survivors' worst echo", ("after", "survivors", "max_us")),
        ("slowest fresh connect with an echo", ("after", "fresh", "max_us")),
        ("all descriptors reclaimed after", ("reclaimed_us",)),
    ]
    for name, path in rows:
        values = [median(found["kills"][who], *path) for who in ("ws-service", "tokio-tungstenite")]
        lines.append(f"| {name} | {values[0]:.1f} ms | {values[1]:.1f} ms |")
    return lines


def story(found):
    rounds = found["ten_rounds"]["report"]["rounds"]
    third, last = rounds[2]["server"]["after"], rounds[9]["server"]["after"]
    freeze = found["freeze"]["report"]["rounds"][0]["hang_ups"]["after_last_proof"]
    churn = {who: found[f"churn {who}"]["report"]["rounds"][0]["churn"] for who in ("ws-service", "tokio-tungstenite")}
    calm = found["freeze"]["report"]["rounds"][0]["after"]["survivors"]
    return [
        f"- Ten rounds on one process: descriptors {rounds[0]['server']['before']['descriptors']} before, "
        f"{last['descriptors']} after; resident memory {third['rss_bytes'] / 2**20:.2f} MiB after round 3, "
        f"{last['rss_bytes'] / 2**20:.2f} MiB after round 10.",
        f"- Slowest fresh connect of all ten rounds: "
        f"{max(it['report']['rounds'][0]['after']['fresh']['max_us'] for it in found['kills']['ws-service']) / 1000:.1f} ms.",
        f"- 60 s of churn (100 handshakes at once, each reset when done): "
        f"{churn['ws-service']['per_second']:,.0f} handshakes/s, {churn['ws-service']['failures']} failed "
        f"(tokio-tungstenite, 10 s: {churn['tokio-tungstenite']['per_second']:,.0f}/s).",
        f"- 10,000 frozen, ping after 3 s, hang-up after 6 s: hung up on {freeze['min_us'] / 1e6:.3f} to "
        f"{freeze['max_us'] / 1e6:.3f} s after their last proof of life; survivors' p99.9 meanwhile "
        f"{calm['p999_us'] / 1000:.1f} ms, their worst echo {calm['max_us'] / 1000:.1f} ms. Stopped by "
        f"SIGSTOP instead: all reclaimed "
        f"{'' if found['stop']['status'] == 0 else 'NOT '}in time.",
        f"- Memory per idle connection, one thread: {found['memory']['fresh']:.0f} bytes fresh, "
        f"{found['memory']['after_16_kib_echo']:.0f} after a 16-KiB echo on each.",
        "- Storms in which anything was lost or damaged: "
        f"{sum(it['status'] != 0 for it in all_storms(found))}.",
    ]


def all_storms(found):
    singles = [found[key] for key in ("ten_rounds", "freeze", "stop", "churn ws-service")]
    return singles + found["kills"]["ws-service"]


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    patience = ("--ping-after", "3s", "--hangup-after", "6s")
    found = {"date": time.strftime("%Y-%m-%d"), "machine": machine()}
    found["memory"] = memory.per_connection(lambda: ours(threads=1))
    found["kills"] = kills()
    with ours() as server:
        found["ten_rounds"] = server.storm("--end", "kill", "--rounds", str(ROUNDS), "--seconds", "1")
    with ours() as server:
        found["churn ws-service"] = server.storm("--end", "churn", "--seconds", "60")
    with peer() as server:
        found["churn tokio-tungstenite"] = server.storm("--end", "churn", "--seconds", "10")
    with ours(*patience) as server:
        found["freeze"] = server.storm("--end", "freeze", "--seconds", "8")
    with ours(*patience) as server:
        found["stop"] = server.storm("--end", "stop", "--seconds", "8")
    with open(sys.argv[1], "w", encoding="utf-8") as out:
        json.dump(found, out, indent=1)
    lines = [f"Measured {found['date']} on {found['machine']}.", "", *table(found), "", *story(found)]
    with open(sys.argv[1].removesuffix(".json") + ".md", "w", encoding="utf-8") as out:
        out.write("\n".join(lines) + "\n")
    if len(sys.argv) == 3:
        insert(sys.argv[2], "storm", lines)
    print("\n".join(lines))


if __name__ == "__main__":
    main()
