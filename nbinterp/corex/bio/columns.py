"""The family of each column of Bio CorEx, and its scale or levels in the training data."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from nbinterp import _checks
from nbinterp._state import HasState, fields
from nbinterp._typing import BoolArray, FloatArray, FloatingArray, IntArray
from nbinterp.corex.bio.marginals import Discrete, Family, Gaussian, Table
from nbinterp.corex.linear.gaussianize import Columns, learn_columns

FAMILIES = ("gaussian", "discrete")
MOST_LEVELS = 32  # levels of a discrete column, as in the authors' program
_CLIP = 0.25  # least variance in the authors' program, in squared units of the data


@dataclass(frozen=True)
class BioColumns(HasState):
    """The columns of one data set: Gaussian columns first, then discrete columns.

    Attributes
    ----------
    order : array of shape (p,)
        Column numbers of the data in the order of a `Table`.
    scores : Columns
        How the Gaussian columns are standardized.
    floor, kurtosis : arrays of shape (p_gaussian,)
        Least variance within a state, and mean fourth power, of the standardized columns.
    levels : array of shape (p_discrete, most_levels)
        The values that occur, ascending, then NaN.
    frequency : array of the shape of `levels`
        The frequency of each level, then 0.
    varying : array of shape (p,)
        Which columns have at least two different values, in the order of a `Table`.
    """

    order: IntArray
    scores: Columns
    floor: FloatArray
    kurtosis: FloatArray
    levels: FloatArray
    frequency: FloatArray
    varying: BoolArray

    _STATE = fields("order scores floor kurtosis levels frequency varying")

    def table(self, data: FloatingArray, device: torch.device, dtype: torch.dtype) -> Table:
        """Return `data` ``(n, p)`` as a table; unknown levels count as missing."""
        data = data[:, self.order]

        def tensor(array: npt.NDArray[np.generic]) -> torch.Tensor:
            return torch.as_tensor(array, dtype=dtype, device=device)

        split = len(self.floor)
        families: list[Family] = []
        if split:
            scores = self.scores.apply(data[:, :split]).T.copy()
            families.append(Gaussian(tensor(scores), tensor(self.floor), tensor(self.kurtosis)))
        if len(self.levels):
            codes = torch.as_tensor(_codes(self.levels, data[:, split:]), device=device)
            n_levels = tensor((self.frequency > 0).sum(1))
            families.append(Discrete(codes, n_levels, tensor(self.frequency)))
        observed = np.maximum((~np.isnan(data)).sum(0), 1)
        return Table(tuple(families), tensor(self.varying), tensor(observed), len(data))

    def restore(self, tensor: torch.Tensor) -> FloatArray:
        """Return ``(m, p)``, in the order of a table, as an array in the data's order."""
        result = np.empty(tensor.shape)
        result[:, self.order] = tensor.cpu().numpy()
        return result


def learn_bio_columns(
    data: FloatingArray, marginals: str | Sequence[str], variance_floor: float | None
) -> BioColumns:
    """Read scales and levels of the columns from `data` ``(n, p)``.

    `marginals` is the name of a family, or a list of one per column. `variance_floor` is the least
    variance within a state, as a fraction of the column's variance, or None for the value of the
    authors' program.
    """
    discrete = _is_discrete(marginals, data.shape[1])
    order = np.concatenate([np.flatnonzero(~discrete), np.flatnonzero(discrete)])
    gaussian_data, discrete_data = data[:, ~discrete], data[:, discrete]
    scores = learn_columns(gaussian_data, "standard")
    standard = scores.apply(gaussian_data)
    observed = np.maximum((~np.isnan(standard)).sum(0), 1)
    kurtosis = np.nansum(standard**4, 0) / observed
    if variance_floor is None:
        floor = _CLIP / np.where(scores.scale > 0, scores.scale, 1.0) ** 2
    else:
        floor = np.full(len(kurtosis), variance_floor)
    levels, frequency = _learn_levels(discrete_data, np.flatnonzero(discrete))
    varying = np.concatenate([scores.scale > 0, (frequency > 0).sum(1) > 1])
    return BioColumns(order, scores, floor, kurtosis, levels, frequency, varying)


def _is_discrete(marginals: str | Sequence[str], p: int) -> BoolArray:
    one_each = np.array([marginals] * p if isinstance(marginals, str) else marginals, dtype=object)
    _checks.require(
        one_each.shape == (p,),
        f"(marginals={_checks.show(marginals)})",
        f"must be one of {', '.join(map(repr, FAMILIES))}, or a list of {p}, one per column",
        "Name the family of each column.",
    )
    for each in one_each:
        _checks.choice("marginals", each, FAMILIES)
    return np.array([each == "discrete" for each in one_each], dtype=bool)


def _learn_levels(data: FloatingArray, names: IntArray) -> tuple[FloatArray, FloatArray]:
    """Return the levels of each column and their frequencies, padded by NaN and 0."""
    found = [np.unique(column[~np.isnan(column)], return_counts=True) for column in data.T]
    most = max((len(values) for values, _ in found), default=0)
    levels = np.full((len(found), max(most, 1)), np.nan)
    frequency = np.zeros_like(levels)
    for i, (values, counts) in enumerate(found):
        _checks.require(
            len(values) <= MOST_LEVELS,
            f"(marginals='discrete') for column {names[i]}",
            f"must have at most {MOST_LEVELS} different values, not {len(values)}",
            "Call it 'gaussian', or bin it.",
        )
        levels[i, : len(values)] = values
        frequency[i, : len(values)] = counts / max(counts.sum(), 1)
    return levels, frequency


def _codes(levels: FloatArray, data: FloatingArray) -> IntArray:
    """Return the level of each entry, ``(p, n)``; -1 if it has none."""
    codes = np.full(data.T.shape, -1)
    for i, (known, column) in enumerate(zip(levels, data.T, strict=True)):
        at = np.searchsorted(known, column)  # NaN sort last, in `known` and in `column`
        inside = at < len(known)
        match = inside & (known[np.minimum(at, len(known) - 1)] == column)
        codes[i, match] = at[match]
    return codes
