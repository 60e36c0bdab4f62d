#!/usr/bin/env python3
"""Turns the timer benchmarks' results into a table and a plot.

    for round in 1 2 3; do cargo bench -p benches --bench timers -- --save-baseline $round; done
    cargo bench -p benches --bench timers_worst > worst.md
    cargo bench -p benches --bench timers_bytes > bytes.md
    benches/scripts/timers.py OUT_DIR [worst.md] [bytes.md]

Reads what criterion left in the target directory ($CARGO_TARGET_DIR or target/): the medians of all
rounds, of which it takes the median; or, if none was saved, the last run. Writes
OUT_DIR/timers.md and OUT_DIR/timers.svg. With --into FILE, the table also replaces what is between
the lines `<!-- timers -->` and `<!-- /timers -->` of FILE. Standard library only.
"""

import argparse
import datetime
import json
import os
import pathlib
import platform
import statistics

WORKLOADS = ["schedule", "cancel", "bump", "bump+earliest", "churn", "expire", "sparse", "adversarial"]
STRUCTURES = [
    "sul",
    "sul::sync",
    "sul, bare engine",
    "DelayQueue",
    "hierarchical_hash_wheel_timer",
    "BinaryHeap, lazy deletion",
    "BTreeMap",
    "pointer heap",
    "sorted list",
]
COLORS = ["#c2410c", "#f59e0b", "#a8a29e", "#1d4ed8", "#0891b2", "#7c3aed", "#15803d", "#be185d", "#525252"]


def load(target):
    """Nanoseconds per operation by (workload, structure, size)."""
    rounds, last = {}, {}
    for found in sorted(target.glob("criterion/timers_*/**/benchmark.json")):
        about = json.loads(found.read_text())
        estimates = json.loads((found.parent / "estimates.json").read_text())
        workload = about["group_id"].split("/", 1)[1]
        key = workload, about["function_id"], int(about["value_str"])
        if found.parent.name == "new":
            last[key] = estimates["median"]["point_estimate"]
        elif found.parent.name != "base":
            rounds.setdefault(key, []).append(estimates["median"]["point_estimate"])
    return {key: statistics.median(medians) for key, medians in rounds.items()} or last


def label(size):
    return {1_000: "1k", 10_000: "10k", 100_000: "100k", 1_000_000: "1M"}.get(size, str(size))


def nanos(value):
    if value is None:
        return "–"
    return f"{value:.1f}" if value < 100 else f"{value:,.0f}"


def table(results):
    sizes = sorted({size for _, _, size in results})
    lines = [
        "| ns per operation | structure | " + " | ".join(map(label, sizes)) + " |",
        "|---|---|" + "--:|" * len(sizes),
    ]
    for workload in WORKLOADS:
        first = True
        for structure in STRUCTURES:
            row = [results.get((workload, structure, size)) for size in sizes]
            if not any(row):
                continue
            name = f"**{structure}**" if structure == "sul" else structure
            lines.append(f"| {workload if first else ''} | {name} | " + " | ".join(map(nanos, row)) + " |")
            first = False
    return "\n".join(lines) + "\n"


def plot(results):
    """Small multiples, one for each workload: nanoseconds over size, both logarithmic."""
    import math

    width, height, left, top, columns = 300, 220, 46, 34, 3
    sizes = sorted({size for _, _, size in results})
    shown = [workload for workload in WORKLOADS if any(key[0] == workload for key in results)]
    low, high = math.log10(4), math.log10(max(max(results.values()), 10_000))
    rows = -(-(len(shown) + 1) // columns)
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {columns * width} {rows * height}" '
        'font-family="sans-serif" font-size="11">',
        '<rect width="100%" height="100%" fill="white"/>',
    ]

    def x(size):
        span = math.log10(sizes[-1] / sizes[0]) or 1
        return left + (width - left - 16) * math.log10(size / sizes[0]) / span

    def y(value):
        return top + (height - top - 28) * (high - math.log10(value)) / (high - low)

    for index, workload in enumerate(shown):
        out.append(f'<g transform="translate({index % columns * width},{index // columns * height})">')
        out.append(f'<text x="{left}" y="20" font-weight="bold">{workload}, ns</text>')
        for power in range(1, math.floor(high) + 1):
            at = y(10**power)
            out.append(f'<path d="M{left} {at:.1f}H{width - 16}" stroke="#e5e7eb"/>')
            out.append(f'<text x="{left - 6}" y="{at + 4:.1f}" text-anchor="end">{10**power:,}</text>')
        for size in sizes:
            out.append(f'<text x="{x(size):.1f}" y="{height - 10}" text-anchor="middle">{label(size)}</text>')
        for structure, color in zip(STRUCTURES, COLORS):
            points = [
                f"{x(size):.1f},{y(results[workload, structure, size]):.1f}"
                for size in sizes
                if (workload, structure, size) in results
            ]
            stroke = 3 if structure == "sul" else 1.5
            if len(points) > 1:
                out.append(f'<polyline points="{" ".join(points)}" fill="none" stroke="{color}" stroke-width="{stroke}"/>')
        out.append("</g>")
    index = len(shown)
    out.append(f'<g transform="translate({index % columns * width},{index // columns * height})">')
    for line, (structure, color) in enumerate(zip(STRUCTURES, COLORS)):
        at = top + 18 * line
        out.append(f'<path d="M{left} {at}h24" stroke="{color}" stroke-width="3"/>')
        out.append(f'<text x="{left + 32}" y="{at + 4}">{structure}</text>')
    out.append("</g></svg>")
    return "\n".join(out) + "\n"


def processor():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("parts", nargs="*", type=pathlib.Path, help="outputs to append to the record")
    parser.add_argument("--into", type=pathlib.Path, help="a file to put the table into")
    arguments = parser.parse_args()

    results = load(pathlib.Path(os.environ.get("CARGO_TARGET_DIR", "target")))
    if not results:
        parser.error("no results: run the benchmark first")
    release = platform.release().split("-")[0]
    where = f"{datetime.date.today()}, {os.cpu_count()} cores of {processor()}, {platform.system()} {release}"
    body = table(results)
    record = [f"# Timers\n\nMedians; {where}.\n\n{body}"]
    record += [part.read_text() for part in arguments.parts]
    arguments.out.mkdir(parents=True, exist_ok=True)
    (arguments.out / "timers.md").write_text("\n".join(record))
    (arguments.out / "timers.svg").write_text(plot(results))
    if arguments.into:
        text = arguments.into.read_text()
        before, rest = text.split("<!-- timers -->\n", 1)
        _, after = rest.split("<!-- /timers -->", 1)
        arguments.into.write_text(f"{before}<!-- timers -->\nMedians; {where}.\n\n{body}<!-- /timers -->{after}")


if __name__ == "__main__":
    main()
