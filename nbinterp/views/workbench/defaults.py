"""The defaults of a workbench: which layer, image shape, patches and radius."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import nn

from nbinterp import _checks
from nbinterp._typing import AnyArray, FloatArray, IntArray
from nbinterp.network.contract.failing import any_size
from nbinterp.network.data.batches import length, n_rows
from nbinterp.network.subject.hooks import observe
from nbinterp.network.subject.subject import Subject

_LEAST_NODES, _MOST_NODES = 4, 4096
_LEAST_SIDE = 8
_PATCHES = 7  # per side of an image
_ROWS = 2000  # that tell how inputs spread
_ALIKE = 2.0  # times the smallest spread: inputs are of one unit
_ROUNDING = 1e-6  # relative
_PROBES = 8  # samples that run to guess a layer


@_checks.call("Workbench")
def guess_layer(model: nn.Module | Subject, data: Any) -> str:
    """Return the last hidden layer of `model` before its output.

    Of modules with the same output it returns the one with the shortest name, such as the block
    ``"h2"`` of Linear, ReLU and Dropout. Layers with outputs of shape (n, nodes) take precedence
    over layers with more axes. A layer counts only if it runs once, and gives each sample a row
    that does not depend on the other samples.

    Examples
    --------
    >>> import numpy as np
    >>> from nbinterp.datasets import load_mnist_classifier
    >>> guess_layer(load_mnist_classifier(), np.zeros((2, 784)))
    'h2'
    """
    rows = np.unique(np.linspace(0, n_rows(data) - 1, _PROBES).astype(int))
    some = np.arange(len(rows))[::-2]  # the last first
    subject = Subject.of(model)
    modules = {
        name: part
        for name, part in subject.model.named_modules()
        if name and not _has_other_output(part)
    }
    answer, seen = _outputs(subject, modules, subject.few(data, *rows))
    _, again = _outputs(subject, modules, subject.few(data, *rows[some]))
    sized = {
        name: calls[-1]
        for name, calls in seen.items()
        if calls[-1].ndim >= 2
        and _LEAST_NODES <= calls[-1][:1].numel() <= _MOST_NODES
        and not _same(calls[-1], answer)
    }
    refused = {name: _why_not(name, seen, again, some) for name in sized}
    hidden = [name for name, reason in refused.items() if not reason]
    plain = [name for name in hidden if sized[name].ndim == 2]
    after = [name for name in plain if not _is_affine(modules[name])]
    found = after or plain or hidden
    _checks.require(
        len(found) > 0,
        "(layer=None)",
        "must have a hidden layer to look into, of 4 to 4096 nodes"
        + "".join(f"; {reason}" for reason in list(refused.values())[:3]),
        "Name a layer of your network, layer='…', as in model.named_modules(), or make one that "
        "runs once and returns a row a sample.",
    )
    last = sized[found[-1]]
    return min((name for name in found if _same(sized[name], last)), key=lambda name: len(name))


def _outputs(
    subject: Subject, modules: dict[str, nn.Module], batch: Any
) -> tuple[torch.Tensor, dict[str, list[torch.Tensor]]]:
    """Return the answer, and the outputs of all calls of modules, in the order in which they end.

    Outputs with more than `_MOST_NODES` entries a row are left out.
    """
    seen: dict[str, list[torch.Tensor]] = {}

    def see(name: str, output: Any) -> None:
        if isinstance(output, tuple | list | dict) and output:
            output = next(iter(output.values() if isinstance(output, dict) else output))
        if not isinstance(output, torch.Tensor):
            return
        small = output.ndim > 0 and output[:1].numel() <= _MOST_NODES
        kept = output.detach().clone() if small else output.new_empty(0)
        seen[name] = [*seen.pop(name, []), kept]

    names = {part: name for name, part in modules.items()}
    watched = observe(names, lambda part, _inputs, out: see(names[part], out))
    with any_size(length(batch)), subject.ready(), watched:
        answer = subject.run(batch)
    return answer, seen


def _why_not(
    name: str,
    seen: dict[str, list[torch.Tensor]],
    again: dict[str, list[torch.Tensor]],
    some: IntArray,
) -> str:
    """Return why a layer cannot be explained; `again` has its outputs for `some` of the rows.

    `some` begins with the last row.
    """
    calls = seen[name]
    if len(calls) > 1:
        return f"{name!r} runs {len(calls)} times"
    one, others = calls[0], again.get(name, [])
    if len(one) != some[0] + 1 or len(others) != 1 or len(others[0]) != len(some):
        return f"{name!r} does not return one row a sample"
    close = torch.allclose(one[some.tolist()].float(), others[0].float(), rtol=1e-2, atol=1e-3)
    return "" if close else f"a row of {name!r} changes with the batch"


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
    if isinstance(data, torch.Tensor) and data.dtype is torch.bfloat16:
        data = data.float()  # which NumPy has not
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


def guess_radius(
    data: Any, image_shape: tuple[int, ...] | None
) -> tuple[float | FloatArray, IntArray]:
    """Return a quarter of the typical distance of samples from their mean, or one for each input.

    The second item are the inputs whose spread is not known, since they are constant.

    Inputs of one unit, such as pixels or scores that spread alike, have one radius. The columns of
    a table that spread differently have their own; so have the channels of sequences. Where a
    column is constant, its size stands for its spread, or the median spread if it is zero.

    Examples
    --------
    >>> import numpy as np
    >>> table = np.array([[1.0, 20.0, 7.0], [-1.0, -20.0, 7.0]])
    >>> guess_radius(table, None)
    (array([0.433, 8.66 , 3.03 ]), array([2]))
    >>> guess_radius(table[:, :1], None)
    (0.25, array([], dtype=int64))
    """
    array, none = as_array(data), np.empty(0, np.int64)
    if array is None:
        return 0.5, none
    some = array[:: max(1, len(array) // _ROWS)].astype(np.float64)
    some = np.where(np.isfinite(some), some, 0.0)
    variance = some.var(axis=0)
    total = float(np.sqrt(variance.sum()))
    alike = float(f"{0.25 * total:.2g}") or 0.5
    if image_shape is not None or total == 0:
        return alike, none
    # The axis along which spreads differ most counts the inputs with units of their own.
    axes = range(variance.ndim)
    profiles = [np.sqrt(_mean_over_others(variance, axis)) for axis in axes]
    axis = max(axes, key=lambda axis: _ratio(profiles[axis]))
    spread = profiles[axis]
    if _ratio(spread) <= _ALIKE:
        return alike, none
    size = np.sqrt(_mean_over_others((some**2).mean(axis=0), axis))
    constant = spread <= _ROUNDING * size
    instead = np.where(size > 0, size, np.median(spread[~constant]))
    shape = [-1 if place == axis else 1 for place in axes]

    def of_inputs(values: AnyArray) -> AnyArray:
        return np.broadcast_to(values.reshape(shape), variance.shape).ravel()

    radius = 0.25 * np.sqrt(variance.size) * of_inputs(np.where(constant, instead, spread))
    return np.array([float(f"{each:.3g}") for each in radius]), np.flatnonzero(of_inputs(constant))


def _mean_over_others(values: FloatArray, axis: int) -> FloatArray:
    mean: FloatArray = np.moveaxis(values, axis, 0).reshape(values.shape[axis], -1).mean(axis=1)
    return mean


def _ratio(spread: FloatArray) -> float:
    """Return how often the largest spread holds the smallest; constants do not count."""
    return float(spread.max() / spread[spread > 0].min())
