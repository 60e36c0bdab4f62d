#!/usr/bin/env python3
"""Run Autobahn's cases, as kosoku has them, against a WebSocket echo server, and judge strictly.

  autobahn.py KOSOKU URL [PATTERN ...]      patterns such as '1.*'; all 517 cases if there is none

Nothing passes but OK, and INFORMATIONAL where the suite gives no better verdict. Exit status: 0 all
passed, 1 some did not, 2 usage.
"""
import fnmatch
import json
import os
import subprocess
import sys
import tempfile
from collections import ChainMap
from concurrent.futures import ThreadPoolExecutor

# The cases whose outcome the RFC leaves open: how a close in the middle, or with an unusual code, is met.
INFORMATIONAL = ["7.1.6", "7.13.*"]
# The whole suite, in two parts that take about as long, and run at once.
WHOLE = [["-x", "13.*"], ["-i", "13.*"]]
WHOLE_CASES = 517


def passes(case, verdict):
    informational = any(fnmatch.fnmatchcase(case, it) for it in INFORMATIONAL)
    return verdict == "OK" or (verdict == "INFORMATIONAL" and informational)


def main():
    if len(sys.argv) < 3:
        print(__doc__, file=sys.stderr)
        return 2
    kosoku, url, patterns = sys.argv[1], sys.argv[2], sys.argv[3:]
    parts = [[it for pattern in patterns for it in ("-i", pattern)]] if patterns else WHOLE
    with ThreadPoolExecutor(len(parts)) as pool:
        results = dict(ChainMap(*pool.map(lambda part: run(kosoku, url, part), parts)))
    failed = 0
    for case, result in results.items():
        for what in ("behavior", "behaviorClose"):
            if not passes(case, result[what]):
                print(f"case {case}: {what} {result[what]}")
                failed += 1
                break
    passed = len(results) - failed
    print(f"{passed} passed, {failed} failed")
    are_all = len(results) == WHOLE_CASES if not patterns else bool(results)
    return 0 if are_all and not failed else 1


def run(kosoku, url, choice):
    """The verdicts on the chosen cases, by case."""
    with tempfile.TemporaryDirectory() as out:
        command = [kosoku, "-m", "fuzzingclient", "-o", out, *choice, url]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        with open(os.path.join(out, "index.json"), encoding="utf-8") as file:
            return next(iter(json.load(file).values()))


if __name__ == "__main__":
    sys.exit(main())
