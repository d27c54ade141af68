"""The checked parameters of a fit of Linear CorEx."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from nbinterp import _checks
from nbinterp._typing import FloatArray
from nbinterp.corex.linear.gaussianize import METHODS

# The noise of the stages before the last. The authors' program takes six, 0.6 to 0.6^6; with
# curvature known these three lead to optima as good.
_ANNEALING = (0.6, 0.3, 0.1)
_MOST_FACTORS = 10  # where none were asked for


@dataclass(frozen=True)
class Settings:
    """How to fit: the checked parameters of `LinearCorEx`."""

    n_factors: int
    max_iter: int
    tol: float
    anneal: bool
    noise_floor: float
    n_restarts: int
    progress: bool

    @property
    def schedule(self) -> FloatArray:
        """The annealing noise of each stage."""
        stages = [noise for noise in _ANNEALING if self.anneal and noise > self.noise_floor]
        return np.array([*stages, self.noise_floor])


def checked_settings(corex: Any, n_features: int) -> Settings:
    """Return the checked parameters of a `LinearCorEx` that is to be fitted to `n_features`."""
    with _checks.call(type(corex).__name__):
        _checks.choice("gaussianize", corex.gaussianize, METHODS)
        _checks.choice("engine", corex.engine, ("torch", "linearcorex"))
        _checks.choice("missing", corex.missing, ("pairwise", "error"))
        return Settings(
            _n_factors(corex.n_factors, n_features),
            _checks.integer("max_iter", corex.max_iter, 1),
            _checks.real("tol", corex.tol, 0.0, open_low=True),
            _checks.boolean("anneal", corex.anneal),
            _checks.real("noise_floor", corex.noise_floor, 0.0, 0.5),
            _checks.integer("n_restarts", corex.n_restarts, 1),
            _checks.boolean("progress", corex.progress),
        )


def _n_factors(n_factors: int | None, n_features: int) -> int:
    if n_factors is None:
        return min(_MOST_FACTORS, n_features)
    return _checks.integer(
        "n_factors",
        n_factors,
        1,
        n_features,
        of="the number of variables",
        remedy="Use fewer factors.",
    )
