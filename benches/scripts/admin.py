#!/usr/bin/env python3
"""What it costs the service to be watched: echoes with and without a scrape each second and the status page open.

    cargo build --release -p ws-service -p benches
    benches/scripts/admin.py benches/record/DATE-admin.md

Pairs of runs, one of each, in turn, on one service with one thread: the server on core 0, load and browser on core 1.
Needs chromium; takes two minutes. The exit status says whether the service thread's CPU time per message is within
2 % and the throughput within 5 %, as medians of the pairs' ratios.
"""

import contextlib
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

from record import machine
from server import Server

RELEASE = pathlib.Path("target/release")
PAIRS = 7
SECONDS = 4
LOAD = ("--connections", "100", "--in-flight", "1", "--size", "20")
BROWSER = ("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
           "--disable-component-update", "--disable-sync", "--no-first-run", "--no-proxy-server",
           "--remote-debugging-port=0")


class Watched(Server):
    """A service with one thread, and what it says of itself."""

    def __init__(self):
        super().__init__("taskset", "-c", "0", RELEASE / "ws-service", "--threads", "1", "--listen", "127.0.0.1:0",
                         "--admin", "127.0.0.1:0")
        self.admin = self.process.stdout.readline().split()[-1].rstrip("/")

    def account(self):
        """Messages received, and nanoseconds that the service thread has run."""
        messages = self.counters()["messages_in"]
        for task in pathlib.Path(f"/proc/{self.process.pid}/task").iterdir():
            if (task / "comm").read_text(encoding="ascii").startswith("ws-shard-0"):
                return messages, int((task / "schedstat").read_text(encoding="ascii").split()[0])
        raise SystemExit("there is no service thread")

    def scrape(self):
        with urllib.request.urlopen(f"{self.admin}/metrics", timeout=10) as answer:
            return answer.read().decode()

    def feeds(self):
        """How many read what the status page reads."""
        line = next(line for line in self.scrape().splitlines() if line.startswith("ws_service_admin_feeds "))
        return int(line.split()[1])


def until(condition, otherwise):
    deadline = time.monotonic() + 60
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit(otherwise)
        time.sleep(0.2)


@contextlib.contextmanager
def watching(server):
    """The status page open, and a scrape each second."""
    enough = threading.Event()

    def scrapes():
        while not enough.wait(1):
            server.scrape()

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        command = ["taskset", "-c", "1", *BROWSER, f"--user-data-dir={home}", server.admin]
        browser = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        scraper = threading.Thread(target=scrapes)
        try:
            until(lambda: server.feeds() or browser.poll() is not None, "the page does not open")
            time.sleep(2)  # until it has drawn itself
            scraper.start()
            yield
            if not server.feeds() or not scraper.is_alive():
                raise SystemExit("the page or the scraper has gone")
        finally:
            enough.set()
            browser.terminate()
            browser.wait(60)
        scraper.join()
        until(lambda: not server.feeds(), "the page is still read")


def run(server):
    """Messages a second, and nanoseconds of the service thread for each."""
    command = ["taskset", "-c", "1", RELEASE / "echo_load", "--address", server.address, *LOAD,
               "--seconds", str(SECONDS)]
    messages, cpu = server.account()
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    more_messages, more_cpu = server.account()
    return json.loads(done.stdout)["rate"], (more_cpu - cpu) / (more_messages - messages)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    pairs = []
    with Watched() as server:
        run(server)
        for turn in range(PAIRS):
            pair = {}
            for is_watched in (False, True) if turn % 2 else (True, False):
                with watching(server) if is_watched else contextlib.nullcontext():
                    pair[is_watched] = run(server)
            pairs.append((pair[False], pair[True]))
            print(*pairs[-1], file=sys.stderr)
    rate, cpu = (statistics.median(watched[place] / alone[place] for alone, watched in pairs) for place in (0, 1))
    is_right = cpu <= 1.02 and rate >= 0.95
    lines = [
        f"Measured {time.strftime('%Y-%m-%d')} on {machine()}: `echo_load {' '.join(LOAD)}`, one service thread, "
        "alone and with a scrape each second and the status page open in Chromium.", "",
        "| pair | messages/s alone | watched | CPU of the service thread a message, alone | watched |",
        "|--:|--:|--:|--:|--:|",
    ]
    for place, (alone, watched) in enumerate(pairs, 1):
        lines.append(f"| {place} | {alone[0]:,.0f} | {watched[0]:,.0f} | {alone[1]:,.0f} ns | {watched[1]:,.0f} ns |")
    lines += [
        "", f"Medians of the pairs' ratios: {rate:.3f} of the messages, {cpu:.3f} of the CPU time a message.",
        f"{'All as it should be' if is_right else 'NOT as it should be'}: within 2 % of the CPU time a message, and "
        "within 5 % of the messages, though those who serve administrators run on the same core.",
    ]
    pathlib.Path(sys.argv[1]).write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))
    sys.exit(not is_right)


if __name__ == "__main__":
    main()
