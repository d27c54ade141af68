# The names of this package and their modules: type checkers read this, and so does `__init__.py`.
from .andor.explainer import AndOr
from .andor.outputs import log_odds
from .andor.overlap import Overlap
from .andor.players import Players
from .andor.result import AndOrInteractions
from .hessian import hessian
from .indices import interaction_index
from .moebius import (
    and_interactions,
    and_values,
    or_interactions,
    or_values,
)
from .smooth.explainer import SmoothHess
from .smooth.result import SmoothHessian

__all__ = [
    "AndOr",
    "AndOrInteractions",
    "Overlap",
    "Players",
    "SmoothHess",
    "SmoothHessian",
    "and_interactions",
    "and_values",
    "hessian",
    "interaction_index",
    "log_odds",
    "or_interactions",
    "or_values",
]
