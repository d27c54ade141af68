"""SmoothHess of a digit: gradients needed for an error, and what one costs beyond the gradient.

The network has the layers of the paper's, 784-500-300-250-250-250-10, trained briefly here.
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
# Of gradients by themselves; the one that is faster counts.
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


def bare(net: nn.Module, x: Tensor, n: int, batch: int) -> float:
    """Return the seconds that a gradient takes by itself, of about `n` in batches."""
    rows = x.repeat(batch, 1)
    chosen = target(net, x)
    passes = round(n / batch)
    start = time.perf_counter()
    for _ in range(passes):
        leaf = rows.requires_grad_()
        torch.autograd.grad(net(leaf)[:, chosen].sum(), leaf)
    return (time.perf_counter() - start) / (passes * batch)


def ours(net: nn.Module, x: Tensor, n: int, seed: int) -> float:
    """Return the seconds that a gradient takes with all that SmoothHess makes of it."""
    start = time.perf_counter()
    found = explain(net, x, "orthogonal", n, seed)
    # Whole blocks of directions: fewer gradients than were asked for.
    return (time.perf_counter() - start) / found.n_samples


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
    pairs = []
    for repeat in range(REPEATS):
        alone = min(bare(net, x, CALLS, batch) for batch in BATCHES)
        pairs.append((ours(net, x, CALLS, repeat), alone))
    ratios = sorted(one / other for one, other in pairs)
    best, alone = (min(column) * 1e6 for column in zip(*pairs, strict=True))
    print(
        f"  a gradient {best:.1f} μs, by itself {alone:.1f} μs: ratio {best / alone:.2f}, median "
        f"{ratios[REPEATS // 2]:.2f} of {REPEATS} rounds, {ratios[0]:.2f} to {ratios[-1]:.2f}"
    )


if __name__ == "__main__":
    main()
