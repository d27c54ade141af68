"""Local CorEx on MNIST's 60,000 training images: map, clusters and the factors of each.

The reference combines existing packages: phate, scikit-learn's k-means on its map, and linearcorex
on one cluster after the other, each in its own process. A cluster that linearcorex does not finish
counts with the time limit. The benchmark also prints the ratio without those clusters, with our
time for all clusters. Our time includes a fit to shuffled data for every cluster; the reference has
none.

Run as ``python tests/benchmarks/corex/bench_local_corex.py [n_samples]``.
"""

import sys
import time
import warnings
from pathlib import Path

import numpy as np
import torch
from sklearn.cluster import KMeans
from sklearn.metrics import normalized_mutual_info_score

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.corex.bench_linear_corex import PATIENCE
from benchmarks.corex.bench_linear_corex import reference as package_corex
from benchmarks.manifold.bench_phate import mnist, timed
from benchmarks.manifold.bench_phate import reference as package_phate

from nbinterp.corex import LinearCorEx, LocalCorEx
from nbinterp.manifold import PHATE

N_COMPONENTS = 10  # as bench_phate has it
N_CLUSTERS = 24
N_FACTORS = 20
OUR_RUNS = 3


def ours(images, seed):
    """Return the fitted estimator."""
    local = LocalCorEx(
        LinearCorEx(N_FACTORS),
        PHATE(N_COMPONENTS, progress=False),
        N_CLUSTERS,
        random_state=seed,
    )
    return local.fit(images)


def theirs_of_clusters(images, labels):
    """Return the seconds of linearcorex on each cluster, and which it finished."""
    seconds, finished = np.zeros(N_CLUSTERS), np.zeros(N_CLUSTERS, dtype=bool)
    for k in range(N_CLUSTERS):
        group = images[labels == k].astype(np.float32)
        answer, waited, _ = timed(lambda group=group: package_corex(group, N_FACTORS, PATIENCE))
        finished[k] = answer is not None and np.isfinite(answer[1]).all()
        # Without an answer, what was waited: it may have failed, not only taken too long.
        seconds[k] = min(waited, PATIENCE) if answer is None else answer[0]
        said = "" if finished[k] else ", not finished"
        print(f"  linearcorex, cluster {k} of {len(group)}: {seconds[k]:.1f} s{said}", flush=True)
    return seconds, finished


def main():
    """Print the figures."""
    warnings.simplefilter("ignore")
    images, digits = mnist(int(sys.argv[1]) if len(sys.argv) > 1 else 60_000)
    threads = torch.get_num_threads()
    print(f"{images.shape}, {N_CLUSTERS} clusters, {N_FACTORS} factors, {threads} threads")
    clocks = []
    for seed in range(OUR_RUNS):
        fit, clock, processor = timed(lambda seed=seed: ours(images, seed))
        clocks.append(clock)
        shared = normalized_mutual_info_score(digits, fit.labels_)
        print(
            f"nbinterp: {clock:.1f} s, {processor:.1f} s of processors, "
            f"NMI of clusters and digits {shared:.3f}, "
            f"{sum(cluster.converged_ for cluster in fit.clusters_)} of {N_CLUSTERS} converged",
            flush=True,
        )
    (_, embedding), mapping, _ = timed(lambda: package_phate(images))
    begin = time.perf_counter()
    labels = KMeans(N_CLUSTERS, random_state=0).fit_predict(embedding)
    clustering = time.perf_counter() - begin
    shared = normalized_mutual_info_score(digits, labels)
    print(f"phate: {mapping:.1f} s, k-means: {clustering:.1f} s, NMI {shared:.3f}", flush=True)
    seconds, finished = theirs_of_clusters(images, labels)
    known = mapping + clustering + seconds[finished].sum()
    waited = seconds[~finished].sum()
    middle = np.median(clocks)
    print(f"reference: {known + waited:.1f} s, {waited:.1f} s of them on what it did not finish")
    print(f"linearcorex finished {finished.sum()} of {N_CLUSTERS} clusters")
    print(f"ratio {(known + waited) / middle:.1f}, median of {OUR_RUNS} runs")
    print(f"ratio without what it did not finish {known / middle:.1f}")


if __name__ == "__main__":
    main()
