"""Python's `websockets` against /echo; prints a verdict for each case.

  echo.py URL echo none|deflate|narrow    exchange messages, then close
  echo.py URL wait                        wait to be closed
"""
import random
import sys

from websockets.exceptions import ConnectionClosed
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory
from websockets.sync.client import connect

OFFERS = {
    "none": {"compression": None},
    "deflate": {"compression": "deflate"},
    "narrow": {
        "compression": None,
        "extensions": [ClientPerMessageDeflateFactory(server_max_window_bits=9, client_max_window_bits=9)],
    },
}

UNIT = "für 世界 🌍"  # 16 bytes
# The second piece is empty, and the others begin inside a character.
CUTS = [0, 2, 2, 7778]


def noise(length):
    return random.Random(6455).randbytes(length)


def messages():
    yield "ASCII", "Hello, world"
    yield "non-ASCII", UNIT
    yield "empty", ""
    yield "bytes", bytes(range(256))
    yield "16 MiB of noise", noise(16 << 20)
    yield "16 MiB of text", UNIT * (1 << 20)


def say(line):
    print("verdict " + line, flush=True)


def judge(name, sent, received):
    is_same = received == sent  # and of the same type: str or bytes
    say(f"{name}: " + ("ok" if is_same else f"not what was sent: {type(received)}, {len(received)}"))


def fragmented(ws, name, message):
    encoded = message.encode() if isinstance(message, str) else message
    pongs = []

    def pieces():
        for start, end in zip(CUTS, CUTS[1:] + [None]):
            yield encoded[start:end]
            if start == 0:
                pongs.append(ws.ping())

    ws.send(pieces(), text=isinstance(message, str))
    judge(name, message, ws.recv())
    pongs[0].wait()


def exchange(ws):
    say("agreed " + ws.response.headers.get("Sec-WebSocket-Extensions", "none"))
    for name, message in messages():
        ws.send(message)
        judge(name, message, ws.recv())
    fragmented(ws, "fragmented text", UNIT * 1000)
    fragmented(ws, "fragmented bytes", noise(16000))
    ws.close(1000, "done")


def main():
    url, task, *offer = sys.argv[1:]
    offered = OFFERS[offer[0] if offer else "none"]
    # A message may have grown by compression, so no limit here.
    with connect(url, proxy=None, max_size=None, **offered) as ws:
        try:
            if task == "echo":
                exchange(ws)
            else:
                ws.recv()
        except ConnectionClosed:
            pass
        say(f"closed {ws.close_code}")


main()
