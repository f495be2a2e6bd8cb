"""24 hours in virtual time: how much memory they take, which must not be that of their requests."""

import resource
import subprocess
import sys

run = ["run", "--sim", "--profile", "candidates", "--rps", "2", "--quiet", "--no-records"]
peaks = []
for hours in ["2h", "24h"]:
    out = subprocess.run([sys.argv[1], *run, "-d", hours, "-o", hours], stdout=subprocess.DEVNULL)
    assert out.returncode in (0, 5), out
    # Of the largest child so far.
    peaks.append(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)
print(f"        {peaks[0]:.0f} MiB for 2 h, {peaks[1]:.0f} MiB for 24 h")
sys.exit(peaks[1] > peaks[0] * 1.5 + 32)
