"""Small networks that tell one digit from the rest, and the patches they are explained by."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from nbinterp._typing import IntArray
from nbinterp.datasets import load_mnist
from nbinterp.interactions import Players

_PATCH = 3  # pixels wide and tall, as in the paper
N_PLAYERS = 8


class Images(NamedTuple):
    """Training images and test images, pixels in [0, 1]."""

    pixels: Tensor
    digits: Tensor
    test_pixels: Tensor
    test_digits: Tensor


def load_images(n_train: int) -> Images:
    """Return the first training images and all test images."""
    train, test = load_mnist("train"), load_mnist()
    return Images(
        torch.as_tensor(train.data[:n_train] / 255, dtype=torch.float32),
        torch.as_tensor(train.target[:n_train]),
        torch.as_tensor(test.data / 255, dtype=torch.float32),
        torch.as_tensor(test.target),
    )


def dense(*widths: int) -> list[nn.Module]:
    """Return the layers of a dense network with hidden layers of these widths."""
    sizes = [784, *widths]
    hidden = [
        module
        for inputs, nodes in zip(sizes, widths, strict=False)
        for module in (nn.Linear(inputs, nodes), nn.ReLU())
    ]
    return [*hidden, nn.Linear(sizes[-1], 1)]


def convolutional() -> list[nn.Module]:
    """Return the layers of a small convolutional network."""
    return [
        nn.Unflatten(1, (1, 28, 28)),
        nn.Conv2d(1, 8, 5, stride=2),
        nn.ReLU(),
        nn.Conv2d(8, 16, 3, stride=2),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(400, 1),
    ]


def trained(
    kind: Sequence[int] | str, digit: int, seed: int, images: Images, epochs: int
) -> nn.Module:
    """Return a network whose logit says whether an image is the digit.

    Parameters
    ----------
    kind : sequence of int or "convolutional"
        The widths of a dense network, or the other kind.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        layers = convolutional() if isinstance(kind, str) else dense(*kind)
        network = nn.Sequential(*layers, nn.Flatten(0))
        wanted = (images.digits == digit).float()
        optimizer = torch.optim.Adam(network.parameters(), 2e-3)
        for _ in range(epochs):
            for rows in torch.randperm(len(wanted)).split(64):  # type: ignore[no-untyped-call]
                optimizer.zero_grad()
                logits = network(images.pixels[rows])
                loss = nn.functional.binary_cross_entropy_with_logits(logits, wanted[rows])
                loss.backward()  # type: ignore[no-untyped-call]
                optimizer.step()
    return network.eval()


@torch.no_grad()
def accuracy(network: nn.Module, digit: int, images: Images) -> float:
    """Return the share of test images that a network gets right."""
    right = (network(images.test_pixels) > 0) == (images.test_digits == digit)
    return float(right.float().mean())


def inky_patches(pixels: Tensor, n: int = N_PLAYERS, *, together: bool = False) -> Players:
    """Return the patches with the most ink of each image as players, from top to bottom.

    With `together`, the patches with the most ink over all images are the players of each.
    """
    grid = Players.patches((28, 28), _PATCH).mask.ravel()
    ink = torch.stack([pixels[:, grid == k].sum(dim=1) for k in range(grid.max() + 1)], dim=1)
    if together:
        ink = ink.mean(dim=0, keepdim=True).expand_as(ink)
    chosen: IntArray = ink.topk(n).indices.sort(dim=1).values.numpy()
    mask = np.full(tuple(pixels.shape), -1)
    for image, patches in enumerate(chosen.tolist()):
        for player, patch in enumerate(patches):
            mask[image, grid == patch] = player
    return Players(mask[0] if together else mask, [f"patch {k}" for k in range(n)])
