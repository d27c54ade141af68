"""Example data and trained networks: shipped with the package, or fetched and checked."""

from nbinterp.datasets.classifiers import (
    MNISTClassifier,
    load_mnist_classifier,
    load_mnist_decoder,
)
from nbinterp.datasets.communities import load_communities
from nbinterp.datasets.dataset import Dataset
from nbinterp.datasets.mnist import load_mnist
from nbinterp.datasets.recovery import Recovery, group_recovery
from nbinterp.datasets.synthetic import CorExClusters, make_corex_clusters

__all__ = [
    "CorExClusters",
    "Dataset",
    "MNISTClassifier",
    "Recovery",
    "group_recovery",
    "load_communities",
    "load_mnist",
    "load_mnist_classifier",
    "load_mnist_decoder",
    "make_corex_clusters",
]
