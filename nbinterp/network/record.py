"""Record what the layers of a network put out for many samples, in one pass."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from torch import nn
from tqdm.auto import tqdm

from nbinterp import _checks, _device
from nbinterp.network.batches import batches, count
from nbinterp.network.hooks import evaluating, find, first_tensor, home, shortlist, watching

Activations = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Recording:
    """The activations of some layers, and the output, of a network for many samples.

    ``recording["h1"]`` is the activation of a layer, in the shape that the layer gave it, the
    first axis being the samples; `record` makes it.

    Parameters
    ----------
    output : ndarray of shape (n_samples, ...)
        What the network put out.
    output_names : tuple of str
        One name an output, such as ``"logit 4"``.

    Examples
    --------
    >>> from nbinterp.datasets import load_mnist, load_mnist_classifier
    >>> from nbinterp.network import record
    >>> record(load_mnist_classifier(), load_mnist().data[:5] / 255, layers=["h1", "h2"])
    Recording(5 samples: h1 (200,), h2 (200,), output (10,))
    """

    output: Activations
    output_names: tuple[str, ...]
    _activations: dict[str, Activations] = field(repr=False)

    @property
    def layers(self) -> tuple[str, ...]:
        """The names of the recorded layers, in the order asked for."""
        return tuple(self._activations)

    def __getitem__(self, layer: str) -> Activations:
        """Return the activations (n_samples, ...) of a recorded layer, float32."""
        _checks.require(
            layer in self._activations,
            f"Recording[{layer!r}]",
            "must be a layer that was recorded",
            f"Did you mean {shortlist(self._activations, like=layer)}?",
            KeyError,
        )
        return self._activations[layer]

    def concat(self, *layers: str, output: bool = False) -> pd.DataFrame:
        """Return layers side by side as a table with one named column a node.

        Parameters
        ----------
        *layers : str
            Recorded layers, left to right.
        output : bool
            Whether to append the outputs of the network.

        Returns
        -------
        DataFrame of shape (n_samples, n_nodes)
            Columns are called ``"h1[17]"`` (node 17 of h1), ``"conv1[3,0,5]"`` (channel 3,
            row 0, column 5) and as `output_names` says. scikit-learn keeps these names, and so
            do factor tables.

        Examples
        --------
        >>> from nbinterp.datasets import load_mnist, load_mnist_classifier
        >>> from nbinterp.network import record
        >>> rec = record(load_mnist_classifier(), load_mnist().data[:5] / 255, layers="h1")
        >>> table = rec.concat("h1", output=True)
        >>> table.shape, table.columns[17], table.columns[-1]
        ((5, 210), 'h1[17]', 'logit 9')
        """
        parts = [self[layer] for layer in layers]
        names = [name for layer in layers for name in node_names(layer, self[layer].shape[1:])]
        if output:
            parts.append(self.output)
            names += self.output_names
        _checks.require(
            len(parts) > 0,
            "Recording.concat()",
            "must be given at least one layer, or output=True",
            f"Choose from {shortlist(self.layers)}.",
        )
        return pd.DataFrame(
            np.hstack([part.reshape(len(part), -1) for part in parts]), columns=names
        )

    def __repr__(self) -> str:
        """Return the shapes: the arrays themselves would fill the screen."""
        shapes = [f"{layer} {array.shape[1:]}" for layer, array in self._activations.items()]
        shapes.append(f"output {self.output.shape[1:]}")
        return f"Recording({len(self.output)} samples: {', '.join(shapes)})"


def node_names(layer: str, shape: tuple[int, ...]) -> list[str]:
    """Return one name a node of a layer whose activations of one sample have `shape`."""
    if not shape:
        return [layer]
    return [f"{layer}[{','.join(map(str, place))}]" for place in np.ndindex(*shape)]


def record(
    model: nn.Module,
    data: Any,
    layers: str | Sequence[str],
    *,
    output_names: Sequence[object] | None = None,
    batch_size: int = 1024,
    device: str | torch.device | None = None,
    progress: bool = True,
) -> Recording:
    """Record what layers of a network put out, for all samples in one pass.

    The network runs in eval mode without gradients, and is left as it came: mode, hooks,
    gradients, parameters, also when it fails or is interrupted.

    Parameters
    ----------
    model : torch.nn.Module
        Any network that takes a batch as its one argument.
    data : array, DataFrame, tensor, torch Dataset or DataLoader
        The samples, one a row (n_samples, ...), as the network takes them. Floats are cast to
        the type of the network and moved to its device; whole numbers stay what they are. Of a
        Dataset or DataLoader that gives tuples, the first item is the input.
    layers : str or sequence of str
        Submodules by their dotted path, as in ``model.named_modules()``. What is recorded is
        the output of that module: name the block or its ReLU to get activations after the
        nonlinearity. Of a module that puts out a tuple (an LSTM, an attention block), the first
        item is recorded.
    output_names : sequence of str, optional
        One name an output of the network, such as the classes; ``"logit 0"`` and so on if None.
    batch_size : int
        Samples a pass. A DataLoader brings its own.
    device : str or torch.device, optional
        Where to run; if this is not where the model is, a copy of the model runs there.
    progress : bool
        Whether to show progress over work of more than a second.

    Returns
    -------
    Recording
        Activations and outputs as float32 NumPy arrays, in the order of the samples.

    Raises
    ------
    ValueError
        If a layer does not exist, never runs, runs more than once a batch or does not put out
        one row a sample; if data are empty or not finite, or a DataLoader shuffles.
    TypeError
        If `model` is not a Module, or data or a layer's output are not numbers.

    Examples
    --------
    >>> from nbinterp.datasets import load_mnist, load_mnist_classifier
    >>> from nbinterp.network import record
    >>> rec = record(load_mnist_classifier(), load_mnist().data[:100] / 255, layers=["h1"])
    >>> rec["h1"].shape, rec.output.argmax(axis=1)[:5].tolist()
    ((100, 200), [7, 2, 1, 0, 4])
    """
    _checks.require(
        isinstance(model, nn.Module),
        f"record(model={_checks.show(model)})",
        "must be a torch.nn.Module",
        "Wrap a plain function in a Module whose forward calls it.",
        TypeError,
    )
    size = _checks.integer("record", "batch_size", batch_size, 1)
    model = _on(model, device)
    modules = find("record", model, layers)
    where, dtype = home(model)
    seen: dict[str, list[Activations]] = {name: [] for name in modules}
    outputs: list[Activations] = []

    def put(name: str, activation: torch.Tensor) -> None:
        # At once and as a copy: the next module may write into it (ReLU(inplace=True)).
        seen[name].append(_to_host(activation))

    with evaluating(model), watching(modules, put):
        for batch in tqdm(
            batches("record", data, size, dtype),
            desc="record",
            total=count(data, size),
            delay=1,
            disable=not progress,
        ):
            outputs.append(_to_host(first_tensor("the model", model(batch.to(where)))))
            for name, blocks in seen.items():
                _check_layer(name, blocks, len(outputs), len(batch))
            _check_rows("the model's output", outputs[-1], len(batch))
    # Layer by layer, each list freed once it is joined.
    activations = {name: np.concatenate(seen.pop(name)) for name in list(seen)}
    output = np.concatenate(outputs)
    return Recording(output, _output_names(output_names, output.shape[1:]), activations)


def _on(model: nn.Module, device: str | torch.device | None) -> nn.Module:
    """Return `model` if it is on `device`, else a copy that is."""
    if device is None:
        return model
    wanted = _device.resolve("record", device)
    return model if home(model)[0] == wanted else copy.deepcopy(model).to(wanted)


def _to_host(tensor: torch.Tensor) -> Activations:
    array: Activations = tensor.detach().to("cpu", torch.float32, copy=True).numpy()
    return array


def _output_names(names: Sequence[object] | None, shape: tuple[int, ...]) -> tuple[str, ...]:
    n_outputs = int(np.prod(shape))
    if names is not None:
        return tuple(_checks.names("record", "output_names", names, n_outputs))
    if len(shape) > 1:
        return tuple(node_names("output", shape))
    return tuple(f"logit {number}" for number in range(n_outputs))


def _check_layer(name: str, blocks: list[Activations], n_batches: int, n_rows: int) -> None:
    call = f"record(layers={name!r})"
    _checks.require(
        len(blocks) >= n_batches,
        call,
        "must be a layer that runs in the forward pass, but it never ran",
        "Name a module that forward calls.",
    )
    _checks.require(
        len(blocks) == n_batches,
        call,
        f"must run once a batch, but it ran {len(blocks) - n_batches + 1} times",
        "Record the blocks that call it instead.",
    )
    _check_rows(f"layer {name!r}", blocks[-1], n_rows)


def _check_rows(what: str, block: Activations, n_rows: int) -> None:
    _checks.require(
        block.ndim > 0 and len(block) == n_rows,
        f"record(): {what} of shape {block.shape}",
        f"must have one row a sample, {n_rows}",
        "Put the batch on the first axis, or record another layer.",
    )
