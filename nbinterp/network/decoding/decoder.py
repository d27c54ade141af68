"""Decode the activations of a hidden layer back to the inputs of the network."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from nbinterp import _checks
from nbinterp._typing import Float32Array
from nbinterp.network.subject.subject import Subject


@dataclass(frozen=True, eq=False)
class Decoder:
    """A network that reconstructs the input from the activations of one layer.

    Parameters
    ----------
    network : torch.nn.Module
        From activations (n, `n_hidden`) to inputs (n, ...).
    layer : str
        The layer whose activations it decodes, by its name in the recorded model.
    n_hidden : int
        The number of nodes of that layer.
    validation_error : float
        Mean squared error per input variable, in squared input units, on samples that were held
        out of training.
    baseline_error : float, optional
        The error of always predicting the mean input: a decoder that is not better has learned
        nothing from its layer. None if it is not known.
    image_shape : tuple of int, optional
        The shape of a decoded sample as an image: (rows, columns), (channels, rows, columns) or
        (rows, columns, channels). None if samples are not images.

    Examples
    --------
    >>> from nbinterp.datasets import load_mnist_decoder
    >>> decoder = load_mnist_decoder("h2")
    >>> decoder.layer, decoder.n_hidden, decoder.validation_error < 0.03
    ('h2', 200, True)
    """

    network: nn.Module
    layer: str
    n_hidden: int
    validation_error: float
    baseline_error: float | None = None
    image_shape: tuple[int, ...] | None = None

    @_checks.named
    def decode(self, hidden: Any) -> Float32Array:
        """Return the inputs decoded from activations of the layer.

        Parameters
        ----------
        hidden : array or tensor of shape (n, n_hidden) or (n, ...)
            Activations as `record` returns them, or edited ones; several axes are flattened.

        Returns
        -------
        ndarray of shape (n, n_features) or (n, ...)
            In the shape and units of the training inputs: pixels in [0, 1] for the decoders of
            `nbinterp.datasets`.

        Raises
        ------
        ValueError
            If `hidden` is not finite, or does not have the width of the layer.

        Examples
        --------
        >>> import numpy as np
        >>> from nbinterp.datasets import load_mnist_decoder
        >>> load_mnist_decoder("h1").decode(np.zeros((1, 200))).shape
        (1, 784)
        """
        rows = _checks.to_numpy(hidden)
        if isinstance(rows, np.ndarray) and rows.ndim > 2:
            rows = rows.reshape(len(rows), math.prod(rows.shape[1:]))
        checked = _checks.samples(rows, name="hidden", min_samples=1)
        _checks.require(
            checked.shape[1] == self.n_hidden,
            f"(hidden={_checks.show(checked)})",
            f"must have as many columns as {self.layer!r} has nodes, {self.n_hidden}",
            f"Pass the activations of {self.layer!r} alone.",
        )
        network = Subject.of(self.network)
        with network.ready():
            decoded = network.run(torch.as_tensor(checked).to(network.device, network.dtype))
        pixels: Float32Array = decoded.to("cpu", torch.float32).numpy()
        return pixels
