"""PHATE of MNIST's 60,000 training images to 10 dimensions, against the package phate.

Run with ``python tests/benchmarks/manifold/bench_phate.py [n_samples]``. Both use the threads of
this process; the reference runs with its defaults and ``n_jobs=2``. Stress is between landmarks, at
the best scale. Clusters of k-means on the map are compared with the labels.
"""

import os
import resource
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import phate
import torch
from sklearn.metrics import normalized_mutual_info_score

from nbinterp._numerics.kmeans import k_means
from nbinterp.manifold import PHATE
from nbinterp.manifold.mds import distances, stress

N_COMPONENTS = 10
N_CLUSTERS = 24
N_PARTITIONS = 5
OUR_RUNS = 3


def mnist(n_samples: int) -> tuple[np.ndarray, np.ndarray]:
    """Return images as rows of bytes, and their labels."""
    with np.load(Path(os.environ["NBINTERP_DATA"]) / "mnist.npz") as stored:
        return stored["x_train"][:n_samples].reshape(-1, 784), stored["y_train"][:n_samples]


def cpu_seconds() -> float:
    """Return the processor time that this process and its children have used."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def timed(run: Callable[[], Any]) -> tuple[Any, float, float]:
    """Return the result of `run`, its seconds by the clock and of processors."""
    clock, processor = time.perf_counter(), cpu_seconds()
    result = run()
    return result, time.perf_counter() - clock, cpu_seconds() - processor


def agreement(embedding: np.ndarray, labels: np.ndarray) -> float:
    """Return the mean normalised mutual information of some partitions with the labels."""
    partitions = (
        k_means(embedding, N_CLUSTERS, n_init=3, random_state=seed).labels
        for seed in range(N_PARTITIONS)
    )
    return float(np.mean([normalized_mutual_info_score(labels, part) for part in partitions]))


def reference(images: np.ndarray) -> Any:
    """Return the package's fitted operator and its map."""
    operator = phate.PHATE(n_components=N_COMPONENTS, n_jobs=2, random_state=0, verbose=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        embedding = operator.fit_transform(images.astype(np.float64))
    return operator, embedding


def main() -> None:
    """Print the table."""
    images, labels = mnist(int(sys.argv[1]) if len(sys.argv) > 1 else 60_000)
    row = "{:10} {:>9} {:>11} {:>5} {:>9} {:>7} {:>8}"
    print(f"{images.shape} to {N_COMPONENTS}, {torch.get_num_threads()} threads")
    print(row.format("program", "seconds", "cpu seconds", "t", "stress-1", "NMI", "recall"))
    clocks, processors = [], []
    for seed in range(OUR_RUNS):
        ours = PHATE(N_COMPONENTS, random_state=seed, progress=False)
        ours, clock, processor = timed(lambda ours=ours: ours.fit(images))
        clocks.append(clock)
        processors.append(processor)
        figures = (clock, processor, ours.t_, ours.stress_, agreement(ours.embedding_, labels))
        shown = "{:.1f} {:.1f} {} {:.5f} {:.4f} {:.4f}".format(*figures, ours.neighbor_recall_)
        print(row.format("nbinterp", *shown.split()), flush=True)
    (operator, embedding), clock, processor = timed(lambda: reference(images))
    diffused = np.linalg.matrix_power(operator.diff_op, operator.optimal_t)
    target = distances(torch.as_tensor(-np.log(diffused + 1e-7)))  # of PHATE's potential
    misfit = stress(target, torch.as_tensor(operator.embedding))
    figures = (clock, processor, operator.optimal_t, misfit, agreement(embedding, labels))
    shown = "{:.1f} {:.1f} {} {:.5f} {:.4f} 1".format(*figures)
    print(row.format("phate", *shown.split()))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"ratio by the clock {clock / np.median(clocks):.1f}, median of {OUR_RUNS} runs")
    print(f"ratio by processor time {processor / np.median(processors):.1f}")
    print(f"memory of the process at most {peak:.2f} GB")


if __name__ == "__main__":
    main()
