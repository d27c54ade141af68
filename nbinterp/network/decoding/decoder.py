"""From the nodes of a hidden layer back to what the network was shown."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from nbinterp import _checks
from nbinterp._typing import Float32Array
from nbinterp.network.subject.hooks import evaluating, home


@dataclass(frozen=True, eq=False)
class Decoder:
    """A network that draws the input from the activations of one layer.

    Parameters
    ----------
    network : torch.nn.Module
        From activations (n, `n_hidden`) to inputs (n, ...).
    layer : str
        The layer whose activations it takes, under its name in the recorded model.
    n_hidden : int
        The number of nodes of that layer.
    validation_error : float
        Mean squared error of one input variable, in squared input units, on samples that the
        training did not see.
    baseline_error : float, optional
        The same error of the mean input in place of each: a decoder that is no better than that
        draws nothing of its layer. None if it is not known.
    image_shape : tuple of int, optional
        How a drawn sample is laid out as an image: (rows, columns), (channels, rows, columns) or
        (rows, columns, channels). None where samples are no images.

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
        """Return the inputs that belong to activations of the layer.

        Parameters
        ----------
        hidden : array or tensor of shape (n, n_hidden) or (n, ...)
            Activations as `record` gives them, or changed by hand; those with several axes are
            flattened.

        Returns
        -------
        ndarray of shape (n, n_features) or (n, ...)
            In the shape of what it learned to draw, and its units: pixels in [0, 1] for the
            decoders that ship.

        Raises
        ------
        ValueError
            If `hidden` is not finite, or not as wide as the layer.

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
        device, dtype = home(self.network)
        with evaluating(self.network):
            decoded = self.network(torch.as_tensor(checked).to(device, dtype))
        pixels: Float32Array = decoded.to("cpu", torch.float32).numpy()
        return pixels
