"""Train a decoder from the activations of a layer to the input of the network."""

import math
from collections import OrderedDict
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader

from nbinterp import _checks, _device
from nbinterp.network.data.batches import batches, n_rows_if_known
from nbinterp.network.decoding.decoder import Decoder
from nbinterp.network.decoding.training import score, train
from nbinterp.network.recording.record import recorded
from nbinterp.network.subject.settings import plain_settings
from nbinterp.network.subject.subject import Subject


class Rescale(nn.Module):
    """Map standardized variables back to their own units."""

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
@plain_settings()
def fit_decoder(
    model: nn.Module | Subject,
    data: Any,
    *,
    layer: str,
    inputs: Any = None,
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

    The activations are recorded once, with the network in eval mode. After that the network is not
    used: neither its parameters nor the running statistics of BatchNorm change. An interrupt
    raises, and nothing is kept.

    Parameters
    ----------
    model : torch.nn.Module or Subject
        The network whose layer to decode.
    data : array, tensor, dict of arrays, torch Dataset or DataLoader
        Samples (n_samples, ...) as in `record`.
    layer : str
        The layer to decode, by its dotted path. If it has several axes, all its activations are
        used, in the order of the columns of `Recording.concat`.
    inputs : array of shape (n_samples, ...), optional
        What to decode to, one per sample; by default the samples of `data` themselves.
    image_shape : tuple of int, optional
        The shape of a decoded sample as an image, for views; pass it for flat pixels. By default
        the sample's own shape if that is (rows, columns), or has 1 or 3 channels first or last.
    hidden : sequence of int
        The widths of the decoder's hidden layers; ``()`` is a linear decoder.
    max_epochs, patience : int
        The largest number of passes over the data, and passes without improvement before stopping.
    batch_size : int
        Samples per step.
    learning_rate : float
        The initial learning rate of Adam; it falls to zero along a half cosine.
    validation_fraction : float
        The share of samples that are held out of training and choose the best pass.
    device : str or torch.device, default="auto"
        Where to train; the decoder stays there. ``"auto"`` is CUDA if there is one, else the CPU.
        The network runs where it is.
    random_state : int, RandomState or None
        Seeds the split, the initial weights and the order of the samples.
    progress : bool
        Whether to show progress for work that takes more than a second.

    Returns
    -------
    Decoder
        In eval mode, with its mean squared error on the validation samples, and the error of
        predicting the mean of the training inputs for each of them.

    Raises
    ------
    ValueError
        If `layer` does not exist or runs more than once; if there are too few samples; if
        `inputs` are not finite, or not one row per sample; if `image_shape` does not hold as many
        numbers as a sample; as in `record`.
    TypeError
        If `data` are dicts and `inputs` is not given.

    Notes
    -----
    Inputs within [0, 1], such as pixels, are decoded through a sigmoid. The authors' decoder
    predicts standardized pixels, from -0.42 to 2.82, through a sigmoid, which cannot reach them;
    pass inputs in [0, 1] and let the network standardize inside. Other inputs are decoded by a
    linear output of standardized variables, so that each of them counts the same. The loss is the
    mean squared error in these units.

    References
    ----------
    Kerby, White and Moon, "Exploring higher-order neural network node interactions with total
    correlation", arXiv 2402.04440 (2024), section 3.4.

    Examples
    --------
    >>> from nbinterp.datasets import load_mnist, load_mnist_classifier
    >>> from nbinterp.network import fit_decoder
    >>> pixels = load_mnist().data[:500] / 255
    >>> decoder = fit_decoder(
    ...     load_mnist_classifier(), pixels, layer="h1", max_epochs=20, random_state=0
    ... )
    >>> decoder.n_hidden, decoder.validation_error < decoder.baseline_error
    (200, True)
    """
    subject = Subject.of(model)
    widths = _widths(hidden)
    epochs = _checks.integer("max_epochs", max_epochs, 1)
    wait = _checks.integer("patience", patience, 1)
    size = _checks.integer("batch_size", batch_size, 2)
    rate = _checks.real("learning_rate", learning_rate, 0, open_low=True)
    share = _checks.real("validation_fraction", validation_fraction, 0, 0.9, open_low=True)
    where = _device.resolve(device)
    rng = _checks.generator(random_state)
    _checks.boolean("progress", progress)

    wanted = _samples(data, size) if inputs is None else _given(inputs)
    layout = _layout(image_shape, tuple(wanted.shape[1:]))
    known = None if isinstance(data, DataLoader) else n_rows_if_known(data)
    if known is not None:  # before the data run through the network
        _check_rows(wanted, known)
    rec = recorded(subject, wanted if inputs is None else data, layer, progress=progress)
    _checks.require(
        len(rec.layers) == 1,
        f"(layer={layer!r})",
        f"must be one call of a layer, but there are {len(rec.layers)}",
        f"Choose from {', '.join(map(repr, rec.layers))}.",
    )
    activations = torch.from_numpy(rec[rec.layers[0]]).flatten(1).to(where)
    wanted = wanted.to(where)
    n, n_hidden = activations.shape
    _check_rows(wanted, n)
    held_out, training = _split(n, share, rng, where)
    mean, deviation = _scale(wanted, training)
    with torch.random.fork_rng():
        torch.manual_seed(rng.randint(2**31 - 1))
        # In float32, like the activations, whatever the default type is.
        network = _network([n_hidden, *widths], mean, deviation).float()

    def loss(decoded: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
        error = decoded - truth
        return ((error if deviation is None else error / deviation) ** 2).mean()

    validation = (activations[held_out], wanted[held_out])
    train(
        network.to(where),
        loss,
        (activations[training], wanted[training]),
        validation,
        learning_rate=rate,
        batch_size=size,
        max_epochs=epochs,
        patience=wait,
        seed=rng.randint(2**31 - 1),
        desc=f"decoder of {layer}",
        progress=progress,
    )
    return Decoder(
        network,
        layer=layer,
        n_hidden=n_hidden,
        validation_error=score(network, nn.functional.mse_loss, validation),
        baseline_error=float(((validation[1] - mean) ** 2).mean()),
        image_shape=layout,
    )


def _split(
    n: int, share: float, rng: np.random.RandomState, device: torch.device
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the rows to hold out for validation, and those to train on."""
    n_validation = max(1, round(share * n))
    _checks.require(
        n - n_validation >= 2,
        f"(data) of {n} samples",
        f"must leave two to train on beside {n_validation} for validation",
        "Pass more samples, or a smaller validation_fraction.",
    )
    order = torch.from_numpy(rng.permutation(n)).to(device)
    return order[:n_validation], order[n_validation:]


def _scale(
    wanted: torch.Tensor, training: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Return the mean and the deviation of the training inputs; no deviation within [0, 1]."""
    mean = wanted[training].mean(dim=0)
    if bool((wanted >= 0).all()) and bool((wanted <= 1).all()):
        return mean, None
    deviation = wanted[training].std(dim=0, correction=0)
    return mean, torch.where(deviation > 0, deviation, torch.ones_like(deviation))


def _widths(hidden: Sequence[int]) -> list[int]:
    """Return the checked widths of the hidden layers."""
    _checks.require(
        np.ndim(hidden) == 1,
        f"(hidden={_checks.show(hidden)})",
        "must be the widths of hidden layers",
        "Pass a list such as [256], or () for a linear decoder.",
        TypeError,
    )
    return [_checks.integer("hidden", width, 1) for width in hidden]


def _network(
    widths: list[int], mean: torch.Tensor, deviation: torch.Tensor | None
) -> nn.Sequential:
    """Return untrained blocks ``Linear → BatchNorm1d → ReLU`` and an output shaped like `mean`."""
    network = nn.Sequential()
    for inputs, nodes in pairwise(widths):
        block = OrderedDict(
            linear=nn.Linear(inputs, nodes), norm=nn.BatchNorm1d(nodes), relu=nn.ReLU()
        )
        network.append(nn.Sequential(block))
    last = nn.Linear(widths[-1], mean.numel())
    network.append(last)
    if deviation is None:
        with torch.no_grad():  # start at the mean input, not at one half
            last.bias.copy_(mean.flatten().clamp(0.01, 0.99).logit())
        network.append(nn.Sigmoid())
    network.append(nn.Unflatten(1, mean.shape if mean.ndim else (1,)))
    if deviation is not None:
        network.append(Rescale(mean, deviation))
    return network


def _check_rows(inputs: torch.Tensor, n: int) -> None:
    _checks.require(
        len(inputs) == n,
        f"(inputs={_checks.show(inputs)})",
        f"must have one row per sample, {n}",
        "Pass the inputs in the order of the data.",
    )


def _layout(given: Sequence[int] | None, shape: tuple[int, ...]) -> tuple[int, ...] | None:
    """Return the shape of a sample as an image, or None if it is not known to be one."""
    if given is None:
        channels = len(shape) == 3 and (shape[0] in (1, 3) or shape[-1] == 3)
        return shape if len(shape) == 2 or channels else None
    sides = tuple(_checks.integer("image_shape", side, 1) for side in given)
    _checks.require(
        len(sides) in (2, 3) and math.prod(sides) == math.prod(shape),
        f"(image_shape={sides})",
        f"must be two or three sides of {math.prod(shape)} numbers, the size of a decoded sample",
        "Pass (rows, columns), with channels before or after.",
    )
    return sides


def _samples(data: Any, size: int) -> torch.Tensor:
    """Return all samples of `data`, to decode to the inputs themselves."""
    found = list(batches(data, size, torch.float32))
    if isinstance(found[0], dict):
        _checks.fail(
            "(inputs=None)",
            "must be an array if the data are dicts, whose parts are not one input",
            "Pass the arrays to decode to as inputs=.",
            TypeError,
        )
    return torch.cat(found)


def _given(inputs: Any) -> torch.Tensor:
    """Return a user's inputs (n, ...) as finite floats; one number per sample is a column."""
    values = torch.cat(list(batches(inputs, 8192, torch.float32))).float()
    return values[:, None] if values.ndim == 1 else values
