"""What the shards of a run sent, and that it is what their merge holds: summary.py MERGED SHARD..."""

import csv
import json
import sys
from pathlib import Path


def read(folder):
    manifest = json.loads((folder / "manifest.json").read_text())
    summary = json.loads((folder / "summary.json").read_text())
    wholes = [route["slices"][0] for route in summary["routes"]]
    counts = {
        "planned": sum(whole["planned"] for whole in wholes),
        "sent": sum(whole["sent"] for whole in wholes),
        "ok": sum(whole["outcomes"].get("ok", 0) for whole in wholes),
        "rows": len((folder / "requests.csv").read_text().splitlines()) - 1,
    }
    return manifest, summary, counts


def first_sent(folder):
    """By how many milliseconds the first request left after its instant, by the clock of its shard."""
    with open(folder / "requests.csv") as rows:
        sent = [row for row in csv.DictReader(rows) if row["sent_ns"]]
    first = min(sent, key=lambda row: int(row["intended_ns"]))
    return (int(first["sent_ns"]) - int(first["intended_ns"])) / 1e6


def line(name, counts, rest=""):
    print(f"{name:10}" + "".join(f"{what} {count:<8}" for what, count in counts.items()) + rest)


merged_folder, *folders = map(Path, sys.argv[1:])
total, starts = {}, []
for folder in sorted(folders, key=lambda folder: int(folder.name)):
    manifest, summary, counts = read(folder)
    starts.append(manifest["started_unix_nanos"])
    clock = manifest["clock"]
    ahead = f"clock {clock['ahead_ms']:+} ms ± {clock['uncertainty_ms']} ms" if clock["ahead_ms"] is not None else "clock unknown"
    first = f"first request {first_sent(folder):.2f} ms late"
    line(f"shard {folder.name}", counts, f"{summary['verdict']['grade']}, by {manifest['shard']['by']}, {first}, {ahead}")
    total = {what: total.get(what, 0) + count for what, count in counts.items()}
_, summary, counts = read(merged_folder)
line("together", total)
line("merged", counts, summary["verdict"]["grade"])
print(f"run time zero: {(max(starts) - min(starts)) / 1e6:.3f} ms apart by their own clocks")
for reason in summary["verdict"]["reasons"]:
    print(f"  {reason['grade']}: {reason['text']}")
assert counts == total, "the merge lost or made something"
assert not summary["evidence"]["clients"]["missing"], "a shard is missing"
