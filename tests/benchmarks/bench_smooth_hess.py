"""SmoothHess of a digit: gradients needed for an error, and what one costs beyond the gradient.

The network has the layers of the paper's, 784-500-300-250-250-250-10, trained briefly here.
"""

import itertools
import time

import torch
from torch import Tensor, nn

from nbinterp.datasets import load_mnist
from nbinterp.interactions import SmoothHess

WIDTHS = (784, 500, 300, 250, 250, 250, 10)
REFERENCE = 400_000
CALLS = 20_000


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


def estimate(net: nn.Module, x: Tensor, sampling: str, n: int, seed: int) -> Tensor:
    smooth = SmoothHess(sampling=sampling, n_samples=n, random_state=seed, progress=False)
    return torch.as_tensor(smooth.explain(net, x, target=target(net, x)).hessian[0])


def target(net: nn.Module, x: Tensor) -> int:
    with torch.no_grad():
        return int(net(x)[0].argmax())


def bare(net: nn.Module, x: Tensor, n: int, batch: int) -> float:
    """Return the seconds that `n` gradients take by themselves."""
    rows = x.repeat(batch, 1)
    chosen = target(net, x)
    start = time.perf_counter()
    for _ in range(n // batch):
        leaf = rows.requires_grad_()
        torch.autograd.grad(net(leaf)[:, chosen].sum(), leaf)
    return time.perf_counter() - start


def main() -> None:
    mnist = load_mnist()
    pixels = torch.as_tensor(mnist.data / 255, dtype=torch.float32)
    net = network(pixels, torch.as_tensor(mnist.target))
    x = pixels[:1]
    reference = estimate(net, x, "orthogonal", REFERENCE, 99)

    def error(sampling: str, n: int) -> float:
        found = [estimate(net, x, sampling, n, seed) for seed in (0, 1)]
        return sum(float((one - reference).norm() / reference.norm()) for one in found) / 2

    print(f"SmoothHess, 784 inputs: relative error against {REFERENCE:,} gradients")
    for sampling in ("plain", "antithetic", "orthogonal", "moment_matched"):
        print(f"  {sampling:<16} {CALLS:,} gradients: {error(sampling, CALLS):.3f}")
    third, whole = error("orthogonal", CALLS), error("antithetic", 3 * CALLS)
    print(f"  orthogonal with {CALLS:,}: {third:.3f}; antithetic with {3 * CALLS:,}: {whole:.3f}")
    ratios = []
    for repeat in range(5):
        alone = bare(net, x, CALLS, 2048)
        start = time.perf_counter()
        estimate(net, x, "orthogonal", CALLS, repeat)
        ratios.append((time.perf_counter() - start) / alone)
    print(f"  time over that of the gradients alone: {sorted(ratios)[2]:.2f}")


if __name__ == "__main__":
    main()
