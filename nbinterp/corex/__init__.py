"""Correlation explanation: factors that explain what variables share, in all data or locally."""

from nbinterp.corex.bio import BioCorEx
from nbinterp.corex.cluster_factors import ClusterFactors
from nbinterp.corex.linear import LinearCorEx
from nbinterp.corex.local import LocalCorEx
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
