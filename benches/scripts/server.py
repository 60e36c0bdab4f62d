"""A server that a benchmark starts, and ends."""

import json
import os
import signal
import subprocess


class Server:
    """A server on a free port, which its first line names; ended with its block."""

    def __init__(self, *command):
        environment = os.environ | {"WS_SERVICE_ADMIN": "off"}
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                                        env=environment)
        self.address = self.process.stdout.readline().split()[-1]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def counters(self):
        """What a ws-service has counted."""
        self.process.send_signal(signal.SIGUSR1)
        return json.loads(self.process.stdout.readline())

    def rss(self):
        return self._memory("VmRSS")

    def peak(self):
        """The most memory it ever had, in bytes."""
        return self._memory("VmHWM")

    def _memory(self, name):
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as status:
            return next(int(line.split()[1]) * 1024 for line in status if line.startswith(name))
