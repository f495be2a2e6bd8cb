"""What .ci/soak left: whether the client grew, fired later, or lost a record."""

import csv
import json
import statistics
import sys
from pathlib import Path

home = Path(sys.argv[1])
problems = []


def check(holds, what):
    print(("ok      " if holds else "FAILED  ") + what)
    if not holds:
        problems.append(what)


def p99(values):
    return sorted(values)[int(len(values) * 0.99)]


# Memory, in MiB: the first third is warm-up, connections and first histograms included.
rss = [int(line) / 1024 for line in (home / "rss.txt").read_text().split()]
rss = rss[len(rss) // 3 :]
early, late = (statistics.median(part) for part in (rss[: len(rss) // 3], rss[-len(rss) // 3 :]))
check(late < early * 1.1 + 8, f"memory: {early:.0f} MiB after the warm-up, {late:.0f} MiB at the end")

# Lateness, in ms: the first and the last fifth of what was fired.
fired = []
rows = 0
with open(home / "run/requests.csv", newline="") as file:
    for row in csv.DictReader(file):
        rows += 1
        if row["sent_ns"]:
            fired.append((int(row["intended_ns"]), int(row["sent_ns"])))
fired.sort()
fifth = len(fired) // 5
lag = [p99([(sent - intended) / 1e6 for intended, sent in part]) for part in (fired[:fifth], fired[-fifth:])]
# A millisecond and a half of it is what a machine that is busy with something else makes of any instrument.
check(lag[1] < lag[0] * 1.5 + 1.5, f"dispatch lag p99: {lag[0]:.2f} ms in the first fifth, {lag[1]:.2f} ms in the last")

# Records, against the run's own count and the mock's log.
finished = json.loads((home / "run/manifest.json").read_text())["finished"]
check(rows == finished["requests"] > 0, f"requests: {rows} rows of {finished['requests']}")
with open(home / "run/attempts.csv", newline="") as file:
    attempts = list(csv.DictReader(file))
heard = {row["request_id"] for row in attempts if row["request_id"]}
seen = [json.loads(line) for line in open(home / "seen.ndjson")]
seen = {line["request_id"] for line in seen if line["operation"] == "ConverseStream" and line["status"]}
unheard = sum(1 for row in attempts if row["sent_ns"] and not row["request_id"])
check(heard <= seen, f"{len(heard)} attempts were answered, all of them by the mock")
check(len(seen - heard) <= unheard, f"{len(seen)} answers by the mock, {len(seen - heard)} of them not heard to their head")
outcomes = {}
for row in attempts:
    outcomes[row["outcome"]] = outcomes.get(row["outcome"], 0) + 1
print("        " + ", ".join(f"{name} {count}" for name, count in sorted(outcomes.items())))
sys.exit(bool(problems))
