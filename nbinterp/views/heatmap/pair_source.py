"""Read matrices of pairs from a `SmoothHessian`, an array or a DataFrame."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from nbinterp import _checks
from nbinterp._typing import AnyArray, FloatArray, IntArray
from nbinterp.interactions import SmoothHessian

_PROBES = 32
_CLOSE = 1e-6  # asymmetry by rounding, relative to the largest entry


@dataclass(frozen=True)
class Grid:
    """The image whose pixels are the inputs: channel after channel, row by row."""

    channels: int
    height: int
    width: int

    @property
    def size(self) -> int:
        """Number of inputs."""
        return self.channels * self.height * self.width

    def names(self) -> list[str]:
        """Return the names of the inputs: row and column, and the channel if there are several."""
        channels = [f" · {k}" for k in range(self.channels)] if self.channels > 1 else [""]
        rows, columns = range(self.height), range(self.width)
        return [f"pixel {r},{c}{k}" for k in channels for r in rows for c in columns]


@dataclass(frozen=True)
class PairSource:
    """Symmetric matrices, one per sample, and the meaning of their rows."""

    title: str
    n_samples: int
    names: list[str]
    unit: str
    # (n_samples, width, width), or a result that computes entries of matrices too large to store.
    values: FloatArray | SmoothHessian
    errors: FloatArray | None
    n_blocks: int | None
    grid: Grid | None
    # The row of each input if rows are groups of inputs; -1 for no row.
    groups: IntArray | None
    pictures: AnyArray | None
    warning: str
    # What to multiply rows and columns by, where they have different units.
    units: FloatArray | None = None

    @property
    def width(self) -> int:
        """Number of rows of a matrix."""
        return len(self.names)

    def entries(
        self, samples: IntArray, rows: IntArray, columns: IntArray
    ) -> tuple[FloatArray, FloatArray | None]:
        """Return some entries, averaged over samples, and their standard errors.

        The matrices of all samples were estimated with the same random directions, so their errors
        may be correlated. This returns the mean of the errors, which is an upper bound of the error
        of the mean.
        """
        if isinstance(self.values, SmoothHessian):
            found = [self.values.entries(rows, columns, sample=int(k)) for k in samples]
            mean = np.mean([one for one, _ in found], axis=0)
            error = np.mean([error for _, error in found], axis=0)
        else:
            place = np.ix_(samples, rows, columns)
            mean = self.values[place].mean(0)
            error = None if self.errors is None else self.errors[place].mean(0)
        if self.units is None:
            return mean, error
        both = self.units[rows, None] * self.units[columns]
        return mean * both, None if error is None else error * both

    def strongest(self, samples: IntArray, count: int) -> IntArray:
        """Return the `count` rows with the largest sums of squares, ascending."""
        unit = np.ones(self.width) if self.units is None else self.units
        if isinstance(self.values, SmoothHessian):
            # For random signs z, the expected square of (H z)_i is the sum of squares of row i.
            signs = np.random.RandomState(0).choice([-1.0, 1.0], (self.width, _PROBES))
            signs *= unit[:, None]
            products = [self.values.product(signs, sample=int(k)) for k in samples]
            size = np.square(np.mean(products, axis=0)).sum(1)
        else:
            size = np.square(self.values[samples].mean(0) * unit).sum(1)
        size = size * unit**2
        return np.sort(np.argsort(-size, kind="stable")[:count])


def read(
    source: Any,
    *,
    feature_names: Sequence[str] | None,
    image_shape: Sequence[int] | None,
    unit: str | None,
    standard_error: Any,
) -> PairSource:
    """Return `source` as matrices; see `InteractionHeatmap`."""
    if isinstance(source, SmoothHessian):
        _checks.require(
            standard_error is None,
            f"(standard_error={_checks.show(standard_error)})",
            "must be None for a SmoothHessian, which has its own",
            "Leave it out.",
        )
        return _of_result(source, feature_names, image_shape, unit)
    if feature_names is None and isinstance(source, pd.DataFrame):
        feature_names = [str(name) for name in source.columns]
    values = _matrices("source", source)
    errors = None if standard_error is None else _matrices("standard_error", standard_error)
    _checks.require(
        errors is None or (errors.shape == values.shape and bool((errors >= 0).all())),
        f"(standard_error={_checks.show(errors)})",
        f"must have the shape of the source, {values.shape}, and nothing below zero",
        "Pass the standard error of each entry.",
    )
    width = values.shape[1]
    grid = _grid(image_shape, width) if image_shape is not None else None
    return PairSource(
        title="the matrix" if len(values) == 1 else "the matrices",
        n_samples=len(values),
        names=_names(feature_names, width, grid),
        unit=unit or "",
        values=values,
        errors=errors,
        n_blocks=None,
        grid=grid,
        groups=None,
        pictures=None,
        warning="",
    )


def _of_result(
    source: SmoothHessian,
    feature_names: Sequence[str] | None,
    image_shape: Sequence[int] | None,
    unit: str | None,
) -> PairSource:
    n_samples, *shape = source.x.shape
    n_inputs = int(np.prod(shape))
    if image_shape is not None:
        grid: Grid | None = _grid(image_shape, n_inputs)
    else:
        grid = _grid(shape, n_inputs) if len(shape) in (2, 3) else None
    groups = source.groups
    width = n_inputs if groups is None else int(groups.max()) + 1
    if groups is not None and feature_names is None:
        feature_names = [f"group {k}" for k in range(width)]
    if feature_names is None and grid is None:
        feature_names = source.feature_names
    error, units = source.relative_error, source.units
    own = "output per squared input" if units is None else "output per σ of both inputs"
    open_ = int((~(error < np.inf) & ~np.isnan(error)).sum())
    notes = [
        "" if source.converged else "The requested tolerance was not reached.",
        f"{open_} of {n_samples} matrices are within noise: use more n_samples." if open_ else "",
    ]
    return PairSource(
        title="SmoothHess",
        n_samples=n_samples,
        names=_names(feature_names, width, grid),
        unit=own if unit is None else unit,
        values=source if source.hessian is None else source.hessian,
        errors=source.standard_error,
        n_blocks=source.n_blocks,
        grid=grid,
        groups=groups,
        pictures=source.x.reshape(n_samples, -1) if grid is not None else None,
        warning=" ".join(note for note in notes if note),
        units=units,
    )


def _matrices(name: str, value: Any) -> FloatArray:
    array = np.asarray(_checks.to_numpy(value))
    what = f"({name}={_checks.show(array if array.ndim else value)})"
    _checks.require(
        array.ndim in (2, 3)
        and array.shape[-1] == array.shape[-2]
        and array.size > 0
        and array.dtype.kind in "fiu",
        what,
        "must be numbers of shape (width, width) or (n_samples, width, width), or a fit or result",
        "Pass a square matrix, ClusterFactors, a fitted LinearCorEx or a SmoothHessian.",
        TypeError,
    )
    matrices = array.reshape(-1, *array.shape[-2:]).astype(np.float64)
    _checks.require(
        bool(np.isfinite(matrices).all()), what, "must be finite", "Fill what is missing."
    )
    apart = np.abs(matrices - matrices.transpose(0, 2, 1)).max()
    _checks.require(
        bool(apart <= _CLOSE * np.abs(matrices).max()),
        what,
        "must be symmetric: the pair (i, j) is the pair (j, i)",
        "Pass (m + m.T) / 2.",
    )
    return matrices


def _grid(image_shape: Sequence[int], n_inputs: int) -> Grid:
    sides = tuple(image_shape)
    whole = len(sides) in (2, 3) and all(isinstance(side, int | np.integer) for side in sides)
    _checks.require(
        whole and int(np.prod(sides)) == n_inputs,
        f"(image_shape={_checks.show(image_shape)})",
        f"must be (height, width) or (channels, height, width) of {n_inputs} inputs",
        "Pass the shape of one sample.",
    )
    return Grid(*((1, *sides) if len(sides) == 2 else sides))


def _names(given: Sequence[str] | None, width: int, grid: Grid | None) -> list[str]:
    if given is not None:
        return _checks.names("feature_names", given, width)
    if grid is not None and grid.size == width:
        return grid.names()
    return [f"x{column}" for column in range(width)]
