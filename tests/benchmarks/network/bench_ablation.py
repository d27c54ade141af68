"""Ablate the nodes of 10 factors x 8 sizes x 20 clusters, on MNIST's 10,000 test images.

The reference is one masked forward pass per combination: `ablated` and the whole network over all
images, in batches of the fastest size. It is timed on some combinations, alternating with ours, and
scaled by the median. It computes no means of groups. Ours does, and also measures the comparisons
(largest activation, largest weight, and 100 random draws in the last row). "a pass" is the ratio to
a reference that also runs the comparisons.

Run as ``python tests/benchmarks/network/bench_ablation.py [layer ...]``.
"""

import sys
import time
import warnings

import numpy as np
import torch

from nbinterp.corex import LinearCorEx, LocalCorEx
from nbinterp.datasets import load_mnist, load_mnist_classifier
from nbinterp.network import ablated, ablation_study, record

N_FACTORS = 10
N_CLUSTERS = 20
SIZES = (5, 10, 20, 30, 40, 50, 75, 100)
N_TIMED = 16  # combinations of the reference in a round
BATCHES = (512, 1024, 2048, 4096)
ROUNDS = 3


def masked(model, layer, images, nodes, batch):
    """Return the seconds of one masked pass."""
    begin = time.perf_counter()
    with ablated(model, layer, nodes), torch.no_grad():
        torch.cat([model(block) for block in images.split(batch)])
    return time.perf_counter() - begin


def compare(layer, images, digits, clusters):
    """Compare ours with the reference on one layer."""
    model = load_mnist_classifier()
    table = record(model, images, layer, progress=False).concat(layer, output=True)
    local = LocalCorEx(LinearCorEx(N_FACTORS, random_state=0)).fit(table, clusters=clusters)
    generator = np.random.default_rng(0)

    def theirs(batch):
        sizes = [SIZES[i % len(SIZES)] for i in range(N_TIMED)]
        nodes = [generator.permutation(200)[:size].tolist() for size in sizes]
        return [masked(model, layer, images, each, batch) for each in nodes]

    def ours(n_random):
        begin = time.perf_counter()
        study = ablation_study(
            model,
            images,
            local.clusters_,
            layer=layer,
            y=digits,
            factor=range(N_FACTORS),
            sizes=SIZES,
            n_random=n_random,
            random_state=0,
            progress=False,
        )
        return study, time.perf_counter() - begin

    best = min(BATCHES, key=lambda batch: np.median(theirs(batch)))
    n = N_FACTORS * len(SIZES) * N_CLUSTERS
    for n_random, rounds in ((0, ROUNDS), (100, 1)):
        passes, seconds = [], []
        for _ in range(rounds):
            passes += theirs(best)
            study, took = ours(n_random)
            seconds.append(took)
        # Two comparisons a cluster.
        n_all = n + (2 * N_CLUSTERS + n_random) * len(SIZES)
        one, spent = np.median(passes), np.median(seconds)
        print(
            f"{study}\n  reference {n * one:.1f} s for {n} passes of {1000 * one:.1f} ms in batches"
            f" of {best}; ours {spent:.1f} s; ratio {n * one / spent:.1f},"
            f" a pass {n_all * one / spent:.1f}",
            flush=True,
        )


def main():
    """Print the figures."""
    warnings.simplefilter("ignore")
    mnist = load_mnist()
    images = torch.as_tensor(mnist.data / np.float32(255))
    clusters = 2 * mnist.target + (np.arange(len(images)) % 2)  # 20 of them
    for layer in sys.argv[1:] or ("h1", "h2"):
        compare(layer, images, mnist.target, clusters)


if __name__ == "__main__":
    main()
