# The names of this package and their modules: type checkers read this, and so does `__init__.py`.
from .bio.estimator import BioCorEx
from .images import factor_images
from .linear.estimator import LinearCorEx
from .local.estimator import LocalCorEx
from .local.result import ClusterFactors
from .matching import match_factors
from .profile.profile import cluster_profile
from .profile.result import ClusterProfile
from .selection.clusters import ClusterSelection, select_n_clusters
from .selection.factors import FactorSelection, select_n_factors
from .selection.scree import Scree, scree

__all__ = [
    "BioCorEx",
    "ClusterFactors",
    "ClusterProfile",
    "ClusterSelection",
    "FactorSelection",
    "LinearCorEx",
    "LocalCorEx",
    "Scree",
    "cluster_profile",
    "factor_images",
    "match_factors",
    "scree",
    "select_n_clusters",
    "select_n_factors",
]
