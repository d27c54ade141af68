"""What inputs do together: AND/OR interactions of players, smoothed second derivatives."""

from nbinterp.interactions.and_or import AndOr
from nbinterp.interactions.hessian import hessian
from nbinterp.interactions.indices import interaction_index
from nbinterp.interactions.moebius import (
    and_interactions,
    and_values,
    or_interactions,
    or_values,
)
from nbinterp.interactions.outputs import log_odds
from nbinterp.interactions.players import Players
from nbinterp.interactions.primitives import AndOrInteractions
from nbinterp.interactions.sharing import Overlap
from nbinterp.interactions.smooth_hess import SmoothHess
from nbinterp.interactions.smooth_hessian import SmoothHessian

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
