"""Data and trained networks to begin with, shipped with the package or fetched and checked."""

from nbinterp.datasets.classifiers import (
    MNISTClassifier,
    load_mnist_classifier,
    load_mnist_decoder,
)
from nbinterp.datasets.dataset import Dataset
from nbinterp.datasets.mnist import load_mnist

__all__ = [
    "Dataset",
    "MNISTClassifier",
    "load_mnist",
    "load_mnist_classifier",
    "load_mnist_decoder",
]
