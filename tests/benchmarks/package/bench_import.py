"""Importing nbinterp in a notebook, against importing only PyTorch and scikit-learn.

Run as ``python tests/benchmarks/package/bench_import.py``. Each import runs in fresh processes, in
turn. All modules are compiled before, as they are after `pip install`. `ratio` is the
median of the ratios of neighbouring runs, which changes less on a machine that is slow for seconds
at a time.
"""

import os
import statistics
import subprocess
import sys
import tempfile

RUNS = 15
ALONE = "import torch, sklearn"
OURS = "from nbinterp import LocalCorEx, ClusterExplorer, record, Workbench"


def seconds(statement, compiled):
    """Return the seconds that `statement` takes in a fresh Python."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPYCACHEPREFIX"] = compiled
    code = (
        f"import time\nbegin = time.perf_counter()\n{statement}\nprint(time.perf_counter() - begin)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    return float(done.stdout)


def main():
    """Print a line."""
    with tempfile.TemporaryDirectory() as compiled:
        for statement in (ALONE, OURS):  # read the disk, and compile
            seconds(statement, compiled)
        pairs = [(seconds(ALONE, compiled), seconds(OURS, compiled)) for _ in range(RUNS)]
    alone, ours = (statistics.median(times) for times in zip(*pairs, strict=True))
    ratio = statistics.median(ours / alone for alone, ours in pairs)
    print(
        f"import: {ours:.2f} s, torch and sklearn alone {alone:.2f} s, "
        f"ratio {ratio:.2f} (at most 1.25)"
    )


if __name__ == "__main__":
    main()
