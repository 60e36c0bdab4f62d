#!/usr/bin/env python3
"""Restarts a service under load, again and again, and says what its clients felt.

    cargo build --release && benches/scripts/restart.py --out benches/record/DATE-restart.md

Clients stay connected and echo now and then; those that are told to go come back at once. Others come, echo and
go all the time. A second process takes over from the first by --handover, a third from the second, and so on.
Nobody may be refused, reset, or left without a Close 1001: the exit status says whether that held.
"""

import argparse
import asyncio
import collections
import datetime
import pathlib
import random
import resource
import signal
import sys
import tempfile
import time

import record
import upgrade
from server import Server

# Between two echoes of one client.
PACE = 2.0
# Clients that connect at the same time at the beginning.
AT_ONCE = 100
NEWCOMERS = 20
ROOT = pathlib.Path(__file__).resolve().parents[2]


class Felt:
    """What all clients together have felt."""

    def __init__(self):
        self.codes = collections.Counter()
        self.failures = collections.Counter()
        self.echoes = 0
        self.connects = 0
        self.slowest = 0.0


class Client(asyncio.Protocol):
    """One connection, which echoes at its pace until it is told to go, or `once` has come back."""

    def __init__(self, felt, host, once):
        self.felt, self.host, self.once = felt, host, once
        self.begun = time.monotonic()
        self.buffer = bytearray()
        self.is_open = self.is_told = self.is_leaving = False
        self.next = None
        self.done = asyncio.get_running_loop().create_future()

    def connection_made(self, transport):
        self.transport = transport
        transport.write(upgrade.request(self.host))

    def data_received(self, data):
        self.buffer += data
        if not self.is_open:
            head, end, rest = bytes(self.buffer).partition(b"\r\n\r\n")
            if not end:
                return
            status = head[9:12].decode()
            if status != "101":
                self.fail(f"refused with {status}")
                return
            self.is_open = True
            self.buffer = bytearray(rest)
            self.say()
        while len(self.buffer) >= 2 and len(self.buffer) >= 2 + self.buffer[1]:
            opcode, size = self.buffer[0] & 15, self.buffer[1]
            payload = bytes(self.buffer[2:2 + size])
            del self.buffer[:2 + size]
            self.frame(opcode, payload)

    def frame(self, opcode, payload):
        if opcode == 1:
            self.felt.echoes += 1
            if self.once:
                self.felt.connects += 1
                self.felt.slowest = max(self.felt.slowest, time.monotonic() - self.begun)
                self.leave()
            elif self.next is None:
                self.next = asyncio.get_running_loop().call_later(PACE * random.uniform(0.5, 1.5), self.say)
        elif opcode == 8:
            if not self.is_leaving:
                self.felt.codes[int.from_bytes(payload[:2], "big")] += 1
                self.transport.write(b"\x88\x82\0\0\0\0" + payload[:2])
            self.is_told = True
        elif opcode == 9:
            self.transport.write(bytes((0x8A, 0x80 | len(payload))) + bytes(4) + payload)

    def say(self):
        self.next = None
        if not self.is_told and not self.is_leaving and not self.transport.is_closing():
            self.transport.write(b"\x81\x85\0\0\0\0hello")

    def leave(self):
        if not self.is_told and not self.is_leaving:
            self.is_leaving = True
            self.transport.write(b"\x88\x82\0\0\0\0\x03\xe8")

    def fail(self, how):
        self.felt.failures[how] += 1
        self.is_told = True
        self.transport.close()

    def connection_lost(self, error):
        if not self.is_told:
            self.felt.failures[f"lost: {error or 'no Close'}"] += 1
        if self.next:
            self.next.cancel()
        self.done.set_result(None)


async def visit(felt, address, once):
    host, port = address.rsplit(":", 1)
    try:
        _, client = await asyncio.get_running_loop().create_connection(
            lambda: Client(felt, address, once), host, int(port))
    except OSError as error:
        felt.failures[f"connect: {error}"] += 1
        await asyncio.sleep(0.1)
        return None
    return client


