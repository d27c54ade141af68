"""Correlation explanation: factors that explain what variables share, in all data or locally."""

from nbinterp.corex.cluster_factors import ClusterFactors
from nbinterp.corex.linear import LinearCorEx
from nbinterp.corex.local import LocalCorEx

__all__ = ["ClusterFactors", "LinearCorEx", "LocalCorEx"]
