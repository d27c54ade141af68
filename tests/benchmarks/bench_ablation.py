"""Silencing the nodes of 10 factors x 8 sizes x 20 clusters, on MNIST's 10,000 test images.

Against one masked forward pass a combination: `ablated` and the whole network over all images,
timed on some combinations and scaled. Ours also runs the comparisons (random nodes, largest
activation, largest weight), which the reference leaves out.

Run as ``python tests/benchmarks/bench_ablation.py [layer ...]``.
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
N_TIMED = 20  # combinations of the reference


def forward(model, images):
    """Return the outputs, in batches."""
    with torch.no_grad():
        return torch.cat([model(block) for block in images.split(1024)])


def combination(model, layer, images, nodes):
    """Return the seconds of clock and of processors of one masked pass."""
    clock, processor = time.perf_counter(), time.process_time()
    with ablated(model, layer, nodes):
        forward(model, images)
    return time.perf_counter() - clock, time.process_time() - processor


def compare(layer, images, digits, clusters):
    """Print the figures of one layer."""
    model = load_mnist_classifier()
    table = record(model, images, layer, progress=False).concat(layer, output=True)
    local = LocalCorEx(LinearCorEx(N_FACTORS, random_state=0)).fit(table, labels=clusters)
    generator = np.random.default_rng(0)
    seconds = [
        combination(
            model, layer, images, generator.permutation(200)[: SIZES[i % len(SIZES)]].tolist()
        )
        for i in range(N_TIMED)
    ]
    n = N_FACTORS * len(SIZES) * N_CLUSTERS
    clock, processor = n * np.median(seconds, axis=0)
    print(f"{layer}: reference {clock:.1f} s, {processor:.1f} s of processors, for {n} passes")
    for n_random in (0, 100):
        begin, spent = time.perf_counter(), time.process_time()
        study = ablation_study(
            model,
            images,
            local.clusters_,
            layer=layer,
            labels=digits,
            factor=range(N_FACTORS),
            sizes=SIZES,
            n_random=n_random,
            random_state=0,
            progress=False,
        )
        ours, spent = time.perf_counter() - begin, time.process_time() - spent
        print(
            f"  {study}: {ours:.1f} s, {spent:.1f} s of processors; ratio {clock / ours:.1f}, "
            f"of processors {processor / spent:.1f}",
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
