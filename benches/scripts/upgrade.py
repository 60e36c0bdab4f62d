"""The upgrade request, for scripts that speak WebSocket by themselves."""


def head(host, path="/echo"):
    """All but the empty line that ends it."""
    return (f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n").encode()


def request(host, path="/echo"):
    return head(host, path) + b"\r\n"
