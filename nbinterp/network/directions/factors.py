"""What this package asks of factors, and which of them to look at."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from nbinterp import _checks
from nbinterp._typing import FloatArray, IntArray

_MOST = 5  # that are looked at if the caller names none


class Factors(Protocol):
    """What `ClusterFactors` tells of a group of samples."""

    name: str
    indices: IntArray
    feature_names: list[str]
    correlation_: FloatArray
    mutual_information_: FloatArray
    total_correlations_: FloatArray


def chosen(factors: Factors, factor: int | Sequence[int] | None) -> tuple[int, ...]:
    """Return the numbers of the factors asked for; the strongest few for None."""
    totals = np.nan_to_num(factors.total_correlations_)
    if factor is None:
        strongest = np.argsort(-totals, kind="stable")[:_MOST]
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


def wrong_layer(factors: Factors, layer: str) -> None:
    """Raise: none of the columns of `factors` is a node of `layer`."""
    _checks.fail(
        f"(layer={layer!r})",
        f"must be a layer of which factors have nodes, such as {layer + '[0]'!r}, "
        f"but they have {', '.join(map(repr, factors.feature_names[:3]))}…",
        "Fit the factors to record(...).concat(layer), whose columns carry these names.",
    )
