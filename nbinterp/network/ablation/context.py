"""Silence nodes of a network for a while."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.modules.conv import _ConvNd

from nbinterp import _checks
from nbinterp._typing import FloatArray, IntArray
from nbinterp.network.recording.nodes import places, unit
from nbinterp.network.recording.record import recorded
from nbinterp.network.subject.forward import replaced
from nbinterp.network.subject.hooks import find, first_tensor

MODES = ("zero", "mean", "weights")
Node = int | str


@contextmanager
def ablated(
    model: nn.Module,
    layer: str,
    nodes: Node | Sequence[Node],
    mode: str = "zero",
    *,
    data: Any = None,
    means: Any = None,
) -> Iterator[nn.Module]:
    """Silence nodes of a layer while the ``with`` block runs.

    Parameters
    ----------
    model : torch.nn.Module
        The network. Its parameters are not touched, and no mode is set: call ``model.eval()`` for
        predictions without dropout. After the block it is as it came, also on an exception.
    layer : str
        The layer, by its dotted path. If it runs several times in a pass, its nodes are silenced
        each time.
    nodes : int, str or sequence of these
        Numbers, or names as `Recording.concat` gives them: ``17`` or ``"h1[17]"``. The number of
        a channel silences it at all positions, as does ``"conv1[3]"``; ``"conv1[3,0,5]"`` is one
        position. Numbers count the channels of (channels, rows, columns) and the last axis of
        (tokens, features); of a Conv1d, channel 3 is ``"conv[3,:]"``, as `concat` names it.
    mode : {"zero", "mean", "weights"}, default="zero"
        ``"zero"`` and ``"mean"`` replace the output of `layer`, after its nonlinearity, by 0 or
        by the mean. ``"weights"`` is the paper's: as if the rows of the weight and the bias of
        the one Linear or convolution inside `layer` were 0, so that it puts out 0 there. With a
        BatchNorm after it, this does not silence the node: its activation becomes the constant
        ``ReLU(beta - gamma * mean / sqrt(var + eps))``, which may be larger than it ever was.
    data : array, DataFrame, tensor, torch Dataset or DataLoader, optional
        Samples to take the means of, for ``"mean"``.
    means : array of the shape of one sample's activations, optional
        The means themselves, instead of `data`.

    Yields
    ------
    torch.nn.Module
        `model` itself.

    Raises
    ------
    ValueError
        If the layer does not exist or a setting makes no sense; in the pass, if the layer has no
        such node.

    References
    ----------
    Kerby, White and Moon, "Learning local higher-order interactions with total correlation",
    arXiv 2402.04440 (2024), section 3.4.

    Examples
    --------
    >>> import torch
    >>> from nbinterp.datasets import load_mnist, load_mnist_classifier
    >>> from nbinterp.network import ablated
    >>> model = load_mnist_classifier()
    >>> pixels = torch.as_tensor(load_mnist().data[:1] / 255, dtype=torch.float32)
    >>> with torch.no_grad(), ablated(model, "h2", [3, "h2[17]"]):
    ...     model.h2(model.h1(pixels))[0, [3, 17]]
    tensor([0., 0.])
    """
    with _checks.call("ablated"):
        module = target(model, layer, mode)
        fill: torch.Tensor | float = 0.0
        if mode == "mean":
            fill = torch.as_tensor(_means(model, layer, data, means))
    asked = [nodes] if isinstance(nodes, int | str) else list(nodes)

    @_checks.call("ablated")
    def hook(_module: nn.Module, _inputs: Any, output: Any) -> Any:
        activation = first_tensor(f"layer {layer!r}", output)
        shape = tuple(activation.shape[1:])
        silent = torch.zeros(shape, dtype=torch.bool)
        silent.view(-1)[torch.as_tensor(positions(asked, layer, shape))] = True
        value = torch.as_tensor(fill).to(activation)
        return replaced(output, torch.where(silent.to(activation.device), value, activation))

    handle = module.register_forward_hook(hook)
    try:
        yield model
    finally:
        handle.remove()


def target(model: nn.Module, layer: str, mode: str) -> nn.Module:
    """Return the module whose output an ablation of `layer` changes."""
    _checks.choice("mode", mode, MODES)
    module = find(model, layer)[layer]
    if mode != "weights":
        return module
    # A row of weights and its bias at 0 give an output of 0, so that the output is what is set.
    linear = [part for part in module.modules() if isinstance(part, nn.Linear | _ConvNd)]
    _checks.require(
        len(linear) == 1,
        f"(layer={layer!r}, mode='weights')",
        f"must be a layer with one Linear or convolution, not {len(linear)}",
        "Name that module itself, or use mode='zero'.",
    )
    return linear[0]


def positions(nodes: Sequence[Node], layer: str, shape: tuple[int, ...]) -> IntArray:
    """Return the flat positions of numbered or named nodes among a sample's activations."""
    found = [np.empty(0, np.int64)]
    for node in nodes:
        by_name = isinstance(node, str)
        at = places(node, layer, shape) if isinstance(node, str) else unit(int(node), shape)
        if at is None:
            _checks.fail(
                f"(nodes={node!r})",
                f"must be {'the name' if by_name else 'the number'} of a node of {layer!r}, "
                f"whose activations have the shape {shape}",
                f"Use a number, or a name as {layer + '[0]'!r}.",
            )
        found.append(at)
    return np.concatenate(found)


def _means(model: nn.Module, layer: str, data: Any, means: Any) -> FloatArray:
    _checks.require(
        (data is None) != (means is None),
        "(mode='mean')",
        "must be given either data to take the means of, or means",
        "Pass data=..., the samples of reference.",
    )
    if means is None:
        rec = recorded(model, data, layer)
        means = rec[layer].mean(axis=0, dtype=np.float64)
    return np.asarray(_checks.to_numpy(means), dtype=np.float64)
