"""Ablate nodes of a network in a ``with`` block."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.modules.conv import _ConvNd
from torch.utils._pytree import tree_leaves

from nbinterp import _checks
from nbinterp._typing import AnyArray, FloatArray, IntArray
from nbinterp.network.contract.passes import TRANSFORMED, Text, is_transformed, oddity
from nbinterp.network.contract.reach import (
    NEVER_RAN,
    READ_TWICE,
    UNREAD,
    Change,
    equal,
    is_unread,
    with_other_state,
)
from nbinterp.network.data.batches import map_tensors
from nbinterp.network.recording.channels import Channels, channels_of, node_axis
from nbinterp.network.recording.nodes import (
    channel_axis,
    channel_names,
    positions_of_name,
    positions_of_number,
)
from nbinterp.network.recording.record import recorded
from nbinterp.network.subject.hooks import (
    first_tensor,
    observe_arguments,
    replace_output,
    require_hooks,
    with_first_tensor,
)
from nbinterp.network.subject.settings import eager, seeded
from nbinterp.network.subject.subject import Subject

MODES = ("zero", "mean", "weights")
_TRIED = 8  # rows
_PLAIN = (torch.Tensor, bool, int, float, str, type(None))  # what no pass changes
Nodes = int | str | Sequence[int | str] | AnyArray | torch.Tensor


@contextmanager
def ablated(
    model: nn.Module | Subject,
    layer: str,
    nodes: Nodes,
    mode: str = "zero",
    *,
    data: Any = None,
    means: Any = None,
) -> Iterator[nn.Module]:
    """Ablate nodes of a layer in the ``with`` block: set their activations to a constant.

    Parameters
    ----------
    model : torch.nn.Module or Subject
        The network. Its parameters and its mode stay unchanged: call ``model.eval()`` for
        predictions without dropout. The hook is removed after the block, also on an exception.
    layer : str
        The layer, by its dotted path. If it runs several times in a pass, its nodes are ablated
        each time.
    nodes : int, str, sequence of these, or boolean mask over all nodes
        Numbers, or names as in `Recording.concat`: ``17`` or ``"h1[17]"``. The number of a channel
        ablates all positions of its map, and so does ``"conv1[3]"``; ``"conv1[3,0,5]"`` is one
        position. Numbers count along the axis that `Recording.channel_axes` has for the layer: the
        channels of a convolution, the features of tokens. Channel 3 of a Conv1d has the name
        ``"conv[3,:]"``, as in `concat`.
    mode : {"zero", "mean", "weights"}, default="zero"
        ``"zero"`` and ``"mean"`` replace the output of `layer`, after its nonlinearity, by 0 or
        by the mean. ``"weights"`` follows the paper: as if the rows of the weight and the bias of
        the one Linear or convolution inside `layer` were 0, which makes its output 0 there. If a
        BatchNorm follows, the activation of the node then becomes the constant
        ``ReLU(beta - gamma * mean / sqrt(var + eps))``, which may be larger than it ever was.
    data : array, DataFrame, tensor, torch Dataset or DataLoader, optional
        Samples to take the means of, for ``"mean"``.
    means : array of the shape of one sample's activations, optional
        The means themselves, instead of `data`.

    Yields
    ------
    torch.nn.Module
        The network itself.

    Raises
    ------
    TypeError
        If `nodes` are neither whole numbers, names nor a mask.
    ValueError
        If the layer does not exist or a setting is not valid; in the forward pass, if the layer
        has no such node; after the block, if the model ran in it and the layer never did, or
        nothing that the model returns is computed from what was edited.

    References
    ----------
    Kerby, White and Moon, "Exploring higher-order neural network node interactions with total
    correlation", arXiv 2402.04440 (2024), section 3.4.

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
        subject = Subject.of(model)
        asked = _checks.listed(nodes)
        _checks.nodes(asked)
        module = ablated_module(subject, layer, mode)
        _checks.require(
            mode == "mean" or (data is None and means is None),
            f"(mode={mode!r})",
            "must be 'mean' where data or means are given",
            "Pass mode='mean', or neither of them.",
        )
        names = (name for name, part in subject.model.named_modules() if part is module)
        channels = channels_of(subject.model, layer if mode != "weights" else next(names))
        fill = _means(subject, layer, data, means) if mode == "mean" else None

    hook = _Hook(subject, layer, asked, channels, None if fill is None else torch.from_numpy(fill))
    with (
        eager(),  # compiled code does not see a hook that was registered after it was made
        replace_output(module, hook.ablate, all_threads=True),
        observe_arguments(subject.model, hook.seen),
    ):
        yield subject.model
        with _checks.call("ablated"):
            hook.check()


