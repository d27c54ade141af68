"""Correlation explanation: factors that explain what variables share, in all data or locally."""

from nbinterp.corex.bio.estimator import BioCorEx
from nbinterp.corex.linear.estimator import LinearCorEx
from nbinterp.corex.local.estimator import LocalCorEx
from nbinterp.corex.local.result import ClusterFactors
from nbinterp.corex.matching import match_factors
from nbinterp.corex.selection import FactorSelection, select_n_factors

__all__ = [
    "BioCorEx",
    "ClusterFactors",
    "FactorSelection",
    "LinearCorEx",
    "LocalCorEx",
    "match_factors",
    "select_n_factors",
]
