"""What a server's idle connections weigh."""

import socket
import time

import upgrade

FEW, MANY = 1_000, 10_000
SIZE = 16_384
# What the connections have done, by name: whether they have offered compression, as browsers do, and whether each
# has been echoed to.
STATES = {"fresh": (False, False), "compression_agreed": (True, False), "after_16_kib_echo": (False, True)}


class Crowd:
    """Connections to a server's /echo that are kept open, and say something when they are told to."""

    def __init__(self, server):
        self.server = server
        self.connections = []

    def connect(self, address):
        return socket.create_connection(address)

    def grow(self, count, offers_compression=False):
        host, port = self.server.address.rsplit(":", 1)
        offer = b"Sec-WebSocket-Extensions: permessage-deflate\r\n" if offers_compression else b""
        request = upgrade.head(self.server.address) + offer + b"\r\n"
        while len(self.connections) < count:
            connection = self.connect((host, int(port)))
            connection.sendall(request)
            answer = b""
            while not answer.endswith(b"\r\n\r\n"):
                answer += connection.recv(4096)
            self.connections.append(connection)

    def echo(self):
        message = b"\x82\xfe" + SIZE.to_bytes(2, "big") + b"\0\0\0\0" + bytes(SIZE)
        for connection in self.connections:
            connection.sendall(message)
            left = 4 + SIZE
            while left:
                left -= len(connection.recv(65536))

    def rss(self):
        time.sleep(0.5)
        return self.server.rss()

    def close(self):
        for connection in self.connections:
            connection.close()


def per_connection(start):
    """Bytes for each of 9,000 more connections, by state. `start` starts a server."""
    found = {}
    for name, (offers_compression, echoes) in STATES.items():
        with start() as server:
            crowd = Crowd(server)
            rss = []
            for count in (FEW, MANY):
                crowd.grow(count, offers_compression)
                if echoes:
                    crowd.echo()
                rss.append(crowd.rss())
            crowd.close()
        found[name] = (rss[1] - rss[0]) / (MANY - FEW)
    return found
