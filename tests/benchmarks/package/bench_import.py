"""Importing nbinterp in a notebook, against importing only PyTorch and scikit-learn.

Run as ``python tests/benchmarks/package/bench_import.py``. Each import runs in fresh processes, in
turn. `ratio` is the ratio of the median seconds of the import statement.
"""

import statistics
import subprocess
import sys

RUNS = 9
ALONE = "import torch, sklearn"
OURS = "from nbinterp import LocalCorEx, ClusterExplorer, record, Workbench"


def seconds(statement):
    """Return the seconds that `statement` takes in a fresh Python."""
    code = (
        f"import time\nbegin = time.perf_counter()\n{statement}\nprint(time.perf_counter() - begin)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return float(done.stdout)


def main():
    """Print a line."""
    for statement in (ALONE, OURS):  # from the disk, and compiled
        seconds(statement)
    pairs = [(seconds(ALONE), seconds(OURS)) for _ in range(RUNS)]
    alone, ours = (statistics.median(times) for times in zip(*pairs, strict=True))
    print(
        f"import: {ours:.2f} s, torch and sklearn alone {alone:.2f} s, "
        f"ratio {ours / alone:.2f} (at most 1.25)"
    )


if __name__ == "__main__":
    main()
