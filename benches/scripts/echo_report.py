#!/usr/bin/env python3
"""Turns what echo.py has measured into tables and a plot.

    benches/scripts/echo_report.py benches/record/DATE-echo [README]

Reads the directory's small, large, text, fan-out and memory.json; writes echo.md and echo.svg beside them,
and with README a short table between that file's lines `<!-- echo -->` and `<!-- /echo -->`. Needs
matplotlib.
"""

import json
import pathlib
import statistics
import sys

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt  # noqa: E402  (the backend is chosen first)

from record import insert  # noqa: E402

OURS = "ws-service"
RAW = "raw TCP"
PEERS = ["fastwebsockets", "tokio-tungstenite"]
COLORS = {OURS: "#c2410c", "fastwebsockets": "#1d4ed8", "tokio-tungstenite": "#0891b2",
          "fastwebsockets, gathered": "#7c3aed"}
# Idle connections, by what they have done.
STATES = {"fresh": "fresh", "compression_agreed": "with compression agreed on", "after_16_kib_echo": "after a 16-KiB echo"}


class Cell:
    """Medians of one cell, by server."""

    def __init__(self, found):
        self.count, self.in_flight, self.size, self.kind = found["cell"]
        keys = ("rate", "p50_us", "p99_us", "server_cpu_us")
        self.of = {name: {key: statistics.median(it[key] for it in results) for key in keys}
                   for name, results in found["results"].items()}
        self.rates = {name: [it["rate"] for it in results] for name, results in found["results"].items()}

    def limit(self):
        """TCP alone, in the way that is the best here."""
        return max((name for name in self.of if name.startswith(RAW)), key=lambda name: self.of[name]["rate"])

    def ratio(self, name, to=None):
        """The median of the rounds' ratios: what goes on besides on the machine changes from round to round."""
        return statistics.median(ours / theirs for ours, theirs in zip(self.rates[name], self.rates[to or self.limit()]))

    def label(self):
        in_flight = f", {self.in_flight} in flight" if self.in_flight > 1 else ""
        return f"{self.count:,}{in_flight}, {size(self.size)}"


def size(count):
    return f"{count} B" if count < 1_024 else f"{count // 1_024} KiB"


def load(directory):
    parts = {}
    for part in ("small", "large", "text", "fan-out", "memory"):
        parts[part] = json.loads((directory / f"{part}.json").read_text())
    return parts


def cells(parts, *names):
    return [Cell(found) for name in names for found in parts[name]["found"]]


def full_table(some, what):
    lines = [f"| {what} | server | a second | × raw TCP | × the best raw | p50, µs | p99, µs | server's CPU, µs |",
             "|---|---|--:|--:|--:|--:|--:|--:|"]
    for cell in some:
        label = f"{cell.label()}, {cell.kind}"
        for name, of in cell.of.items():
            bold = "**" if name == OURS else ""
            lines.append(f"| {label} | {bold}{name}{bold} | {of['rate']:,.0f} | {cell.ratio(name, RAW):.2f} | "
                         f"{cell.ratio(name):.2f} | {of['p50_us']:,.0f} | "
                         f"{of['p99_us']:,.0f} | {of['server_cpu_us']:.2f} |")
            label = ""
    return lines


def text_table(some):
    kinds = ("binary", "ascii", "wide")
    lines = ["| text on 100 connections | binary, a second | ASCII | × binary | two and three bytes a character | × binary |",
             "|---|--:|--:|--:|--:|--:|"]
    for count in sorted({cell.size for cell in some}):
        rates = {cell.kind: cell.rates[OURS] for cell in some if cell.size == count}
        binary, ascii_, wide = (statistics.median(rates[kind]) for kind in kinds)
        shares = {kind: statistics.median(it / of for it, of in zip(rates[kind], rates["binary"])) for kind in kinds}
        lines.append(f"| {size(count)} | {binary:,.0f} | {ascii_:,.0f} | {shares['ascii']:.2f} | {wide:,.0f} | "
                     f"{shares['wide']:.2f} |")
    return lines


def memory_table(found):
    lines = [f"| bytes per idle connection | {' | '.join(STATES.values())} |", "|---|--:|--:|--:|"]
    for name, it in found.items():
        lines.append(f"| {name} | {' | '.join(f'{it[state]:,.0f}' for state in STATES)} |")
    return lines


