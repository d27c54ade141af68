"""The defaults of a workbench: which layer, image shape, patches and radius."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import nn

from nbinterp import _checks
from nbinterp._typing import AnyArray, IntArray
from nbinterp.network.data.batches import n_rows
from nbinterp.network.subject.hooks import observe_outputs
from nbinterp.network.subject.subject import Subject

_LEAST_NODES, _MOST_NODES = 4, 4096
_LEAST_SIDE = 8
_PATCHES = 7  # per side of an image


@_checks.call("Workbench")
def guess_layer(model: nn.Module, data: Any) -> str:
    """Return the last hidden layer of `model` before its output.

    Of modules with the same output it returns the one with the shortest name, such as the block
    ``"h2"`` of Linear, ReLU and Dropout. Layers with outputs of shape (n, nodes) take precedence
    over layers with more axes.

    Examples
    --------
    >>> import numpy as np
    >>> from nbinterp.datasets import load_mnist_classifier
    >>> guess_layer(load_mnist_classifier(), np.zeros((2, 784)))
    'h2'
    """
    seen: dict[str, torch.Tensor] = {}
    subject = Subject.of(model)
    batch = subject.few(data, *range(min(2, n_rows(data))))
    modules = {name: part for name, part in model.named_modules() if name}

    def keep(name: str, output: torch.Tensor) -> None:
        seen.pop(name, None)  # keep the last call, in the order in which modules end
        seen[name] = output.detach().clone()

    tensors = {name: part for name, part in modules.items() if not _has_other_output(part)}
    with subject.ready(), observe_outputs(tensors, keep):
        answer = subject.run(batch)
    hidden = [
        name
        for name, output in seen.items()
        if output.ndim >= 2
        and _LEAST_NODES <= output[0].numel() <= _MOST_NODES
        and not _same(output, answer)
    ]
    plain = [name for name in hidden if seen[name].ndim == 2]
    after = [name for name in plain if not _is_affine(modules[name])]
    found = after or plain or hidden
    _checks.require(
        len(found) > 0,
        "(layer=None)",
        "must have a hidden layer to look into, of 4 to 4096 nodes",
        "Name a layer of your network, layer='…', as in model.named_modules().",
    )
    last = seen[found[-1]]
    return min((name for name in found if _same(seen[name], last)), key=lambda name: len(name))


def _has_other_output(module: nn.Module) -> bool:
    return isinstance(module, nn.LSTM | nn.GRU | nn.RNN | nn.MultiheadAttention | nn.ModuleList)


def _is_affine(module: nn.Module) -> bool:
    return isinstance(module, nn.Linear | nn.Flatten | nn.Identity)


def _same(one: torch.Tensor, other: torch.Tensor) -> bool:
    return one.shape == other.shape and torch.equal(one, other)


def guess_image_shape(data: Any) -> tuple[int, ...] | None:
    """Return the shape of a sample as an image; None if it is not an image.

    The shape is (h, w), (h, w, 3) or channels first. Flat samples count as square images if they
    have the number of values of a square of at least 8 × 8 pixels, within [0, 1] or [0, 255].

    Examples
    --------
    >>> import numpy as np
    >>> guess_image_shape(np.zeros((5, 784))), guess_image_shape(np.zeros((5, 3, 32, 32)))
    ((28, 28), (3, 32, 32))
    """
    array = as_array(data)
    if array is None or array.ndim < 2 or len(array) == 0:
        return None
    sides = array.shape[1:]
    if len(sides) == 2 and min(sides) >= _LEAST_SIDE:
        return tuple(sides)
    if len(sides) == 3 and (sides[0] in (1, 3) or sides[2] in (1, 3)):
        return tuple(sides)
    side = math.isqrt(sides[0])
    if len(sides) == 1 and side >= _LEAST_SIDE and side * side == sides[0]:
        low, high = float(array.min()), float(array.max())
        if low >= 0 and (high <= 1 or 2 < high <= 255):
            return (side, side)
    return None


def as_array(data: Any) -> AnyArray | None:
    """Convert arrays, tensors and numeric tables to an array; return None for anything else."""
    if isinstance(data, Mapping) or not hasattr(data, "shape"):
        return None
    array = np.asarray(_checks.to_numpy(data))
    return array if array.dtype.kind in "biuf" else None


def pictures(data: Any, shape: tuple[int, ...] | None) -> AnyArray | None:
    """Return the samples as (n, h, w) or (n, h, w, 3); None without a shape."""
    array = as_array(data)
    if shape is None or array is None:
        return None
    images = array.reshape(len(array), *shape)
    if len(shape) == 2:
        return images
    images = np.moveaxis(images, 1, -1) if _channels_first(shape) else images
    return images[..., 0] if images.shape[-1] == 1 else images


def patches(shape: tuple[int, ...]) -> IntArray:
    """Return the patch of each entry of a flattened image, with about 7 patches per side.

    Examples
    --------
    >>> patches((3, 14, 14)).shape
    (588,)
    """
    first = _channels_first(shape)
    height, width = shape[1:] if first else shape[:2]
    step, _, wide = patch_grid(shape)
    plane = np.add.outer(np.arange(height) // step * wide, np.arange(width) // step).ravel()
    if len(shape) == 2:
        return plane
    return np.tile(plane, shape[0]) if first else np.repeat(plane, shape[2])


def patches_code(shape: tuple[int, ...]) -> str:
    """Return a Python expression that computes `patches`.

    Examples
    --------
    >>> patches_code((28, 28))
    'np.add.outer(np.arange(28) // 4 * 7, np.arange(28) // 4).ravel()'
    """
    first = _channels_first(shape)
    height, width = shape[1:] if first else shape[:2]
    step, _, wide = patch_grid(shape)
    code = f"np.add.outer(np.arange({height}) // {step} * {wide}, np.arange({width}) // {step})"
    if len(shape) == 2:
        return f"{code}.ravel()"
    channels = shape[0] if first else shape[2]
    return f"np.{'tile' if first else 'repeat'}({code}.ravel(), {channels})"


def patch_grid(shape: tuple[int, ...]) -> tuple[int, int, int]:
    """Return the side of a patch, and the numbers of patches down and across."""
    height, width = shape[1:] if _channels_first(shape) else shape[:2]
    step = max(1, round(max(height, width) / _PATCHES))
    return step, -(-height // step), -(-width // step)


def _channels_first(shape: tuple[int, ...]) -> bool:
    return len(shape) == 3 and shape[0] in (1, 3)


def guess_radius(data: Any) -> float:
    """Return a quarter of the typical distance of samples from their mean, to two digits."""
    array = as_array(data)
    if array is None:
        return 0.5
    flat = array[:2000].reshape(min(len(array), 2000), -1).astype(np.float64)
    spread = float(np.sqrt(np.nan_to_num(flat.var(axis=0)).sum()))
    return float(f"{0.25 * spread:.2g}") or 0.5
