"""Convert interactions to objects of the package shapiq."""

import importlib
from typing import Any

import numpy as np

from nbinterp import _checks
from nbinterp._typing import FloatArray
from nbinterp.interactions.indices import INDICES, interaction_index
from nbinterp.interactions.moebius import and_interactions
from nbinterp.interactions.subsets import players_of, sizes


def interaction_values(v: FloatArray, index: str, order: int | None) -> Any:
    """Return an index of the outputs `v` (2^n,) as ``shapiq.InteractionValues``."""
    _checks.choice("index", index, ("Moebius", *INDICES))
    n = len(v).bit_length() - 1
    if index == "Moebius":
        table, top = np.asarray(and_interactions(v)), n if order is None else order
        top = _checks.integer("order", top, 1, n, of="the players")
    else:
        top = 1 if index == "SV" else min(2, n) if order is None else order
        table = interaction_index(v, index, top)
    chosen = np.flatnonzero(sizes(n) <= top)
    return _module().InteractionValues(
        values=table[chosen],
        index=index,
        max_order=top,
        min_order=0,
        n_players=n,
        interaction_lookup={players_of(int(k)): place for place, k in enumerate(chosen)},
        estimated=False,
        baseline_value=float(v[0]),
    )


def _module() -> Any:
    try:
        return importlib.import_module("shapiq")
    except ModuleNotFoundError:
        _checks.fail(
            "()",
            "needs the package shapiq",
            "Install nbinterp[reference].",
            ModuleNotFoundError,
        )
