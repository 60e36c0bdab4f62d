#!/usr/bin/env python3
"""What ws-service takes up for each connection: its own memory, and the kernel's. About a minute.

usage: sizing.py RESULT.md

Run `cargo build --release -p ws-service` first, and this as root: the kernel tells it nobody else. The clients are on
the same machine, so what the kernel takes is for both ends. Needs openssl, for a certificate.
"""

import datetime
import pathlib
import ssl
import subprocess
import sys
import tempfile

import memory
import record
from server import Server

# The clients here answer no pings.
SERVICE = ["target/release/ws-service", "--config", "/dev/null", "--threads", "1", "--ping-after", "off",
           "--hangup-after", "off", "--listen"]
CERTIFICATE = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
               "-subj", "/CN=localhost", "-days", "1"]


class TlsCrowd(memory.Crowd):
    """The same with TLS between."""

    def __init__(self, server):
        super().__init__(server)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.context.check_hostname, self.context.verify_mode = False, ssl.CERT_NONE

    def connect(self, address):
        return self.context.wrap_socket(super().connect(address))


def kernel():
    """Bytes of the kernel's own memory for objects, which sockets are."""
    with open("/proc/slabinfo", encoding="ascii") as table:
        rows = [line.split() for line in list(table)[2:]]
    return sum(int(row[1]) * int(row[3]) for row in rows)


def weigh(crowd):
    """Bytes a connection between FEW and MANY: ours, the kernel's, and ours after an echo of 16 KiB on each."""
    crowd.grow(memory.FEW)
    few = crowd.rss(), kernel()
    crowd.grow(memory.MANY)
    many = crowd.rss(), kernel()
    crowd.echo()
    echoed = crowd.rss()
    crowd.close()
    each = memory.MANY - memory.FEW
    return (many[0] - few[0]) / each, (many[1] - few[1]) / each, (echoed - few[0]) / each


def idle():
    """Resident bytes of a service that has nobody."""
    with Server(*SERVICE, "127.0.0.1:0") as server:
        return server.rss()


def main():
    with tempfile.TemporaryDirectory() as directory:
        chain, key = (str(pathlib.Path(directory, name)) for name in ("chain.pem", "key.pem"))
        subprocess.run([*CERTIFICATE, "-keyout", key, "-out", chain], check=True, capture_output=True)
        with Server(*SERVICE, "127.0.0.1:0") as server:
            plain = weigh(memory.Crowd(server))
        with Server(*SERVICE, "tls:127.0.0.1:0", "--tls-certificate", chain, "--tls-key", key) as server:
            tls = weigh(TlsCrowd(server))
    lines = [
        f"Measured {datetime.date.today()} on {record.machine()}.", "",
        f"Bytes for each of {memory.MANY - memory.FEW:,} idle connections, one service thread:", "",
        "| | plain | TLS |", "|---|---|---|",
        f"| the service | {plain[0]:,.0f} | {tls[0]:,.0f} |",
        f"| the service, after an echo of 16 KiB on each | {plain[2]:,.0f} | {tls[2]:,.0f} |",
        f"| the kernel, for both ends | {plain[1]:,.0f} | {tls[1]:,.0f} |", "",
        f"The service with nobody connected: {idle() / 2**20:.1f} MiB resident.",
    ]
    pathlib.Path(sys.argv[1]).write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main()
