"""The distance report of a layer, against a forward pass plus one covariance of its input."""

import statistics
import time
from collections.abc import Callable

import numpy as np
import torch
from torch import nn

from nbinterp.datasets import load_mnist, load_mnist_classifier
from nbinterp.distance import LinearDistance

N_SAMPLES, N_INPUTS, N_NODES = 10_000, 784, 200
ROUNDS = 9
LIMIT = 3.0


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def compare(model: nn.Module, layer: str, data: torch.Tensor, labels: np.ndarray) -> None:
    """Print the ratio of medians over rounds that take all three in turn."""
    explainer = LinearDistance(random_state=0, progress=False)

    def forward() -> None:
        with torch.no_grad():
            model(data)

    def covariance() -> None:
        np.cov(data.numpy(), rowvar=False)

    def report() -> None:
        explainer.explain(model, data, layer, clusters=labels)

    works = (forward, covariance, report)
    rounds = [[seconds(work) for work in works] for _ in range(ROUNDS + 1)][1:]
    passed, spread, whole = (statistics.median(times) for times in zip(*rounds, strict=True))
    ratio = whole / (passed + spread)
    print(
        f"  report {1e3 * whole:.0f} ms, forward {1e3 * passed:.0f} ms, covariance"
        f" {1e3 * spread:.0f} ms: ratio {ratio:.2f} (at most {LIMIT:g})"
    )


def main() -> None:
    print(f"distances, {N_SAMPLES:,} x {N_INPUTS} through {N_NODES} nodes, 10 clusters")
    generator = torch.Generator().manual_seed(0)
    data = torch.randn(N_SAMPLES, N_INPUTS, generator=generator)
    labels = np.arange(N_SAMPLES) % 10
    torch.manual_seed(0)
    compare(nn.Sequential(nn.Linear(N_INPUTS, N_NODES), nn.ReLU()), "0", data, labels)
    print("the same of MNIST's test images through the shipped classifier")
    mnist = load_mnist()
    pixels = torch.as_tensor(mnist.data / 255, dtype=torch.float32)
    compare(load_mnist_classifier(), "h1.linear", pixels, mnist.target)


if __name__ == "__main__":
    main()
