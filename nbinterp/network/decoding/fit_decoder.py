"""Learn to draw what a network was shown from the nodes of one of its layers."""

import math
from collections import OrderedDict
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from sklearn.utils import check_random_state
from torch import nn

from nbinterp import _checks, _device
from nbinterp.network.data.batches import batches
from nbinterp.network.decoding.decoder import Decoder
from nbinterp.network.decoding.training import score, train
from nbinterp.network.recording.record import recorded


class Rescale(nn.Module):
    """From standardized variables back to their own units."""

    mean: torch.Tensor
    deviation: torch.Tensor

    def __init__(self, mean: torch.Tensor, deviation: torch.Tensor) -> None:
        super().__init__()
        self.register_buffer("mean", mean)
        self.register_buffer("deviation", deviation)

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        """Return ``values * deviation + mean``."""
        return values * self.deviation + self.mean


@_checks.named
def fit_decoder(
    model: nn.Module,
    data: Any,
    layer: str,
    *,
    target: Any = None,
    image_shape: Sequence[int] | None = None,
    hidden: Sequence[int] = (256,),
    max_epochs: int = 60,
    patience: int = 10,
    batch_size: int = 256,
    learning_rate: float = 2e-3,
    validation_fraction: float = 0.1,
    device: str | torch.device = "auto",
    random_state: int | np.random.RandomState | None = None,
    progress: bool = True,
) -> Decoder:
    """Train a decoder from the activations of a layer to the input of the network.

    The activations are recorded once, with the network in eval mode, and the network is not
    touched after that: nothing of it is trained, and BatchNorm's running statistics stand still.
    An interrupt raises, and nothing is kept.

    Parameters
    ----------
    model : torch.nn.Module
        The network to look into.
    data : array, tensor, dict of arrays, torch Dataset or DataLoader
        Samples (n_samples, ...) as `record` takes them.
    layer : str
        The layer to decode, by its dotted path. Of a layer with several axes all nodes are
        taken, in the order of the columns of `Recording.concat`.
    target : array of shape (n_samples, ...), optional
        What to draw, one a sample; the input itself if None.
    image_shape : tuple of int, optional
        How a drawn sample is laid out as an image, for views; say it for flat pixels. None: its
        own shape if that is (rows, columns), or has 1 or 3 channels first or last beside these.
    hidden : sequence of int
        The widths of the decoder's hidden layers; ``()`` is a linear decoder.
    max_epochs, patience : int
        Passes over the data at most, and passes without improvement before stopping.
    batch_size : int
        Samples a step.
    learning_rate : float
        Adam's, at the start; it falls to zero along a half cosine.
    validation_fraction : float
        The share of samples that training does not see and that chooses the best pass.
    device : str or torch.device
        Where to train; the decoder stays there. The network runs where it is.
    random_state : int, RandomState or None
        What split, initial weights and order of the samples follow from.
    progress : bool
        Whether to show progress over work of more than a second.

    Returns
    -------
    Decoder
        In eval mode, with its mean squared error on the validation samples, and that of drawing
        the mean of the training targets for each of them: a decoder no better than that is of
        no use.

    Raises
    ------
    ValueError
        If `layer` does not exist or runs more than once; if there are too few samples; if
        `target` is not finite, or not one row a sample; if `image_shape` does not hold as many
        numbers as a sample; as `record` does.
    TypeError
        If `data` are dicts and there is no `target`.

    Notes
    -----
    Targets within [0, 1], such as pixels, are drawn through a sigmoid. The authors' decoder
    draws standardized pixels, from -0.42 to 2.82, through a sigmoid, which cannot reach them;
    pass targets in [0, 1] and let the network standardize inside. Other targets are drawn by a
    linear output of standardized variables, so that each of them counts alike. The loss is
    the mean squared error in these units.

    References
    ----------
    Kerby, White and Moon, "Learning local higher-order interactions with total correlation",
    arXiv 2402.04440 (2024), section 3.4.

    Examples
    --------
    >>> from nbinterp.datasets import load_mnist, load_mnist_classifier
    >>> from nbinterp.network import fit_decoder
    >>> pixels = load_mnist().data[:500] / 255
    >>> decoder = fit_decoder(load_mnist_classifier(), pixels, "h1", max_epochs=20, random_state=0)
    >>> decoder.n_hidden, decoder.validation_error < decoder.baseline_error
    (200, True)
    """
    widths = [_checks.integer("hidden", width, 1) for width in hidden]
    epochs = _checks.integer("max_epochs", max_epochs, 1)
    wait = _checks.integer("patience", patience, 1)
    size = _checks.integer("batch_size", batch_size, 2)
    rate = _checks.real("learning_rate", learning_rate, 0, open_low=True)
    share = _checks.real("validation_fraction", validation_fraction, 0, 0.9, open_low=True)
    where = _device.resolve(device)
    rng = check_random_state(random_state)

    wanted = _inputs(data, size) if target is None else _given(target)
    rec = recorded(model, wanted if target is None else data, layer, progress=progress)
    _checks.require(
        len(rec.layers) == 1,
        f"(layer={layer!r})",
        f"must be one call of a layer, but there are {len(rec.layers)}",
        f"Choose from {', '.join(map(repr, rec.layers))}.",
    )
    layout = _layout(image_shape, tuple(wanted.shape[1:]))
    activations = torch.from_numpy(rec[rec.layers[0]]).flatten(1).to(where)
    wanted = wanted.to(where)
    n = len(activations)
    _checks.require(
        len(wanted) == n,
        f"(target={_checks.show(wanted)})",
        f"must have one row a sample, {n}",
        "Pass targets in the order of the data.",
    )
    n_validation = max(1, round(share * n))
    _checks.require(
        n - n_validation >= 2,
        f"(data) of {n} samples",
        f"must leave two to train on beside {n_validation} for validation",
        "Pass more samples, or a smaller validation_fraction.",
    )
    order = torch.from_numpy(rng.permutation(n)).to(where)
    held_out, rest = order[:n_validation], order[n_validation:]
    mean = wanted[rest].mean(dim=0)
    within = bool((wanted >= 0).all()) and bool((wanted <= 1).all())
    deviation = torch.ones_like(mean) if within else wanted[rest].std(dim=0, correction=0)
    deviation = torch.where(deviation > 0, deviation, torch.ones_like(deviation))
    with torch.random.fork_rng():
        torch.manual_seed(rng.randint(2**31 - 1))
        network = _network([activations.shape[1], *widths], mean, None if within else deviation)

    def loss(drawn: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
        return (((drawn - truth) / deviation) ** 2).mean()

    train(
        network.to(where),
        loss,
        (activations[rest], wanted[rest]),
        (activations[held_out], wanted[held_out]),
        learning_rate=rate,
        batch_size=size,
        max_epochs=epochs,
        patience=wait,
        seed=rng.randint(2**31 - 1),
        desc=f"decoder of {layer}",
        progress=progress,
    )
    pair = (activations[held_out], wanted[held_out])
    return Decoder(
        network,
        layer=layer,
        n_hidden=activations.shape[1],
        validation_error=score(network, nn.functional.mse_loss, pair),
        baseline_error=float(((pair[1] - mean) ** 2).mean()),
        image_shape=layout,
    )


def _network(
    widths: list[int], mean: torch.Tensor, deviation: torch.Tensor | None
) -> nn.Sequential:
    """Return untrained blocks ``Linear → BatchNorm1d → ReLU``, then an output like `mean`."""
    network = nn.Sequential()
    for inputs, nodes in pairwise(widths):
        block = OrderedDict(
            linear=nn.Linear(inputs, nodes), norm=nn.BatchNorm1d(nodes), relu=nn.ReLU()
        )
        network.append(nn.Sequential(block))
    last = nn.Linear(widths[-1], mean.numel())
    network.append(last)
    if deviation is None:
        with torch.no_grad():  # start at the mean target, not at one half
            last.bias.copy_(mean.flatten().clamp(0.01, 0.99).logit())
        network.append(nn.Sigmoid())
    network.append(nn.Unflatten(1, mean.shape if mean.ndim else (1,)))
    if deviation is not None:
        network.append(Rescale(mean, deviation))
    return network


def _layout(given: Sequence[int] | None, shape: tuple[int, ...]) -> tuple[int, ...] | None:
    """Return how a sample of `shape` is an image, or None if nothing says so."""
    if given is None:
        channels = len(shape) == 3 and (shape[0] in (1, 3) or shape[-1] == 3)
        return shape if len(shape) == 2 or channels else None
    sides = tuple(_checks.integer("image_shape", side, 1) for side in given)
    _checks.require(
        len(sides) in (2, 3) and math.prod(sides) == math.prod(shape),
        f"(image_shape={sides})",
        f"must be two or three sides of {math.prod(shape)} numbers, as a drawn sample has",
        "Pass (rows, columns), with the channels before or after.",
    )
    return sides


def _inputs(data: Any, size: int) -> torch.Tensor:
    """Return all samples of `data`, to be drawn as they are shown."""
    found = list(batches(data, size, torch.float32))
    if isinstance(found[0], dict):
        _checks.fail(
            "(target=None)",
            "must be an array if the data are dicts, of which no part is the input",
            "Pass what to draw as target=.",
            TypeError,
        )
    return torch.cat(found)


def _given(target: Any) -> torch.Tensor:
    """Return a user's targets (n, ...) as finite floats; one number a sample is a column."""
    values = torch.cat(list(batches(target, 8192, torch.float32))).float()
    return values[:, None] if values.ndim == 1 else values
