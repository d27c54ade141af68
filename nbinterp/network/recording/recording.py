"""Recorded activations as arrays, or as a table with a name for each node."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from nbinterp import _checks
from nbinterp._typing import BoolArray, Float32Array, FloatingArray
from nbinterp.network.recording.nodes import (
    POOLS,
    channel_axis,
    channel_names,
    node_names,
    pool_axis,
    pooled,
)
from nbinterp.network.recording.storage import open_array, read_index, write_index
from nbinterp.network.subject.model import suggestions

_OUTPUT_FILE, _MASK_FILE = "output.npy", "mask.npy"


@dataclass(frozen=True, eq=False)
class Recording:
    """The activations of some layers of a network, and its outputs, for many samples.

    `record` makes it. ``recording["h1"]`` holds the activations of a layer, in the layer's own
    shape; the first axis is the samples.

    Parameters
    ----------
    output : ndarray of shape (n_samples, ...)
        The outputs of the network, float32.
    output_names : tuple of str
        One name per output, such as ``"logit 4"``.
    mask : ndarray of bool, shape (n_samples, n_tokens), or None
        Which tokens are not padding, if the data have an ``attention_mask``.
    channel_axes : dict of int
        Of each layer with several axes the one that counts its nodes: 1 for the channels of a
        convolution, the last for the features of tokens. The module that made the layer decides.
    guessed_axes : tuple of str
        The layers whose axis is a guess, from their shape or from the order in which the modules
        were registered; the text of a recording says so too. Give `concat` the axis if it is wrong.

    Examples
    --------
    >>> from nbinterp.datasets import load_mnist, load_mnist_classifier
    >>> from nbinterp.network import record
    >>> record(load_mnist_classifier(), load_mnist().data[:5] / 255, layers=["h1", "h2"])
    Recording(5 samples: h1 (200,), h2 (200,), output (10,))
    """

    output: Float32Array
    output_names: tuple[str, ...]
    _activations: dict[str, FloatingArray] = field(repr=False)
    mask: BoolArray | None = None
    channel_axes: dict[str, int] = field(default_factory=dict, repr=False)
    guessed_axes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        # Recordings of older versions do not say: then the shape does.
        for layer, values in self._activations.items():
            if values.ndim > 2 and layer not in self.channel_axes:
                self.channel_axes[layer] = 1 + channel_axis(values.shape[1:])
                object.__setattr__(self, "guessed_axes", (*self.guessed_axes, layer))

    @property
    def layers(self) -> tuple[str, ...]:
        """The names of the recorded layers, in the requested order."""
        return tuple(self._activations)

    @_checks.named
    def __getitem__(self, layer: str) -> FloatingArray:
        """Return the activations (n_samples, ...) of a recorded layer, as they are stored."""
        _checks.require(
            isinstance(layer, str) and layer in self._activations,
            f"[{layer!r}]",
            "must be a layer that was recorded",
            f"Did you mean {suggestions(self._activations, like=layer)}?",
            KeyError,
        )
        return self._activations[layer]

    @_checks.named
    def concat(
        self,
        *layers: str,
        output: bool = False,
        pool: str | None = None,
        channel_axis: int | None = None,
    ) -> pd.DataFrame:
        """Return layers side by side as a table with one named column per node.

        Parameters
        ----------
        *layers : str
            Recorded layers, left to right.
        output : bool
            Whether to append the outputs of the network.
        pool : {None, "mean", "max", "first", "last"}
            How to reduce a layer with several axes. None: each entry is a column. Else one
            column per channel: the mean or the maximum over its map or over the tokens, or the
            first or the last token alone. Tokens that are padding, by `mask`, do not count.
        channel_axis : int, optional
            Which axis of the layers holds the channels, if `pool` is given; by default that of
            `channel_axes`. Pass 1 or -1 if that is a wrong guess.

        Returns
        -------
        DataFrame of shape (n_samples, n_nodes)
            Float32. Columns are called ``"h1[17]"`` (node 17 of h1), ``"conv1[3,0,5]"`` (channel
            3, row 0, column 5), and by `output_names`. Pooled columns are ``"conv1[3]"``, or, where
            the shape alone does not tell, ``"conv1d[3,:]"`` and ``"maps[:,:,3]"``.
            scikit-learn keeps these names, and so do factor tables.

        Raises
        ------
        KeyError
            If a layer was not recorded.
        ValueError
            If there are no columns, or `pool` or `channel_axis` do not fit the layers.

        Examples
        --------
        >>> from nbinterp.datasets import load_mnist, load_mnist_classifier
        >>> from nbinterp.network import record
        >>> rec = record(load_mnist_classifier(), load_mnist().data[:5] / 255, layers="h1")
        >>> table = rec.concat("h1", output=True)
        >>> table.shape, table.columns[17], table.columns[-1]
        ((5, 210), 'h1[17]', 'logit 9')
        """
        columns: list[Any] = []
        names: list[str] = []
        for layer in layers:
            values = self[layer]
            if pool is not None:
                _checks.choice("pool", pool, POOLS)
                axis = pool_axis(layer, values.ndim, channel_axis, self.channel_axes.get(layer))
                names += channel_names(layer, values.shape[1:], axis - 1)
                values = pooled(values, pool, axis, self.mask)
            else:
                names += node_names(layer, values.shape[1:])
            columns.append(values)
        if output:
            columns.append(self.output)
            names += self.output_names
        _checks.require(
            len(columns) > 0,
            "()",
            "must be given at least one layer, or output=True",
            f"Choose from {suggestions(self.layers)}.",
        )
        flat = [part.reshape(len(part), -1) for part in columns]
        return pd.DataFrame(np.concatenate(flat, axis=1, dtype=np.float32), columns=names)

    @classmethod
    @_checks.named
    def open(cls, folder: str | os.PathLike[str]) -> "Recording":
        """Open what ``record(..., folder=folder)`` wrote, without loading it into memory.

        Parameters
        ----------
        folder : path
            The folder.

        Returns
        -------
        Recording
            Its arrays are read-only memory maps: parts of the files are read when used.

        Raises
        ------
        FileNotFoundError
            If `folder` holds no complete recording.
        """
        path = Path(folder)
        index = read_index(path)
        activations = {
            name: open_array(layer_file(path, int(number)))
            for name, number in index["layers"].items()
        }
        mask = open_array(path / _MASK_FILE) if index["mask"] else None
        return cls(
            open_array(path / _OUTPUT_FILE),
            tuple(index["output_names"]),
            activations,
            mask,
            index.get("channel_axes", {}),
            tuple(index.get("guessed_axes", ())),
        )

    def _finish(self, folder: Path, numbers: dict[str, int]) -> None:
        """Complete `folder`, which holds the layers by `numbers`, so that it opens."""
        np.save(folder / _OUTPUT_FILE, self.output)
        if self.mask is not None:
            np.save(folder / _MASK_FILE, self.mask)
        write_index(
            folder,
            {
                "layers": numbers,
                "output_names": self.output_names,
                "mask": self.mask is not None,
                "channel_axes": self.channel_axes,
                "guessed_axes": self.guessed_axes,
            },
        )

    def __repr__(self) -> str:
        """Return the shapes: the arrays themselves would fill the screen."""
        shapes = [
            f"{layer} {array.shape[1:]}{self._axis_text(layer)}"
            for layer, array in self._activations.items()
        ]
        shapes.append(f"output {self.output.shape[1:]}")
        return f"Recording({len(self.output)} samples: {', '.join(shapes)})"

    def _axis_text(self, layer: str) -> str:
        if layer not in self.channel_axes:
            return ""
        guess = " (a guess)" if layer in self.guessed_axes else ""
        return f" with channels on axis {self.channel_axes[layer]}{guess}"


def layer_file(folder: Path, number: int) -> Path:
    """Return the file of a layer by its number: its name may not be a valid file name."""
    return folder / f"layer_{number}.npy"
