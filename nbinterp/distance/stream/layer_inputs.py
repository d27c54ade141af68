"""Inputs of a linear layer as rows: samples, tokens, or the patches of a convolution."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.modules.conv import _ConvNd

from nbinterp import _checks
from nbinterp._typing import FloatArray
from nbinterp.network.subject.model import suggestions
from nbinterp.network.subject.subject import Subject

CONV_ROWS = ("patches", "means")
_CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
# Patches overlap, so they take much more memory than their input. This many bytes at a time.
_PATCH_BYTES = 64 * 2**20


def linear_module(subject: Subject, layer: str) -> nn.Module:
    """Return the Linear or convolution called `layer`; raise for any other module."""
    module = subject.layer(layer)
    linear = [
        name
        for name, part in subject.model.named_modules()
        if name and isinstance(part, (nn.Linear, *_CONVOLUTIONS))
    ]
    inside = [name for name in linear if name.startswith(f"{layer}.")]
    _checks.require(
        isinstance(module, (nn.Linear, *_CONVOLUTIONS)),
        f"(layer={layer!r})",
        f"must be a Linear or a convolution, not {type(module).__name__}",
        f"Did you mean {suggestions(inside or linear, like=layer)}?"
        if linear
        else "The model has none, so no node of it has a hyperplane in its input.",
        TypeError,
    )
    return module


def hyperplanes_of(module: Any) -> tuple[FloatArray, FloatArray]:
    """Return the weights (n_nodes, n_features) and biases (n_nodes,) of a layer, in float64.

    A node of a grouped convolution reads only the channels of its group; other weights are zero.
    """
    weight = module.weight.detach().to("cpu", torch.float64)
    if isinstance(module, _ConvNd):
        n_nodes, share = weight.shape[:2]
        whole = weight.new_zeros(n_nodes, module.in_channels, *weight.shape[2:])
        per_group = n_nodes // module.groups
        for group in range(module.groups):
            nodes = slice(group * per_group, (group + 1) * per_group)
            whole[nodes, group * share : (group + 1) * share] = weight[nodes]
        weight = whole.flatten(1)
    bias = weight.new_zeros(len(weight)) if module.bias is None else module.bias.detach()
    return weight.numpy(), bias.to("cpu", torch.float64).numpy()


def rows_of(module: Any, x: Tensor, z: Tensor, conv: str) -> Iterator[tuple[slice, Tensor, Tensor]]:
    """Yield the rows (n, n_features) of an input and their pre-activations (n, n_nodes), float64.

    `z` is the output of the layer for `x`. The slice says which samples the rows belong to; each
    sample has equally many rows. With ``conv="means"`` it has one: the mean of its patches, for
    which a node gives exactly the mean of its channel.
    """
    if not isinstance(module, _ConvNd):
        yield slice(0, len(x)), _double(x).reshape(-1, x.shape[-1]), _double(z).flatten(0, -2)
        return
    width = module.in_channels * int(np.prod(module.kernel_size))
    positions = int(np.prod(z.shape[2:]))
    step = max(1, _PATCH_BYTES // (8 * width * max(1, positions)))
    for start in range(0, len(x), step):
        samples = slice(start, min(start + step, len(x)))
        patches = _double(_patches(module, x[samples]))
        made = _double(z[samples].flatten(2).movedim(1, 2))  # (b, positions, nodes)
        if conv == "means":
            yield samples, patches.mean(1), made.mean(1)
        else:
            yield samples, patches.flatten(0, 1), made.flatten(0, 1)


def _double(values: Tensor) -> Tensor:
    return values.to(torch.float64)


def _patches(module: Any, x: Tensor) -> Tensor:
    """Return the patches (b, positions, channels * kernel) that a convolution reads."""
    mode = "constant" if module.padding_mode == "zeros" else module.padding_mode
    x = functional.pad(x, module._reversed_padding_repeated_twice, mode=mode)
    n_axes = len(module.kernel_size)
    for axis in range(n_axes):
        size, stride = module.kernel_size[axis], module.stride[axis]
        dilation = module.dilation[axis]
        x = x.unfold(2 + axis, dilation * (size - 1) + 1, stride)[..., ::dilation]
    # (b, channels, positions..., kernel...) -> (b, positions, channels, kernel)
    x = x.movedim(1, 1 + n_axes)
    return x.flatten(1, n_axes).flatten(2)
