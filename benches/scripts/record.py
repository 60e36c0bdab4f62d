"""What all records have in common: where they were measured, and the part of a README they replace."""

import os
import platform


def machine():
    with open("/proc/cpuinfo", encoding="ascii") as info:
        model = next((line.split(":")[1].strip() for line in info if line.startswith("model name")), "?")
    gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} cores ({model}), {gib:.0f} GiB, Linux {platform.release().split('-')[0]}"


def insert(path, mark, lines):
    """Replaces what is between the lines `<!-- mark -->` and `<!-- /mark -->`."""
    with open(path, encoding="utf-8") as file:
        before, start, rest = file.read().partition(f"<!-- {mark} -->\n")
    _, end, after = rest.partition(f"<!-- /{mark} -->")
    if not end:
        raise SystemExit(f"{path} has no place for {mark}")
    with open(path, "w", encoding="utf-8") as file:
        file.write(before + start + "\n".join(lines) + "\n" + end + after)