class _Hook:
    """Sets nodes of a layer to a constant, and sees whether that reaches the output."""

    def __init__(
        self,
        subject: Subject,
        layer: str,
        nodes: list[Any],
        channels: Channels | None,
        means: torch.Tensor | None,
    ) -> None:
        self.subject, self.layer, self.nodes, self.means = subject, layer, nodes, means
        self.channels = channels
        self.n_edits = self.n_runs = 0
        self.trial: Change | None = None  # what to do instead of the edit
        # Inputs of the model and those with a name: the first rows of the first pass.
        self.some: tuple[Any, ...] = ()

    @_checks.call("ablated")
    def ablate(self, output: Any, _inputs: Any) -> Any:
        """Return the output of the layer with its nodes ablated."""
        if self.trial is not None:
            return self.trial(output)
        self.n_edits += 1
        activation = first_tensor(f"layer {self.layer!r}", output)
        if activation.is_nested or is_transformed(activation):
            _checks.fail(f"(layer={self.layer!r})", *(oddity(activation) or TRANSFORMED))
        shape = tuple(activation.shape[1:])
        _checks.require(
            self.means is None or tuple(self.means.shape) == shape,
            f"(means={_checks.show(self.means)})",
            f"must have the shape of one sample's activations, {shape}",
            f"Pass the mean over samples of record(model, data, {self.layer!r})[{self.layer!r}].",
        )
        mask = torch.zeros(shape, dtype=torch.bool, device="cpu")  # whatever is the default
        axis, _ = node_axis(self.channels, shape)
        mask.view(-1)[torch.from_numpy(_positions(self.nodes, self.layer, shape, axis))] = True
        value = activation.new_zeros(()) if self.means is None else self.means.to(activation)
        edited = torch.where(mask.to(activation.device), value, activation)
        return with_first_tensor(output, edited)

    def seen(self, inputs: tuple[Any, ...], named: dict[str, Any]) -> None:
        """Count a pass of the model, and keep some rows to try at the end what it reads."""
        if self.trial is None:
            self.n_runs += 1
            if not self.some:
                self.some = _first_rows(inputs, named)

    def _try(self, trial: Change) -> Any:
        """Return the output of another pass, in which the layer's output becomes `trial` of it."""
        self.trial = trial
        try:
            with self.subject.ready(), seeded(0, self.subject.device):
                inputs, named = map_tensors(torch.clone, self.some)
                return self.subject.model(*inputs, **named)
        finally:
            self.trial = None

    def _fault(self) -> Text | None:
        """Return why the nodes were not ablated, tried on some rows."""
        with suppress(Exception):  # it may run on batches of one size only
            if is_unread(self._try):
                return UNREAD
            if isinstance(self.subject.layer(self.layer), nn.RNNBase):
                plain = self._try(lambda found: found)
                return None if equal(plain, self._try(with_other_state)) else READ_TWICE
        return None

    def check(self) -> None:
        """Refuse a layer whose nodes were not ablated although the model ran."""
        what = f"(layer={self.layer!r})"
        _checks.require(
            self.n_edits > 0 or self.n_runs == 0,
            what,
            "must be a layer that runs in the forward pass, but the model ran without it",
            NEVER_RAN[1],
        )
        fault = self._fault() if self.some and self.n_edits else None
        if fault is not None:
            _checks.fail(what, *fault)


def _first_rows(inputs: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, ...]:
    """Return copies of the first rows of the inputs of a pass, and of those with a name.

    It returns () where another pass may change what the caller gave, such as a cache of keys.
    """
    given = tree_leaves((inputs, named))
    if not all(isinstance(leaf, _PLAIN) for leaf in given):
        return ()
    leaves = [leaf for leaf in given if isinstance(leaf, torch.Tensor) and leaf.ndim]
    n = len(leaves[0]) if leaves and not leaves[0].is_nested else 0

    def few(item: torch.Tensor) -> torch.Tensor:
        return item.detach()[:_TRIED].clone() if item.ndim and len(item) == n else item

    return tuple(map_tensors(few, (inputs, named))) if n else ()


def ablated_module(subject: Subject, layer: str, mode: str) -> nn.Module:
    """Return the module whose output an ablation of `layer` changes."""
    _checks.choice("mode", mode, MODES)
    module = subject.layer(layer)
    require_hooks(module)
    if mode != "weights":
        return module
    # A row of weights and its bias at 0 give an output of 0: set the output instead.
    linear = [part for part in module.modules() if isinstance(part, nn.Linear | _ConvNd)]
    _checks.require(
        len(linear) == 1,
        f"(layer={layer!r}, mode='weights')",
        f"must be a layer with one Linear or convolution, not {len(linear)}",
        "Name that module itself, or use mode='zero'.",
    )
    return linear[0]


def _positions(nodes: list[Any], layer: str, shape: tuple[int, ...], axis: int) -> IntArray:
    """Return the flat positions of nodes, named or counted along `axis` of a sample's activations.

    A name with one number, ``"conv[3]"``, means a node only where the shape tells which axis it
    counts, and that is `axis`.
    """
    found = [np.empty(0, np.int64)]
    for node in _checks.nodes(nodes, shape[axis] if shape else 0):
        short = isinstance(node, str) and re.fullmatch(r".*\[\d+\]", node) is not None
        if short and len(shape) > 1 and axis != channel_axis(shape):
            _checks.fail(
                f"(nodes={node!r})",
                f"must say which axis of the activations, of shape {shape}, it counts",
                f"Use numbers, or names such as {channel_names(layer, shape, axis)[0]!r}.",
            )
        by_name = isinstance(node, str)
        at = (
            positions_of_name(node, layer, shape)
            if isinstance(node, str)
            else positions_of_number(node, shape, axis)
        )
        if at is None:
            _checks.fail(
                f"(nodes={node!r})",
                f"must be {'the name' if by_name else 'the number'} of a node of {layer!r}, "
                f"whose activations have the shape {shape}",
                f"Use a number, or a name such as {layer + '[0]'!r}.",
            )
        found.append(at)
    return np.concatenate(found)


def _means(subject: Subject, layer: str, data: Any, means: Any) -> FloatArray:
    _checks.require(
        (data is None) != (means is None),
        "(mode='mean')",
        "must be given either data to take the means of, or means, and not both",
        "Pass reference samples as data=....",
    )
    if means is None:
        rec = recorded(subject, data, layer)
        means = rec[layer].mean(axis=0, dtype=np.float64)
    values = _checks.numeric(means, "means").astype(np.float64)
    _checks.require(
        bool(np.isfinite(values).all()),
        f"(means={_checks.show(values)})",
        "must be finite, but has NaN or infinite values",
        "Take the means of samples without them.",
    )
    return values