async def stay(felt, address, crowd, enough, gate):
    """Comes back as often as it is told to go."""
    while not enough.is_set():
        async with gate:
            client = await visit(felt, address, False)
        if client is None:
            continue
        crowd.add(client)
        await client.done
        crowd.discard(client)


async def come_and_go(felt, address, enough):
    while not enough.is_set():
        client = await visit(felt, address, True)
        if client:
            await client.done


async def run(arguments, directory):
    def start(listen):
        return Server(arguments.binary, "--threads", str(arguments.threads), "--listen", listen,
                      "--handover", f"{directory}/handover")

    felt, crowd, enough, gate = Felt(), set(), asyncio.Event(), asyncio.Semaphore(AT_ONCE)
    server = start("127.0.0.1:0")
    address = server.address
    tasks = [asyncio.create_task(stay(felt, address, crowd, enough, gate)) for _ in range(arguments.clients)]
    while sum(client.is_open for client in crowd) < arguments.clients:
        await asyncio.sleep(0.1)
    tasks += [asyncio.create_task(come_and_go(felt, address, enough)) for _ in range(NEWCOMERS)]
    rounds = []
    for _ in range(arguments.restarts):
        await asyncio.sleep(PACE)
        told, begun = felt.codes[1001], time.monotonic()
        successor = await asyncio.to_thread(start, address)
        serving = time.monotonic()
        status = await asyncio.to_thread(server.process.wait, 60)
        ended = time.monotonic()
        server = successor
        while sum(client.is_open for client in crowd) < arguments.clients:
            await asyncio.sleep(0.05)
        rounds.append((felt.codes[1001] - told, serving - begun, ended - serving, status))
    enough.set()
    for client in crowd:
        client.leave()
    await asyncio.gather(*tasks)
    server.process.send_signal(signal.SIGTERM)
    rounds_failed = [status for *_, status in rounds if status != 0]
    is_right = not felt.failures and not rounds_failed and set(felt.codes) <= {1001} \
        and all(told >= arguments.clients for told, *_ in rounds)
    return felt, rounds, is_right


def report(arguments, felt, rounds, is_right):
    lines = [
        "# Restart under load", "",
        f"{datetime.date.today()}, {record.machine()}. `benches/scripts/restart.py --clients {arguments.clients} "
        f"--restarts {arguments.restarts} --threads {arguments.threads}`: clients that echo every {PACE:.0f} s and come "
        f"back when they are told to go, and {NEWCOMERS} that come, echo and go all the time; all in one Python process "
        "on the same cores.", "",
        "| restart | told 1001 | the new process serves after | the old one has ended after |",
        "|---|---|---|---|",
    ]
    for place, (told, serving, ended, _) in enumerate(rounds, 1):
        lines.append(f"| {place} | {told:,} | {serving * 1000:.0f} ms | {ended:.1f} s more |")
    failures = ", ".join(f"{count:,} {how}" for how, count in felt.failures.items()) or "none"
    lines += [
        "", f"- Refused, reset, or without a Close: {failures}.",
        f"- Echoes: {felt.echoes:,}; newcomers served: {felt.connects:,}, the slowest within "
        f"{felt.slowest * 1000:.0f} ms.",
        f"- {'All as it should be.' if is_right else 'NOT as it should be.'}",
    ]
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", default=ROOT / "target/release/ws-service")
    parser.add_argument("--clients", type=int, default=5_000)
    parser.add_argument("--restarts", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--out", type=pathlib.Path, help="file to write the record to")
    arguments = parser.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with tempfile.TemporaryDirectory() as directory:
        felt, rounds, is_right = asyncio.run(run(arguments, directory))
    text = report(arguments, felt, rounds, is_right)
    print(text, end="")
    if arguments.out:
        arguments.out.write_text(text, encoding="utf-8")
    sys.exit(not is_right)


if __name__ == "__main__":
    main()
