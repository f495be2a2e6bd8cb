// Opens latency.hlog of a results folder with hdr-histogram-js and compares it with summary.json.
import assert from "node:assert";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { HistogramLogReader, build } from "hdr-histogram-js";

const DIGITS = 1e-3;
const folder = process.argv[2];

// Histograms by tag, in microseconds, all intervals of a tag added up.
const whole = new Map();
const reader = new HistogramLogReader(readFileSync(join(folder, "latency.hlog"), "utf8"));
for (let interval; (interval = reader.nextIntervalHistogram()) !== null; ) {
  if (!whole.has(interval.tag)) whole.set(interval.tag, build({ numberOfSignificantValueDigits: 3 }));
  whole.get(interval.tag).add(interval);
}

let compared = 0;
const summary = JSON.parse(readFileSync(join(folder, "summary.json"), "utf8"));
for (const route of summary.routes) {
  for (const [metric, end] of [["response", ""], ["ttft", "/ttft"], ["service", "/service"]]) {
    const expected = route.slices[0].metrics[metric].ok;
    if (expected.n === 0) continue;
    const times = whole.get(route.name + end);
    assert.equal(times.totalCount, expected.n, `${route.name} ${metric}`);
    for (const { q, value } of expected.quantiles) {
      const found = times.getValueAtPercentile(q * 100) / 1e3;
      assert.ok(Math.abs(found / value - 1) <= DIGITS, `${route.name} ${metric} ${q}: ${found} for ${value}`);
      compared += 1;
    }
  }
}
assert.ok(compared >= 12, `only ${compared} percentiles were compared`);
console.log(`  ok: ${compared} percentiles of ${whole.size} tags are those of summary.json`);
