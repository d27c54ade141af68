"""Interactions of inputs: AND/OR interactions of players, and smoothed second derivatives."""

from nbinterp.interactions.andor.explainer import AndOr
from nbinterp.interactions.andor.outputs import log_odds
from nbinterp.interactions.andor.overlap import Overlap
from nbinterp.interactions.andor.players import Players
from nbinterp.interactions.andor.result import AndOrInteractions
from nbinterp.interactions.hessian import hessian
from nbinterp.interactions.indices import interaction_index
from nbinterp.interactions.moebius import (
    and_interactions,
    and_values,
    or_interactions,
    or_values,
)
from nbinterp.interactions.smooth.explainer import SmoothHess
from nbinterp.interactions.smooth.result import SmoothHessian

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
