"""SmoothHess of a digit: gradients needed for a given error, and the overhead per gradient.

The network has the paper's layers, 784-500-300-250-250-250-10, and is trained briefly here.
"""

import itertools
import time

import torch
from torch import Tensor, nn

from nbinterp.datasets import load_mnist
from nbinterp.interactions import SmoothHess, SmoothHessian

WIDTHS = (784, 500, 300, 250, 250, 250, 10)
REFERENCE = 400_000
CALLS = 20_000
# Batch sizes for gradients alone; the faster one counts.
BATCHES = (1568, 2048)
REPEATS = 15


def network(pixels: Tensor, digits: Tensor) -> nn.Sequential:
    """Return a classifier after two passes over the images."""
    torch.manual_seed(0)
    layers: list[nn.Module] = []
    for inputs, outputs in itertools.pairwise(WIDTHS):
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
    net = nn.Sequential(*layers[:-1])
    optimizer = torch.optim.Adam(net.parameters(), 1e-3)
    for _ in range(2):
        for rows in torch.randperm(len(pixels)).split(128):
            optimizer.zero_grad()
            nn.functional.cross_entropy(net(pixels[rows]), digits[rows]).backward()
            optimizer.step()
    return net.eval()


def explain(net: nn.Module, x: Tensor, sampling: str, n: int, seed: int) -> SmoothHessian:
    smooth = SmoothHess(sampling=sampling, n_samples=n, random_state=seed, progress=False)
    return smooth.explain(net, x, target=target(net, x))


def target(net: nn.Module, x: Tensor) -> int:
    with torch.no_grad():
        return int(net(x)[0].argmax())


def bare(net: nn.Module, x: Tensor, n: int, batch: int) -> tuple[float, float]:
    """Return the seconds per gradient alone, for about `n`, by the clock and of the processors."""
    rows = x.repeat(batch, 1)
    chosen = target(net, x)
    passes = round(n / batch)
    start, used = time.perf_counter(), time.process_time()
    for _ in range(passes):
        leaf = rows.requires_grad_()
        torch.autograd.grad(net(leaf)[:, chosen].sum(), leaf)
    count = passes * batch
    return (time.perf_counter() - start) / count, (time.process_time() - used) / count


def ours(net: nn.Module, x: Tensor, n: int, seed: int) -> tuple[float, float]:
    """Return the seconds per gradient of SmoothHess, with everything it computes from it."""
    start, used = time.perf_counter(), time.process_time()
    count = explain(net, x, "orthogonal", n, seed).n_samples
    # Blocks are whole, so fewer gradients than requested are taken.
    return (time.perf_counter() - start) / count, (time.process_time() - used) / count


def main() -> None:
    mnist = load_mnist()
    pixels = torch.as_tensor(mnist.data / 255, dtype=torch.float32)
    net = network(pixels, torch.as_tensor(mnist.target))
    x = pixels[:1]
    reference = torch.as_tensor(explain(net, x, "orthogonal", REFERENCE, 99).hessian[0])

    def error(sampling: str, n: int) -> tuple[float, int]:
        found = [explain(net, x, sampling, n, seed) for seed in (0, 1)]
        matrices = [torch.as_tensor(one.hessian[0]) for one in found]
        sizes = [float((one - reference).norm() / reference.norm()) for one in matrices]
        return sum(sizes) / 2, found[0].n_samples

    print(f"SmoothHess, 784 inputs: relative error against {REFERENCE:,} gradients")
    for sampling in ("plain", "control_variate", "antithetic", "orthogonal", "moment_matched"):
        size, n = error(sampling, CALLS)
        print(f"  {sampling:<16} {n:,} gradients: {size:.3f}")
    (few, n_few), (many, n_many) = error("orthogonal", CALLS), error("antithetic", 3 * CALLS)
    print(f"  orthogonal with {n_few:,}: {few:.3f}; antithetic with {n_many:,}: {many:.3f}")
    ours(net, x, CALLS, 0), bare(net, x, CALLS, BATCHES[0])  # warm up
    rounds = []
    for repeat in range(REPEATS):
        alone = [bare(net, x, CALLS, batch) for batch in BATCHES]
        rounds.append((ours(net, x, CALLS, repeat), *alone))
    for place, clock in enumerate(("by the clock", "of the processors")):
        mine, *others = (
            sorted(each[place] for each in column) for column in zip(*rounds, strict=True)
        )
        alone = min(others, key=lambda column: column[REPEATS // 2])
        middle = mine[REPEATS // 2] / alone[REPEATS // 2]
        print(
            f"  a gradient {clock}: {mine[0] * 1e6:.1f} μs, by itself {alone[0] * 1e6:.1f} μs, "
            f"ratio {mine[0] / alone[0]:.2f}; of the medians of {REPEATS} rounds {middle:.2f}"
        )


if __name__ == "__main__":
    main()
