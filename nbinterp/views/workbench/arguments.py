"""Check what a workbench is given, before anything slow."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from nbinterp import _checks
from nbinterp.network.contract.failing import takes
from nbinterp.network.data.batches import n_rows
from nbinterp.network.decoding.decoder import Decoder
from nbinterp.network.subject.subject import Subject
from nbinterp.views.explorer.samples import table
from nbinterp.views.workbench.defaults import as_array

_LEAST_SAMPLES = 6  # a map joins each to five others
_HEIGHTS = 200, 4000


def check_samples(model: Any, data: Any, *, y: Any, has_map: bool) -> None:
    """Refuse what is no model, data that it does not take or that are too few, and a wrong `y`."""
    subject = Subject.of(model)
    what = f"(data={_checks.show(data)})"
    _checks.require(
        not isinstance(data, str | bytes | Path),
        what,
        "must be samples, not the name of a file",
        "Load it first, and pass its samples as an array or a tensor.",
        TypeError,
    )
    n, least = n_rows(data), 1 if has_map else _LEAST_SAMPLES
    _checks.require(
        n >= least,
        what,
        f"must hold at least {least} samples, not {n}",
        "Pass more samples of the same kind.",
    )
    if y is not None:
        _checks.labels("y", y, n, of_classes=True)
        _checks.same_order("y", y, data)
    few = subject.few(data, *range(min(2, n)))
    with takes(few), subject.ready():
        subject.run(few)


def check_looks(
    data: Any,
    *,
    columns: Mapping[Any, Any],
    image_shape: Sequence[int] | None,
    decode: Any,
    random_state: Any,
    height: Any,
    progress: Any,
) -> None:
    """Refuse wrong settings of the map, the images and the sliders."""
    n = n_rows(data)
    table(columns, n)
    for name, values in columns.items():
        _checks.same_order(f"columns[{name!r}]", values, data)
    _checks.integer("height", height, *_HEIGHTS)
    _checks.boolean("progress", progress)
    _checks.generator(random_state)
    _checks.require(
        decode is None or isinstance(decode, Decoder) or callable(decode),
        f"(decode={_checks.show(decode)})",
        "must be a Decoder or a callable",
        "Pass a function from activations to inputs.",
        TypeError,
    )
    if image_shape is not None:
        _check_image_shape(image_shape, data)


def _check_image_shape(image_shape: Any, data: Any) -> None:
    what = f"(image_shape={_checks.show(image_shape)})"
    sides = list(image_shape) if isinstance(image_shape, Sequence | np.ndarray) else None
    _checks.require(
        sides is not None
        and len(sides) in (0, 2, 3)
        and all(isinstance(side, int | np.integer) and side > 0 for side in sides),
        what,
        "must be the sides of an image",
        "Pass (height, width), (height, width, 3) or (channels, height, width), or () for none.",
        TypeError,
    )
    array = as_array(data)
    if sides and array is not None:
        n_values = int(np.prod(array.shape[1:]))
        _checks.require(
            int(np.prod(sides)) == n_values,
            what,
            f"must have as many values as a sample, {n_values}",
            "Pass the shape of one sample, or () if samples are not images.",
        )