def short_table(parts):
    """For the README: what ws-service reaches, of TCP alone, plain and in its best way, and of its peers."""
    lines = ["| one service thread | ws-service | × TCP alone | × its best way | × fastwebsockets | × tokio-tungstenite |",
             "|---|--:|--:|--:|--:|--:|"]

    def row(title, cell):
        ratios = [cell.ratio(OURS, RAW), cell.ratio(OURS)]
        ratios = [f"{it:.2f}" for it in ratios + [cell.ratio(OURS, name) for name in PEERS if name in cell.of]]
        lines.append(f"| {title} | {cell.of[OURS]['rate']:,.0f} | {' | '.join(ratios)} |"
                     + " |" * (len(PEERS) + 2 - len(ratios)))

    for cell in cells(parts, "small", "large"):
        row(f"echoes a second: {cell.label()}", cell)
    for cell in cells(parts, "fan-out"):
        row(f"deliveries a second: to {cell.label()}", cell)
    memory = parts["memory"]["found"]
    for state, title in STATES.items():
        ours, *peers = (f"{memory[name][state]:,.0f} bytes" for name in (OURS, *PEERS))
        lines.append(f"| memory of an idle connection, {title} | {ours} | | | {' | '.join(peers)} |")
    return lines


def head(parts):
    about = parts["small"]
    rounds, seconds = (min(part[key] for part in parts.values()) for key in ("rounds", "seconds"))
    return (f"Measured {about['date']} on {about['machine']}: the server on one core, the load on the other, "
            f"medians of at least {rounds} interleaved rounds of at least {seconds:g} s, ratios round by round.")


def bars(axes, some, names, title):
    """Groups of bars, one group for each cell, as shares of TCP alone."""
    width = 0.8 / len(names)
    for place, name in enumerate(names):
        at = [index + (place - (len(names) - 1) / 2) * width for index in range(len(some))]
        drawn = axes.bar(at, [cell.ratio(name) for cell in some], width, label=name, color=COLORS[name])
        axes.bar_label(drawn, fmt="{:.2f}", fontsize=6, padding=1)
    axes.axhline(1, color="black", linewidth=0.8)
    axes.set_xticks(range(len(some)), [cell.label().replace(", ", "\n") for cell in some], fontsize=7)
    axes.set_title(title, fontsize=9, loc="left")
    axes.set_ylabel("× TCP alone, its best way", fontsize=8)
    axes.tick_params(axis="y", labelsize=7)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_ylim(top=1.2 * max(1, *(cell.ratio(name) for cell in some for name in names)))
    axes.legend(fontsize=7, frameon=False, ncols=len(names), loc="upper right")


def memory_bars(axes, found):
    for place, (key, title) in enumerate([(it, STATES[it]) for it in ("fresh", "after_16_kib_echo")]):
        values = [it[key] for it in found.values()]
        at = [index + (place - 0.5) * 0.4 for index in range(len(values))]
        drawn = axes.bar(at, values, 0.4, label=title, color=[COLORS[name] for name in found], alpha=1 - place / 2)
        axes.bar_label(drawn, fmt="{:,.0f}", fontsize=6, padding=1)
    axes.set_yscale("log")
    axes.set_xticks(range(len(found)), found, fontsize=7)
    axes.set_title("bytes per idle connection: fresh, and after a 16-KiB echo (pale)", fontsize=9, loc="left")
    axes.tick_params(axis="y", labelsize=7)
    axes.spines[["top", "right"]].set_visible(False)


def plot(parts, out):
    plt.rcParams |= {"svg.fonttype": "none", "svg.hashsalt": "echo", "font.family": "sans-serif"}
    figure = plt.figure(figsize=(11, 7), layout="constrained")
    grid = figure.add_gridspec(2, 2)
    bars(figure.add_subplot(grid[0, :]), cells(parts, "small", "large"), [OURS, *PEERS],
         "echoes: connections, messages in flight, bytes")
    bars(figure.add_subplot(grid[1, 0]), cells(parts, "fan-out"),
         [OURS, "fastwebsockets", "fastwebsockets, gathered"], "fan-out: subscribers, messages in flight, bytes")
    memory_bars(figure.add_subplot(grid[1, 1]), parts["memory"]["found"])
    figure.savefig(out, metadata={"Date": None})


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    directory = pathlib.Path(sys.argv[1])
    parts = load(directory)
    plot(parts, directory / "echo.svg")
    lines = ["# Echo, fan-out, idle memory", "", head(parts), "", "![](echo.svg)", ""]
    lines += [*full_table(cells(parts, "small", "large"), "connections, bytes"), ""]
    lines += [*text_table(cells(parts, "text")), ""]
    lines += [*full_table(cells(parts, "fan-out"), "subscribers, bytes"), ""]
    lines += memory_table(parts["memory"]["found"])
    (directory / "echo.md").write_text("\n".join(lines) + "\n")
    if len(sys.argv) == 3:
        insert(sys.argv[2], "echo", [head(parts), "", *short_table(parts)])


if __name__ == "__main__":
    main()
