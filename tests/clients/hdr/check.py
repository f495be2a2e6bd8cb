"""Opens latency.hlog of a results folder with the HdrHistogram package and compares it with summary.json."""

import json
import sys
from pathlib import Path

from hdrh.histogram import HdrHistogram
from hdrh.log import HistogramLogReader

DAY = 24 * 3600 * 1_000_000
DIGITS = 1e-3


def read(path):
    """Histograms by tag, in microseconds, all intervals of a tag added up."""
    whole = {}
    reader = HistogramLogReader(str(path), HdrHistogram(1, DAY, 3))
    while (interval := reader.get_next_interval_histogram()) is not None:
        whole.setdefault(interval.get_tag(), HdrHistogram(1, DAY, 3)).add(interval)
    return whole


def main(folder):
    summary = json.loads((folder / "summary.json").read_text())
    whole = read(folder / "latency.hlog")
    compared = 0
    for route in summary["routes"]:
        for metric, end in ("response", ""), ("ttft", "/ttft"), ("service", "/service"):
            expected = route["slices"][0]["metrics"][metric]["ok"]
            if expected["n"] == 0:
                continue
            times = whole[route["name"] + end]
            assert times.get_total_count() == expected["n"], (route["name"], metric)
            for quantile in expected["quantiles"]:
                found = times.get_value_at_percentile(quantile["q"] * 100) / 1e3
                assert abs(found / quantile["value"] - 1) <= DIGITS, (route["name"], metric, quantile, found)
                compared += 1
    assert compared >= 12, f"only {compared} percentiles were compared"
    print(f"  ok: {compared} percentiles of {len(whole)} tags are those of summary.json")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
