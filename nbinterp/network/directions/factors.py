"""Factors as directions: which of them to take, and which nodes of a layer they belong to."""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from nbinterp import _checks
from nbinterp._typing import FloatArray, IntArray
from nbinterp.network.recording.nodes import positions_of_name

_PARTS = ("name", "indices", "feature_names", "mutual_information_", "total_correlations_")
_N_STRONGEST = 5  # that are taken by default


class Factors(Protocol):
    """The part of `ClusterFactors` that networks need."""

    name: str
    indices: IntArray
    feature_names: list[str]
    correlation_: FloatArray
    mutual_information_: FloatArray
    total_correlations_: FloatArray


def check_factors(directions: Any) -> None:
    """Raise unless `directions` are the factors of one table."""
    if not all(hasattr(directions, part) for part in _PARTS):
        _checks.fail(
            f"(directions={_checks.show(directions)})",
            "must be ClusterFactors",
            "Pass local.clusters_[3], explorer.factors, or what fit_selection returned.",
            TypeError,
        )


def chosen(factors: Factors, factor: int | Sequence[int] | None) -> tuple[int, ...]:
    """Return the numbers of the requested factors; the few strongest for None."""
    totals = np.nan_to_num(factors.total_correlations_)
    if factor is None:
        strongest = np.argsort(-totals, kind="stable")[:_N_STRONGEST]
        return tuple(int(j) for j in strongest)
    asked = np.atleast_1d(np.asarray(factor, dtype=object))
    _checks.require(
        asked.ndim == 1 and 0 < len(asked) == len(set(asked)),
        f"(factor={_checks.show(factor)})",
        "must be a factor, or distinct factors in a list",
        f"Choose from 0 to {len(totals) - 1}.",
    )
    return tuple(
        _checks.integer("factor", j, 0, len(totals) - 1, of="the last factor") for j in asked
    )


def layer_columns(factors: Factors, layer: str, shape: tuple[int, ...]) -> dict[int, IntArray]:
    """Return the columns of `factors` that are nodes of `layer`, with their flat positions.

    `shape` is that of the layer's activations of one sample. Raises if there is no such column.
    """
    found = (
        (column, positions_of_name(name, layer, shape))
        for column, name in enumerate(factors.feature_names)
    )
    columns = {column: positions for column, positions in found if positions is not None}
    if not columns:
        _checks.fail(
            f"(layer={layer!r})",
            f"must be a layer with nodes among the columns of the factors, such as "
            f"{layer + '[0]'!r}, but these are "
            f"{', '.join(map(repr, factors.feature_names[:3]))}…",
            "Fit the factors to record(...).concat(layer), whose columns carry these names.",
        )
    return columns
